import { bigHeaderLines } from '../http-answer.ts';
import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface BigHeadersSpec extends Listening {
  kind: 'big-headers';
  /** Bytes of the response header. nginx's proxy_buffer_size is one memory page, 4096 or 8192. */
  bytes: number;
}

/** A plain HTTP/1 server whose response header has at least so many bytes, as cookies of up to 1 kB each. */
export async function startBigHeaders(spec: BigHeadersSpec): Promise<Backend> {
  const lines = bigHeaderLines(spec.bytes).map(([name, value]) => `${name}: ${value}\r\n`);
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n${lines.join('')}\r\nok`;
  return serveRaw(spec, { request: (socket) => socket.end(answer) });
}
