import { mayBeAction } from './action.ts';

/** What a message ends with: `TEXT (ERRNO: text) while ACTION`, or `TEXT in FILE:LINE` at start-up. */
export interface MessageParts {
  readonly errno: { readonly code: number; readonly text: string } | null;
  readonly action: string | null;
  readonly at: { readonly file: string; readonly line: number } | null;
}

const WHILE = ' while ';

/** Takes the end of a message apart. `cut` says that the text may end before the message does. */
export function readMessageParts(message: string, cut: boolean): MessageParts {
  const action = readAction(message, cut);
  const end = action === null ? message.length : Math.max(0, message.length - action.length - WHILE.length);
  return { errno: readErrno(message, end, cut), action, at: readPlace(message) };
}

/**
 * nginx appends ` while ACTION` to the finished message, so it is the last such words. Actions hold no quotes: with
 * one behind it, or an open one before it, the words belong to a quoted value (a header line, stderr of FastCGI).
 * Where the text ends with them they have to be the beginning of an action that nginx has.
 */
function readAction(message: string, cut: boolean): string | null {
  const at = message.lastIndexOf(WHILE);
  if (at < 0) {
    // The message itself was cut off: "while connecting to upstream, client: ...".
    return message.startsWith('while ') ? message.slice('while '.length) : null;
  }
  const from = at + WHILE.length;
  // "rewrite or internal redirection cycle while processing ..." is all message.
  if (from === message.length || message.indexOf('"', from) >= 0 || message.endsWith('cycle', at)) {
    return null;
  }
  // OpenSSL says "unexpected eof while reading" inside the brackets.
  const close = message.indexOf(')', from);
  if (close >= 0 && message.lastIndexOf('(', close) < from) {
    return null;
  }
  const action = message.slice(from);
  return cut && (hasOpenQuote(message, at) || !mayBeAction(action)) ? null : action;
}

/** Whether the quotes before `end` do not pair: in a text that was cut, `end` stands inside a quoted value. */
function hasOpenQuote(message: string, end: number): boolean {
  let open = false;
  for (let at = message.indexOf('"'); at >= 0 && at < end; at = message.indexOf('"', at + 1)) {
    open = !open;
  }
  return open;
}

/** The resolver's own line is the one that has its code in the middle (ngx_resolver_process_response). */
const DNS_ERROR = 'DNS error (';

/** The `(N: text)` right before `end` (ngx_log_errno); the text may hold brackets and may be cut. */
function readErrno(message: string, end: number, cut: boolean): MessageParts['errno'] {
  if (message.startsWith(DNS_ERROR)) {
    const close = message.indexOf(')');
    return errnoAt(message, DNS_ERROR.length - 1, close < 0 ? message.length : close);
  }
  const closed = message.charCodeAt(end - 1) === 41;
  if (!closed && !(cut && end === message.length)) {
    return null;
  }
  for (
    let open = message.lastIndexOf('(', end - 1);
    open >= 0;
    open = open === 0 ? -1 : message.lastIndexOf('(', open - 1)
  ) {
    const digits = digitsEnd(message, open + 1);
    if (digits > open + 1 && message.charCodeAt(digits) === 58) {
      const errno = errnoAt(message, open, closed ? end - 1 : end);
      // What ends with the text may stand inside a quoted value that was cut.
      return cut && errno !== null && (hasOpenQuote(message, open) || errno.text.includes('"'))
        ? null
        : errno;
    }
  }
  return null;
}

/** `N: text` between a bracket and `end`. A verify error of TLS has no space: `(18:self-signed certificate)`. */
function errnoAt(message: string, open: number, end: number): MessageParts['errno'] {
  const digits = digitsEnd(message, open + 1);
  if (digits === open + 1 || digits > open + 7 || digits + 2 > end || !message.startsWith(': ', digits)) {
    return null;
  }
  return { code: Number(message.slice(open + 1, digits)), text: message.slice(digits + 2, end) };
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) {
    at++;
  }
  return at;
}

/** The ` in FILE:LINE` that ngx_conf_log_error appends; one message of the upstream module goes on behind it. */
function readPlace(message: string): MessageParts['at'] {
  const tail = ' to be in shared memory';
  const end = message.endsWith(tail) ? message.length - tail.length : message.length;
  let digits = end;
  while (digits > 0 && message.charCodeAt(digits - 1) >= 48 && message.charCodeAt(digits - 1) <= 57) {
    digits--;
  }
  if (digits === end || end - digits > 9 || message.charCodeAt(digits - 1) !== 58) {
    return null;
  }
  const at = message.lastIndexOf(' in ', digits);
  if (at < 0) {
    return null;
  }
  const file = message.slice(at + 4, digits - 1);
  const isPath =
    file.startsWith('/') || file.charCodeAt(1) === 58 || (file.includes('.') && !file.includes(' '));
  return isPath && !file.includes('"') ? { file, line: Number(message.slice(digits, end)) } : null;
}
