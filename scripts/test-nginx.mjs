// npm run test:nginx [-- --update] [-- FILTER]: the tests against a real nginx; --update records anew.
import { ensureNginx, ensurePackages, giveUp, run } from './set-up.mjs';

const args = process.argv.slice(2);
const update = args.includes('--update');
ensurePackages();
if (!ensureNginx()) giveUp('These tests need nginx: install it, or set NGINX_502_NGINX to its path.');
const env = { ...process.env, ...(update && { NGINX_502_UPDATE: '1' }) };
const rest = args.filter((arg) => arg !== '--update');
process.exitCode = run('npx', ['--no-install', 'vitest', 'run', '--project', 'nginx', ...rest], { env })
  ? 0
  : 1;
