import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface TlsAlertSpec extends Listening {
  kind: 'tls-alert';
  /** Number of the alert: 40 handshake failure, 70 protocol version (when absent), 112 unrecognized name ... */
  alert?: number;
}

/** Answers whatever comes first with a fatal TLS alert and closes. */
export async function startTlsAlert(spec: TlsAlertSpec): Promise<Backend> {
  const record = Buffer.from([0x15, 3, 1, 0, 2, 2, spec.alert ?? 70]);
  return serveRaw(spec, {
    bytes: (socket, chunk, total) => chunk.length === total && socket.end(record),
  });
}
