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
 */
function readAction(message: string, cut: boolean): string | null {
  let at = message.lastIndexOf(WHILE);
  if (at < 0) {
    // The message itself was cut off: "while connecting to upstream, client: ...".
    if (!message.startsWith('while ')) {
      return null;
    }
    at = -1;
  }
  const from = at + WHILE.length;
  if (message.indexOf('"', from) >= 0 || (cut && hasOpenQuote(message, at))) {
    return null;
  }
  // OpenSSL says "unexpected eof while reading" inside the brackets.
  const close = message.indexOf(')', from);
  if (close >= 0 && message.lastIndexOf('(', close) < from) {
    return null;
  }
  return from === message.length ? null : message.slice(from);
}

/** Before the end of a complete message an odd quote is a quote in a value; in a cut one it is an open value. */
function hasOpenQuote(message: string, end: number): boolean {
  let open = false;
  for (let at = message.indexOf('"'); at >= 0 && at < end; at = message.indexOf('"', at + 1)) {
    open = !open;
  }
  return open;
}

/** The `(N: text)` right before `end` (ngx_log_errno); the text may hold brackets and may be cut. */
function readErrno(message: string, end: number, cut: boolean): MessageParts['errno'] {
  const closed = message.charCodeAt(end - 1) === 41;
  if (!closed && !(cut && end === message.length)) {
    return null;
  }
  for (
    let open = message.lastIndexOf('(', end - 1);
    open >= 0;
    open = open === 0 ? -1 : message.lastIndexOf('(', open - 1)
  ) {
    let at = open + 1;
    while (message.charCodeAt(at) >= 48 && message.charCodeAt(at) <= 57) {
      at++;
    }
    const digits = at - open - 1;
    if (digits > 0 && digits < 7 && message.charCodeAt(at) === 58) {
      // A verify error of TLS has no space behind its code: `(18:self-signed certificate)`.
      if (message.charCodeAt(at + 1) !== 32 || (!closed && message.indexOf('"', at) >= 0)) {
        return null;
      }
      return {
        code: Number(message.slice(open + 1, at)),
        text: message.slice(at + 2, closed ? end - 1 : end),
      };
    }
  }
  return null;
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
