import { describe, expect, test } from 'vitest';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { questionsFor } from '../../server/src/engine/diagnosis/telling-apart.ts';
import { QUESTIONS } from '../../server/src/engine/diagnosis/telling-questions.ts';
import { catalogue } from '../../server/src/engine/errorlog/catalogue.ts';
import { failureModes } from '../../server/src/engine/failures/index.ts';

/** Causes shown for a paste, with the first command's meaning; null where there is nothing to tell apart. */
function open(paste: string): { ids: string[]; expect: string }[] {
  const explainer = new LogExplainer({ model: null });
  explainer.push(`${paste}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []).groups.flatMap(({ explanation }) => {
    // What the line rules out says why.
    const shown = explanation.causes.filter(({ against }) => against.length === 0).slice(0, 3);
    if (shown.length < 2 || shown[0]!.certainty === 'certain') return [];
    return [{ ids: shown.map(({ id }) => id), expect: explanation.causes[0]!.checks[0]?.expect ?? '' }];
  });
}

/** The same line with less, or with another backend: other causes remain then. */
function variants(line: string): string[] {
  return [
    line,
    line.replace(/, client: .*/, ''),
    line.replace(/, upstream: "[^"]*"/, ''),
    line.replaceAll(/\b127\.0\.0\.1:\d+/g, '10.0.0.7:8080'),
    line.replaceAll(/\b127\.0\.0\.1:\d+/g, '[2001:db8::7]:8080'),
    line.replaceAll(/\b127\.0\.0\.1:\d+/g, '10.0.0.7:9000'),
    line.replace(/\[error\] \d+#\d+/, '[error] 7#7'),
    line.replace(/"GET /, '"POST '),
  ];
}

const ERRNOS = [
  '13: Permission denied',
  '99: Cannot assign requested address',
  '101: Network is unreachable',
  '110: Connection timed out',
  '111: Connection refused',
  '113: No route to host',
];

describe('several causes remain', () => {
  const lines = catalogue.flatMap(({ example }) => [
    ...variants(example),
    ...(example.includes('connect() failed')
      ? ERRNOS.flatMap((errno) => variants(example.replace(/\(\d+: [^)]*\)/, `(${errno})`)))
      : []),
  ]);

  test('the first command names each of them with what is seen then', () => {
    const groups = new Set<string>();
    for (const line of lines)
      for (const { ids, expect: text } of open(line)) {
        groups.add(ids.join(' '));
        expect(`${text} ${ids}`, line).toMatch(/^tells the causes apart\. /);
        for (const id of ids) expect(text, line).toContain(`: ${id}`);
      }
    expect(groups.size).toBeGreaterThan(30);
  });
});

describe('the questions', () => {
  test('each answer belongs to a failure mode', () => {
    const known = new Set(failureModes.map(({ id }) => id));
    for (const { answers } of QUESTIONS) for (const id of Object.keys(answers)) expect(known).toContain(id);
  });

  test('an answer for each cause goes before one that leaves a cause for "otherwise"', () => {
    const ids = ['backend-closed-early', 'plain-to-tls-backend', 'fastcgi-behind-proxy-pass'];
    const [best, next] = questionsFor(ids);
    expect(ids.filter((id) => best!.answers[id] === undefined)).toEqual([]);
    expect(ids.filter((id) => next!.answers[id] === undefined)).toHaveLength(1);
  });

  test('no question, where none has an answer', () => {
    expect(questionsFor(['lua-error', 'auth-request-failed'])).toEqual([]);
  });
});
