import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ROOT } from '../support/engine.ts';

test('failure-mode pages and the outputs in the README are what the program says', () => {
  const result = spawnSync(process.execPath, ['scripts/generate-docs.mjs', '--check'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
});
