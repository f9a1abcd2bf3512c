import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { dumpPath, readDump } from '../../server/src/engine/config/dump.ts';
import { ConfigModel } from '../../server/src/engine/config/model.ts';
import { loadSnapshot } from '../../server/src/engine/config/snapshot.ts';
import type { Check } from '../../server/src/engine/contract.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { NodeHost } from '../../server/src/node-host.ts';
import { loadGrammar } from '../support/engine.ts';

/** Which files nginx reads, in which order, and what it will not read: the real nginx has the say. */

const nginx = process.env['NGINX_502_NGINX'] ?? 'nginx';
const opened: string[] = [];

beforeAll(() => loadGrammar());
afterEach(() => {
  for (const folder of opened.splice(0)) rmSync(folder, { recursive: true, force: true });
});

type Content = string | Uint8Array | { readonly link: string } | 'directory';

function tree(files: Record<string, Content>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'nginx-502-files-'));
  opened.push(folder);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (content === 'directory') mkdirSync(file);
    else if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(file, content);
    else symlinkSync(content.link, file);
  }
  return folder;
}

const HEAD = 'pid nginx.pid;\nevents {}\n';
const inHttp = (text: string): string => `${HEAD}http {\n${text}\n}\n`;

/** What nginx says: its verdict, its message, and the files it has read by their names in the folder. */
function asked(folder: string, main = 'nginx.conf'): { ok: boolean; output: string; files: string[] } {
  const file = path.join(folder, main);
  const run = spawnSync(
    'unshare',
    ['-n', nginx, '-T', '-q', '-p', `${folder}/`, '-e', 'stderr', '-c', file, '-g', 'error_log stderr;'],
    { encoding: 'latin1', timeout: 20_000 },
  );
  if (run.error) throw run.error;
  const files = [...run.stdout.matchAll(/^# configuration file (.*):$/gm)].map((match) =>
    path.relative(folder, Buffer.from(match[1]!, 'latin1').toString('utf8')),
  );
  return { ok: run.status === 0, output: run.stderr.replaceAll(folder, ''), files };
}

/** What we say, the same way. */
async function ours(
  folder: string,
  main = 'nginx.conf',
): Promise<{ files: string[]; result: Check; model: ConfigModel }> {
  const snapshot = await loadSnapshot(new NodeHost(), [path.join(folder, main)]);
  const model = new ConfigModel(snapshot);
  const result = check(model);
  return { files: result.files.map((file) => path.relative(folder, file)), result, model };
}

async function expectSameFiles(files: Record<string, Content>, main?: string): Promise<string[]> {
  const folder = tree(files);
  const real = asked(folder, main);
  expect(real.ok, real.output).toBe(true);
  const own = await ours(folder, main);
  expect(own.files).toEqual(real.files);
  expect(own.result.problems).toEqual([]);
  expect(own.result.findings.filter(({ id }) => id === 'include-not-found')).toEqual([]);
  return own.files;
}

describe('the same files in the same order', () => {
  const names = [
    'a',
    'A',
    'b',
    'B',
    '_x',
    '.hid',
    '\u00e4',
    '\u00e9',
    '~z',
    'Z',
    '1',
    '10',
    '2',
    'a.b',
    'aa',
    '\u{1f600}',
    '\uff5e',
  ];
  const conf = Object.fromEntries(names.map((name) => [`conf.d/${name}`, `# ${name}\n`]));

  for (const pattern of [
    'conf.d/*',
    'conf.d/.h*',
    'conf.d/?',
    'conf.d/??',
    'conf.d/[a-z]*',
    'conf.d/[!a-z]*',
    'conf.d/[^A]',
    'conf.d/[]a]',
    'conf.d/[a-]*',
    'conf.d/[[:digit:]]*',
    'conf.d/[[:upper:]]',
    'conf.d/[[:alpha:]_]*',
    'conf.d/{a,b}*',
    'conf.d/[ab',
    'conf.d/a[',
    'conf.d/*[.]*',
    'conf.d/[.]hid',
    'conf.d/\\\\.h*',
    'conf.d/[\\\\a]*',
    '*/a',
    './conf.d//a*',
    'conf.d/../conf.d/[ab]',
    'conf*/../conf.d/[1-2]',
    'none/*.conf',
    '[c]onf.d/a?',
  ]) {
    test(pattern, async () => {
      // A name without a match is no pattern, and must be there.
      const extra =
        pattern === 'conf.d/[ab'
          ? { 'conf.d/[ab': '# x\n' }
          : pattern === 'conf.d/a['
            ? { 'conf.d/a[': '# y\n' }
            : {};
      await expectSameFiles({ 'nginx.conf': inHttp(`include "${pattern}";`), ...conf, ...extra });
    });
  }

  test('includes in includes start at the main file, in every kind of block', async () => {
    const read = await expectSameFiles({
      'nginx.conf': `include main/*.conf;\n${inHttp(`
        include http/a.conf;
        map $uri $a { default 0; include data/map*.conf; }
        geo $b { include data/geo.conf; }
        types { include data/types*.conf; }
        upstream u { include data/servers.conf; }
        server { include http/server.conf; location / { include data/loc.conf; if ($a) { include data/if.conf; } limit_except GET { include data/limit.conf; } } }
      `)}`,
      'main/x.conf': 'worker_processes 1;\n',
      'http/a.conf': 'include http/b.conf;\ninclude ./http/../http/c.conf;\n',
      'http/b.conf': '# b\n',
      'http/c.conf': '# c\n',
      'http/server.conf': 'listen 127.0.0.1:8080;\n',
      'data/map1.conf': '/a 1;\ninclude data/deep.conf;\n',
      'data/map2.conf': '/b 1;\n',
      'data/deep.conf': '/c 1;\n',
      'data/geo.conf': 'include data/geo2.conf;\n',
      'data/geo2.conf': '10.0.0.0/8 1;\n',
      'data/types1.conf': 'text/plain txt;\n',
      'data/servers.conf': 'server 127.0.0.1:1;\n',
      'data/loc.conf': 'proxy_pass http://u;\n',
      'data/if.conf': 'return 204;\n',
      'data/limit.conf': 'deny all;\n',
    });
    expect(read).toHaveLength(16);
  });

  test('one file twice, by its name and by links', async () => {
    await expectSameFiles({
      'nginx.conf': inHttp(
        'include a.conf;\ninclude a.conf;\ninclude l*.conf;\ninclude enabled/*;\ninclude all/*;',
      ),
      'a.conf': '# a\n',
      'l1.conf': { link: 'a.conf' },
      'available/site': '# site\n',
      'enabled/site': { link: '../available/site' },
      all: { link: 'available' },
    });
  });

  test('a main file that is a link keeps its own folder', async () => {
    await expectSameFiles({
      'nginx.conf': { link: 'real/nginx.conf' },
      'real/nginx.conf': inHttp('include x.conf;'),
      'real/x.conf': '# in real\n',
      'x.conf': '# outer\n',
    });
  });

  test('what is empty, has no line end, CRLF, tabs or bytes beyond ASCII', async () => {
    await expectSameFiles({
      'nginx.conf': inHttp('include *.inc;\ninclude /dev/null;')
        .replaceAll('\n', '\r\n')
        .replace('/dev/null', 'z.end'),
      'a.inc': '',
      'b.inc': 'server_tokens\toff;',
      'c.inc': '# ohne Zeilenende',
      'd.inc': Buffer.from('# Gr\xfc\xdfe\nlog_format x "\xe9";\n', 'latin1'),
      'e.inc': Buffer.from('# \xc3\xa4 and \xe9\n', 'latin1'),
      'z.end': '\r\n',
    });
  });

  test('/dev/null is an empty file', async () => {
    const folder = tree({ 'nginx.conf': inHttp('include /dev/null;') });
    expect(asked(folder).ok).toBe(true);
    const { result } = await ours(folder);
    expect([result.problems, result.findings]).toEqual([[], []]);
  });
});

describe('what nginx refuses', () => {
  /** nginx refuses it, says so with these words, and we say so of that file and line. */
  async function expectRefused(
    files: Record<string, Content>,
    words: string,
    wanted: { id?: string; problem?: string; place: string; message?: RegExp },
  ): Promise<Check> {
    const folder = tree(files);
    const real = asked(folder);
    expect(real.ok).toBe(false);
    expect(real.output).toContain(words);
    const { result } = await ours(folder);
    const found = [
      ...result.findings.filter(({ severity }) => severity === 'error'),
      ...result.problems.map((problem) => ({ ...problem, id: problem.kind })),
    ].map(({ id, file, range, message }) => ({
      id,
      place: `${path.relative(folder, file)}${range ? `:${range.start.line}` : ''}`,
      message: message.replaceAll(folder, ''),
    }));
    expect(found.map(({ id, place }) => ({ id, place }))).toEqual([
      { id: wanted.id ?? wanted.problem, place: wanted.place },
    ]);
    if (wanted.message) expect(found[0]!.message).toMatch(wanted.message);
    return result;
  }

  test('a file that is not there', () =>
    expectRefused(
      { 'nginx.conf': inHttp('include a.conf;'), 'a.conf': 'include gone;\n' },
      'open() "/gone" failed (2:',
      {
        id: 'include-not-found',
        place: 'a.conf:1',
      },
    ));

  test('a pattern in geo is none', () =>
    expectRefused(
      { 'nginx.conf': inHttp('geo $a { include g*.conf; }'), 'g1.conf': '10.0.0.0/8 1;\n' },
      'open() "/g*.conf" failed (2:',
      { id: 'include-not-found', place: 'nginx.conf:4' },
    ));

  test('a link in the way of a pattern that leads nowhere', () =>
    expectRefused(
      { 'nginx.conf': inHttp('include enabled/*;'), 'enabled/app': { link: '../available/app' } },
      'open() "/enabled/app" failed (2:',
      {
        id: 'include-not-found',
        place: 'nginx.conf:4',
        message: /^the included file \/enabled\/app is a link to \.\.\/available\/app, which does not exist/,
      },
    ));

  test('a directory that a pattern matches', () =>
    expectRefused(
      { 'nginx.conf': inHttp('include a.conf;'), 'a.conf': '\ninclude d*;\n', d1: 'directory' },
      '(21: Is a directory)',
      {
        problem: 'unreadable',
        place: 'd1',
        message: /^\/d1 is a directory; included from \/a\.conf:2, from \/nginx\.conf:4$/,
      },
    ));

  test('a pattern that matches the directory itself', async () => {
    const folder = tree({ 'nginx.conf': inHttp('include conf.d/.*;'), 'conf.d/a': '' });
    expect(asked(folder).output).toContain('pread() "/conf.d/." failed (21: Is a directory)');
    const { result } = await ours(folder);
    expect(result.problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('conf.d is a directory'),
    );
  });

  test('a block that another file closes, or leaves open', async () => {
    await expectRefused(
      { 'nginx.conf': `${HEAD}http {\ninclude open.conf;\n}\n`, 'open.conf': 'server {\nlisten 81;\n' },
      'unexpected end of file, expecting "}" in /open.conf',
      { id: 'unclosed-block', place: 'open.conf:1' },
    );
    await expectRefused(
      { 'nginx.conf': inHttp('include more.conf;'), 'more.conf': 'server { listen 81; }\n}\n' },
      'unexpected "}" in /more.conf:2',
      { id: 'unexpected-brace', place: 'more.conf:2' },
    );
    await expectRefused(
      { 'nginx.conf': inHttp('include cut.conf;'), 'cut.conf': 'server_tokens off\n' },
      'unexpected end of file, expecting ";" or "}" in /cut.conf',
      { id: 'missing-semicolon', place: 'cut.conf:1' },
    );
  });

  test('a circle', async () => {
    const folder = tree({
      'nginx.conf': inHttp('include a.conf;'),
      'a.conf': 'include b.conf;\n',
      'b.conf': '\ninclude a.conf;\n',
    });
    expect(asked(folder).ok).toBe(false);
    const { result } = await ours(folder);
    expect(
      result.problems.map(({ file, range }) => [path.relative(folder, file), range?.start.line]),
    ).toEqual([['b.conf', 2]]);
    expect(result.problems[0]!.message.replaceAll(folder, '')).toContain(
      '/a.conf includes /b.conf includes /a.conf',
    );
  });

  test('a socket, and a FIFO for which nginx would wait', async () => {
    const folder = tree({ 'nginx.conf': inHttp('include s*;') });
    const server = createServer().listen(path.join(folder, 'sock'));
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      expect(asked(folder).output).toContain('(6: No such device or address)');
      const { result } = await ours(folder);
      expect(result.problems.map(({ message }) => message.replaceAll(folder, ''))).toEqual([
        '/sock is a socket, not a regular file; included from /nginx.conf:4',
      ]);
    } finally {
      server.close();
    }
    const waiting = tree({ 'nginx.conf': inHttp('include fifo;') });
    execFileSync('mkfifo', [path.join(waiting, 'fifo')]);
    const { result } = await ours(waiting);
    expect(result.problems.map(({ message }) => message.replaceAll(waiting, ''))).toEqual([
      '/fifo is not a regular file; included from /nginx.conf:4',
    ]);
  });
});

describe('what nginx -T prints', () => {
  test('is read back as the same files, with every offset', async () => {
    const folder = tree({
      'nginx.conf': inHttp('include ./sub/*.conf;\ninclude sub/../empty.conf;\ninclude crlf.conf;'),
      'sub/a.conf': '# configuration\nserver { listen 127.0.0.1:8080; }\n\n\n',
      'sub/b.conf': 'map $uri $x {\n  default "a # b";\n}',
      'empty.conf': '',
      'crlf.conf': 'server_tokens off;\r\n# end\r\n',
    });
    const { stdout } = spawnSync(
      'unshare',
      ['-n', nginx, '-T', '-p', `${folder}/`, '-e', 'stderr', '-c', path.join(folder, 'nginx.conf')],
      { encoding: 'utf8' },
    );
    const around = `$ nginx -T 2>&1\nnginx: the configuration file x syntax is ok\n${stdout}\nroot@web:~# exit\n`;
    const files = readDump(around)!;
    expect(files.map((file) => path.relative(folder, dumpPath(file.path)))).toEqual(
      (await ours(folder)).files,
    );
    for (const file of files) {
      for (let i = 0; i < file.text.trimEnd().length; i++)
        expect(around[file.toDump(i)], `${file.path} ${i}`).toBe(file.text[i]);
    }
  });
});
