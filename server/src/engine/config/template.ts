import type { Range } from '../contract.ts';
import type { SyntaxDocument } from '../syntax/document.ts';

/**
 * Whether a text is the source of a configuration rather than one: what a template engine leaves for nginx is not
 * what stands here. Its blocks are known, its words and what is missing are not.
 */
export function isTemplate(document: SyntaxDocument): boolean {
  return document.template;
}

/** Whether a range of a template holds a mark: what is said about it may be untrue of what will stand there. */
export function holdsMark(document: SyntaxDocument, range: Range): boolean {
  if (!document.template) return false;
  const { lines } = document;
  return /\{\{|\{%|<%/.test(document.text.slice(lines.offset(range.start), lines.offset(range.end)));
}
