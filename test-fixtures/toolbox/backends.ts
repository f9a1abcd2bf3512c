import { type BannerSpec, startBanner } from './backends/banner.ts';
import { type BigHeadersSpec, startBigHeaders } from './backends/big-headers.ts';
import { type BodyLimitSpec, startBodyLimit } from './backends/body-limit.ts';
import { type CloseSpec, startClose } from './backends/close.ts';
import { type DnsSpec, startDns } from './backends/dns.ts';
import { type EarlyAnswerSpec, startEarlyAnswer } from './backends/early-answer.ts';
import { type EchoSpec, startEcho } from './backends/echo.ts';
import { type FastCgiSpec, startFastCgi } from './backends/fastcgi.ts';
import { type FullBacklogSpec, startFullBacklog } from './backends/full-backlog.ts';
import { type GrpcSpec, startGrpc } from './backends/grpc.ts';
import { type H2cSpec, startH2c } from './backends/h2c.ts';
import { type Http11OnlySpec, startHttp11Only } from './backends/http11-only.ts';
import { type MemcachedSpec, startMemcached } from './backends/memcached.ts';
import { type ProxyProtocolSpec, startProxyProtocol } from './backends/proxy-protocol.ts';
import { type RawBytesSpec, startRawBytes } from './backends/raw-bytes.ts';
import { type RedisSpec, startRedis } from './backends/redis.ts';
import { type RefuseSpec, startRefuse } from './backends/refuse.ts';
import { type ResetSpec, startReset } from './backends/reset.ts';
import { type ScgiSpec, startScgi } from './backends/scgi.ts';
import { type StaleKeepaliveSpec, startStaleKeepalive } from './backends/stale-keepalive.ts';
import { type StallSpec, startStall } from './backends/stall.ts';
import { type StrictHostSpec, startStrictHost } from './backends/strict-host.ts';
import { startTls, type TlsSpec } from './backends/tls.ts';
import { startTlsAlert, type TlsAlertSpec } from './backends/tls-alert.ts';
import { startUnixSocket, type UnixSocketSpec } from './backends/unix-socket.ts';
import { startUwsgi, type UwsgiSpec } from './backends/uwsgi.ts';
import { startWebSocket, type WebSocketSpec } from './backends/websocket.ts';
import type { Backend } from './types.ts';

export type { Backend, Protocol, ReceivedRequest } from './types.ts';

/** What a fixture says about a backend it needs. Plain JSON; addresses are the unmapped ones of the fixture. */
export type BackendSpec =
  | BannerSpec
  | BigHeadersSpec
  | BodyLimitSpec
  | CloseSpec
  | DnsSpec
  | EarlyAnswerSpec
  | EchoSpec
  | FastCgiSpec
  | FullBacklogSpec
  | GrpcSpec
  | H2cSpec
  | Http11OnlySpec
  | MemcachedSpec
  | ProxyProtocolSpec
  | RawBytesSpec
  | RedisSpec
  | RefuseSpec
  | ResetSpec
  | ScgiSpec
  | StaleKeepaliveSpec
  | StallSpec
  | StrictHostSpec
  | TlsSpec
  | TlsAlertSpec
  | UnixSocketSpec
  | UwsgiSpec
  | WebSocketSpec;

type Starters = {
  [Kind in BackendSpec['kind']]: (spec: Extract<BackendSpec, { kind: Kind }>) => Promise<Backend>;
};

const STARTERS: Starters = {
  banner: startBanner,
  'big-headers': startBigHeaders,
  'body-limit': startBodyLimit,
  close: startClose,
  dns: startDns,
  'early-answer': startEarlyAnswer,
  echo: startEcho,
  fastcgi: startFastCgi,
  'full-backlog': startFullBacklog,
  grpc: startGrpc,
  h2c: startH2c,
  'http11-only': startHttp11Only,
  memcached: startMemcached,
  'proxy-protocol': startProxyProtocol,
  'raw-bytes': startRawBytes,
  redis: startRedis,
  refuse: startRefuse,
  reset: startReset,
  scgi: startScgi,
  'stale-keepalive': startStaleKeepalive,
  stall: startStall,
  'strict-host': startStrictHost,
  'tls-alert': startTlsAlert,
  tls: startTls,
  'unix-socket': startUnixSocket,
  uwsgi: startUwsgi,
  websocket: startWebSocket,
};

/** All kinds, sorted. */
export const BACKEND_KINDS = Object.keys(STARTERS).sort() as BackendSpec['kind'][];

/**
 * Starts one backend; it listens when the promise is fulfilled.
 * Rejects for an unknown kind, an address that is taken, and any address that is not loopback.
 */
export async function startBackend(spec: BackendSpec): Promise<Backend> {
  const start = STARTERS[spec.kind] as ((spec: BackendSpec) => Promise<Backend>) | undefined;
  if (!start)
    throw new Error(`unknown kind of backend "${spec.kind}"; there are ${BACKEND_KINDS.join(', ')}`);
  return start(spec);
}

/** Starts several. When one does not start, the others are stopped again and its error is thrown. */
export async function startBackends(specs: readonly BackendSpec[]): Promise<Backend[]> {
  const results = await Promise.allSettled(specs.map(startBackend));
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return started;
  await Promise.all(started.map((backend) => backend.stop()));
  throw failed.reason;
}
