/** Terminal styles, or nothing: colour is never the only carrier of meaning. */
export interface Style {
  bold(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
}

const PLAIN: Style = { bold: (t) => t, red: (t) => t, yellow: (t) => t, dim: (t) => t };

const wrap =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`;

const COLOUR: Style = { bold: wrap(1, 22), red: wrap(31, 39), yellow: wrap(33, 39), dim: wrap(2, 22) };

/** Colour only on a terminal, and never against NO_COLOR (https://no-color.org). */
export function styleFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? COLOUR : PLAIN;
}

const UNPRINTABLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text of the configuration or the log as it may be shown: control characters could drive the terminal, and a line
 * feed in a name or a value could pass for a line of the program.
 */
export function printable(text: string): string {
  return printableLines(text.replaceAll('\n', ' '));
}

/** As printable, for text that may have several lines. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE, '\u00b7');
}

/** A value as JSON that says the same and holds no character that could drive a terminal. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    UNPRINTABLE,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As printableJson, on one line. */
export function oneLineJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Breaks a paragraph at blanks; a word longer than the width stands alone, for it is to be copied. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((w) => w !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines;
}
