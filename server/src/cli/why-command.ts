import type { FailureMode } from '../engine/failures/failure-mode.ts';
import { failureMode, failureModes } from '../engine/failures/index.ts';
import { otherCause, otherCauses } from '../engine/failures/other-causes.ts';
import type { Io } from './io.ts';
import { parse } from './options.ts';
import { WIDTH } from './source-view.ts';
import { type Style, styleFor, wrapText } from './style.ts';
import { UsageError } from './usage-error.ts';

export const WHY_HELP = `Usage: nginx-502 why [ID]

Prints what a finding or cause means, why it matters and what to do.
Without ID: the list of all.
`;

/** `nginx-502 why`. Returns the exit status. */
export async function whyCommand(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parse('why', argv, { help: { type: 'boolean', default: false } });
  if (values.help) {
    io.out(WHY_HELP);
    return 0;
  }
  const style = styleFor(io.stdout, io.env);
  const [id, ...more] = positionals;
  if (more.length > 0) throw new UsageError('why takes one id');
  if (id === undefined) {
    const rows = [...failureModes, ...otherCauses].map((mode) => [mode.id, mode.title] as const);
    const width = Math.max(...rows.map(([name]) => name.length));
    for (const [name, title] of rows) {
      const [first, ...rest] = wrapText(title, WIDTH - width - 2);
      io.out(`${style.bold(name.padEnd(width))}  ${first}\n`);
      for (const line of rest) io.out(`${' '.repeat(width + 2)}${line}\n`);
    }
    return 0;
  }
  const mode = failureMode(id);
  if (mode) io.out(page(mode, style));
  else {
    const other = otherCause(id);
    if (!other) throw new UsageError(`there is no "${id}"; nginx-502 why lists all`);
    io.out(`${style.bold(`${other.id}: ${other.title}`)}\n\n${paragraph('Do', other.do)}\n`);
  }
  return 0;
}

function paragraph(title: string, text: string): string {
  const indent = ' '.repeat(8);
  return wrapText(text, WIDTH - 8)
    .map((line, i) => (i === 0 ? title.padEnd(8) : indent) + line)
    .join('\n');
}

function page(mode: FailureMode, style: Style): string {
  const parts = [
    style.bold(`${mode.id}: ${mode.title}`),
    paragraph('What', mode.what),
    paragraph('Why', mode.why),
    paragraph('Do', mode.do),
    paragraph('Client', mode.status === null ? 'no status of its own: see above' : `gets ${mode.status}`),
    paragraph('Hits', mode.hits),
    ...(mode.remedy.mitigate ? [paragraph('Now', mode.remedy.mitigate)] : []),
    ...(mode.remedy.takesEffect ? [paragraph('Then', mode.remedy.takesEffect)] : []),
    mode.references.map((url) => paragraph('See', url)).join('\n'),
  ];
  return `${parts.join('\n\n')}\n`;
}
