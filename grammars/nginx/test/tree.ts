import type { Tree, TreeCursor } from 'web-tree-sitter';

/** What a tree says about a word, in the terms of the tokenizer's port. */
export interface TreeWord {
  readonly quote: '"' | "'" | null;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface TreeDirective {
  name: TreeWord | null;
  readonly args: TreeWord[];
  children: TreeDirective[] | null;
  lua: { readonly start: number; readonly end: number } | null;
  readonly start: number;
  readonly end: number;
}

/** A node that stands for a syntax error. */
export interface TreeProblem {
  readonly type: string;
  readonly missing: boolean;
  readonly start: number;
  readonly end: number;
}

export interface TreeReading {
  readonly directives: readonly TreeDirective[];
  readonly problems: readonly TreeProblem[];
}

const QUOTES: Readonly<Record<string, '"' | "'" | null>> = {
  word: null,
  double_quoted: '"',
  single_quoted: "'",
};

const CONTROL: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };

/**
 * Visits every node in document order, without recursion: a nest of any depth needs no stack.
 *
 * @param enter called with the cursor on each node, and how many nodes that one is in
 * @param leave called with the cursor back on a node that has children, after them
 */
export function walk(
  tree: Tree,
  enter: (at: TreeCursor, depth: number) => void,
  leave?: (at: TreeCursor) => void,
): void {
  const cursor = tree.walk();
  let depth = 0;
  try {
    for (;;) {
      enter(cursor, depth);
      if (cursor.gotoFirstChild()) {
        depth++;
        continue;
      }
      while (!cursor.gotoNextSibling()) {
        if (!cursor.gotoParent()) return;
        depth--;
        leave?.(cursor);
      }
    }
  } finally {
    cursor.delete();
  }
}

/** Reads the nested directives off a tree, and every node that stands for a syntax error. */
export function readTree(tree: Tree, text: string): TreeReading {
  const directives: TreeDirective[] = [];
  const problems: TreeProblem[] = [];
  const open: TreeDirective[] = [];

  const isDirective = (type: string): boolean =>
    type === 'directive' || type === 'block_directive' || type === 'lua_directive';

  walk(
    tree,
    (at) => {
      const type = at.nodeType;
      const start = at.startIndex;
      const end = at.endIndex;
      const missing = at.nodeIsMissing;
      if (missing || type === 'ERROR' || type === 'unexpected' || type === 'unterminated_string') {
        problems.push({ type, missing, start, end });
      }
      const current = open.at(-1);
      if (isDirective(type)) {
        const directive: TreeDirective = { name: null, args: [], children: null, lua: null, start, end };
        (current ? (current.children ?? []) : directives).push(directive);
        open.push(directive);
      } else if (current && type === 'block') {
        current.children = [];
      } else if (current && type === 'lua_block') {
        current.lua = { start: start + 1, end: end - 1 };
      } else if (current && type in QUOTES) {
        const quote = QUOTES[type] ?? null;
        const raw = quote ? text.slice(start + 1, end - 1) : text.slice(start, end);
        const word: TreeWord = { quote, value: decode(raw), start, end };
        if (at.currentFieldName === 'name') current.name = word;
        else current.args.push(word);
      }
    },
    (at) => {
      if (isDirective(at.nodeType)) open.pop();
    },
  );
  return { directives, problems };
}

/** One line per node: depth, field, type and positions. Two trees are the same if these are. */
export function dumpTree(tree: Tree): string {
  const lines: string[] = [];
  walk(tree, (at, depth) => {
    const { row, column } = at.startPosition;
    const { row: endRow, column: endColumn } = at.endPosition;
    const flag = at.nodeIsMissing ? ' missing' : '';
    const field = at.currentFieldName ? `${at.currentFieldName}: ` : '';
    const where = `${at.startIndex}-${at.endIndex} ${row}:${column}-${endRow}:${endColumn}`;
    lines.push(`${depth} ${field}${at.nodeType}${flag} ${where}`);
  });
  return lines.join('\n');
}

function decode(raw: string): string {
  return raw.replace(/\\(["'\\])|\\([trn])|\\[\s\S]/g, (pair, literal?: string, control?: string) =>
    literal !== undefined ? literal : control !== undefined ? CONTROL[control]! : pair,
  );
}
