import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { ReceivedRequest } from './types.ts';

/** How an HTTP/1 backend answers. */
export interface HttpAnswer {
  /** 200 when absent. */
  status?: number;
  /** Added to the response; a name may come twice. */
  headers?: [name: string, value: string][];
  /** At least this many bytes of `Set-Cookie` header lines. */
  bigHeaders?: number;
  /** Milliseconds before the first byte of the answer. */
  delayMs?: number;
  /** Sends half of the body, and the rest after so many milliseconds or never. */
  stall?: number | 'forever';
  /** A body of so many bytes instead of the JSON echo. */
  bodySize?: number;
  /** This body instead of the JSON echo. */
  body?: string;
}

/** An answer, with others for some paths. */
export interface HttpAnswers extends HttpAnswer {
  /** Answers for paths that begin so; the longest wins, and what it leaves out is the default, not inherited. */
  paths?: Record<string, HttpAnswer>;
}

/** What the body of an echo answer holds, as JSON. */
export interface Echo {
  method: string;
  url: string;
  httpVersion: string;
  headers: [name: string, value: string][];
  body: string;
}

/** A listener for node's http and https servers that records each request and answers it. */
export function answerAndRecord(answers: HttpAnswers, received: ReceivedRequest[]): RequestListener {
  const connections = new WeakMap<object, number>();
  let count = 0;
  return (request, response) => {
    let connection = connections.get(request.socket);
    if (connection === undefined) {
      connection = ++count;
      connections.set(request.socket, connection);
    }
    const record: ReceivedRequest = {
      requestLine: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
      headers: pairs(request.rawHeaders),
      body: '',
      protocol: 'http/1',
      connection,
    };
    if ('encrypted' in request.socket) record.serverName = (request.socket as TLSSocket).servername || null;
    received.push(record);
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('data', (chunk: Buffer) => {
      record.body += chunk.toString('latin1');
    });
    request.on('end', () => {
      const answer = answerFor(answers, request.url ?? '');
      if (answer.delayMs === undefined) send(answer, request, response, record);
      else later(answer.delayMs, response, () => send(answer, request, response, record));
    });
  };
}

/** Turns node's flat `[name, value, name, value]` into pairs. */
export function pairs(flat: readonly string[]): [name: string, value: string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) list.push([flat[i]!, flat[i + 1]!]);
  return list;
}

/** `Set-Cookie` lines with at least `bytes` bytes together, none over 1 kB: a browser takes 4 kB each, as do proxies. */
export function bigHeaderLines(bytes: number): [name: string, value: string][] {
  const lines: [string, string][] = [];
  for (let left = bytes; left > 0; ) {
    const name = `c${lines.length}=`;
    // "Set-Cookie: " and the line end count too.
    const value = name + 'x'.repeat(Math.max(1, Math.min(1000, left) - name.length - 14));
    lines.push(['Set-Cookie', value]);
    left -= value.length + 14;
  }
  return lines;
}

function answerFor(answers: HttpAnswers, url: string): HttpAnswer {
  const prefix = Object.keys(answers.paths ?? {})
    .filter((path) => url.startsWith(path))
    .sort((a, b) => b.length - a.length)[0];
  return prefix === undefined ? answers : answers.paths![prefix]!;
}

function send(
  answer: HttpAnswer,
  request: IncomingMessage,
  response: ServerResponse,
  record: ReceivedRequest,
) {
  const echo: Echo = {
    method: request.method ?? '',
    url: request.url ?? '',
    httpVersion: request.httpVersion,
    headers: record.headers,
    body: record.body,
  };
  const body =
    answer.bodySize === undefined
      ? Buffer.from(answer.body ?? JSON.stringify(echo))
      : Buffer.alloc(answer.bodySize, 'x');
  response.statusCode = answer.status ?? 200;
  const own = answer.headers ?? [];
  if (!own.some(([name]) => /^content-type$/i.test(name))) {
    response.setHeader('Content-Type', answer.body === undefined ? 'application/json' : 'text/plain');
  }
  for (const [name, value] of [...own, ...bigHeaderLines(answer.bigHeaders ?? 0)]) {
    response.appendHeader(name, value);
  }
  if (answer.stall === undefined) {
    response.end(body);
    return;
  }
  const half = body.length >> 1;
  response.setHeader('Content-Length', body.length);
  response.write(body.subarray(0, half));
  if (answer.stall !== 'forever') later(answer.stall, response, () => response.end(body.subarray(half)));
}

/** Runs `then` after `ms`, unless the connection is gone by then; a stopped backend leaves no timer behind. */
function later(ms: number, response: ServerResponse, then: () => void) {
  const timer = setTimeout(then, ms);
  response.once('close', () => clearTimeout(timer));
}
