import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface CloseSpec extends Listening {
  kind: 'close';
  /** At once, after the request was read, or in the middle of the response header. */
  when: 'accept' | 'request' | 'partial-header';
  /** Milliseconds between the request and the end; 0 when absent. */
  delayMs?: number;
}

/** Closes the connection in an orderly way (FIN) before the response header is complete. */
export async function startClose(spec: CloseSpec): Promise<Backend> {
  if (spec.when === 'accept') return serveRaw(spec, { accepted: (socket) => socket.end() });
  return serveRaw(spec, {
    request(socket) {
      if (spec.when === 'partial-header') socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/pl');
      const timer = setTimeout(() => socket.end(), spec.delayMs ?? 0);
      socket.on('close', () => clearTimeout(timer));
    },
  });
}
