import type { Socket } from 'node:net';
import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface RawBytesSpec extends Listening {
  kind: 'raw-bytes';
  /** One character per byte (latin1). Exactly one of `text` and `base64` is given. */
  text?: string;
  base64?: string;
  /** `request` (when absent): after the request was read. `accept`: the server talks first. `bytes`: after any bytes. */
  when?: 'request' | 'accept' | 'bytes';
  /** Keeps the connection open behind the bytes. When absent it is closed. */
  hold?: boolean;
}

/** Sends exactly these bytes to every request: malformed headers, other protocols, cut bodies. */
export async function startRawBytes(spec: RawBytesSpec): Promise<Backend> {
  if ((spec.text === undefined) === (spec.base64 === undefined))
    throw new Error('raw-bytes: give either text or base64');
  const bytes =
    spec.text === undefined ? Buffer.from(spec.base64!, 'base64') : Buffer.from(spec.text, 'latin1');
  const answer = (socket: Socket) => {
    if (!socket.writable) return;
    if (spec.hold) socket.write(bytes);
    else socket.end(bytes);
  };
  switch (spec.when ?? 'request') {
    case 'accept':
      return serveRaw(spec, { accepted: answer });
    case 'bytes':
      return serveRaw(spec, { bytes: (socket, chunk, total) => chunk.length === total && answer(socket) });
    case 'request':
      return serveRaw(spec, { request: answer });
  }
}
