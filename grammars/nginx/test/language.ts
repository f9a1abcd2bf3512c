import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Language, Parser, type Tree } from 'web-tree-sitter';

/** The grammar's folder. */
export const GRAMMAR = fileURLToPath(new URL('..', import.meta.url));

/** A parser that uses the committed WebAssembly file. */
export async function createParser(): Promise<Parser> {
  await Parser.init();
  const language = await Language.load(await readFile(`${GRAMMAR}/tree-sitter-nginx.wasm`));
  return new Parser().setLanguage(language);
}

/** Parses a text, from scratch or on top of an edited tree. */
export function parse(parser: Parser, text: string, old: Tree | null = null): Tree {
  const tree = parser.parse(text, old);
  if (!tree) throw new Error('tree-sitter returned no tree');
  return tree;
}
