import type { EntryUpstream } from '../contract.ts';

import { readUpstream } from './upstream-field.ts';

/** The tail of a line: what nginx writes behind the message. */
export interface Fields {
  /** Where the message ends. */
  readonly start: number;
  readonly client: string | null;
  readonly server: string | null;
  readonly request: {
    readonly method: string;
    readonly uri: string;
    readonly protocol: string | null;
  } | null;
  readonly subrequest: string | null;
  readonly upstream: EntryUpstream | null;
  readonly host: string | null;
  readonly referrer: string | null;
  readonly resolver: string | null;
  readonly stream: boolean;
  readonly mail: boolean;
  /** The text ends inside a field or a separator. */
  readonly cut: boolean;
}

/**
 * nginx's order (ngx_http_log_error, ngx_http_log_error_handler; stream, mail, resolver and OCSP have their own
 * handlers). A field can only be followed by one further down.
 */
const CLIENT = 0;
const SERVER = 1;
const LOGIN = 2;
const REQUEST = 3;
const SUBREQUEST = 4;
const UPSTREAM = 5;
const HOST = 6;
const REFERRER = 7;
const BYTES = 8;
const OTHER = -2;
const NONE = -1;

const NAMES: readonly { readonly name: string; readonly order: number }[] = [
  { name: 'client', order: CLIENT },
  { name: 'udp client', order: CLIENT },
  { name: 'server', order: SERVER },
  { name: 'login', order: LOGIN },
  { name: 'request', order: REQUEST },
  { name: 'subrequest', order: SUBREQUEST },
  { name: 'upstream', order: UPSTREAM },
  { name: 'host', order: HOST },
  { name: 'referrer', order: REFERRER },
  { name: 'bytes from/to client', order: BYTES },
];

const BY_INITIAL: ReadonlyMap<number, typeof NAMES> = new Map(
  NAMES.map(({ name }) => name.charCodeAt(0)).map((initial) => [
    initial,
    NAMES.filter(({ name }) => name.charCodeAt(0) === initial),
  ]),
);

/** What follows the message in lines without a client: of the resolver, of OCSP and of Lua timers. */
const UNCOMMON: readonly string[] = [', resolver: ', ', responder: ', ', context: '];

/** How many places that look like the beginning of the fields are tried: hostile lines can hold thousands. */
const MAX_STARTS = 4;

/**
 * Reads the fields of `line` whose message begins at `from`.
 *
 * Nothing in a line is escaped, so a quote or a whole separator may stand inside a value. What decides: the order of
 * the fields, that a request line ends in its protocol, that no host holds a quote, and that the two values in which
 * a stranger can write anything stand at the two ends: the message (headers and stderr of the backend) and the
 * referrer. So the tail begins at the first `, client: ` from which the rest of the line reads as fields.
 */
export function readFields(line: string, from: number): Fields {
  const first = line.indexOf(', client: ', from);
  if (first < 0) {
    return readUncommon(line, from);
  }
  const fields = readTail(line, first);
  const quoted = isQuoted(line, from, first);
  if (fields.clean && !quoted) {
    return withContext(line, from, fields);
  }
  return withContext(line, from, chooseTail(line, from, first, fields, quoted));
}

/**
 * The tail of a line that has more than one beginning of a tail, or an unclean one. Best is a clean one that stands
 * outside of quotes; then any outside of quotes; then a clean one that is not cut.
 */
function chooseTail(line: string, from: number, first: number, fields: Tail, quoted: boolean): Fields {
  let outside = quoted ? null : fields;
  let whole = fields.clean && !fields.cut ? fields : null;
  let next = first;
  for (let tries = 1; tries < MAX_STARTS; tries++) {
    next = line.indexOf(', client: ', next + 1);
    if (next < 0) {
      break;
    }
    const other = readTail(line, next);
    if (!isQuoted(line, from, next)) {
      if (other.clean) {
        return other;
      }
      outside ??= other;
    } else if (other.clean && !other.cut) {
      whole ??= other;
    }
  }
  return outside ?? whole ?? (fields.cut || fields.server === null ? withoutTail(line, from) : fields);
}

/** Whether an odd number of quotes stands between `from` and `at`. */
function isQuoted(line: string, from: number, at: number): boolean {
  let odd = false;
  for (let quote = line.indexOf('"', from); quote >= 0 && quote < at; quote = line.indexOf('"', quote + 1)) {
    odd = !odd;
  }
  return odd;
}

/** Lines without a client: the resolver's, OCSP's, start-up, and those that a person cut short. */
function readUncommon(line: string, from: number): Fields {
  const comma = line.indexOf(', ', from);
  if (comma >= 0) {
    for (const start of [
      ', udp client: ',
      ', server: ',
      ', request: "',
      ', subrequest: "',
      ', upstream: "',
      ', host: "',
    ]) {
      const at = line.indexOf(start, from);
      if (at >= 0) {
        return readTail(line, at);
      }
    }
    for (const start of UNCOMMON) {
      const at = line.lastIndexOf(start);
      if (at >= from) {
        const end = line.indexOf(', ', at + start.length);
        const value = line.slice(at + start.length, end < 0 ? line.length : end);
        return { ...empty(at), resolver: start === ', resolver: ' ? value : null };
      }
    }
  }
  return withoutTail(line, from);
}

/** A line that is all message, or is cut in the first separator behind it. */
function withoutTail(line: string, from: number): Fields {
  const partial = line.lastIndexOf(',');
  return partial >= from && isPartOfSeparator(line, partial, NONE)
    ? { ...empty(partial), cut: true }
    : empty(line.length);
}

function empty(start: number): Fields {
  return {
    start,
    client: null,
    server: null,
    request: null,
    subrequest: null,
    upstream: null,
    host: null,
    referrer: null,
    resolver: null,
    stream: false,
    mail: false,
    cut: false,
  };
}

/** OpenResty puts `, context: ngx.timer` between message and client; it belongs to neither. */
function withContext(line: string, from: number, fields: Fields): Fields {
  const code = line.charCodeAt(from);
  if (code === 91 || code === 108) {
    const at = line.lastIndexOf(', context: ', fields.start);
    if (at >= from) {
      return { ...fields, start: at };
    }
  }
  return fields;
}

interface Tail extends Fields {
  /** Every part of the text is a field in nginx's order, up to the last character or to the cut. */
  readonly clean: boolean;
}

/** Scratch of `fieldAt`: where the value begins and whether a quote stands before it. */
let valueStart = 0;
let valueQuoted = false;

/** Order of the field whose separator `, name: ` begins at `comma`, with its value's place in the scratch variables. */
function fieldAt(line: string, comma: number): number {
  if (line.charCodeAt(comma) !== 44 || line.charCodeAt(comma + 1) !== 32) {
    return OTHER;
  }
  const names = BY_INITIAL.get(line.charCodeAt(comma + 2));
  if (names === undefined) {
    return OTHER;
  }
  for (const { name, order } of names) {
    if (line.startsWith(name, comma + 2)) {
      let at = comma + 2 + name.length;
      if (line.charCodeAt(at) === 32) {
        at++;
      }
      if (line.charCodeAt(at) !== 58) {
        continue;
      }
      at++;
      if (line.charCodeAt(at) === 32) {
        at++;
      }
      valueQuoted = line.charCodeAt(at) === 34;
      valueStart = valueQuoted ? at + 1 : at;
      return order;
    }
  }
  return OTHER;
}

function readTail(line: string, start: number): Tail {
  let client: string | null = null;
  let server: string | null = null;
  let request: Fields['request'] = null;
  let subrequest: string | null = null;
  let upstream: EntryUpstream | null = null;
  let host: string | null = null;
  let referrer: string | null = null;
  let stream = line.startsWith(', udp ', start);
  let mail = false;
  let cut = false;
  let clean = true;
  /** A request that holds something like a separator makes everything behind it doubtful once the line is cut. */
  let doubtful = false;

  let at = start;
  let order = fieldAt(line, at);
  while (order >= 0) {
    const from = valueStart;
    const quoted = valueQuoted;
    let end: number;
    let closed = true;
    if (order === BYTES) {
      stream = true;
      break;
    }
    if (quoted) {
      end = closingQuote(line, order, from);
      if (end < 0) {
        const partial = partialClose(line, order, from);
        closed = partial >= 0;
        end = closed ? partial : line.length;
        cut = true;
        at = line.length;
      } else {
        at = end + 1;
      }
    } else {
      end = line.indexOf(', ', from);
      if (end < 0) {
        end = line.length;
        if (line.charCodeAt(end - 1) === 44 && end > from) {
          end--;
          cut = true;
        } else if (order === CLIENT || end === from) {
          cut = true;
        }
        at = line.length;
      } else {
        at = end;
      }
      if (order >= REQUEST && line.charCodeAt(end - 1) === 34) {
        end--;
      }
    }
    const value = line.slice(from, end);
    switch (order) {
      case CLIENT:
        client = value;
        clean &&= !value.includes(' ') && !value.includes('"');
        break;
      case SERVER:
        server = value;
        break;
      case LOGIN:
        mail = true;
        break;
      case REQUEST:
        request = readRequest(value);
        doubtful = value.includes('", ') || (request.protocol === null && line.indexOf('"', end + 1) >= 0);
        break;
      case SUBREQUEST:
        subrequest = value;
        break;
      case UPSTREAM:
        upstream = readUpstream(value, closed, request?.uri ?? null);
        break;
      case HOST:
        host = value;
        clean &&= !value.includes('"');
        break;
      case REFERRER:
        referrer = value;
        break;
    }
    if (at >= line.length) {
      break;
    }
    let next = fieldAt(line, at);
    if (next <= order) {
      if (isPartOfSeparator(line, at, order)) {
        cut = true;
        break;
      }
      clean = false;
      // Something foreign between two fields: go on at the next thing that is one.
      while (next <= order && at >= 0) {
        at = line.indexOf(', ', at + 1);
        next = at < 0 ? NONE : fieldAt(line, at);
      }
    }
    order = next;
  }
  if (cut && doubtful) {
    return { ...empty(start), client, server, request, stream, mail, cut, clean };
  }
  return {
    start,
    client,
    server,
    request,
    subrequest,
    upstream,
    host,
    referrer,
    resolver: null,
    stream,
    mail,
    cut,
    clean,
  };
}

/** Offset of the quote that ends a value of the given field, or -1 when the text ends before it. */
function closingQuote(line: string, order: number, from: number): number {
  const last = line.length - 1;
  if (order === REFERRER) {
    return line.charCodeAt(last) === 34 && last >= from ? last : -1;
  }
  let first = -1;
  for (let quote = line.indexOf('", ', from); quote >= 0; quote = line.indexOf('", ', quote + 1)) {
    const next = fieldAt(line, quote + 1);
    if (next <= order) {
      continue;
    }
    if (order === REQUEST ? endsInProtocol(line, quote) : next !== HOST || isHost(line, valueStart)) {
      return quote;
    }
    if (first < 0) {
      first = quote;
    }
  }
  const atEnd = line.charCodeAt(last) === 34 && last >= from;
  if (first >= 0 && !(order === REQUEST && atEnd && endsInProtocol(line, last))) {
    return first;
  }
  return atEnd ? last : -1;
}

/** Whether ` HTTP/d.d` stands right before `end`. */
function endsInProtocol(line: string, end: number): boolean {
  return line.startsWith(' HTTP/', end - 9) && line.charCodeAt(end - 2) === 46;
}

/** Whether a host's value begins here: no quote inside, and behind it the referrer, a part of its name or nothing. */
function isHost(line: string, from: number): boolean {
  const quote = line.indexOf('"', from);
  return (
    quote === line.length - 1 ||
    (quote >= 0 && (line.startsWith('", referrer: "', quote) || isPartOfSeparator(line, quote + 1, HOST)))
  );
}

/** For a value without end: where `"` and a part of the next separator stand at the end of the text, or -1. */
function partialClose(line: string, order: number, from: number): number {
  const quote = line.lastIndexOf('"');
  return quote >= from && line.length - quote <= 24 && isPartOfSeparator(line, quote + 1, order) ? quote : -1;
}

/** Whether the text from `at` on is the beginning of a separator of a later field, cut short. */
function isPartOfSeparator(line: string, at: number, order: number): boolean {
  const length = line.length - at;
  if (length <= 0 || length > 24) {
    return false;
  }
  const rest = line.slice(at);
  return (
    NAMES.some((field) => field.order > order && `, ${field.name}: "`.startsWith(rest)) ||
    (order === NONE && UNCOMMON.some((start) => start.startsWith(rest)))
  );
}

/** `METHOD URI PROTOCOL`; what an HTTP/0.9 client or a scanner sent may be less. */
function readRequest(value: string): { method: string; uri: string; protocol: string | null } {
  const space = value.indexOf(' ');
  if (space < 0) {
    return { method: value, uri: '', protocol: null };
  }
  const method = value.slice(0, space);
  const last = value.lastIndexOf(' ');
  if (last > space) {
    const protocol = value.slice(last + 1);
    if (protocol !== '' && (protocol.startsWith('HTTP/') || 'HTTP/'.startsWith(protocol))) {
      return { method, uri: value.slice(space + 1, last), protocol };
    }
    if (protocol === '') {
      return { method, uri: value.slice(space + 1, last), protocol: null };
    }
  }
  return { method, uri: value.slice(space + 1), protocol: null };
}
