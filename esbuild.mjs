// Bundles the command line into server/dist, with a metafile that tells what went in, for the law checks; and the VS Code
// extension with its language server into dist.
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const dist = path.join(root, 'server/dist');

/** The grammar and what runs it; a bundle reads them from beside itself. */
async function copyWasm(folder) {
  await copyFile(
    require.resolve('web-tree-sitter/web-tree-sitter.wasm'),
    path.join(folder, 'web-tree-sitter.wasm'),
  );
  await copyFile(
    path.join(root, 'grammars/nginx/tree-sitter-nginx.wasm'),
    path.join(folder, 'tree-sitter-nginx.wasm'),
  );
}

// Chunks of an older build would lie about what the bundle holds.
await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: { cli: 'server/src/cli/entry.ts' },
  outdir: 'server/dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  splitting: true,
  // The language server library is CommonJS and asks for Node's modules by require.
  banner: {
    js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
  },
  minify: true,
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
});
await writeFile(path.join(dist, 'meta.json'), JSON.stringify(result.metafile));
await copyWasm(dist);

const extension = path.join(root, 'dist');
await mkdir(extension, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: { client: 'client/src/extension.ts', server: 'server/src/lsp/ipc.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
});

await copyWasm(extension);
