import { randomBytes } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { headerOf, readChunked, readHead } from './http-message.ts';
import { type Address, parseListen } from './listen.ts';

/** What a client got. */
export interface ClientResult {
  /**
   * - `response`: a complete HTTP response.
   * - `raw`: bytes that do not begin with an HTTP status line.
   * - `closed`: the connection ended or could not be made, without a byte.
   * - `cut`: a response that ends inside its head or body.
   * - `timeout`: nothing, or not all, in time.
   */
  kind: 'response' | 'raw' | 'closed' | 'cut' | 'timeout';
  /** Of the final response, null when there was no complete head. */
  status: number | null;
  headers: [name: string, value: string][];
  /** One character per byte (latin1); chunks are joined. For `raw`, all that came. */
  body: string;
  /** Statuses of interim responses (100, 103) before the final one. */
  interim: number[];
  /** The system's error code, such as `ECONNRESET`, when the connection failed. */
  error: string | null;
  /** From the call to the result. */
  ms: number;
}

/** The result of a WebSocket handshake. After a 101 the `kind` is `response`. */
export interface WebSocketResult extends ClientResult {
  /** Whether the text frame that was sent came back. */
  echo: boolean;
  /** Milliseconds from the call until the server closed the tunnel; null when it stayed open. */
  closedAfterMs: number | null;
}

/** The result of a gRPC call. */
export interface GrpcResult extends ClientResult {
  /** From the trailers, or from the headers of a response without a body. */
  grpcStatus: string | null;
}

/** What every client call takes. */
export interface ClientOptions {
  path?: string;
  /** Host or :authority; `example.test` when absent. */
  host?: string;
  /** Added; a null value takes a default header away. */
  headers?: Record<string, string | null>;
  /** Milliseconds until the result is `timeout`; 5000 when absent. */
  timeoutMs?: number;
  /** Speaks TLS, with this name in SNI, and takes any certificate. */
  tls?: { serverName?: string };
}

export interface Http1Options extends ClientOptions {
  method?: string;
  version?: '1.0' | '1.1';
  /** Text is sent as UTF-8. Content-Length is added. */
  body?: string | Buffer;
  /** Sent before the request, such as a line of the PROXY protocol. */
  preamble?: string;
  /** Announces the body and does not send it. */
  withholdBody?: boolean;
  /**
   * Sends the same request first, waits for its answer and then so long, and sends this one on that connection, even if
   * the server has closed it: as a balancer does whose request crosses the server's FIN.
   */
  afterIdleMs?: number;
}

/** Beyond some twenty requests at once the short time-outs of the fixtures fire on a small machine. */
const AT_ONCE = 20;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (running < AT_ONCE) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

/**
 * Sends one HTTP/1 request on a connection of its own, asking for the connection to be closed after it.
 * `to` is a listen address such as `127.0.0.1:8080`. Never rejects for what a server does.
 */
export function http1(to: string, options: Http1Options = {}): Promise<ClientResult> {
  const { method = 'GET', path = '/', version = '1.1', timeoutMs = 5000 } = options;
  const body = options.body === undefined ? null : Buffer.from(options.body);
  const headers: Record<string, string | null> = {
    Host: options.host ?? 'example.test',
    Connection: 'close',
    ...(body && { 'Content-Length': String(body.length) }),
    ...options.headers,
  };
  return inTurn(
    () =>
      new Promise((resolve) => {
        const since = Date.now();
        const chunks: Buffer[] = [];
        let first = options.afterIdleMs !== undefined;
        let ended = false;
        let idle: NodeJS.Timeout | undefined;
        const send = (fields: Record<string, string | null>) => {
          socket.write(
            `${options.preamble ?? ''}${method} ${path} HTTP/${version}\r\n${headerLines(fields)}\r\n`,
          );
          if (body && !options.withholdBody) socket.write(body);
        };
        const socket = open(to, options.tls, () =>
          send(first ? { ...headers, Connection: 'keep-alive' } : headers),
        );
        const again = () => {
          first = false;
          chunks.length = 0;
          send(headers);
          // What comes back is a reset, which nobody hears who has heard the end.
          if (ended) finish('closed');
        };
        const finish = (end: End, error: string | null = null) => {
          clearTimeout(timer);
          clearTimeout(idle);
          socket.destroy();
          resolve({ ...readResponse(Buffer.concat(chunks), method, end), error, ms: Date.now() - since });
        };
        const timer = setTimeout(() => finish('timeout'), timeoutMs);
        socket.on('data', (chunk) => {
          chunks.push(chunk);
          if (!isComplete(Buffer.concat(chunks), method)) return;
          if (first) idle ??= setTimeout(again, options.afterIdleMs);
          else finish('closed');
        });
        socket.on('end', () => {
          ended = true;
          if (idle === undefined || !first) finish('closed');
        });
        socket.on('error', (error) => finish('closed', codeOf(error)));
      }),
  );
}

/** Makes a WebSocket handshake, sends the text `hi` and waits for its echo, then stays for `idleMs`. */
export function webSocket(
  to: string,
  options: ClientOptions & { version?: '1.0' | '1.1'; idleMs?: number } = {},
): Promise<WebSocketResult> {
  const { path = '/', version = '1.1', timeoutMs = 5000, idleMs = 0 } = options;
  const headers = {
    Host: options.host ?? 'example.test',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...options.headers,
  };
  return inTurn(
    () =>
      new Promise((resolve) => {
        const since = Date.now();
        let bytes: Buffer = Buffer.alloc(0);
        let frames: number | null = null;
        let echo = false;
        const socket = open(to, options.tls, () => {
          socket.write(`GET ${path} HTTP/${version}\r\n${headerLines(headers)}\r\n`);
        });
        const finish = (end: End, error: string | null = null) => {
          clearTimeout(timer);
          clearTimeout(idle);
          socket.destroy();
          const ms = Date.now() - since;
          const closedAfterMs = frames !== null && end === 'closed' ? ms : null;
          resolve({ ...readResponse(bytes, 'GET', end), error, ms, echo, closedAfterMs });
        };
        const timer = setTimeout(() => finish('timeout'), timeoutMs);
        let idle: NodeJS.Timeout | undefined;
        socket.on('data', (chunk) => {
          bytes = Buffer.concat([bytes, chunk]);
          if (frames === null) {
            const head = readHead(bytes);
            if (!head || !/^HTTP\/1\.[01] 101/.test(head.startLine)) {
              if (isComplete(bytes, 'GET')) finish('closed');
              return;
            }
            frames = head.bodyAt;
            socket.write(HI_MASKED);
          }
          if (!echo && bytes.subarray(frames).includes(HI_ECHOED)) {
            echo = true;
            idle = setTimeout(() => finish('timeout'), idleMs);
          }
        });
        socket.on('end', () => finish('closed'));
        socket.on('error', (error) => finish('closed', codeOf(error)));
      }),
  );
}

const MASK = [1, 2, 3, 4];
const HI_MASKED = Buffer.from([0x81, 0x82, ...MASK, 0x68 ^ MASK[0]!, 0x69 ^ MASK[1]!]);
const HI_ECHOED = Buffer.from([0x81, 2, 0x68, 0x69]);

/** Makes a unary gRPC call with an empty message, over cleartext HTTP/2 unless `tls` is given. */
export function grpc(
  to: string,
  options: ClientOptions & { contentType?: string } = {},
): Promise<GrpcResult> {
  const { path = '/pkg.Service/Call', timeoutMs = 5000, contentType = 'application/grpc' } = options;
  return inTurn(
    () =>
      new Promise((resolve) => {
        const since = Date.now();
        const chunks: Buffer[] = [];
        let status: number | null = null;
        let headers: [string, string][] = [];
        let grpcStatus: string | null = null;
        let complete = false;
        const session = connectHttp2(`http://${options.host ?? 'example.test'}`, {
          createConnection: () => open(to, options.tls && { ...options.tls, alpn: 'h2' }, () => {}),
        });
        const finish = (error: string | null, timedOut = false) => {
          clearTimeout(timer);
          session.destroy();
          const unfinished = status === null ? 'closed' : 'cut';
          const kind = complete ? 'response' : timedOut ? 'timeout' : unfinished;
          const body = Buffer.concat(chunks).toString('latin1');
          resolve({ kind, status, headers, body, interim: [], error, ms: Date.now() - since, grpcStatus });
        };
        const timer = setTimeout(() => finish(null, true), timeoutMs);
        session.on('error', (error) => finish(codeOf(error)));
        session.on('close', () => finish(null));
        const own = Object.entries(options.headers ?? {}).filter(
          (entry): entry is [string, string] => entry[1] !== null,
        );
        const stream = session.request({
          ':method': 'POST',
          ':path': path,
          'content-type': contentType,
          te: 'trailers',
          ...Object.fromEntries(own),
        });
        stream.on('response', (fields) => {
          status = Number(fields[':status']);
          headers = Object.entries(fields).map(([name, value]) => [name, String(value)]);
          grpcStatus = headerOf(headers, 'grpc-status') ?? null;
        });
        stream.on('trailers', (fields) => {
          if (fields['grpc-status'] !== undefined) grpcStatus = String(fields['grpc-status']);
        });
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          complete = status !== null;
        });
        stream.on('error', (error) => finish(codeOf(error)));
        stream.on('close', () => finish(null));
        stream.end(EMPTY_MESSAGE);
      }),
  );
}

/** Not compressed, length 0. */
const EMPTY_MESSAGE = Buffer.from([0, 0, 0, 0, 0]);

/** How the bytes of a response stopped. */
type End = 'closed' | 'timeout';

/** What there is to say about the bytes of one response; the part of the client that needs no network. */
export function readResponse(bytes: Buffer, method: string, end: End): Omit<ClientResult, 'ms' | 'error'> {
  const interim: number[] = [];
  let rest = bytes;
  for (;;) {
    const nothing = { status: null, headers: [], interim, body: rest.toString('latin1') };
    if (rest.length === 0) return { kind: end, ...nothing };
    if (rest.toString('latin1', 0, 5) !== 'HTTP/') return { kind: 'raw', ...nothing };
    const head = readHead(rest);
    if (!head) return { kind: end === 'timeout' ? 'timeout' : 'cut', ...nothing };
    const { headers } = head;
    const status = Number(/^HTTP\/\d\.\d (\d{3})/.exec(head.startLine)?.[1] ?? Number.NaN);
    const after = rest.subarray(head.bodyAt);
    if (Number.isNaN(status)) return { kind: 'raw', ...nothing };
    if (status < 200 && status !== 101) {
      interim.push(status);
      rest = after;
      continue;
    }
    const { body, complete } = readResponseBody(headers, after, method, status, end);
    const kind = complete ? 'response' : end === 'timeout' ? 'timeout' : 'cut';
    return { kind, status, headers, interim, body: body.toString('latin1') };
  }
}

/** Whether a response says itself that it is over, so that nobody need wait for the connection to end. */
function isComplete(bytes: Buffer, method: string): boolean {
  return readResponse(bytes, method, 'timeout').kind === 'response';
}

function readResponseBody(
  headers: [string, string][],
  bytes: Buffer,
  method: string,
  status: number,
  end: End,
) {
  if (method === 'HEAD' || status === 204 || status === 304) return { body: Buffer.alloc(0), complete: true };
  // Behind a 101 come the bytes of the tunnel, which ends when it ends.
  if (status === 101) return { body: bytes, complete: true };
  if (/\bchunked\b/i.test(headerOf(headers, 'transfer-encoding') ?? '')) return readChunked(bytes);
  const length = headerOf(headers, 'content-length');
  if (length === undefined) return { body: bytes, complete: end === 'closed' };
  const body = bytes.subarray(0, Number(length));
  return { body, complete: body.length >= Number(length) };
}

function headerLines(headers: Record<string, string | null>): string {
  return Object.entries(headers)
    .map(([name, value]) => (value === null ? '' : `${name}: ${value}\r\n`))
    .join('');
}

function open(
  to: string,
  tls: { serverName?: string; alpn?: string } | undefined,
  connected: () => void,
): Socket {
  const address = parseListen(to);
  // Half-open: what has come is read to its end although the peer has closed.
  const options = { ...address, ...ownAddress(address), allowHalfOpen: true };
  if (!tls) return connect(options, connected);
  const alpn = tls.alpn && { ALPNProtocols: [tls.alpn] };
  const name = tls.serverName && { servername: tls.serverName };
  return connectTls({ ...options, ...alpn, ...name, rejectUnauthorized: false }, connected);
}

/** Comes from the `.1` of the server's network, so that `client: 127.0.0.1` and `allow 127.0.0.1` hold in every lane. */
function ownAddress(address: Address): { localAddress?: string } {
  if ('path' in address || address.host.includes(':')) return {};
  return { localAddress: address.host.replace(/\d+$/, '1') };
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
