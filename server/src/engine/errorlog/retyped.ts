/**
 * Messages that a person typed anew, in a title or a sentence: `Upstream Timed Out`, `Connect() failed`, a name
 * without its quotes. nginx writes no message with another letter case, so the words are safe to restore.
 */

/** Words of messages and actions as nginx writes them; longer ones before those that they begin with. */
const PHRASES = [
  'upstream prematurely closed connection',
  'upstream prematurely closed',
  'upstream prematurely sent response',
  'upstream timed out',
  'upstream sent too big header',
  'upstream sent invalid header',
  'upstream sent no valid HTTP/1.0 header',
  'upstream sent',
  'upstream rejected request',
  'upstream violated stream flow control',
  'upstream server temporarily disabled',
  'upstream SSL certificate',
  'auth request unexpected status',
  'rewrite or internal redirection cycle',
  'no port in upstream',
  'no host in upstream',
  'invalid host in upstream',
  'invalid port in upstream',
  'invalid URL prefix',
  'connect() failed',
  'connect() to',
  'recv() failed',
  'send() failed',
  'writev() failed',
  'no live upstreams',
  'no resolver defined',
  'host not found in upstream',
  'could not be resolved',
  'worker_connections are not enough',
  'peer closed connection in SSL handshake',
  'while reading response header from upstream',
  'while reading upstream',
  'while connecting to upstream',
  'while sending request to upstream',
  'while sending to client',
  'while SSL handshaking to upstream',
  'while proxying upgraded connection',
] as const;

const OWN_CASE: ReadonlyMap<string, string> = new Map(
  PHRASES.map((phrase) => [phrase.toLowerCase(), phrase]),
);
const ANY_CASE = new RegExp(PHRASES.map((phrase) => phrase.replace(/[().]/g, '\\$&')).join('|'), 'gi');

/** Beginnings that nginx never writes: most lines go no further. */
const CHANGED =
  /(?:Upstream|UPSTREAM|Connect\(\)|Recv\(\)|Send\(\)|Writev\(\)|No |Host not|Host Not|Could |While |Auth |Rewrite |Invalid |Peer |Worker_)/;

/** The line with the words of messages in the letter case in which nginx writes them. */
export function inOwnCase(line: string): string {
  if (!CHANGED.test(line)) {
    return line;
  }
  return line.replace(ANY_CASE, (words) => OWN_CASE.get(words.toLowerCase()) ?? words);
}

const BARE_NAME = /(host not found in upstream )([\w.:-]{1,300})( in \/|$)/;
const OTHER_QUOTES = /(host not found in upstream )(['`])([\w.:-]{1,300})\2/;

/** `host not found in upstream app.test in /etc/...`: a name that lost its quotes, or has others. */
export function withQuotedName(line: string): string {
  return line.replace(OTHER_QUOTES, '$1"$3"').replace(BARE_NAME, '$1"$2"$3');
}

const PROXY_TAIL = '" while reading PROXY protocol, client: ';

/** What a TLS client sends holds line feeds: the end of `broken header: "..." while reading PROXY protocol` alone. */
export function withProxyHeader(line: string): string {
  const at = line.indexOf(PROXY_TAIL);
  return at < 0 || line.includes('broken header: "') ? line : `broken header: "${line}`;
}
