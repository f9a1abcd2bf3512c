import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { pairs } from './http-answer.ts';
import type { ReceivedRequest } from './types.ts';

/** Records every stream of an HTTP/2 server and hands it on when its request is complete. */
export function recordStreams(
  server: Http2Server,
  received: ReceivedRequest[],
  answer: (stream: ServerHttp2Stream, record: ReceivedRequest) => void,
): void {
  const sessions = new WeakMap<object, number>();
  let count = 0;
  server.on('session', (session: ServerHttp2Session) => {
    sessions.set(session, ++count);
    session.on('error', () => {});
  });
  server.on('sessionError', () => {});
  server.on(
    'stream',
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
      const record: ReceivedRequest = {
        requestLine: `${headers[':method']} ${headers[':path']} HTTP/2`,
        headers: pairs(rawHeaders),
        body: '',
        protocol: 'h2',
        connection: sessions.get(stream.session!)!,
      };
      received.push(record);
      stream.on('error', () => {});
      stream.on('data', (chunk: Buffer) => {
        record.body += chunk.toString('latin1');
      });
      stream.on('end', () => {
        if (!stream.destroyed) answer(stream, record);
      });
    },
  );
}
