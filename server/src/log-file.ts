import { isAscii } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Problem } from './engine/contract.ts';

/** What takes a log in pieces that begin and end anywhere. */
export interface LogSink {
  push(chunk: string): void;
  endOfFile(): void;
}

/** Whether nobody waits for the answer any more. */
export type Abandoned = () => boolean;

/**
 * Streams a log file of any size, packed or not, into a reader of logs. Returns a problem when it could not be read;
 * what came before is taken all the same.
 */
export async function readLogFile(
  file: string,
  sink: LogSink,
  abandoned?: Abandoned,
): Promise<Problem | null> {
  try {
    const info = await stat(file);
    if (info.isDirectory()) return failed(file, 'unreadable', 'is a directory; name a log file in it');
    if (!info.isFile()) return failed(file, 'unreadable', 'is not a regular file');
  } catch (error) {
    return problemOf(file, error);
  }
  return readLogStream(file, createReadStream(file), sink, abandoned);
}

/** The same for bytes from elsewhere; `name` stands for them in the problem. */
export async function readLogStream(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  sink: LogSink,
  abandoned: Abandoned = () => false,
): Promise<Problem | null> {
  const decoder = new TextDecoder('utf-8');
  // Whether the decoder waits for the rest of a character.
  let within = false;
  try {
    for await (const chunk of unpacked(chunks)) {
      if (abandoned()) break;
      if (chunk.length === 0) continue;
      // Logs are nearly all ASCII, for which copying is several times faster than decoding.
      const plain: boolean = !within && isAscii(chunk);
      sink.push(plain ? latin1(chunk) : decoder.decode(chunk, { stream: true }));
      within = (chunk.at(-1) ?? 0) >= 0x80;
    }
    sink.push(decoder.decode());
    sink.endOfFile();
    return null;
  } catch (error) {
    return problemOf(name, error);
  }
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

function failed(file: string, kind: Problem['kind'], message: string): Problem {
  return { kind, file, range: null, message: `${file} ${message}` };
}

function problemOf(file: string, error: unknown): Problem {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return failed(file, 'not-found', 'does not exist');
  if (code === 'EACCES') return failed(file, 'unreadable', 'may not be read by this user');
  if (code.startsWith('Z_')) {
    return failed(
      file,
      'unreadable',
      `is damaged or not gzip (${code}); what came before the damage is explained`,
    );
  }
  return failed(file, 'unreadable', `could not be read (${code || 'unknown error'})`);
}

/** What gzip packed, where the bytes begin with its two, whatever a file is called; other bytes as they are. */
async function* unpacked(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return;
  const whole = async function* (): AsyncIterable<Uint8Array> {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  const packed = first.value[0] === 0x1f && first.value[1] === 0x8b;
  yield* packed ? pipeline(Readable.from(whole()), createGunzip(), () => {}) : whole();
}
