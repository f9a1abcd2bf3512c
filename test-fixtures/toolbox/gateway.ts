import { createServer, type Socket } from 'node:net';
import { bigHeaderLines } from './http-answer.ts';
import { serve } from './listen.ts';
import { recordRaw } from './raw-server.ts';
import type { Backend, Listening, ReceivedRequest } from './types.ts';

/** How an application server behind FastCGI, uwsgi or SCGI answers. */
export interface GatewayAnswer extends Listening {
  /** 200 when absent. */
  status?: number;
  /** Added to the response. */
  headers?: [name: string, value: string][];
  /** Instead of a JSON text with the parameters and the body that came (see `GatewayEcho`). */
  body?: string;
  /** At least this many bytes of `Set-Cookie` header lines. */
  bigHeaders?: number;
  /** Milliseconds before the answer. */
  delayMs?: number;
  /** Each serves one connection from accept to close, as a child of php-fpm does; others wait. No limit when absent. */
  workers?: number;
  /** Fails after the request instead: in an orderly way, by a reset, in the middle of the header, or never answering. */
  fails?: 'close' | 'reset' | 'partial-header' | 'never-answers';
}

/** What the body of an answer holds, as JSON. */
export interface GatewayEcho {
  params: [name: string, value: string][];
  body: string;
}

/** One request taken off the wire. */
export interface GatewayRequest {
  params: [name: string, value: string][];
  body: Buffer;
  /** Bytes that it took. */
  used: number;
  /** Whether the connection stays open for another. */
  keepAlive: boolean;
}

/** What makes one gateway protocol different from the others. */
export interface GatewayProtocol {
  name: 'fastcgi' | 'uwsgi' | 'scgi';
  /** The first request in the bytes; `incomplete` when more must come, `foreign` when this is another protocol. */
  read(bytes: Buffer): GatewayRequest | 'incomplete' | 'foreign';
  /** Puts the header and body of a response, or a part of it that is the last, into the form of the wire. */
  wrap(response: Buffer, complete: boolean): Buffer;
  /** The first line of the response header, with its line end. */
  statusLine(status: number): string;
  /** What a client of another protocol gets. */
  onForeign(socket: Socket): void;
}

/** Serves one gateway protocol. */
export function serveGateway(protocol: GatewayProtocol, spec: GatewayAnswer): Promise<Backend> {
  const received: ReceivedRequest[] = [];
  let connections = 0;
  let free = spec.workers ?? Number.POSITIVE_INFINITY;
  const waiting: (() => void)[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = ++connections;
    // Nobody reads from a connection that waits.
    const take = () => {
      socket.on('close', () => {
        const next = waiting.shift();
        if (next) next();
        else free++;
      });
      talk(socket, connection);
    };
    if (free > 0) {
      free--;
      take();
    } else waiting.push(take);
  });
  const talk = (socket: Socket, connection: number) => {
    let pending: Buffer = Buffer.alloc(0);
    let foreign = false;
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      if (foreign || !socket.writable) return;
      // No client of these protocols sends a request before the answer to the last.
      const request = protocol.read(pending);
      if (request === 'incomplete') return;
      if (request === 'foreign') {
        foreign = true;
        recordRaw(received, connection, pending);
        protocol.onForeign(socket);
        return;
      }
      pending = pending.subarray(request.used);
      received.push(asRecord(protocol.name, request, connection));
      const timer = setTimeout(() => answer(protocol, spec, request, socket), spec.delayMs ?? 0);
      socket.on('close', () => clearTimeout(timer));
    });
    socket.on('end', () => socket.end());
  };
  return serve(server, spec, received);
}

function asRecord(
  protocol: GatewayProtocol['name'],
  { params, body }: GatewayRequest,
  connection: number,
): ReceivedRequest {
  const param = (name: string) => params.find(([key]) => key === name)?.[1] ?? '';
  const requestLine = `${param('REQUEST_METHOD')} ${param('REQUEST_URI')} ${param('SERVER_PROTOCOL')}`;
  return { requestLine, headers: params, body: body.toString('latin1'), protocol, connection };
}

function answer(protocol: GatewayProtocol, spec: GatewayAnswer, request: GatewayRequest, socket: Socket) {
  const status = protocol.statusLine(spec.status ?? 200);
  switch (spec.fails) {
    case 'close':
      socket.end();
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'partial-header':
      socket.end(protocol.wrap(Buffer.from(`${status}Content-Type: text/pl`), false));
      return;
    case 'never-answers':
      return;
    default:
  }
  const echo: GatewayEcho = { params: request.params, body: request.body.toString('latin1') };
  const type: [string, string] = [
    'Content-Type',
    spec.body === undefined ? 'application/json' : 'text/plain',
  ];
  const headers = [type, ...(spec.headers ?? []), ...bigHeaderLines(spec.bigHeaders ?? 0)];
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const response = `${status}${head}\r\n${spec.body ?? JSON.stringify(echo)}`;
  const bytes = protocol.wrap(Buffer.from(response), true);
  if (request.keepAlive) socket.write(bytes);
  else socket.end(bytes);
}
