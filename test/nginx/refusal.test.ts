import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConfigModel } from '../../server/src/engine/config/model.ts';
import type { Finding } from '../../server/src/engine/contract.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { findNginx, nginxVersion } from '../../test-fixtures/toolbox/nginx.ts';
import { modelOfTexts, ROOT } from '../support/engine.ts';
import { mutate, numbers } from '../support/mutations.ts';
import { type Verdict, verdicts } from '../support/nginx-verdict.ts';

/**
 * Sound configurations are damaged at random, and a real nginx and the check judge what comes out. What nginx takes
 * must have no error of ours; what it refuses must be reported, where nginx says that it is.
 *
 * NGINX_502_MUTATIONS sets how many (20000 takes some minutes), NGINX_502_SEED where to begin.
 */

const COUNT = Number(process.env['NGINX_502_MUTATIONS'] ?? 2000);
const SEED = Number(process.env['NGINX_502_SEED'] ?? 502);
/** Of what nginx refuses, the share that may go unreported. */
const MISSED_SHARE = 0.02;

const nginx = findNginx();
if (!nginx) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
const version = nginxVersion(nginx);

const FOLDER = path.join(ROOT, 'test/nginx/refusal-seeds');
const SEEDS = readdirSync(FOLDER).map((name) => readFileSync(path.join(FOLDER, name), 'utf8'));

/** What depends on the machine or on how nginx was built: no text tells. */
const SURROUNDINGS =
  /host not found|\bopen\(\)|mkdir\(\)|bind\(\)|socket\(\)|setsockopt|cannot load|SSL_|getpwnam|getgrnam|chown|could not build|requires? .* support|unsupported on this platform/;

/** Why a refusal goes unreported. What matches none of these is a fault of ours. */
const REASONS: readonly (readonly [string, RegExp])[] = [
  [
    'buffer sizes that do not fit each other, judged when blocks are merged',
    /_buffers?(?:_size)?"|_temp_file/,
  ],
  ['no events block: a part of a configuration has none either', /no "events" section/],
  ['names in valid_referers that exclude each other, judged when blocks are merged', /conflicting parameter/],
  ['a character set without a table to the other', /no "charset_map"/],
  ['a regular expression that only PCRE can judge', /pcre2?_compile/],
  ['a table of names that does not fit its size', /hash/],
  ['two zones of one name and different use', /shared memory zone/],
  ['two paths that are the same', /the same path name/],
  ['log files with differing parameters', /already defined with conflicting parameters/],
  ['a word in capitals behind "$", as template engines fill in', /\$\{?[A-Z]/],
  ['doubled braces, as template engines fill in', /the closing bracket in "" variable/],
  ['parameters of syslog', /syslog/],
  ['proxy_redirect default below an include that may hold the proxy_pass', /should be placed after/],
  ['names with wildcards, judged when servers share an address', /invalid server name or wildcard/],
];

/** Said when a block is finished, or all: the line is that of the block's end, or there is none. */
const LATE = new Set([
  'unknown-variable',
  'duplicate-location',
  'buffers-inconsistent',
  'verify-without-ca',
  'undefined-upstream',
]);
const LATE_WORDS =
  /zero size shared memory|no port in upstream|may not have port|zone ".*" is unknown|no servers (?:in|are inside)|invalid server name or wildcard|duplicate location|invalid variable name|closing bracket|percent total/;
/** The fault stands where something is missing, and nginx stops later. */
const BRACKETS = new Set(['missing-semicolon', 'unclosed-block', 'unexpected-brace', 'unterminated-string']);

const isLate = (finding: Finding): boolean => LATE.has(finding.id) || LATE_WORDS.test(finding.message);

/** The line of the `;` or `{` at which nginx judges the directive that a finding stands on. */
function judgedAt(model: ConfigModel, finding: Finding): number {
  const { lines } = model.snapshot.files.get(finding.file)!;
  const at = lines.offset(finding.range.start);
  let line = finding.range.end.line;
  for (const { at: start, directive, document } of model.nodes) {
    if (at < start || at > start + directive.headEnd) continue;
    line = document.lines.lineAt(start + (directive.block ? directive.block.open : directive.end - 1));
  }
  return line;
}

/** Whether our first error is nginx's. */
function inPlace(model: ConfigModel, findings: readonly Finding[], { line, says }: Verdict): boolean {
  // What begins with a location is taken for a fragment, and all that follows stands in the wrong place.
  if ([...model.rootContexts.values()].some((context) => context !== 'main')) return true;
  if (line === null || findings.some((finding) => isLate(finding) && finding.message === says)) return true;
  const early = findings.filter((finding) => !isLate(finding));
  const first = early[0];
  if (!first) return true;
  if (BRACKETS.has(first.id) && first.range.start.line <= line) return true;
  return first.range.start.line <= line && line <= judgedAt(model, first);
}

describe(`what nginx ${version} refuses`, () => {
  test('the seeds are sound', async () => {
    for (const [i, verdict] of (await verdicts(nginx, SEEDS)).entries()) {
      expect(verdict.output).toBe('');
      const model = await modelOfTexts(
        { '/seed/nginx.conf': SEEDS[i]! },
        { value: version, from: 'nginx -v' },
      );
      expect(check(model).findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    }
  });

  test(`${COUNT} damaged configurations are judged as nginx does`, { timeout: 1_800_000 }, async () => {
    const random = numbers(SEED);
    const cases = Array.from({ length: COUNT }, (_, i) => mutate(SEEDS[i % SEEDS.length]!, random));
    const answers = await verdicts(
      nginx,
      cases.map(({ text }) => text),
    );
    const counts = { accepted: 0, surroundings: 0, reported: 0 };
    const alarms: string[] = [];
    const missed: string[] = [];
    const unexplained: string[] = [];
    const elsewhere: string[] = [];
    const reasons = new Map<string, number>();
    for (const [i, verdict] of answers.entries()) {
      const { text, what } = cases[i]!;
      const model = await modelOfTexts({ '/case/nginx.conf': text }, { value: version, from: 'nginx -v' });
      const { findings } = check(model);
      const refusals = findings.filter(
        ({ severity, id }) => severity === 'error' || id === 'unknown-directive',
      );
      // What another mutation left in the folder, a log named "on", is there to be included.
      const errors = refusals.filter(
        ({ severity, id }) => severity === 'error' && id !== 'include-not-found',
      );
      const ours = refusals.map((f) => `${f.range.start.line}: ${f.message} [${f.id}]`).slice(0, 3);
      const story = `${what}\n  nginx: ${verdict.line ?? '-'}: ${verdict.says || 'no complaint'}\n  ours: ${ours.join('\n        ')}`;
      if (verdict.ok) {
        counts.accepted++;
        if (errors.length > 0) alarms.push(story);
      } else if (SURROUNDINGS.test(verdict.says)) counts.surroundings++;
      else if (refusals.length === 0) {
        missed.push(story);
        const reason = REASONS.find(([, pattern]) => pattern.test(verdict.says))?.[0];
        if (reason) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        else unexplained.push(story);
      } else {
        counts.reported++;
        if (!inPlace(model, refusals, verdict)) elsewhere.push(story);
      }
    }
    const judged = counts.reported + missed.length;
    console.log(
      `nginx ${version}, ${COUNT} mutations from seed ${SEED}: ${counts.accepted} accepted (${alarms.length} false alarms), ` +
        `${judged} refused (${counts.reported} reported, ${elsewhere.length} of them elsewhere; ${missed.length} not), ` +
        `${counts.surroundings} left to the machine`,
      ...[...reasons].map(([reason, count]) => `\n  not reported: ${count} x ${reason}`),
    );
    expect({ alarms, unexplained, elsewhere }).toEqual({ alarms: [], unexplained: [], elsewhere: [] });
    expect(missed.length / judged).toBeLessThanOrEqual(MISSED_SHARE);
  });
});
