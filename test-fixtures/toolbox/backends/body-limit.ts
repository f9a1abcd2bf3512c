import { headerOf } from '../http-message.ts';
import { type RawRequest, serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface BodyLimitSpec extends Listening {
  kind: 'body-limit';
  /** Bytes of the largest body that it takes. */
  bytes: number;
}

/** How long a client has to fill all buffers on the way, so that it waits for an answer, or to write, when it is cut off. */
const UNREAD_MS = 200;

/**
 * Answers 200, but resets the connection of a request that announces a larger body than it takes, with the body unread
 * and without an answer.
 */
export async function startBodyLimit({ bytes, ...spec }: BodyLimitSpec): Promise<Backend> {
  const takes = ({ record }: RawRequest) => Number(headerOf(record.headers, 'content-length') ?? 0) <= bytes;
  return serveRaw(spec, {
    head(socket, request) {
      if (takes(request)) return;
      socket.pause();
      const timer = setTimeout(() => socket.resetAndDestroy(), UNREAD_MS);
      socket.on('close', () => clearTimeout(timer));
    },
    // A small body may have come together with the head.
    request(socket, request) {
      if (takes(request))
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\ntaken');
    },
  });
}
