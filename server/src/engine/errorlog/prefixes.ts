/** Takes one kind of dirt off a line; gives it back as it is when the dirt is not there. */
export interface Normaliser {
  readonly name: string;
  readonly apply: (line: string) => string;
}

const CONTROL_SEQUENCE = /\u001b\[[0-9;]{0,20}[A-Za-z]/g;

/** In the order in which they are applied: escapes of the whole line first, then what stands around it. */
export const normalisers: readonly Normaliser[] = [
  { name: 'byte-order-mark', apply: (line) => (line.charCodeAt(0) === 0xfeff ? line.slice(1) : line) },
  {
    name: 'colours',
    apply: (line) => (line.includes('\u001b[') ? line.replace(CONTROL_SEQUENCE, '') : line),
  },
  { name: 'outer-space', apply: (line) => line.trim() },
  { name: 'table-row', apply: tableCell },
  { name: 'compose-prefix', apply: afterPipes },
  { name: 'program-name', apply: afterProgramName },
];

/** `| 1609878836789 | nginx: [emerg] ... |`: the longest cell of a console's table. */
function tableCell(line: string): string {
  if (line.charCodeAt(0) !== 124 || line.charCodeAt(line.length - 1) !== 124) {
    return line;
  }
  let longest = '';
  for (const cell of line.split('|')) {
    if (cell.length > longest.length) {
      longest = cell;
    }
  }
  return longest.trim();
}

/** `service-1  | `, also doubled: docker compose and foreman put the name of the service before each line. */
function afterPipes(line: string): string {
  let text = line;
  for (let times = 0; times < 3; times++) {
    const pipe = text.indexOf('|');
    if (pipe < 1 || pipe > 60 || !isServiceName(text.slice(0, pipe).trim())) {
      return text;
    }
    text = text.slice(pipe + 1).trimStart();
  }
  return text;
}

function isServiceName(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,60}$/.test(text);
}

/** `nginx: ` and `... vidar nginx[157907]: ` before a message without head. */
function afterProgramName(line: string): string {
  if (line.startsWith('nginx: ') && line.charCodeAt(7) !== 91) {
    return line.slice(7);
  }
  const at = line.indexOf(' nginx[');
  const end = at < 0 || at > 80 ? -1 : line.indexOf(']: ', at);
  return end > 0 && end < at + 20 ? line.slice(end + 3) : line;
}
