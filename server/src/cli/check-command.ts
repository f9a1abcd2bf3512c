import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { ConfigModel } from '../engine/config/model.ts';
import type { Check, Problem, Severity } from '../engine/contract.ts';
import { check, sortFindings } from '../engine/diagnosis/check.ts';
import { applyEdits, editsByFile, isAllowed, selectFixes } from '../engine/diagnosis/fixes.ts';
import type { SyntaxDocument } from '../engine/syntax/document.ts';
import { NodeHost } from '../node-host.ts';
import { checkReport, fails } from './check-report.ts';
import { guessNotes } from './guess-note.ts';
import { type Input, loadModel, openInput, STDIN } from './input.ts';
import type { Io } from './io.ts';
import { MainFiles } from './main-file.ts';
import { parse } from './options.ts';
import { askedIn, filesBeyond, joinInputs, partsNotes, splitInput } from './parts.ts';
import { shownPath } from './source-view.ts';
import { printable, printableJson, printableLines, styleFor } from './style.ts';
import { UsageError } from './usage-error.ts';

export const CHECK_HELP = `Usage: nginx-502 check [PATH...|-]

Finds in an nginx configuration what will make nginx answer 502.
PATH is a file, or a directory with nginx.conf or *.conf in it. Without PATH:
nginx.conf here, else /etc/nginx/nginx.conf. A part like conf.d/site.conf is
read as nginx reads it where an nginx.conf above includes it; what is found
elsewhere is left out, and --fix writes only to what was named. "-" reads
standard input. Input and file may be what nginx -T prints, with other text
around it.

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
  const disk = new NodeHost();
  const mains = new MainFiles(disk);
  const named: Input[] = [];
  for (const argument of positionals.length === 0 ? [null] : positionals) {
    const options = { map: values.map, nginxVersion: values['nginx-version'] };
    const input = await openInput(argument, options, disk, io.readStdin, io.cwd, mains);
    named.push(...(await splitInput(input, mains)));
  }
  const inputs = joinInputs(named);
  if (options.fix && !options.diff && inputs.some((input) => input.virtual)) {
    const what = positionals[0] === '-' ? 'standard input' : 'the output of nginx -T';
    throw new UsageError(`--fix cannot write to ${what}; --diff prints the changes`);
  }
  const originals: Checked[] = [];
  for (const input of inputs) originals.push(await checkInput(input));
  for (const { input, model } of originals) if (input.parts) io.err(partsNotes(input.parts, model, io.cwd));
  const { texts, fixed, beyond } = await applyFixes(inputs, originals, options);
  if (beyond.size > 0) {
    const files = [...beyond].map((file) => shownPath(file, io.cwd)).join(', ');
    io.err(`nginx-502: what would also change ${files} was not fixed; name that as well to have it fixed\n`);
  }
  const unwritten = options.diff ? [] : await writeAll(texts, disk);
  // What nobody has written is still to be found.
  const kept = texts.size === 0 || options.diff || unwritten.length > 0;
  const results = kept ? originals : [];
  if (!kept) for (const input of inputs) results.push(await checkInput(input, texts));
  const merged = mergeChecks(
    results.map((result) => result.check),
    [...inputs.flatMap((input) => input.problems), ...unwritten],
    kept ? [] : fixed,
  );
  if (options.format === 'json') io.out(`${printableJson(merged)}\n`);
  else if (options.diff) {
    for (const [file, text] of texts) {
      const before = lookUp(originals, file)?.text ?? '';
      const patch = await patchOf(file, before, text, io.cwd, disk);
      // A patch has to be exact; only on a terminal nobody but a person reads it.
      io.out(io.stdout.isTTY ? printableLines(patch.toString().replaceAll('\r\n', '\n')) : patch);
    }
    for (const problem of merged.problems) io.err(`nginx-502: ${printable(problem.message)}\n`);
  } else {
    const lineOf = (file: string, number: number): string | null => {
      const document = lookUp(results, file);
      if (!document) return null;
      const { start, end } = document.lines.line(number);
      return document.text.slice(start, end);
    };
    io.out(
      checkReport(merged, {
        style: styleFor(io.stdout, io.env),
        cwd: io.cwd,
        failOn: options.failOn,
        lineOf,
        unnamed: (fix) => filesBeyond(results, fix),
      }),
    );
    io.out(guessNotes(results.map(({ model }) => model)));
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

interface Checked {
  readonly input: Input;
  readonly model: ConfigModel;
  readonly check: Check;
}

async function checkInput(input: Input, texts: ReadonlyMap<string, string> = new Map()): Promise<Checked> {
  const model = await loadModel(input, texts);
  const whole = check(model, input.settings);
  if (!input.parts) return { input, model, check: whole };
  const asked = askedIn(input, model.snapshot);
  return {
    input,
    model,
    check: {
      ...whole,
      files: whole.files.filter(asked),
      findings: whole.findings.filter(({ file }) => asked(file)),
      problems: whole.problems.filter(({ file }) => asked(file)),
    },
  };
}

function lookUp(results: readonly Checked[], file: string): SyntaxDocument | undefined {
  return results
    .map(({ model }) => model.snapshot.files.get(file))
    .find((document) => document !== undefined);
}

/** New texts by file and what they cure, in memory: each pass, also over a next input, works on what is there by then. */
async function applyFixes(
  inputs: readonly Input[],
  originals: readonly Checked[],
  options: CheckOptions,
): Promise<{ texts: Map<string, string>; fixed: Check['fixed']; beyond: ReadonlySet<string> }> {
  const texts = new Map<string, string>();
  const beyond = new Set<string>();
  const upTo = options.fix;
  const fixed: Check['fixed'] = [];
  for (const [i, input] of inputs.entries()) {
    let result = texts.size > 0 ? await checkInput(input, texts) : originals[i]!;
    for (let pass = 0; upTo && pass < MAX_PASSES; pass++) {
      const within = result.check.findings.filter(({ fixes: [fix] }) => {
        const files = fix && isAllowed(fix, upTo) ? filesBeyond([result], fix) : [];
        for (const file of files) beyond.add(file);
        return files.length === 0;
      });
      const selected = selectFixes(within, upTo);
      if (selected.length === 0) break;
      for (const [file, edits] of editsByFile(selected.map(({ fix }) => fix))) {
        const text = result.model.snapshot.files.get(file)?.text;
        if (text !== undefined) texts.set(file, applyEdits(text, edits));
      }
      fixed.push(...selected.map(({ finding }) => ({ id: finding.id, file: finding.file })));
      result = await checkInput(input, texts);
    }
  }
  return { texts, fixed, beyond };
}

async function writeAll(texts: ReadonlyMap<string, string>, disk: NodeHost): Promise<Problem[]> {
  const failed = await disk.writeAll(texts);
  if (!failed) return [];
  const { file, code } = failed;
  const others = texts.size > 1 ? 'no file was changed' : 'it is as it was';
  return [
    { kind: 'unreadable', file, range: null, message: `${file} could not be written (${code}); ${others}` },
  ];
}

/** A patch for one file, in the file's own encoding, that `git apply` and `patch -p1` take; outside of here with -d /. */
async function patchOf(
  file: string,
  before: string,
  text: string,
  cwd: string,
  disk: NodeHost,
): Promise<Buffer> {
  if (before === text) return Buffer.alloc(0);
  const { createTwoFilesPatch } = await import('diff');
  const target = await realpath(file).catch(() => file);
  const relative = path.relative(cwd, target);
  const name = file === STDIN ? 'stdin' : relative.startsWith('../') ? target.slice(1) : relative;
  const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, before, text, undefined, undefined, {
    context: 3,
  }).replace(/^=+\n/, '');
  const body = patch.indexOf('\n@@') + 1;
  // As GNU diff does it: the tab tells where a name with blanks ends.
  const head = patch.slice(0, body).replace(/^(.{4}[^"\n]* [^"\n]*)$/gm, '$1\t');
  return Buffer.concat([Buffer.from(head), disk.encode(file, patch.slice(body))]);
}

function mergeChecks(checks: readonly Check[], problems: readonly Problem[], fixed: Check['fixed']): Check {
  const unique = new Map<string, Problem>();
  for (const problem of [...problems, ...checks.flatMap((c) => c.problems)])
    unique.set(JSON.stringify(problem), problem);
  const findings = new Map(
    checks.flatMap((c) => c.findings).map((f) => [JSON.stringify([f.id, f.file, f.range]), f]),
  );
  const files = [...new Set(checks.flatMap((c) => c.files))];
  return {
    schema: 1,
    nginxVersion: checks[0]?.nginxVersion ?? { value: null, from: 'unknown' },
    files,
    findings: sortFindings([...findings.values()], files),
    problems: [...unique.values()],
    fixed,
  };
}
