import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDump } from '../../server/src/engine/config/dump.ts';
import { ConfigModel } from '../../server/src/engine/config/model.ts';
import { type LoadOptions, loadSnapshot, type Snapshot } from '../../server/src/engine/config/snapshot.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import type { Host } from '../../server/src/engine/host.ts';
import { OverlayHost } from '../../server/src/node-host.ts';
import { loadGrammar } from '../support/engine.ts';
import { LEVELS, Program } from './cli-run.ts';

/** Which files a configuration is made of, where the real nginx is not asked: see test/nginx/files.test.ts for the rest. */

let program: Program;
beforeAll(async () => {
  await loadGrammar();
  program = new Program();
});
afterAll(() => program.remove());

/** A snapshot of files in memory; the first is the main file. */
function load(
  files: Record<string, string>,
  options: LoadOptions & { realPath?: Host['realPath'] } = {},
): Promise<Snapshot> {
  const overlay = new OverlayHost(new Map(Object.entries(files)), null);
  const host: Host = {
    read: (file) => overlay.read(file),
    list: (directory) => overlay.list(directory),
    ...(options.realPath && { realPath: options.realPath }),
  };
  return loadSnapshot(host, [Object.keys(files)[0]!], options);
}

const FAULT = 'location /ws { proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:3000; }\n';
const http = (text: string): string => `events {}\nhttp {\n${text}\n}\n`;

describe('the folder of nginx', () => {
  const own = { '/etc/nginx/conf.d/machine.conf': '# of this machine\n', '/etc/nginx/mime.types': 'x\n' };
  const include = http('include /etc/nginx/mime.types;\ninclude /etc/nginx/conf.d/*.conf;');

  test('is the checkout’s where it plainly lies there', async () => {
    const snapshot = await load({
      '/repo/nginx/nginx.conf': include,
      '/repo/nginx/conf.d/app.conf': '# app\n',
      ...own,
    });
    expect([...snapshot.files.keys()]).toEqual(['/repo/nginx/nginx.conf', '/repo/nginx/conf.d/app.conf']);
    expect([...snapshot.guessed]).toEqual([['/etc/nginx', '/repo/nginx']]);
  });

  test('is the one above for a fragment in conf.d', async () => {
    const snapshot = await load({
      '/repo/nginx/conf.d/app.conf': 'server { include /etc/nginx/snippets/a.conf; }',
      '/repo/nginx/snippets/a.conf': '# a\n',
      ...own,
    });
    expect([...snapshot.files.keys()][1]).toBe('/repo/nginx/snippets/a.conf');
  });

  test('is not this machine’s for a checkout that does not have it, and then nothing is called absent', async () => {
    const snapshot = await load({
      '/repo/deploy/nginx.conf': http('include /etc/nginx/conf.d/*.conf;\ninclude /etc/nginx/x.conf;'),
      '/repo/.git/HEAD': '',
      ...own,
    });
    expect([...snapshot.files.keys()]).toEqual(['/repo/deploy/nginx.conf']);
    expect(snapshot.guessed.size).toBe(0);
    const model = new ConfigModel(snapshot);
    expect(model.isComplete).toBe(false);
    expect(check(model).findings.map(({ id, severity }) => [id, severity])).toEqual([
      ['include-not-found', 'hint'],
    ]);
  });

  test('is this machine’s where the main file is of it, by its name or really, or of no checkout', async () => {
    const read = async (main: string, realPath?: Host['realPath']): Promise<string[]> => {
      const files = { [main]: http('include /etc/nginx/conf.d/*.conf;'), ...own };
      const snapshot = await load(files, realPath ? { realPath } : {});
      expect(snapshot.guessed.size).toBe(0);
      return [...snapshot.files.keys()].slice(1);
    };
    expect(await read('/etc/nginx/nginx.conf')).toEqual(['/etc/nginx/conf.d/machine.conf']);
    expect(await read('/etc/nginx/sub/nginx.conf')).toEqual(['/etc/nginx/conf.d/machine.conf']);
    expect(await read('/srv/own.conf')).toEqual(['/etc/nginx/conf.d/machine.conf']);
    expect(await read('/home/me/conf/nginx.conf', async () => '/etc/nginx')).toEqual([
      '/etc/nginx/conf.d/machine.conf',
    ]);
  });

  test('is where --map says, which the text output need not repeat', async () => {
    const cwd = program.folder({
      'nginx.conf': http('server { include /etc/nginx/ws.inc; }'),
      'ws.inc': FAULT,
      'conf.d/x.conf': '',
      'other/ws.inc': '',
    });
    const guessed = await program.run(['check'], { cwd });
    expect(guessed.stdout).toContain('ws.inc:1:');
    expect(guessed.stdout.replaceAll('\n', ' ')).toMatch(
      /\/etc\/nginx was taken to be .*--map \/etc\/nginx=DIR/,
    );
    const { json } = await program.check([], { cwd });
    expect(Object.keys(json)).not.toContain('guessed');
    const mapped = await program.run(['check', '--map', '/etc/nginx=other'], { cwd });
    expect(mapped.stdout).not.toContain('taken to be');
    expect(mapped.code).toBe(0);
  });
});

describe('names', () => {
  test('a folder with brackets is one, although nginx would take it for a pattern', async () => {
    const snapshot = await load({
      '/srv/[old] app/nginx.conf': http('include conf.d/*.conf;\ninclude x[1].conf;'),
      '/srv/[old] app/conf.d/a.conf': '',
      '/srv/[old] app/x1.conf': '',
    });
    expect([...snapshot.files.keys()].slice(1)).toEqual([
      '/srv/[old] app/conf.d/a.conf',
      '/srv/[old] app/x1.conf',
    ]);
  });

  test('a link with an absolute path may be right where it was made', async () => {
    const cwd = program.folder({ 'nginx.conf': http('include enabled/*;'), 'enabled/.keep': '' });
    symlinkSync('/etc/nginx/sites-available/app', path.join(cwd, 'enabled/app'));
    const { json, code } = await program.check([], { cwd });
    expect(json.findings.map(({ id, severity }) => [id, severity])).toEqual([['include-not-found', 'hint']]);
    expect([json.problems, code]).toEqual([[], 0]);
  });
});

describe('bytes', () => {
  test('columns count characters, and a fix changes no other byte', async () => {
    const faulty = (comment: Buffer): Buffer =>
      Buffer.concat([
        Buffer.from('events {}\nhttp { server {\nset $x "'),
        comment,
        Buffer.from('"; gzip on\n} }\n'),
      ]);
    for (const [comment, column] of [
      [Buffer.from('\xfc', 'latin1'), 18],
      [Buffer.from('ü'), 18],
      [Buffer.from('üß'), 19],
      [Buffer.concat([Buffer.from('ü€😀'), Buffer.from([0xe9, 0xff])]), 23],
    ] as const) {
      const cwd = program.folder({ 'nginx.conf': faulty(comment) });
      const { json } = await program.check([], { cwd });
      const [finding] = json.findings;
      expect([finding!.id, finding!.range.start.column]).toEqual(['missing-semicolon', column]);
      await program.run(['check', '--fix'], { cwd });
      const fixed = readFileSync(path.join(cwd, 'nginx.conf'));
      expect(
        fixed.equals(Buffer.from(faulty(comment).toString('latin1').replace('on\n', 'on;\n'), 'latin1')),
      ).toBe(true);
    }
  });

  test('UTF-16 is said to be it', async () => {
    const cwd = program.folder({ 'nginx.conf': Buffer.from(`\ufeff${LEVELS.none}`, 'utf16le') });
    const { json } = await program.check([], { cwd });
    expect(json.problems.map(({ kind }) => kind)).toEqual(['not-text']);
    expect(json.problems[0]!.message).toContain('UTF-16');
  });

  test('100 MB in one line, a growing file and one of /proc have an end', async () => {
    const cwd = program.folder({ 'nginx.conf': http('include long.conf;\ninclude /proc/self/environ;') });
    execFileSync('truncate', ['-s', '100M', path.join(cwd, 'long.conf')]);
    const { json } = await program.check([], { cwd });
    expect(json.problems.map(({ kind }) => kind)).toEqual(['too-big']);
    expect(json.problems[0]!.message).toMatch(/included from .*nginx\.conf:3$/);
  });
});

describe('the output of nginx -T', () => {
  const DUMP = `# configuration file /etc/nginx/nginx.conf:
${http('include conf.d/*.conf;')}
# configuration file /etc/nginx/conf.d/app.conf:
server {
    ${FAULT}}
`;

  test.each([
    ['as it is', DUMP],
    [
      'with prompts',
      `me@box:~$ sudo nginx -T 2>&1\nnginx: configuration file x test is successful\n${DUMP}\nme@box:~$ exit\n`,
    ],
    [
      'in prose',
      `Hello, what is wrong here?\n\n\`\`\`nginx\n${DUMP}\`\`\`\n\nThanks; I tried everything {really}.\nBye\n`,
    ],
    [
      'quoted in a mail',
      DUMP.split('\n')
        .map((line) => `> ${line}`.trimEnd())
        .join('\n'),
    ],
    [
      'indented',
      DUMP.split('\n')
        .map((line) => `    ${line}`)
        .join('\n'),
    ],
    [
      'of a container',
      DUMP.split('\n')
        .map((line) => `web-1  | ${line}`)
        .join('\n'),
    ],
    ['with CRLF', DUMP.replaceAll('\n', '\r\n')],
    [
      'in colours',
      DUMP.replaceAll('server', '\u001b[1;31mserver\u001b[0m').replace('# conf', '\u001b[34m# conf'),
    ],
    ['twice', `${DUMP}\n$ nginx -T\n${DUMP}`],
  ])('%s, on standard input and as a file: the finding names the file and its line', async (_name, text) => {
    const cwd = program.folder({ 'dump.txt': text });
    for (const { json } of [
      await program.check(['-'], { cwd, input: text }),
      await program.check(['dump.txt'], { cwd }),
    ]) {
      expect(json.findings.map(({ id, file, range }) => [id, file, range.start.line])).toEqual([
        ['websocket-headers-missing', '/etc/nginx/conf.d/app.conf', 2],
      ]);
      expect(json.files).toEqual(['/etc/nginx/nginx.conf', '/etc/nginx/conf.d/app.conf']);
      expect(json.problems).toEqual([]);
    }
  });

  test('from Windows, and with names that are not in their shortest form', async () => {
    const text = `# configuration file C:\\nginx/conf/nginx.conf:\n${http('include ./sub/a.conf;')}\n# configuration file C:\\nginx/conf/./sub/a.conf:\nserver { ${FAULT} }\n`;
    const { json } = await program.check(['-'], { input: text });
    expect(json.findings.map(({ id, file }) => [id, file])).toEqual([
      ['websocket-headers-missing', 'C:\\nginx/conf/./sub/a.conf'],
    ]);
  });

  test('of which a part is missing: nothing is called absent, nothing is written', async () => {
    const text = DUMP.slice(0, DUMP.indexOf('# configuration file /etc/nginx/conf.d')).replace(
      'conf.d/*.conf',
      'a.conf',
    );
    const cwd = program.folder({ 'dump.txt': text });
    const { json, code } = await program.check(['dump.txt'], { cwd });
    expect([json.findings, code]).toEqual([[], 0]);
    const { code: usage, stderr } = await program.run(['check', '--fix', 'dump.txt'], { cwd });
    expect([usage, stderr]).toEqual([2, expect.stringContaining('cannot write to the output of nginx -T')]);
  });

  test('offsets lead back into it', () => {
    const text = `x\n> # configuration file /a:\n> u\u001b[1mser\u001b[0m x;\n>\n> events {}\n`;
    const [file] = readDump(text)!;
    expect(file!.text).toBe('user x;\n\nevents {}\n');
    for (const [i, c] of [...file!.text].entries()) expect(text[file!.toDump(i)]).toBe(c);
  });
});
