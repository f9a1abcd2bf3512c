import path from 'node:path';
import type { Range } from '../engine/contract.ts';
import { printable } from './style.ts';

export const WIDTH = 80;

/** A path as people read it: relative below the working directory, absolute elsewhere. */
export function shownPath(file: string, cwd: string): string {
  if (!file.startsWith('/')) return printable(file);
  const relative = path.relative(cwd, file);
  return printable(relative === '' || relative.startsWith('..') ? file : relative);
}

/** A source line with carets under a range, cut to the width around the range. */
export function sourceLines(line: string, range: Range, gutter: string): { source: string; carets: string } {
  const room = WIDTH - gutter.length - 3;
  const start = range.start.column - 1;
  const end = range.end.line === range.start.line ? range.end.column - 1 : line.length;
  const text = printable(line.replace(/\r$/, '').replaceAll('\t', ' '));
  let from = 0;
  if (text.length > room && end > room) from = Math.max(0, Math.min(start - 10, text.length - room));
  const cut = text.slice(from, from + room);
  const source = `${from > 0 ? '\u2026' : ''}${from > 0 ? cut.slice(1) : cut}${from + room < text.length ? '\u2026' : ''}`;
  const caretStart = Math.max(0, start - from);
  const caretEnd = Math.min(cut.length, Math.max(end - from, caretStart + 1));
  return { source, carets: ' '.repeat(caretStart) + '^'.repeat(Math.max(1, caretEnd - caretStart)) };
}
