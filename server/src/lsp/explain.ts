import type { CancellationToken } from 'vscode-languageserver';
import type { ConfigModel } from '../engine/config/model.ts';
import type { Explanation, Fix, NginxVersion, Place } from '../engine/contract.ts';
import {
  type Candidate,
  type Choice,
  LogSample,
  noteChoice,
} from '../engine/diagnosis/choose-configuration.ts';
import { LogExplainer } from '../engine/diagnosis/explain-log.ts';
import { applyEdits } from '../engine/diagnosis/fixes.ts';
import { nothingFound } from '../engine/diagnosis/nothing-found.ts';
import { errnoText, phaseTrack } from '../engine/diagnosis/phase-track.ts';
import { placeName, whyAlso } from '../engine/diagnosis/place-reason.ts';
import type { LogEntry } from '../engine/errorlog/entry.ts';
import { failureMode } from '../engine/failures/index.ts';
import { readLogFile } from '../log-file.ts';
import type {
  DiffLine,
  Drawing,
  DrawnCause,
  DrawnFix,
  DrawnPlace,
  ExplainAnswer,
  ExplainParams,
  FixAnswer,
  FixParams,
} from '../protocol.ts';
import { documentChanges, type VersionOf } from './code-actions.ts';
import { uriOf } from './convert.ts';
import type { Judged } from './workspace.ts';

/** Characters taken in at once, between looks at whether anybody still waits. */
const PIECE = 1 << 20;

/** Explains a text or a log file by a configuration, and draws what an editor shows beside the words. */
export async function explainFor(
  params: ExplainParams,
  judged: Judged | null,
  token: CancellationToken,
  choice: Choice<Candidate> | null = null,
): Promise<ExplainAnswer> {
  const { model } = judged ?? { model: null };
  const explainer = new LogExplainer({ model, ...(judged && { pathMap: judged.pathMap }) });
  const problems = [...(model?.problems ?? [])];
  if ('file' in params.source) {
    const problem = await readLogFile(params.source.file, explainer, () => token.isCancellationRequested);
    if (problem) problems.push(problem);
  } else {
    const { text } = params.source;
    for (let at = 0; at < text.length && !token.isCancellationRequested; at += PIECE) {
      explainer.push(text.slice(at, at + PIECE));
      await new Promise(setImmediate);
    }
  }
  const version: NginxVersion = model?.version ?? { value: null, from: 'unknown' };
  const result = explainer.end(version, problems);
  if (choice) noteChoice(result, choice, 'another can be chosen below');
  const { structuredPatch } = await import('diff');
  const lineDiff: LineDiff = (before, after) =>
    structuredPatch('', '', before, after, undefined, undefined, { context: 1 }).hunks;
  return {
    result,
    drawings: result.groups.map(({ explanation }) => draw(explanation, judged, lineDiff)),
    nothing: nothingFound(result),
    judgedBy: judged && { entryFile: uriOf(judged.root), files: judged.model.snapshot.files.size },
  };
}

/** What a source begins with, to choose a configuration by. */
export async function sampleOf(source: ExplainParams['source']): Promise<readonly LogEntry[]> {
  const sample = new LogSample();
  if ('file' in source) await readLogFile(source.file, sample, () => sample.full);
  else {
    sample.push(source.text.slice(0, PIECE));
    sample.endOfFile();
  }
  return sample.entries;
}

/** The edits of a fix that an explanation offers now; null when it does not offer it. */
export function fixFor(
  params: FixParams,
  { result }: ExplainAnswer,
  judged: Judged,
  versionOf: VersionOf,
): FixAnswer | null {
  const causes = result.groups[params.group]?.explanation.causes ?? [];
  const fix = causes.find(({ id }) => id === params.cause)?.fixes.find(({ title }) => title === params.fix);
  if (!fix) return null;
  return {
    edit: { documentChanges: documentChanges(fix.edits, versionOf) },
    files: changed(fix, judged.model).map(({ file, after }) => ({ uri: uriOf(file), text: after })),
  };
}

function changed(fix: Fix, model: ConfigModel): { file: string; before: string; after: string }[] {
  return [...new Set(fix.edits.map(({ file }) => file))].flatMap((file) => {
    const before = model.snapshot.files.get(file)?.text;
    if (before === undefined) return [];
    const edits = fix.edits.filter((edit) => edit.file === file);
    return [{ file, before, after: applyEdits(before, edits) }];
  });
}

/** Changed lines as "+text", "-text" and " text", hunk by hunk. */
type LineDiff = (before: string, after: string) => readonly { lines: readonly string[] }[];

function draw(explanation: Explanation, judged: Judged | null, lineDiff: LineDiff): Drawing {
  const { place } = explanation;
  const model = judged?.model ?? null;
  return {
    track: phaseTrack(explanation),
    errno: errnoText(explanation),
    place: place && judged && drawPlace(place, judged),
    alternatives:
      place && judged
        ? place.alternatives.map((other) => ({ ...drawPlace(other, judged), why: whyAlso(place, other) }))
        : [],
    causes: explanation.causes.map(
      (cause): DrawnCause => ({
        title: failureMode(cause.id)?.title ?? cause.id,
        page: failureMode(cause.id)?.references[0] ?? null,
        fixes: model ? cause.fixes.map((fix) => drawFix(fix, model, lineDiff)) : [],
      }),
    ),
  };
}

const MARKS: Record<string, DiffLine['kind']> = { '+': 'add', '-': 'remove', ' ': 'same' };

function drawFix(fix: Fix, model: ConfigModel, lineDiff: LineDiff): DrawnFix {
  return {
    title: fix.title,
    safety: fix.safety,
    files: changed(fix, model).map(({ file, before, after }) => {
      const lines = lineDiff(before, after).flatMap((hunk, i): DiffLine[] => [
        ...(i > 0 ? [{ kind: 'gap' as const, text: '' }] : []),
        ...hunk.lines
          // "\ No newline at end of file"
          .filter((line) => line[0]! in MARKS)
          .map((line) => ({ kind: MARKS[line[0]!]!, text: line.slice(1) })),
      ]);
      return { uri: uriOf(file), lines: shortened(dedented(lines)) };
    }),
  };
}

/** Lines shown above and below a directive. */
const ABOVE = 2;
const BELOW = 1;

function drawPlace(place: Place, { model, inEditor }: Judged): DrawnPlace {
  const { file, range } = place.directive;
  const shown = inEditor({ file, range });
  const document = model.snapshot.files.get(file);
  const drawn = {
    uri: uriOf(shown.file),
    range: shown.range,
    text: placeName(place),
  };
  if (!document) return { ...drawn, lines: [] };
  const { lines } = document;
  const at = range.start.line;
  const numbers = new Set<number>();
  // The location's own line says where one is, however far above it stands.
  if (place.location?.file === file) numbers.add(place.location.range.start.line);
  for (let line = Math.max(1, at - ABOVE); line <= Math.min(lines.lineCount, at + BELOW); line++)
    numbers.add(line);
  const near = [...numbers]
    .sort((a, b) => a - b)
    .map((number) => {
      const span = lines.line(number);
      const text = document.text.slice(span.start, span.end).replace(/\r$/, '');
      const end = range.end.line === at ? range.end.column - 1 : text.length;
      const mark: [number, number] | null = number === at ? [range.start.column - 1, end] : null;
      return { number, text, mark };
    });
  const indent = commonIndent(near.map(({ text }) => text));
  return {
    ...drawn,
    lines: shortened(
      near.map(({ number, text, mark }) => ({
        number,
        text: text.slice(indent),
        mark: mark && ([Math.max(0, mark[0] - indent), Math.max(0, mark[1] - indent)] as const),
      })),
    ),
  };
}

function dedented<T extends { readonly text: string }>(lines: readonly T[]): T[] {
  const indent = commonIndent(lines.map(({ text }) => text));
  return lines.map((line) => ({ ...line, text: line.text.slice(indent) }));
}

/** Characters of white space that all lines with something on them begin with. */
function commonIndent(lines: readonly string[]): number {
  const widths = lines
    .filter((line) => line.trim() !== '')
    .map((line) => line.length - line.trimStart().length);
  return widths.length === 0 ? 0 : Math.min(...widths);
}

/** A line can be megabytes long; nobody looks at its end. */
const MAX_SHOWN = 500;

function shortened<T extends { readonly text: string }>(lines: readonly T[]): T[] {
  return lines.map((line) =>
    line.text.length <= MAX_SHOWN ? line : { ...line, text: `${line.text.slice(0, MAX_SHOWN)}\u2026` },
  );
}
