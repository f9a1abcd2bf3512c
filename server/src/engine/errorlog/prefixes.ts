import {
  inOwnCase,
  withErrorNumber,
  withLostOpen,
  withProxyHeader,
  withQuotedName,
  withTightColons,
  withTornError,
} from './retyped.ts';

/** Takes one kind of dirt off a line; gives it back as it is when the dirt is not there. */
export interface Normaliser {
  readonly name: string;
  readonly apply: (line: string) => string;
}

/** In the order in which they are applied: escapes of the whole line first, then what stands around it. */
export const normalisers: readonly Normaliser[] = [
  { name: 'byte-order-mark', apply: (line) => (line.charCodeAt(0) === 0xfeff ? line.slice(1) : line) },
  { name: 'colours', apply: withoutColours },
  { name: 'json-string', apply: insideJson },
  { name: 'html-entities', apply: withoutEntities },
  { name: 'typographic-quotes', apply: withPlainQuotes },
  { name: 'forum-marks', apply: withoutForumMarks },
  { name: 'markdown', apply: withoutMarkdown },
  { name: 'marked-level', apply: withPlainLevel },
  { name: 'code-span', apply: insideCodeSpan },
  { name: 'outer-space', apply: (line) => line.trim() },
  { name: 'table-row', apply: tableCell },
  { name: 'compose-prefix', apply: afterPipes },
  { name: 'program-name', apply: afterProgramName },
  { name: 'retyped-separators', apply: withSeparators },
  { name: 'trailing-comma', apply: withoutComma },
  { name: 'retyped-case', apply: inOwnCase },
  { name: 'loose-colons', apply: withTightColons },
  { name: 'lost-quotes', apply: withQuotedName },
  { name: 'lost-number', apply: withErrorNumber },
  { name: 'lost-call', apply: withLostOpen },
  { name: 'lost-middle', apply: withTornError },
  { name: 'broken-header', apply: withProxyHeader },
];

const CONTROL_SEQUENCE = /\u001b\[[0-9;]{0,20}[A-Za-z]/g;

function withoutColours(line: string): string {
  return line.includes('\u001b[') ? line.replace(CONTROL_SEQUENCE, '') : line;
}

/** `{"log":"2024/... request: \"GET / HTTP/1.1\"","stream":"stderr"}`: the longest string of a JSON line. */
function insideJson(line: string): string {
  if (
    !line.includes(': \\"') &&
    !/\w="[^"\\]{0,2000}\\["n]/.test(line) &&
    !/^\s{0,40}\{?\s{0,40}"[\w.@-]{1,60}"\s?:\s?"/.test(line)
  ) {
    return line;
  }
  let longest = '';
  for (let open = nextQuote(line, 0); open < line.length; ) {
    const close = nextQuote(line, open + 1);
    if (close - open - 1 > longest.length) {
      longest = line.slice(open + 1, close);
    }
    open = nextQuote(line, close + 1);
  }
  const text = unescapeJson(longest.length > line.length / 3 ? longest : line);
  // A value of several lines: the first of them that has a level is the message.
  const lines = text.split('\n');
  return lines.length === 1 ? text : (lines.find((part) => part.includes('] ')) ?? lines.join(' '));
}

/** The next quote without a backslash before it, or the end. */
function nextQuote(line: string, from: number): number {
  for (let i = from; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (code === 92) {
      i++;
    } else if (code === 34) {
      return i;
    }
  }
  return line.length;
}

const JSON_ESCAPE = /\\(?:(["\\/])|u([0-9A-Fa-f]{4})|([bfnrt]))/g;

function unescapeJson(text: string): string {
  return text.replace(JSON_ESCAPE, (_all, same?: string, hex?: string, blank?: string) => {
    return (
      same ??
      (hex === undefined ? (blank === 'n' ? '\n' : ' ') : String.fromCharCode(Number.parseInt(hex, 16)))
    );
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  '#34': '"',
  apos: "'",
  '#39': "'",
  '#039': "'",
  lt: '<',
  gt: '>',
  amp: '&',
  nbsp: ' ',
};
const ENTITY = /&(quot|#34|apos|#0?39|lt|gt|amp|nbsp);/g;

/** `&quot;GET / HTTP/1.1&quot;`, also escaped twice. Without an escaped quote `&amp;` is left: it may be a URI's. */
function withoutEntities(line: string): string {
  let text = line;
  for (let times = 0; times < 3 && /&(?:amp;){0,2}(?:quot|#34);/.test(text); times++) {
    text = text.replace(ENTITY, (all, name: string) => ENTITIES[name] ?? all);
  }
  return text;
}

function withPlainQuotes(line: string): string {
  const text = /[\u201c-\u201f\u00ab\u00bb]/.test(line)
    ? line.replace(/[\u201c-\u201f\u00ab\u00bb]/g, '"')
    : line;
  return text.endsWith('\u3002') ? text.slice(0, -1) : text;
}

const FORUM_MARK =
  /\[\/?(?:color|font|size|b|i|u|s|code|quote|url|left|center|right|list)(?:=[^\][\n]{0,80})?\]/gi;

/** `[COLOR=#000000][FONT=Courier New]...[/FONT][/COLOR]`. */
function withoutForumMarks(line: string): string {
  return line.includes('[/') ? line.replace(FORUM_MARK, '') : line;
}

/** ``the error `[warn] 9#9: 1024 worker_connections ...`, and therefore``: the longest span of code that is a line. */
function insideCodeSpan(line: string): string {
  if (line.length > MAX_PROSE || !line.includes('`')) {
    return line;
  }
  let longest = '';
  // Every second part stands between two marks.
  for (const [i, part] of line.split('`').entries()) {
    if (i % 2 === 1 && part.length > longest.length) {
      longest = part;
    }
  }
  return longest.length >= 30 &&
    /\[(?:emerg|alert|crit|error|warn|notice|info)\] |upstream|failed/.test(longest)
    ? longest
    : line;
}

/** A longer line was written by no person. */
const MAX_PROSE = 4000;

const MARKED_LEVEL = /(\*\*|__|[*_`])(\[(?:emerg|alert|crit|error|warn|notice|info|debug)\])\1/;
/** What stands for numbers that were left out, behind the level or behind one of them. */
const LEFT_OUT =
  /(\[(?:emerg|alert|crit|error|warn|notice|info|debug)\]|#\d{1,10}:)( \*\d{1,20})? (?:\.{3}|\u2026|\[(?:\.{3}|\u2026)\]) (?=\S)/;

/** `**[error]** 7#7: ...`: a level that was made bold. `[error] ... connect() failed`: numbers that were left out. */
function withPlainLevel(line: string): string {
  if (!line.includes(']')) return line;
  return line.replace(MARKED_LEVEL, '$2').replace(LEFT_OUT, '$1$2 ');
}

const BRACKETED_URL = /"<([a-z]{2,10}:\/\/[^<>"]{1,2000})>"/g;

/** Quote marks, back quotes and stars around the line; addresses that were made into links. */
function withoutMarkdown(line: string): string {
  let from = 0;
  while (from < line.length && from < 40 && (line.charCodeAt(from) === 62 || line.charCodeAt(from) === 32)) {
    from++;
  }
  let text = line.slice(from);
  for (const mark of ['`', '**', '__']) {
    while (text.startsWith(mark)) {
      text = text.slice(mark.length);
    }
    while (text.endsWith(mark)) {
      text = text.slice(0, -mark.length);
    }
  }
  if (text.includes('](')) {
    text = withoutLinks(text);
  }
  return text.includes('"<') ? text.replace(BRACKETED_URL, '"$1"') : text;
}

/** `[**https**://192.0.2.1:8099/"](https://192.0.2.1:8099/%22)` -> `https://192.0.2.1:8099/"`. */
function withoutLinks(text: string): string {
  let result = '';
  let from = 0;
  for (let middle = text.indexOf(']('); middle >= 0; middle = text.indexOf('](', from)) {
    const open = text.lastIndexOf('[', middle);
    const close = text.indexOf(')', middle);
    if (open < from || close < 0) {
      break;
    }
    result += text.slice(from, open) + text.slice(open + 1, middle).replaceAll('**', '');
    from = close + 1;
  }
  return result + text.slice(from);
}

/** `| 1609878836789 | nginx: [emerg] ... |`: the longest cell of a console's table. */
function tableCell(line: string): string {
  if (line.charCodeAt(0) !== 124 || line.charCodeAt(line.length - 1) !== 124) {
    return line;
  }
  let longest = '';
  for (const cell of line.split('|')) {
    if (cell.length > longest.length) {
      longest = cell;
    }
  }
  return longest.trim();
}

/** `service-1  | `, also doubled: docker compose and foreman put the name of the service before each line. */
function afterPipes(line: string): string {
  let text = line;
  for (let times = 0; times < 3; times++) {
    const pipe = text.indexOf('|');
    if (pipe < 1 || pipe > 60 || !/^[A-Za-z0-9._-]{1,60}$/.test(text.slice(0, pipe).trim())) {
      return text;
    }
    text = text.slice(pipe + 1).trimStart();
  }
  return text;
}

/** `nginx: ` and `... vidar nginx[157907]: ` before a message without head. */
function afterProgramName(line: string): string {
  if (line.startsWith('nginx: ') && line.charCodeAt(7) !== 91) {
    return line.slice(7);
  }
  const at = line.indexOf(' nginx[');
  const end = at < 0 || at > 80 ? -1 : line.indexOf(']: ', at);
  return end > 0 && end < at + 20 ? line.slice(end + 3) : line;
}

const LOOSE_SEPARATOR = /[,;] (client|server|request|upstream|host|referrer) (?=["\w[])/g;
const LOOSE_ERRNO = /(failed|timed out)\((?=\d{1,5}: )/g;

const LOST_BRACKETS = / failed SSL: (error:[^()]{1,300}?)( while |$)/;

/** `..., client 172.16.238.1; upstream "172.16.238.5:80/"` and `timed out(110: ...`: typed from a screen. */
function withSeparators(line: string): string {
  const text = line.includes(', client: ') ? line : line.replace(LOOSE_SEPARATOR, ', $1: ');
  return text.replace(LOOSE_ERRNO, '$1 (').replace(LOST_BRACKETS, ' failed (SSL: $1)$2');
}

/** `... while internally redirecting to "/index.php",`: what came behind the message was left out. */
function withoutComma(line: string): string {
  return line.endsWith('",') && !line.includes(', client: ') ? line.slice(0, -1) : line;
}
