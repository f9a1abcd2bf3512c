import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigModel } from '../../server/src/engine/config/model.ts';
import { loadSnapshot } from '../../server/src/engine/config/snapshot.ts';
import type { VersionSource } from '../../server/src/engine/config/version.ts';
import { init } from '../../server/src/engine/syntax/parser.ts';
import { NodeHost, OverlayHost } from '../../server/src/node-host.ts';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const FIXTURES = path.join(ROOT, 'test-fixtures');

/** Loads the grammar from where the build takes it. */
export function loadGrammar(): Promise<void> {
  const require = createRequire(import.meta.url);
  return init({
    runtime: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    grammar: readFileSync(path.join(ROOT, 'grammars/nginx/tree-sitter-nginx.wasm')),
  });
}

/** Model of a configuration on the disk, with newer texts for some of its files. */
export async function modelOf(
  main: string,
  texts: ReadonlyMap<string, string> = new Map(),
  version: VersionSource | null = null,
): Promise<ConfigModel> {
  await loadGrammar();
  return new ConfigModel(await loadSnapshot(new OverlayHost(texts, new NodeHost()), [main]), { version });
}

/** Model of texts that exist in memory only; the first is the main file. */
export async function modelOfTexts(
  texts: Record<string, string>,
  version: VersionSource | null = null,
): Promise<ConfigModel> {
  await loadGrammar();
  const main = Object.keys(texts)[0]!;
  const host = new OverlayHost(new Map(Object.entries(texts)), null);
  return new ConfigModel(await loadSnapshot(host, [main]), { version });
}
