import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { api, closeAll, open, until, workspaceFile } from './editor.ts';

/** The panel "Explain this 502 log line" through the extension's commands; its view is seen by what it acknowledges. */

afterEach(closeAll);

const CONF = workspaceFile('tls-to-plain-backend', 'nginx.conf');
const line = (request: string, upstream = 'https://127.0.0.1:3000/app/x'): string =>
  `2026/01/31 03:00:00 [error] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream, client: 192.0.2.7, server: app.test, request: "${request}", upstream: "${upstream}", host: "app.test"`;

const explain = (text?: string): Thenable<unknown> =>
  vscode.commands.executeCommand('nginx502.explain', text);
/** Waits until the words in the panel are as wished; the first view of a session takes seconds. */
async function shown(what: string | RegExp): Promise<string> {
  const { explainPanel } = await api();
  await until(
    `the panel shows ${what}`,
    () => (typeof what === 'string' ? explainPanel.shown.includes(what) : what.test(explainPanel.shown)),
    30_000,
  );
  return explainPanel.shown;
}

describe('the panel', () => {
  it('explains a pasted line, and the editor jumps to the location', async () => {
    const document = await open(CONF);
    await explain(line('GET /app/x HTTP/1.1'));
    const words = await shown('location /app/ in app.test');
    assert.match(words, /^502$/m);
    assert.match(words, /127\.0\.0\.1:3000, and what came back was not TLS/);
    assert.match(words, /Judged by tls-to-plain-backend\/nginx\.conf, nginx of any version/);
    await vscode.commands.executeCommand('nginx502.goToPlace');
    const editor = await until('the editor is in front', () => vscode.window.activeTextEditor);
    assert.equal(editor.document.uri.toString(), CONF.toString());
    assert.equal(document.getText(editor.selection), 'proxy_pass https://127.0.0.1:3000');
  });

  it('explains a selection', async () => {
    await open(CONF);
    const log = await vscode.workspace.openTextDocument({
      language: 'plaintext',
      content: `nothing\n${line('GET /admin/ HTTP/1.1', 'https://127.0.0.1:3400/')}\nnothing\n`,
    });
    const editor = await vscode.window.showTextDocument(log, { preview: false });
    editor.selection = new vscode.Selection(1, 0, 2, 0);
    await explain();
    await shown('location /admin/ in app.test');
  });

  it('shows hostile text as text', async () => {
    await open(CONF);
    const hostile = '/status<img/src=x/onerror=document.body.remove()></script><script>throw(1)</script>';
    await explain(
      `2026/01/31 03:00:00 [error] 7#7: *2 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: app.test, request: "GET ${hostile} HTTP/1.1", upstream: "http://127.0.0.1:3400${hostile}", host: "app.test"`,
    );
    const words = await shown('location /status in app.test');
    assert.ok(words.includes(`http://127.0.0.1:3400${hostile}`), words);
  });

  it('follows the configuration', async () => {
    await open(CONF);
    await explain(line('GET /app/x HTTP/1.1'));
    await shown('proxy_pass https://127.0.0.1:3000;');
    const edit = new vscode.WorkspaceEdit();
    edit.insert(CONF, new vscode.Position(0, 0), '# one line more\n# and another\n');
    await vscode.workspace.applyEdit(edit);
    await shown('nginx.conf:14');
  });

  it('is made anew after it was hidden, with what it showed', async () => {
    await open(CONF);
    await explain(line('GET /app/x HTTP/1.1'));
    await shown('location /app/ in app.test');
    const { explainPanel } = await api();
    (explainPanel as { shown: string }).shown = '';
    // A text in the panel's own column hides it.
    const column = vscode.window.tabGroups.all.find((group) =>
      group.tabs.some((tab) => tab.input instanceof vscode.TabInputWebview),
    )!.viewColumn;
    const other = await vscode.workspace.openTextDocument({ language: 'plaintext', content: '' });
    await vscode.window.showTextDocument(other, { viewColumn: column, preview: false });
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await shown('location /app/ in app.test');
  });

  it('says whose page an error page is, and where the cause is written', async () => {
    await explain('<h1>502 Bad Gateway</h1>\n<hr><center>nginx/1.25.3</center>');
    await shown(/nginx made this page.*\n(?:.*\n)*.*error\.log/);
  });

  it('says what to give when there is nothing to explain', async () => {
    await explain('my site is down');
    await shown('No nginx error-log line was found in 1 line of input.');
  });
});
