import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Diagnostic } from 'vscode-languageserver/node';
import { LIST, type ListParams, READ, type ReadParams } from '../../server/src/protocol.ts';
import { loadGrammar } from '../support/engine.ts';
import { type Editor, folder, inProcess } from './lsp-editor.ts';

/** Which files belong to an open document, over a real protocol connection. */

beforeAll(() => loadGrammar());

const WS =
  'location /ws {\n    proxy_set_header Upgrade $http_upgrade;\n    proxy_pass http://127.0.0.1:3001;\n}\n';
const main = (include: string): string =>
  `events {}\nhttp {\n    server {\n        include ${include};\n    }\n}\n`;
const has = (id: string) => (diagnostics: Diagnostic[]) => diagnostics.some(({ code }) => code === id);
const lines = (diagnostics: Diagnostic[]): number[] => diagnostics.map(({ range }) => range.start.line);

describe('the main file of a document', () => {
  test('is found through a link, and the unsaved text counts', async () => {
    const { path: base, uri } = folder({
      'nginx.conf': main('sites-enabled/*'),
      'sites-available/app': 'location / { return 204; }\n',
      'sites-enabled/.keep': '',
    });
    symlinkSync('../sites-available/app', path.join(base, 'sites-enabled/app'));
    const editor = await inProcess();
    const app = uri('sites-available/app');
    editor.open(app, `\n${WS}`);
    expect(lines(await editor.until(app, has('websocket-headers-missing')))).toEqual([2]);
    expect(editor.statuses.get(app)!.entryFile).toBe(uri('nginx.conf'));
    expect(editor.diagnostics.has(uri('sites-enabled/app'))).toBe(false);
    const [fix] = await editor.actions(app, 2);
    expect(JSON.stringify(fix!.edit)).toContain(app);
    // Open under both names: both show it.
    const link = uri('sites-enabled/app');
    editor.open(link, `\n${WS}`);
    await editor.until(link, has('websocket-headers-missing'));
    await editor.until(app, has('websocket-headers-missing'));
  });

  test('may be several: findings of all, fixes that are right for all', async () => {
    const { path: base, uri } = folder({
      'docker/dev/nginx.conf': main('../common/ws.conf'),
      'docker/prod/nginx.conf': `events {}\nhttp {\n    server {\n        resolver 127.0.0.53;\n        include ../common/ws.conf;\n    }\n}\n`,
      'docker/common/ws.conf': `${WS}location /v { set $b http://api.test:80; proxy_pass $b; }\n`,
      'node_modules/x/nginx.conf': main('../../docker/common/ws.conf'),
    });
    const editor = await inProcess(null, {
      workspaceFolders: [{ uri: uri(''), name: 'x' }],
    });
    const ws = uri('docker/common/ws.conf');
    editor.open(ws, `${WS}location /v { set $b http://api.test:80; proxy_pass $b; }\n`);
    const shown = await editor.until(ws, has('resolver-missing'));
    expect(shown.filter(({ code }) => code === 'websocket-headers-missing')).toHaveLength(1);
    expect(editor.statuses.get(ws)!.entryFile).toBe(uri('docker/dev/nginx.conf'));
    expect(base).not.toBe('');
    editor.open(uri('docker/dev/nginx.conf'), 'events {}\nhttp {}\n');
    // Now prod alone includes it, and prod has a resolver.
    await editor.until(ws, (diagnostics) => !has('resolver-missing')(diagnostics));
    expect(editor.statuses.get(ws)!.entryFile).toBe(uri('docker/prod/nginx.conf'));
  });

  test('without any, the content tells the level, and what nobody can know is not said', async () => {
    const { uri } = folder({ 'a/ws.conf': '', 'a/bare.conf': '' });
    const editor = await inProcess();
    editor.open(uri('a/ws.conf'), WS);
    await editor.until(uri('a/ws.conf'), has('websocket-headers-missing'));
    editor.open(uri('a/bare.conf'), 'proxy_read_timeout 5s;\ninclude gone.conf;\n');
    expect(await editor.until(uri('a/bare.conf'), () => true)).toEqual([]);
  });
});

describe('the disk', () => {
  test('is looked at again when nobody told of a change', async () => {
    const { path: base, uri } = folder({ 'nginx.conf': main('conf.d/*.conf'), 'conf.d/a.conf': '' });
    const editor = await inProcess();
    editor.open(uri('nginx.conf'), main('conf.d/*.conf'));
    await editor.until(uri('nginx.conf'), () => true);
    writeFileSync(path.join(base, 'conf.d/b.conf'), WS);
    await editor.until(uri('conf.d/b.conf'), has('websocket-headers-missing'));
    renameSync(path.join(base, 'conf.d/b.conf'), path.join(base, 'conf.d/b.off'));
    editor.change(uri('nginx.conf'), [{ range: at(0, 0), text: ' ' }]);
    await editor.until(uri('conf.d/b.conf'), (diagnostics) => diagnostics.length === 0);
    rmSync(path.join(base, 'conf.d/b.off'));
  });

  test('has what cannot be read shown at the include that asks for it', async () => {
    const { uri } = folder({ 'nginx.conf': '', 'conf.d/sub.conf/x': '' });
    const editor = await inProcess();
    editor.open(uri('nginx.conf'), main('conf.d/*.conf'));
    const [problem] = await editor.until(uri('nginx.conf'), has('unreadable'));
    expect(problem!.range.start.line).toBe(3);
    expect(problem!.message).toMatch(/conf\.d\/sub\.conf is a directory; included from .*nginx\.conf:4$/);
  });

  test('is not asked for the folder of nginx when a checkout has its own, and that is said', async () => {
    const { uri } = folder({
      'nginx/nginx.conf': '',
      'nginx/conf.d/a.conf': 'server { include /etc/nginx/ws.inc; }\n',
      'nginx/ws.inc': WS,
    });
    const editor = await inProcess();
    editor.open(uri('nginx/nginx.conf'), 'events {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n');
    await editor.until(uri('nginx/ws.inc'), has('websocket-headers-missing'));
    expect(editor.logged.join()).toMatch(/\/etc\/nginx was taken to be .*\/nginx;/);
  });
});

function at(line: number, character: number): Diagnostic['range'] {
  return { start: { line, character }, end: { line, character } };
}

describe('the output of nginx -T in an editor', () => {
  const DUMP = [
    'root@web:~# nginx -T',
    'nginx: the configuration file /etc/nginx/nginx.conf syntax is ok',
    '# configuration file /etc/nginx/nginx.conf:',
    'events {}',
    'http {',
    '    server {',
    '        \u001b[32minclude\u001b[0m snippets/ws.conf;',
    '    }',
    '}',
    '',
    '# configuration file /etc/nginx/snippets/ws.conf:',
    ...WS.split('\n'),
    'root@web:~# ',
  ];

  for (const [what, text] of [
    ['with line feeds', DUMP.join('\n')],
    ['with CRLF', DUMP.join('\r\n')],
    ['quoted', DUMP.map((line) => `> ${line}`).join('\n')],
  ] as const) {
    test(`${what}: findings stand in its own text, and name the file`, async () => {
      const editor = await inProcess();
      editor.open('untitled:Untitled-1', text);
      const shown = await editor.until('untitled:Untitled-1', has('websocket-headers-missing'));
      expect(shown).toHaveLength(1);
      const { start, end } = shown[0]!.range;
      expect(text.split('\n')[start.line]!.slice(start.character, end.character)).toBe(
        'proxy_set_header Upgrade $http_upgrade',
      );
      expect(shown[0]!.message).toContain('/etc/nginx/snippets/ws.conf:2');
      expect([...editor.diagnostics.keys()]).toEqual(['untitled:Untitled-1']);
      // A keystroke further up moves it.
      editor.change('untitled:Untitled-1', [{ range: at(0, 0), text: 'look:\n' }]);
      await editor.until('untitled:Untitled-1', (now) => now[0]?.range.start.line === start.line + 1);
    });
  }
});

describe('a virtual file system', () => {
  const ROOT = 'vscode-vfs://github/o/r/nginx';
  const files: Record<string, string> = {
    [`${ROOT}/nginx.conf`]: main('conf.d/*.conf'),
    [`${ROOT}/conf.d/a%20b.conf`]: WS,
    [`${ROOT}/conf.d/c.conf`]: 'include /etc/nginx/mime.types;\ninclude gone.conf;\n',
  };

  /** A client that serves the files above; `late` answers nothing. */
  async function serving(late = false): Promise<{ editor: Editor; asked: string[] }> {
    const editor = await inProcess(null, { initializationOptions: { virtualFiles: true } });
    const asked: string[] = [];
    const answer = async <T>(uri: string, value: T): Promise<T> => {
      asked.push(uri);
      if (late) await new Promise(() => {});
      return value;
    };
    editor.connection.onRequest(READ, ({ uri }: ReadParams) =>
      answer(uri, { text: files[uri] ?? null, problem: null }),
    );
    editor.connection.onRequest(LIST, ({ uri }: ListParams) => {
      const below = Object.keys(files).filter((file) => file.startsWith(`${uri}/`));
      const names = below.map((file) => decodeURIComponent(file.slice(uri.length + 1).split('/')[0]!));
      return answer(uri, { names: names.length > 0 ? [...new Set(names)] : null });
    });
    return { editor, asked };
  }

  test('has its includes followed, and its absolute paths stay in it', async () => {
    const { editor, asked } = await serving();
    editor.open(`${ROOT}/nginx.conf`, files[`${ROOT}/nginx.conf`]!);
    const included = `${ROOT}/conf.d/a%20b.conf`;
    expect(lines(await editor.until(included, has('websocket-headers-missing')))).toEqual([1]);
    const missing = await editor.until(`${ROOT}/conf.d/c.conf`, has('include-not-found'));
    expect(missing.map(({ code, message }) => [code, String(message).split('.')[0]])).toEqual([
      ['include-not-found', 'The included file /o/r/nginx/gone'],
    ]);
    expect(asked.every((uri) => uri.startsWith('vscode-vfs://github/'))).toBe(true);
    const before = asked.length;
    editor.change(`${ROOT}/nginx.conf`, [{ range: at(0, 0), text: '# x\n' }]);
    await editor.quiet();
    // A keystroke asks nobody.
    expect(asked.length).toBe(before);
  });

  test('leads from a fragment to the main file, whose unsaved text counts', async () => {
    const { editor } = await serving();
    const fragment = `${ROOT}/conf.d/a%20b.conf`;
    editor.open(fragment, `# one more\n${WS}`);
    expect(lines(await editor.until(fragment, has('websocket-headers-missing')))).toEqual([2]);
    expect(editor.statuses.get(fragment)!.entryFile).toBe(`${ROOT}/nginx.conf`);
  });

  test('that does not answer is one without files', async () => {
    const { editor } = await serving(true);
    editor.open(`${ROOT}/app.conf`, WS);
    await editor.until(`${ROOT}/app.conf`, has('websocket-headers-missing'));
  });

  test('is not asked of a client that cannot', async () => {
    const editor = await inProcess();
    let asked = 0;
    editor.connection.onRequest(READ, () => {
      asked++;
      return null;
    });
    editor.open(`${ROOT}/app.conf`, `include gone.conf;\n${WS}`);
    const shown = await editor.until(`${ROOT}/app.conf`, has('websocket-headers-missing'));
    expect(shown).toHaveLength(1);
    expect(asked).toBe(0);
  });
});
