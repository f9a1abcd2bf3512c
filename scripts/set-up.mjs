// What the everyday commands need before they can run. Only Node's own modules: `npm ci` may not have run yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a program in the repository, its output shown; true when it exits with 0. */
export function run(file, args, options = {}) {
  const result = spawnSync(file, args, { cwd: root, stdio: 'inherit', ...options });
  return result.status === 0;
}

/** Exit status of tests that need what is not here and cannot be installed: nothing is wrong, and nothing is shown. */
export const CANNOT_RUN = 69;

/** Ends the process with a sentence. */
export function giveUp(sentence, status = 1) {
  process.stderr.write(`${sentence}\n`);
  process.exit(status);
}

/** Installs the npm packages of the lock file when they are not there. */
export function ensurePackages() {
  if (existsSync(path.join(root, 'node_modules/.package-lock.json'))) return;
  process.stdout.write('Installing the npm packages of the lock file ...\n');
  if (!run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])) giveUp('npm ci failed; see above.');
}

function onPath(program) {
  return spawnSync(program, ['-v'], { stdio: 'ignore' }).error === undefined;
}

const MODULES = '/usr/lib/nginx/modules';
/** Modules that fixtures need (`needs` in fixture.json), by a file of each. */
const NEEDED = { 'libnginx-mod-http-lua': `${MODULES}/ngx_http_lua_module.so` };

/** Installs packages, with nothing shown but errors; false where that is not allowed or fails. */
function aptInstall(packages, how = []) {
  if (process.getuid?.() !== 0 || !onPath('apt-get')) return false;
  process.stdout.write(`Installing ${packages.join(', ')} through apt-get ...\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // The package starts a service where one can be started; the tests never use it, and it would hold port 80.
  const quiet = { env: { ...env, RUNLEVEL: '1' }, stdio: ['ignore', 'ignore', 'inherit'] };
  run('apt-get', ['update', '-qq'], quiet);
  const options = ['-y', '-qq', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', ...how];
  return run('apt-get', ['install', ...options, ...packages], quiet);
}

/** The nginx to test with, installed through apt-get where that is allowed; null with the reason said. */
export function ensureNginx() {
  const named = process.env.NGINX_502_NGINX;
  if (named) {
    if (existsSync(named)) return named;
    giveUp(`NGINX_502_NGINX names ${named}, which does not exist.`);
  }
  const found = () => (onPath('nginx') ? 'nginx' : existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : null);
  if (!found() && !aptInstall(['nginx'])) {
    process.stdout.write('nginx is not installed, and could not be installed: that takes apt-get as root.\n');
    return null;
  }
  ensureModules();
  return found();
}

/** Installs nginx's modules. Fixtures load them by their paths: no other nginx of this machine is to load them too. */
function ensureModules() {
  const missing = Object.keys(NEEDED).filter((name) => !existsSync(NEEDED[name]));
  if (missing.length === 0) return;
  const folder = '/etc/nginx/modules-enabled';
  const enabled = () => (existsSync(folder) ? readdirSync(folder) : []);
  const before = new Set(enabled());
  const installed = aptInstall(missing, ['--no-remove']);
  for (const link of enabled()) if (!before.has(link)) rmSync(path.join(folder, link));
  if (!installed) process.stdout.write(`Not installed: ${missing.join(', ')}. Its tests are skipped.\n`);
}
