import type { ConfigModel } from '../engine/config/model.ts';
import type { Cause, Explain, ExplainGroup, Explanation } from '../engine/contract.ts';
import { nothingFound } from '../engine/diagnosis/nothing-found.ts';
import { errnoText, phaseTrack, type StepState } from '../engine/diagnosis/phase-track.ts';
import { placeName, whyAlso } from '../engine/diagnosis/place-reason.ts';
import { shownPath, WIDTH } from './source-view.ts';
import { printable, type Style, wrapText } from './style.ts';

export interface ExplainReportOptions {
  readonly style: Style;
  readonly cwd: string;
  readonly model: ConfigModel | null;
  readonly config: string | null;
  /** Log lines left out because of --since and --until. */
  readonly filtered?: number;
}

/** Groups printed in full; the rest is counted. */
const MAX_GROUPS = 10;
/** Causes printed; JSON has all. */
const MAX_CAUSES = 3;
/** Other places printed; JSON has more. */
const MAX_ALSO = 3;
const INDENT = '       ';

/** The explanations as text: verdict first, then where, why, the cure, and the commands that make sure. */
export function explainReport(result: Explain, options: ExplainReportOptions): string {
  const { style } = options;
  const parts: string[] = [];
  for (const problem of result.problems)
    parts.push(`${style.red('problem')}: ${printable(problem.message)}\n`);
  const known = result.groups.filter((group) => group.explanation.message !== null);
  const unknown = result.groups.length - known.length;
  for (const group of known.slice(0, MAX_GROUPS)) parts.push(groupText(group, options));
  if (known.length > MAX_GROUPS) {
    parts.push(`${known.length - MAX_GROUPS} more kinds of event; --format json shows them all.\n`);
  }
  const nothing = nothingFound(result, options.filtered);
  if (nothing) parts.push(`${nothing.flatMap((line) => wrapText(line, WIDTH)).join('\n')}\n`);
  else {
    const words: string[] = [];
    if (unknown > 0) words.push(`${unknown} other nginx message${unknown === 1 ? '' : 's'} in the text`);
    if (result.unrecognised > 0) {
      words.push(`${result.unrecognised} line${result.unrecognised === 1 ? '' : 's'} not read as nginx's`);
    }
    if (words.length > 0) parts.push(`${words.join(', ')}.\n`);
  }
  return parts.join('\n');
}

function groupText(group: ExplainGroup, options: ExplainReportOptions): string {
  const { explanation } = group;
  const { style } = options;
  const code = explanation.status.code ?? (explanation.message?.phase === 'start-up' ? 'start' : '---');
  const head = wrapText(printable(explanation.verdict), WIDTH - INDENT.length);
  const lines = head.map((line, i) => (i === 0 ? style.bold(code.padEnd(INDENT.length)) : INDENT) + line);
  const status = statusText(explanation);
  if (status) lines.push(...hang(INDENT, INDENT, status));
  lines.push('', ...trackText(explanation, style));
  lines.push(...placeText(explanation, options));
  const causes = worthReading(explanation.causes);
  lines.push(...causesText(causes, options));
  lines.push(...commandsText(causes.length > 0 ? causes : explanation.causes));
  if (explanation.attempts.length > 0)
    lines.push('', ...hang('Tried  ', INDENT, explanation.attempts.map((a) => a.upstream).join(', then ')));
  for (const [i, note] of explanation.notes.entries())
    lines.push(...(i === 0 ? [''] : []), ...hang('Note   ', INDENT, note));
  if (group.count > 1) {
    const span =
      group.first && group.last && group.first !== group.last ? `, ${group.first} to ${group.last}` : '';
    lines.push('', ...hang('Seen   ', INDENT, `${group.count} times${span}`));
  }
  const first = causes[0] ?? explanation.causes[0];
  if (first) lines.push('', `More: nginx-502 why ${first.id}`);
  // Parts that are absent leave no gap.
  return `${lines.join('\n').replace(/\n{3,}/g, '\n\n')}\n`;
}

function statusText(explanation: Explanation): string {
  const { status } = explanation;
  const sure = status.certainty === 'certain' ? '' : ` (${status.certainty})`;
  return status.note === '' ? '' : `${status.note}${sure}`;
}

const MARKS: Record<StepState, string> = { passed: 'ok', failed: 'X', absent: '-', unknown: '?', ahead: '.' };

/** The steps to a backend with the failing one marked; empty for messages off that way. */
function trackText(explanation: Explanation, style: Style): string[] {
  const steps = phaseTrack(explanation);
  if (!steps) return [];
  const width = 10;
  const at = steps.findIndex((step) => step.state === 'failed');
  const row = steps.map(({ state }) => {
    const mark = MARKS[state];
    return state === 'failed' ? style.red(mark) + ' '.repeat(width - 1) : mark.padEnd(width);
  });
  const errno = errnoText(explanation);
  return [
    `${INDENT}${steps
      .map(({ name }) => name.padEnd(width))
      .join('')
      .trimEnd()}`,
    `${INDENT}${row.join('').trimEnd()}`,
    ...(errno === null ? [] : [INDENT + below(printable(errno), at * width, WIDTH - INDENT.length)]),
    '',
  ];
}

/** A text below a column, moved to the left as far as it would not end in the line, and then shortened. */
function below(text: string, column: number, width: number): string {
  const shown = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  return ' '.repeat(Math.min(column, width - shown.length)) + shown;
}

function hang(first: string, next: string, text: string): string[] {
  return wrapText(printable(text), WIDTH - first.length).map((line, i) => (i === 0 ? first : next) + line);
}

function placeText(explanation: Explanation, options: ExplainReportOptions): string[] {
  const { place } = explanation;
  if (!place) {
    if (explanation.message?.phase === 'client') return [];
    return options.config === null
      ? [...hang('Where  ', INDENT, 'not known without the configuration: add --config nginx.conf'), '']
      : [];
  }
  const { directive } = place;
  const at = `${shownPath(directive.file, options.cwd)}:${directive.range.start.line}`;
  const what = placeName(place);
  const gap = WIDTH - INDENT.length - what.length;
  const lines =
    at.length + 2 <= gap
      ? [`Where  ${printable(what)}${at.padStart(gap)}`]
      : [...hang('Where  ', INDENT, what), `${INDENT}${at}`];
  const source = options.model?.snapshot.files.get(directive.file)?.text.split('\n')[
    directive.range.start.line - 1
  ];
  if (source !== undefined) {
    const number = `${directive.range.start.line} | `;
    const text = printable(source.replaceAll('\t', '    ').trimEnd());
    const room = WIDTH - INDENT.length - number.length;
    lines.push(`${INDENT}${number}${text.length > room ? `${text.slice(0, room - 1)}\u2026` : text}`);
  }
  lines.push(...alsoText(place, options.cwd));
  lines.push('');
  return lines;
}

/** Other places that fit, with what tells them from the first. */
function alsoText(place: NonNullable<Explanation['place']>, cwd: string): string[] {
  const { alternatives } = place;
  if (alternatives.length === 0) return [];
  const lines = [`${INDENT}also possible:`];
  for (const other of alternatives.slice(0, MAX_ALSO)) {
    const { file, range } = other.directive;
    const at = `${shownPath(file, cwd)}:${range.start.line}`;
    const text = `${at}, ${placeName(other)}: ${whyAlso(place, other)}`;
    lines.push(...hang(`${INDENT}- `, `${INDENT}  `, text));
  }
  const more = alternatives.length - MAX_ALSO;
  if (more > 0) lines.push(`${INDENT}- ${more} more; --format json has them`);
  return lines;
}

/** The causes but those that only something speaks against. */
function worthReading(causes: readonly Cause[]): Cause[] {
  return causes
    .filter(({ because, against }) => against.length === 0 || because.length > 0)
    .slice(0, MAX_CAUSES);
}

function causesText(causes: readonly Cause[], options: ExplainReportOptions): string[] {
  const { style } = options;
  return causes.flatMap((cause, i) => {
    const first = `${i === 0 ? 'Cause  ' : INDENT}${i + 1} `;
    const inner = `${INDENT}  `;
    const lines = [`${first}${style.bold(cause.id)}, ${cause.certainty}`];
    for (const reason of cause.because) lines.push(...hang(`${inner}+ `, `${inner}  `, reason));
    for (const reason of cause.against) lines.push(...hang(`${inner}- `, `${inner}  `, reason));
    lines.push(...hang(`${inner}do: `, `${inner}    `, cause.do));
    if (i === 0 && cause.mitigate) lines.push(...hang(`${inner}now: `, `${inner}     `, cause.mitigate));
    if (i === 0 && cause.takesEffect)
      lines.push(...hang(`${inner}then: `, `${inner}      `, cause.takesEffect));
    for (const fix of cause.fixes.slice(0, 2))
      lines.push(...hang(`${inner}fix: `, `${inner}     `, fix.title));
    return lines;
  });
}

/** Commands of the first cause. A command stands on its own line, whole, for it is to be copied. */
function commandsText(causes: readonly Cause[]): string[] {
  const checks = causes[0]?.checks ?? [];
  if (checks.length === 0) return [];
  const lines = [''];
  for (const [i, check] of checks.entries()) {
    lines.push(`${i === 0 ? 'Sure?  ' : INDENT}${printable(check.run)}`);
    lines.push(...hang(`${INDENT}  `, `${INDENT}  `, `${check.where}: ${check.expect}`));
  }
  return lines;
}
