/** One word of a directive, with its place in the text. Quotes are inside the place and not part of the value. */
export interface Word {
  value: string;
  start: number;
  end: number;
}

/** One directive of a configuration, simple or with a block. */
export interface Directive {
  words: Word[];
  /** The names of the blocks around it within this text, outermost first. */
  parents: string[];
  opensBlock: boolean;
  /** Offset behind its `;` or `{`. */
  end: number;
}

/**
 * Reads the directives of a configuration in order. This is the toolbox's own reader, on purpose not the product's:
 * what prepares the judge must not share the faults of what is judged. Malformed text yields what it yields.
 */
export function readDirectives(text: string): Directive[] {
  const directives: Directive[] = [];
  const parents: string[] = [];
  let words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (/\s/.test(char)) at++;
    else if (char === '#') {
      const lineEnd = text.indexOf('\n', at);
      at = lineEnd < 0 ? text.length : lineEnd;
    } else if (char === ';' || char === '{') {
      at++;
      if (words.length > 0)
        directives.push({ words, parents: [...parents], opensBlock: char === '{', end: at });
      if (char === '{') parents.push(words[0]?.value ?? '');
      words = [];
    } else if (char === '}') {
      at++;
      parents.pop();
      words = [];
    } else {
      const word = readWord(text, at);
      words.push(word);
      at = word.end;
    }
  }
  return directives;
}

function readWord(text: string, start: number): Word {
  const quote = text[start];
  let at = start;
  if (quote === '"' || quote === "'") {
    for (at++; at < text.length && text[at] !== quote; at++) if (text[at] === '\\') at++;
    return { value: text.slice(start + 1, at), start, end: Math.min(at + 1, text.length) };
  }
  while (at < text.length && !/[\s;{]/.test(text[at]!)) {
    if (text[at] === '\\') at++;
    else if (text[at] === '$' && text[at + 1] === '{') at++;
    at++;
  }
  at = Math.min(at, text.length);
  return { value: text.slice(start, at), start, end: at };
}

/** Replacement of a range of a text. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Applies edits that do not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start || b.end - a.end)
    .reduce((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text);
}
