import type { SyntaxDocument } from '../syntax/document.ts';

/** Marks of template engines: Go, Helm, Jinja, ERB, and dockerize's or consul-template's relatives. */
const MARK = /\{\{|\{%|<%|%\{\w+\}/;

const known = new WeakMap<SyntaxDocument, boolean>();

/**
 * Whether a text is the source of a configuration rather than one: template marks stand in it, outside of comments,
 * quoted strings and Lua, and nginx could not read it as it is.
 */
export function isTemplate(document: SyntaxDocument): boolean {
  let answer = known.get(document);
  if (answer === undefined) {
    answer = document.problems.length > 0 && MARK.test(document.text) && MARK.test(codeOnly(document.text));
    known.set(document, answer);
  }
  return answer;
}

/** The text without comments, quoted strings that end on their line, and the rest of lines that open a Lua block. */
function codeOnly(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/(?:^|\s)#.*$/, '')
        .replace(/"[^"]*"|'[^']*'/g, '""')
        .replace(/_by_lua_block.*$/, ''),
    )
    .join('\n');
}
