/**
 * Where a message of nginx may stand inside a line that a person wrote: `Got "no live upstreams while connecting to
 * upstream" error`, `Solution: SSL_do_handshake() failed ...`. People quote the message alone.
 */

/** Words that messages on the way to a backend begin with. */
const BEGINNINGS =
  /(?:\b(?:connect|recv|recvmsg|send|sendmsg|writev|SSL_do_handshake|SSL_read|SSL_write|SSL_connect|peer closed|upstream (?:prematurely|sent|timed|rejected|server|SSL|violated)|no (?:live upstreams|resolver defined|port in upstream|host in upstream)|host not found|invalid (?:port|host|URL prefix)|rewrite or internal|could not be resolved|kevent\(\)|FastCGI sent|failed to run \w{1,30}_by_lua|lua (?:entry|user) thread aborted|an upstream response|auth request unexpected|\d{1,7} worker_connections|socket\(\)|bind\(|setsockopt\(|accept4?\(\)|open\(\)|mkdir\(\)|pwritev?\(\)|memcached sent|using uninitialized|zero length URI|too long http2|client intended|unknown directive)|nginx: \[)/g;

/** A message that people quote without its second half, the name of where it led. */
const REDIRECTION_CYCLE = 'rewrite or internal redirection cycle';

/** Places tried in one line, and characters of a line looked at. */
const MAX_TRIES = 6;
const MAX_LENGTH = 4000;

/** Closing marks by opening ones. */
const QUOTES: Readonly<Record<string, string>> = { '"': '"', '`': '`', "'": "'" };

/** Parts of the line that may be the message, from the left. */
export function partsWithin(line: string): string[] {
  if (line.length > MAX_LENGTH) {
    return [];
  }
  const parts: string[] = [];
  BEGINNINGS.lastIndex = 0;
  for (let match = BEGINNINGS.exec(line); match && parts.length < MAX_TRIES; match = BEGINNINGS.exec(line)) {
    const { index } = match;
    if (line.startsWith(REDIRECTION_CYCLE, index)) {
      parts.push(REDIRECTION_CYCLE);
    }
    if (index === 0) {
      continue;
    }
    const close = QUOTES[line[index - 1]!];
    // The last such quote: the message may hold quotes of its own.
    const end = close === undefined ? -1 : line.lastIndexOf(close);
    parts.push(end > index ? line.slice(index, end) : line.slice(index));
  }
  return parts;
}
