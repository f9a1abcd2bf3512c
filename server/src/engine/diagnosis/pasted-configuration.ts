import { isKnownDirective } from '../config/directive-facts.ts';
import { readCleanLine } from '../errorlog/read-line.ts';

/** A paste taken apart. Both halves have as many lines as the paste, so that positions in them are those in it. */
export interface SplitPaste {
  /** The configuration, everything else blank; null when the paste has none. */
  readonly configuration: string | null;
  /** The rest, the lines of the configuration blank. */
  readonly rest: string;
}

/** A directive that begins and ends, or opens a block, on its line. */
const DIRECTIVE = /^\s{0,200}([a-z][a-z0-9_]{1,60})(?:\s[^\n]{0,2000})?[;{]\s{0,40}(?:#[^\n]{0,2000})?$/;

/** What makes a paste a configuration, and not prose that ends in a semicolon by chance. */
const TELLING = /^\s{0,200}(?:[a-z]{2,10}_pass|server|upstream|location|http|events|listen)\s/;

/** Parts a paste that holds log lines and a configuration, as people put both into one question. */
export function splitPaste(paste: string): SplitPaste {
  const lines = paste.split('\n');
  const isConfiguration: boolean[] = [];
  let depth = 0;
  let telling = false;
  for (const line of lines) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    // A block that was never closed ends where the log begins.
    if (depth > 0 && readCleanLine(text, 1, false) !== null) depth = 0;
    const name = depth === 0 ? DIRECTIVE.exec(text)?.[1] : undefined;
    const belongs = depth > 0 || (name !== undefined && isKnownDirective(name));
    if (belongs) {
      telling ||= TELLING.test(text);
      depth = Math.max(0, depth + braces(text));
    }
    isConfiguration.push(belongs);
  }
  if (!telling) return { configuration: null, rest: paste };
  const keep = (wanted: boolean): string =>
    lines.map((line, i) => (isConfiguration[i] === wanted ? line : '')).join('\n');
  return { configuration: keep(true), rest: keep(false) };
}

/** Blocks opened less blocks closed, quotes and comments left out. */
function braces(line: string): number {
  let sum = 0;
  let quote = 0;
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (code === 92) i++;
    else if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 34 || code === 39) {
      // A quote opens a string only where a word may begin.
      if (i === 0 || line.charCodeAt(i - 1) <= 32) quote = code;
    } else if (code === 35 && (i === 0 || line.charCodeAt(i - 1) <= 32)) break;
    else if (code === 123 && line.charCodeAt(i - 1) !== 36) sum++;
    else if (code === 125 && !line.slice(Math.max(0, i - 80), i).includes('${')) sum--;
  }
  return sum;
}
