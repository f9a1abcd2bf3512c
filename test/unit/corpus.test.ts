import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explained, GOAL_FIRST, GOAL_THREE, judge, readCorpus, share } from '../../scripts/corpus-score.mjs';
import { explainCommand } from '../../server/src/cli/explain-command.ts';
import { loadGrammar } from '../support/engine.ts';

/** What people pasted, with the cause that its thread confirmed: the score that `explain` must not fall below. */

const work = mkdtempSync(path.join(tmpdir(), 'nginx-502-corpus-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
beforeAll(loadGrammar);

test('the confirmed cause stands first, or among three, as often as it is to', async () => {
  const results = [];
  for (const entry of readCorpus()) results.push(judge(entry, await explained(explainCommand, entry, work)));
  expect(results.length).toBeGreaterThanOrEqual(150);
  expect(results.filter(({ entry }) => entry.frozen)).toHaveLength(50);
  const decidable = results.filter(({ entry }) => entry.decidable !== 'no');
  expect(share(decidable, 'first').percent).toBeGreaterThanOrEqual(GOAL_FIRST);
  expect(share(decidable, 'three').percent).toBeGreaterThanOrEqual(GOAL_THREE);
  // Those that nobody looked at while diagnosing.
  const unseen = decidable.filter(({ entry }) => entry.frozen);
  expect(share(unseen, 'first').percent).toBeGreaterThanOrEqual(GOAL_FIRST);
  expect(
    results.filter(({ first, certainty }) => !first && certainty === 'certain').map(({ entry }) => entry.id),
    'certain and wrong',
  ).toEqual([]);
});
