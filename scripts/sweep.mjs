// node scripts/sweep.mjs FOLDER...: every whole configuration in the folders, with those in the tests of nginx-tests, is
// tested by a real nginx and checked by us; errors of ours where nginx accepts one are printed. Nothing is committed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensurePackages, giveUp, root, run } from './set-up.mjs';

if (process.argv.length < 3) giveUp('Usage: node scripts/sweep.mjs FOLDER...', 2);
ensurePackages();
const { build } = await import('esbuild');
const work = mkdtempSync(path.join(tmpdir(), 'nginx-502-sweep-program-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
const outfile = path.join(work, 'sweep.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['test/support/sweep.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'error',
  define: { 'import.meta.dirname': JSON.stringify(path.join(root, 'test/support')) },
  banner: { js: "import { createRequire as cr } from 'node:module'; const require = cr(import.meta.url);" },
});
process.exitCode = run(process.execPath, [outfile, ...process.argv.slice(2)]) ? 0 : 1;
