import { bestPlace, peerAddress } from '../diagnosis/case.ts';
import { firstAnswer, whoListens } from '../diagnosis/commands.ts';
import { againstOtherProtocol } from '../diagnosis/spoken.ts';
import { isHttp } from '../errorlog/catalogue/shared.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { type Protocol, protocolInMessage } from '../errorlog/first-bytes.ts';
import { otherServiceOn } from '../errorlog/well-known-ports.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx speaks HTTP to a service of another protocol. Some close without a word (Redis, PostgreSQL, Kafka: 502), some
 * talk first, and nginx hands their greeting on as HTTP/0.9 (SSH, MySQL, SMTP: 009), MongoDB even answers 200. The
 * first bytes, where a message shows them, and the port name the service. Deliberately ignores: TLS, gRPC, FastCGI
 * and uwsgi, which have ids of their own, and connections that a backend closed after it had answered in HTTP.
 */
export const nonHttpBackend: FailureMode = {
  id: 'non-http-backend',
  title: 'The backend does not speak HTTP',
  what: 'nginx sends HTTP to a service of another protocol, such as Redis, MySQL, PostgreSQL, AMQP, SSH or SMTP.',
  why: 'What the client gets depends on the service: 502 where it closes the connection (Redis, PostgreSQL, Kafka, memcached), its raw greeting without status line where it talks (SSH, MySQL, SMTP, AMQP; 009 in the access log), 200 with a complaint from MongoDB.',
  do: 'Point proxy_pass at a port that speaks HTTP. To pass another protocol through, use a server in stream {}; memcached has memcached_pass.',
  status: null,
  versions: null,
  hits: 'every request through this location',
  signatures: [
    { message: 'upstream-prematurely-closed', when: speaksTo },
    { message: 'recv-failed', when: speaksTo },
    { message: 'upstream-not-http' },
    { message: 'upstream-prematurely-sent-response' },
    { message: 'upstream-too-large-http2-frame', when: (entry) => strange(entry) !== null },
    { message: 'fastcgi-unsupported-version', when: (entry) => strange(entry) !== null },
    { message: 'memcached-invalid-response' },
  ],
  weigh(failure) {
    const { entry, peer } = failure;
    const because: string[] = [];
    const answer = protocolInMessage(entry.message);
    if (entry.message.startsWith('memcached sent')) {
      if (answer) because.push(`memcached_pass asked, and the answer began with ${answer.words}`);
      return { certainty: because.length > 0 ? 'likely' : 'possible', because, against: [] };
    }
    const bytes = strange(entry);
    const service = peer?.port != null ? otherServiceOn(peer.port) : null;
    // One letter may be that of SSH as well: then the port decides.
    if (answer && bytes === null && !(answer.protocol === 'scgi' && service)) return null;
    if (bytes !== null) because.push(`the answer began with ${bytes}`);
    if (service) because.push(`port ${peer!.port} is that of ${service.name}, which ${service.does}`);
    const against = againstOtherProtocol(failure);
    if (against.length > 0) return { certainty: 'possible', because, against, refuted: true };
    if (because.length > 0)
      return { certainty: bytes !== null && service ? 'certain' : 'likely', because, against };
    // Closed or reset without a sign of another protocol says nothing of it.
    return entry.message.startsWith('upstream sent no valid') ||
      entry.message.startsWith('upstream prematurely sent')
      ? { certainty: 'possible', because, against }
      : null;
  },
  remedy: {
    cure: (failure) => {
      const address = failure.peer ? peerAddress(failure.peer) : 'the backend';
      const pass = bestPlace(failure)?.proxied?.pass.name ?? 'proxy_pass';
      if (failure.entry.message.startsWith('memcached sent'))
        return `name the address of memcached in memcached_pass; if ${address} is meant and speaks HTTP, use proxy_pass`;
      const service = failure.peer?.port != null ? otherServiceOn(failure.peer.port) : null;
      const what = service ? `: on ${address} usually listens ${service.name}` : ` (not ${address})`;
      const memcached = service?.name === 'memcached' ? 'use memcached_pass with $memcached_key' : null;
      return `name a port that speaks HTTP in ${pass}${what}; ${memcached ?? 'to pass another protocol through, use a server in stream {} with proxy_pass HOST:PORT'}`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => [...firstAnswer(failure), ...whoListens(failure)],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_memcached_module.html#memcached_pass',
  ],
};

/** Protocols that have a failure mode of their own, or are a kind of HTTP. */
const OWN: ReadonlySet<Protocol> = new Set([
  'http',
  'http2',
  'html',
  'json',
  'tls-alert',
  'tls-handshake',
  'proxy-protocol',
  'fastcgi',
  'scgi',
]);

/** The first bytes in words, where they are those of another protocol than HTTP. */
function strange({ message }: LogEntry): string | null {
  const answer = protocolInMessage(message);
  return answer && !OWN.has(answer.protocol) ? answer.words : null;
}

/** An HTTP request that failed before the response header was whole. */
function speaksTo({ action, upstream }: LogEntry): boolean {
  const scheme = upstream?.scheme ?? 'http';
  return (
    (isHttp(scheme) || scheme === 'grpc') && (action === null || action.startsWith('reading response header'))
  );
}
