import { Builder, type ForgotSemicolon } from './build.ts';
import type { Block, Comment, Directive, Item, SyntaxProblem } from './directive.ts';
import { KnownBlocks } from './known-blocks.ts';
import { LineIndex } from './line-index.ts';
import { free, isSound, type ParsedText, parseText, type TextEdit, visitTokens } from './parser.ts';
import { scan } from './scan.ts';
import { coverMarks, hasBareVariable, hasTemplateMarks } from './template-marks.ts';

/** One file's text as directives. Immutable; an edited file is a new document that shares what did not change. */
export interface SyntaxDocument {
  readonly text: string;
  readonly lines: LineIndex;
  /** Offsets of items and comments are absolute here. */
  readonly items: readonly Item[];
  readonly comments: readonly Comment[];
  readonly problems: readonly SyntaxProblem[];
  /** A template engine makes the configuration from it: words may stand for others, and more may come. */
  readonly template: boolean;
  /** Present while the document may still be edited; see `release`. */
  readonly parsed: ParsedText | null;
}

export interface DocumentOptions {
  readonly forgotSemicolon?: ForgotSemicolon;
  /** Keep the tree for later edits. A command line that reads a file once does not. */
  readonly keepTree?: boolean;
}

/** Reads a text as nginx's tokenizer would. Never throws; what is wrong stands in `problems`. */
export function readDocument(text: string, options: DocumentOptions = {}): SyntaxDocument {
  return fromScan(text, options, null, options.keepTree ? parseText(text) : null);
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
  // Blocks of a template were read with its marks covered.
  const known = (): KnownBlocks | null =>
    previous.template ? null : new KnownBlocks(previous.text, previous.items);
  const parsed = previous.parsed
    ? parseText(text, { parsed: previous.parsed, edits })
    : options.keepTree
      ? parseText(text)
      : null;
  const edited = parsed && isSound(parsed) ? fromTree(parsed, options, known()) : null;
  // How tree-sitter recovers depends on how the text came about; what people see must not.
  const document =
    edited?.problems.length === 0 && !hasBareVariable(text)
      ? edited
      : fromScan(text, options, known(), parsed);
  if (parsed && !options.keepTree) free(parsed);
  return document;
}

/** Frees the tree of a document that will not be edited further. */
export function release(document: SyntaxDocument): void {
  if (document.parsed) free(document.parsed);
}

function fromTree(parsed: ParsedText, options: DocumentOptions, known: KnownBlocks | null): SyntaxDocument {
  const { text } = parsed;
  const builder = new Builder(text, options.forgotSemicolon ?? (() => false));
  visitTokens(parsed, {
    get between() {
      return builder.between;
    },
    known(start) {
      const directive = known?.at(text, start);
      if (!directive) return false;
      builder.reuse(start, directive);
      return true;
    },
    token: (kind, start, end) => builder.token(kind, start, end),
  });
  return document(text, builder, options, parsed);
}

function fromScan(
  text: string,
  options: DocumentOptions,
  known: KnownBlocks | null,
  parsed: ParsedText | null,
): SyntaxDocument {
  const plain = scanned(text, text, options, known, parsed);
  const template = plain.problems.length > 0 ? hasTemplateMarks(text) : hasBareVariable(text);
  return template ? { ...scanned(coverMarks(text), text, options, null, parsed), template } : plain;
}

/** Reads one text and quotes another of the same length: the marks of templates are covered in the first. */
function scanned(
  text: string,
  quoted: string,
  options: DocumentOptions,
  known: KnownBlocks | null,
  parsed: ParsedText | null,
): SyntaxDocument {
  const builder = new Builder(text, options.forgotSemicolon ?? (() => false), quoted);
  scan(text, {
    token: (kind, start, end) => builder.token(kind, start, end),
    get insideLua() {
      return builder.insideLua;
    },
    ...(known && {
      known(start: number) {
        const directive = known.at(text, start);
        if (!directive) return -1;
        builder.reuse(start, directive);
        return start + directive.end;
      },
    }),
  });
  return document(quoted, builder, options, parsed);
}

function document(
  text: string,
  builder: Builder,
  options: DocumentOptions,
  parsed: ParsedText | null,
): SyntaxDocument {
  return {
    text,
    lines: new LineIndex(text),
    ...builder.end(),
    template: false,
    parsed: options.keepTree ? parsed : null,
  };
}

export type { Block, Comment, Directive, Item, SyntaxProblem };
