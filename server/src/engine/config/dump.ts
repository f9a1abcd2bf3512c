import { resolvePath } from './paths.ts';

/** The name of what is pasted, in place of a path. */
export const PASTE = '<stdin>';

/**
 * The output of `nginx -T`: every file of a configuration behind a line `# configuration file PATH:` (main in
 * nginx.c). It comes with prompts, prose, colours and marks of quotation around and between, but what is in it was
 * accepted by nginx: it prints nothing otherwise.
 */
export interface DumpedFile {
  /** As nginx gives it. */
  readonly path: string;
  readonly text: string;
  /** Offset in the dump of an offset in `text`. */
  toDump(offset: number): number;
}

const HEADER = /^(.*?)# configuration file ((?:\/|[A-Za-z]:[\\/]).*):[ \t\r]*$/;
/** What may stand before every line: the marks of a quotation, an indentation, the name of a container. */
const PREFIX = /^(?:[\w.-]+[ \t]+\| ?|[ \t>]*)$/;
/** Colours and other orders to a terminal. */
const ESCAPE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)/g;
/** No line of a configuration that is longer is looked at for more than its text. */
const MAX_LINE = 2000;

/** Files of a dump in order; null when the text is none. */
export function readDump(text: string): DumpedFile[] | null {
  if (!text.includes('# configuration file ')) return null;
  const files: DumpText[] = [];
  let prefix = '';
  for (let start = 0; start <= text.length; ) {
    const feed = text.indexOf('\n', start);
    const end = feed < 0 ? text.length : feed;
    const line = new DumpLine(text, start, end, prefix);
    const header = line.text.length <= MAX_LINE ? HEADER.exec(line.text) : null;
    if (header && PREFIX.test(header[1]!)) {
      if (header[1] !== '') prefix = header[1]!;
      files.push(new DumpText(header[2]!, end));
    } else files.at(-1)?.add(line);
    start = end + 1;
  }
  if (files.length === 0) return null;
  const seen = new Set<string>();
  return files.filter((file) => !seen.has(file.path) && seen.add(file.path)).map((file) => file.end());
}

/**
 * The path under which the loader finds a dumped file, for a name may have `./` in it or come from Windows
 * (ngx_conf_full_name only puts the parts together).
 */
export function dumpPath(name: string): string {
  return resolvePath('/', name.replaceAll('\\', '/'));
}

/** One line of a dump without what does not belong to it, and where each part of it stands. */
class DumpLine {
  readonly text: string;
  /** Pairs of an offset in the line and the offset in the dump from which on they run in step. */
  readonly steps: [number, number][] = [];

  constructor(dump: string, start: number, end: number, prefix: string) {
    const parts: [number, number][] = [];
    let from = start;
    const whole = dump.slice(start, end);
    if (whole.includes('\x1b')) {
      for (const match of whole.matchAll(ESCAPE)) {
        parts.push([from, start + match.index]);
        from = start + match.index + match[0].length;
      }
    }
    parts.push([from, end]);
    let skip = 0;
    if (prefix !== '') {
      const plain = parts.map(([a, b]) => dump.slice(a, b)).join('');
      skip = plain.startsWith(prefix)
        ? prefix.length
        : plain.startsWith(prefix.trimEnd())
          ? prefix.trimEnd().length
          : 0;
    }
    let text = '';
    for (let [a, b] of parts) {
      const skipped = Math.min(skip, b - a);
      skip -= skipped;
      a += skipped;
      this.steps.push([text.length, a]);
      text += dump.slice(a, b);
    }
    this.text = text;
  }
}

/** A file of a dump as its lines come. */
class DumpText {
  private readonly lines: DumpLine[] = [];

  constructor(
    readonly path: string,
    private readonly headerEnd: number,
  ) {}

  add(line: DumpLine): void {
    this.lines.push(line);
  }

  end(): DumpedFile {
    const { path, headerEnd } = this;
    const lines = this.lines.slice(0, ownLines(this.lines.map((line) => line.text)));
    const steps: [number, number][] = [];
    let length = 0;
    for (const line of lines) {
      for (const [at, inDump] of line.steps) steps.push([length + at, inDump]);
      length += line.text.length + 1;
    }
    return {
      path,
      text: lines.length === 0 ? '\n' : lines.map((line) => `${line.text}\n`).join(''),
      toDump(offset) {
        let low = 0;
        let high = steps.length - 1;
        while (low < high) {
          const middle = (low + high + 1) >> 1;
          if (steps[middle]![0] <= offset) low = middle;
          else high = middle - 1;
        }
        const step = steps[low];
        return step ? step[1] + offset - step[0] : headerEnd;
      },
    };
  }
}

/**
 * How many lines belong to a file: up to a prompt, a message of nginx or the end of a fence outside of all blocks, and
 * not the prose and empty lines at the end. A file that nginx has accepted ends with ";", "}" or a comment.
 */
function ownLines(lines: readonly string[]): number {
  let depth = 0;
  let count = lines.length;
  for (const [i, line] of lines.entries()) {
    if (line.length > MAX_LINE) continue;
    if (depth <= 0 && (isPrompt(line) || /^(?:nginx: |```|~~~)/.test(line))) {
      count = i;
      break;
    }
    const code = line.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, '').replace(/(?:^|[\s;{}])#.*$/, '');
    for (const c of code)
      if (c === '{') depth++;
      else if (c === '}') depth--;
  }
  while (count > 0 && !/[;{}]|^\s*#/.test(lines[count - 1]!)) count--;
  return count;
}

/** A shell's prompt, with or without the next command behind it. */
function isPrompt(line: string): boolean {
  // No prompt is longer, and the pattern below would take long over a longer one.
  if (line.length > 300) return false;
  return (
    /^(?:\[?[\w.-]+@[\w.-]+[^;{}]*[#$%>]|[#$%>])(?: .*)?$/.test(line.trim()) && !line.trim().startsWith('# ')
  );
}
