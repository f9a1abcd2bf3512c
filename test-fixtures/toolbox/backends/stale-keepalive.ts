import type { Socket } from 'node:net';
import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface StaleKeepaliveSpec extends Listening {
  kind: 'stale-keepalive';
  /**
   * - `fin`, `rst`: the second request on a connection is met by a close or a reset, as when the backend's idle timer
   *   fires at the moment the request is on its way.
   * - `idle`: closes an idle connection by itself, in time for nginx to see it.
   * - `idle-408`: the same, with a `408` written before, as some servers do.
   */
  how: 'fin' | 'rst' | 'idle' | 'idle-408';
  /** For `idle` and `idle-408`: milliseconds until the close; 100 when absent. */
  idleMs?: number;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok';
const OK_CLOSE = OK.replace('keep-alive', 'close');
const TOO_LATE = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** Promises to keep connections open, and closes them. Requests that ask for a close get their answer. */
export async function startStaleKeepalive(spec: StaleKeepaliveSpec): Promise<Backend> {
  const idle = new WeakMap<Socket, NodeJS.Timeout>();
  return serveRaw(spec, {
    accepted: (socket) => socket.on('close', () => clearTimeout(idle.get(socket))),
    head(socket, { nth }) {
      clearTimeout(idle.get(socket));
      if (nth === 1) return;
      if (spec.how === 'fin') socket.end();
      if (spec.how === 'rst') socket.resetAndDestroy();
    },
    request(socket, { keepAlive }) {
      if (!socket.writable) return;
      if (!keepAlive) {
        socket.end(OK_CLOSE);
        return;
      }
      socket.write(OK);
      if (spec.how === 'fin' || spec.how === 'rst') return;
      const close = () => socket.end(spec.how === 'idle-408' ? TOO_LATE : '');
      idle.set(socket, setTimeout(close, spec.idleMs ?? 100));
    },
  });
}
