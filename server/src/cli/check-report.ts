import type { Check, Finding, Fix, Severity } from '../engine/contract.ts';
import { shownPath, sourceLines, WIDTH } from './source-view.ts';
import { printable, type Style, wrapText } from './style.ts';

export interface ReportOptions {
  readonly style: Style;
  readonly cwd: string;
  readonly failOn: Severity | 'never';
  /** A line of a file as it was checked, 1-based; null when it is not at hand. */
  readonly lineOf: (file: string, line: number) => string | null;
  /** Files that a fix changes, and that would have to be named for it. */
  readonly unnamed: (fix: Fix) => readonly string[];
}

const RANK: Record<Severity, number> = { hint: 0, info: 1, warning: 2, error: 3 };

/** The check as text. Hints are shown on request only: they are counted in the last line. */
export function checkReport(result: Check, options: ReportOptions): string {
  const shown = result.findings.filter((f) => f.severity !== 'hint' || options.failOn === 'hint');
  const parts: string[] = [];
  for (const problem of result.problems) {
    const line = problem.range ? `:${problem.range.start.line}` : '';
    parts.push(
      `${options.style.red('problem')}: ${printable(problem.message)}${problem.range ? ` (${shownPath(problem.file, options.cwd)}${line})` : ''}\n`,
    );
  }
  for (const finding of shown) parts.push(findingText(finding, options));
  parts.push(...lastLine(result, options));
  return `${parts.join('\n')}\n`;
}

function findingText(finding: Finding, options: ReportOptions): string {
  const { style } = options;
  const { start } = finding.range;
  const severity =
    finding.severity === 'error'
      ? style.red(finding.severity)
      : finding.severity === 'warning'
        ? style.yellow(finding.severity)
        : finding.severity;
  const lines = [
    `${shownPath(finding.file, options.cwd)}:${start.line}:${start.column}: ${style.bold(severity)}: ${style.bold(printable(finding.message))} [${finding.id}]`,
  ];
  const number = String(start.line);
  const gutter = ' '.repeat(Math.max(2, number.length));
  const text = options.lineOf(finding.file, start.line);
  if (text !== null) {
    const view = sourceLines(text, finding.range, gutter);
    lines.push(
      `${gutter} |`,
      `${number.padStart(gutter.length)} | ${view.source}`,
      `${gutter} | ${style.red(view.carets)}`,
    );
  }
  const paragraph = (words: string, first: string, next: string): string[] =>
    wrapText(printable(words), WIDTH - first.length).map((line, i) => (i === 0 ? first : next) + line);
  lines.push(...paragraph(finding.why, `${gutter} | `, `${gutter} | `));
  for (const related of finding.related.slice(0, 4)) {
    lines.push(
      ...paragraph(
        `${shownPath(related.file, options.cwd)}:${related.range.start.line}: ${related.message}`,
        `${gutter} | `,
        `${gutter} |   `,
      ),
    );
  }
  const indent = `${gutter}       `;
  lines.push(...paragraph(finding.do, `${gutter} = do: `, indent));
  const fix = finding.fixes[0];
  if (fix && fix.safety !== 'choice') {
    const flag = fix.safety === 'safe' ? '--fix' : '--fix=review';
    const unnamed = options.unnamed(fix).map((file) => shownPath(file, options.cwd));
    const when = unnamed.length > 0 ? ` when ${unnamed.join(' and ')} is named as well` : '';
    lines.push(...paragraph(`(nginx-502 check ${flag} does it${when})`, indent, indent));
  }
  return `${lines.join('\n')}\n`;
}

function lastLine(result: Check, options: ReportOptions): string[] {
  const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;
  const by = (severity: Severity): number => result.findings.filter((f) => f.severity === severity).length;
  const words = [count(result.files.length, 'file')];
  for (const [severity, word] of [
    ['error', 'error'],
    ['warning', 'warning'],
    ['info', 'note'],
  ] as const) {
    if (by(severity) > 0) words.push(count(by(severity), word));
  }
  if (by('hint') > 0)
    words.push(
      `${count(by('hint'), 'hint')}${options.failOn === 'hint' ? '' : ' (--fail-on hint shows them)'}`,
    );
  if (result.findings.length === 0) words.push('nothing found');
  if (result.problems.length > 0) words.push(count(result.problems.length, 'problem'));
  if (result.fixed.length > 0) words.push(`${result.fixed.length} fixed`);
  const { value, from } = result.nginxVersion;
  const version = value === null ? `nginx version ${from}` : `nginx ${value}, from ${from}`;
  return wrapText(printable(`${words.join(', ')}. ${version}.`), WIDTH);
}

/** Whether the findings reach the level at which the call fails. */
export function fails(result: Check, failOn: Severity | 'never'): boolean {
  return failOn !== 'never' && result.findings.some((finding) => RANK[finding.severity] >= RANK[failOn]);
}
