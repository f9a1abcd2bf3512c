import type { LogEntry } from './entry.ts';
import { readFields } from './fields.ts';
import type { Head } from './head.ts';
import { readMessageParts } from './message-parts.ts';
import { readUpstream } from './upstream-field.ts';

/** Bytes of a line without its line feed at which nginx cuts (NGX_MAX_ERROR_STR less one); OpenResty doubles it. */
const MAX_BYTES: readonly [number, number] = [2047, 4095];

/** Builds the entry of one line whose head was found. `cut` says that the reader itself dropped a part of it. */
export function makeEntry(line: string, head: Head, lineNumber: number, cut: boolean): LogEntry {
  let raw = head.start === 0 ? line : line.slice(head.start);
  let at = head.end - head.start;
  let marked = false;
  const shown = cutMark(raw);
  if (shown < raw.length) {
    marked = true;
    raw = raw.slice(0, shown);
    at = Math.min(at, shown);
  }
  const fields = readFields(raw, at);
  let message = raw.slice(at, fields.start);
  if (fields.start === raw.length) {
    const end = partialWhile(message);
    marked ||= end < message.length;
    message = message.slice(0, end);
  }
  message = withoutTraceback(message);
  let upstream = fields.upstream;
  if (upstream === null && message.endsWith('"')) {
    // Lua balancers write the address into the message: `while connecting to upstream: "http://..."`.
    const inside = message.lastIndexOf(' upstream: "');
    if (inside > 0 && message.indexOf('"', inside + 12) === message.length - 1) {
      upstream = readUpstream(message.slice(inside + 12, -1), true, null);
      message = message.slice(0, inside + 9);
    }
  }
  const truncated = cut || marked || fields.cut || isAtLimit(raw);
  const parts = readMessageParts(message, truncated || fields.start === raw.length);
  return {
    raw,
    line: lineNumber,
    time: head.time,
    level: head.level,
    pid: head.pid,
    connection: head.connection,
    message,
    errno: parts.errno,
    action: parts.action,
    at: fields.client === null && head.connection === null ? parts.at : null,
    client: fields.client,
    server: fields.server,
    request: fields.request,
    subrequest: fields.subrequest,
    upstream,
    host: fields.host,
    referrer: fields.referrer,
    resolver: fields.resolver,
    stream: fields.stream,
    mail: fields.mail,
    guessed: false,
    origin: null,
    truncated,
  };
}

/**
 * Where the text ends before the mark of an editor (`$`), a pager (`>`) or of a person (`...`) for a line that goes
 * on; its length when there is none. nginx ends no line with these.
 */
function cutMark(text: string): number {
  const last = text.charCodeAt(text.length - 1);
  if (last === 36 || last === 0x2026 || (last === 62 && !endsInBrackets(text))) {
    return text.length - 1;
  }
  if (last === 46 && text.endsWith('...')) {
    return text.length - 3;
  }
  return text.length;
}

/** Whether the last word is `<REDACTED>` or the like: its `>` is no mark of a pager. */
function endsInBrackets(text: string): boolean {
  return text.lastIndexOf('<') > text.lastIndexOf(' ');
}

/** What Lua says below the first line of a message. */
const BELOW = / (?:stack traceback:|no field package\.preload\[)/;

/** The first line of a message of Lua, with the action that nginx has put behind its traceback. */
function withoutTraceback(message: string): string {
  const at = message.includes('lua') ? message.search(BELOW) : -1;
  if (at < 0) return message;
  const action = message.lastIndexOf(' while ');
  return message.slice(0, at) + (action > at ? message.slice(action) : '');
}

/** Where a message ends whose ` while ACTION` was cut before the action. */
function partialWhile(message: string): number {
  const begun = message.lastIndexOf(' while ');
  if (begun >= 0 && begun < message.length - ' while '.length && message.indexOf('"', begun) < 0) {
    return message.length;
  }
  for (let end = Math.max(0, message.length - ' while '.length); end < message.length; end++) {
    if (' while '.startsWith(message.slice(end))) {
      return end;
    }
  }
  return message.length;
}

/** Whether the text has the length at which nginx cuts; a replacement character may stand for one byte or for three. */
function isAtLimit(text: string): boolean {
  const length = text.length;
  if (length > MAX_BYTES[1] || length * 3 < MAX_BYTES[0]) {
    return false;
  }
  let least = length;
  let most = length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) {
      const extra = code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2;
      most += extra;
      least += code === 0xfffd ? 0 : extra;
    }
  }
  return MAX_BYTES.some((limit) => least <= limit && limit <= most);
}
