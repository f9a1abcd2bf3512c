import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../../server/src/engine/contract.ts';
import { LEVELS, logLine, Program, type RunOptions } from './cli-run.ts';

/** A part of a configuration that is named without its main file: conf.d/site.conf, sites-available/app. */

let program: Program;
beforeAll(() => {
  program = new Program();
});
afterAll(() => program.remove());

const MAIN = 'events {}\nhttp {\n    include conf.d/*.conf;\n}\n';
/** A name in a variable: whether there is a resolver is seen in the main file only. */
const SITE =
  'server {\n    listen 8080;\n    location / {\n        set $app http://app.test:3000;\n        proxy_pass $app;\n    }\n}\n';
const RESOLVER = MAIN.replace('http {', 'http {\n    resolver 127.0.0.53;');
/** One fix for two files: a map in the main file, headers here. */
const WEBSOCKET =
  'server {\n    listen 8080;\n    location /ws/ {\n        proxy_set_header Upgrade $http_upgrade;\n        proxy_pass http://127.0.0.1:3001;\n    }\n}\n';
/** A fix for this file alone. */
const BUFFER =
  'server {\n    listen 8081;\n    location / {\n        proxy_buffer_size 2k;\n        proxy_pass http://127.0.0.1:1;\n    }\n}\n';

interface Seen {
  readonly files: string[];
  readonly found: string[];
  readonly code: number | null;
  readonly stderr: string;
  readonly json: Check;
}

/** What a check read of what was asked for, and found, by names from `cwd`. */
async function seen(cwd: string, args: readonly string[], options: RunOptions = {}): Promise<Seen> {
  const { json, code, stderr } = await program.check(args, { cwd, ...options });
  const name = (file: string): string => path.relative(cwd, file);
  return {
    files: json.files.map(name),
    found: json.findings.map(({ id, file }) => `${name(file)} ${id}`),
    code,
    stderr,
    json,
  };
}

describe.concurrent('a part is read as one of the main file above that includes it', () => {
  test('what the main file says holds in it, and the answer is about the part alone', async () => {
    const cwd = program.folder({ 'nginx.conf': MAIN, 'conf.d/site.conf': SITE, 'conf.d/other.conf': '}' });
    const without = await seen(cwd, ['conf.d/site.conf']);
    expect(without.files).toEqual(['conf.d/site.conf']);
    expect(without.found).toEqual(['conf.d/site.conf resolver-missing']);
    expect(without.json.problems).toEqual([]);
    expect(without.code).toBe(1);
    expect(without.stderr).toBe(
      'nginx-502: conf.d/site.conf was read as part of nginx.conf, which includes it\n',
    );
    const good = program.folder({ 'nginx.conf': RESOLVER, 'conf.d/site.conf': SITE });
    const { found, code } = await seen(good, ['site.conf'], { cwd: path.join(good, 'conf.d') });
    expect([found, code]).toEqual([[], 0]);
    const text = await program.run(['check', 'conf.d/site.conf'], { cwd: good });
    expect(text.stdout).toBe('1 file, nothing found. nginx version unknown.\n');
  });

  test('what it includes itself is asked for as well', async () => {
    const cwd = program.folder({
      'nginx.conf': MAIN,
      'conf.d/site.conf': 'server {\n    listen 8080;\n    include snippets/*.inc;\n}\n',
      'snippets/a.inc': 'location / {\n    proxy_buffer_size 2k;\n    proxy_pass http://127.0.0.1:1;\n}\n',
      'conf.d/other.conf': BUFFER,
    });
    const { files, found } = await seen(cwd, ['conf.d/site.conf']);
    expect(files).toEqual(['conf.d/site.conf', 'snippets/a.inc']);
    expect(found).toEqual(['snippets/a.inc response-header-too-big']);
  });

  test('several parts, a folder of parts, and the main file beside a part are one answer each', async () => {
    const cwd = program.folder({
      'nginx.conf': RESOLVER,
      'conf.d/a.conf': SITE,
      'conf.d/b.conf': BUFFER,
      'conf.d/unasked.conf': BUFFER.replace('8081', '8082'),
    });
    const both = await seen(cwd, ['conf.d/b.conf', 'conf.d/a.conf']);
    expect(both.files).toEqual(['conf.d/a.conf', 'conf.d/b.conf']);
    expect(both.found).toEqual(['conf.d/b.conf response-header-too-big']);
    expect(both.stderr).toBe(
      'nginx-502: conf.d/b.conf and 1 more were read as part of nginx.conf, which includes them\n',
    );
    const whole = await seen(cwd, ['conf.d']);
    expect(whole.files).toEqual(['conf.d/a.conf', 'conf.d/b.conf', 'conf.d/unasked.conf']);
    expect(whole.found).toHaveLength(2);
    const main = await seen(cwd, ['conf.d/a.conf', 'nginx.conf']);
    expect(main.files).toHaveLength(4);
    expect(main.stderr).toBe('');
  });

  test('of a folder, each file goes where it belongs', async () => {
    const cwd = program.folder({
      'nginx.conf': RESOLVER.replace('conf.d/*', 'sites/a'),
      'sites/a.conf': SITE,
      'sites/alone.conf': BUFFER,
    });
    const { files, found, stderr } = await seen(cwd, ['sites']);
    expect(files).toEqual(['sites/a.conf', 'sites/alone.conf']);
    expect(found).toEqual(['sites/alone.conf response-header-too-big']);
    expect(stderr).toContain('sites/a.conf was read as part of nginx.conf');
  });

  test('under the name by which it was asked for, through a link or what the link leads to', async () => {
    const cwd = program.folder({
      'nginx.conf': RESOLVER.replace('conf.d/*.conf', 'sites-enabled/*'),
      'sites-available/app': SITE + BUFFER,
      'sites-available/off': SITE,
    });
    mkdirSync(path.join(cwd, 'sites-enabled'));
    symlinkSync('../sites-available/app', path.join(cwd, 'sites-enabled/app'));
    for (const name of ['sites-available/app', 'sites-enabled/app']) {
      const { files, found, stderr } = await seen(cwd, [name]);
      expect(files).toEqual([name]);
      expect(found).toEqual([`${name} response-header-too-big`]);
      expect(stderr).toContain(`${name} was read as part of nginx.conf`);
    }
    // Nobody includes this one.
    const off = await seen(cwd, ['sites-available/off']);
    expect([off.files, off.stderr]).toEqual([['sites-available/off'], '']);
  });

  test('--map and the entry files of the settings lead to it, too', async () => {
    const files = {
      'etc/nginx.conf': RESOLVER.replace('conf.d/*', '/srv/sites/*'),
      'etc/sites/site.conf': SITE + BUFFER,
      'parts/deep/site.conf': SITE,
    };
    const cwd = program.folder(files);
    expect((await seen(cwd, ['etc/sites/site.conf'])).stderr).toBe('');
    const mapped = await seen(cwd, ['etc/sites/site.conf', '--map', '/srv=etc']);
    expect(mapped.stderr).toContain('as part of etc/nginx.conf');
    expect(mapped.found).toEqual(['etc/sites/site.conf response-header-too-big']);
    const named = program.folder({
      ...files,
      '.nginx-502.json': '{"entryFiles": ["main/prod.conf"]}',
      'main/prod.conf': RESOLVER.replace('conf.d/*', '../parts/deep/*'),
    });
    const entry = await seen(named, ['parts/deep/site.conf']);
    expect([entry.found, entry.stderr]).toEqual([
      [],
      'nginx-502: parts/deep/site.conf was read as part of main/prod.conf, which includes it\n',
    ]);
  });
});

describe.concurrent('a file is read alone, as before', () => {
  test.each([
    ['without a main file above', {}],
    ['where the main file does not include it', { 'nginx.conf': MAIN.replace('conf.d', 'other') }],
    ['where what has that name is no main file', { 'nginx.conf': 'include conf.d/*.conf;\n' }],
    ['above a checkout', { 'nginx.conf': MAIN, 'repo/.git/HEAD': '' }],
  ])('%s', async (_, files: Record<string, string>) => {
    const cwd = program.folder({ ...files, 'conf.d/a.conf': SITE, 'repo/conf.d/a.conf': SITE });
    if ('repo/.git/HEAD' in files)
      symlinkSync(path.join(cwd, 'repo/conf.d/a.conf'), path.join(cwd, 'conf.d/b.conf'));
    const name = 'repo/.git/HEAD' in files ? 'repo/conf.d/a.conf' : 'conf.d/a.conf';
    const { files: read, stderr } = await seen(cwd, [name]);
    expect([read, stderr]).toEqual([[name], '']);
  });

  test('where its main file lies above the home folder', async () => {
    const cwd = program.folder({
      'nginx.conf': MAIN.replace('conf.d', 'me/conf.d'),
      'me/conf.d/a.conf': SITE,
    });
    const at = ['me/conf.d/a.conf'];
    expect((await seen(cwd, at, { env: { HOME: path.join(cwd, 'me') } })).stderr).toBe('');
    expect((await seen(cwd, at, { env: { HOME: cwd } })).stderr).toContain('as part of nginx.conf');
  });

  test('when nginx is started with it', async () => {
    const cwd = program.folder({
      'nginx.conf': 'events {}\ninclude conf/*.conf;\n',
      'conf/main.conf': LEVELS.error,
    });
    const { files, stderr, found } = await seen(cwd, ['conf/main.conf']);
    expect([files, stderr, found]).toEqual([['conf/main.conf'], '', ['conf/main.conf resolver-missing']]);
  });

  test('among what is no regular file, and in folders that may not be listed', async () => {
    const cwd = program.folder({
      'etc/conf.d/a.conf': SITE,
      'etc/nginx.d.conf': 'events {}\nhttp { include x/*; }\n',
    });
    execFileSync('mkfifo', [path.join(cwd, 'etc/nginx.fifo.conf')]);
    symlinkSync('/dev/zero', path.join(cwd, 'etc/nginx.zero.conf'));
    symlinkSync('nginx.conf', path.join(cwd, 'etc/nginx.conf'));
    symlinkSync('.', path.join(cwd, 'etc/x'));
    const odd = await seen(cwd, ['etc/conf.d/a.conf']);
    expect([odd.files, odd.stderr]).toEqual([['etc/conf.d/a.conf'], '']);
    const closed = program.folder({ 'etc/nginx.conf': MAIN, 'etc/conf.d/a.conf': SITE });
    chmodSync(path.join(closed, 'etc'), 0o711);
    const { stderr, code } = await seen(closed, ['etc/conf.d/a.conf'], { unprivileged: true });
    expect(stderr).toContain('as part of etc/nginx.conf');
    expect(code).toBe(1);
  });
});

describe.concurrent('what surrounds the part', () => {
  test('is no concern of the answer, but it is said when it could not be read', async () => {
    const cwd = program.folder({
      'nginx.conf': MAIN.replace('http {', 'http {\n    include broken.d;'),
      'broken.d/x': '',
      'conf.d/a.conf': BUFFER,
    });
    const { json, stderr, code } = await seen(cwd, ['conf.d/a.conf']);
    expect(json.problems).toEqual([]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^nginx-502: what is around it could not be read in full, .*broken\.d is a directory/m,
    );
  });

  test('so are faults in the files that lead to it, and not those of its neighbours', async () => {
    const cwd = program.folder({
      'nginx.conf': MAIN.replace(/\}\n$/, ''),
      'conf.d/a.conf': BUFFER,
      'conf.d/b.conf': 'server {\n',
    });
    const { found, stderr } = await seen(cwd, ['conf.d/a.conf']);
    expect(found).toEqual(['conf.d/a.conf response-header-too-big']);
    expect(stderr).toMatch(/could not be read in full.*: nginx\.conf:2: /);
    expect(stderr).not.toContain('b.conf');
  });

  test('problems of what the part includes are problems', async () => {
    const cwd = program.folder({
      'nginx.conf': MAIN,
      'conf.d/a.conf': 'server {\n    listen 8080;\n    include folder;\n}\n',
      'folder/x': '',
    });
    const { json, code } = await seen(cwd, ['conf.d/a.conf']);
    expect(json.problems.map(({ file }) => path.relative(cwd, file))).toEqual(['folder']);
    expect(code).toBe(2);
  });
});

describe.concurrent('--fix', () => {
  const files = {
    'nginx.conf': MAIN,
    'conf.d/a.conf': BUFFER,
    'conf.d/b.conf': BUFFER.replace('8081', '8082'),
  };

  test('writes to what was named and nothing else', async () => {
    const cwd = program.folder(files);
    const { json, code } = await seen(cwd, ['conf.d/a.conf', '--fix=review']);
    expect(json.fixed.map(({ id }) => id)).toEqual(['response-header-too-big']);
    expect(code).toBe(0);
    const text = (name: string): string => readFileSync(path.join(cwd, name), 'utf8');
    expect(text('conf.d/a.conf')).not.toBe(files['conf.d/a.conf']);
    expect(text('conf.d/b.conf')).toBe(files['conf.d/b.conf']);
    expect(text('nginx.conf')).toBe(MAIN);
  });

  test('leaves a fix that reaches further, says so, and makes it once all is named', async () => {
    const cwd = program.folder({ 'nginx.conf': MAIN, 'conf.d/a.conf': WEBSOCKET });
    const text = (name: string): string => readFileSync(path.join(cwd, name), 'utf8');
    const { json, stderr, code } = await seen(cwd, ['conf.d/a.conf', '--fix=review']);
    expect([json.fixed, code]).toEqual([[], 1]);
    expect([text('nginx.conf'), text('conf.d/a.conf')]).toEqual([MAIN, WEBSOCKET]);
    expect(stderr).toContain('what would also change nginx.conf was not fixed');
    const shown = await program.run(['check', 'conf.d/a.conf'], { cwd });
    expect(shown.stdout.replace(/\s+/g, ' ')).toContain(
      '(nginx-502 check --fix=review does it when nginx.conf is named as well)',
    );
    const diff = await program.run(['check', 'conf.d/a.conf', '--diff'], { cwd });
    expect(diff.stdout).toBe('');
    const all = await seen(cwd, ['conf.d/a.conf', 'nginx.conf', '--fix=review']);
    expect([all.found, all.code]).toEqual([[], 0]);
    expect(text('nginx.conf')).toContain('map $http_upgrade');
  });

  test('goes through a link, and leaves the link', async () => {
    const cwd = program.folder({
      'nginx.conf': MAIN.replace('conf.d/*.conf', 'sites-enabled/*'),
      'sites-available/app': BUFFER,
      'sites-enabled/.keep': '',
    });
    const link = path.join(cwd, 'sites-enabled/app');
    symlinkSync('../sites-available/app', link);
    expect((await seen(cwd, ['sites-enabled/app', '--fix=review'])).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(path.join(cwd, 'sites-available/app'), 'utf8')).not.toBe(BUFFER);
  });
});

describe.concurrent('other commands', () => {
  test('explain and route judge by the whole configuration', async () => {
    const two = (name: string): string =>
      `server {\n    listen 80;\n    server_name ${name};\n    location / { proxy_pass http://127.0.0.1:3400; }\n}\n`;
    const cwd = program.folder({
      'nginx.conf': MAIN,
      'conf.d/a.conf': two('a.test'),
      'conf.d/b.conf': two('app.test'),
    });
    const note = 'conf.d/a.conf was read as part of nginx.conf';
    const { json, stderr } = await program.explain(['--config', 'conf.d/a.conf'], { cwd, input: logLine() });
    expect(json.groups[0]!.explanation.place?.location?.file).toBe(path.join(cwd, 'conf.d/b.conf'));
    expect(stderr).toContain(note);
    const route = await program.run(
      ['route', '--config', 'conf.d/a.conf', 'http://app.test/', '--format', 'json'],
      { cwd },
    );
    expect(JSON.parse(route.stdout).server.names).toEqual(['app.test']);
    expect(route.stderr).toContain(note);
  });
});
