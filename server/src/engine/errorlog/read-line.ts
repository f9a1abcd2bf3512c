import { isKnownAction } from './action.ts';
import { configurationRefused } from './catalogue/server-settings.ts';
import { isKnownMessage, matchMessage } from './catalogue.ts';
import type { LogEntry } from './entry.ts';
import { findHead, type Head, readHead } from './head.ts';
import { howMuch } from './how-much.ts';
import { makeEntry } from './make-entry.ts';
import { mendLine, withPlainMarks } from './mend.ts';
import { readOrigin } from './origin.ts';
import { normalisers } from './prefixes.ts';
import { partsWithin } from './within-line.ts';

/** Reads one line as nginx writes it, or null when it does not begin so. This is the fast path for whole logs. */
export function readCleanLine(line: string, lineNumber: number, cut: boolean): LogEntry | null {
  const head = readHead(line);
  if (head === null) {
    return null;
  }
  const entry = makeEntry(line, head, lineNumber, cut);
  return hasForeignQuotes(entry) || hasLostError(entry) ? null : entry;
}

/** Whether an error of the system stands there without its number or its end; OpenSSL's have neither. */
function hasLostError({ errno, message }: LogEntry): boolean {
  return errno === null && / (?:failed|timed out) \((?!SSL:)/.test(message);
}

const FOREIGN: ReadonlySet<number> = new Set([34, 39, 96, 0xab]);

/** Whether the quotes of the request were changed on the way: `\"GET`, `&quot;GET`, a typographic quote. */
function hasForeignQuotes(entry: LogEntry): boolean {
  if (entry.request === null) {
    return false;
  }
  const code = entry.request.method.charCodeAt(0);
  return code === 92 || code === 38 || (code >= 0x201c && code <= 0x201f) || FOREIGN.has(code);
}

/**
 * Reads a line behind prefixes, with mark-up around it, or without head; null when nginx did not write it. With
 * `prose`, also a message with words of a person around it.
 */
export function readUncleanLine(
  line: string,
  lineNumber: number,
  cut: boolean,
  prose = true,
): LogEntry | null {
  if (!WORDS.test(line)) {
    return null;
  }
  const entry = withoutDirt(line, lineNumber, cut, prose);
  const origin = entry === null ? null : readOrigin(line);
  return entry === null || origin === null ? entry : { ...entry, origin };
}

/**
 * Reads a line that says little or nothing as it is, mended; gives `entry`, which was read from it before, where
 * mending does not bring more to light.
 */
export function readMended(line: string, lineNumber: number, entry: LogEntry | null): LogEntry | null {
  let text = line;
  for (const { apply } of normalisers) {
    text = apply(text);
  }
  const plain = withPlainMarks(text);
  let best = plain === text ? null : withoutDirt(plain, lineNumber, entry?.truncated === true, true);
  if (entry !== null && (best === null || howMuch(best) <= howMuch(entry))) {
    best = entry;
  }
  for (const mended of mendLine(text)) {
    const head = readHead(mended.text) ?? findHead(mended.text);
    const read = makeEntry(mended.text, head ?? NO_HEAD, lineNumber, entry?.truncated === true);
    const sure = best !== null || head?.pid != null || isNginxs(read);
    if (sure && matchMessage(read) !== null && (best === null || howMuch(read) > howMuch(best))) {
      best = { ...read, raw: text, guessed: mended.guessed };
    }
  }
  return best === null || best === entry ? entry : { ...best, origin: entry?.origin ?? readOrigin(line) };
}

/** Whether a message of a line without nginx's ids can be of no other program. */
function isNginxs({ message, action }: LogEntry): boolean {
  return (
    message.length >= LONG_BEGINNING &&
    isKnownMessage(message) &&
    /upstream|worker_connections|could not be resolved \(|redirection cycle/.test(message) &&
    // The words of a call of the system are anybody's.
    (!/^\w{3,20}\(\)/.test(message) || (action !== null && isKnownAction(action)))
  );
}

/** Whether an entry says less than nginx had written. */
export function mayBeMauled(entry: LogEntry): boolean {
  const matched = matchMessage(entry);
  return (
    matched === null ||
    matched.kind === configurationRefused ||
    (entry.errno === null &&
      / (?:failed|timed out)/.test(entry.message) &&
      !entry.message.includes('(SSL:')) ||
    hasForeignQuotes(entry) ||
    (entry.client === null && entry.action !== null && entry.raw.length > entry.message.length + 60)
  );
}

/** The entry in a line, once everything that others put around it is taken off. */
function withoutDirt(line: string, lineNumber: number, cut: boolean, prose: boolean): LogEntry | null {
  let text = line;
  for (const { apply } of normalisers) {
    text = apply(text);
  }
  const head = findHead(text);
  if (head !== null) {
    const entry = makeEntry(text, head, lineNumber, cut);
    if (isPlausible(entry, text, head)) {
      return entry;
    }
  }
  const bare = makeEntry(text, NO_HEAD, lineNumber, cut);
  if (looksLikeMessage(bare) && matchMessage(bare) !== null) {
    return bare;
  }
  return (
    withLostStar(text, lineNumber, cut) ??
    (prose ? withinProse(text, lineNumber, cut) : null) ??
    (looksLikeMessage(bare) ? bare : null)
  );
}

/** So much of a message is no chance. */
const LONG_BEGINNING = 30;

/** A message with words of a person around it. */
function withinProse(text: string, lineNumber: number, cut: boolean): LogEntry | null {
  for (const part of partsWithin(text)) {
    const entry = makeEntry(part, readHead(part) ?? findHead(part) ?? NO_HEAD, lineNumber, cut);
    // Words of a person may begin like a message: only a whole one counts, or a long beginning.
    const certainty = isKnownMessage(entry.message) ? matchMessage(entry)?.certainty : undefined;
    if (certainty === 'certain' || (certainty === 'likely' && entry.message.length >= LONG_BEGINNING)) {
      return entry;
    }
  }
  return null;
}

/** Whether the line had anything of nginx's head: such a line begins an entry and never goes on with one. */
export function hasHead(entry: LogEntry): boolean {
  return entry.level !== null || entry.pid !== null || entry.connection !== null;
}

/** Words of which every message and every tail has one: most lines of other programs go no further. */
const WORDS =
  /[uU]pstream|client|failed|resolve|redirect|worker_connections|\[(?:emerg|alert|crit|error|warn|notice|info|debug)\]|SSL|FastCGI|#\d|nginx: |[aA]uth request|http2 |U[RI][LI] (?:prefix|part|to proxy)|PROXY protocol|broken header|DNS |uninitialized|subrequests cycle|\[lua\]| in \/etc\/nginx|fastcgi request record|lua (?:entry|user) thread|_by_lua/;

const NO_HEAD: Head = { time: null, level: null, pid: null, connection: null, start: 0, end: 0 };

/** A level in brackets is no proof: many programs write it. A process id as nginx writes it, or its time, is. */
function isPlausible(entry: LogEntry, text: string, head: Head): boolean {
  return (
    entry.pid !== null ||
    entry.time !== null ||
    text.startsWith('nginx: ', head.start - 7) ||
    looksLikeMessage(entry)
  );
}

/** Whether the text alone says that nginx wrote it. */
function looksLikeMessage(entry: LogEntry): boolean {
  return (
    isKnownMessage(entry.message) ||
    (entry.client !== null && entry.server !== null) ||
    (entry.action !== null && entry.upstream !== null) ||
    (entry.action !== null && isKnownAction(entry.action) && matchMessage(entry) !== null)
  );
}

/** `15 connect() to 127.0.0.1:2018 failed ...`: the connection number without its star. */
function withLostStar(text: string, lineNumber: number, cut: boolean): LogEntry | null {
  const space = text.indexOf(' ');
  if (space < 1 || space > 15 || !/^\d+$/.test(text.slice(0, space))) {
    return null;
  }
  const head: Head = { ...NO_HEAD, connection: Number(text.slice(0, space)), end: space + 1 };
  const entry = makeEntry(text, head, lineNumber, cut);
  return looksLikeMessage(entry) ? entry : null;
}
