// Bundles the command line into server/dist, and the VS Code extension with its language server into dist; beside each,
// a metafile that tells what went in, for the law checks and the third-party notices.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** The grammar, what runs it, and texts of nginx's documentation; a bundle reads them from beside itself. */
const BESIDE = [
  require.resolve('web-tree-sitter/web-tree-sitter.wasm'),
  path.join(root, 'grammars/nginx/tree-sitter-nginx.wasm'),
  path.join(root, 'server/data/reference.json'),
];

/** What nobody needs at the start, and is large: a bundle of its own, read from beside the others at its first use. */
const REGEX_ENGINE = {
  entryPoints: { re2js: 're2js' },
  outExtension: { '.js': '.cjs' },
  platform: 'node',
  format: 'cjs',
  target: 'node20',
};

const regexEngineAtFirstUse = {
  name: 'regex-engine-at-first-use',
  setup(build) {
    const options = { namespace: 'at-first-use' };
    build.onResolve({ filter: /^re2js$/ }, ({ path: name }) => ({ path: name, ...options }));
    build.onResolve({ filter: /^\.\/re2js\.cjs$/ }, ({ path: name }) => ({ path: name, external: true }));
    build.onLoad({ filter: /^re2js$/, ...options }, () => ({
      contents: `let engine;
const load = () => (engine ??= require('./re2js.cjs').RE2JS);
export const RE2JS = {
  get CASE_INSENSITIVE() { return load().CASE_INSENSITIVE; },
  compile: (pattern, flags) => load().compile(pattern, flags),
};`,
    }));
  },
};

/** A table as text: it is read several times faster than the same as a program. */
const tablesAsText = {
  name: 'tables-as-text',
  setup(build) {
    build.onLoad({ filter: /\.generated\.json$/ }, async ({ path: file }) => {
      const text = JSON.stringify(JSON.parse(await readFile(file, 'utf8')));
      return { contents: `export default JSON.parse(${JSON.stringify(text)});` };
    });
  },
};

/** Builds into one folder. What is there already as it should be stays untouched: somebody may be running it. */
async function bundle(folder, builds) {
  const metafile = { inputs: {}, outputs: {} };
  const files = [];
  for (const file of BESIDE)
    files.push({ path: path.join(root, folder, path.basename(file)), contents: await readFile(file) });
  for (const options of builds) {
    const result = await build({
      absWorkingDir: root,
      outdir: folder,
      bundle: true,
      minify: true,
      metafile: true,
      write: false,
      legalComments: 'none',
      logLevel: 'warning',
      ...options,
    });
    Object.assign(metafile.inputs, result.metafile.inputs);
    Object.assign(metafile.outputs, result.metafile.outputs);
    files.push(...result.outputFiles);
  }
  const meta = path.join(root, folder, 'meta.json');
  const before = JSON.parse(await readFile(meta, 'utf8').catch(() => '{"outputs":{}}'));
  files.push({ path: meta, contents: Buffer.from(JSON.stringify(metafile)) });
  for (const file of files) {
    const now = await readFile(file.path).catch(() => null);
    if (now?.equals(file.contents)) continue;
    await mkdir(path.dirname(file.path), { recursive: true });
    // In one step: builds of several tests may run at once.
    await writeFile(`${file.path}.${process.pid}`, file.contents);
    await rename(`${file.path}.${process.pid}`, file.path);
  }
  // Chunks of an older build would lie about what the bundle holds.
  for (const old of Object.keys(before.outputs))
    if (!metafile.outputs[old]) await rm(path.join(root, old), { force: true });
}

await bundle('server/dist', [
  REGEX_ENGINE,
  {
    entryPoints: { cli: 'server/src/cli/entry.ts' },
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    format: 'esm',
    target: 'node20',
    splitting: true,
    plugins: [regexEngineAtFirstUse, tablesAsText],
    // The language server library is CommonJS and asks for Node's modules by require.
    banner: {
      js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
    },
  },
]);

await bundle('dist', [
  REGEX_ENGINE,
  {
    entryPoints: { client: 'client/src/extension.ts', server: 'server/src/lsp/ipc.ts' },
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode'],
    plugins: [regexEngineAtFirstUse, tablesAsText],
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  },
  {
    // The panel's own files, for the browser that VS Code shows it in.
    entryPoints: { 'webview/panel': 'client/webview/main.ts', 'webview/styles': 'client/webview/panel.css' },
    platform: 'browser',
    format: 'iife',
    target: ['chrome122', 'safari17'],
  },
]);
