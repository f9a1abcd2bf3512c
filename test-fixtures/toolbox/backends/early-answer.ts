import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface EarlyAnswerSpec extends Listening {
  kind: 'early-answer';
  /** 413 when absent. */
  status?: number;
  /** Milliseconds between the answer and the reset; 30 when absent. */
  resetAfterMs?: number;
}

/** Answers when it has seen the head of a request, reads no more of its body, and then resets the connection. */
export async function startEarlyAnswer({
  status = 413,
  resetAfterMs = 30,
  ...spec
}: EarlyAnswerSpec): Promise<Backend> {
  return serveRaw(spec, {
    head(socket) {
      socket.pause();
      socket.write(`HTTP/1.1 ${status} Early\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig`);
      const timer = setTimeout(() => socket.resetAndDestroy(), resetAfterMs);
      socket.on('close', () => clearTimeout(timer));
    },
  });
}
