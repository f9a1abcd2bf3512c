/**
 * A file as nginx's tokenizer reads it: directives made of words, some with a block. All offsets are UTF-16 code
 * units relative to the directive that holds them, so that an unedited directive is reused wherever it moves to.
 * Nothing here knows what a directive means.
 */

export type Quote = '"' | "'" | null;

/** A name or an argument. */
export interface Word {
  /** Offset from the start of its directive. */
  readonly at: number;
  /** As written, quotes included. */
  readonly raw: string;
  /** As nginx sees it: quotes taken off and backslashes resolved (ngx_conf_read_token). */
  readonly value: string;
  readonly quote: Quote;
}

export interface Comment {
  /** Offset from the start of the directive (or file) that holds it. */
  readonly at: number;
  /** From `#` to the end of the line, without the line feed or a carriage return before it. */
  readonly text: string;
}

/** A directive inside a block or at the top of a file. */
export interface Item {
  /** Offset from the start of the directive whose block this is, or of the file. */
  readonly at: number;
  readonly directive: Directive;
}

export interface Block {
  /** Offset of `{` from the start of the directive. */
  readonly open: number;
  /** Offset of `}` from the start of the directive, or of the point where it is missing. */
  readonly close: number;
  readonly closed: boolean;
  readonly items: readonly Item[];
  readonly comments: readonly Comment[];
  /** Left by whoever judged what stands in the block; see `Directive.verdict`. */
  verdict: object | null;
}

export interface Directive {
  readonly name: Word;
  readonly args: readonly Word[];
  /** What nginx sees of the arguments. */
  readonly values: readonly string[];
  /** Offset just behind the last word: name and arguments without `;` or `{`. */
  readonly headEnd: number;
  /** Offset just behind the `;` or `}`. */
  readonly end: number;
  /** Whether the `;` (or the block's `}`) stands in the text. */
  readonly terminated: boolean;
  readonly block: Block | null;
  /** Body of a `*_by_lua_block`, never looked into. */
  readonly lua: { readonly open: number; readonly close: number } | null;
  /** Comments between the words. */
  readonly comments: readonly Comment[];
  /** No syntax problem inside: the directive may be reused when its text stands again in a later version. */
  readonly clean: boolean;
  /**
   * Left by whoever judged this directive by itself, to be found when it is judged again: it outlives the models that
   * it is part of, and a keystroke changes few. Says nothing about the text.
   */
  verdict: object | null;
}

export type SyntaxProblemKind =
  | 'syntax'
  | 'missing-semicolon'
  | 'unclosed-block'
  | 'unexpected-brace'
  | 'unterminated-string'
  | 'token-too-long';

/** A place at which nginx's tokenizer would stop. Offsets are absolute. */
export interface SyntaxProblem {
  readonly kind: SyntaxProblemKind;
  readonly start: number;
  readonly end: number;
  readonly message: string;
  /** Where a single insertion or deletion cures it. */
  readonly edit: { readonly start: number; readonly end: number; readonly newText: string } | null;
}
