import { type BigHeadersSpec, startBigHeaders } from './backends/big-headers.ts';
import { type CloseSpec, startClose } from './backends/close.ts';
import { type DnsSpec, startDns } from './backends/dns.ts';
import { type EchoSpec, startEcho } from './backends/echo.ts';
import { type FullBacklogSpec, startFullBacklog } from './backends/full-backlog.ts';
import { type RawBytesSpec, startRawBytes } from './backends/raw-bytes.ts';
import { type RefuseSpec, startRefuse } from './backends/refuse.ts';
import { type ResetSpec, startReset } from './backends/reset.ts';
import { type StallSpec, startStall } from './backends/stall.ts';
import { startTls, type TlsSpec } from './backends/tls.ts';
import { startUnixSocket, type UnixSocketSpec } from './backends/unix-socket.ts';
import { startWebSocket, type WebSocketSpec } from './backends/websocket.ts';
import type { Backend } from './types.ts';

export type { Backend, Protocol, ReceivedRequest } from './types.ts';

/** What a fixture says about a backend it needs. Plain JSON; addresses are the unmapped ones of the fixture. */
export type BackendSpec =
  | BigHeadersSpec
  | CloseSpec
  | DnsSpec
  | EchoSpec
  | FullBacklogSpec
  | RawBytesSpec
  | RefuseSpec
  | ResetSpec
  | StallSpec
  | TlsSpec
  | UnixSocketSpec
  | WebSocketSpec;

type Starters = {
  [Kind in BackendSpec['kind']]: (spec: Extract<BackendSpec, { kind: Kind }>) => Promise<Backend>;
};

const STARTERS: Starters = {
  'big-headers': startBigHeaders,
  close: startClose,
  dns: startDns,
  echo: startEcho,
  'full-backlog': startFullBacklog,
  'raw-bytes': startRawBytes,
  refuse: startRefuse,
  reset: startReset,
  stall: startStall,
  tls: startTls,
  'unix-socket': startUnixSocket,
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
