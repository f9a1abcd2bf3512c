import path from 'node:path';
import type { ConfigModel } from '../engine/config/model.ts';
import type { Check, Problem, Severity } from '../engine/contract.ts';
import { check } from '../engine/diagnosis/check.ts';
import { applyEdits, editsByFile, selectFixes } from '../engine/diagnosis/fixes.ts';
import { NodeHost } from '../node-host.ts';
import { checkReport, fails } from './check-report.ts';
import { loadGrammar } from './grammar.ts';
import { type Input, loadModel, openInput, STDIN } from './input.ts';
import type { Io } from './io.ts';
import { parse } from './options.ts';
import { printable, styleFor } from './style.ts';
import { UsageError } from './usage-error.ts';

export const CHECK_HELP = `Usage: nginx-502 check [PATH...|-]

Finds in an nginx configuration what will make nginx answer 502.
PATH is a file, or a directory with nginx.conf or *.conf in it. Without PATH:
nginx.conf here, else /etc/nginx/nginx.conf. "-" reads standard input, the
output of nginx -T included.

  --format text|json     how to print (text)
  --fix[=safe|review]    apply fixes: those that cannot change what works, or
                         also those that a person should look at afterwards
  --diff                 print what the fixes would change, write nothing;
                         without --fix it shows the fixes of --fix=review
  --nginx-version V      judge for this version, like 1.28 or 1.25.3
  --fail-on LEVEL        error, warning (default), info, hint or never
  --map FROM=TO          where a path of the configuration is here; repeatable

Exit status: 0 nothing found at or above --fail-on, 1 found, 2 usage error or
a file that could not be read.
`;

const LEVELS = ['error', 'warning', 'info', 'hint', 'never'];
const MAX_PASSES = 10;

interface CheckOptions {
  readonly format: 'text' | 'json';
  readonly fix: 'safe' | 'review' | null;
  readonly diff: boolean;
  readonly failOn: Severity | 'never';
}

/** `nginx-502 check`. Returns the exit status. */
export async function checkCommand(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parse('check', argv, {
    format: { type: 'string', default: 'text' },
    fix: { type: 'string' },
    diff: { type: 'boolean', default: false },
    'nginx-version': { type: 'string' },
    'fail-on': { type: 'string', default: 'warning' },
    map: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    io.out(CHECK_HELP);
    return 0;
  }
  const options = readOptions(values);
  if (positionals.filter((p) => p === '-').length > 0 && positionals.length > 1) {
    throw new UsageError('"-" stands alone: standard input is one configuration');
  }
  await loadGrammar();
  const disk = new NodeHost();
  const inputs: Input[] = [];
  for (const argument of positionals.length === 0 ? [null] : positionals) {
    inputs.push(
      await openInput(
        argument,
        { map: values.map, nginxVersion: values['nginx-version'] },
        disk,
        io.readStdin,
        io.cwd,
      ),
    );
  }
  if (options.fix && !options.diff && positionals[0] === '-') {
    throw new UsageError('--fix cannot write to standard input; --diff prints the changes');
  }
  const results: FixedCheck[] = [];
  for (const input of inputs) results.push(await checkAndFix(input, options));
  const written: Problem[] = [];
  if (options.fix && !options.diff) {
    for (const result of results) written.push(...(await writeAll(result, disk)));
  }
  const merged = mergeChecks(
    results.map((result) => result.check),
    [...inputs.flatMap((input) => input.problems), ...written],
  );
  if (options.format === 'json') io.out(`${JSON.stringify(merged, null, 2)}\n`);
  else if (options.diff) {
    for (const result of results) io.out(await diffText(result, io.cwd));
    for (const problem of merged.problems) io.err(`nginx-502: ${printable(problem.message)}\n`);
  } else {
    const textOf = (file: string): string | null =>
      results
        .map((result) => result.model.snapshot.files.get(file)?.text)
        .find((text) => text !== undefined) ?? null;
    io.out(
      checkReport(merged, {
        style: styleFor(io.stdout, io.env),
        cwd: io.cwd,
        failOn: options.failOn,
        textOf,
      }),
    );
  }
  if (merged.problems.length > 0) return 2;
  return fails(merged, options.failOn) ? 1 : 0;
}

function readOptions(values: {
  format: string;
  fix?: string | undefined;
  diff: boolean;
  'fail-on': string;
}): CheckOptions {
  const { format, fix, diff } = values;
  const failOn = values['fail-on'];
  if (format !== 'text' && format !== 'json') {
    throw new UsageError(`--format ${format} does not exist; there are text and json`);
  }
  if (fix !== undefined && fix !== 'safe' && fix !== 'review') {
    throw new UsageError(`--fix=${fix} does not exist; there are --fix=safe and --fix=review`);
  }
  if (!LEVELS.includes(failOn)) throw new UsageError(`--fail-on takes ${LEVELS.join(', ')}, not "${failOn}"`);
  if (diff && format === 'json')
    throw new UsageError('--diff prints a patch; with --format json leave it out, the fixes stand there');
  return { format, fix: fix ?? (diff ? 'review' : null), diff, failOn: failOn as Severity | 'never' };
}

interface FixedCheck {
  readonly check: Check;
  readonly model: ConfigModel;
  /** New texts by file. */
  readonly texts: ReadonlyMap<string, string>;
  readonly original: ConfigModel;
}

/** Fixes pass by pass, in memory: each pass works on what the one before left. */
async function checkAndFix(input: Input, options: CheckOptions): Promise<FixedCheck> {
  const original = await loadModel(input);
  let model = original;
  let result = check(model, input.settings);
  const texts = new Map<string, string>();
  const fixed: Check['fixed'] = [];
  for (let pass = 0; options.fix && pass < MAX_PASSES; pass++) {
    const selected = selectFixes(result.findings, options.fix);
    if (selected.length === 0) break;
    for (const [file, edits] of editsByFile(selected.map(({ fix }) => fix))) {
      const text = model.snapshot.files.get(file)?.text;
      if (text !== undefined) texts.set(file, applyEdits(text, edits));
    }
    fixed.push(...selected.map(({ finding }) => ({ id: finding.id, file: finding.file })));
    model = await loadModel(input, texts);
    result = check(model, input.settings);
  }
  return { check: { ...result, fixed: options.diff ? [] : fixed }, model, texts, original };
}

async function writeAll(result: FixedCheck, disk: NodeHost): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [file, text] of result.texts) {
    try {
      await disk.write(file, text);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      problems.push({
        kind: 'unreadable',
        file,
        range: null,
        message: `${file} could not be written (${code}); it is as it was`,
      });
    }
  }
  return problems;
}

async function diffText(result: FixedCheck, cwd: string): Promise<string> {
  const { createTwoFilesPatch } = await import('diff');
  let out = '';
  for (const [file, text] of result.texts) {
    const before = result.original.snapshot.files.get(file)?.text ?? '';
    if (before === text) continue;
    const name = file === STDIN ? 'stdin' : path.relative(cwd, file);
    out += createTwoFilesPatch(`a/${name}`, `b/${name}`, before, text, undefined, undefined, {
      context: 3,
    }).replace(/^=+\n/, '');
  }
  return out;
}

function mergeChecks(checks: readonly Check[], problems: readonly Problem[]): Check {
  const unique = new Map<string, Problem>();
  for (const problem of [...problems, ...checks.flatMap((c) => c.problems)])
    unique.set(JSON.stringify(problem), problem);
  const findings = new Map(
    checks.flatMap((c) => c.findings).map((f) => [JSON.stringify([f.id, f.file, f.range]), f]),
  );
  return {
    schema: 1,
    nginxVersion: checks[0]?.nginxVersion ?? { value: null, from: 'unknown' },
    files: [...new Set(checks.flatMap((c) => c.files))],
    findings: [...findings.values()],
    problems: [...unique.values()],
    fixed: checks.flatMap((c) => c.fixed),
  };
}
