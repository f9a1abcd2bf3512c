import { stat } from 'node:fs/promises';
import path from 'node:path';
import { resolvePath } from '../engine/config/paths.ts';
import { mapPath } from '../engine/config/snapshot.ts';
import type { Problem } from '../engine/contract.ts';
import { LogSample } from '../engine/diagnosis/choose-configuration.ts';
import type { LogEntry } from '../engine/errorlog/entry.ts';
import { readLogFile, readLogStream } from '../log-file.ts';
import { MAX_PASTE } from '../paste.ts';
import type { Configuration } from './configurations.ts';
import { STDIN } from './input.ts';
import type { Io } from './io.ts';
import { UsageError } from './usage-error.ts';

interface NamedLogs {
  readonly logs: readonly string[];
  /** Those that are there name these logs. */
  readonly configurations: Configuration[];
  readonly problems: readonly Problem[];
}

/**
 * The error logs that configurations name, as far as they are here. Where the configurations name different ones, those
 * of the first that has any: which nginx somebody asks about cannot be told from the logs of all.
 */
export async function namedLogs(configurations: readonly Configuration[]): Promise<NamedLogs> {
  if (configurations.length === 0) {
    throw new UsageError(
      'nothing to explain: pipe error-log lines in, name a LOG, or give --config to read the logs it names',
    );
  }
  const each = await Promise.all(
    configurations.map(async (configuration) => ({ configuration, ...(await logsOf(configuration)) })),
  );
  const first = each.find(({ logs }) => logs.length > 0) ?? each[0]!;
  const same = each.filter(({ logs }) => logs.join('\n') === first.logs.join('\n'));
  return {
    logs: first.logs,
    configurations: (same.length === each.length ? each : [first]).map(({ configuration }) => configuration),
    problems: first.problems,
  };
}

/** The error logs that a configuration names: those that are here, and a problem for each other. */
async function logsOf({ model, input }: Configuration): Promise<{ logs: string[]; problems: Problem[] }> {
  const named = new Set<string>();
  for (const node of model.named('error_log')) {
    const file = node.arg(0);
    if (file === null || /^(?:stderr|syslog:|memory:)/.test(file) || file === '/dev/null') continue;
    named.add(mapPath(resolvePath(model.snapshot.prefix, file), input.pathMap));
  }
  if (named.size === 0) named.add(mapPath('/var/log/nginx/error.log', input.pathMap));
  const logs: string[] = [];
  const problems: Problem[] = [];
  for (const file of named) {
    const isFile = await stat(file).then(
      (info) => info.isFile(),
      () => false,
    );
    if (isFile) logs.push(file);
    else {
      const message = `the error log ${file} is no file here: nothing is read from it`;
      problems.push({ kind: 'not-found', file, range: null, message });
    }
  }
  return { logs, problems };
}

/** What the logs begin with, to choose a configuration by. */
export async function sampleOf(
  logs: readonly string[],
  paste: Paste | null,
  cwd: string,
): Promise<readonly LogEntry[]> {
  const sample = new LogSample();
  const full = (): boolean => sample.full;
  // Where a piece of a packed log ends is no matter: what came before is taken.
  if (paste) await readLogStream(STDIN, each(paste.head), sample, full);
  for (const log of logs)
    if (log !== '-' && !sample.full) await readLogFile(path.resolve(cwd, log), sample, full);
  sample.endOfFile();
  return sample.entries;
}

export interface Paste {
  /** The whole input, when it is a text small enough to have been pasted. */
  text?: string;
  /** What it begins with, as far as it was read. */
  readonly head: readonly Uint8Array[];
  chunks: AsyncIterable<Uint8Array>;
}

/** Reads standard input as far as a paste would go; the rest stays a stream. */
export async function readPaste(io: Io): Promise<Paste> {
  const iterator = io.stdinChunks()[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  while (size <= MAX_PASTE) {
    const next = await iterator.next();
    if (next.done) {
      const whole = Buffer.concat(head);
      // A packed log is no text.
      return whole[0] === 0x1f && whole[1] === 0x8b
        ? { head, chunks: each([whole]) }
        : { head, text: new TextDecoder().decode(whole), chunks: each([]) };
    }
    head.push(next.value);
    size += next.value.length;
  }
  const all = async function* (): AsyncIterable<Uint8Array> {
    yield* head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return { head, chunks: all() };
}

/** A text as a stream. */
export function bytesOf(text: string): AsyncIterable<Uint8Array> {
  return each([new TextEncoder().encode(text)]);
}

async function* each(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* chunks;
}
