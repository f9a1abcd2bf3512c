import { createServer, type Socket } from 'node:net';
import { serve } from './listen.ts';
import type { Backend, Listening, Protocol, ReceivedRequest } from './types.ts';

/** A server of a protocol of text lines. Every line is recorded as a request of its own. */
export function serveLines(
  options: Listening,
  protocol: Protocol,
  answer: (socket: Socket, line: string) => void,
): Promise<Backend> {
  const received: ReceivedRequest[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    const connection = ++connections;
    let pending = '';
    socket.on('data', (chunk) => {
      const lines = (pending + chunk.toString('latin1')).split(/\r?\n/);
      pending = lines.pop()!;
      for (const line of lines) {
        if (!socket.writable) return;
        received.push({ requestLine: line, headers: [], body: '', protocol, connection });
        answer(socket, line);
      }
    });
  });
  return serve(server, options, received);
}
