import { codeOfWords, wordsOfCode } from './error-words.ts';
import { findHead } from './head.ts';
import { type FoundPhrase, findPhrases } from './phrases.ts';

/** A shorter line holds no message, and a longer one was written by no person. */
const MIN_LENGTH = 16;
const MAX_LENGTH = 4000;

/** Words of which a line has one that is worth the search. */
const STEM =
  /upst|pstream|conn|handsh|worker|resol|redir|recv|send|prefix|host|auth|fail|certif|accept|open|timed|invalid|reading|while/i;

/** Characters of a message that are looked at. */
const MAX_MESSAGE = 400;
/** So much of a paste's punctuation and letters may stand between nginx's head and the message that lost its beginning. */
const MAX_BETWEEN = 3;

/** A line put together again. */
export interface Mended {
  readonly text: string;
  /** Whether words of it are a guess, and not only their order, marks and letter case restored. */
  readonly guessed: boolean;
}

/**
 * The line as nginx would have written it, put together from what is recognised in a line that a person or a program
 * changed: words mistyped or misread, punctuation lost or another script's, fields in another order, in other quotes or
 * with translated names. Up to four readings, where it is not clear what ends the message or a field; none when no message begins
 * in the line. What they are worth, the caller has to judge.
 */
export function mendLine(line: string): Mended[] {
  if (line.length < MIN_LENGTH || line.length > MAX_LENGTH || !STEM.test(line) || /[;{]$/.test(line))
    return [];
  const text = withPlainMarks(line).replace(LEFT_OUT, '$1 \u2026 ').replace(/ {2,}/g, ' ');
  // Fields hold no words of a message.
  const fields = text.search(FIELD_BEGINS);
  const phrases = fields < 0 ? findPhrases(text) : findPhrases(text.slice(0, fields), false);
  let first = phrases.findIndex(({ role }) => role === 'begin' || role === 'late');
  if (first < 0) {
    const call = callIn(text) ?? lostCall(text, phrases);
    if (call === null) return [];
    first = phrases.findIndex(({ start: at }) => at >= call.end);
    first = first < 0 ? phrases.length : first;
    phrases.splice(first, 0, call);
  }
  const begin = phrases[first]!;
  const start = begin.role === 'late' ? wordBefore(text, begin.start) : begin.start;
  if (isAnothers(text, start)) return [];
  const action = phrases.find(
    ({ role, start: at }) => role === 'action' && at > start && at < start + MAX_MESSAGE,
  );
  const ends = action === undefined ? messageEnds(text, begin.end, phrases) : [action.end];
  const head = headOf(text.slice(0, start));
  return ends.flatMap((end) => {
    const within = phrases.slice(first).filter((phrase) => phrase.end <= end);
    const message = restored(text, start, end, within);
    const rest = text.slice(end);
    const fields = fieldsOf(rest);
    const mended = {
      text: head + message.text + fields.text,
      guessed: message.guessed || fields.guessed,
    };
    // Fields in nginx's own writing may hold what looks like others.
    const own = { text: head + message.text + rest, guessed: message.guessed };
    // Nothing was read of what nginx quotes.
    if (message.text.endsWith('""')) return [];
    return OWN_FIELDS.test(rest) ? [own] : rest.startsWith(', ') ? [own, mended] : [mended];
  });
}

/** nginx's fields in its own order, quotes and separators, perhaps cut. */
const OWN_FIELDS =
  /^, client: [^,"'`]{1,100}(?:$|, (?:[a-z]{0,6}:?$|server: [^,"'`]{0,255}(?:$|, (?:[a-z]{0,7}:? ?"?$|request: "[\w-]))))/;

/** Whether other words stand between nginx's own head and the message: another module's message quotes it. */
function isAnothers(text: string, start: number): boolean {
  const head = findHead(text);
  if (head === null || head.pid === null || head.end >= start) return false;
  const between = text.slice(head.end, start);
  return JS.test(between) || between.replace(/[^A-Za-z:]/g, '').length > MAX_BETWEEN;
}

/** What njs writes before what a script logs. */
const JS = /\bjs: /;

const CALL =
  /\b(connect|recv|send|writev|pwritev|open|mkdir|rename|bind|socket|accept4?|SSL_do_handshake|SSL_read|SSL_write)(?:\(\) ?(?=["'`(]|to |f[a-z1|]{3,6}d\b)| (?=["'`(]|to (?:unix:|\d|\[)|f[a-z1|]{3,6}d\b))/;

/** A call of the system that is too short to be told from other words, but for what stands behind it. */
function callIn(text: string): FoundPhrase | null {
  const call = CALL.exec(text);
  if (call === null) return null;
  const [, name = ''] = call;
  return { start: call.index, end: call.index + name.length, words: `${name}()`, role: 'begin', exact: true };
}

/** `failed (111: Connection refused) while connecting to upstream`: what failed follows from the action. */
function lostCall(text: string, phrases: readonly FoundPhrase[]): FoundPhrase | null {
  const action = phrases.find(({ role }) => role === 'action');
  const error = phrases.find(({ role }) => role === 'error');
  if (action === undefined || error === undefined || error.start > action.start) return null;
  const call = CALL_BEFORE.find(([doing]) => action.words.includes(doing))?.[1];
  if (call === undefined) return null;
  const words = error.words.endsWith('timed out') ? 'upstream timed out' : `${call}() failed`;
  const from = Math.max(findHead(text)?.end ?? 0, error.start - 200);
  const near = text.slice(from, error.start);
  // The error's number stays outside: it is read with its words.
  const end = error.start - /[\s(:\d]{0,9}$/.exec(near)![0].length;
  const lost = call === 'connect' ? lostTarget(near) : null;
  if (lost !== null)
    return {
      start: from + lost.start,
      end,
      words: `connect() to ${lost.target} failed`,
      role: 'begin',
      exact: false,
    };
  const before = near.slice(Math.max(near.lastIndexOf(','), near.lastIndexOf(';')) + 1);
  if (!TORN.test(before)) return null;
  return { start: error.start - before.length, end, words, role: 'begin', exact: false };
}

const WORD_THAT_FAILED = /(?:^|[\s(])(?:to )?["'`]?([^\s"'`(),]{3,200})["'`]? failed[\s(:\d]{0,9}$/;
const SOCKET_PATH = /^(?:\/[\w.@~+/-]{2,200}|[\w.@~+/-]{1,200}\.sock(?:et)?)$/;
const ADDRESS_AND_PORT = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]{2,45}\]):\d{1,5}$/i;

/** What could not be connected to, where only the beginning of the message was lost: `.../php.sock failed (2: ...)`. */
function lostTarget(near: string): { readonly start: number; readonly target: string } | null {
  const match = WORD_THAT_FAILED.exec(near);
  if (match === null) return null;
  const word = match[1]!.replace(/^(?:\.{2,3}|unix:)(?=.)/, '').replace(/:$/, '');
  if (SOCKET_PATH.test(word)) return { start: match.index, target: `unix:${word}` };
  return ADDRESS_AND_PORT.test(word) ? { start: match.index, target: word } : null;
}

/** Calls that fail, by what nginx does then. */
const CALL_BEFORE: readonly (readonly [doing: string, call: string])[] = [
  ['connecting to upstream', 'connect'],
  ['reading response header', 'recv'],
  ['reading upstream', 'recv'],
  ['sending request to upstream', 'send'],
];

/** What is left of a message in front of its error: an address, the last words. */
const TORN =
  /^[\s(]{0,3}(?:(?:to )?[^\s,]{0,100}[.:/][^\s,]{0,100} )?(?:failed|(?:timed )?out)?[\s(:\d]{0,9}$/;

const WIDE: Readonly<Record<string, string>> = {
  '，': ', ',
  '：': ': ',
  '；': '; ',
  '（': ' (',
  '）': ')',
  '［': '[',
  '］': ']',
};
/** Quotes that a table of commas doubled. */
const DOUBLED = / ""[^",\s][^"]{0,2000}""/;
const TAG = /<\/?(?:p|span|td|tr|div|code|pre|li|b|i|em|strong|a|br)(?: [^<>]{0,200})?\/?>/gi;

/** `...`, `[...]`, `(snip)`: what was left out. */
const LEFT_OUT = /(^|[ ,])[[(<]?(?:\.{3,4}|\u2026|\bsnip\b)[\])>]?(?=[ ,]|$|upstream:)|\u2026/g;

/** Punctuation of other scripts, tabs and doubled spaces, escapes of Markdown and tags of HTML. */
export function withPlainMarks(line: string): string {
  return (DOUBLED.test(line) ? line.replaceAll('""', '"') : line)
    .replace(/[，：；（）［］]/g, (mark) => WIDE[mark] ?? mark)
    .replace(/\\([[\]#*_()`"'])/g, '$1')
    .replace(TAG, ' ')
    .replace(/\s+/g, ' ');
}

/** Where the name or number before a phrase begins. */
function wordBefore(text: string, at: number): number {
  const end = text.slice(0, at).trimEnd().length;
  const digits = /\d{1,9}$/.exec(text.slice(0, end));
  if (digits !== null && !/[\w.:=-]/.test(text[digits.index - 1] ?? ' ')) return digits.index;
  return text.lastIndexOf(' ', end - 1) + 1;
}

const FIELD_BEGINS = /[,;] ?(?:client|server|request|subrequest|upstream|host|referrer|context)\b ?:/;
const PLACE_ENDS = /(?: in |" ?in ?(?=\/))[^\s"'`]{1,300}:\d{1,6}/i;

/** Where a message without an action may end. */
function messageEnds(text: string, from: number, phrases: readonly FoundPhrase[]): number[] {
  const rest = text.slice(from, from + MAX_MESSAGE);
  const place = PLACE_ENDS.exec(rest);
  if (place !== null) return [from + place.index + place[0].length];
  const field = rest.search(FIELD_BEGINS);
  if (field >= 0) return [from + field];
  // A person's words may follow.
  const last = phrases.findLast(({ end }) => end >= from && end < from + MAX_MESSAGE);
  if (last === undefined || last.words.endsWith('"')) return [text.length];
  const closed = text.charAt(last.end) === ')' ? last.end + 1 : last.end;
  return closed >= text.length ? [text.length] : [text.length, closed];
}

/** The message with its phrases as nginx writes them. */
function restored(text: string, start: number, end: number, phrases: readonly FoundPhrase[]): Mended {
  let message = '';
  let guessed = false;
  let from = start;
  /** Whether a quote was opened by a phrase. */
  let open = false;
  for (const { start: at, end: to, words, role, exact } of phrases) {
    let between = text.slice(from, at);
    guessed ||= !exact;
    if (open) {
      between = closed(between, !words.startsWith('"'));
      open = false;
    }
    if (role === 'error' && FAILS.test(message + between)) {
      const { before, code } = numberBefore(between);
      guessed ||= code === null;
      message += `${failedAgain(before)} (${code ?? codeOfWords(words) ?? 0}: ${words})`;
      from = to + /^\s?\)?/.exec(text.slice(to, to + 2))![0].length;
      continue;
    }
    if (words.startsWith('"')) between = withoutEnd(between, ' "\'`');
    message += between;
    if (message !== '' && !words.startsWith('"') && !/[\s(]$/.test(message)) message += ' ';
    message += words;
    from = to;
    const next = text.slice(to, to + 4);
    if (words.endsWith('()')) from += /^\s?\(?\)?/.exec(next)![0].length;
    else if (words.endsWith(':')) from += next.startsWith(':') ? 1 : 0;
    else if (words.endsWith('"')) {
      open = true;
      from += /^[\s:]{0,2}["'`]?/.exec(next)![0].length;
    }
  }
  message += open ? closed(text.slice(from, end), true) : text.slice(from, end);
  guessed ||= message.includes('\u2026');
  const whole = message
    .replace(/ ?\u2026 ?/g, ' ')
    .replace(/\bunix:(?=\/)/i, 'unix:')
    .replace(/^connect\(\) to \//, 'connect() to unix:/')
    .replace(/(failed|timed out)\(/, '$1 (')
    .replace(/(" ?| )in ?(?=\/[^\s"]{1,300}:\d{1,6}$)/i, (_, before: string) => `${before.trim()} in `)
    .replace(NUMBER_ALONE, (found, before: string, digits: string) => {
      const words = wordsOfCode(Number(digits));
      return words === null ? found : `${before} (${digits}: ${words})`;
    })
    .trim();
  return { text: whole, guessed };
}

/** What an error of the system stands behind. */
const FAILS = /f[a-z1|]{3,6}d|timed ?out|resolved|error|\(/i;

/** `failed (111)`, `failed 111 while`. A number with which the text ends may be half of one. */
const NUMBER_ALONE =
  /(failed|timed out) ?[(:]? ?(\d{1,3})(?!\d|: [A-Za-z])(?:[:. ]{0,5}\)|[:.]{0,4}(?= [a-z]))/;

/** A quoted value that lost its closing quote, or has another. */
function closed(text: string, needed: boolean): string {
  if (!needed || text.includes('"')) return text;
  const other = text.search(/['`]/);
  if (other >= 0) return `${text.slice(0, other)}"${text.slice(other + 1)}`;
  const space = text.search(/\s/);
  return space < 0 ? `${text}"` : `${text.slice(0, space)}"${text.slice(space)}`;
}

/** `connect() to 192.0.2.1:80 fai1ed`: the one word between address and error. */
function failedAgain(text: string): string {
  return text.replace(/ [Ff][A-Za-z1|]{3,6}d$/, ' failed');
}

const MARKS = ' (:,.–-';

/** The text without the characters at its end that are among these. */
function withoutEnd(text: string, marks: string): string {
  let end = text.length;
  while (end > 0 && marks.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** The number of an error behind a text, and what stands before it: `failed (111: `, `failed - errno: 111, `. */
function numberBefore(text: string): { before: string; code: number | null } {
  const end = withoutEnd(text, MARKS);
  const digits = /(?<![A-Za-z\d])[0-9lIO]{1,3}$/.exec(end.slice(-4))?.[0] ?? '';
  const before = withoutEnd(end.slice(0, end.length - digits.length), MARKS);
  return {
    before: before.endsWith('errno') ? withoutEnd(before.slice(0, -'errno'.length), MARKS) : before,
    code: /^\d+$/.test(digits) ? Number(digits) : null,
  };
}

const STAMP = /\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/;
const LEVEL = /\b(emerg|alert|crit|error|warn)\b[\])*_` ]{0,6}(?:$|(?=[\d*#]))/;
const IDS = /(\d{1,10})#(\d{1,10})\b/;
const CONNECTION = /(?:\*|#\d{1,10}:? )(\d{1,20})[ :]*$/;

/** nginx's own head from what stands before the message. */
function headOf(before: string): string {
  const near = before.slice(-200);
  const level = LEVEL.exec(near)?.[1];
  const ids = IDS.exec(near);
  const stamp = STAMP.exec(near)?.[0];
  const connection = CONNECTION.exec(near)?.[1];
  return (
    (stamp !== undefined && level !== undefined ? `${stamp} ` : '') +
    (level === undefined ? '' : `[${level}] `) +
    (ids === null ? '' : `${ids[1]}#${ids[2]}: `) +
    (connection === undefined ? '' : `*${connection} `)
  );
}

const NAMED =
  /(?:^|[\s,;])(client|server|request|subrequest|upstream|host|referrer)\s?[:=]?\s?(?:"([^"]{0,2000})"|'([^']{0,2000})'|`([^`]{0,2000})`|(?![:=](?:[\s,;]|$))([^\s,;"'`]{1,2000}))/g;
const REQUEST = /\b((?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|PROPFIND) [^\s"'`]{1,2000} HTTP\/\d(?:\.\d)?)/;
const UPSTREAM = /(?:https?|fastcgi|uwsgi|scgi|grpcs?):\/\/[^\s"'`,]{1,1000}/;
/** What stands between request and backend: the field's name, perhaps in another language, but no other field's. */
const BETWEEN = /^["'`]?(?!.*(?:host|referrer))[^"'`]*["'`]?$/;
const ADDRESS = /(?:^|[\s:])(\d{1,3}(?:\.\d{1,3}){3})(?=[\s,]|$)/;

const ORDER = ['client', 'server', 'request', 'subrequest', 'upstream', 'host', 'referrer'] as const;

/** The fields in nginx's order and writing, by their names or else by what they look like. */
function fieldsOf(rest: string): Mended {
  let guessed = false;
  const values = new Map<string, string>();
  for (const match of rest.matchAll(NAMED)) {
    const value = match[2] ?? match[3] ?? match[4] ?? match[5] ?? '';
    if (!values.has(match[1]!)) values.set(match[1]!, value);
  }
  const request = REQUEST.exec(rest);
  if (request !== null) values.set('request', request[1]!);
  if (!values.has('upstream') && request !== null) {
    // nginx writes the backend right behind the request; a URL further on is the referrer.
    const behind = rest.slice(request.index + request[0].length);
    const url = UPSTREAM.exec(behind);
    if (url !== null && url.index < 40 && BETWEEN.test(behind.slice(0, url.index))) {
      values.set('upstream', url[0]);
      guessed = true;
    }
  }
  if (!values.has('client')) {
    const address = ADDRESS.exec(rest.slice(0, request?.index ?? 60));
    if (address !== null) values.set('client', address[1]!);
    guessed ||= address !== null;
  }
  const text = ORDER.map((name) => {
    const value = values.get(name);
    if (value === undefined) return '';
    return name === 'client' || name === 'server' ? `, ${name}: ${value}` : `, ${name}: "${value}"`;
  }).join('');
  return { text, guessed };
}
