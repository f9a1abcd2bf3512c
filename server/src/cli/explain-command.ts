import path from 'node:path';
import { isVersion } from '../engine/config/compare-versions.ts';
import type { ConfigModel } from '../engine/config/model.ts';
import type { NginxVersion, Problem } from '../engine/contract.ts';
import { chooseConfiguration, noteChoice } from '../engine/diagnosis/choose-configuration.ts';
import { LogExplainer, understood } from '../engine/diagnosis/explain-log.ts';
import { readLogFile, readLogStream } from '../log-file.ts';
import { NodeHost } from '../node-host.ts';
import { takeConfiguration } from '../paste.ts';
import { openConfigurations } from './configurations.ts';
import { bytesOf, namedLogs, readPaste, sampleOf } from './explain-input.ts';
import { explainReport } from './explain-report.ts';
import { guessNotes } from './guess-note.ts';
import { parseMaps, STDIN } from './input.ts';
import type { Io } from './io.ts';
import { parse } from './options.ts';
import { partsNotes, problemsOf } from './parts.ts';
import { shownPath } from './source-view.ts';
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
  let configurations =
    values.config === undefined
      ? []
      : await openConfigurations(values.config, options, new NodeHost(), io.readStdin, io.cwd);
  let logs: readonly string[] = positionals;
  if (positionals.length === 0 && io.stdin.isTTY !== true) logs = ['-'];
  else if (positionals.length === 0) {
    const named = await namedLogs(configurations);
    if (named.configurations.length < configurations.length) {
      const [taken] = named.configurations;
      const which = `the first of ${configurations.length} configurations here whose error_log exists`;
      const read = `reading the logs of ${shownPath(taken!.root, io.cwd)}, ${which}`;
      io.err(`nginx-502: ${read}; name the right one with --config\n`);
    }
    configurations = named.configurations;
    logs = named.logs;
    problems.push(...named.problems);
  }
  const several = configurations.length > 1;
  let model: ConfigModel | null = configurations[0]?.model ?? null;
  // What a person pastes may bring its own configuration.
  const pasted = logs.length === 1 && logs[0] === '-' && (model === null || several);
  const paste = pasted ? await readPaste(io) : null;
  const choice =
    configurations.length > 0
      ? chooseConfiguration(several ? await sampleOf(logs, paste, io.cwd) : [], configurations)
      : null;
  if (choice) {
    model = choice.best.model;
    const { input } = choice.best;
    problems.unshift(...problemsOf(input, model));
    if (input.parts) io.err(partsNotes(input.parts, model, io.cwd));
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
