// npm start: sets up, builds, and shows both commands on the sample.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ensurePackages, giveUp, root, run } from './set-up.mjs';

ensurePackages();
if (!run('npm', ['run', '-s', 'build'])) giveUp('The build failed; see above.');
if (!existsSync(path.join(root, 'server/dist/cli.mjs'))) giveUp('The build left no server/dist/cli.mjs.');

const sample = path.join(root, 'test-fixtures/sample');
const bin = path.join(root, 'server/bin/nginx-502.mjs');

function show(title, args, input) {
  process.stdout.write(`\n$ ${title}\n`);
  // The sample has faults: exit status 1 is the expected answer of check.
  spawnSync(process.execPath, [bin, ...args], {
    cwd: sample,
    input,
    stdio: [input ? 'pipe' : 'ignore', 'inherit', 'inherit'],
  });
}

show('cd test-fixtures/sample; nginx-502 check', ['check']);
show('nginx-502 explain --config nginx.conf error.log', ['explain', '--config', 'nginx.conf', 'error.log']);

process.stdout.write(`
Try next, in test-fixtures/sample:
  npx nginx-502 check --diff                          what the fixes would change
  npx nginx-502 check /etc/nginx/nginx.conf           your own configuration
  npx nginx-502 explain --config nginx.conf           then paste a line, Ctrl-D
  npx nginx-502 why resolver-missing                  what a finding means
Then: npm test (everything, against a real nginx).
`);
