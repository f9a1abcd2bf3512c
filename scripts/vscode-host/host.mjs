// Starts code-server on 127.0.0.1 and a headless chromium, and runs a mocha entry in code-server's node extension host.
import { execFileSync, spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { entry, install, node } from './install.mjs';

const freePort = () =>
  new Promise((ok, bad) => {
    const s = createServer();
    s.once('error', bad);
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => ok(port));
    });
  });

export function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {}
  return null;
}

/** Installs Debian's chromium where that is allowed; throws a sentence where it is not. */
export function ensureChromium() {
  if (findChromium()) return;
  const apt = (...args) =>
    execFileSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('Installing chromium through apt-get ...');
    try {
      apt('update');
      apt('install', '-y', '--no-install-recommends', 'chromium');
    } catch {}
  }
  if (!findChromium())
    throw new Error(
      'The real VS Code needs a Chromium to show it: install the package "chromium", or set CHROMIUM to the path of one.',
    );
}

export async function startServer({ settings = {}, vsix = [], extensions = [], smoke = false, port } = {}) {
  install();
  const root = mkdtempSync(path.join(tmpdir(), 'vsch-'));
  mkdirSync(path.join(root, 'ext'));
  // A folder found here at the first start counts as an installed extension.
  for (const [i, folder] of extensions.entries())
    symlinkSync(folder, path.join(root, 'ext', `unpacked-${i}`));
  mkdirSync(path.join(root, 'data/User'), { recursive: true });
  writeFileSync(path.join(root, 'config.yaml'), 'auth: none\n');
  writeFileSync(
    path.join(root, 'data/User/settings.json'),
    JSON.stringify({
      'files.autoSave': 'off', // the web workbench saves after a delay by default
      'telemetry.telemetryLevel': 'off',
      'workbench.startupEditor': 'none',
      'extensions.autoUpdate': 'off', // false would be migrated while the tests start, and the race loses documents
      'extensions.autoCheckUpdates': false,
      'workbench.secondarySideBar.defaultVisibility': 'hidden',
      'chat.disableAIFeatures': true,
      ...settings,
    }),
  );
  const dirs = [
    '--config',
    path.join(root, 'config.yaml'),
    '--user-data-dir',
    path.join(root, 'data'),
    '--extensions-dir',
    path.join(root, 'ext'),
  ];
  const xdg = path.join(root, 'xdg');
  const env = { ...process.env, TMPDIR: root, XDG_DATA_HOME: xdg, XDG_CONFIG_HOME: xdg, XDG_CACHE_HOME: xdg }; // else it leaves sockets and files behind
  for (const k of Object.keys(env)) if (/^(VSCODE_|ELECTRON_|NODE_OPTIONS$)/.test(k)) delete env[k];
  // Its complaints about native modules that were not compiled are shown only with a failure.
  for (const f of vsix)
    execFileSync(node, [entry, ...dirs, '--install-extension', f], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });

  port ??= await freePort();
  const log = createWriteStream(path.join(root, 'server.log'));
  const child = spawn(
    node,
    [
      entry,
      ...dirs,
      '--bind-addr',
      `127.0.0.1:${port}`,
      '--auth',
      'none',
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-workspace-trust',
      '--disable-getting-started-override',
      '--disable-proxy',
      '--ignore-last-opened',
      ...(smoke ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    ], // without it a built VS Code ignores extensionDevelopmentPath in the page's payload
    { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const gone = new Promise((ok) => child.once('exit', ok));
  const kill = (sig) => {
    try {
      process.kill(-child.pid, sig);
    } catch {}
  };
  const clean = () => {
    if (!process.env.KEEP_PROFILE)
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  process.once('exit', () => {
    kill('SIGKILL');
    clean();
  });
  // Not once: "timeout" sends the signal twice, and the second would end us before the server.
  for (const sig of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(sig, () => process.exit(130));
  const stop = async () => {
    kill('SIGTERM');
    const t = setTimeout(() => kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(t);
    clean();
  };
  for (const t0 = Date.now(); ; ) {
    if (child.exitCode !== null) throw new Error(`code-server exited with ${child.exitCode}`);
    try {
      if ((await fetch(`http://127.0.0.1:${port}/healthz`)).ok) break;
    } catch {}
    if (Date.now() - t0 > 60_000) {
      await stop();
      throw new Error('code-server did not start');
    }
    await new Promise((r) => setTimeout(r, 50));
  }
  const uri = (p) => `vscode-remote://127.0.0.1:${port}${p}`;
  const url = (folder, payload = []) =>
    `http://127.0.0.1:${port}/?${folder ? `folder=${encodeURIComponent(folder)}` : 'ew=true'}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
  return { port, uri, url, stop, root };
}

export async function openBrowser(viewport = { width: 1280, height: 800 }) {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return { browser, page: await (await browser.newContext({ viewport })).newPage() };
}

// The workbench's own lines share the console with the tests'; spdlog and native-watchdog are the two native modules that were not compiled.
const NOISE =
  /^(Resolv(ing|ed) connection token|Creating a socket|Updating additional builtin|\[(reconnection-grace-time|Service Worker|AgentHost|AccountPolicyGate)|%c)|extensionquery|Creation of workbench contribution|^document '.*already exists|Unable to retrieve document|getaddrinfo|spdlog|native-watchdog/;

export async function runTests({
  extensionDevelopmentPath,
  extensionTestsPath,
  workspace,
  env,
  timeoutMs = 480_000,
  screenshot,
}) {
  const server = await startServer({ smoke: true });
  let b;
  try {
    b = await openBrowser();
    const exit = new Promise((ok) => {
      b.page.on('crash', () => ok({ code: 70, why: 'the page crashed' }));
      setTimeout(() => ok({ code: 124, why: 'timed out' }), timeoutMs).unref();
      b.page.exposeFunction('codeAutomationExit', (code) => ok({ code }));
    });
    await b.page.exposeFunction('codeAutomationLog', (type, args) => {
      if (!args.some((a) => NOISE.test(String(a)))) (console[type] ?? console.log)(...args);
    });
    await b.page.goto(
      server.url(workspace, [
        ...[extensionDevelopmentPath].flat().map((p) => ['extensionDevelopmentPath', server.uri(p)]),
        ['extensionTestsPath', server.uri(extensionTestsPath)],
        ...(env ? [['extensionEnvironment', JSON.stringify(env)]] : []),
        ['skipWelcome', 'true'],
        ['skipReleaseNotes', 'true'],
      ]),
    );
    const r = await exit;
    if (screenshot) await b.page.screenshot({ path: screenshot }).catch(() => {});
    return r;
  } finally {
    await b?.browser.close();
    await server.stop();
  }
}
