import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { api, closeAll, open, until, workspaceFile } from './editor.ts';

/** The commands about routing, and what stands in hovers. */

afterEach(closeAll);

const CONF = workspaceFile('routes', 'nginx.conf');
const TEXT = `events {}
http {
    server {
        listen 127.0.0.1:8080;
        server_name app.test;
        location /api/ {
            proxy_set_header Host $host;
            proxy_pass http://127.0.0.1:3000/v1/;
        }
    }
}
`;

async function openConf(): Promise<vscode.TextDocument> {
  await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(CONF, '..'));
  writeFileSync(CONF.fsPath, TEXT);
  await api();
  return open(CONF);
}

describe('routes', () => {
  it('are found for a URL, and the editor goes to the location', async () => {
    const document = await openConf();
    const shown = vscode.commands.executeCommand('nginx502.route', 'http://app.test:8080/api/users');
    // The list takes a moment; until it is there, accepting does nothing.
    await until('the editor stands at the handler', async () => {
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      const editor = vscode.window.activeTextEditor;
      return (
        editor?.document === document &&
        document.getText(editor.selection) === 'proxy_pass http://127.0.0.1:3000/v1/'
      );
    });
    await shown;
  });

  it('show the request that nginx sends, each header with where it comes from', async () => {
    await openConf();
    await vscode.commands.executeCommand('nginx502.showRequest', 'http://app.test:8080/api/users');
    const editor = await until('the request', () => {
      const active = vscode.window.activeTextEditor;
      return active?.document.uri.scheme === 'nginx502-request' && active;
    });
    const text = editor.document.getText();
    assert.match(text, /^GET \/v1\/users HTTP\/1\.[01]$/m);
    assert.match(text, /^Host: app\.test(?::8080)? +# nginx\.conf:7$/m);
  });

  it('stand in the hover of a proxy_pass', async () => {
    await openConf();
    const at = new vscode.Position(7, 15);
    const [hover] = await until('a hover', async () => {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        CONF,
        at,
      );
      return hovers.length > 0 && hovers;
    });
    const text = hover!.contents.map((part) => (part as vscode.MarkdownString).value).join('\n');
    assert.match(text, /nginx sends/);
    assert.match(text, /GET \/v1\/ HTTP/);
  });
});
