import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../server/src/engine/contract.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { GENERAL_IDS } from '../../server/src/engine/diagnosis/finding-ids.ts';
import { applyEdits } from '../../server/src/engine/diagnosis/fixes.ts';
import { modelOfTexts, ROOT } from '../support/engine.ts';
import { mutate, numbers } from '../support/mutations.ts';

const MAIN = '/etc/nginx/nginx.conf';
const GENERAL: ReadonlySet<string> = new Set(GENERAL_IDS);

async function findings(text: string, version: string | null = '1.28.0'): Promise<Finding[]> {
  const model = await modelOfTexts(
    { [MAIN]: text },
    version === null ? null : { value: version, from: 'the test' },
  );
  // Failure modes have their own fixtures.
  return check(model).findings.filter(({ id }) => GENERAL.has(id));
}

const http = (text: string): string => `events {}\nhttp {\n${text}\n}\n`;
const location = (text: string): string =>
  http(`    server {\n        location / {\n            ${text}\n        }\n    }`);

/** What stands under a finding. */
function marked(text: string, { range }: Finding): string {
  const line = text.split('\n')[range.start.line - 1]!;
  return range.start.line === range.end.line
    ? line.slice(range.start.column - 1, range.end.column - 1)
    : line;
}

const show = (text: string, found: readonly Finding[]): string[] =>
  found.map((f) => `${f.severity} ${f.id} at "${marked(text, f)}": ${f.message}`);

describe('says what nginx says, at the true place', () => {
  test.each([
    [
      'a mistyped name',
      location('proxy_passs http://127.0.0.1:1;'),
      'error unknown-directive at "proxy_passs": unknown directive "proxy_passs"; did you mean "proxy_pass"?',
    ],
    [
      'a parameter of server as a directive',
      http('    upstream u { server 127.0.0.1:1; max_fails 3; }'),
      'error unknown-directive at "max_fails": unknown directive "max_fails": it is a parameter of "server"',
    ],
    [
      'a name that only articles know',
      http('    upstream u { server 127.0.0.1:1; upstream_max_fails 3; }'),
      'error unknown-directive at "upstream_max_fails": unknown directive "upstream_max_fails"',
    ],
    [
      'a commercial name',
      location('health_check;'),
      'info unknown-directive at "health_check": unknown directive "health_check": only the commercial nginx has it',
    ],
    [
      'a name that nobody knows',
      location('frobnicate on;'),
      'hint unknown-directive at "frobnicate": unknown directive "frobnicate"',
    ],
    [
      'a value where a name must stand',
      location('127.0.0.1;'),
      'error unknown-directive at "127.0.0.1": unknown directive "127.0.0.1"',
    ],
    [
      'a directive in the wrong block',
      http('    server { proxy_pass http://127.0.0.1:1; }'),
      'error directive-not-allowed-here at "proxy_pass http://127.0.0.1:1": "proxy_pass" directive is not allowed here',
    ],
    [
      'a directive of stream in http',
      location('ssl_preread on;'),
      'error directive-not-allowed-here at "ssl_preread on": "ssl_preread" directive is not allowed here',
    ],
    [
      'too few arguments',
      location('proxy_set_header Host;'),
      'error wrong-argument-count at "proxy_set_header Host": invalid number of arguments in "proxy_set_header" directive',
    ],
    [
      'a block where none belongs',
      location('expires 1d { }'),
      'error unexpected-brace at "expires 1d": directive "expires" is not terminated by ";"',
    ],
    [
      'no block where one belongs',
      http('    server;'),
      'error syntax at "server": directive "server" has no opening "{"',
    ],
    [
      'a flag that is none',
      location('gzip yes;'),
      'error invalid-value at "yes": invalid value "yes" in "gzip" directive, it must be "on" or "off"',
    ],
    [
      'a size',
      location('client_max_body_size 10MB;'),
      'error invalid-value at "10MB": "client_max_body_size" directive invalid value',
    ],
    [
      'a time',
      location('proxy_read_timeout 60sec;'),
      'error invalid-value at "60sec": "proxy_read_timeout" directive invalid value',
    ],
    [
      'a number out of its range',
      location('gzip_comp_level 10;'),
      'error invalid-value at "10": value must be between 1 and 9',
    ],
    [
      'a word of a list',
      location('proxy_next_upstream error http_501;'),
      'error invalid-value at "http_501": invalid value "http_501"',
    ],
    ['a return code', location('return 1000;'), 'error invalid-value at "1000": invalid return code "1000"'],
    [
      'a condition',
      location('if ($host == a) { break; }'),
      'error invalid-value at "==": unexpected "==" in condition',
    ],
    [
      'a regular expression',
      http('    server { location ~ ^/(a$ { } }'),
      'error invalid-value at "^/(a$": pcre2_compile() failed: missing closing parenthesis in "^/(a$"',
    ],
    [
      'a port',
      http('    server { listen 127.0.0.1:80800; }'),
      'error invalid-value at "127.0.0.1:80800": invalid port in "127.0.0.1:80800" of the "listen" directive',
    ],
    [
      'a parameter of server',
      http('    upstream u { server 127.0.0.1:1 max_fail=3; }'),
      'error invalid-value at "max_fail=3": invalid parameter "max_fail=3"',
    ],
    [
      'an empty group',
      http('    upstream u { }'),
      'error invalid-value at "upstream u": no servers are inside upstream',
    ],
    [
      'an entry of map',
      http('    map $uri $x { default a; default b; }'),
      'error invalid-value at "default b": duplicate default map parameter',
    ],
    [
      'a directive twice',
      location('root /a; root /b;'),
      'error duplicate-directive at "root /b": "root" directive is duplicate',
    ],
    [
      'a location twice',
      http('    server { location /a { } location ^~ /a { } }'),
      'error duplicate-location at "location ^~ /a": duplicate location "/a"',
    ],
    [
      'a default server twice',
      http('    server { listen 80 default_server; }\n    server { listen *:80 default_server; }'),
      'error duplicate-directive at "listen *:80 default_server": a duplicate default server for 0.0.0.0:80',
    ],
    [
      'a variable that nobody defines',
      location('return 200 "x ${hots}";'),
      'error unknown-variable at "${hots}": unknown "hots" variable; did you mean "host"?',
    ],
    [
      'a variable that only the key of a map seems to define',
      http('    map $host $a { geo $zzqx; }\n    server { return 200 $a; }'),
      'error unknown-variable at "$zzqx": unknown "zzqx" variable',
    ],
    [
      'a zone that nobody defines',
      location('limit_req zone=one;'),
      'error invalid-value at "zone=one": zero size shared memory zone "one"',
    ],
    [
      'a format that stands below',
      http('    access_log /a.log main;\n    log_format main "$uri";'),
      'error invalid-value at "main": unknown log format "main"',
    ],
  ])('%s', async (_, text, expected) => {
    expect(show(text, await findings(text))).toEqual([expected]);
  });
});

describe('stays silent', () => {
  test.each([
    ['on a module that is known', location('more_set_headers "A: b";')],
    ['on unknown names beside load_module', `load_module modules/x.so;\n${location('frobnicate on;')}`],
    ['on unknown names in OpenResty', location('content_by_lua_block { ngx.say(1) } frobnicate on;')],
    ['on variables beside modules', `load_module modules/x.so;\n${location('return 200 $frob;')}`],
    ['on placeholders', location('proxy_read_timeout ${TIMEOUT}; client_max_body_size {{ .Values.size }};')],
    ['on more placeholders', location('proxy_read_timeout __TIMEOUT__; client_max_body_size @SIZE@;')],
    ['on named locations of one name', http('    server { location @a { } location @a { } }')],
    ['on variables of named groups', http('    server { location ~ ^/(?<name>.+)$ { return 200 $name; } }')],
    [
      'on stream',
      'events {}\nstream { map $ssl_preread_server_name $x { default a; } server { listen 1; ssl_preread on; proxy_pass $x; } }\n',
    ],
    ['on mail', 'events {}\nmail { auth_http 127.0.0.1/a; server { listen 25; protocol smtp; } }\n'],
    [
      'on regular expressions that it cannot follow',
      http('    server { location ~ (?x)^/a(?#c)\\Q(\\E { } }'),
    ],
  ])('%s', async (_, text) => {
    expect(show(text, await findings(text))).toEqual([]);
  });

  test('on what a fragment alone does not tell', async () => {
    expect(await findings('location / { return 200 $anything; limit_req zone=elsewhere; }\n')).toEqual([]);
  });
});

describe('versions', () => {
  const http2 = http('    server { http2 on; }');
  const removed = http('    server { ssl on; }');

  test('decide where they are known', async () => {
    expect(show(http2, await findings(http2, '1.22.1'))).toEqual([
      'error unknown-directive at "http2": unknown directive "http2": nginx has it since 1.25.1',
    ]);
    expect(await findings(http2, '1.25.1')).toEqual([]);
    expect(await findings(removed, '1.22.1')).toEqual([]);
    expect(show(removed, await findings(removed, '1.25.1'))[0]).toMatch(/^error unknown-directive at "ssl"/);
  });

  test('are named where they are not known', async () => {
    expect(await findings(http2, null)).toEqual([]);
    const [finding] = await findings(removed, null);
    expect(finding).toMatchObject({ severity: 'info', versions: { since: '1.25.1', until: null } });
    expect(finding!.message).toBe('unknown directive "ssl" since nginx 1.25.1');
  });

  test('follow from other directives', async () => {
    const both = http('    server { ssl on; http2 on; }');
    expect(show(both, await findings(both, null))[0]).toMatch(/^error unknown-directive at "ssl"/);
  });
});

describe('fixes', () => {
  const cases: [string, string, string][] = [
    [
      'the nearest name',
      location('proxy_passs http://127.0.0.1:1;'),
      location('proxy_pass http://127.0.0.1:1;'),
    ],
    ['a flag', location('gzip yes;'), location('gzip on;')],
    [
      'a size, in its quotes',
      location('client_max_body_size "10MB";'),
      location('client_max_body_size "10m";'),
    ],
    [
      'a time written as two words',
      location('proxy_read_timeout 60 s;'),
      location('proxy_read_timeout 60s;'),
    ],
    ['a word of a list', location('proxy_next_upstream eror;'), location('proxy_next_upstream error;')],
    ['an operator', location('if ($host == a) { break; }'), location('if ($host = a) { break; }')],
    ['a variable', location('return 200 "x${hots}y";'), location('return 200 "x${host}y";')],
    ['an empty block', location('expires 1d { }'), location('expires 1d;')],
    [
      'a line that stands twice, with its comment',
      location('sendfile on;\n            # why\n            sendfile on; # again'),
      location('sendfile on;\n            # why'),
    ],
    [
      'a line that stands twice on one line',
      location('sendfile on; sendfile on; etag on;'),
      location('sendfile on; etag on;'),
    ],
    [
      'a port behind a group',
      http('    upstream u { server 127.0.0.1:1; }\n    server { location / { proxy_pass http://u:80/a; } }'),
      http('    upstream u { server 127.0.0.1:1; }\n    server { location / { proxy_pass http://u/a; } }'),
    ],
  ];

  test.each(cases)('%s', async (_, text, wanted) => {
    for (const eol of ['\n', '\r\n']) {
      const source = text.replaceAll('\n', eol);
      const [finding] = await findings(source);
      expect(finding?.fixes[0]?.safety).toBe('review');
      const fixed = applyEdits(source, finding!.fixes[0]!.edits);
      expect(fixed).toBe(wanted.replaceAll('\n', eol));
      expect((await findings(fixed)).map(({ id }) => id)).not.toContain(finding!.id);
    }
  });

  test('of two lines that differ, the choice is left to people', async () => {
    const [finding] = await findings(location('root /a; root /b;'));
    expect(finding!.fixes.map(({ safety, title }) => `${safety}: ${title}`)).toEqual([
      'choice: remove root /b',
      'choice: remove root /a',
    ]);
  });

  test('of damaged configurations cure what they are for, and bring no new error', async () => {
    const folder = path.join(ROOT, 'test/nginx/refusal-seeds');
    const seeds = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
    const random = numbers(502);
    const faults: string[] = [];
    let applied = 0;
    for (let i = 0; i < 300; i++) {
      const { text, what } = mutate(seeds[i % seeds.length]!, random);
      const before = await findings(text, '1.22.1');
      for (const finding of before.slice(0, 3)) {
        const fix = finding.fixes[0];
        // Where a brace is missing, its place is a guess.
        if (
          !fix ||
          fix.safety === 'choice' ||
          finding.id.endsWith('-brace') ||
          finding.id === 'unclosed-block'
        )
          continue;
        applied++;
        const after = await findings(applyEdits(text, fix.edits), '1.22.1');
        const same = ({ id, message }: Finding): boolean => id === finding.id && message === finding.message;
        const errors = (list: readonly Finding[]): number =>
          list.filter((f) => f.severity === 'error').length;
        if (after.filter(same).length >= before.filter(same).length)
          faults.push(`${what}: ${fix.title}: still there`);
        if (errors(after) > errors(before)) faults.push(`${what}: ${fix.title}: more errors`);
      }
    }
    expect(faults).toEqual([]);
    expect(applied).toBeGreaterThan(50);
  });
});
