// npm run test:vscode: one mocha suite in a real VS Code, on the extension as it is packaged, or with `-- --dev` as it
// lies in the repository. VSCODE_HOST=desktop|server|auto: the desktop program where it can be downloaded, else
// code-server from npm shown by Debian's chromium. Arguments are words of test titles to run.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CANNOT_RUN, ensurePackages, giveUp, root, run } from './set-up.mjs';

const { values, positionals } = parseArgs({
  options: { dev: { type: 'boolean', default: false }, report: { type: 'string' } },
  allowPositionals: true,
});
ensurePackages();
const { build } = await import('esbuild');
const { downloadAndUnzipVSCode, runTests, SilentReporter } = await import('@vscode/test-electron');

if (!run(process.execPath, ['esbuild.mjs'])) giveUp('The build failed; see above.');
// Where the tests find their libraries, and as deep below the repository as their sources; another run has another.
mkdirSync(path.join(root, '.vscode-test'), { recursive: true });
const compiled = mkdtempSync(path.join(root, '.vscode-test/suite-'));
// However this ends.
process.once('exit', () => rmSync(compiled, { recursive: true, force: true }));
const sources = readdirSync(path.join(root, 'test/vscode')).filter((name) => name.endsWith('.ts'));
await build({
  absWorkingDir: root,
  entryPoints: sources.map((name) => `test/vscode/${name}`),
  outdir: compiled,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode', 'mocha'],
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  sourcemap: 'inline',
  logLevel: 'warning',
});

const wanted = process.env.VSCODE_HOST ?? 'auto';
if (!['auto', 'desktop', 'server'].includes(wanted)) giveUp('VSCODE_HOST is one of auto, desktop, server.');
// On Linux the desktop program needs a display.
const display = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
let desktop = null;
if (wanted === 'desktop' || (wanted === 'auto' && display)) {
  try {
    const version = process.env.VSCODE_VERSION ?? 'stable';
    const cachePath = path.join(root, '.vscode-test');
    desktop = await downloadAndUnzipVSCode({
      version,
      cachePath,
      timeout: 20_000,
      reporter: new SilentReporter(),
    });
  } catch (error) {
    const why = error.code ?? error.message;
    if (wanted === 'desktop') giveUp(`The desktop VS Code could not be downloaded (${why}).`, CANNOT_RUN);
    process.stdout.write(`No desktop VS Code can be had here (${why}): using code-server.\n`);
  }
}
if (!desktop) {
  const { ensureChromium } = await import('./vscode-host/host.mjs');
  const { install } = await import('./vscode-host/install.mjs');
  try {
    ensureChromium();
    install();
  } catch (error) {
    giveUp(error.message, CANNOT_RUN);
  }
}

/** The extension to test: what a user would install, unpacked, unless the repository's own is wanted. */
async function extensionFolder() {
  if (process.env.NGINX502_EXTENSION) return process.env.NGINX502_EXTENSION;
  if (values.dev) return root;
  const { packageExtension } = await import('./package.mjs');
  const { unzip } = await import('./unzip.mjs');
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'nginx-502-vsix-')));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  unzip(packageExtension(folder), path.join(folder, 'unpacked'));
  return path.join(folder, 'unpacked/extension');
}
const extension = await extensionFolder();

// The tests edit: they get copies, and a path without symbolic links, as VS Code reports it.
const workspace = realpathSync(mkdtempSync(path.join(tmpdir(), 'nginx-502-vscode-')));
for (const name of readdirSync(path.join(root, 'test-fixtures'))) {
  const folder = path.join(root, 'test-fixtures', name);
  if (existsSync(path.join(folder, 'nginx.conf'))) {
    cpSync(folder, path.join(workspace, name), {
      recursive: true,
      filter: (file) => !['silent', 'recorded'].includes(path.basename(file)),
    });
  }
}
mkdirSync(path.join(workspace, '.vscode'));

try {
  process.exitCode = await runTests({
    vscodeExecutablePath: desktop ?? path.join(root, 'scripts/vscode-host/code.mjs'),
    extensionDevelopmentPath: [extension, path.join(root, 'test/vscode/upper-case-language')],
    extensionTestsPath: path.join(compiled, 'index.cjs'),
    launchArgs: [workspace, ...(desktop ? ['--disable-extensions'] : [])],
    extensionTestsEnv: {
      NGINX502_TESTS: positionals.join(' '),
      ...(values.report && { NGINX502_REPORT: path.resolve(values.report) }),
    },
  });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = typeof error.code === 'number' ? error.code : 1;
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
