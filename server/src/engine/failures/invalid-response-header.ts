import { type Case, peerAddress } from '../diagnosis/case.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { aboutSamePeer, spread } from '../diagnosis/same-peer.ts';
import { sameRequest } from '../diagnosis/same-request.ts';
import { isHttp } from '../errorlog/catalogue/shared.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A line of the response header that nginx's parser refuses (ngx_http_parse_header_line): the answer began well, so
 * the protocol is right. Since 1.21.1 the log quotes the line up to the byte at fault, as \xNN; HTTP/2 and FastCGI
 * have texts of their own. Nginx takes a line without a colon, bare line feeds and UTF-8 without a word. Deliberately
 * not what does not fit the buffer (response-header-too-big), nor a length stated twice (ambiguous-response-length).
 */
export const invalidResponseHeader: FailureMode = {
  id: 'invalid-response-header',
  title: 'A header line of the answer is malformed',
  what: 'The backend sent a response header with a line that HTTP does not allow and nginx does not accept.',
  why: 'nginx gives up on the whole answer and answers 502; by default it tries no other peer.',
  do: 'Correct the header in the backend: refused are, among others, a space in or after the name, a folded line and a NUL byte. No directive makes nginx accept it.',
  status: '502',
  versions: null,
  hits: 'answers with this header: often those of one page or one library',
  signatures: [
    { message: 'upstream-invalid-header' },
    { message: 'upstream-http2-invalid-header' },
    { message: 'upstream-invalid-status' },
    { message: 'fastcgi-joined-header-invalid' },
  ],
  weigh(failure) {
    const { entry, matched } = failure;
    const big = tooLarge(failure);
    if (big)
      return {
        certainty: 'possible',
        because: [],
        against: [`line ${big.line}: the header is too large for nginx, not malformed`],
        refuted: true,
      };
    const fault = faultOf(entry.message);
    const because = [
      matched.kind.id === 'upstream-invalid-status'
        ? 'the answer has something else where the status belongs'
        : fault !== null
          ? `behind ${fault.before} stands ${fault.byte}`
          : matched.kind.meaning(entry).replace(/\.$/, ''),
    ];
    because.push(...spread(failure));
    // The quoted byte is the proof; without it an older nginx, FastCGI or HTTP/2 may mean more.
    const proved = fault !== null && isHttp(failure.peer?.scheme ?? null);
    return { certainty: proved ? 'certain' : 'likely', because, against: [] };
  },
  remedy: {
    cure: (failure) => {
      const where = failure.peer ? peerAddress(failure.peer) : 'the backend';
      const fault = faultOf(failure.entry.message);
      if (failure.matched.kind.id === 'upstream-invalid-status')
        return `let ${where} send a status as "Status: 200 OK": three digits first`;
      return `correct the header in the application at ${where}${fault === null ? '' : `: ${fault.cure}`}. No directive of nginx accepts such a line`;
    },
    mitigate:
      'if only one of several backends does it: proxy_next_upstream error timeout invalid_header tries the next one (not for POST)',
    takesEffect: 'on the backend; nginx needs nothing',
  },
  checks: (failure) =>
    repeatToBackend(
      failure,
      'the header as the backend sends it, in the lines that begin with "<": look for the one that the log quotes. curl may refuse it as well.',
    ),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream'],
};

interface Fault {
  /** What of the line stands before the byte. */
  readonly before: string;
  readonly byte: string;
  readonly cure: string;
}

const BYTES: Readonly<Record<string, readonly [byte: string, cure: string]>> = {
  '20': ['a space', 'names of headers hold no space, also none before the colon'],
  '09': ['a tab', 'names of headers hold no tab'],
  '00': [
    'a NUL byte',
    'a NUL byte is in the value, as from a C string that was cut badly or from binary data',
  ],
  '0d': ['a carriage return without its line feed', 'end each line with CR LF, once'],
  '3a': ['a colon', 'a name must stand before the colon'],
};

/** The byte that nginx names at the end of the quoted line: `"X\x20..."`. */
function faultOf(message: string): Fault | null {
  const match = /header: "(?<line>.{0,4000})\\x(?<code>[0-9a-f]{2})(?:\.\.\.)?"/s.exec(message);
  if (!match?.groups) return null;
  const { line, code } = match.groups as { line: string; code: string };
  if (line === '' && (code === '20' || code === '09'))
    return {
      before: 'the end of a line',
      byte: 'one that begins with a blank',
      cure: 'a header must be one line: folding it onto a second one is obsolete, and nginx refuses it',
    };
  const [byte, cure] = BYTES[code] ?? [`the byte \\x${code}`, 'it may not stand in the name of a header'];
  const shown = line.length > 40 ? `${line.slice(0, 40)}...` : line;
  return { before: line === '' ? 'the beginning of a line' : `"${shown}"`, byte, cure };
}

/** HTTP/2 writes "invalid header" behind the line that says that a header is too large. */
function tooLarge(failure: Case): LogEntry | null {
  const { entry } = failure;
  return (
    aboutSamePeer(failure).find(
      (other) =>
        sameRequest(other, entry) && other.message.startsWith('upstream sent too large http2 header'),
    ) ?? null
  );
}
