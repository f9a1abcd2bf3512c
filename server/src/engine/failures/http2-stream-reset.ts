import { type Case, familyOf, peerAddress } from '../diagnosis/case.ts';
import { backendUnitLog, onNginx } from '../diagnosis/commands.ts';
import { aboutSamePeer, spread } from '../diagnosis/same-peer.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import { HTTP2_ERRORS } from '../errorlog/protocol-codes.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * RST_STREAM or GOAWAY with an error in place of an answer, from a backend that speaks HTTP/2 (grpc_pass; proxy_pass
 * with proxy_http_version 2 since 1.29.4). The number is the backend's own word, RFC 9113 section 7. GOAWAY without
 * an error is no failure while the stream is among those that it still serves. Deliberately not 12 and 13, where TLS
 * or the protocol is refused (tls-version-mismatch, grpc-pass-to-http-backend), nor a stream that ends in its body.
 */
export const http2StreamReset: FailureMode = {
  id: 'http2-stream-reset',
  title: 'The backend refused or reset the HTTP/2 stream',
  what: 'The backend ended the HTTP/2 stream or the whole connection with an error code, before it answered.',
  why: 'nginx has no answer to pass on and answers 502; a gRPC client sees UNAVAILABLE (14).',
  do: "Look in the backend's own log at this second. The number is its HTTP/2 error code: 1 protocol error, 2 internal error, 7 refused, 8 cancelled, 11 too much load, 13 wants HTTP/1.1.",
  status: '502',
  versions: null,
  hits: 'calls that the backend fails on or is too busy for; all calls in flight when it shuts down',
  signatures: [
    { message: 'upstream-rejected-http2-request' },
    { message: 'upstream-sent-goaway' },
    { message: 'upstream-prematurely-closed-stream' },
    { message: 'upstream-http2-closed-stream' },
  ],
  weigh(failure) {
    const { matched, peer } = failure;
    const who = peer ? peerAddress(peer) : 'the backend';
    if (matched.kind.id === 'upstream-http2-closed-stream') {
      const more = `${who} sent more for a call that it had ended`;
      const because = [`${more}: mostly a reset, since it does not want the rest of the request`];
      return { certainty: 'likely', because, against: [], general: true };
    }
    const number = codeOf(failure);
    if (number === null) {
      return {
        certainty: 'possible',
        because: [`${who} ended the stream before its answer was complete`],
        against: [],
      };
    }
    const known = HTTP2_ERRORS[number];
    const frame = matched.kind.id === 'upstream-sent-goaway' ? 'GOAWAY' : 'RST_STREAM';
    const because = [`${who} sent ${frame} with ${number}${known ? ` (${known.name}), ${known.says}` : ''}`];
    because.push(...spread(failure));
    // A server that goes away says NO_ERROR or REFUSED_STREAM, and then nobody listens.
    const down = number === 0 || number === 7 ? stopped(failure) : null;
    if (down) because.push(down);
    return { certainty: 'likely', because, against: [], general: true };
  },
  remedy: {
    cure: (failure) =>
      cures(familyOf(failure))[codeOf(failure) ?? -1] ?? "look in the backend's own log at this second",
    mitigate: nextServer('grpc'),
    mitigateHere: (failure) => nextServer(familyOf(failure)),
    takesEffect: 'on the backend; nginx needs nothing',
  },
  checks: (failure) => [
    ...transport(failure),
    backendUnitLog(
      failure,
      'error|panic|exception|fatal|shutdown|too_many_pings|RESOURCE_EXHAUSTED',
      "a line of about this second from the backend's unit: its own reason.",
    ),
  ],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_grpc_module.html#grpc_pass',
    'https://nginx.org/en/docs/http/ngx_http_grpc_module.html#grpc_next_upstream',
  ],
};

function nextServer(family: string): string {
  return `with several servers in the upstream block, and calls that may be carried out twice: ${family}_next_upstream error timeout invalid_header non_idempotent`;
}

/** What the numbers ask for. */
const cures = (family: string): Readonly<Record<number, string>> => ({
  0: 'let the backend finish its calls before it shuts down (a graceful stop), and have several servers in the upstream block',
  1: `see the backend's log for what it does not like in the request: mostly a header (${family}_set_header), or Host and :authority`,
  2: "find the failure in the backend's log at this second: a panic or an exception in the handler of this call",
  3: 'update the backend: it miscounts what nginx may send',
  7: 'see whether the backend was shutting down or has a limit of streams or calls that was reached, and raise that or add servers',
  8: `see why the backend cancels the call: a deadline of its own${family === 'grpc' ? ' (grpc-timeout of the client among them)' : ''}, or a service behind it`,
  9: 'update the backend: its header compression is out of step with nginx',
  11: 'raise what the backend allows (calls, streams, pings), or send it less: this is its protection against too much load',
});

/** The code in the message; null where it has none. */
function codeOf({ matched }: Case): number | null {
  const text = matched.captures['error'];
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;
}

/** A later line that shows the same backend refusing connections. */
function stopped(failure: Case): string | null {
  const refused = aboutSamePeer(failure).find(
    ({ line, errno }) => line > failure.entry.line && errnoMeaning(errno) === 'refused',
  );
  return refused ? `line ${refused.line}: then nobody listened there: it was shut down` : null;
}

/** HTTP/2 past nginx, with a request that no method answers to. */
function transport(failure: Case): ReturnType<FailureMode['checks']> {
  const { peer } = failure;
  if (!peer || peer.host === null || peer.port === null) return [];
  const tls = peer.scheme === 'grpcs' || peer.scheme === 'https';
  const url = shellQuote(`${tls ? 'https' : 'http'}://${peer.host}:${peer.port}/`);
  return [
    {
      run: `curl -g -sS -v -o /dev/null --max-time 10 ${tls ? '--http2 -k' : '--http2-prior-knowledge'} ${url}`,
      where: onNginx(failure),
      expect:
        '"< HTTP/2" with any status: HTTP/2 works there, and this call fails by itself. "stream was not closed cleanly" or GOAWAY: the backend does it to all.',
    },
  ];
}
