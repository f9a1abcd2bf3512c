import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  Certainty,
  Check,
  EntryUpstream,
  Explain,
  Fix,
  Outcome,
  Place,
  ProblemKind,
  Range,
  Safety,
  Severity,
} from '../../server/src/engine/contract.ts';
import { readSettings } from '../../server/src/engine/diagnosis/settings.ts';
import type { Phase } from '../../server/src/engine/errorlog/message.ts';
import { ROOT } from '../support/engine.ts';
import { fixtures, silentFiles } from '../support/fixture.ts';
import { LEVELS, logLine, Program } from './cli-run.ts';

/** Everything that the commands print as JSON is what the shipped schemas say, and they allow nothing else. */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function schema(name: string): Record<string, Json> {
  return JSON.parse(readFileSync(path.join(ROOT, `server/schemas/${name}.schema.json`), 'utf8')) as Record<
    string,
    Json
  >;
}

function validator(name: string): ValidateFunction {
  return new Ajv2020({ strict: true, strictRequired: true, allowUnionTypes: true, allErrors: true }).compile(
    schema(name),
  );
}

const isCheck = validator('check');
const isExplain = validator('explain');
const isSettings = validator('settings');

function complaints(validate: ValidateFunction, value: unknown): string[] {
  return validate(value) ? [] : validate.errors!.map((error) => `${error.instancePath} ${error.message}`);
}

let program: Program;
beforeAll(() => {
  program = new Program();
});
afterAll(() => program.remove());

// The compiler holds these to the contract: a key more or less does not compile.
const range: Range = { start: { line: 1, column: 2 }, end: { line: 1, column: 9 } };
const site = { file: '/etc/nginx/nginx.conf', range };
const fix: Fix = { title: 'write http://', safety: 'review', edits: [{ ...site, newText: 'http' }] };
const fullCheck: Check = {
  schema: 1,
  nginxVersion: { value: '1.28', from: '--nginx-version' },
  files: [site.file],
  findings: [
    {
      ...site,
      id: 'tls-to-plain-backend',
      severity: 'info',
      certainty: 'likely',
      message: 'a',
      why: 'b',
      do: 'c',
      status: '502',
      versions: { since: '1.25.1', until: '1.30' },
      related: [{ ...site, message: 'd' }],
      fixes: [fix],
    },
  ],
  problems: [{ kind: 'not-found', file: site.file, range, message: 'e' }],
  fixed: [{ id: 'tls-to-plain-backend', file: site.file }],
};
const place: Place = {
  server: { ...site, names: ['app.test'] },
  location: { ...site, text: 'location /' },
  directive: { ...site, text: 'proxy_pass http://127.0.0.1:1' },
  errorLog: { path: 'logs/error.log', level: 'error' },
  trace: ['a'],
};
const upstream: EntryUpstream = {
  raw: 'http://127.0.0.1:1/',
  scheme: 'http',
  address: '127.0.0.1',
  port: 1,
  socket: '/run/app.sock',
  uri: '/',
};
const fullExplain: Explain = {
  schema: 1,
  nginxVersion: { value: '1.28.0', from: '--nginx-version' },
  lines: 1,
  events: 1,
  unrecognised: 0,
  groups: [
    {
      count: 1,
      first: '2026/01/31 03:00:00',
      last: '2026/01/31 03:00:00',
      sample: 'line',
      explanation: {
        verdict: 'a.',
        message: { id: 'connect-failed', text: 'b', phase: 'connect', level: 'error', errno: 111 },
        entry: {
          time: '2026/01/31 03:00:00',
          level: 'error',
          pid: 7,
          connection: 8,
          client: '127.0.0.1',
          server: 'app.test',
          request: { method: 'GET', uri: '/', protocol: 'HTTP/1.1' },
          subrequest: '/auth',
          upstream,
          host: 'app.test',
          referrer: 'http://app.test/',
          truncated: false,
        },
        status: { code: '502', outcome: 'response', certainty: 'certain', note: 'c' },
        causes: [
          {
            id: 'backend-down',
            certainty: 'likely',
            because: ['d'],
            against: ['e'],
            do: 'f',
            mitigate: 'g',
            takesEffect: 'h',
            checks: [{ run: 'ss', where: 'here', expect: 'i' }],
            fixes: [fix],
          },
        ],
        place: { ...place, alternatives: [place] },
        attempts: [{ upstream: 'http://127.0.0.1:1/', message: 'j' }],
        notes: ['k'],
      },
    },
  ],
  problems: [{ kind: 'too-big', file: site.file, range: null, message: 'l' }],
};

interface Mutation {
  readonly what: string;
  readonly value: Json;
}

/** Every document that differs from one in one place: a key less, a key more, a value of another kind. */
function mutations(value: Json, at = ''): Mutation[] {
  if (Array.isArray(value)) {
    return [
      { what: `${at} is no list`, value: {} },
      ...value.flatMap((item, i) =>
        mutations(item, `${at}/${i}`).map(({ what, value: changed }) => ({
          what,
          value: value.map((other, j) => (j === i ? changed : other)),
        })),
      ),
    ];
  }
  if (typeof value === 'object' && value !== null) {
    return [
      { what: `${at} is no object`, value: [] },
      { what: `${at} has a key more`, value: { ...value, surplus: 1 } },
      ...Object.entries(value).flatMap(([key, item]) => {
        const { [key]: _, ...without } = value;
        return [
          { what: `${at}/${key} is missing`, value: without },
          ...mutations(item, `${at}/${key}`).map(({ what, value: changed }) => ({
            what,
            value: { ...value, [key]: changed },
          })),
        ];
      }),
    ];
  }
  const wrong: Json = typeof value === 'string' ? 42 : 'surplus text';
  return [
    { what: `${at} is of another kind`, value: wrong === 'surplus text' && value === null ? true : wrong },
    ...(typeof value === 'number' ? [{ what: `${at} is a fraction`, value: value + 0.5 }] : []),
  ];
}

describe('the schemas and the contract', () => {
  test('a document with everything in it is valid', () => {
    expect(complaints(isCheck, fullCheck)).toEqual([]);
    expect(complaints(isExplain, fullExplain)).toEqual([]);
  });

  test.each([
    ['check', isCheck, fullCheck],
    ['explain', isExplain, fullExplain],
  ] as const)('%s: a document that differs in any one place is not', (_, validate, document) => {
    const all = mutations(JSON.parse(JSON.stringify(document)) as Json);
    expect(all.length).toBeGreaterThan(100);
    for (const { what, value } of all) expect(validate(value), what).toBe(false);
  });

  test('null stands exactly where the contract has it', () => {
    const nullable = (validate: ValidateFunction, document: unknown): string[] => {
      const found: string[] = [];
      const walk = (value: Json, at: string, set: (changed: Json) => Json): void => {
        if (validate(set(null))) found.push(at);
        if (typeof value !== 'object' || value === null) return;
        for (const [key, item] of Object.entries(value)) {
          walk(item, Array.isArray(value) ? `${at}[]` : `${at}.${key}`, (changed) => {
            const copy = structuredClone(value) as Record<string, Json>;
            copy[key] = changed;
            return set(copy);
          });
        }
      };
      walk(JSON.parse(JSON.stringify(document)) as Json, '', (changed) => changed);
      return [...new Set(found)].sort();
    };
    expect(nullable(isCheck, fullCheck)).toEqual([
      '.findings[].status',
      '.findings[].versions',
      '.findings[].versions.since',
      '.findings[].versions.until',
      '.nginxVersion.value',
      '.problems[].range',
    ]);
    const group = '.groups[].explanation';
    const places = [`${group}.place`, `${group}.place.alternatives[]`];
    expect(nullable(isExplain, fullExplain)).toEqual(
      [
        '.groups[].first',
        '.groups[].last',
        ...[
          'time',
          'level',
          'pid',
          'connection',
          'client',
          'server',
          'request',
          'subrequest',
          'upstream',
        ].map((key) => `${group}.entry.${key}`),
        `${group}.entry.host`,
        `${group}.entry.referrer`,
        `${group}.entry.request.protocol`,
        ...['scheme', 'address', 'port', 'socket', 'uri'].map((key) => `${group}.entry.upstream.${key}`),
        `${group}.message`,
        `${group}.message.level`,
        `${group}.message.errno`,
        `${group}.status.code`,
        `${group}.status.outcome`,
        `${group}.causes[].mitigate`,
        `${group}.causes[].takesEffect`,
        `${group}.place`,
        ...places.flatMap((at) => ['server', 'location', 'errorLog'].map((key) => `${at}.${key}`)),
        '.nginxVersion.value',
        '.problems[].range',
      ].sort(),
    );
  });

  test('the lists of words are those of the types', () => {
    const severities: Record<Severity, true> = { error: true, warning: true, info: true, hint: true };
    const certainties: Record<Certainty, true> = { certain: true, likely: true, possible: true };
    const safeties: Record<Safety, true> = { safe: true, review: true, choice: true };
    const kinds: Record<ProblemKind, true> = {
      'not-found': true,
      unreadable: true,
      'not-text': true,
      'too-big': true,
      internal: true,
    };
    const outcomes: Record<Outcome, true> = {
      response: true,
      cut: true,
      raw: true,
      closed: true,
      none: true,
    };
    const phases: Record<Phase, true> = {
      resolve: true,
      connect: true,
      tls: true,
      send: true,
      header: true,
      body: true,
      upgraded: true,
      prepare: true,
      'start-up': true,
      client: true,
      other: true,
    };
    const words = (name: string): Json[][] => {
      const found: Json[][] = [];
      const walk = (value: Json): void => {
        if (typeof value !== 'object' || value === null) return;
        for (const [key, item] of Object.entries(value)) {
          if (key === 'enum' && Array.isArray(item)) found.push(item);
          else walk(item);
        }
      };
      walk(schema(name));
      return found;
    };
    const sorted = (lists: readonly (readonly Json[])[]): string[] =>
      lists.map((list) => JSON.stringify([...list].sort())).sort();
    const common = [certainties, safeties, kinds].map((record) => Object.keys(record));
    expect(sorted(words('check'))).toEqual(sorted([...common, Object.keys(severities)]));
    expect(sorted(words('explain'))).toEqual(
      sorted([...common, Object.keys(phases), [...Object.keys(outcomes), null]]),
    );
    expect(sorted(words('settings'))).toEqual(sorted([[...Object.keys(severities), 'off']]));
  });

  test.each([
    ['a status that nginx cannot log', { ...fullCheck.findings[0]!, status: '52' }],
    ['an id that is no id', { ...fullCheck.findings[0]!, id: 'Not An Id' }],
    ['an unknown severity', { ...fullCheck.findings[0]!, severity: 'fatal' }],
    ['an unknown certainty', { ...fullCheck.findings[0]!, certainty: 'sure' }],
    ['an unknown safety', { ...fullCheck.findings[0]!, fixes: [{ ...fix, safety: 'unsafe' }] }],
    ['a line 0', { ...fullCheck.findings[0]!, range: { ...range, start: { line: 0, column: 1 } } }],
  ])('%s is refused', (_, finding) => {
    expect(isCheck({ ...fullCheck, findings: [finding] })).toBe(false);
  });
});

describe('what the program prints', () => {
  const configurations = fixtures().flatMap((fixture) => [
    path.join(fixture.folder, 'nginx.conf'),
    ...silentFiles(fixture).map((name) => path.join(fixture.folder, 'silent', name)),
  ]);

  test('check, on every fixture alone and on all of them', async () => {
    let findings = 0;
    for (const file of fixtures().map((fixture) => path.join(fixture.folder, 'nginx.conf'))) {
      const { json } = await program.check([file]);
      expect(complaints(isCheck, json), file).toEqual([]);
      findings += json.findings.length;
    }
    expect(findings).toBeGreaterThan(3);
    const all = await program.check(configurations);
    expect(complaints(isCheck, all.json)).toEqual([]);
    expect(all.json.files).toEqual(expect.arrayContaining(configurations));
  });

  test('check, with problems, fixes and what remains', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.warning, 'other.conf': LEVELS.error });
    const { json, code } = await program.check(['--fix=review', 'nginx.conf', 'other.conf', 'absent.conf'], {
      cwd,
    });
    expect(complaints(isCheck, json)).toEqual([]);
    expect(code).toBe(2);
    expect(json.fixed.map(({ id }) => id)).toContain('response-header-too-big');
    expect(json.problems).toHaveLength(1);
    expect(json.findings.length).toBeGreaterThan(0);
  });

  test('explain, on every recorded message, with and without the configuration', async () => {
    for (const fixture of fixtures()) {
      const folder = path.join(fixture.folder, 'recorded');
      const recorded = JSON.parse(
        readFileSync(path.join(folder, readdirSync(folder)[0]!, 'broken.json'), 'utf8'),
      ) as { log: string[]; refusal: string | null };
      const lines = [...recorded.log, ...(recorded.refusal === null ? [] : [recorded.refusal])];
      const input = `${lines
        .map((message, i) => {
          const head = `2026/01/31 03:00:0${i} [error] 7#7: *${i + 1} ${message}`;
          return /^nginx: |\[emerg\]/.test(message)
            ? message
            : `${head}, client: 127.0.0.1, server: app.test, request: "GET /api/ HTTP/1.1", upstream: "http://127.0.0.1:3001/api/", host: "app.test"`;
        })
        .join('\n')}\n`;
      for (const args of [[], ['--config', path.join(fixture.folder, 'nginx.conf')]]) {
        const { json } = await program.explain(args, { input });
        expect(complaints(isExplain, json), `${fixture.id} ${args.length}`).toEqual([]);
        if (lines.length > 0) expect(json.events, fixture.id).toBeGreaterThan(0);
      }
    }
  });

  test('explain, on lines of every kind, on prose and on nothing', async () => {
    const tail = 'client: 10.0.0.1, server: app.test, request: "POST /x HTTP/2.0", host: "app.test"';
    const lines = [
      logLine(),
      logLine({ port: 3401, connection: 7 }),
      `2026/01/31 03:00:01 [error] 7#7: *9 no live upstreams while connecting to upstream, ${tail}`,
      `2026/01/31 03:00:02 [crit] 7#7: *9 connect() to unix:/run/a.sock failed (2: No such file or directory) while connecting to upstream, client: 10.0.0.1, server: , request: "GET / HTTP/1.0", upstream: "fastcgi://unix:/run/a.sock:", host: "app.test", referrer: "https://a.test/"`,
      `2026/01/31 03:00:03 [error] 7#7: *10 upstream sent too big header while reading response header from upstream, subrequest: "/auth", ${tail}`,
      '2026/01/31 03:00:04 [emerg] 1#1: host not found in upstream "app.invalid" in /etc/nginx/nginx.conf:12',
      '2026/01/31 03:00:05 [notice] 1#1: signal process started',
      'connect() failed (111: Connection refused) while connecting to upstream',
      '<html><head><title>502 Bad Gateway</title></head>',
      'nothing of the kind',
      '',
    ];
    for (const args of [[], ['--config', path.join(ROOT, 'test-fixtures/sample/nginx.conf')]]) {
      const { json } = await program.explain(args, { input: lines.join('\r\n') });
      expect(complaints(isExplain, json)).toEqual([]);
      expect(json.groups.length).toBeGreaterThan(5);
    }
    const failed = await program.explain(['absent.log', '--config', 'absent.conf']);
    expect(complaints(isExplain, failed.json)).toEqual([]);
    expect(failed.json.problems).toHaveLength(2);
    expect(failed.code).toBe(2);
  });
});

describe('.nginx-502.json', () => {
  test.each<[string, unknown, boolean]>([
    ['nothing', {}, true],
    [
      'everything',
      {
        $schema: './settings.schema.json',
        nginxVersion: '1.25.3',
        severity: { 'tls-to-plain-backend': 'off', 'resolver-missing': 'hint' },
        pathMap: { '/etc/nginx': 'deploy' },
        entryFiles: ['nginx.conf'],
      },
      true,
    ],
    ['a short version', { nginxVersion: '1.28' }, true],
    ['a version that is a number', { nginxVersion: 1.28 }, false],
    ['a version of one number', { nginxVersion: '1' }, false],
    ['a version with words', { nginxVersion: '1.28 or newer' }, false],
    ['a version that is null', { nginxVersion: null }, false],
    ['an unknown level', { severity: { 'resolver-missing': 'fatal' } }, false],
    ['severities as a list', { severity: ['resolver-missing'] }, false],
    ['a target that is no text', { pathMap: { '/etc/nginx': 1 } }, false],
    ['a prefix that is not absolute', { pathMap: { nginx: 'deploy' } }, false],
    ['an entry file that is no text', { entryFiles: [1] }, false],
    ['entry files that are one text', { entryFiles: 'nginx.conf' }, false],
    ['an unknown key', { serverity: {} }, false],
    ['a list', [], false],
  ])('%s: schema and program agree', (_, value, good) => {
    expect(isSettings(value)).toBe(good);
    expect(readSettings(JSON.stringify(value)).complaints.length === 0).toBe(good);
  });

  test('every setting is described', () => {
    const { properties } = schema('settings') as { properties: Record<string, { description?: string }> };
    expect(Object.keys(properties).sort()).toEqual([
      '$schema',
      'entryFiles',
      'nginxVersion',
      'pathMap',
      'severity',
    ]);
    for (const [name, { description }] of Object.entries(properties))
      expect(description, name).toMatch(/^\S.{10,}[.]$/);
  });
});
