import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface ResetSpec extends Listening {
  kind: 'reset';
  /** At once, after the request was read, after 30 kB of the request body, or after a part of the response body. */
  when: 'accept' | 'request' | 'request-body' | 'response-body';
}

/** Resets the connection (RST), as a crashing process or a firewall does. On a unix socket it is an abrupt close. */
export async function startReset(spec: ResetSpec): Promise<Backend> {
  switch (spec.when) {
    case 'accept':
      return serveRaw(spec, { accepted: (socket) => socket.resetAndDestroy() });
    case 'request':
      return serveRaw(spec, { request: (socket) => socket.resetAndDestroy() });
    case 'request-body':
      return serveRaw(spec, { bytes: (socket, _chunk, total) => total > 30_000 && socket.resetAndDestroy() });
    case 'response-body':
      return serveRaw(spec, {
        request(socket) {
          // A reset overtakes what is still queued, so it waits until the peer has had time to read the header.
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${'x'.repeat(50)}`, () => {
            setTimeout(() => socket.resetAndDestroy(), 50);
          });
        },
      });
  }
}
