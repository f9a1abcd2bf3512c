import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface Http11OnlySpec extends Listening {
  kind: 'http11-only';
  /** What a request in HTTP/1.0 gets: a 426 (when absent) or the connection closed. */
  refusal?: '426' | 'close';
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';
const UPGRADE_REQUIRED =
  'HTTP/1.1 426 Upgrade Required\r\nUpgrade: HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** Refuses HTTP/1.0, which is what nginx speaks to backends by default before 1.29.7. Envoy does so. */
export async function startHttp11Only(spec: Http11OnlySpec): Promise<Backend> {
  const refusal = spec.refusal === 'close' ? '' : UPGRADE_REQUIRED;
  return serveRaw(spec, {
    request: (socket, { record }) => socket.end(/HTTP\/1\.0$/.test(record.requestLine) ? refusal : OK),
  });
}
