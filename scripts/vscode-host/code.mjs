#!/usr/bin/env node
// Takes the command line that @vscode/test-electron and @vscode/test-cli give a desktop VS Code.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTests } from './host.mjs';

const local = (v) => (v.startsWith('file:') ? fileURLToPath(v) : path.resolve(v));
const dev = [],
  rest = [];
let tests;
for (const a of process.argv.slice(2)) {
  const [, k, v] = /^--([^=]+)(?:=(.*))?$/s.exec(a) ?? [];
  if (!k) rest.push(a);
  else if (k === 'extensionDevelopmentPath') dev.push(local(v));
  else if (k === 'extensionTestsPath') tests = local(v);
  else if (k === 'folder-uri') rest.push(v); // every other flag is desktop only
}
if (!tests) {
  console.error('only runs with --extensionTestsPath');
  process.exit(64);
}
const env = Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^(ELECTRON_|npm_)/.test(k)));
// code-server takes the last of several; but a folder that holds several extensions is one.
const together = mkdtempSync(path.join(tmpdir(), 'vsch-ext-'));
for (const [i, folder] of dev.entries()) symlinkSync(folder, path.join(together, `${i}`));
process.once('exit', () => rmSync(together, { recursive: true, force: true }));
const r = await runTests({
  extensionDevelopmentPath: dev.length > 1 ? together : dev,
  extensionTestsPath: tests,
  workspace: rest[0] && local(rest[0]),
  env,
  screenshot: process.env.VSCODE_HOST_SCREENSHOT,
});
if (r.why) console.error(r.why);
process.exit(r.code);
