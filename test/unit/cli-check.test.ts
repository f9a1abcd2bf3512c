import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LEVELS, Program } from './cli-run.ts';

/** `nginx-502 check`: what it reads, prints and answers. */

let program: Program;
beforeAll(() => {
  program = new Program();
});
afterAll(() => program.remove());

const SERVER =
  'server {\n    listen 8080;\n    location / {\n        proxy_pass https://127.0.0.1:3000;\n    }\n}\n';
const MAIN = 'events {}\nhttp {\n    include conf.d/*.conf;\n}\n';

function ids(json: { findings: readonly { id: string }[] }): string[] {
  return json.findings.map((finding) => finding.id);
}

describe.concurrent('what is read', () => {
  test('without PATH nginx.conf here, with and without the command’s name', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.error, 'other.conf': LEVELS.warning });
    const { json } = await program.check([], { cwd });
    expect(json.files).toEqual([path.join(cwd, 'nginx.conf')]);
    expect(ids(json)).toEqual(['resolver-missing']);
    const named = await program.run(['check'], { cwd });
    const bare = await program.run([], { cwd });
    expect(bare).toEqual(named);
    const option = await program.json([], { cwd });
    expect(option.json).toEqual(json);
  });

  test('a path without the command’s name', async () => {
    const cwd = program.folder({ 'site.conf': LEVELS.error });
    expect(await program.run(['site.conf'], { cwd })).toEqual(
      await program.run(['check', 'site.conf'], { cwd }),
    );
  });

  test('a directory means the nginx.conf in it', async () => {
    const cwd = program.folder({ 'etc/nginx.conf': MAIN, 'etc/conf.d/a.conf': SERVER, 'etc/b.conf': '}' });
    for (const name of ['etc', 'etc/', './etc/.', path.join(cwd, 'etc')]) {
      const { json } = await program.check([name], { cwd });
      expect(json.files).toEqual([path.join(cwd, 'etc/nginx.conf'), path.join(cwd, 'etc/conf.d/a.conf')]);
    }
  });

  test('a directory without nginx.conf means its *.conf as fragments, in order, not those below', async () => {
    const cwd = program.folder({
      'sites/b.conf': SERVER,
      'sites/a.conf': LEVELS.none.replace(/^[\s\S]*?(?= {4}server)/, '').replace(/\}\n$/, ''),
      'sites/notes.txt': '}',
      'sites/.hidden.conf': '}',
      'sites/below/c.conf': '}',
    });
    const { json, code } = await program.check(['sites'], { cwd });
    expect(json.files).toEqual(['a.conf', 'b.conf'].map((name) => path.join(cwd, 'sites', name)));
    expect(ids(json)).toEqual(['tls-to-plain-backend']);
    expect(code).toBe(0);
  });

  test('standard input, a plain configuration', async () => {
    const { json, code } = await program.check(['-'], { input: LEVELS.error });
    expect(json.files).toEqual(['<stdin>']);
    expect(json.findings.map(({ id, file }) => [id, file])).toEqual([['resolver-missing', '<stdin>']]);
    expect(code).toBe(1);
    const text = await program.run(['check', '-'], { input: LEVELS.error });
    expect(text.stdout).toMatch(/^<stdin>:7:13: error: .* \[resolver-missing\]\n/);
  });

  test('standard input, the output of nginx -T with a prompt and words around it', async () => {
    const main = MAIN.replace('conf.d', '/etc/nginx/conf.d');
    const dump =
      `Hello, here is what I have:\r\n\nroot@web:~# nginx -T\n` +
      `nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n` +
      `nginx: configuration file /etc/nginx/nginx.conf test is successful\n` +
      `# configuration file /etc/nginx/nginx.conf:\n${main}\n` +
      `# configuration file /etc/nginx/conf.d/app.conf:\n${SERVER}\n\nroot@web:~# exit\n`;
    const { json } = await program.check(['-'], { input: dump });
    expect(json.files).toEqual(['/etc/nginx/nginx.conf', '/etc/nginx/conf.d/app.conf']);
    expect(json.findings.map(({ id, file, range }) => [id, file, range.start])).toEqual([
      ['tls-to-plain-backend', '/etc/nginx/conf.d/app.conf', { line: 4, column: 9 }],
    ]);
    expect(json.problems).toEqual([]);
  });

  test('several PATHs are one answer, in their order', async () => {
    const cwd = program.folder({ 'b.conf': LEVELS.error, 'a.conf': LEVELS.warning });
    const { json, code } = await program.check(['b.conf', 'a.conf', 'b.conf'], { cwd });
    expect(json.files.map((file) => path.basename(file))).toEqual(['b.conf', 'a.conf']);
    expect(ids(json)).toEqual(['resolver-missing', 'response-header-too-big']);
    expect(code).toBe(1);
  });

  test('a file that several PATHs include keeps its findings together, where its place is', async () => {
    const two = (a: string, b: string): string =>
      `events {}\nhttp {\n    include ${a};\n    include ${b};\n}\n`;
    const shared = SERVER.replace(
      '    }\n}',
      '    }\n    location /b/ {\n        proxy_pass https://$up;\n    }\n}',
    );
    const cwd = program.folder({
      'one.conf': `events {}\nhttp {\n    upstream x { server 127.0.0.1:1; }\n    include shared.conf;\n}\n`,
      'two.conf': two('shared.conf', 'other.conf'),
      'shared.conf': shared.replace('https://$up', 'https://127.0.0.1:3000'),
      'other.conf': SERVER.replace('8080', '8081'),
    });
    const { json } = await program.check(['one.conf', 'two.conf'], { cwd });
    const order = json.files.map((file) => path.basename(file));
    expect(order).toEqual(['one.conf', 'shared.conf', 'two.conf', 'other.conf']);
    const seen = json.findings.map(({ file, range }) => [
      order.indexOf(path.basename(file)),
      range.start.line,
    ]);
    expect(seen).toEqual([...seen].sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!));
    expect(new Set(seen.map(String)).size).toBe(3);
    expect(seen).toHaveLength(3);
  });

  test('includes start at the directory of the main file, wherever it is called from', async () => {
    const files = { 'etc/nginx.conf': MAIN, 'etc/conf.d/a.conf': SERVER };
    const cwd = program.folder(files);
    const inside = await program.check(['nginx.conf'], { cwd: path.join(cwd, 'etc') });
    const outside = await program.check(['etc/nginx.conf'], { cwd });
    expect(outside.json).toEqual(inside.json);
    expect(inside.json.files).toHaveLength(2);
  });

  test('nothing to read is a usage error that says where it looked', async () => {
    const cwd = program.folder();
    const result = await program.run(['check'], { cwd });
    // A machine with nginx has the second place.
    if (result.code === 2) expect(result.stderr).toContain(cwd);
    else expect(result.stdout).toMatch(/\d files?[,.]/);
  });
});

describe.concurrent('text', () => {
  test('is laid out as contracted', async () => {
    const cwd = program.folder({
      'nginx.conf':
        'events {}\nhttp {\n\tserver {\n\t\tlocation / {\n\t\t\tproxy_buffer_size\t2k;\n\t\t\tproxy_pass http://127.0.0.1:1;\n\t\t}\n\t}\n}\n',
    });
    const { stdout, stderr, code } = await program.run(['check'], { cwd });
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^nginx\.conf:5:4: warning: \S.* \[response-header-too-big\]$/);
    expect(lines.slice(1, 4)).toEqual([
      '   |',
      ' 5 |    proxy_buffer_size 2k;',
      '   |    ^^^^^^^^^^^^^^^^^^^^',
    ]);
    expect(stdout).toMatch(/^ {3}= do: \S/m);
    expect(stdout).toContain('--fix=review');
    expect(lines.slice(-3)).toEqual(['', '1 file, 1 warning. nginx version unknown.', '']);
    expect(stderr).toBe('');
    expect(code).toBe(1);
    for (const line of lines.slice(1)) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('a long line is cut around what it shows, carets under it', async () => {
    const cwd = program.folder({
      'nginx.conf': `events {} http { server { location / { set $x "${'é'.repeat(200)}"; proxy_buffer_size 2k; proxy_pass http://127.0.0.1:1; } } }\n`,
    });
    const lines = (await program.run(['check'], { cwd })).stdout.split('\n');
    const at = lines.findIndex((line) => line.includes('^'));
    const from = lines[at]!.indexOf('^');
    const to = lines[at]!.lastIndexOf('^') + 1;
    expect(lines[at - 1]!.slice(from, to)).toBe('proxy_buffer_size 2k');
    expect(lines[at - 1]!.length).toBeLessThanOrEqual(80);
  });

  test('a clean configuration is said to be one, in one line', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.none });
    const { stdout, code } = await program.run(['check'], { cwd });
    expect(stdout).toBe('1 file, nothing found. nginx version unknown.\n');
    expect(code).toBe(0);
  });

  test('counts all, shows hints on request only; JSON has them always', async () => {
    const cwd = program.folder({
      'a.conf': LEVELS.error,
      'b.conf': LEVELS.warning,
      'c.conf': LEVELS.info,
      'd.conf': LEVELS.hint,
    });
    const all = ['a.conf', 'b.conf', 'c.conf', 'd.conf'];
    const quiet = await program.run(['check', ...all], { cwd });
    expect(quiet.stdout.replace(/\s+/g, ' ')).toContain('4 files, 1 error, 1 warning, 1 note, 1 hint (');
    expect(quiet.stdout).not.toContain('[unused-suppression]');
    const shown = await program.run(['check', ...all, '--fail-on', 'hint'], { cwd });
    expect(shown.stdout).toMatch(/^d\.conf:6:13: hint: .* \[unused-suppression\]$/m);
    const { json } = await program.check(all, { cwd });
    expect(json.findings.map(({ severity }) => severity)).toEqual(['error', 'warning', 'info', 'hint']);
  });

  test('findings are sorted by the order of files, position and id', async () => {
    const bad = (port: number): string =>
      `server {\n    listen ${port};\n    location /b { proxy_buffer_size 2k; proxy_pass https://127.0.0.1:3000; }\n    location /a { proxy_pass https://127.0.0.1:3000; }\n}\n`;
    const cwd = program.folder({ 'nginx.conf': MAIN, 'conf.d/10.conf': bad(81), 'conf.d/9.conf': bad(82) });
    const { json } = await program.check([], { cwd });
    expect(
      json.findings.map(({ file, range, id }) => `${path.basename(file)}:${range.start.line} ${id}`),
    ).toEqual([
      '10.conf:3 response-header-too-big',
      '10.conf:3 tls-to-plain-backend',
      '10.conf:4 tls-to-plain-backend',
      '9.conf:3 response-header-too-big',
      '9.conf:3 tls-to-plain-backend',
      '9.conf:4 tls-to-plain-backend',
    ]);
    const text = await program.run(['check'], { cwd });
    expect([...text.stdout.matchAll(/^(conf\.d\/\S+?):(\d+):\d+: .*\[(.+)\]$/gm)].map((m) => m[1])).toEqual(
      json.findings.map(({ file }) => path.relative(cwd, file)),
    );
  });

  test('control characters and line feeds of the configuration do not come through', async () => {
    const evil = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e\b';
    const cwd = program.folder({
      'nginx.conf': `events {}\nhttp { # ${evil}\n server { location / {\n set $a "http://a.test${evil}\\n::error::owned:80"; proxy_pass "$a"; # ${evil}\n } } }\n`,
      'nginx.conf\u001b[31m\n::error::x.conf': LEVELS.error,
    });
    for (const name of ['nginx.conf', 'nginx.conf\u001b[31m\n::error::x.conf']) {
      const { stdout, code } = await program.run(['check', name], { cwd });
      expect(stdout).toContain('[resolver-missing]');
      expect(stdout).not.toMatch(/^::/m);
      expect(code).toBe(1);
      const { json } = await program.check([name], { cwd });
      expect(json.findings[0]!.file).toBe(path.join(cwd, name));
    }
    // JSON keeps the text itself, spelled harmlessly.
    const { json } = await program.check([], { cwd });
    expect(json.findings[0]!.message).toContain('\u009b31m');
  });

  test('no byte of colour in a pipe, whatever the environment says', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.error });
    for (const env of [{ FORCE_COLOR: '3' }, { NO_COLOR: '1' }, { CLICOLOR_FORCE: '1' }]) {
      const { stdout } = await program.run(['check'], { cwd, env });
      expect(stdout).not.toContain('\u001b');
      expect(stdout).toContain('error: ');
    }
  });
});

describe.concurrent('exit status', () => {
  // Each at the level that just lets it fail, and at the one that just does not; the rest is in between.
  test.each([
    ['error', 'error', 'never', 1],
    ['warning', 'warning', 'error', 1],
    ['info', 'info', 'warning', 0],
    ['hint', 'hint', 'info', 0],
    ['none', null, 'hint', 0],
  ] as const)('of a configuration with %s by --fail-on', async (level, fails, passes, byDefault) => {
    const cwd = program.folder({ 'nginx.conf': LEVELS[level] });
    if (fails !== null)
      expect((await program.run(['check', '--fail-on', fails], { cwd })).code, fails).toBe(1);
    expect((await program.run(['check', '--fail-on', passes], { cwd })).code, passes).toBe(0);
    expect((await program.run(['check'], { cwd })).code, 'the default').toBe(byDefault);
  });

  test('--fail-on hint fails on an error, --fail-on never on nothing', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.error });
    expect((await program.run(['check', '--fail-on', 'hint'], { cwd })).code).toBe(1);
    expect((await program.run(['check', '--fail-on=never'], { cwd })).code).toBe(0);
  });

  test('2 wins over 1, and the output is complete all the same', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.error });
    const alone = await program.check(['nginx.conf'], { cwd });
    for (const order of [
      ['nginx.conf', 'absent.conf'],
      ['absent.conf', 'nginx.conf'],
    ]) {
      const { json, code } = await program.check(order, { cwd });
      expect(code).toBe(2);
      expect(json.findings).toEqual(alone.json.findings);
      expect(json.problems).toEqual([
        {
          kind: 'not-found',
          file: path.join(cwd, 'absent.conf'),
          range: null,
          message: expect.stringContaining('does not exist'),
        },
      ]);
      const text = await program.run(['check', ...order], { cwd });
      expect(text.code).toBe(2);
      expect(text.stdout).toContain('[resolver-missing]');
      expect(text.stdout).toContain('does not exist');
      expect(text.stdout).toContain('1 problem');
    }
    expect((await program.run(['check', '--fail-on', 'never', 'absent.conf'], { cwd })).code).toBe(2);
  });
});

describe.concurrent('options', () => {
  test('--nginx-version is what the answer is for', async () => {
    const cwd = program.folder({
      'nginx.conf': LEVELS.warning,
      '.nginx-502.json': '{"nginxVersion": "1.20"}',
    });
    for (const version of ['1.28', '1.25.3']) {
      const { json } = await program.check(['--nginx-version', version], { cwd });
      expect(json.nginxVersion).toEqual({ value: version, from: '--nginx-version' });
    }
    const settings = await program.check([], { cwd });
    expect(settings.json.nginxVersion).toEqual({ value: '1.20', from: '.nginx-502.json' });
    const piped = await program.check(['-', '--nginx-version=1.30.0'], { input: LEVELS.warning });
    expect(piped.json.nginxVersion.value).toBe('1.30.0');
    const text = await program.run(['check', '--nginx-version', '1.28'], { cwd });
    expect(text.stdout).toContain('nginx 1.28, from --nginx-version.');
  });

  test('--map tells where absolute paths are; the longest FROM wins', async () => {
    const cwd = program.folder({
      'nginx.conf':
        'events {}\nhttp {\n    include /etc/nginx/a/*.conf;\n    include /etc/nginx/b/one.conf;\n    include /etc/nginxes/c.conf;\n}\n',
      'here/a/x.conf': SERVER,
      'elsewhere/one.conf': SERVER.replace('8080', '8081'),
    });
    const plain = await program.check([], { cwd });
    expect(ids(plain.json)).toEqual(['include-not-found', 'include-not-found']);
    const maps = ['--map', '/etc/nginx/b=elsewhere', '--map', '/etc/nginx=here'];
    for (const args of [maps, [...maps.slice(2), ...maps.slice(0, 2)]]) {
      const { json } = await program.check(args, { cwd });
      expect(json.files.map((file) => path.relative(cwd, file))).toEqual([
        'nginx.conf',
        'here/a/x.conf',
        'elsewhere/one.conf',
      ]);
      // A prefix ends at a "/".
      expect(ids(json)).toEqual(['include-not-found', 'tls-to-plain-backend', 'tls-to-plain-backend']);
    }
  });
});

describe.concurrent('suppression', () => {
  const line = 'proxy_pass https://127.0.0.1:3000;';
  const quiet = LEVELS.info.replace(
    line,
    `${line} # nginx-502: ignore tls-to-plain-backend -- the port is ours`,
  );

  test('at the end of the line, above it, and above its block', async () => {
    const comment = '# nginx-502: ignore tls-to-plain-backend -- the port is ours';
    const cwd = program.folder({
      'end.conf': quiet,
      'above.conf': LEVELS.info.replace(line, `${comment}\n            ${line}`),
      'block.conf': LEVELS.info.replace('location /', `${comment}\n        location /`),
      'list.conf': LEVELS.info.replace(
        line,
        `proxy_buffer_size 2k; ${line} # nginx-502: ignore response-header-too-big, tls-to-plain-backend -- both`,
      ),
    });
    for (const name of ['end.conf', 'above.conf', 'block.conf', 'list.conf']) {
      const { json } = await program.check([name], { cwd });
      expect(json.findings, name).toEqual([]);
    }
  });

  test('without a reason, with an unknown id, or for nothing', async () => {
    const cwd = program.folder({
      'reason.conf': quiet.replace(' -- the port is ours', ''),
      'empty.conf': quiet.replace('the port is ours', ''),
      'unknown.conf': quiet.replace('ignore tls-', 'ignore tlz-'),
      'unused.conf': LEVELS.hint,
    });
    const found = async (name: string): Promise<string[]> =>
      (await program.check([name], { cwd })).json.findings
        .map(({ id, severity }) => `${severity} ${id}`)
        .sort();
    const both = ['info tls-to-plain-backend', 'warning invalid-suppression'];
    expect(await found('reason.conf')).toEqual(both);
    expect(await found('empty.conf')).toEqual(both);
    expect(await found('unknown.conf')).toEqual(both);
    expect(await found('unused.conf')).toEqual(['hint unused-suppression']);
  });
});

describe.concurrent('.nginx-502.json', () => {
  test('the nearest upward holds: severity, off, version', async () => {
    const cwd = program.folder({
      '.nginx-502.json': '{"severity": {"tls-to-plain-backend": "error"}, "nginxVersion": "1.24"}',
      'site/nginx.conf': LEVELS.info,
      'other/.nginx-502.json': '{"$schema": "x", "severity": {"tls-to-plain-backend": "off"}}',
      'other/deep/nginx.conf': LEVELS.info,
    });
    const upward = await program.check(['site'], { cwd });
    expect(upward.json.findings.map(({ severity }) => severity)).toEqual(['error']);
    expect(upward.json.nginxVersion).toEqual({ value: '1.24', from: '.nginx-502.json' });
    expect(upward.code).toBe(1);
    const nearest = await program.check(['other/deep/nginx.conf'], { cwd });
    expect(nearest.json.findings).toEqual([]);
    expect(nearest.json.nginxVersion.value).toBeNull();
    expect(nearest.code).toBe(0);
  });

  test('pathMap and entryFiles start at the file; --map wins', async () => {
    const cwd = program.folder({
      '.nginx-502.json': '{"pathMap": {"/srv": "etc"}, "entryFiles": ["etc/main.conf"]}',
      'nginx.conf': LEVELS.error,
      'etc/main.conf': 'events {}\nhttp {\n    include /srv/app.conf;\n}\n',
      'etc/app.conf': SERVER,
      'alt/app.conf': LEVELS.none.replace(/^[\s\S]*?(?= {4}server)/, '').replace(/\}\n$/, ''),
    });
    const { json } = await program.check([], { cwd });
    expect(json.files.map((file) => path.relative(cwd, file))).toEqual(['etc/main.conf', 'etc/app.conf']);
    const flag = await program.check(['--map', '/srv=alt'], { cwd });
    expect(flag.json.files.map((file) => path.relative(cwd, file))).toEqual([
      'etc/main.conf',
      'alt/app.conf',
    ]);
    const named = await program.check(['nginx.conf'], { cwd });
    expect(named.json.files.map((file) => path.relative(cwd, file))).toEqual(['nginx.conf']);
  });

  test.each([
    ['no JSON', '{', /not valid JSON/],
    ['a list', '[]', /must be an object/],
    ['an unknown key', '{"sevrity": {}}', /"sevrity" is not a setting/],
    ['a bad version', '{"nginxVersion": "latest"}', /nginxVersion/],
    ['a bad level', '{"severity": {"tls-to-plain-backend": "loud"}}', /severity of tls-to-plain-backend/],
    ['a bad map', '{"pathMap": {"/srv": 1}}', /pathMap of \/srv/],
    ['a relative map', '{"pathMap": {"srv": "x"}}', /pathMap takes absolute paths/],
    ['bad entry files', '{"entryFiles": "x"}', /"entryFiles"/],
    ['a binary file', '\0', /not a text file/],
    ['an escape', '{"\\u001b[31m": 1}', /is not a setting/],
  ])('%s is a problem, and the check is complete all the same', async (_, text, sentence) => {
    const cwd = program.folder({ '.nginx-502.json': text, 'nginx.conf': LEVELS.error });
    const { json, code } = await program.check([], { cwd });
    expect(json.problems).toHaveLength(1);
    expect(json.problems[0]).toMatchObject({ file: path.join(cwd, '.nginx-502.json'), range: null });
    expect(json.problems[0]!.message).toMatch(sentence);
    expect(ids(json)).toEqual(['resolver-missing']);
    expect(code).toBe(2);
    expect((await program.run(['check'], { cwd })).stdout).toMatch(/^problem: /);
  });
});

describe.concurrent('links and names', () => {
  test('sites-enabled links are read, and named as nginx does', async () => {
    const cwd = program.folder({
      'nginx.conf': 'events {}\nhttp {\n    include sites-enabled/*;\n}\n',
      'sites-available/app': SERVER,
    });
    mkdirSync(path.join(cwd, 'sites-enabled'));
    symlinkSync('../sites-available/app', path.join(cwd, 'sites-enabled/app'));
    const { json } = await program.check([], { cwd });
    expect(json.findings.map(({ file }) => path.relative(cwd, file))).toEqual(['sites-enabled/app']);
  });

  test('names with blanks, umlauts and a leading dash', async () => {
    const cwd = program.folder({ 'my sité.conf': LEVELS.error, '-x.conf': LEVELS.error });
    expect((await program.run(['check', 'my sité.conf'], { cwd })).stdout).toMatch(
      /^my sité\.conf:7:13: error/,
    );
    expect((await program.run(['check', '--', '-x.conf'], { cwd })).stdout).toMatch(/^-x\.conf:7:13: error/);
  });
});
