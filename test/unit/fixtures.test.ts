import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { detectingModes } from '../../server/src/engine/failures/detecting.ts';
import { FAILURE_MODE_IDS } from '../../server/src/engine/failures/ids.ts';
import { failureModes } from '../../server/src/engine/failures/index.ts';
import { modelOf, ROOT } from '../support/engine.ts';
import { fixAll } from '../support/fix-all.ts';
import {
  asExpectation,
  configFiles,
  expectations,
  fixedText,
  fixtures,
  readFixture,
  silentFiles,
} from '../support/fixture.ts';

const all = fixtures();

test('every failure mode has its file, its fixture, its recording and its page, and nothing else has', () => {
  const ids = failureModes.map((mode) => mode.id).sort();
  const files = readdirSync(path.join(ROOT, 'server/src/engine/failures'))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => name.slice(0, -3))
    .filter((name) => !['index', 'detecting', 'ids', 'failure-mode', 'other-causes'].includes(name));
  expect(files.sort()).toEqual(ids);
  expect(all.map((fixture) => fixture.id)).toEqual(ids);
  const pages = readdirSync(path.join(ROOT, 'docs/failures')).filter((name) => name !== 'README.md');
  expect(pages.map((name) => name.replace(/\.md$/, '')).sort()).toEqual(ids);
  for (const id of ids)
    expect(existsSync(path.join(readFixture(id).folder, 'recorded')), `${id} has no recording`).toBe(true);
});

test('the lists of ids and of what a check loads are those of the modes, in their order', () => {
  expect(FAILURE_MODE_IDS).toEqual(failureModes.map((mode) => mode.id));
  expect(detectingModes).toEqual(failureModes.filter((mode) => mode.detect));
});

describe.each(all.map((fixture) => [fixture.id, fixture] as const))('%s', (id, fixture) => {
  const main = path.join(fixture.folder, 'nginx.conf');
  const mode = failureModes.find((m) => m.id === id)!;

  test('finds what the carets say, where they say it, and nothing else', async () => {
    const model = await modelOf(main);
    const result = check(model);
    expect(result.problems).toEqual([]);
    for (const file of configFiles(fixture)) {
      const found = result.findings.filter((finding) => finding.file === file).map(asExpectation);
      expect(found, file).toEqual(expectations(readFileSync(file, 'utf8')));
    }
    if (mode.detect) expect(result.findings.filter((finding) => finding.id === id).length).toBeGreaterThan(0);
  });

  test('is fixed as the fixed files say, for good, and nothing new appears', async () => {
    const before = check(await modelOf(main));
    if (!mode.detect || !before.findings.some((finding) => finding.fixes.length > 0)) return;
    const { texts, model } = await fixAll(main, id);
    for (const file of configFiles(fixture)) {
      expect(texts.get(file) ?? readFileSync(file, 'utf8'), file).toBe(fixedText(file));
    }
    const after = check(model);
    expect(after.findings.filter((finding) => finding.id === id)).toEqual([]);
    const tally = (list: typeof before.findings, like: (typeof before.findings)[number]): number =>
      list.filter((f) => f.id === like.id && f.severity === like.severity && f.file === like.file).length;
    for (const finding of after.findings) {
      expect(tally(after.findings, finding), finding.message).toBeLessThanOrEqual(
        tally(before.findings, finding),
      );
    }
  });

  test('is silent on its look-alikes', async () => {
    const files = silentFiles(fixture);
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      const result = check(await modelOf(path.join(fixture.folder, 'silent', file)));
      expect(
        result.findings.map((finding) => `${finding.id}: ${finding.message}`),
        file,
      ).toEqual([]);
      expect(result.problems, file).toEqual([]);
    }
  });
});
