import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LEVELS, Program } from './cli-run.ts';

/** `--fix` and `--diff` on real files. */

let program: Program;
beforeAll(() => {
  program = new Program();
});
afterAll(() => program.remove());

/** Two files that one fix changes: a map in the main file, headers in the other. */
const WEBSOCKET = {
  'nginx.conf': 'events {}\nhttp {\n    log_format short "$request";\n\n    include conf.d/*.conf;\n}\n',
  'conf.d/app.conf':
    'server {\n    listen 8080;\n    # keep this: {;}\n    location /ws/ {\n        proxy_set_header Upgrade $http_upgrade;   # as it is\n        proxy_pass http://127.0.0.1:3001;\n    }\n}\n',
};

/** All files below a folder by relative path, as bytes in hexadecimal: nothing may be there beside them. */
function tree(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(path.join(folder, name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(path.join(folder, name)).toString('latin1')]),
  );
}

/** Lines of the first that the second no longer has, in order. */
function lost(before: string, after: string): string[] {
  const rest = after.split('\n');
  return before.split('\n').filter((line) => {
    const at = rest.indexOf(line);
    if (at < 0) return true;
    rest.splice(0, at + 1);
    return false;
  });
}

describe('--fix', () => {
  test('alone applies safe fixes only; =review those too; what remains decides', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.warning });
    const safe = await program.check(['--fix'], { cwd });
    expect(readFileSync(path.join(cwd, 'nginx.conf'), 'utf8')).toBe(LEVELS.warning);
    expect(safe.json.fixed).toEqual([]);
    expect(safe.code).toBe(1);
    expect((await program.check(['--fix=safe'], { cwd })).json).toEqual(safe.json);

    const review = await program.check(['--fix=review'], { cwd });
    const after = readFileSync(path.join(cwd, 'nginx.conf'), 'utf8');
    expect(review.json.findings).toEqual([]);
    expect(review.json.fixed).toEqual([
      { id: 'response-header-too-big', file: path.join(cwd, 'nginx.conf') },
    ]);
    expect(review.code).toBe(0);
    expect(after).not.toBe(LEVELS.warning);
    expect(lost(LEVELS.warning, after)).toEqual(['            proxy_buffer_size 2k;']);

    const again = await program.check(['--fix=review'], { cwd });
    expect(again.json).toMatchObject({ findings: [], fixed: [], problems: [] });
    expect(readFileSync(path.join(cwd, 'nginx.conf'), 'utf8')).toBe(after);
    expect(readdirSync(cwd)).toEqual(['nginx.conf']);
  });

  test('what no fix cures stays and is reported', async () => {
    const both = LEVELS.warning
      .replace('proxy_pass', 'error_log off;\n            set $a a.test;\n            proxy_pass')
      .replace('http://127.0.0.1:3400', 'http://$a');
    const cwd = program.folder({ 'nginx.conf': both });
    const before = await program.check([], { cwd });
    const after = await program.run(['check', '--fix=review'], { cwd });
    const left = await program.check([], { cwd });
    expect(left.json.findings.length).toBeLessThan(before.json.findings.length);
    expect(left.json.findings.map(({ id }) => id)).toContain('resolver-missing');
    expect(after.stdout).toContain('[resolver-missing]');
    expect(after.stdout).toContain('1 fixed');
    expect(after.code).toBe(1);
  });

  test('one fix in two files', async () => {
    const cwd = program.folder(WEBSOCKET);
    const { json, code } = await program.check(['--fix=review'], { cwd });
    expect(json.findings).toEqual([]);
    expect(code).toBe(0);
    const after = tree(cwd);
    expect(Object.keys(after)).toEqual(['conf.d/app.conf', 'nginx.conf']);
    expect(after['nginx.conf']).toContain('map $http_upgrade $connection_upgrade');
    expect(after['conf.d/app.conf']).toContain('proxy_set_header Connection $connection_upgrade;');
    for (const [name, text] of Object.entries(WEBSOCKET)) expect(lost(text, after[name]!)).toEqual([]);
  });

  test('a file that several PATHs name is fixed once', async () => {
    const cwd = program.folder(WEBSOCKET);
    const other = program.folder(WEBSOCKET);
    await program.check(['--fix=review'], { cwd: other });
    const { json } = await program.check(['--fix=review', 'nginx.conf', 'nginx.conf', '.'], { cwd });
    expect(json.findings).toEqual([]);
    expect(tree(cwd)).toEqual(tree(other));
  });

  test('writes through links, keeps them and the mode', async () => {
    const cwd = program.folder({ 'available/app.conf': LEVELS.warning });
    mkdirSync(path.join(cwd, 'enabled'));
    symlinkSync('../available/app.conf', path.join(cwd, 'enabled/app.conf'));
    const target = path.join(cwd, 'available/app.conf');
    for (const mode of [0o640, 0o666, 0o755, 0o600]) {
      writeFileSync(target, LEVELS.warning);
      chmodSync(target, mode);
      const { json } = await program.check(['--fix=review', 'enabled/app.conf'], { cwd });
      expect(json.problems).toEqual([]);
      expect(lstatSync(path.join(cwd, 'enabled/app.conf')).isSymbolicLink()).toBe(true);
      expect(readlinkSync(path.join(cwd, 'enabled/app.conf'))).toBe('../available/app.conf');
      expect(readFileSync(target, 'utf8')).not.toBe(LEVELS.warning);
      expect((statSync(target).mode & 0o7777).toString(8)).toBe(mode.toString(8));
    }
    expect(Object.keys(tree(cwd))).toEqual(['available/app.conf', 'enabled/app.conf']);
  });

  test.each<[string, (text: string) => Buffer]>([
    ['CRLF', (text) => Buffer.from(text.replaceAll('\n', '\r\n'))],
    [
      'latin-1',
      (text) => Buffer.from(text.replace('listen 8080;', 'listen 8080; # caf\u00e9 \u0080'), 'latin1'),
    ],
    ['UTF-8', (text) => Buffer.from(text.replace('listen 8080;', 'listen 8080; # café \u{1f980}'))],
    ['no line feed at the end', (text) => Buffer.from(text.trimEnd())],
    ['tabs', (text) => Buffer.from(text.replaceAll('    ', '\t'))],
    ['blanks at line ends', (text) => Buffer.from(text.replaceAll('\n', '  \n'))],
  ])('keeps %s, and every other line as it is', async (_, encode) => {
    const before = encode(LEVELS.warning);
    const cwd = program.folder({ 'nginx.conf': before });
    const { json } = await program.check(['--fix=review'], { cwd });
    expect(json.fixed).toHaveLength(1);
    const after = readFileSync(path.join(cwd, 'nginx.conf')).toString('latin1');
    const gone = lost(before.toString('latin1'), after);
    expect(gone).toHaveLength(1);
    expect(gone[0]).toContain('proxy_buffer_size 2k;');
    const ends = (text: string): number => text.split('\r\n').length - 1;
    const lines = (text: string): number => text.split('\n').length - 1;
    if (ends(before.toString('latin1')) > 0) expect(ends(after)).toBe(lines(after));
    else expect(ends(after)).toBe(0);
  });

  test('a directory that may not be written is a problem, and no file is changed', async () => {
    const cwd = program.folder(WEBSOCKET);
    chmodSync(path.join(cwd, 'conf.d'), 0o555);
    chmodSync(cwd, 0o777);
    const before = tree(cwd);
    const { json, code } = await program.check(['--fix=review'], { cwd, unprivileged: true });
    expect(code).toBe(2);
    expect(json.problems).toEqual([
      {
        kind: 'unreadable',
        file: path.join(cwd, 'conf.d/app.conf'),
        range: null,
        message: expect.stringMatching(/could not be written \(EACCES\); no file was changed$/),
      },
    ]);
    // Half of it, the headers without the map, would keep nginx from starting.
    expect(tree(cwd)).toEqual(before);
    expect(readdirSync(cwd).sort()).toEqual(['conf.d', 'nginx.conf']);
    expect(json.fixed).toEqual([]);
    expect(json.findings.map(({ id }) => id)).toEqual(['websocket-headers-missing']);
    const text = await program.run(['check', '--fix=review'], { cwd, unprivileged: true });
    expect(text.stdout).toContain('could not be written');
    expect(text.stdout).toContain('[websocket-headers-missing]');
  });
});

describe('--diff', () => {
  test('writes nothing, and the findings still decide', async () => {
    const cwd = program.folder(WEBSOCKET);
    const before = tree(cwd);
    for (const args of [['--diff'], ['--diff', '--fix=review'], ['--fix=review', '--diff']]) {
      const { stdout, stderr, code } = await program.run(['check', ...args], { cwd });
      expect(stdout).toMatch(/^--- a\//);
      expect(stderr).toBe('');
      expect(code).toBe(1);
      expect(tree(cwd)).toEqual(before);
    }
    const safe = await program.run(['check', '--diff', '--fix'], { cwd });
    expect(safe.stdout).toBe('');
    expect(safe.code).toBe(1);
    const clean = await program.run(['check', '--diff', '-'], { input: LEVELS.none });
    expect([clean.stdout, clean.code]).toEqual(['', 0]);
  });

  const variants: [string, Record<string, string | Buffer>][] = [
    ['two files', WEBSOCKET],
    ['CRLF', { 'nginx.conf': LEVELS.warning.replaceAll('\n', '\r\n') }],
    [
      'latin-1',
      {
        'nginx.conf': Buffer.from(
          LEVELS.warning.replace('server {', 'server { # caf\u00e9 \u0080'),
          'latin1',
        ),
      },
    ],
    ['a name with blanks and umlauts', { 'my sité.conf': LEVELS.warning }],
    ['no line feed at the end', { 'nginx.conf': LEVELS.warning.trimEnd() }],
    ['control characters', { 'nginx.conf': LEVELS.warning.replace('server {', 'server { # \u001b[31m') }],
  ];
  test.each(variants)(
    'a patch of %s does what --fix does, by git apply and by patch -p1',
    async (_, files) => {
      const [cwd, git, patched] = [program.folder(files), program.folder(files), program.folder(files)];
      const name = Object.keys(files)[0]!;
      const { bytes } = await program.run(['check', '--diff', name], { cwd, exact: true });
      await program.check(['--fix=review', name], { cwd });
      expect(tree(cwd)).not.toEqual(tree(git));
      execFileSync('git', ['init', '-q', git]);
      execFileSync('git', ['apply', '--whitespace=nowarn', '-'], { cwd: git, input: bytes });
      execFileSync('patch', ['-p1', '--binary', '-s'], { cwd: patched, input: bytes });
      expect(tree(patched)).toEqual(tree(cwd));
      for (const [file, text] of Object.entries(tree(cwd)))
        expect(readFileSync(path.join(git, file)).toString('latin1')).toBe(text);
    },
  );

  test('a link’s target is patched, not the link; files elsewhere by patch -d /', async () => {
    const cwd = program.folder({ 'available/app.conf': LEVELS.warning, 'work/x': '' });
    mkdirSync(path.join(cwd, 'enabled'));
    symlinkSync('../available/app.conf', path.join(cwd, 'enabled/app.conf'));
    const { bytes } = await program.run(['check', '--diff', 'enabled/app.conf'], { cwd });
    execFileSync('patch', ['-p1', '-s'], { cwd, input: bytes });
    expect((await program.check(['enabled/app.conf'], { cwd })).json.findings).toEqual([]);
    expect(lstatSync(path.join(cwd, 'enabled/app.conf')).isSymbolicLink()).toBe(true);

    writeFileSync(path.join(cwd, 'available/app.conf'), LEVELS.warning);
    const elsewhere = path.join(cwd, 'work');
    const patch = await program.run(['check', '--diff', '../available/app.conf'], { cwd: elsewhere });
    execFileSync('patch', ['-p1', '-s', '-d', '/'], { input: patch.bytes });
    expect((await program.check(['available/app.conf'], { cwd })).json.findings).toEqual([]);
  });

  test('of standard input and of nginx -T output it is printed too', async () => {
    const plain = await program.run(['check', '--diff', '-'], { input: LEVELS.warning });
    expect(plain.stdout).toMatch(/^--- a\/stdin\n\+\+\+ b\/stdin\n@@ /);
    const dump = `# configuration file /etc/nginx/nginx.conf:\n${LEVELS.warning}`;
    const virtual = await program.run(['check', '--diff', '-'], { input: dump });
    expect(virtual.stdout).toMatch(/^--- a\/etc\/nginx\/nginx\.conf\n/);
  });

  test('problems go to standard error, the patch is whole', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.warning });
    const { stdout, stderr, code } = await program.run(['check', '--diff', 'nginx.conf', 'absent.conf'], {
      cwd,
    });
    expect(stdout).toMatch(/^--- a\/nginx\.conf\n[\s\S]*\n\+ +proxy_buffer_size 16k;/);
    expect(stdout).not.toContain('absent');
    expect(stderr).toMatch(/^nginx-502: \S+absent\.conf does not exist\n$/);
    expect(code).toBe(2);
    expect(existsSync(path.join(cwd, 'absent.conf'))).toBe(false);
  });
});
