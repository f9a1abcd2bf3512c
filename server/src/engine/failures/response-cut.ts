import { parseSize } from '../config/buffers.ts';
import { effectiveSetting } from '../config/effective.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { backendLog } from '../diagnosis/commands.ts';
import { accessLineOf } from '../diagnosis/request-age.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { spread } from '../diagnosis/same-peer.ts';
import { sameRequest } from '../diagnosis/same-request.ts';
import { inEffect, timeoutOf } from '../diagnosis/timeouts.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The response header came and was passed on, and then the body ended too early: closed, reset, silent for
 * *_read_timeout, or malformed chunks. The status stands (mostly 200); the client gets a part. Without
 * Content-Length and chunks the end of the connection is the end of the body, so nginx cannot notice.
 * Deliberately not what comes before the header (backend-closed-early, backend-reset, read-timeout).
 */
export const responseCut: FailureMode = {
  id: 'response-cut',
  title: 'The answer broke off after its header',
  what: 'The backend sent a response header and a part of the body, and then the connection ended or fell silent before all of it had come.',
  why: 'The status had been sent already, so nginx cannot turn it into a 502 and tries no other peer: the client gets a 200 and a part of the body.',
  do: "Look in the backend's own log for a crash or a limit, and compare Content-Length with what it sends. If only large answers to slow clients break, the backend does not wait: raise its write time-out, or proxy_max_temp_file_size.",
  status: null,
  versions: null,
  hits: 'large or slow answers, streams, downloads',
  signatures: [
    { message: 'upstream-prematurely-closed', when: (entry) => entry.action === 'reading upstream' },
    {
      message: 'recv-failed',
      when: (entry) => entry.action === 'reading upstream' && entry.resolver === null,
    },
    { message: 'upstream-timed-out', when: (entry) => entry.action === 'reading upstream' },
    { message: 'upstream-closed-reported-by-kevent' },
    { message: 'upstream-invalid-chunked' },
    { message: 'upstream-prematurely-closed-stream' },
  ],
  weigh(failure) {
    const because = [`${failure.peer ? peerAddress(failure.peer) : 'the backend'} ${ending(failure)}`];
    if (isTimeout(failure)) because.push(...inEffect(timeoutOf(failure, 'read')));
    because.push(...spread(failure), ...backPressure(failure));
    return { certainty: 'likely', because, against: [], general: true };
  },
  remedy: {
    cure: (failure) => {
      if (failure.matched.kind.id === 'upstream-invalid-chunked')
        return 'correct the backend: it announces Transfer-Encoding: chunked and sends something else, as an application does that writes chunks itself, or sets the header by hand';
      const pressure = backPressure(failure).length > 0;
      const { directive } = timeoutOf(failure, 'read');
      if (isTimeout(failure))
        return `see why the backend pauses in the middle of its answer. For a stream with pauses let it send something more often, or raise ${directive} in that location`;
      return `find this second in the backend's log: an exception while it was sending, a killed worker, a write time-out, a Content-Length that is more than what it sends${pressure ? ". If only slow clients see it, raise the backend's write time-out, or let nginx take the answer faster" : ''}`;
    },
    mitigate: null,
    takesEffect: 'on the backend; directives: nginx -s reload',
  },
  checks: (failure) => [
    ...repeatToBackend(
      failure,
      '"transfer closed with ... bytes remaining" or a reset: the backend cuts it without nginx too. A complete answer: it happens to slow clients, or to some answers only.',
      { seconds: 600 },
    ),
    backendLog(failure),
  ],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_max_temp_file_size',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout',
  ],
};

/** How the answer ended, where the message is not simply that of a closed connection. */
const ENDINGS: Readonly<Record<string, string>> = {
  'upstream-timed-out': 'sent a part of the answer and then nothing more',
  'upstream-invalid-chunked': 'announced chunks and sent something that is none',
  'upstream-invalid-trailer': 'sent a trailer that nginx does not accept',
  'upstream-prematurely-closed-stream': 'ended the HTTP/2 stream before the answer was complete',
  'ssl-io-failed': 'broke off TLS in the middle of the answer',
};

function ending({ entry, matched }: Case): string {
  const { id } = matched.kind;
  const known = ENDINGS[id];
  if (known !== undefined) return known;
  if (id.startsWith('upstream-http2-')) return 'broke a rule of HTTP/2 in the middle of the answer';
  const meaning = errnoMeaning(entry.errno);
  return meaning === 'reset' || meaning === 'aborted'
    ? 'reset the connection in the middle of the answer'
    : 'ended the answer before it was complete';
}

function isTimeout({ matched }: Case): boolean {
  return matched.kind.id === 'upstream-timed-out';
}

/** What makes the backend wait for the client: nginx reads no faster than the client when it has no place left. */
function backPressure(failure: Case): string[] {
  const found: string[] = [];
  const place = bestPlace(failure);
  const family = place?.proxied?.handler ?? 'proxy';
  if (failure.model && place?.proxied && family !== 'grpc') {
    const { block } = place.proxied;
    const { model } = failure;
    const setting = (name: string) => effectiveSetting(model, block, `${family}_${name}`)[0];
    const buffering = setting('buffering');
    const temp = setting('max_temp_file_size');
    const limit = parseSize(temp?.value);
    const passed = bytesPassed(failure);
    if (buffering?.value === 'off')
      found.push(`${family}_buffering is off: nginx takes the answer only as fast as the client does`);
    else if (limit === 0)
      found.push(
        `${family}_max_temp_file_size is 0: what the buffers cannot hold waits at the backend for the client`,
      );
    else if (limit !== null && passed !== null && passed >= limit)
      found.push(
        `the client had got ${passed} bytes: beyond ${family}_max_temp_file_size (${temp!.value}) the backend has to wait for the client`,
      );
  }
  if (found.length > 0) return found;
  const file = failure.neighbours.find(
    (other) =>
      sameRequest(other, failure.entry) &&
      other.message.startsWith('an upstream response is buffered to a temporary file'),
  );
  return file
    ? [`line ${file.line}: the answer is larger than the buffers, and came faster than the client took it`]
    : [];
}

/** $body_bytes_sent of the request's own access line. */
function bytesPassed(failure: Case): number | null {
  const line = accessLineOf(failure, failure.entry);
  const bytes = line === null ? undefined : /" \d{3} (\d{1,15}) /.exec(`${line.text} `)?.[1];
  return bytes === undefined ? null : Number(bytes);
}
