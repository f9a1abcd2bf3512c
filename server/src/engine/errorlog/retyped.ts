import { codeOfWords, ERROR_WORDS } from './error-words.ts';

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

const LOOSE_COLON = /(unexpected status|invalid header|FastCGI protocol version|duplicate header line) : ?/g;

/** `auth request unexpected status : 302`: a colon that a person or a translator set apart. */
export function withTightColons(line: string): string {
  return line.includes(' :') ? line.replace(LOOSE_COLON, '$1: ') : line;
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

const BARE_ERROR = /( (?:failed|timed out) \()([A-Za-z][A-Za-z ]{7,44})\)/g;

/** `connect() failed (Connection refused)`: an error of the system whose number a person left out. */
export function withErrorNumber(line: string): string {
  return line.replace(BARE_ERROR, (whole, before: string, words: string) => {
    const code = codeOfWords(words);
    return code === null ? whole : `${before}${code}: ${words})`;
  });
}

const LOST_OPEN = /(?<!\(\) )(?<![\w/"'.~-])["']?(\/[^\s"']{1,400}\/\d{10})["']? failed \((?=\d)/;
/** Folders of temporary files, with the numbered ones below them. */
const TEMPORARY = /nginx|_temp\/|\/(?:proxy|fastcgi|uwsgi|scgi)\/\d{1,3}\//;

/**
 * `... /var/lib/nginx/proxy/5/00/0000000005" failed (13: Permission denied)`: a line that lost its beginning. Files with
 * such names are nginx's temporary ones, which it opens before it does anything else with them.
 */
export function withLostOpen(line: string): string {
  if (!line.includes(' failed (')) {
    return line;
  }
  return line.replace(LOST_OPEN, (whole, path: string) =>
    TEMPORARY.test(path) ? `open() "${path}" failed (` : whole,
  );
}

const TORN_ERROR = / failed \((\d{1,3}): ([A-Za-z ]{8,44})/g;
/** Places looked at in one line: each may mean a look at its whole rest. */
const MAX_TRIES = 4;
const NEXT_FIELD = /", (?:client|server|request|upstream|host|referrer): "/;

/**
 * `failed (2: No such file or home/app/app.sock:/", host: "..."`: a line of which a narrow window or an editor lost the
 * middle. The error is completed, and what is left of a value up to the next field is dropped.
 */
export function withTornError(line: string): string {
  TORN_ERROR.lastIndex = 0;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const match = TORN_ERROR.exec(line);
    if (!match) break;
    const code = Number(match[1]);
    const end = match.index + match[0].length;
    if (line[end] === ')') continue;
    const words = match[2]!.toLowerCase();
    const error = ERROR_WORDS.find(
      ([known, number]) => number === code && beginsAlike(known.toLowerCase(), words),
    );
    const field = NEXT_FIELD.exec(line.slice(end));
    if (!error || !field) continue;
    const [known] = error;
    return `${line.slice(0, match.index)} failed (${code}: ${known})${line.slice(end + field.index + 1)}`;
  }
  return line;
}

/** Whole words of an error, though not all of them, and enough that it is no other. */
function beginsAlike(known: string, words: string): boolean {
  if (words.startsWith(known)) return false;
  const space = known.indexOf(' ', 8);
  return space > 0 && words.startsWith(known.slice(0, space + 1));
}
