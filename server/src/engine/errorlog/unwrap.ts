import type { LogEntry } from './entry.ts';
import { howMuch } from './how-much.ts';
import { hasHead, readCleanLine, readUncleanLine } from './read-line.ts';

/** An entry that may go on in the next line, with the text that it was read from. */
export interface OpenEntry {
  readonly text: string;
  readonly entry: LogEntry;
  /** How many lines it was put together from. */
  readonly lines: number;
}

const MAX_LINES = 40;
const MAX_LENGTH = 65_536;

/**
 * Whether an entry may go on in the next line of a paste. A whole line ends in a quote (http), a number (stream,
 * `FILE:LINE`) or a bare server name, so that only those that end in a quote are surely over.
 */
export function mayGoOn(entry: LogEntry): boolean {
  return entry.truncated || !entry.raw.endsWith('"') || (entry.level === 'emerg' && entry.at === null);
}

/**
 * Whether a line feed of an entry is part of what it quotes: before 1.23.2 "broken header" showed all that had come, a
 * whole HTTP request with its line ends.
 */
export function quotesOn({ text, entry }: OpenEntry): boolean {
  return entry.message.startsWith('broken header: "') && !text.includes('" while ');
}

/** With what Lua's messages go on: nginx's own fields stand at the end of the last line. */
const TRACEBACK =
  /^(?:stack traceback:|coroutine \d{1,9}:|\s)|: in (?:function|main chunk|local|method|upvalue|field)\b/;

/** Whether a line is of the traceback below a message of Lua, or of the list of files in which a module was not found. */
function tracesOn({ entry }: OpenEntry, line: string): boolean {
  return (
    entry.client === null && hasHead(entry) && /\blua\b|_by_lua/.test(entry.message) && TRACEBACK.test(line)
  );
}

/**
 * The entry of both lines, when the second goes on where the first was wrapped; null when it does not. A terminal
 * wraps inside words, an editor at spaces, a person at commas: both ways to join are tried, and the join counts only
 * if more can be read from it than from the first line alone.
 */
export function joinLines(open: OpenEntry, next: string): OpenEntry | null {
  const continuation = next.trimStart();
  if (open.lines >= MAX_LINES || open.text.length + continuation.length > MAX_LENGTH) {
    return null;
  }
  if (quotesOn(open) || tracesOn(open, next)) {
    const text = `${open.text} ${continuation}`.trimEnd();
    const entry =
      readCleanLine(text, open.entry.line, false) ?? readUncleanLine(text, open.entry.line, false, false);
    return entry === null ? null : { text, entry, lines: open.lines + 1 };
  }
  let best: OpenEntry | null = null;
  let bestScore = howMuch(open.entry);
  const glues = open.text.endsWith(',') ? [' '] : open.text.endsWith(' ') ? [''] : ['', ' '];
  for (const glue of glues) {
    const text = open.text + glue + continuation;
    const entry =
      readCleanLine(text, open.entry.line, false) ?? readUncleanLine(text, open.entry.line, false, false);
    if (entry === null) {
      continue;
    }
    const score = howMuch(entry);
    if (score > bestScore) {
      best = { text, entry, lines: open.lines + 1 };
      bestScore = score;
    }
  }
  return best;
}
