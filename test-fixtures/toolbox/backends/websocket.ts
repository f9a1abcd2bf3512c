import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pairs } from '../http-answer.ts';
import { serve } from '../listen.ts';
import type { Backend, Listening, ReceivedRequest } from '../types.ts';
import { LENIENT } from './echo.ts';

export interface WebSocketSpec extends Listening {
  kind: 'websocket';
  /** Insists on HTTP/1.1, as RFC 6455 does and most servers do. A lenient server takes 1.0 too. False when absent. */
  strict?: boolean;
  /** The answer to a request without an upgrade; 426 when absent. */
  plainStatus?: number;
  /** Sends a ping frame every so many milliseconds, which keeps an idle tunnel open. */
  pingMs?: number;
}

/** A WebSocket server that echoes text and binary frames; a request that asks for no upgrade gets 426. */
export async function startWebSocket(spec: WebSocketSpec): Promise<Backend> {
  const received: ReceivedRequest[] = [];
  let connections = 0;
  const record = (request: IncomingMessage) => {
    received.push({
      requestLine: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
      headers: pairs(request.rawHeaders),
      body: '',
      protocol: 'http/1',
      connection: connections,
    });
  };
  const server = createServer(LENIENT, (request, response) => {
    record(request);
    request.resume();
    response.writeHead(spec.plainStatus ?? 426, { 'Content-Type': 'text/plain' });
    response.end('Upgrade Required');
  });
  server.on('connection', () => {
    connections++;
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    record(request);
    const key = request.headers['sec-websocket-key'];
    const acceptable =
      request.headers.upgrade?.toLowerCase() === 'websocket' &&
      (!spec.strict || request.httpVersion === '1.1');
    if (!key || !acceptable) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    echoFrames(socket);
    if (spec.pingMs !== undefined) {
      const timer = setInterval(() => socket.write(frame(PING, Buffer.alloc(0))), spec.pingMs);
      socket.on('close', () => clearInterval(timer));
    }
  });
  return serve(server, spec, received);
}

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** An unmasked frame, as servers send them. */
function frame(opcode: number, payload: Buffer): Buffer {
  const length =
    payload.length < 126 ? [payload.length] : [126, (payload.length >> 8) & 0xff, payload.length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length]), payload]);
}

function echoFrames(socket: Duplex) {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      if (pending.length < 2) return;
      const opcode = pending[0]! & 15;
      const short = pending[1]! & 127;
      // 64-bit lengths are for messages far larger than any test sends.
      const maskAt = short === 126 ? 4 : 2;
      if (pending.length < maskAt + 4) return;
      const length = short === 126 ? pending.readUInt16BE(2) : short;
      const end = maskAt + 4 + length;
      if (pending.length < end) return;
      const mask = pending.subarray(maskAt, maskAt + 4);
      const payload = Buffer.from(pending.subarray(maskAt + 4, end).map((byte, i) => byte ^ mask[i % 4]!));
      pending = pending.subarray(end);
      if (opcode === TEXT || opcode === BINARY) socket.write(frame(opcode, payload));
      else if (opcode === PING) socket.write(frame(PONG, payload));
      else if (opcode === CLOSE) socket.end(frame(CLOSE, payload));
    }
  });
}
