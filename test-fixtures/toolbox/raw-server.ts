import { createServer, type Socket } from 'node:net';
import { headerOf, readHead, readRequestBody } from './http-message.ts';
import { serve } from './listen.ts';
import type { Backend, Listening, ReceivedRequest } from './types.ts';

/** One request as a raw server sees it. */
export interface RawRequest {
  record: ReceivedRequest;
  /** Counts the requests of this connection from 1. */
  nth: number;
  /** Whether the client wants the connection kept after the answer. */
  keepAlive: boolean;
}

/** What a raw server does. All of it is optional: by default a client is heard and never answered. */
export interface RawHandlers {
  /** What must come before the first request of a connection; a client that sends anything else is closed. */
  preamble?: RegExp;
  /** A connection was accepted. */
  accepted?(socket: Socket, connection: number): void;
  /** A request head is complete. */
  head?(socket: Socket, request: RawRequest): void;
  /** A request and its body are complete. */
  request?(socket: Socket, request: RawRequest): void;
  /** Bytes came, parsed or not. `total` counts the bytes of this connection. */
  bytes?(socket: Socket, chunk: Buffer, total: number): void;
}

/**
 * A TCP or unix server that records the HTTP/1 requests it reads and leaves every answer to its handlers, so that
 * they can send what no HTTP library would. Bytes that are no HTTP/1 request are recorded as `raw`.
 */
export function serveRaw(options: Listening, handlers: RawHandlers): Promise<Backend> {
  const received: ReceivedRequest[] = [];
  let connections = 0;
  // allowHalfOpen: the handlers decide when to close, also after the client has said that it sends no more.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = ++connections;
    readRequests(socket, connection, received, handlers);
    socket.on('end', () => socket.end());
    handlers.accepted?.(socket, connection);
  });
  return serve(server, options, received);
}

function readRequests(
  socket: Socket,
  connection: number,
  received: ReceivedRequest[],
  handlers: RawHandlers,
) {
  let pending: Buffer = Buffer.alloc(0);
  let total = 0;
  let nth = 0;
  let open: RawRequest | null = null;
  let preamble = handlers.preamble;
  socket.on('data', (chunk) => {
    total += chunk.length;
    handlers.bytes?.(socket, chunk, total);
    pending = Buffer.concat([pending, chunk]);
    if (preamble) {
      const text = preamble.exec(pending.toString('latin1'))?.[0];
      if (text === undefined) {
        recordRaw(received, connection, pending);
        pending = Buffer.alloc(0);
        socket.end();
        return;
      }
      pending = pending.subarray(text.length);
      preamble = undefined;
    }
    for (;;) {
      if (pending.length === 0) return;
      if (!looksLikeHttp(pending)) {
        recordRaw(received, connection, pending);
        pending = Buffer.alloc(0);
        return;
      }
      const head = readHead(pending);
      if (!head) return;
      if (!open) {
        const record: ReceivedRequest = {
          requestLine: head.startLine,
          headers: head.headers,
          body: '',
          protocol: 'http/1',
          connection,
        };
        received.push(record);
        open = { record, nth: ++nth, keepAlive: wantsKeepAlive(head.startLine, head.headers) };
        handlers.head?.(socket, open);
      }
      const { body, complete, used } = readRequestBody(head, pending);
      open.record.body = body.toString('latin1');
      if (!complete) return;
      pending = pending.subarray(head.bodyAt + used);
      const done = open;
      open = null;
      handlers.request?.(socket, done);
    }
  });
}

/** Appends to the raw record of this connection, so that one dialogue stays one record. */
export function recordRaw(received: ReceivedRequest[], connection: number, bytes: Buffer): void {
  const last = received.findLast((record) => record.connection === connection && record.protocol === 'raw');
  if (last) last.body += bytes.toString('latin1');
  else {
    const body = bytes.toString('latin1');
    received.push({ requestLine: '', headers: [], body, protocol: 'raw', connection });
  }
}

function looksLikeHttp(bytes: Buffer): boolean {
  return (
    /^[A-Z]{1,24}(?: |$)/.test(bytes.toString('latin1', 0, 25)) &&
    !bytes.subarray(0, 14).equals(HTTP2_PREFACE)
  );
}

const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0');

function wantsKeepAlive(requestLine: string, headers: [string, string][]): boolean {
  const connection = headerOf(headers, 'connection') ?? '';
  return /HTTP\/1\.0$/.test(requestLine) ? /keep-alive/i.test(connection) : !/close/i.test(connection);
}
