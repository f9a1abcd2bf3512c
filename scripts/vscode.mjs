// npm run vscode: a real VS Code with the extension in it, on a copy of the sample, for a person with a browser.
// `-- FOLDER` opens another folder itself; PORT names the port; `--shots FOLDER` leaves pictures and ends.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePackages, giveUp, root, run } from './set-up.mjs';

const { values, positionals } = parseArgs({ options: { shots: { type: 'string' } }, allowPositionals: true });
ensurePackages();
if (!run(process.execPath, ['esbuild.mjs'])) giveUp('The build failed; see above.');
const { ensureChromium, openBrowser, startServer } = await import('./vscode-host/host.mjs');

let folder = positionals[0] && path.resolve(positionals[0]);
if (!folder) {
  const copy = mkdtempSync(path.join(tmpdir(), 'nginx-502-sample-'));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  folder = path.join(copy, 'sample');
  cpSync(path.join(root, 'test-fixtures/sample'), folder, { recursive: true });
}
const fileOf = (server) => [['openFile', server.uri(path.join(folder, 'nginx.conf'))]];

async function start(settings) {
  const port = process.env.PORT ? Number(process.env.PORT) : undefined;
  try {
    return await startServer({ extensions: [root], settings, port });
  } catch (error) {
    return giveUp(`code-server could not be started: ${error.message}`);
  }
}

/** A squiggle with its hover, and the lightbulb's menu, in one theme. */
async function shoot(name, theme) {
  const server = await start({
    'workbench.colorTheme': theme,
    'editor.minimap.enabled': false,
    'window.commandCenter': false,
  });
  const { browser, page } = await openBrowser();
  const shot = (what) => page.screenshot({ path: path.join(values.shots, `${what}-${name}.png`) });
  try {
    await page.goto(server.url(folder, fileOf(server)));
    await page.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
    await page.locator('[id="nginx-502.nginx-502-vscode.nginx502.status"]').waitFor({ timeout: 15_000 });
    const line = page.locator('.view-line', { hasText: '$http_upgrade' }).first();
    await line.hover({ position: { x: 180, y: 8 } });
    await page.locator('.monaco-hover').first().waitFor({ timeout: 15_000 });
    await page.waitForTimeout(500);
    await shot('squiggle');
    await page.keyboard.press('Escape');
    await line.click({ position: { x: 180, y: 8 } });
    await page.keyboard.press('Control+.');
    await page.locator('.action-widget').first().waitFor({ timeout: 15_000 });
    await shot('lightbulb');
  } finally {
    await browser.close();
    await server.stop();
  }
}

if (values.shots) {
  mkdirSync(values.shots, { recursive: true });
  try {
    ensureChromium();
  } catch (error) {
    giveUp(error.message);
  }
  await shoot('dark', 'Default Dark Modern');
  await shoot('light', 'Default Light Modern');
} else {
  const server = await start({});
  process.stdout.write(
    `\nVS Code with the extension: ${server.url(folder, fileOf(server))}\nCtrl+C ends it.\n`,
  );
}
