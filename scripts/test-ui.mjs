// npm run test:ui: the packaged extension installed in a real VS Code, used as a person uses it, with mouse and keyboard.
// `-- --shots FOLDER` says where the pictures go, `--pictures` renews those of the READMEs in docs/images.
// Everything goes through the page: nothing here knows the extension's code.
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CANNOT_RUN, ensurePackages, giveUp, root, run } from './set-up.mjs';

const { values } = parseArgs({
  options: {
    shots: { type: 'string', default: path.join(root, 'out/shots') },
    report: { type: 'string' },
    vsix: { type: 'string' },
    pictures: { type: 'boolean', default: false },
  },
});
ensurePackages();
const { ensureChromium, openBrowser, startServer } = await import('./vscode-host/host.mjs');
const { install } = await import('./vscode-host/install.mjs');
try {
  ensureChromium();
  install();
} catch (error) {
  giveUp(error.message, CANNOT_RUN);
}
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const THEMES = {
  dark: { label: 'Dark Modern', type: 'vs-dark' },
  light: { label: 'Light Modern', type: 'vs' },
  'contrast-dark': { label: 'Dark High Contrast', type: 'hc-black' },
  'contrast-light': { label: 'Light High Contrast', type: 'hc-light' },
};
const SETTINGS = {
  'editor.minimap.enabled': false,
  'window.commandCenter': false,
  'workbench.activityBar.location': 'hidden',
  'workbench.layoutControl.enabled': false,
  'breadcrumbs.enabled': false,
  'remote.autoForwardPorts': false, // other programs of this machine would be announced
};

const MAIN = `events {}

http {
    include conf.d/*.conf;
}
`;
const APP = `server {
    listen 127.0.0.1:8080;
    server_name app.test;

    location /api/ {
        proxy_set_header Host $host;
        proxy_pass https://127.0.0.1:3000;
    }

    location /chat/ {
        proxy_set_header Upgrade $http_upgrade;
        proxy_pass http://127.0.0.1:3001;
    }
}
`;
const LINE =
  '2026/01/31 03:42:17 [error] 4242#4242: *8 SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream, client: 192.0.2.7, server: app.test, request: "GET /api/users HTTP/1.1", upstream: "https://127.0.0.1:3000/api/users", host: "app.test"';
/** What an attacker can write into a log, through the request. */
const HOSTILE =
  '2026/01/31 03:42:18 [error] 4242#4242: *9 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: app.test, request: "GET /chat/<img/src=x/onerror=document.body.remove()>\u202e<script>1</script> HTTP/1.1", upstream: "http://127.0.0.1:3001/chat/<b>bold</b>", host: "app.test", referrer: "javascript:alert(1)"';

const work = await realpath(await mkdtemp(path.join(tmpdir(), 'nginx-502-ui-')));
const folder = path.join(work, 'shop');
await mkdir(path.join(folder, 'conf.d'), { recursive: true });
await writeFile(path.join(folder, 'nginx.conf'), MAIN);
await writeFile(path.join(folder, 'conf.d/app.conf'), APP);
await writeFile(path.join(folder, 'error.log'), `${LINE}\n${HOSTILE}\n`);
await mkdir(values.shots, { recursive: true });

let vsix = values.vsix;
if (!vsix) {
  if (!run(process.execPath, ['esbuild.mjs'])) giveUp('The build failed; see above.');
  const { packageExtension } = await import('./package.mjs');
  vsix = packageExtension(work);
}

const failures = [];
let passes = 0;
/** One thing that must hold; the others are tried all the same. */
async function check(title, work) {
  try {
    await work();
    passes++;
    process.stdout.write(`  ok      ${title}\n`);
  } catch (error) {
    failures.push(title);
    process.stdout.write(
      `  FAILED  ${title}\n          ${String(error.message).split('\n').join('\n          ')}\n`,
    );
    await page.screenshot({ path: path.join(values.shots, `failed-${failures.length}.png`) }).catch(() => {});
    // What a failed check leaves open would take the next one's keys.
    for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
  }
}
function assert(truth, sentence) {
  if (!truth) throw new Error(sentence);
}

const server = await startServer({
  vsix: [vsix],
  settings: { ...SETTINGS, 'workbench.colorTheme': 'Default Dark Modern' },
});
const { browser, page } = await openBrowser({ width: 1280, height: 860 });
const shot = async (name) => {
  // A resting mouse marks what it rests on.
  if (!name.startsWith('squiggle')) {
    await page.mouse.move(300, 700, { steps: 4 });
    await page.waitForTimeout(500);
  }
  await page.screenshot({ path: path.join(values.shots, `${name}.png`) });
};

/** Chooses a theme as a person does: there is no watching of the settings file without native modules. */
async function theme(name) {
  const { label, type } = THEMES[name];
  await command('Preferences: Color Theme');
  const input = page.locator('.quick-input-widget input.input').first();
  await page.waitForFunction(
    () => /theme/i.test(document.querySelector('.quick-input-widget input.input')?.placeholder ?? ''),
    null,
    { timeout: 10_000 },
  );
  await input.fill(label);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: label }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator(`.monaco-workbench.${type}`).waitFor({ timeout: 15_000 });
  await page.waitForTimeout(400);
}
async function command(title) {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input.input').first();
  await input.waitFor({ timeout: 10_000 });
  await input.fill(`>${title}`);
  // Not whatever stands first: a like-named command may.
  const row = page.locator('.quick-input-list .monaco-list-row').filter({
    has: page.locator('.monaco-highlighted-label').getByText(title, { exact: true }),
  });
  await row.first().click({ timeout: 10_000 });
}
/** Two frames deep, as VS Code shows a webview. */
const view = () => page.frameLocator('iframe.webview').last().frameLocator('#active-frame');
const viewFrame = async () => {
  const handle = await view().locator('html').elementHandle({ timeout: 15_000 });
  return handle.ownerFrame();
};
async function explain(text) {
  await view().locator('#box').fill(text, { timeout: 30_000 });
  await view().locator('#box').press('Control+Enter');
  await view().locator('.verdict').first().waitFor({ timeout: 15_000 });
}
async function accessible(what) {
  const frame = await viewFrame();
  await frame.evaluate(axe);
  const { violations } = await frame.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations'] }),
  );
  assert(
    violations.length === 0,
    `${what}:\n${violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => `  ${n.html.slice(0, 160)} ${n.failureSummary?.split('\n').slice(1).join(' ')}`).join('\n')}`).join('\n')}`,
  );
}
const cursor = () => page.locator('#status\\.editor\\.selection').innerText({ timeout: 5000 });
const editorLine = (text) => page.locator('.editor-instance .view-line', { hasText: text });

/** Process id of the extension's language server. */
function languageServer() {
  const module = path.join(server.root, 'ext');
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    let line = '';
    try {
      line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      // It has ended meanwhile.
    }
    if (line.includes(module) && line.includes('server.cjs')) return Number(pid);
  }
  throw new Error('no language server runs');
}

try {
  await page.goto(server.url(folder, [['openFile', server.uri(path.join(folder, 'conf.d/app.conf'))]]));
  await page.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
  await page.locator('[id="nginx-502.nginx-502-vscode.nginx502.status"]').waitFor({ timeout: 15_000 });
  // Room for the text: the tree of files is not what the pictures are about.
  await command('View: Close Primary Side Bar');

  await page.setViewportSize({ width: 1000, height: 480 });
  for (const name of ['dark', 'light', 'contrast-dark']) {
    await check(`squiggle, hover and lightbulb, ${name}`, async () => {
      await theme(name);
      const line = editorLine('$http_upgrade').first();
      await line.hover({ position: { x: 180, y: 8 } });
      await page
        .locator('.monaco-hover:visible', { hasText: 'websocket-headers-missing' })
        .first()
        .waitFor({ timeout: 15_000 });
      await page.waitForTimeout(300);
      await shot(`squiggle-${name}`);
      await page.keyboard.press('Escape');
      await line.click({ position: { x: 180, y: 8 } });
      const menu = page.locator('.action-widget', { hasText: 'Pass the WebSocket upgrade on' }).first();
      for (let attempt = 0; attempt < 3 && !(await menu.isVisible()); attempt++) {
        // A check that ends meanwhile takes the menu away.
        await page.keyboard.press('Control+.');
        await menu.waitFor({ timeout: 5000 }).catch(() => {});
      }
      await menu.waitFor({ timeout: 1000 });
      await page.waitForTimeout(300);
      await shot(`lightbulb-${name}`);
      await page.keyboard.press('Escape');
    });
  }

  await page.setViewportSize({ width: 1280, height: 860 });
  await theme('dark');
  await check('over a proxy_pass stands what nginx sends', async () => {
    await editorLine('proxy_pass http://127.0.0.1:3001')
      .first()
      .hover({ position: { x: 100, y: 8 } });
    await page
      .locator('.monaco-hover:visible', { hasText: 'nginx sends' })
      .first()
      .waitFor({ timeout: 15_000 });
    await page.waitForTimeout(300);
    await shot('squiggle-hover-dark');
    await page.keyboard.press('Escape');
  });

  await check(
    'a URL is asked for, with the one of the location at the cursor, and its way is listed',
    async () => {
      await editorLine('proxy_pass https://127.0.0.1:3000')
        .first()
        .click({ position: { x: 200, y: 8 } });
      await command('nginx: Which location serves this URL?');
      const input = page.locator('.quick-input-widget input.input').first();
      await page.waitForFunction(
        () =>
          document.querySelector('.quick-input-widget input.input')?.value === 'http://app.test:8080/api/',
        null,
        { timeout: 10_000 },
      );
      await input.fill('http://app.test:8080/api/users');
      await page.keyboard.press('Enter');
      await page
        .locator('.quick-input-list .monaco-list-row', { hasText: 'location /api/' })
        .first()
        .waitFor({ timeout: 10_000 });
      await page.waitForTimeout(300);
      await shot('route-dark');
      await page.keyboard.press('Escape');
    },
  );

  await command('nginx: Explain this 502 log line');
  await check('the empty panel waits with the keyboard in its box, and says how to begin', async () => {
    await view().locator('.starts').waitFor({ timeout: 30_000 });
    const frame = await viewFrame();
    await frame.waitForFunction(() => document.activeElement?.id === 'box', null, { timeout: 5000 });
    await shot('panel-empty-dark');
    await accessible('the empty panel');
  });

  await check('a pasted line is explained at once', async () => {
    await view()
      .locator('#box')
      .evaluate((box, text) => {
        const data = new DataTransfer();
        data.setData('text/plain', text);
        box.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
        );
        box.value = text;
        box.dispatchEvent(new Event('input'));
      }, LINE);
    await view().locator('.verdict .code', { hasText: '502' }).first().waitFor({ timeout: 15_000 });
    assert(
      (await view().locator('.track .failed').innerText()).includes('TLS'),
      'TLS is not the failing step',
    );
    assert(
      (await view().locator('.cause').first().innerText()).includes('tls-to-plain-backend'),
      'another cause is first',
    );
  });

  // As high as the answer: the pictures show all of it.
  await page.setViewportSize({ width: 1280, height: 1120 });
  for (const name of Object.keys(THEMES)) {
    await check(`panel, ${name}: no complaint of axe-core`, async () => {
      await theme(name);
      await shot(`panel-${name}`);
      await accessible(name);
    });
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await theme('dark');

  await check('the place is a click away', async () => {
    await view()
      .getByRole('button', { name: /^Go to location \/api\// })
      .click();
    await page.waitForFunction(
      () => document.querySelector('#status\\.editor\\.selection')?.textContent?.startsWith('Ln 7'),
      null,
      { timeout: 10_000 },
    );
    assert((await cursor()).startsWith('Ln 7'), await cursor());
  });

  await check('the fix can be looked at and applied by keyboard alone', async () => {
    await view().locator('#box').focus();
    const frame = await viewFrame();
    const reach = async (label) => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Tab');
        const now = await frame.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
        if (now.startsWith(label)) return;
      }
      throw new Error(`Tab never comes to "${label}"`);
    };
    await reach('Preview fix');
    await page.keyboard.press('Enter');
    await page
      .locator('.monaco-diff-editor .view-line', { hasText: 'http://127.0.0.1:3000' })
      .first()
      .waitFor({ timeout: 15_000 });
    await shot('preview-dark');
    await command('View: Close Editor');
    await view().locator('#box').focus();
    await reach('Apply fix');
    await page.keyboard.press('Enter');
    await editorLine('proxy_pass http://127.0.0.1:3000').first().waitFor({ timeout: 15_000 });
    await view().locator('.notice').waitFor({ timeout: 10_000 });
    await shot('applied-dark');
  });

  await check('hostile text is text', async () => {
    await explain(`${HOSTILE}\n${LINE}`);
    await view().locator('.verdict', { hasText: '3001' }).first().waitFor({ timeout: 15_000 });
    for (const details of await view().locator('details').all())
      await details.evaluate((d) => (d.open = true));
    const frame = await viewFrame();
    const found = await frame.evaluate(() => ({
      elements: document.querySelectorAll('img, b, main script, a[href^="javascript"]').length,
      text: document.querySelector('#answer')?.textContent ?? '',
    }));
    assert(found.elements === 0, `${found.elements} elements came out of the log`);
    assert(found.text.includes('<img/src=x/onerror=document.body.remove()>'), found.text);
    assert(found.text.includes('\\u{202e}'), 'the turned text is not shown as what it is');
    await shot('panel-hostile-dark');
    await accessible('hostile text');
  });

  await check('the answer follows the configuration', async () => {
    await explain(LINE);
    await view()
      .locator('.place .source', { hasText: 'proxy_pass http://127.0.0.1:3000' })
      .waitFor({ timeout: 15_000 });
    await editorLine('proxy_pass http://127.0.0.1:3000').first().click();
    await page.keyboard.press('Control+z');
    await view()
      .locator('.place .source', { hasText: 'proxy_pass https://127.0.0.1:3000' })
      .waitFor({ timeout: 15_000 });
  });

  await check('a whole log, several events, narrow and wide', async () => {
    await page.setViewportSize({ width: 620, height: 1400 });
    await page.waitForTimeout(500);
    await explain(`${LINE}\n${HOSTILE}\n${LINE}`);
    await view().locator('details.event').first().waitFor({ timeout: 15_000 });
    await page.waitForTimeout(300);
    await shot('panel-narrow-dark');
    const frame = await viewFrame();
    const wide = await frame.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert(wide <= 0, `the panel can be scrolled sideways by ${wide} px`);
    await page.setViewportSize({ width: 1280, height: 860 });
  });

  await check('a selection of a log in the editor, by the context menu', async () => {
    await command('View: Close All Editors');
    await command('Go to File...');
    await page.waitForFunction(
      () =>
        /search files/i.test(document.querySelector('.quick-input-widget input.input')?.placeholder ?? ''),
      null,
      { timeout: 10_000 },
    );
    await page.locator('.quick-input-widget input.input').first().fill('error.log');
    await page
      .locator('.quick-input-list .monaco-list-row', { hasText: 'error.log' })
      .first()
      .waitFor({ timeout: 10_000 });
    await page.keyboard.press('Enter');
    await editorLine('SSL_do_handshake').first().waitFor({ timeout: 10_000 });
    await editorLine('SSL_do_handshake')
      .first()
      .click({ position: { x: 60, y: 8 } });
    await page.keyboard.press('Home');
    await page.keyboard.press('Shift+End');
    await page.keyboard.press('Shift+F10');
    const item = page.getByRole('menuitem', { name: 'Explain this 502 log line' });
    await item.waitFor({ timeout: 10_000 });
    await shot('menu-dark');
    await item.click();
    await view().locator('.verdict .code', { hasText: '502' }).first().waitFor({ timeout: 30_000 });
    await view().locator('.place').first().waitFor({ timeout: 10_000 });
  });

  await check('a language server that dies is started again, and the editor says so', async () => {
    process.kill(languageServer(), 'SIGKILL');
    const toast = page.locator('.notification-toast', { hasText: 'ended unexpectedly' });
    await toast.waitFor({ timeout: 15_000 });
    await shot('restart-dark');
    assert(languageServer() > 0, 'no server runs');
  });
} catch (error) {
  failures.push('the run itself');
  process.stdout.write(`  FAILED  ${error.message}\n`);
  await shot('failed').catch(() => {});
} finally {
  await browser.close();
  await server.stop();
  await rm(work, { recursive: true, force: true });
}
if (values.pictures && failures.length === 0) {
  const images = path.join(root, 'docs/images');
  await mkdir(images, { recursive: true });
  for (const name of ['panel-dark', 'panel-light', 'squiggle-dark', 'lightbulb-dark'])
    await copyFile(path.join(values.shots, `${name}.png`), path.join(images, `${name}.png`));
}
process.stdout.write(
  `\n${passes} passed, ${failures.length} failed; pictures in ${path.relative(process.cwd(), values.shots)}\n`,
);
if (values.report)
  await writeFile(values.report, JSON.stringify({ passes, failures: failures.length, pending: 0 }));
process.exitCode = failures.length > 0 ? 1 : 0;
