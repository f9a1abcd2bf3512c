import type { ConfigModel } from '../engine/config/model.ts';
import type { Cause, Explain, ExplainGroup, Explanation } from '../engine/contract.ts';
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
  if (known.length === 0) parts.push(nothing(result, options.filtered ?? 0));
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

function nothing(result: Explain, filtered: number): string {
  if (result.events === 0 && filtered > 0) {
    return `All ${filtered} nginx log line${filtered === 1 ? '' : 's'} of the input are outside of --since and --until.\n`;
  }
  if (result.events > 0) {
    return 'The text holds nginx log lines, but none of them is on the way to a 502.\n';
  }
  const lines = [
    ...wrapText(
      result.lines === 0
        ? 'There is nothing to explain: the input is empty.'
        : `No nginx error-log line was found in ${result.lines} line${result.lines === 1 ? '' : 's'} of input.`,
      WIDTH,
    ),
    ...wrapText(
      "Paste a line of nginx's error.log, for example: 2026/01/31 03:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, ...",
      WIDTH,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function groupText(group: ExplainGroup, options: ExplainReportOptions): string {
  const { explanation } = group;
  const { style } = options;
  const code = explanation.status.code ?? (explanation.message?.phase === 'start-up' ? 'start' : '---');
  const head = wrapText(printable(explanation.verdict), WIDTH - INDENT.length);
  const lines = head.map((line, i) => (i === 0 ? style.bold(code.padEnd(INDENT.length)) : INDENT) + line);
  const status = statusText(explanation);
  if (status) lines.push(...hang(INDENT, INDENT, status));
  lines.push('', ...phaseTrack(explanation, style));
  lines.push(...placeText(explanation, options));
  lines.push(...causesText(explanation.causes, options));
  lines.push(...commandsText(explanation.causes));
  if (explanation.attempts.length > 0)
    lines.push('', ...hang('Tried  ', INDENT, explanation.attempts.map((a) => a.upstream).join(', then ')));
  for (const [i, note] of explanation.notes.entries())
    lines.push(...(i === 0 ? [''] : []), ...hang('Note   ', INDENT, note));
  if (group.count > 1) {
    const span =
      group.first && group.last && group.first !== group.last ? `, ${group.first} to ${group.last}` : '';
    lines.push('', ...hang('Seen   ', INDENT, `${group.count} times${span}`));
  }
  const first = explanation.causes[0];
  if (first) lines.push('', `More: nginx-502 why ${first.id}`);
  return `${lines.join('\n')}\n`;
}

function statusText(explanation: Explanation): string {
  const { status } = explanation;
  const sure = status.certainty === 'certain' ? '' : ` (${status.certainty})`;
  return status.note === '' ? '' : `${status.note}${sure}`;
}

const TRACK = ['resolve', 'connect', 'tls', 'send', 'header', 'body'] as const;

/** The steps to a backend with the failing one marked; empty for messages off that way. */
function phaseTrack(explanation: Explanation, style: Style): string[] {
  const phase = explanation.message?.phase ?? '';
  const at = (TRACK as readonly string[]).indexOf(phase);
  if (at < 0) return [];
  const width = 10;
  const scheme = explanation.entry.upstream?.scheme ?? null;
  const names = TRACK.map((name) => (name === 'tls' ? 'TLS' : name).padEnd(width)).join('');
  const marks = TRACK.map((name, i) => {
    if (i > at) return '.';
    if (i === at) return 'X';
    // A step that this kind of backend does not have.
    if (name === 'tls' && scheme === null) return '?';
    if (name === 'tls' && scheme !== 'https' && scheme !== 'grpcs') return '-';
    if (name === 'resolve') return '-';
    return 'ok';
  });
  const row = marks
    .map((mark) => (mark === 'X' ? style.red('X') + ' '.repeat(width - 1) : mark.padEnd(width)))
    .join('');
  const errno = explanation.message?.errno;
  const detail = errno === null || errno === undefined ? '' : errnoText(explanation);
  return [
    `${INDENT}${names.trimEnd()}`,
    `${INDENT}${row.trimEnd()}`,
    ...(detail ? [`${INDENT}${' '.repeat(at * width)}${detail}`.slice(0, WIDTH)] : []),
    '',
  ];
}

function errnoText(explanation: Explanation): string {
  const { errno, text } = explanation.message!;
  const from = text.indexOf(`(${errno}: `);
  const to = text.indexOf(')', from);
  return from < 0 || to < 0 ? String(errno) : printable(text.slice(from + 1, to));
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
  const names = place.server?.names[0] ?? null;
  const what = [
    place.location ? place.location.text : 'the configuration',
    names === null ? '' : ` in ${names}`,
  ].join('');
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
  if (place.alternatives.length > 0) {
    const others = place.alternatives.map(
      (p) => `${shownPath(p.directive.file, options.cwd)}:${p.directive.range.start.line}`,
    );
    lines.push(...hang(INDENT, INDENT, `also possible: ${others.join(', ')}`));
  }
  lines.push('');
  return lines;
}

function causesText(causes: readonly Cause[], options: ExplainReportOptions): string[] {
  const { style } = options;
  const shown = causes
    .filter((cause) => cause.against.length === 0 || cause.because.length > 0)
    .slice(0, MAX_CAUSES);
  return shown.flatMap((cause, i) => {
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
