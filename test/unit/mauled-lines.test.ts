import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCorpus } from '../../scripts/corpus-score.mjs';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { catalogue, matchMessage } from '../../server/src/engine/errorlog/catalogue.ts';
import { readEntries } from '../../server/src/engine/errorlog/read-entries.ts';
import { ROOT } from '../support/engine.ts';
import { FOREIGN_LINES } from '../support/foreign-lines.ts';
import { score } from '../support/mauled-score.ts';
import { MAULINGS } from '../support/mauler.ts';
import { numbers } from '../support/mutations.ts';

/**
 * Lines that were mauled before they were pasted: what is still read of them, and what must not be. NGINX_502_SEED
 * mauls them otherwise.
 */
const SEED = Number(process.env['NGINX_502_SEED'] ?? 502);

/** Lines that nobody has kept unseen: see test/corpus/README.md. */
const samples = readCorpus()
  .filter(({ frozen, paste }) => !frozen && !paste.trim().includes('\n'))
  .map(({ id, paste, cause, accept }) => ({ id, line: paste.trim(), right: [cause, ...accept] }));

/**
 * Of the lines whose cause stands first, so many per cent must keep it. Behind it, what it was before lines were
 * mended. What is missing is mostly gone: the address that told of IPv6, the error that was left out.
 */
const KEPT: Readonly<Record<string, number>> = {
  'time removed': 97,
  'head removed': 93,
  'message alone': 88,
  'beginning torn off': 69, // 60
  'end torn off': 86,
  'fields elided': 92, // 82
  'message elided': 58, // 49
  'addresses hidden': 89,
  'names hidden': 92,
  'error number removed': 88, // 41
  'error words removed': 86, // 41
  'upstream removed': 87,
  'one character misread': 85, // 50
  'three characters misread': 77, // 22
  'one word mistyped': 80, // 47
  'two words mistyped': 76, // 32
  'spaces lost': 72, // 23
  'spaces doubled': 93, // 0
  'colons lost': 82, // 18
  'commas lost': 96, // 41
  'brackets lost': 78, // 28
  'letter case changed': 74, // 37
  'quotes lost': 82, // 68
  'in JSON of a log store': 91,
  'in a CSV row': 90, // 69
  'in a table cell': 92,
  'in HTML': 95, // 92
  'escaped as Markdown': 96, // 28
  'stars eaten': 92, // 8
  'fields reordered': 87, // 44
  'fields translated': 96, // 36
  'wide punctuation': 94, // 16
  'merged with its next': 92,
  'quoted in a sentence': 82, // 76
  'in a sentence': 81, // 75
  'words of a person': 84, // 9
  'in two ways': 75, // 32
};

describe('mauled lines', () => {
  const { tallies } = score(samples, { seed: SEED, pairs: 1 });

  test('every way is counted', () => {
    expect([...tallies.keys()].sort()).toEqual(Object.keys(KEPT).sort());
    expect(samples.length).toBeGreaterThan(100);
  });

  test.each([...tallies])('%s: the first cause stays as often as it is to', (how, { changed, moved }) => {
    expect((100 * (changed - moved)) / changed).toBeGreaterThanOrEqual(KEPT[how]!);
  });

  test('no wrong cause is called certain', () => {
    expect([...tallies].filter(([, { wrong }]) => wrong > 0)).toEqual([]);
  });
});

describe('what is none of nginx stays none', () => {
  test('lines of other programs, of configurations and of people', () => {
    expect(FOREIGN_LINES.filter((line) => readEntries(line).entries.length > 0)).toEqual([]);
    // One below the other they are no entry in two lines either.
    expect(readEntries(FOREIGN_LINES.join('\n')).entries).toEqual([]);
  });

  test('the same lines, mauled', () => {
    const random = numbers(SEED);
    for (const line of FOREIGN_LINES)
      for (const [how, maul] of Object.entries(MAULINGS)) {
        const mauled = maul(line, random);
        expect(
          readEntries(mauled).entries.filter((entry) => matchMessage(entry) !== null),
          `${how}: ${mauled}`,
        ).toEqual([]);
      }
  });

  test('the lines of every configuration of the fixtures', () => {
    const folder = path.join(ROOT, 'test-fixtures');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.conf'),
    );
    expect(files.length).toBeGreaterThan(100);
    for (const file of files)
      for (const line of readFileSync(path.join(folder, file), 'utf8').split('\n'))
        for (const { guessed } of readEntries(line).entries) expect(guessed, line).toBe(false);
  });
});

describe("nginx's own lines are not mended", () => {
  test('the examples of the catalogue', () => {
    for (const { example } of catalogue)
      expect(readEntries(example).entries[0]!.guessed, example).toBe(false);
  });

  test('other messages of its source', () => {
    const messages: { text: string }[] = JSON.parse(
      readFileSync(path.join(ROOT, 'test/unit/source-messages.generated.json'), 'utf8'),
    );
    const whole = messages.map(({ text }) => text).filter((text) => !text.includes('%'));
    expect(whole.length).toBeGreaterThan(400);
    for (const text of whole) {
      const [entry] = readEntries(
        `2026/01/10 08:41:45 [error] 1#1: *1 ${text}, client: 10.0.0.1, server: a`,
      ).entries;
      expect([entry!.message, entry!.guessed]).toEqual([text, false]);
    }
  });

  test("a module's message that quotes one of nginx", () => {
    const text =
      '[lua] balancer.lua:7: saw "upstream timed out (110: Connection timed out) while connecting to upstream"';
    const [entry] = readEntries(
      `2026/01/10 08:41:45 [error] 1#1: *1 ${text}, client: 10.0.0.1, server: a`,
    ).entries;
    expect(entry).toMatchObject({ message: text, guessed: false });
  });
});

describe('what is guessed is said', () => {
  const TAIL =
    ', client: 10.0.0.9, server: a.test, request: "GET / HTTP/1.1", upstream: "http://10.0.0.5:3000/", host: "a.test"';
  const explained = (text: string) => {
    const explainer = new LogExplainer({ model: null });
    explainer.push(`${text}\n`);
    return explainer.end({ value: null, from: 'unknown' }, []).groups[0]!;
  };

  test.each([
    ['mistyped', 'connect() faild (111: Connection refused) whlie connecting to upstream'],
    ['without its number', 'connect() failed: Connection refused while connecting to upstream'],
    ['told by a person', 'connect() failed (111: Connection refused) when connecting to the upstream'],
  ])('a line that was %s', (_how, message) => {
    const line = `2026/01/10 08:41:45 [error] 1#1: *1 ${message}${TAIL}`;
    const { explanation, sample } = explained(line);
    expect(explanation.causes[0]!.id).toBe('backend-down');
    expect(explanation.causes.map(({ certainty }) => certainty)).not.toContain('certain');
    expect(explanation.status.certainty).not.toBe('certain');
    expect(explanation.notes.join('\n')).toContain(
      'Words of the line were changed or are missing; it is read as "connect() failed (111: Connection refused) while connecting to upstream".',
    );
    expect(sample).toBe(line);
  });

  test('nothing, where only marks and their order were changed', () => {
    const { explanation } = explained(
      `2026/01/10 08:41:45 [error] 1#1: *1 connect() failed (111: Connection refused) while connecting to upstream${TAIL.replaceAll(', ', '，').replaceAll(': ', '：')}`,
    );
    expect(explanation.entry.server).toBe('a.test');
    expect(explanation.notes.join('\n')).not.toContain('Words of the line');
  });

  test('mauled lines and whole ones are counted apart', () => {
    const explainer = new LogExplainer({ model: null });
    const whole = `2026/01/10 08:41:45 [error] 1#1: *1 connect() failed (111: Connection refused) while connecting to upstream${TAIL}`;
    explainer.push(`${whole.replace('failed', 'faild')}\n${whole}\n`);
    const { groups } = explainer.end({ value: null, from: 'unknown' }, []);
    expect(groups.map(({ sample }) => sample).sort()).toEqual(
      [whole, whole.replace('failed', 'faild')].sort(),
    );
  });
});

test('so much of a log is looked at for mending: no program mistypes', () => {
  const mauled = 'upstrem timed out (110: Connection timed out) while connecting to upstream';
  const noise = `${'another program failed while reading something else, which is none of ours'.repeat(20)}\n`;
  expect(readEntries(`${noise.repeat(3)}${mauled}\n`).entries).toHaveLength(1);
  expect(readEntries(`${noise.repeat(300)}${mauled}\n`).entries).toHaveLength(0);
});
