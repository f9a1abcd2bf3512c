// npm test: sets up what is missing, then runs everything. The last line counts; in CI nothing may be skipped.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureNginx, ensurePackages, run } from './set-up.mjs';

const ci = process.env.CI === 'true';
let passed = 0;
let failed = 0;
let skipped = 0;

function step(title, work) {
  process.stdout.write(`\n== ${title}\n`);
  const good = work();
  if (good) passed++;
  else {
    failed++;
    process.stdout.write(`FAILED: ${title}\n`);
  }
  return good;
}

const npx = (...args) => run('npx', ['--no-install', ...args]);

ensurePackages();
const nginx = ensureNginx();

step('types', () => run('npm', ['run', '-s', 'typecheck']));
step('linter and formatter', () => run('npm', ['run', '-s', 'lint']));
step('build', () => run('npm', ['run', '-s', 'build']));

const projects = ['--project', 'unit'];
if (nginx) projects.push('--project', 'nginx');
else {
  skipped++;
  process.stdout.write(
    '\nNot run: everything that needs a real nginx. Install nginx, or set NGINX_502_NGINX to its path.\n',
  );
}
const folder = mkdtempSync(path.join(tmpdir(), 'nginx-502-test-'));
const report = path.join(folder, 'vitest.json');
step(nginx ? 'unit tests and real nginx' : 'unit tests', () => {
  const good = npx(
    'vitest',
    'run',
    ...projects,
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${report}`,
  );
  try {
    const counts = JSON.parse(readFileSync(report, 'utf8'));
    passed += counts.numPassedTests;
    failed += counts.numFailedTests;
    skipped += counts.numPendingTests + counts.numTodoTests;
  } catch {
    process.stdout.write('vitest wrote no report.\n');
    return false;
  }
  return good;
});
rmSync(folder, { recursive: true, force: true });

if (skipped > 0)
  process.stdout.write(`\n${skipped} skipped.${ci ? ' CI skips nothing: this is a failure.' : ''}\n`);
if (ci && skipped > 0) failed += skipped;
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
