import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type CodeAction,
  createProtocolConnection,
  type Diagnostic,
  StreamMessageReader,
  StreamMessageWriter,
  type TextDocumentEdit,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { toDiagnostic } from '../../server/src/lsp/convert.ts';
import {
  EFFECTIVE,
  type EffectiveReply,
  EXPLAIN,
  type ExplainAnswer,
  type ExplainParams,
  FIX,
  type FixAnswer,
  ROUTE,
  type RouteReply,
} from '../../server/src/protocol.ts';
import { loadGrammar, modelOf, ROOT } from '../support/engine.ts';
import { fixtures } from '../support/fixture.ts';
import { closing, Editor, folder, inProcess } from './lsp-editor.ts';

/** The language server over a real protocol connection, in this process and as the built program. */

beforeAll(() => loadGrammar());

const WS =
  'location /ws {\n    proxy_set_header Upgrade $http_upgrade;\n    proxy_pass http://127.0.0.1:3001;\n}\n';
const MAIN = 'events {}\nhttp {\n    server {\n        listen 80;\n        include ws.conf;\n    }\n}\n';

/** Text of a document after the edits that an action has for it. */
function applied(action: CodeAction, uri: string, text: string): string {
  const edits = (action.edit!.documentChanges as TextDocumentEdit[]).filter(
    (change) => change.textDocument.uri === uri,
  );
  return TextDocument.applyEdits(
    TextDocument.create(uri, 'nginx', 0, text),
    edits.flatMap((change) => change.edits as { range: Diagnostic['range']; newText: string }[]),
  );
}

describe('diagnostics', () => {
  test('stand where the finding is, with the other places and a page to read', async () => {
    const files = folder({ 'nginx.conf': MAIN, 'ws.conf': WS });
    const editor = await inProcess();
    editor.open(files.uri('nginx.conf'), MAIN);
    const [diagnostic] = await editor.until(files.uri('ws.conf'), (list) => list.length === 1);
    expect(diagnostic).toMatchObject({
      code: 'websocket-headers-missing',
      source: 'nginx-502',
      severity: 2,
      range: { start: { line: 1, character: 4 }, end: { line: 1, character: 42 } },
      codeDescription: { href: expect.stringMatching(/^https:\/\/nginx\.org\//) },
    });
    expect(diagnostic!.relatedInformation![0]!.location.uri).toBe(files.uri('ws.conf'));
    expect(editor.diagnostics.get(files.uri('nginx.conf'))).toEqual([]);
  });

  test('a fragment is judged by the configuration that includes it, from its open text', async () => {
    const files = folder({ 'nginx.conf': MAIN, 'ws.conf': 'location /ok { return 204; }\n' });
    const editor = await inProcess();
    editor.open(files.uri('ws.conf'), 'location /x { set $b b.test; proxy_pass http://$b; }\n');
    // Only a whole configuration can lack a resolver.
    const [diagnostic] = await editor.until(files.uri('ws.conf'), (list) => list.length === 1);
    expect(diagnostic!.code).toBe('resolver-missing');
    editor.open(
      files.uri('nginx.conf'),
      MAIN.replace('listen 80;', 'listen 80;\n        resolver 127.0.0.53;'),
    );
    await editor.until(files.uri('ws.conf'), (list) => list.length === 0);
    editor.close(files.uri('nginx.conf'));
    await editor.until(files.uri('ws.conf'), (list) => list.length === 1);
    editor.close(files.uri('ws.conf'));
    await editor.until(files.uri('ws.conf'), (list) => list.length === 0);
  });

  test('a change on the disk is seen when the editor tells of it', async () => {
    const files = folder({ 'nginx.conf': MAIN, 'ws.conf': WS });
    const editor = await inProcess();
    editor.open(files.uri('nginx.conf'), MAIN);
    await editor.until(files.uri('ws.conf'), (list) => list.length === 1);
    writeFileSync(path.join(files.path, 'ws.conf'), 'location /ok { return 204; } # sound\n');
    void editor.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: files.uri('ws.conf'), type: 2 }],
    });
    await editor.until(files.uri('ws.conf'), (list) => list.length === 0);
  });

  test('a missing file is told where it is asked for', async () => {
    const files = folder({ 'nginx.conf': MAIN });
    const editor = await inProcess();
    editor.open(files.uri('nginx.conf'), MAIN);
    const list = await editor.until(files.uri('nginx.conf'), (found) => found.length > 0);
    expect(list.map((diagnostic) => [diagnostic.code, diagnostic.range.start.line])).toEqual([
      ['include-not-found', 4],
    ]);
  });
});

describe('what may come from an editor', () => {
  test('documents that are no files, other languages, and files of other machines', async () => {
    const editor = await inProcess();
    editor.open('untitled:Untitled-1', MAIN.replace('include ws.conf;', `include gone.conf;\n${WS}`));
    const list = await editor.until('untitled:Untitled-1', (found) => found.length > 0);
    expect(list.map((diagnostic) => diagnostic.code)).toEqual(['websocket-headers-missing']);
    editor.open('vscode-vfs://github/a/nginx.conf', 'events {');
    await editor.until('vscode-vfs://github/a/nginx.conf', (found) => found.length === 1);
    editor.open('file://elsewhere/share/nginx.conf', 'events {}');
    await editor.until('file://elsewhere/share/nginx.conf', (found) => found.length === 0);
    editor.open('file:///tmp/x.json', '{', 'json');
    await editor.quiet();
    expect(editor.diagnostics.has('file:///tmp/x.json')).toBe(false);
    expect(await editor.actions('file:///tmp/never-opened.conf', 0)).toEqual([]);
  });

  test('settings that are unknown or wrong are told once, and the rest holds', async () => {
    const editor = await inProcess({
      severity: { 'websocket-headers-missing': 'off', x: 'loud' },
      nginxVersion: 7,
      colour: 'red',
      entryFiles: 'nginx.conf',
    });
    const files = folder({ 'nginx.conf': MAIN, 'ws.conf': WS });
    editor.open(files.uri('nginx.conf'), MAIN);
    await editor.until(files.uri('nginx.conf'), (list) => list.length === 0);
    await editor.quiet();
    expect(editor.diagnostics.get(files.uri('ws.conf')) ?? []).toEqual([]);
    expect(editor.messages.sort()).toEqual([
      'nginx-502: nginx502.colour is not a setting',
      'nginx-502: nginx502.entryFiles must be a list of paths',
      'nginx-502: nginx502.nginxVersion must be a version like "1.28" or "1.25.3"',
      'nginx-502: nginx502.severity of x must be one of error, warning, info, hint, off',
    ]);
  });
});

describe('code actions', () => {
  test('several fixes with the preferred one marked, and the suppression', async () => {
    const files = folder({ 'nginx.conf': MAIN, 'ws.conf': WS });
    const editor = await inProcess();
    editor.open(files.uri('ws.conf'), WS);
    await editor.until(files.uri('ws.conf'), (list) => list.length === 1);
    const actions = await editor.actions(files.uri('ws.conf'), 1);
    expect(actions.map((action) => [action.title, action.isPreferred ?? false])).toEqual([
      ['Pass the WebSocket upgrade on to the backend', true],
      ['Ignore websocket-headers-missing here, with a reason', false],
    ]);
    // Through the include: the map goes into the file that holds the http block, which is not open.
    const changes = actions[0]!.edit!.documentChanges as TextDocumentEdit[];
    expect(new Map(changes.map((change) => [change.textDocument.uri, change.textDocument.version]))).toEqual(
      new Map([
        [files.uri('ws.conf'), 1],
        [files.uri('nginx.conf'), null],
      ]),
    );
    writeFileSync(path.join(files.path, 'nginx.conf'), applied(actions[0]!, files.uri('nginx.conf'), MAIN));
    editor.change(files.uri('ws.conf'), [{ text: applied(actions[0]!, files.uri('ws.conf'), WS) }]);
    await editor.until(files.uri('ws.conf'), (list) => list.length === 0);
    editor.change(files.uri('ws.conf'), [{ text: applied(actions[1]!, files.uri('ws.conf'), WS) }]);
    await editor.quiet();
    expect(editor.diagnostics.get(files.uri('ws.conf'))).toEqual([]);
  });

  test('are worked out from the text as it is now, not as it was shown', async () => {
    const files = folder({ 'nginx.conf': MAIN });
    const editor = await inProcess();
    editor.open(files.uri('nginx.conf'), 'events {}\nhttp {\n    server {\n        listen 80\n    }\n}\n');
    await editor.until(files.uri('nginx.conf'), (list) => list.length === 1);
    editor.change(files.uri('nginx.conf'), [
      { range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, text: '# a new line\n' },
    ]);
    const [fix] = await editor.actions(files.uri('nginx.conf'), 4);
    const changes = fix!.edit!.documentChanges as TextDocumentEdit[];
    expect(changes[0]!.textDocument.version).toBe(2);
    expect(changes[0]!.edits[0]!.range.start).toEqual({ line: 4, character: 17 });
    expect(await editor.actions(files.uri('nginx.conf'), 1)).toEqual([]);
  });

  test('all safe problems at once', async () => {
    const text =
      'events {}\nhttp {\n    server {\n        listen 80;\n        client_max_body_size 1m\n        root /srv\n        location / { proxy_pass http://127.0.0.1:1 }\n    }\n}\n';
    const files = folder({ 'nginx.conf': text });
    const editor = await inProcess();
    editor.open(files.uri('nginx.conf'), text);
    await editor.until(files.uri('nginx.conf'), (list) => list.length > 0);
    const [action] = await editor.actions(files.uri('nginx.conf'), 0, ['source.fixAll']);
    expect(action!.kind).toBe('source.fixAll.nginx-502');
    expect(applied(action!, files.uri('nginx.conf'), text)).toBe(
      text.replace('1m', '1m;').replace('/srv', '/srv;').replace(':1 }', ':1; }'),
    );
  });
});

const API = `server {
    server_name app.test;
    location /api/ {
        proxy_set_header Host $host;
        proxy_pass https://127.0.0.1:3000;
    }
}
`;
const LINE =
  '2026/01/31 03:42:17 [error] 4242#4242: *8 SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream, client: 192.0.2.7, server: app.test, request: "GET /api/users HTTP/1.1", upstream: "https://127.0.0.1:3000/api/users", host: "app.test"';

describe('explaining a log line', () => {
  const shop = { 'nginx.conf': 'events {}\nhttp {\n    include conf.d/*.conf;\n}\n', 'conf.d/app.conf': API };
  const ask = (editor: Editor, params: ExplainParams): Promise<ExplainAnswer> =>
    editor.connection.sendRequest(EXPLAIN, params);

  test('draws the track, the place with its lines, and the fix', async () => {
    const editor = await inProcess();
    const files = folder(shop);
    const configuration = files.uri('conf.d/app.conf');
    const answer = await ask(editor, { source: { text: LINE }, configuration });
    expect(answer.judgedBy).toEqual({ entryFile: files.uri('nginx.conf'), files: 2 });
    expect(answer.nothing).toBeNull();
    const [drawing] = answer.drawings;
    expect(drawing!.track!.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'resolve absent',
      'connect passed',
      'TLS failed',
      'send ahead',
      'header ahead',
      'body ahead',
    ]);
    expect(drawing!.place).toEqual({
      uri: configuration,
      range: { start: { line: 5, column: 9 }, end: { line: 5, column: 42 } },
      text: 'location /api/ in app.test',
      lines: [
        { number: 3, text: 'location /api/ {', mark: null },
        { number: 4, text: '    proxy_set_header Host $host;', mark: null },
        { number: 5, text: '    proxy_pass https://127.0.0.1:3000;', mark: [4, 37] },
        { number: 6, text: '}', mark: null },
      ],
    });
    const [cause] = drawing!.causes;
    expect(answer.result.groups[0]!.explanation.causes[0]!.id).toBe('tls-to-plain-backend');
    expect(cause!.page).toMatch(/^https:\/\/nginx\.org\//);
    expect(cause!.fixes[0]!.files).toEqual([
      {
        uri: configuration,
        lines: [
          { kind: 'same', text: '    proxy_set_header Host $host;' },
          { kind: 'remove', text: '    proxy_pass https://127.0.0.1:3000;' },
          { kind: 'add', text: '    proxy_pass http://127.0.0.1:3000;' },
          { kind: 'same', text: '}' },
        ],
      },
    ]);
  });

  test('works a fix out for the text as it is now, and not where it is gone', async () => {
    const editor = await inProcess();
    const files = folder(shop);
    const configuration = files.uri('conf.d/app.conf');
    const source = { text: LINE };
    const { result } = await ask(editor, { source, configuration });
    const { id, fixes } = result.groups[0]!.explanation.causes[0]!;
    const params = { source, configuration, group: 0, cause: id, fix: fixes[0]!.title };
    editor.open(configuration, `# one line more\n${API}`);
    const answer: FixAnswer = await editor.connection.sendRequest(FIX, params);
    expect(answer.files).toEqual([
      { uri: configuration, text: `# one line more\n${API.replace('https:', 'http:')}` },
    ]);
    const edit = answer.edit as { documentChanges: TextDocumentEdit[] };
    expect(edit.documentChanges[0]!.textDocument).toEqual({ uri: configuration, version: 1 });
    expect(applied({ title: '', edit }, configuration, `# one line more\n${API}`)).toBe(
      answer.files[0]!.text,
    );
    editor.change(configuration, [{ text: API.replace('https:', 'http:') }]);
    expect(await editor.connection.sendRequest(FIX, params)).toBeNull();
  });

  test('without a configuration, and of what is no log', async () => {
    const editor = await inProcess();
    const bare = await ask(editor, { source: { text: LINE }, configuration: null });
    expect(bare.judgedBy).toBeNull();
    expect(bare.drawings[0]!.place).toBeNull();
    expect(bare.drawings[0]!.causes[0]!.fixes).toEqual([]);
    const nothing = await ask(editor, { source: { text: 'my site is down' }, configuration: null });
    expect(nothing.drawings).toEqual([]);
    expect(nothing.nothing![0]).toBe('No nginx error-log line was found in 1 line of input.');
    expect((await ask(editor, { source: { text: '' }, configuration: null })).nothing![0]).toMatch(/empty/);
  });

  test('reads a log file, packed too, and says when it cannot', async () => {
    const editor = await inProcess();
    const files = folder({ 'error.log': `${LINE}\n`.repeat(3) });
    writeFileSync(path.join(files.path, 'old.gz'), gzipSync(`${LINE}\n`));
    const read = (name: string): Promise<ExplainAnswer> =>
      ask(editor, { source: { file: path.join(files.path, name) }, configuration: null });
    expect((await read('error.log')).result.groups[0]!.count).toBe(3);
    expect((await read('old.gz')).result.events).toBe(1);
    expect((await read('absent')).result.problems[0]!.message).toMatch(/absent does not exist$/);
    expect((await read('.')).result.problems[0]!.message).toMatch(/is a directory/);
  });

  test('tells when configurations were read anew, and how documents are judged', async () => {
    const editor = await inProcess({ nginxVersion: '1.28' });
    const files = folder(shop);
    const uri = files.uri('conf.d/app.conf');
    editor.open(uri, API);
    await editor.until(uri, (all) => all.length > 0);
    await editor.quiet();
    expect(editor.checks).toBeGreaterThan(0);
    expect(editor.statuses.get(uri)).toEqual({
      uri,
      version: { value: '1.28', from: 'the setting nginx502.nginxVersion' },
      entryFile: files.uri('nginx.conf'),
    });
    const before = editor.checks;
    editor.change(uri, [{ text: `${API}\n` }]);
    await editor.until(uri, () => editor.checks > before);
  });
});

const ROUTED = `server {
    listen 127.0.0.1:8080;
    server_name app.test;
    proxy_read_timeout 5s;
    proxy_set_header Host $host;
    location /api/ {
        proxy_set_header X-Real-IP $remote_addr;
        proxy_read_timeout 7s;
        proxy_pass http://127.0.0.1:3000/v1/;
    }
    location /old/ {
        return 301 /new/;
    }
}
`;

describe('routing', () => {
  const shop = {
    'nginx.conf': 'events {}\nhttp {\n    include conf.d/*.conf;\n}\n',
    'conf.d/app.conf': ROUTED,
  };
  const ask = (editor: Editor, configuration: string, url: string): Promise<RouteReply> =>
    editor.connection.sendRequest(ROUTE, { configuration, url });
  const hover = async (editor: Editor, uri: string, line: number, character: number): Promise<string> => {
    const answer: { contents: { value: string } } | null = await editor.connection.sendRequest(
      'textDocument/hover',
      { textDocument: { uri }, position: { line, character } },
    );
    return answer?.contents.value ?? '';
  };

  test('says which location serves a URL, where it is, and what nginx sends', async () => {
    const editor = await inProcess();
    const files = folder(shop);
    const uri = files.uri('conf.d/app.conf');
    const reply = await ask(editor, files.uri('nginx.conf'), 'http://app.test:8080/api/users?x=1');
    expect(reply.problem).toBeNull();
    expect(reply.places.map(({ uri: file, range, text }) => [file, range.start.line, text])).toEqual([
      [uri, 9, 'proxy_pass http://127.0.0.1:3000/v1/'],
      [uri, 6, 'location /api/'],
      [uri, 1, 'server app.test'],
    ]);
    expect(reply.request).toMatch(/^GET \/v1\/users\?x=1 HTTP\/1\.[01]$/m);
    expect(reply.request).toMatch(/^X-Real-IP: .*# app\.conf:7$/m);
    expect(reply.request).toMatch(/^Host: 127\.0\.0\.1:3000 +# nginx's default$/m);
    expect(reply.command).toMatch(/^curl .*127\.0\.0\.1:3000/);
    const redirect = await ask(editor, uri, 'http://app.test:8080/old/x');
    expect(redirect.answer!.outcome).toMatchObject({ kind: 'redirect', status: '301' });
    expect(redirect.request).toBeNull();
    expect((await ask(editor, uri, 'app.test/api')).problem).toMatch(/begins with http/);
  });

  test('gives the values in effect at a position, each with its line, and a URL that comes there', async () => {
    const editor = await inProcess();
    const files = folder(shop);
    const uri = files.uri('conf.d/app.conf');
    editor.open(uri, ROUTED);
    const at = (line: number): Promise<EffectiveReply> =>
      editor.connection.sendRequest(EFFECTIVE, { uri, position: { line, character: 8 } });
    const reply = await at(7);
    expect(reply.url).toBe('http://app.test:8080/api/');
    const value = (name: string) => reply.effective.find(({ directive }) => directive === name)!;
    expect(value('proxy_read_timeout')).toMatchObject({
      value: '7s',
      from: { range: { start: { line: 8 } } },
    });
    expect(value('proxy_connect_timeout')).toMatchObject({ from: 'default' });
    expect((await at(11)).url).toBeNull();
    expect(
      await editor.connection.sendRequest(EFFECTIVE, {
        uri: 'file:///not/open',
        position: { line: 0, character: 0 },
      }),
    ).toEqual({ effective: [], url: null });
  });

  test('hovers show what is sent, what a line replaces, and what nginx says of it', async () => {
    const editor = await inProcess();
    const files = folder(shop);
    const uri = files.uri('conf.d/app.conf');
    editor.open(uri, ROUTED);
    const pass = await hover(editor, uri, 8, 10);
    expect(pass).toMatch(/\*\*nginx sends\*\* for `GET \/api\/` with host `app\.test`/);
    expect(pass).toMatch(/```http\nGET \/v1\/ HTTP/);
    expect(await hover(editor, uri, 7, 10)).toMatch(
      /Here instead of\*\* `proxy_read_timeout 5s`, `app\.conf:4`/,
    );
    expect(await hover(editor, uri, 6, 10)).toMatch(/`proxy_set_header Host \$host`, `app\.conf:5`/);
    expect(await hover(editor, uri, 7, 30)).toBe('');
    expect(await hover(editor, uri, 4, 0)).toBe('');
  });

  test('what a configuration says is no Markdown', async () => {
    const editor = await inProcess();
    const uri = 'untitled:hostile';
    const name = 'a.test';
    editor.open(
      uri,
      `server { server_name ${name}; proxy_set_header X "\`\`\`<img src=x>[a](command:b)"; location / { proxy_set_header Y 1; proxy_pass http://127.0.0.1:1; } }\n`,
    );
    const text = await hover(editor, uri, 0, 100);
    expect(text.length).toBeGreaterThan(0);
    expect(text.replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, '')).not.toMatch(/<img|\]\(command/);
  });
});

test('after random edits, closing and reopening, the diagnostics are those of a fresh check', async () => {
  const start = fixtures().map((fixture) => readFileSync(path.join(fixture.folder, 'nginx.conf'), 'utf8'));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...start),
      fc.array(
        fc.oneof(
          fc.record({
            kind: fc.constant('edit' as const),
            at: fc.nat(4000),
            remove: fc.nat(9),
            insert: fc.constantFrom('', ';', '}', '{', '\n', '"', ' x', 'proxy_pass https://a:80;'),
          }),
          fc.record({ kind: fc.constant('reopen' as const) }),
        ),
        { minLength: 1, maxLength: 8 },
      ),
      async (first, steps) => {
        const files = folder({ 'nginx.conf': first });
        const uri = files.uri('nginx.conf');
        const editor = await inProcess();
        let document = TextDocument.create(uri, 'nginx', 1, first);
        editor.open(uri, first);
        for (const step of steps) {
          if (step.kind === 'reopen') {
            editor.close(uri);
            editor.open(uri, document.getText());
            continue;
          }
          const offset = step.at % (document.getText().length + 1);
          const change = {
            range: { start: document.positionAt(offset), end: document.positionAt(offset + step.remove) },
            text: step.insert,
          };
          document = TextDocument.update(document, [change], document.version + 1);
          editor.change(uri, [change]);
        }
        const main = path.join(files.path, 'nginx.conf');
        const fresh = check(await modelOf(main, new Map([[main, document.getText()]]))).findings.map(
          toDiagnostic,
        );
        const byKey = new Map(fresh.map((d) => [JSON.stringify([d.code, d.range]), d]));
        const wanted = JSON.stringify([...byKey.values()]);
        await editor.until(uri, (list) => JSON.stringify(list) === wanted);
        await editor.quiet();
        expect(JSON.stringify(editor.diagnostics.get(uri))).toBe(wanted);
        for (const close of closing.splice(0).reverse()) await close();
      },
    ),
    { seed: 20260131, numRuns: 25 },
  );
});

test('the built program serves an editor on standard input and output, and ends when told', async () => {
  const files = folder({ 'nginx.conf': MAIN, 'ws.conf': WS });
  const child = spawn(process.execPath, [path.join(ROOT, 'server/bin/nginx-502.mjs'), 'lsp', '--stdio']);
  const editor = new Editor(
    createProtocolConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin)),
  );
  await editor.start();
  editor.open(files.uri('nginx.conf'), MAIN);
  await editor.until(files.uri('ws.conf'), (list) => list.length === 1);
  await editor.connection.sendRequest('shutdown');
  await editor.connection.sendNotification('exit');
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(code).toBe(0);
});
