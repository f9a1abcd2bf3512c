// Puts code-server and the Node it needs into a cache folder. No compiler, no install scripts, no -dev libraries.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const CODE_SERVER = '4.139.1',
  NODE = '24.21.0'; // 4.139.1 carries VS Code 1.139.1 and wants Node 24
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const cache =
  process.env.VSCODE_HOST_CACHE ?? path.join(root, '.vscode-test', `code-server-${CODE_SERVER}`);
export const node = path.join(cache, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
export const entry = path.join(cache, 'node_modules/code-server/out/node/entry.js');

export function install() {
  const done = path.join(cache, 'ok');
  if (existsSync(done)) return;
  console.log(`Installing code-server ${CODE_SERVER} from npm into ${path.relative(root, cache)} ...`);
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const quiet = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = (cwd, ...args) => {
    try {
      execFileSync('npm', [...args, ...quiet], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    } catch {
      throw new Error(`The real VS Code could not be installed: "npm ${args.join(' ')}" failed; see above.`);
    }
  };
  writeFileSync(path.join(cache, 'package.json'), '{"private":true}\n'); // stops npm from climbing to the project
  npm(cache, 'install', `node-${process.platform}-${process.arch}@${NODE}`, `code-server@${CODE_SERVER}`);
  const vs = path.join(cache, 'node_modules/code-server/lib/vscode');
  npm(vs, 'install', '--omit=dev');
  for (const p of [
    path.join(path.dirname(node), '../include'),
    `${vs}/node_modules/@github`,
    `${vs}/extensions/copilot`,
    `${vs}/extensions/mermaid-markdown-features`,
  ])
    rmSync(p, { recursive: true, force: true }); // 280 MB that no test of ours needs
  writeFileSync(done, '');
}
if (process.argv[1] === fileURLToPath(import.meta.url)) install();
