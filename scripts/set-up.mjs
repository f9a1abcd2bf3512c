// What the everyday commands need before they can run. Only Node's own modules: `npm ci` may not have run yet.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
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

/** The nginx to test with, installed through apt-get where that is allowed; null with the reason said. */
export function ensureNginx() {
  const named = process.env.NGINX_502_NGINX;
  if (named) {
    if (existsSync(named)) return named;
    giveUp(`NGINX_502_NGINX names ${named}, which does not exist.`);
  }
  const found = () => (onPath('nginx') ? 'nginx' : existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : null);
  if (found()) return found();
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    process.stdout.write('nginx is not installed, and apt-get as root is not available to install it.\n');
    return null;
  }
  process.stdout.write('Installing nginx through apt-get ...\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // The package starts a service where one can be started; the tests never use it, and it would hold port 80.
  const install = ['install', '-y', '-qq', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', 'nginx'];
  const quiet = { env: { ...env, RUNLEVEL: '1' }, stdio: ['ignore', 'ignore', 'inherit'] };
  run('apt-get', ['update', '-qq'], quiet);
  return run('apt-get', install, quiet) ? found() : null;
}
