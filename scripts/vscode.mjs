// npm run vscode: a real VS Code with the extension in it, on a copy of the sample, for a person with a browser.
// `-- FOLDER` opens another folder itself; PORT names the port.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePackages, giveUp, root, run } from './set-up.mjs';

const { positionals } = parseArgs({ allowPositionals: true });
ensurePackages();
if (!run(process.execPath, ['esbuild.mjs'])) giveUp('The build failed; see above.');
const { startServer } = await import('./vscode-host/host.mjs');

let folder = positionals[0] && path.resolve(positionals[0]);
if (!folder) {
  const copy = mkdtempSync(path.join(tmpdir(), 'nginx-502-sample-'));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  folder = path.join(copy, 'sample');
  cpSync(path.join(root, 'test-fixtures/sample'), folder, { recursive: true });
}
const fileOf = (server) => [['openFile', server.uri(path.join(folder, 'nginx.conf'))]];

async function start() {
  const port = process.env.PORT ? Number(process.env.PORT) : undefined;
  try {
    return await startServer({ extensions: [root], port });
  } catch (error) {
    return giveUp(`code-server could not be started: ${error.message}`);
  }
}

const server = await start();
process.stdout.write(
  `\nVS Code with the extension: ${server.url(folder, fileOf(server))}\nCtrl+C ends it.\n`,
);
