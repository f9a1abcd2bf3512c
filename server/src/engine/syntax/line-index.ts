import type { Pos, Range } from '../contract.ts';

/** Converts offsets (UTF-16 code units) of one text to positions and back. Lines end at LF, as nginx counts them. */
export class LineIndex {
  private readonly starts: number[];
  private readonly length: number;

  constructor(text: string) {
    this.length = text.length;
    this.starts = [0];
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.starts.push(i + 1);
  }

  get lineCount(): number {
    return this.starts.length;
  }

  /** 1-based line that holds the offset. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  position(offset: number): Pos {
    const line = this.lineAt(offset);
    return { line, column: offset - this.starts[line - 1]! + 1 };
  }

  range(start: number, end: number): Range {
    return { start: this.position(start), end: this.position(end) };
  }

  /** Offset of a position; positions outside the text are moved to its nearest end. */
  offset(position: Pos): number {
    if (position.line < 1) return 0;
    const start = this.starts[position.line - 1];
    if (start === undefined) return this.length;
    const next = this.starts[position.line] ?? this.length + 1;
    return Math.min(start + position.column - 1, next - 1);
  }

  /** Offsets of a 1-based line's text, without its line feed. */
  line(line: number): { start: number; end: number } {
    const start = this.starts[line - 1] ?? this.length;
    return { start, end: (this.starts[line] ?? this.length + 1) - 1 };
  }
}
