#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

// A run of a fraction of a second is over before optimised code has paid for its compilation: it is to wait longer than
// the engine's default. Long runs end as fast as ever. Newer engines do not know the flag, and would complain.
if (process.version.startsWith('v20.') && process.argv[2] !== 'lsp')
  setFlagsFromString('--interrupt-budget=2000000');

const bundle = new URL('../dist/cli.mjs', import.meta.url);
if (existsSync(bundle)) {
  await import(bundle.href);
} else {
  process.stderr.write('nginx-502: not built yet. Run npm run build first.\n');
  process.exitCode = 2;
}
