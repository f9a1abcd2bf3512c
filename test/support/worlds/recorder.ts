import { chmod } from 'node:fs/promises';
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import type { Backends } from './upstream-world.ts';

/** What a backend received: the head byte for byte for HTTP/1, names and values in order for the rest. */
export interface Recorded {
  readonly kind: 'http' | 'fastcgi' | 'uwsgi' | 'scgi' | 'grpc';
  readonly head: string;
  readonly pairs: readonly (readonly [string, string])[];
  readonly body: string;
}

type Found = { readonly recorded: Recorded } | null;

/** Backends that answer every request with what they received, as JSON. */
export async function startRecorders(backends: Backends): Promise<() => Promise<void>> {
  const servers: Server[] = [];
  const serve = async (
    address: string,
    read: (data: Buffer) => Found,
    wrap: (json: string) => Buffer | string,
  ): Promise<void> => {
    const server = createServer((socket) => answer(socket, read, wrap));
    servers.push(server);
    await listen(server, address);
  };
  await serve(backends.http, readHttp, plainAnswer);
  await serve(backends.socket, readHttp, plainAnswer);
  await serve(backends.uwsgi, readUwsgi, plainAnswer);
  await serve(backends.scgi, readScgi, (json) => `Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n${json}`);
  await serve(backends.fastcgi, readFastCgi, fastCgiAnswer);
  const grpc = createHttp2();
  grpc.on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: number, raw: unknown) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const names = raw as string[];
      const pairs: [string, string][] = [];
      for (let i = 0; i < names.length; i += 2) pairs.push([names[i]!, names[i + 1]!]);
      const body = Buffer.concat(chunks).toString('latin1');
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.end(toJson({ kind: 'grpc', head: '', pairs, body }));
    });
  });
  await listen(grpc as unknown as Server, backends.grpc);
  // nginx's workers are somebody else.
  await chmod(backends.socket, 0o666);
  return async () => {
    for (const server of servers) server.close();
    grpc.close();
  };
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const [host, port] = address.split(':');
    if (address.startsWith('/')) server.listen(address, resolve);
    else server.listen(Number(port), host, resolve);
  });
}

function answer(
  socket: Socket,
  read: (data: Buffer) => Found,
  wrap: (json: string) => Buffer | string,
): void {
  let data = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    data = Buffer.concat([data, chunk as Buffer]);
    const found = read(data);
    if (found) socket.end(wrap(toJson(found.recorded)));
  });
}

/** Bytes stay one character each, also through JSON. */
function toJson(recorded: Recorded): string {
  return JSON.stringify(recorded).replace(
    /[\u0080-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function plainAnswer(json: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${json.length}\r\nConnection: close\r\n\r\n${json}`;
}

function readHttp(data: Buffer): Found {
  const text = data.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = text.slice(0, end + 4);
  const rest = text.slice(end + 4);
  // Only headers that frame a body: a configuration may send others of these names.
  const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
  const chunked = /\r\ntransfer-encoding: chunked\r\n/i.test(head);
  if (chunked ? !rest.endsWith('0\r\n\r\n') && rest !== '' : rest.length < Math.min(length, rest.length))
    return null;
  return { recorded: { kind: 'http', head, pairs: [], body: rest } };
}

function readUwsgi(data: Buffer): Found {
  if (data.length < 4 || data.length < 4 + data.readUInt16LE(1)) return null;
  const end = 4 + data.readUInt16LE(1);
  const pairs: [string, string][] = [];
  let at = 4;
  const word = (): string => {
    const length = data.readUInt16LE(at);
    at += 2 + length;
    return data.toString('latin1', at - length, at);
  };
  while (at < end) pairs.push([word(), word()]);
  return { recorded: { kind: 'uwsgi', head: '', pairs, body: data.toString('latin1', end) } };
}

function readScgi(data: Buffer): Found {
  const text = data.toString('latin1');
  const colon = text.indexOf(':');
  if (colon < 0) return null;
  const end = colon + 1 + Number(text.slice(0, colon));
  if (text.length <= end) return null;
  const words = text.slice(colon + 1, end).split('\0');
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < words.length; i += 2) pairs.push([words[i]!, words[i + 1]!]);
  return { recorded: { kind: 'scgi', head: '', pairs, body: text.slice(end + 1) } };
}

const PARAMS = 4;
const STDIN = 5;

function readFastCgi(data: Buffer): Found {
  const params: Buffer[] = [];
  const body: Buffer[] = [];
  let over = false;
  for (let at = 0; at + 8 <= data.length; ) {
    const type = data[at + 1]!;
    const length = data.readUInt16BE(at + 4);
    const next = at + 8 + length + data[at + 6]!;
    if (next > data.length) return null;
    const content = data.subarray(at + 8, at + 8 + length);
    if (type === PARAMS) params.push(content);
    if (type === STDIN) {
      body.push(content);
      over ||= length === 0;
    }
    at = next;
  }
  if (!over) return null;
  const all = Buffer.concat(params);
  const pairs: [string, string][] = [];
  let at = 0;
  const size = (): number => {
    const first = all[at]!;
    at += first < 128 ? 1 : 4;
    return first < 128 ? first : all.readUInt32BE(at - 4) & 0x7fffffff;
  };
  while (at < all.length) {
    const [name, value] = [size(), size()];
    pairs.push([all.toString('latin1', at, at + name), all.toString('latin1', at + name, at + name + value)]);
    at += name + value;
  }
  return { recorded: { kind: 'fastcgi', head: '', pairs, body: Buffer.concat(body).toString('latin1') } };
}

function fastCgiAnswer(json: string): Buffer {
  const content = Buffer.from(`Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n${json}`, 'latin1');
  const record = (type: number, bytes: Buffer): Buffer => {
    const head = Buffer.from([1, type, 0, 1, bytes.length >> 8, bytes.length & 0xff, 0, 0]);
    return Buffer.concat([head, bytes]);
  };
  return Buffer.concat([record(6, content), record(6, Buffer.alloc(0)), record(3, Buffer.alloc(8))]);
}
