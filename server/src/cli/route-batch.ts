import type { ConfigModel } from '../engine/config/model.ts';
import type { ClientRequest } from '../engine/config/request-state.ts';
import { parseArrival } from '../engine/config/server-choice.ts';
import type { RouteAnswer } from '../engine/contract.ts';
import { answerRequest } from '../engine/diagnosis/route-answer.ts';
import type { Io } from './io.ts';
import { oneLineJson } from './style.ts';

/** Answers are written in pieces of about this length. */
const PIECE = 1 << 16;

/** A line longer than this is no request. */
const MAX_LINE = 1 << 20;

/** One request a line in, one answer a line out; 2 when a line was none. */
export async function answerBatch(model: ConfigModel, io: Io): Promise<number> {
  const decoder = new TextDecoder();
  const out = new Output();
  let pending = '';
  let bad = false;
  const take = (line: string): void => {
    if (line.trim() === '') return;
    const request = readLine(line);
    if (typeof request === 'string') {
      bad = true;
      out.text(`${oneLineJson({ error: request })}\n`);
    } else writeAnswer(out, answerRequest(model, request).answer);
  };
  const flush = async (): Promise<void> => {
    io.out(out.take());
    await io.drained();
  };
  for await (const chunk of io.stdinChunks()) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split('\n');
    pending = lines.pop()!;
    for (const line of lines) {
      take(line);
      if (out.length >= PIECE) await flush();
    }
    if (pending.length > MAX_LINE) pending = pending.slice(0, MAX_LINE + 1);
  }
  take(pending + decoder.decode());
  if (out.length > 0) await flush();
  return bad ? 2 : 0;
}

/** Bytes on their way out: most of an answer is the same for every request, and copied as it is. */
class Output {
  length = 0;
  private buffer = Buffer.allocUnsafe(2 * PIECE);

  text(text: string): void {
    this.reserve(3 * text.length);
    this.length += this.buffer.write(text, this.length);
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  take(): Uint8Array {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = Buffer.allocUnsafe(2 * PIECE);
    this.length = 0;
    return taken;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.length + more));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const printed = new WeakMap<object, string>();
const encoded = new WeakMap<object, Uint8Array>();

/** JSON of a part that many answers share: it is made once. */
function part(value: object | null): string {
  if (value === null) return 'null';
  const text = printed.get(value) ?? oneLineJson(value);
  printed.set(value, text);
  return text;
}

function encodedPart(value: object): Uint8Array {
  const bytes = encoded.get(value) ?? Buffer.from(oneLineJson(value));
  encoded.set(value, bytes);
  return bytes;
}

function writeAnswer(out: Output, answer: RouteAnswer): void {
  const { schema, server, location, outcome, handler, sends, effective, trace } = answer;
  const headers = sends?.headers.map(
    ({ name, value, from }) =>
      `{"name":${oneLineJson(name)},"value":${oneLineJson(value)},"from":${typeof from === 'string' ? `"${from}"` : part(from)}}`,
  );
  const sent = sends
    ? `{"requestLine":${oneLineJson(sends.requestLine)},"headers":[${headers!.join(',')}]}`
    : 'null';
  out.text(
    `{"schema":${schema},"server":${part(server)},"location":${part(location)},"outcome":${oneLineJson(outcome)},"handler":${oneLineJson(handler)},"sends":${sent},"effective":`,
  );
  out.bytes(encodedPart(effective));
  out.text(`,"trace":${oneLineJson(trace)}}\n`);
}

/** A request of the batch; a sentence where the line is none. */
function readLine(line: string): ClientRequest | string {
  if (line.length > MAX_LINE) return 'the line is longer than a megabyte';
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'the line is no JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'the line is no JSON object';
  const {
    listen = null,
    host = null,
    target,
    method = 'GET',
    http = '1.1',
    headers = [],
  } = value as Record<string, unknown>;
  if (listen !== null && (typeof listen !== 'string' || !parseArrival(listen)))
    return 'listen is no address and port like "127.0.0.1:8080"';
  if (host !== null && typeof host !== 'string') return 'host is no text';
  if (typeof target !== 'string' || target === '')
    return 'target is missing: the path as on the request line';
  if (typeof method !== 'string' || !/^[A-Z_-]+$/.test(method)) return 'method is no method like "GET"';
  if (http !== '1.0' && http !== '1.1') return 'http is neither "1.0" nor "1.1"';
  if (!areHeaders(headers)) return 'headers is no list of pairs like [["Name", "value"]]';
  return { listen, host, target, method, http, headers, client: null, body: null };
}

function areHeaders(value: unknown): value is [string, string][] {
  return (
    Array.isArray(value) &&
    value.every(
      (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((word) => typeof word === 'string'),
    )
  );
}
