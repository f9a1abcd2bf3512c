import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtures } from '../support/fixture.ts';
import { LEVELS, logLine, Program } from './cli-run.ts';

/** `nginx-502 explain`: what it reads, prints and answers. */

let program: Program;
beforeAll(() => {
  program = new Program();
});
afterAll(() => program.remove());

const UNKNOWN =
  '2026/01/31 03:00:00 [error] 7#7: *1 something that no nginx has said yet, client: 127.0.0.1, server: a';

describe.concurrent('what is read', () => {
  test('standard input, with and without "-", a file, several files', async () => {
    const cwd = program.folder({
      'a.log': `${logLine()}\n${logLine()}\n`,
      // The last line of a file without a line feed is a line, and not the beginning of the next file's first.
      'b.log': logLine({ port: 3401 }),
      'c.log': `${logLine({ port: 3402 })}\n`,
    });
    for (const args of [[], ['-']]) {
      const { json, code } = await program.explain(args, { input: `${logLine()}\n` });
      expect([json.lines, json.events, json.unrecognised, code]).toEqual([1, 1, 0, 0]);
    }
    const { json } = await program.explain(['a.log', 'b.log', 'c.log'], { cwd });
    expect([json.lines, json.events]).toEqual([4, 4]);
    expect(json.groups.map(({ count, explanation }) => [count, explanation.entry.upstream?.port])).toEqual(
      expect.arrayContaining([
        [2, 3400],
        [1, 3401],
        [1, 3402],
      ]),
    );
    const mixed = await program.explain(['-', 'b.log'], { cwd, input: logLine({ port: 3403 }) });
    expect([mixed.json.lines, mixed.json.events, mixed.code]).toEqual([2, 2, 0]);
  });

  test('a configuration in the same paste is judged by, and its places are lines of the paste', async () => {
    const input = [
      'my configuration:',
      '```nginx',
      'server {',
      '    server_name app.test;',
      '    location /a/ { # the app',
      '        proxy_pass http://127.0.0.1:3400;',
      '    }',
      '}',
      '```',
      logLine(),
    ].join('\n');
    const { json } = await program.explain([], { input });
    expect([json.lines, json.events, json.unrecognised]).toEqual([10, 1, 3]);
    const { place } = json.groups[0]!.explanation;
    expect(place!.directive).toMatchObject({ file: '<stdin>', range: { start: { line: 6, column: 9 } } });
    const own = await program.explain(['--config', 'nginx.conf'], {
      cwd: program.folder({ 'nginx.conf': 'events {}\nhttp {}\n' }),
      input,
    });
    expect(own.json.groups[0]!.explanation.place).toBeNull();
  });

  test('.gz, by its bytes and not by its name, from a file and from standard input', async () => {
    const packed = gzipSync(`${logLine()}\n`.repeat(5000));
    const cwd = program.folder({ 'error.log.2.gz': packed, 'error.log': packed, 'plain.gz': logLine() });
    for (const name of ['error.log.2.gz', 'error.log']) {
      const { json, code } = await program.explain([name], { cwd });
      expect([json.events, json.groups.length, json.groups[0]!.count, code]).toEqual([5000, 1, 5000, 0]);
    }
    expect((await program.explain([], { input: packed })).json.events).toBe(5000);
    expect((await program.explain(['plain.gz'], { cwd })).json.events).toBe(1);
    const two = Buffer.concat([packed, gzipSync(`${logLine()}\n`)]);
    expect((await program.explain([], { input: two })).json.events).toBe(5001);
  });

  test('a damaged .gz: what came before the damage, and a problem', async () => {
    let text = '';
    for (let i = 0; i < 20_000; i++)
      text += `${logLine({ port: 3000 + (i % 7), uri: `/${(i * 2_654_435_761) % 4_294_967_296}` })}\n`;
    const packed = gzipSync(text);
    const broken = Buffer.from(packed);
    broken.fill(0xff, packed.length >> 1, (packed.length >> 1) + 2000);
    const cwd = program.folder({
      'cut.gz': packed.subarray(0, packed.length >> 1),
      'broken.gz': broken,
      'head.gz': packed.subarray(0, 5),
    });
    for (const name of ['cut.gz', 'broken.gz']) {
      const { json, code } = await program.explain([name], { cwd });
      expect(json.events, name).toBeGreaterThan(1000);
      expect(json.events, name).toBeLessThan(20_000);
      expect(json.groups[0]!.count, name).toBeGreaterThan(100);
      expect(json.problems, name).toEqual([
        {
          kind: 'unreadable',
          file: path.join(cwd, name),
          range: null,
          message: expect.stringContaining('damaged'),
        },
      ]);
      expect(code, name).toBe(2);
      const text2 = await program.run(['explain', name], { cwd });
      expect(text2.stdout, name).toMatch(/^problem: .*damaged[\s\S]*^502 /m);
    }
    const head = await program.explain(['head.gz'], { cwd });
    expect([head.json.events, head.json.problems.length, head.code]).toEqual([0, 1, 2]);
    const piped = await program.explain([], { input: packed.subarray(0, packed.length >> 1) });
    expect(piped.json.problems[0]).toMatchObject({ file: '<stdin>', kind: 'unreadable' });
    expect(piped.code).toBe(2);
  });

  test('a missing log is a problem beside the others’ events', async () => {
    const cwd = program.folder({ 'a.log': logLine() });
    const { json, code } = await program.explain(['absent.log', 'a.log', '.'], { cwd });
    expect(json.events).toBe(1);
    expect(json.problems.map(({ kind, file }) => [kind, file])).toEqual([
      ['not-found', path.join(cwd, 'absent.log')],
      ['unreadable', cwd],
    ]);
    expect(code).toBe(2);
  });
});

describe.concurrent('what is answered', () => {
  test('the verdict first, then the phases, the place, the cause, the cure and the commands', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.none, 'error.log': logLine() });
    const { stdout, stderr, code } = await program.run(['explain', '--config', 'nginx.conf', 'error.log'], {
      cwd,
    });
    expect(stdout).toMatch(/^502 {4}nginx could not connect to 127\.0\.0\.1:3400/);
    const parts = [
      'connect',
      'X',
      'Where  location /',
      'nginx.conf:6',
      'proxy_pass http://127.0.0.1:3400;',
      'Cause  1 backend-down',
      'do: ',
      'Sure?  ',
      'More: nginx-502 why backend-down',
    ];
    let at = -1;
    for (const part of parts) {
      const next = stdout.indexOf(part, at + 1);
      expect(next, part).toBeGreaterThan(at);
      at = next;
    }
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test('without --config none is read, and the text says how', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.none });
    const { json } = await program.explain([], { cwd, input: logLine() });
    expect(json.groups[0]!.explanation.place).toBeNull();
    expect((await program.run(['explain'], { cwd, input: logLine() })).stdout).toContain('--config');
  });

  test('equal events are one group with its span; the rest by count', async () => {
    const lines = [
      logLine({ port: 3401, time: '2026/01/31 03:00:05', connection: 1 }),
      ...[9, 3, 7].map((second, i) =>
        logLine({ time: `2026/01/31 03:00:0${second}`, connection: 10 + i, uri: `/${i}` }),
      ),
    ];
    const { json } = await program.explain([], { input: lines.join('\n') });
    expect(json.groups.map(({ count, first, last }) => [count, first, last])).toEqual([
      [3, '2026/01/31 03:00:03', '2026/01/31 03:00:09'],
      [1, '2026/01/31 03:00:05', '2026/01/31 03:00:05'],
    ]);
    const { stdout } = await program.run(['explain'], { input: lines.join('\n') });
    expect(stdout).toContain('3 times, 2026/01/31 03:00:03 to 2026/01/31 03:00:09');
  });

  test('the same log is the same answer, however it comes in pieces', async () => {
    const text = Buffer.from(`${logLine({ uri: '/é' })}\n${UNKNOWN}\nprose é\n`.repeat(3));
    const whole = await program.explain([], { input: text });
    function* bytes(): Iterable<Uint8Array> {
      for (let i = 0; i < text.length; i += 7) yield text.subarray(i, i + 7);
    }
    expect((await program.explain([], { input: bytes() })).json).toEqual(whole.json);
    expect(whole.json.lines).toBe(9);
  });

  test('every failure mode’s recorded line is understood, and one of its causes is it', async () => {
    for (const fixture of fixtures()) {
      const recorded = path.join(fixture.folder, 'recorded');
      for (const version of readdirSync(recorded)) {
        const { log } = JSON.parse(readFileSync(path.join(recorded, version, 'broken.json'), 'utf8')) as {
          log: string[];
        };
        if (log[0] === undefined) continue;
        const line = `2026/01/31 03:00:00 [error] 7#7: *1 ${log[0]}, client: 127.0.0.1, server: app.test, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:3001/", host: "app.test"`;
        const { json, code } = await program.explain(['--config', path.join(fixture.folder, 'nginx.conf')], {
          input: line,
        });
        expect(json.groups[0]!.explanation.message, `${fixture.id} on ${version}`).not.toBeNull();
        expect(code, fixture.id).toBe(0);
      }
    }
  });

  test('--since and --until take part of the log, ends included', async () => {
    const times = [
      '2026/01/30 23:59:59',
      '2026/01/31 00:00:00',
      '2026/01/31 12:30:15',
      '2026/02/01 00:00:00',
    ];
    const input = times.map((time, i) => logLine({ time, connection: i + 1 })).join('\n');
    const count = async (...args: string[]): Promise<number> =>
      (await program.explain(args, { input })).json.events;
    expect(await count('--since', '2026/01/31 00:00:00')).toBe(3);
    expect(await count('--since', '2026/01/31')).toBe(3);
    expect(await count('--since', '2026-01-31T00:00:01')).toBe(2);
    expect(await count('--until', '2026/01/31')).toBe(3);
    expect(await count('--until', '2026/01/31 12:30')).toBe(3);
    expect(await count('--until', '2026/01/31 12:29')).toBe(2);
    expect(await count('--since', '2026/01/31', '--until', '2026/01/31')).toBe(2);
    const none = await program.explain(['--since', '2027/01/01'], { input });
    expect([none.json.events, none.json.lines, none.code]).toEqual([0, 4, 1]);
  });

  test('--since holds beyond the lines that are kept whole, too', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) =>
      logLine({
        time: `2026/01/31 03:${String(Math.floor(i / 60)).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}`,
        connection: i,
      }),
    );
    const { json } = await program.explain(['--since', '2026/01/31 03:40:00'], { input: lines.join('\n') });
    expect([json.lines, json.events, json.groups[0]!.count, json.groups[0]!.first]).toEqual([
      3000,
      600,
      600,
      '2026/01/31 03:40:00',
    ]);
  });

  test('--nginx-version is stated', async () => {
    const { json } = await program.explain(['--nginx-version', '1.28'], { input: logLine() });
    expect(json.nginxVersion).toEqual({ value: '1.28', from: '--nginx-version' });
  });

  test('--config takes a directory, standard input and --map', async () => {
    const cwd = program.folder({
      'nginx.conf': 'events {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n',
      'conf.d/a.conf':
        'server {\n    listen 80;\n    location / {\n        proxy_pass http://127.0.0.1:3400;\n    }\n}\n',
      'error.log': logLine(),
    });
    for (const config of ['.', 'nginx.conf']) {
      const { json } = await program.explain(['--config', config, '--map', '/etc/nginx=.', 'error.log'], {
        cwd,
      });
      expect(json.groups[0]!.explanation.place).toMatchObject({
        location: { file: path.join(cwd, 'conf.d/a.conf'), text: 'location /' },
        directive: { range: { start: { line: 4, column: 9 } } },
      });
    }
    const { json } = await program.explain(['--config', '-', 'error.log'], { cwd, input: LEVELS.none });
    expect(json.groups[0]!.explanation.place?.directive.file).toBe('<stdin>');
  });
});

describe.concurrent('exit status', () => {
  test.each<[string, string, number]>([
    ['an event', logLine(), 0],
    ['an event among prose', `hello\n${logLine()}\nbye`, 0],
    ['no event', 'hello\nworld\n', 1],
    ['an unknown message', UNKNOWN, 1],
    ['nothing', '', 1],
    ['blank lines', '\n\n  \n', 1],
  ])('of %s, and with --expect-none turned around', async (_, input, code) => {
    expect((await program.explain([], { input })).code).toBe(code);
    expect((await program.explain(['--expect-none'], { input })).code).toBe(1 - code);
    const text = await program.run(['explain'], { input });
    expect(text.code).toBe(code);
    expect(text.stdout).not.toBe('');
    if (code === 0) expect(text.stdout).toMatch(/^502 /);
    else expect(text.stdout).not.toMatch(/^502 /m);
  });

  test('nothing understood is said for what it is', async () => {
    const said = async (input: string): Promise<string> => (await program.run(['explain'], { input })).stdout;
    expect(await said('')).toMatch(/^There is nothing to explain: the input is empty\./);
    expect(await said('prose')).toMatch(/^No nginx error-log line was found in 1 line of input\./);
    expect(await said(UNKNOWN)).toMatch(/^The text holds nginx log lines/);
  });

  test('a missing configuration is a problem; the lines are explained all the same', async () => {
    const cwd = program.folder({ 'error.log': logLine() });
    for (const more of [[], ['--expect-none']]) {
      const { json, code } = await program.explain(['--config', 'absent.conf', 'error.log', ...more], {
        cwd,
      });
      expect(code).toBe(2);
      expect(json.problems.map(({ kind }) => kind)).toEqual(['not-found']);
      expect(json.groups).toHaveLength(1);
      expect(json.groups[0]!.explanation.causes.length).toBeGreaterThan(0);
    }
    const text = await program.run(['explain', '--config', 'absent.conf', 'error.log'], { cwd });
    expect(text.stdout).toMatch(/^problem: \S+absent\.conf does not exist\n[\s\S]*^502 /m);
  });
});

describe.concurrent('terminal', () => {
  test('nothing in a log can drive it', async () => {
    const evil = '\u001b]0;x\u0007\u001b[2J\u009b31m\u202e\b\r';
    const line = logLine({ uri: `/${evil}` }).replace('app.test', `app${evil}.test`);
    const cwd = program.folder({
      'nginx.conf': LEVELS.none.replace('location /', `server_name "a${evil}b"; location "/${evil}"`),
    });
    writeFileSync(path.join(cwd, `a${evil}.log`), line);
    const inputs = [
      line,
      `${evil}${line}`,
      line.slice(0, 150),
      `${line}${evil}`,
      `2026/01/31 03:00:00 [emerg] 1#1: host not found in upstream "${evil}" in /etc/${evil}:3`,
    ];
    for (const input of inputs) {
      for (const args of [[], ['--config', 'nginx.conf']]) {
        await program.run(['explain', ...args], { cwd, input });
        await program.explain(args, { cwd, input });
      }
    }
    const file = await program.run(['explain', `a${evil}.log`, `b${evil}.log`], { cwd });
    expect(file.stdout).toMatch(/^problem: .*does not exist/);
    expect(file.code).toBe(2);
  });
});
