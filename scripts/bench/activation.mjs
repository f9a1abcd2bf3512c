// What VS Code itself says that loading and activating the extension takes, in code-server.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../set-up.mjs';
import { ensureChromium, runTests } from '../vscode-host/host.mjs';
import { install } from '../vscode-host/install.mjs';
import { configuration } from './texts.mjs';

/** Milliseconds by column of one start of VS Code with an unpacked extension; its columns end with "ms" or hold numbers. */
async function once(work, extension) {
  const workspace = path.join(work, 'workspace');
  mkdirSync(workspace, { recursive: true });
  writeFileSync(path.join(workspace, 'nginx.conf'), configuration(500));
  const report = path.join(work, 'activation.json');
  const { code, why } = await runTests({
    extensionDevelopmentPath: [extension],
    extensionTestsPath: path.join(root, 'scripts/bench/activation.cjs'),
    workspace,
    env: { NGINX502_ACTIVATION: report },
    timeoutMs: 60_000,
  });
  if (code !== 0) throw new Error(why ?? `the run in VS Code ended with ${code}`);
  const { header, row } = JSON.parse(readFileSync(report, 'utf8'));
  const cells = (line) => line.split('|').map((cell) => cell.trim());
  const [names, values] = [cells(header), cells(row)];
  return Object.fromEntries(names.map((name, i) => [name, Number.parseFloat(values[i])]));
}

/** Several starts; code-server and chromium are installed when they may be. */
export async function activations(work, extension, runs) {
  ensureChromium();
  install();
  const results = [];
  for (let i = 0; i < runs; i++) {
    const columns = await once(work, extension);
    results.push({
      load: columns['Load Code'],
      activate: columns['Call Activate'],
      finish: columns['Finish Activate'],
    });
  }
  return results;
}
