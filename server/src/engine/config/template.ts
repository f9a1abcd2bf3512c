import type { SyntaxDocument } from '../syntax/document.ts';

/** Opening and closing marks of template engines: Go and Helm, Jinja, ERB. */
const MARKS: readonly (readonly [string, string])[] = [
  ['{{', '}}'],
  ['{%', '%}'],
  ['<%', '%>'],
];

const known = new WeakMap<SyntaxDocument, boolean>();

/**
 * Whether a text is the source of a configuration rather than one: template marks stand in it, opened and closed on
 * one line, outside of comments, quoted strings and Lua, and nginx could not read it as it is.
 */
export function isTemplate(document: SyntaxDocument): boolean {
  let answer = known.get(document);
  if (answer === undefined) {
    answer =
      document.problems.length > 0 &&
      document.text.split('\n').some((line) => hasMark(line) && hasMark(codeOnly(line)));
    known.set(document, answer);
  }
  return answer;
}

function hasMark(line: string): boolean {
  const marked = MARKS.some(([open, close]) => {
    const from = line.indexOf(open);
    return from >= 0 && line.indexOf(close, from + 2) >= 0;
  });
  return marked || /%\{\w{1,100}\}/.test(line);
}

/** A line without its comment, quoted strings that end on it, and what follows the start of a Lua block. */
function codeOnly(line: string): string {
  return line
    .replace(/(?:^|\s)#.*$/, '')
    .replace(/"[^"]*"|'[^']*'/g, '""')
    .replace(/_by_lua_block.*$/, '');
}
