import { offersHttp2 } from '../config/grpc-evidence.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { ownListens, spokenElsewhere } from '../diagnosis/spoken.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { protocolInMessage } from '../errorlog/first-bytes.ts';
import { TLS_PORTS } from '../errorlog/well-known-ports.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * grpc_pass speaks HTTP/2 at once, and the backend answers in HTTP/1: nginx reads "HTT" as the length of a frame,
 * 4740180. Over TLS nginx asks for h2 by ALPN but does not look at the outcome, so grpcs:// fails in the same way, or
 * with alert 120 where the backend insists. A TLS port that meets plain text may answer 400 in HTTP/1 too: such a
 * port speaks against. Deliberately ignores: http:// and https:// (http2-upstream-mismatch), other first bytes.
 */
export const grpcPassToHttpBackend: FailureMode = {
  id: 'grpc-pass-to-http-backend',
  title: 'grpc_pass leads to a backend that answers in HTTP/1',
  what: 'grpc_pass speaks HTTP/2 to a backend that does not: it answers in HTTP/1.',
  why: 'nginx takes the first letters of "HTTP/1.1" for the length of an HTTP/2 frame (4740180 is "HTT"), refuses the answer and sends 502; a gRPC client sees UNAVAILABLE.',
  do: 'Name the port on which the backend speaks gRPC. If it is an HTTP/1 backend, use proxy_pass instead of grpc_pass.',
  status: '502',
  versions: null,
  hits: 'every call through this location',
  signatures: [
    { message: 'upstream-too-large-http2-frame', when: isGrpc },
    {
      message: 'upstream-rejected-http2-request',
      when: (entry) => isGrpc(entry) && / error 13\b/.test(entry.message),
    },
  ],
  weigh(failure) {
    const { entry, peer } = failure;
    if (!isGrpc(entry)) return null;
    const answer = protocolInMessage(entry.message);
    const because: string[] = [];
    if (answer?.protocol === 'http')
      because.push(`the answer began with ${answer.words}, which is no HTTP/2 frame`);
    else if (answer && answer.protocol !== 'html' && answer.protocol !== 'json') return null;
    else if (answer) because.push(`the answer began with ${answer.words}`);
    else if (/ error 13\b/.test(entry.message))
      because.push('the backend itself asks for HTTP/1.1 (error 13)');
    const http = httpEvidence(failure);
    if (http !== null) because.push(http);
    const against: string[] = [];
    if (peer?.scheme === 'grpc' && peer.port !== null && TLS_PORTS.has(peer.port))
      against.push(
        `port ${peer.port} usually speaks TLS: such a server may answer plain text with a 400 in HTTP/1`,
      );
    const target = bestPlace(failure)?.proxied;
    if (target?.scheme && !target.scheme.startsWith('grpc'))
      against.push(`${target.pass.text} does not speak gRPC in this file`);
    if (because.length === 0) return { certainty: 'possible', because, against };
    const sure = answer?.protocol === 'http' && http !== null && against.length === 0;
    return { certainty: sure ? 'certain' : 'likely', because, against };
  },
  remedy: {
    cure: (failure) => {
      const address = failure.peer ? peerAddress(failure.peer) : 'HOST:PORT';
      const scheme = failure.peer?.scheme === 'grpcs' ? 'https' : 'http';
      return `name the port on which the backend speaks gRPC; if ${address} is meant, it speaks HTTP/1: use proxy_pass ${scheme}://${address} and proxy_set_header in place of grpc_pass and grpc_set_header`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: spokenVersion,
  references: [
    'https://nginx.org/en/docs/http/ngx_http_grpc_module.html#grpc_pass',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
  ],
};

function isGrpc({ upstream }: LogEntry): boolean {
  const scheme = upstream?.scheme ?? null;
  return scheme === null || scheme === 'grpc' || scheme === 'grpcs';
}

/** What in the files says that the address speaks HTTP/1. */
function httpEvidence(failure: Case): string | null {
  const other = spokenElsewhere(failure, 'http', 'https');
  if (other && other.pass !== bestPlace(failure)?.proxied?.pass)
    return `${other.pass.text} speaks HTTP to the same address`;
  const own = ownListens(failure);
  return own[0] && own.every(({ server }) => !offersHttp2(server))
    ? `nginx itself listens there without http2: ${own[0].node.text}`
    : null;
}

/** The version of HTTP that the port speaks, asked as gRPC asks. */
function spokenVersion(failure: Case): { run: string; where: string; expect: string }[] {
  const { peer } = failure;
  if (!peer || peer.host === null || peer.port === null) return [];
  const tls = peer.scheme === 'grpcs';
  const url = shellQuote(`${tls ? 'https' : 'http'}://${peerAddress(peer)}/`);
  return [
    {
      run: `curl -g -sS -o /dev/null -w '%{http_version}\\n' --max-time 5 ${tls ? '-k --http2' : '--http2-prior-knowledge'} ${url}`,
      where: onNginx(failure),
      expect:
        '2: the port speaks HTTP/2, as gRPC needs. 1.1, or an error about the frame or the protocol: HTTP/1 only.',
    },
  ];
}
