import type { Parser, Tree, TreeCursor } from 'web-tree-sitter';

/**
 * The only place that knows tree-sitter. The rest of the engine sees tokens: in nginx's language the tokens carry
 * the whole structure, so directives are built from them the same way in sound and in broken text.
 */

export type TokenKind =
  | 'word'
  | 'string'
  | 'unterminated'
  /** Characters that nginx does not allow directly behind a closing quote. */
  | 'unexpected'
  | 'comment'
  | ';'
  | '{'
  | '}'
  | 'lua';

/** What the text itself holds; `tree` must be released with `free`. */
export interface ParsedText {
  readonly text: string;
  readonly tree: Tree;
}

interface Runtime {
  readonly parser: Parser;
  readonly kinds: ReadonlyMap<number, TokenKind>;
}

let runtime: Runtime | null = null;
let loading: Promise<void> | null = null;

const LEAVES: Record<string, TokenKind> = {
  word: 'word',
  double_quoted: 'string',
  single_quoted: 'string',
  unterminated_string: 'unterminated',
  unexpected: 'unexpected',
  comment: 'comment',
  ';': ';',
  '{': '{',
  '}': '}',
  lua_code: 'lua',
};

/**
 * Loads the WebAssembly runtime and the grammar, once per process. Whoever embeds the engine supplies the bytes:
 * Node reads them beside its bundle, a browser's client sends them to its worker.
 */
export function init(bytes: { runtime: Uint8Array; grammar: Uint8Array }): Promise<void> {
  loading ??= load(bytes);
  return loading;
}

async function load({
  runtime: wasmBinary,
  grammar,
}: {
  runtime: Uint8Array;
  grammar: Uint8Array;
}): Promise<void> {
  // A check that only reads files needs none of it.
  const { Language, Parser } = await import('web-tree-sitter');
  await Parser.init({ wasmBinary });
  const language = await Language.load(grammar);
  const parser = new Parser();
  parser.setLanguage(language);
  const kinds = new Map<number, TokenKind>();
  for (let id = 0; id < language.nodeTypeCount; id++) {
    const name = language.nodeTypeForId(id);
    if (name === null) continue;
    const kind = LEAVES[name];
    if (kind) kinds.set(id, kind);
  }
  runtime = { parser, kinds };
}

function ready(): Runtime {
  if (!runtime) throw new Error('the syntax runtime is not loaded: call init() first');
  return runtime;
}

/** One contiguous change of a text, in UTF-16 offsets. */
export interface TextEdit {
  readonly start: number;
  readonly oldEnd: number;
  readonly newEnd: number;
}

/** Parses a text; with the previous parse and the edits since then, only what they touched. */
export function parseText(
  text: string,
  previous?: { parsed: ParsedText; edits: readonly TextEdit[] },
): ParsedText {
  const { parser } = ready();
  let old: Tree | null = null;
  if (previous) {
    old = previous.parsed.tree.copy();
    // Rows and columns are not used by this engine; tree-sitter needs them only to report positions.
    const point = { row: 0, column: 0 };
    for (const edit of previous.edits) {
      old.edit({
        startIndex: edit.start,
        oldEndIndex: edit.oldEnd,
        newEndIndex: edit.newEnd,
        startPosition: point,
        oldEndPosition: point,
        newEndPosition: point,
      } as Parameters<Tree['edit']>[0]);
    }
  }
  const tree = parser.parse(text, old);
  old?.delete();
  if (!tree) throw new Error('tree-sitter returned no tree');
  return { text, tree };
}

/** Whether the grammar reads the whole text without recovering from anything. */
export function isSound(parsed: ParsedText): boolean {
  return !parsed.tree.rootNode.hasError;
}

/** Releases the tree's memory; the text stays. */
export function free(parsed: ParsedText): void {
  parsed.tree.delete();
}

export interface TokenSink {
  /** Asked where a directive may start: true means "known already", and its node is passed over. */
  known(start: number): boolean;
  token(kind: TokenKind, start: number, end: number): void;
  /** Whether a directive may start here. */
  readonly between: boolean;
}

/** Visits the leaves of a tree in order, by iteration: a nest of any depth needs no stack. */
export function visitTokens(parsed: ParsedText, sink: TokenSink): void {
  const { kinds } = ready();
  const cursor: TreeCursor = parsed.tree.walk();
  // Each question to the cursor crosses into WebAssembly: what is known needs one.
  let isRoot = true;
  for (;;) {
    let descend = true;
    if (isRoot || !sink.between || !sink.known(cursor.startIndex)) {
      const kind = kinds.get(cursor.nodeTypeId);
      if (kind !== undefined) {
        descend = false;
        const start = cursor.startIndex;
        const end = cursor.endIndex;
        // A MISSING token is the tree's repair, not text.
        if (end > start) sink.token(kind, start, end);
      }
    } else descend = false;
    isRoot = false;
    if (descend && cursor.gotoFirstChild()) continue;
    while (!cursor.gotoNextSibling()) {
      if (cursor.gotoParent()) continue;
      cursor.delete();
      return;
    }
  }
}
