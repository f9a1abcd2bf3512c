import { Builder, type ForgotSemicolon } from './build.ts';
import type { Block, Comment, Directive, Item, SyntaxProblem } from './directive.ts';
import { LineIndex } from './line-index.ts';
import { free, type ParsedText, parseText, type TextEdit, visitTokens } from './parser.ts';

/** One file's text as directives. Immutable; an edited file is a new document that shares what did not change. */
export interface SyntaxDocument {
  readonly text: string;
  readonly lines: LineIndex;
  /** Offsets of items and comments are absolute here. */
  readonly items: readonly Item[];
  readonly comments: readonly Comment[];
  readonly problems: readonly SyntaxProblem[];
  /** Present while the document may still be edited; see `release`. */
  readonly parsed: ParsedText | null;
}

export interface DocumentOptions {
  readonly forgotSemicolon?: ForgotSemicolon;
  /** Keep the tree for later edits. A command line that reads a file once does not. */
  readonly keepTree?: boolean;
}

/** Blocks shorter than this are cheaper to build again than to look up. */
const REUSE_FROM = 200;

/** Reads a text as nginx's tokenizer would. Never throws; what is wrong stands in `problems`. */
export function readDocument(text: string, options: DocumentOptions = {}): SyntaxDocument {
  return build(parseText(text), options, null);
}

/**
 * Reads an edited text, given the previous document and the edits in the order they were made. Blocks whose text
 * stands unchanged are taken over without being walked again.
 */
export function editDocument(
  previous: SyntaxDocument,
  text: string,
  edits: readonly TextEdit[],
  options: DocumentOptions = {},
): SyntaxDocument {
  if (previous.parsed) {
    const parsed = parseText(text, { parsed: previous.parsed, edits });
    const edited = build(parsed, options, reusable(previous));
    if (edited.problems.length === 0) return edited;
    // How tree-sitter recovers depends on how the text came about; what people see must not.
    release(edited);
  }
  return build(parseText(text), options, reusable(previous));
}

/** Frees the tree of a document that will not be edited further. */
export function release(document: SyntaxDocument): void {
  if (document.parsed) free(document.parsed);
}

function build(
  parsed: ParsedText,
  options: DocumentOptions,
  known: ReadonlyMap<string, Directive> | null,
): SyntaxDocument {
  const { text } = parsed;
  const builder = new Builder(text, options.forgotSemicolon ?? (() => false));
  visitTokens(parsed, {
    directive(start, end) {
      if (!known || end - start < REUSE_FROM || !builder.between) return false;
      const directive = known.get(text.slice(start, end));
      if (!directive) return false;
      builder.reuse(start, directive);
      return true;
    },
    token: (kind, start, end) => builder.token(kind, start, end),
  });
  const built = builder.end();
  if (!options.keepTree) free(parsed);
  return { text, lines: new LineIndex(text), ...built, parsed: options.keepTree ? parsed : null };
}

/** Every sound block of a document by its text. */
function reusable(document: SyntaxDocument): Map<string, Directive> {
  const known = new Map<string, Directive>();
  const work = document.items.map((item) => ({ item, base: 0 }));
  while (work.length > 0) {
    const { item, base } = work.pop()!;
    const start = base + item.at;
    const { directive } = item;
    if (directive.end >= REUSE_FROM && directive.clean && directive.terminated) {
      known.set(document.text.slice(start, start + directive.end), directive);
    }
    for (const child of directive.block?.items ?? []) work.push({ item: child, base: start });
  }
  return known;
}

export type { Block, Comment, Directive, Item, SyntaxProblem };
