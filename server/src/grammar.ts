import { readFile } from 'node:fs/promises';
import { init } from './engine/syntax/parser.ts';

/** Loads the grammar that lies beside the bundle. */
export async function loadGrammar(): Promise<void> {
  const [runtime, grammar] = await Promise.all([
    readFile(new URL('./web-tree-sitter.wasm', import.meta.url)),
    readFile(new URL('./tree-sitter-nginx.wasm', import.meta.url)),
  ]);
  await init({ runtime, grammar });
}
