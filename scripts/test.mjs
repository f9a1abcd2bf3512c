// npm test: sets up what is missing, then runs everything. The last line counts; in CI nothing may be skipped.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CANNOT_RUN, ensureNginx, ensurePackages, root, run } from './set-up.mjs';

const ci = process.env.CI === 'true';
let passed = 0;
let failed = 0;
let skipped = 0;

/** Runs a part; it answers true, false, or null when it cannot run here. */
function step(title, work) {
  process.stdout.write(`\n== ${title}\n`);
  const good = work();
  if (good === null) skipped++;
  else if (good) passed++;
  else {
    failed++;
    process.stdout.write(`FAILED: ${title}\n`);
  }
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

/** A script that needs a real VS Code, and writes what it counted. */
function inVsCode(script) {
  const results = path.join(folder, `${script}.json`);
  const { status } = spawnSync(process.execPath, [`scripts/${script}`, '--report', results], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status === CANNOT_RUN) {
    process.stdout.write('Not run: everything that needs a real VS Code, for the reason above.\n');
    return null;
  }
  try {
    const counts = JSON.parse(readFileSync(results, 'utf8'));
    passed += counts.passes;
    failed += counts.failures;
    skipped += counts.pending;
  } catch {
    process.stdout.write('The tests in VS Code did not come to their end.\n');
    return false;
  }
  return status === 0;
}
step('real VS Code, on the packaged extension', () => inVsCode('test-vscode.mjs'));
step('real VS Code, used by mouse and keyboard', () => inVsCode('test-ui.mjs'));
rmSync(folder, { recursive: true, force: true });

if (skipped > 0)
  process.stdout.write(`\n${skipped} skipped.${ci ? ' CI skips nothing: this is a failure.' : ''}\n`);
if (ci && skipped > 0) failed += skipped;
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
