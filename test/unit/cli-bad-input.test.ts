import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, ftruncateSync, openSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LEVELS, logLine, Program } from './cli-run.ts';

/** Whatever is put in, there is a sentence, an exit status and an end. */

let program: Program;
beforeAll(() => {
  program = new Program();
});
afterAll(() => program.remove());

const MiB = 1024 * 1024;

/** A file of that size without its bytes. */
function sparse(file: string, size: number): void {
  const handle = openSync(file, 'w');
  ftruncateSync(handle, size);
  closeSync(handle);
}

function* zeros(size: number, byte: number): Iterable<Uint8Array> {
  const piece = Buffer.alloc(MiB, byte);
  for (let left = size; left > 0; left -= MiB) yield piece;
}

describe('files that are no configuration', () => {
  test('each kind is one problem with a sentence of its own', async () => {
    const cwd = program.folder({
      'binary.conf': Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0]),
      'nul.conf': `${LEVELS.none}\0`,
      'empty/readme.txt': 'x',
      'secret.conf': LEVELS.none,
      'dir/nginx.conf/x': '',
    });
    execFileSync('mkfifo', [path.join(cwd, 'fifo.conf')]);
    symlinkSync('circle.conf', path.join(cwd, 'circle.conf'));
    symlinkSync('gone.conf', path.join(cwd, 'dangling.conf'));
    chmodSync(path.join(cwd, 'secret.conf'), 0);
    sparse(path.join(cwd, 'big.conf'), 100 * MiB);
    const cases: [string, string, RegExp][] = [
      ['binary.conf', 'not-text', /is not a text file/],
      ['nul.conf', 'not-text', /is not a text file/],
      ['empty', 'not-found', /holds neither nginx\.conf nor any \*\.conf/],
      ['absent.conf', 'not-found', /does not exist/],
      ['absent/nginx.conf', 'not-found', /does not exist/],
      ['binary.conf/nginx.conf', 'not-found', /does not exist/],
      ['dangling.conf', 'not-found', /does not exist/],
      ['circle.conf', 'unreadable', /circle of symbolic links/],
      ['fifo.conf', 'unreadable', /not a regular file/],
      ['/dev/zero', 'unreadable', /not a regular file/],
      ['dir', 'unreadable', /is a directory/],
      ['secret.conf', 'unreadable', /may not be read by this user/],
      ['big.conf', 'too-big', /104857600 bytes/],
      [`${'x'.repeat(300)}.conf`, 'unreadable', /could not be read \(ENAMETOOLONG\)/],
    ];
    const options = { cwd, unprivileged: true };
    for (const [name, kind, sentence] of cases) {
      const { json, code } = await program.check([name], options);
      expect(
        json.problems.map((problem) => problem.kind),
        name,
      ).toEqual([kind]);
      expect(json.problems[0]!.message, name).toMatch(sentence);
      expect(json.findings, name).toEqual([]);
      expect(code, name).toBe(2);
    }
    const text = await program.run(['check', ...cases.map(([name]) => name)], options);
    for (const [, , sentence] of cases) expect(text.stdout).toMatch(sentence);
    expect(text.stdout).toContain(`${new Set(cases.map(([name]) => path.resolve(cwd, name))).size} problems`);
    expect(text.code).toBe(2);
  });

  test('the same ones included: problems, and the rest is checked', async () => {
    const cwd = program.folder({
      'nginx.conf': LEVELS.error.replace(
        'http {',
        'include fifo.conf;\ninclude binary.conf;\ninclude /dev/zero;\nhttp {',
      ),
      'binary.conf': Buffer.from([0, 1, 2]),
    });
    execFileSync('mkfifo', [path.join(cwd, 'fifo.conf')]);
    const { json, code } = await program.check([], { cwd });
    expect(json.problems.map(({ kind }) => kind).sort()).toEqual(['not-text', 'unreadable', 'unreadable']);
    expect(json.findings.map(({ id }) => id)).toEqual(['resolver-missing']);
    expect(code).toBe(2);
  });

  test('logs of each kind', async () => {
    const cwd = program.folder({ 'secret.log': logLine() });
    execFileSync('mkfifo', [path.join(cwd, 'fifo.log')]);
    chmodSync(path.join(cwd, 'secret.log'), 0);
    for (const [name, kind, sentence] of [
      ['absent.log', 'not-found', /does not exist/],
      ['fifo.log', 'unreadable', /not a regular file/],
      ['/dev/zero', 'unreadable', /not a regular file/],
      ['.', 'unreadable', /is a directory/],
      ['secret.log', 'unreadable', /may not be read by this user/],
    ] as const) {
      const { json, code } = await program.explain([name], { cwd, unprivileged: true });
      expect(
        json.problems.map((problem) => problem.kind),
        name,
      ).toEqual([kind]);
      expect(json.problems[0]!.message, name).toMatch(sentence);
      expect(code, name).toBe(2);
    }
  });
});

describe('size', () => {
  test('100 MB of one line as a log', async () => {
    const { json, code } = await program.explain([], { input: zeros(100 * MiB, 0x61) });
    expect([json.lines, json.events, json.unrecognised, code]).toEqual([1, 0, 1, 1]);
  });

  test('an event behind 20 MB of one line, and one that 20 MB follow', async () => {
    function* pieces(): Iterable<Uint8Array> {
      yield* zeros(20 * MiB, 0x61);
      yield Buffer.from(`\n${logLine()}\n${logLine({ port: 3401 })}`);
      yield* zeros(20 * MiB, 0x62);
    }
    const { json, code } = await program.explain([], { input: pieces() });
    expect(json.lines).toBe(3);
    expect(json.groups.map(({ explanation }) => explanation.entry.upstream?.port)).toContain(3400);
    for (const group of json.groups) expect(group.sample.length).toBeLessThanOrEqual(70_000);
    expect(code).toBe(0);
  });

  test('standard input without an end is no configuration', async () => {
    function* endless(): Iterable<Uint8Array> {
      for (;;) yield* zeros(MiB, 0x0a);
    }
    const { json, code } = await program.check(['-'], { input: endless() });
    expect(json.problems).toEqual([
      { kind: 'too-big', file: '<stdin>', range: null, message: expect.stringContaining('more than') },
    ]);
    expect(code).toBe(2);
  });

  test('NUL bytes on standard input', async () => {
    const binary = await program.check(['-'], { input: 'events {}\0' });
    expect(binary.json.problems.map(({ kind }) => kind)).toEqual(['not-text']);
    expect(binary.code).toBe(2);
    const log = await program.explain([], { input: `\0\0${logLine()}\n\0\0\n${logLine()}\0` });
    expect(log.json.events).toBe(2);
    expect(log.code).toBe(0);
  });
});

describe('shapes', () => {
  const nest = (depth: number): string =>
    `events {}\nhttp {\n    server {\n${'location / {\n'.repeat(depth)}proxy_pass http://127.0.0.1:3400;\n${'}\n'.repeat(depth)}    }\n}\n`;

  test.each<[string, string, number]>([
    ['opening braces', '{ '.repeat(100_000), 1],
    ['closing braces', '}'.repeat(100_000), 1],
    ['a nest that is never closed', 'http { '.repeat(10_000), 1],
    ['semicolons', ';'.repeat(100_000), 1],
    ['one word of 4 MB', 'a'.repeat(4_000_000), 1],
    ['an open quote of 4 MB', `x "${'a'.repeat(4_000_000)}`, 1],
    ['quotes', '"'.repeat(100_001), 1],
    ['backslashes', '\\'.repeat(100_000), 1],
    ['100,000 arguments', `x ${'a '.repeat(100_000)};`, 0],
    ['100,000 variables', `events {} http { server { set $a "${'$b'.repeat(1000)}"; } }`, 1],
    ['half of a configuration', LEVELS.error.slice(0, 90), 1],
    ['half of a word', LEVELS.error.slice(0, 75), 1],
    ['nothing', '', 0],
    ['a byte order mark', `\ufeff${LEVELS.none}`, 1],
  ])('%s', async (_, text, code) => {
    const cwd = program.folder({ 'nginx.conf': text });
    const started = Date.now();
    const result = await program.run(['check'], { cwd });
    expect(result.code).toBe(code);
    expect(result.stdout).toMatch(/1 file,/);
    if (code === 1) expect(result.stdout).toMatch(/^nginx\.conf:\d+:\d+: error: /);
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  test('braces without blanks come to an end, too', async () => {
    const { json } = await program.check(['-'], { input: '{'.repeat(100_000) });
    expect(json.problems).toEqual([]);
  });

  test('a 10,000-deep nest is read to its bottom', async () => {
    const text = nest(10_000).replace('http://127', 'https://127').replace('3400', '3000');
    const { json } = await program.check(['-'], { input: text });
    expect(json.problems).toEqual([]);
    const found = json.findings.filter(({ id }) => id === 'tls-to-plain-backend');
    expect(found.map(({ range }) => range.start.line)).toEqual([10_004]);
    const explained = await program.explain(
      ['--config', path.join(program.folder({ 'nginx.conf': nest(10_000) }), 'nginx.conf')],
      {
        input: logLine(),
      },
    );
    expect(explained.code).toBe(0);
  });

  test('20,000 findings', async () => {
    const text = `events {}\nhttp {\n    server {\n${'        proxy_buffer_size 2k;\n'.repeat(3000)}        location / { proxy_pass http://127.0.0.1:1; }\n    }\n}\n`;
    const many = `events {}\nhttp {\n    server {\n${Array.from({ length: 20_000 }, (_, i) => `location /${i} { proxy_pass https://127.0.0.1:3000; }`).join('\n')}\n    }\n}\n`;
    const cwd = program.folder({ 'a.conf': text, 'b.conf': many });
    expect((await program.run(['check', 'a.conf'], { cwd })).stdout).toMatch(/1 file,/);
    const { stdout } = await program.run(['check', 'b.conf'], { cwd });
    expect(stdout.match(/\[tls-to-plain-backend\]$/gm)).toHaveLength(20_000);
  });
});

describe('includes', () => {
  test('a circle', async () => {
    const cwd = program.folder({
      'nginx.conf': `include a.conf;\n${LEVELS.error}`,
      'a.conf': 'include b.conf;\n',
      'b.conf': 'include a.conf;\ninclude nginx.conf;\n',
      'self.conf': 'events {}\ninclude self.conf;\n',
    });
    for (const name of ['nginx.conf', 'self.conf']) {
      const { json, code, stdout } = await program.check([name], { cwd });
      expect(stdout, name).toContain('circle');
      expect(code, name).toBeGreaterThan(0);
      expect(new Set(json.files).size, name).toBe(json.files.length);
    }
    const { json } = await program.check(['nginx.conf'], { cwd });
    expect(json.findings.map(({ id }) => id)).toContain('resolver-missing');
  });

  test('a chain of 2000 files, and 40 that each include the next one twice', async () => {
    const chain: Record<string, string> = { 'c2000.conf': LEVELS.error };
    for (let i = 0; i < 2000; i++)
      chain[`c${i}.conf`] = `${i === 0 ? 'user www-data;\n' : ''}include c${i + 1}.conf;\n`;
    const long = await program.check(['c0.conf'], { cwd: program.folder(chain) });
    expect(long.json.files).toHaveLength(2001);
    expect(long.json.findings.map(({ id }) => id)).toContain('resolver-missing');

    const tree: Record<string, string> = { 'd40.conf': 'gzip on;\n' };
    for (let i = 0; i < 40; i++) tree[`d${i}.conf`] = `include d${i + 1}.conf;\ninclude d${i + 1}.conf;\n`;
    const wide = await program.check(['d0.conf'], { cwd: program.folder(tree) });
    expect(wide.json.files).toHaveLength(41);
    expect(wide.json.problems.map(({ kind }) => kind)).toEqual(['too-big']);
    expect(wide.code).toBe(2);
  });

  test('a pattern made to be slow', async () => {
    const cwd = program.folder({
      'nginx.conf': `events {}\ninclude ${'*a'.repeat(40)}b;\ninclude */../*/../*/../*/../*.x;\n`,
      [`${'a'.repeat(200)}.conf`]: '',
    });
    const { json } = await program.check([], { cwd });
    expect(json.files).toHaveLength(1);
  });
});
