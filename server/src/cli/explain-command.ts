import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isVersion } from '../engine/config/compare-versions.ts';
import type { ConfigModel } from '../engine/config/model.ts';
import { resolvePath } from '../engine/config/paths.ts';
import { mapPath } from '../engine/config/snapshot.ts';
import type { NginxVersion, Problem } from '../engine/contract.ts';
import { chooseConfiguration, LogSample, noteChoice } from '../engine/diagnosis/choose-configuration.ts';
import { LogExplainer, understood } from '../engine/diagnosis/explain-log.ts';
import type { LogEntry } from '../engine/errorlog/entry.ts';
import { readLogFile, readLogStream } from '../log-file.ts';
import { NodeHost } from '../node-host.ts';
import { MAX_PASTE, takeConfiguration } from '../paste.ts';
import { openConfigurations } from './configurations.ts';
import { explainReport } from './explain-report.ts';
import { guessNotes } from './guess-note.ts';
import { type Input, parseMaps, STDIN } from './input.ts';
import type { Io } from './io.ts';
import { parse } from './options.ts';
import { printableJson, styleFor } from './style.ts';
import { UsageError } from './usage-error.ts';

export const EXPLAIN_HELP = `Usage: nginx-502 explain [LOG...|-]

Explains nginx error-log lines: what happened, what the client got, whose fault
it is, and with --config the location that caused it. LOG is a file (.gz too);
"-" or no LOG reads standard input. On a terminal without LOG, the error_log
files that --config names are read.

  --config PATH          the configuration to judge by; of a folder with several
                         main files, the one that fits the log best
  --format text|json     how to print (text)
  --since T, --until T   only lines of that time, like "2026/01/31 03:00:00", as
                         the log has it: in the time zone of nginx's machine
  --nginx-version V      the nginx that wrote the log, like 1.28 or 1.25.3
  --map FROM=TO          where a path of the configuration is here; repeatable
  --expect-none          exit 0 when no event is found, 1 when there is one

Exit status: 0 an event was understood, 1 none was, 2 usage error or a file
that could not be read.
`;

/** `nginx-502 explain`. Returns the exit status. */
export async function explainCommand(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parse('explain', argv, {
    config: { type: 'string' },
    format: { type: 'string', default: 'text' },
    since: { type: 'string' },
    until: { type: 'string' },
    'nginx-version': { type: 'string' },
    map: { type: 'string', multiple: true, default: [] },
    'expect-none': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    io.out(EXPLAIN_HELP);
    return 0;
  }
  const { format } = values;
  if (format !== 'text' && format !== 'json') {
    throw new UsageError(`--format ${format} does not exist; there are text and json`);
  }
  const version = values['nginx-version'];
  if (version !== undefined && !isVersion(version)) {
    throw new UsageError(`--nginx-version takes a version like 1.28 or 1.25.3, not "${version}"`);
  }
  if (values.config === '-' && (positionals.length === 0 || positionals.includes('-'))) {
    throw new UsageError('standard input can be the configuration or the log, not both');
  }
  const pathMap = parseMaps(values.map, io.cwd);
  const problems: Problem[] = [];
  const options = { map: values.map, nginxVersion: version };
  const configurations =
    values.config === undefined
      ? []
      : await openConfigurations(values.config, options, new NodeHost(), io.readStdin, io.cwd);
  const several = configurations.length > 1;
  let model: ConfigModel | null = configurations[0]?.model ?? null;
  const logs = await findLogs(positionals, model, configurations[0]?.input ?? null, io, problems);
  // What a person pastes may bring its own configuration.
  const pasted = logs.length === 1 && logs[0] === '-' && (model === null || several);
  const paste = pasted ? await readPaste(io) : null;
  const choice =
    configurations.length > 0
      ? chooseConfiguration(several ? await sampleOf(logs, paste?.text, io.cwd) : [], configurations)
      : null;
  if (choice) {
    model = choice.best.model;
    problems.unshift(...choice.best.input.problems, ...model.problems);
    if (paste?.text !== undefined) paste.chunks = bytesOf(paste.text);
  } else if (paste?.text !== undefined) {
    const stated = version === undefined ? null : { value: version, from: '--nginx-version' };
    const taken = await takeConfiguration(paste.text, stated);
    model = taken?.model ?? null;
    paste.chunks = bytesOf(taken?.rest ?? paste.text);
  }
  const explainer = new LogExplainer({
    model,
    pathMap: choice?.best.pathMap ?? pathMap,
    since: readTime('--since', values.since),
    until: readTime('--until', values.until),
  });
  for (const log of logs) {
    const problem =
      log === '-'
        ? await readLogStream(STDIN, paste?.chunks ?? io.stdinChunks(), explainer)
        : await readLogFile(path.resolve(io.cwd, log), explainer);
    if (problem) problems.push(problem);
  }
  const judgedFor: NginxVersion = model
    ? model.version
    : version === undefined
      ? { value: null, from: 'unknown' }
      : { value: version, from: '--nginx-version' };
  const result = explainer.end(judgedFor, problems);
  if (choice) noteChoice(result, choice, 'name the right one with --config');
  if (format === 'json') io.out(`${printableJson(result)}\n`);
  else
    io.out(
      explainReport(result, {
        style: styleFor(io.stdout, io.env),
        cwd: io.cwd,
        model,
        config: values.config ?? null,
        filtered: explainer.filtered,
      }) + guessNotes(model ? [model] : []),
    );
  if (problems.length > 0) return 2;
  return understood(result) !== values['expect-none'] ? 0 : 1;
}

/** A time in nginx's spelling, so that texts compare as times do; ISO spelling is taken too. */
function readTime(flag: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  if (/:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$/i.test(text.trim())) {
    throw new UsageError(
      `${flag} takes the time as it stands in the log, which names no time zone; "${text}" names one`,
    );
  }
  const match = /^(\d{4})[/-](\d{2})[/-](\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})?)?$/.exec(
    text.trim(),
  );
  if (!match) throw new UsageError(`${flag} takes a time like "2026/01/31 03:00:00", not "${text}"`);
  const end = flag === '--until' ? '23:59:59' : '00:00:00';
  const clock =
    match[4] === undefined
      ? end
      : match[4].length === 5
        ? `${match[4]}:${flag === '--until' ? '59' : '00'}`
        : match[4];
  return `${match[1]}/${match[2]}/${match[3]} ${clock}`;
}

/** The files to read: those named, standard input, or on a terminal the error logs that the configuration names. */
async function findLogs(
  positionals: readonly string[],
  model: ConfigModel | null,
  input: Input | null,
  io: Io,
  problems: Problem[],
): Promise<string[]> {
  if (positionals.length > 0) return [...positionals];
  if (io.stdin.isTTY !== true) return ['-'];
  if (!model || !input) {
    throw new UsageError(
      'nothing to explain: pipe error-log lines in, name a LOG, or give --config to read the logs it names',
    );
  }
  const named = new Set<string>();
  for (const node of model.nodes) {
    const file = node.name === 'error_log' ? node.arg(0) : null;
    if (file === null || /^(?:stderr|syslog:|memory:)/.test(file) || file === '/dev/null') continue;
    named.add(mapPath(resolvePath(model.snapshot.prefix, file), input.pathMap));
  }
  if (named.size === 0) named.add('/var/log/nginx/error.log');
  const present: string[] = [];
  for (const file of named) {
    if (
      await stat(file).then(
        (info) => info.isFile(),
        () => false,
      )
    )
      present.push(file);
    else
      problems.push({
        kind: 'not-found',
        file,
        range: null,
        message: `the error log ${file} does not exist here`,
      });
  }
  return present;
}

/** What the logs begin with, to choose a configuration by; a stream that is no paste is not held up for it. */
async function sampleOf(
  logs: readonly string[],
  paste: string | undefined,
  cwd: string,
): Promise<readonly LogEntry[]> {
  const sample = new LogSample();
  if (paste !== undefined) sample.push(paste);
  for (const log of logs)
    if (log !== '-' && !sample.full) await readLogFile(path.resolve(cwd, log), sample, () => sample.full);
  sample.endOfFile();
  return sample.entries;
}

interface Paste {
  /** The whole input, when it is a text small enough to have been pasted. */
  text?: string;
  chunks: AsyncIterable<Uint8Array>;
}

/** Reads standard input as far as a paste would go; the rest stays a stream. */
async function readPaste(io: Io): Promise<Paste> {
  const iterator = io.stdinChunks()[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  while (size <= MAX_PASTE) {
    const next = await iterator.next();
    if (next.done) {
      const whole = Buffer.concat(head);
      // A packed log is no text.
      return whole[0] === 0x1f && whole[1] === 0x8b
        ? { chunks: each([whole]) }
        : { text: new TextDecoder().decode(whole), chunks: each([]) };
    }
    head.push(next.value);
    size += next.value.length;
  }
  const all = async function* (): AsyncIterable<Uint8Array> {
    yield* head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return { chunks: all() };
}

function bytesOf(text: string): AsyncIterable<Uint8Array> {
  return each([new TextEncoder().encode(text)]);
}

async function* each(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* chunks;
}
