import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { type Expectation, expectations, fixedText } from '../support/fixture.ts';
import {
  api,
  closeAll,
  idOf,
  open,
  quickFixes,
  squiggles,
  squigglesAre,
  until,
  withSetting,
  workspaceFile,
} from './editor.ts';

/** The extension in a real VS Code, on copies of the fixtures. Only the extension's public face is used. */

afterEach(closeAll);

const WS = workspaceFile('websocket-headers-missing', 'conf.d', 'app.conf');
const expected = (uri: vscode.Uri): Expectation[] => expectations(readFileSync(uri.fsPath, 'utf8'));

describe('squiggles', () => {
  it('stand at the right range of an included file', async () => {
    const document = await open(WS);
    assert.equal(document.languageId, 'nginx');
    await squigglesAre(WS, expected(WS));
    const [first] = vscode.languages.getDiagnostics(WS);
    assert.ok(first!.message.length > 20);
    assert.match(String((first!.code as { target: vscode.Uri }).target), /^https:\/\/nginx\.org\//);
  });

  it('follow the edits', async () => {
    const document = await open(WS);
    await squigglesAre(WS, expected(WS));
    const edit = new vscode.WorkspaceEdit();
    edit.insert(WS, new vscode.Position(0, 0), '# one line more\n');
    await vscode.workspace.applyEdit(edit);
    await squigglesAre(
      WS,
      expected(WS).map((e) => ({ ...e, line: e.line + 1 })),
    );
    const whole = new vscode.Range(0, 0, document.lineCount, 0);
    const sound = new vscode.WorkspaceEdit();
    sound.replace(WS, whole, 'server { return 204; }\n');
    await vscode.workspace.applyEdit(sound);
    await squigglesAre(WS, []);
  });

  it('appear in a document whose language another extension calls NGINX', async () => {
    const file = workspaceFile('some.upper-case');
    writeFileSync(
      file.fsPath,
      'location /chat/ {\n    proxy_set_header Upgrade $http_upgrade;\n    proxy_pass http://127.0.0.1:1;\n}\n',
    );
    const document = await open(file);
    assert.equal(document.languageId, 'NGINX');
    await until('a squiggle', () => squiggles(file).some((s) => s.id === 'websocket-headers-missing'));
  });

  it('appear in a document that was never saved', async () => {
    const document = await vscode.workspace.openTextDocument({
      language: 'nginx',
      content: 'server {\n    listen 80\n}\n',
    });
    await vscode.window.showTextDocument(document);
    await until('a squiggle', () => squiggles(document.uri).some((s) => s.id === 'missing-semicolon'));
  });

  it('do not appear in what Apache reads', async () => {
    const file = workspaceFile('apache', 'conf.d', 'site.conf');
    await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(file, '..'));
    writeFileSync(
      file.fsPath,
      '<VirtualHost *:80>\n    ServerName a.test\n    ProxyPass / http://b.test/\n</VirtualHost>\n',
    );
    await open(file);
    const languageOf = (): string | undefined =>
      vscode.workspace.textDocuments.find((d) => d.uri.fsPath === file.fsPath)?.languageId;
    await until('another language', () => languageOf() !== undefined && languageOf() !== 'nginx');
    await until('no squiggle', () => squiggles(file).length === 0);
  });
});

/** Configuration files of a fixture, without the fixed ones. */
function configFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.conf') && !['fixed.conf', 'cured.conf'].includes(name))
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile());
}

describe('quick fixes make of a fixture what its fixed files say', () => {
  const root = vscode.workspace.workspaceFolders![0]!.uri.fsPath;
  for (const id of readdirSync(root)) {
    const folder = path.join(root, id);
    if (!statSync(folder).isDirectory()) continue;
    const files = configFiles(folder);
    // The file where the squiggle is stands in front; others of the configuration stay closed.
    const front = files.find((file) => expectations(readFileSync(file, 'utf8')).some((e) => e.id === id));
    if (!front || files.every((file) => fixedText(file) === readFileSync(file, 'utf8'))) continue;
    it(id, async () => {
      await open(vscode.Uri.file(front));
      await squigglesAre(vscode.Uri.file(front), expected(vscode.Uri.file(front)));
      for (let round = 0; round < 20; round++) {
        const next = files
          .flatMap((file) => vscode.languages.getDiagnostics(vscode.Uri.file(file)).map((d) => ({ file, d })))
          .find(({ d }) => idOf(d) === id);
        if (!next) break;
        const uri = vscode.Uri.file(next.file);
        const before = vscode.languages.getDiagnostics(uri).filter((d) => idOf(d) === id).length;
        const [fix] = await until('a quick fix', async () => {
          const fixes = await quickFixes(uri, next.d);
          return fixes.length > 0 && fixes;
        });
        assert.ok(await vscode.workspace.applyEdit(fix!.edit!), `${fix!.title} was not applied`);
        await until(
          `${fix!.title} has an effect`,
          () => vscode.languages.getDiagnostics(uri).filter((d) => idOf(d) === id).length < before,
        );
      }
      for (const file of files) {
        const document = await vscode.workspace.openTextDocument(file);
        assert.equal(document.getText(), fixedText(file), file);
      }
    });
  }
});

describe('settings', () => {
  it('change the severity of a finding', async () => {
    await open(WS);
    await squigglesAre(WS, expected(WS));
    await withSetting('severity', { 'websocket-headers-missing': 'hint' }, () =>
      squigglesAre(
        WS,
        expected(WS).map((e) => ({ ...e, severity: 'hint' })),
      ),
    );
    await squigglesAre(WS, expected(WS));
  });

  it('name an entry file by a path from the workspace folder', async () => {
    const fragment = workspaceFile('elsewhere', 'part.nginx');
    const main = workspaceFile('elsewhere', 'web.nginx');
    await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(main, '..'));
    writeFileSync(fragment.fsPath, 'server {\n    listen 80;\n    return 204;\n}\n');
    writeFileSync(main.fsPath, 'events {}\nhttp {\n    include part.nginx;\n}\n');
    await open(fragment);
    const { statusBar } = await api();
    await until('judged alone', () => statusBar.tooltip.includes('Entry file: this one'));
    await withSetting('entryFiles', ['elsewhere/web.nginx'], () =>
      until('judged as a part', () => statusBar.tooltip.includes('Entry file: elsewhere/web.nginx')),
    );
  });
});

describe('status bar', () => {
  it('says the version, where it comes from, and the entry file', async () => {
    await open(WS);
    const { statusBar } = await api();
    await until('the entry file', () =>
      statusBar.tooltip.includes('Entry file: websocket-headers-missing/nginx.conf'),
    );
    assert.equal(statusBar.text, 'nginx: any release');
    assert.match(statusBar.tooltip, /^Judged for every nginx release/);
    await withSetting('nginxVersion', '1.28', () =>
      until(
        'the version',
        () => statusBar.text === 'nginx 1.28' && /from the setting/.test(statusBar.tooltip),
      ),
    );
  });
});

describe('the language server', () => {
  const pid = async (): Promise<number | undefined> =>
    ((await api()).server.client as unknown as { _serverProcess?: { pid: number } })._serverProcess?.pid;

  it('comes back after it was killed', async () => {
    await open(WS);
    await squigglesAre(WS, expected(WS));
    const first = (await pid())!;
    process.kill(first, 'SIGKILL');
    await until('another process', async () => {
      const now = await pid();
      return now !== undefined && now !== first;
    });
    await squigglesAre(WS, expected(WS));
  });

  it('restarts on command', async () => {
    await open(WS);
    await squigglesAre(WS, expected(WS));
    const first = await pid();
    await vscode.commands.executeCommand('nginx502.restartServer');
    assert.notEqual(await pid(), first);
    await squigglesAre(WS, expected(WS));
  });

  it('stays off when it keeps dying, until told otherwise', async () => {
    await open(WS);
    const { statusBar } = await api();
    const end = Date.now() + 15_000;
    while (statusBar.text !== '$(warning) nginx' || (await pid()) !== undefined) {
      assert.ok(Date.now() < end, 'it is started again and again');
      const now = await pid();
      try {
        if (now !== undefined) process.kill(now, 'SIGKILL');
      } catch {
        // Dead already.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await vscode.commands.executeCommand('nginx502.restartServer');
    await squigglesAre(WS, expected(WS));
    await until('the status', () => statusBar.text === 'nginx: any release');
  });
});
