import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface StallSpec extends Listening {
  kind: 'stall';
  /**
   * `never-answers` takes the request and stays silent; `never-reads` lets the client's send buffer fill up;
   * `reads-late` does so for a while, then reads all of the request and answers 200.
   */
  how: 'never-answers' | 'never-reads' | 'reads-late';
  /** Of `reads-late`: milliseconds before it reads; 900 when absent. */
  delayMs?: number;
}

/** Accepts connections and then does nothing, or nothing for a while. */
export async function startStall(spec: StallSpec): Promise<Backend> {
  switch (spec.how) {
    case 'never-answers':
      return serveRaw(spec, {});
    case 'never-reads':
      return serveRaw(spec, { accepted: (socket) => socket.pause() });
    case 'reads-late':
      return serveRaw(spec, {
        accepted(socket) {
          socket.pause();
          const timer = setTimeout(() => socket.resume(), spec.delayMs ?? 900);
          socket.on('close', () => clearTimeout(timer));
        },
        request: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate'),
      });
  }
}
