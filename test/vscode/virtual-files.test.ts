import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { api, closeAll, idOf, open, until } from './editor.ts';

/** Configurations that are on no disk: the editor reads them for the server. */

afterEach(closeAll);

const WS =
  'location /chat/ {\n    proxy_set_header Upgrade $http_upgrade;\n    proxy_pass http://127.0.0.1:1;\n}\n';
const FILES: Record<string, string> = {
  '/etc/app/nginx.conf':
    'events {}\nhttp {\n    server {\n        include conf.d/*.conf;\n        include gone.conf;\n    }\n}\n',
  '/etc/app/conf.d/a b.conf': WS,
};

/** A file system in memory that can be written as far as VS Code knows. */
class MemoryFiles implements vscode.FileSystemProvider {
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const text = FILES[uri.path];
    if (text === undefined && this.readDirectory(uri).length === 0)
      throw vscode.FileSystemError.FileNotFound(uri);
    const type = text === undefined ? vscode.FileType.Directory : vscode.FileType.File;
    return { type, ctime: 0, mtime: 0, size: text?.length ?? 0 };
  }

  readDirectory(uri: vscode.Uri): [string, vscode.FileType][] {
    const below = Object.keys(FILES).filter((file) => file.startsWith(`${uri.path}/`));
    const names = new Set(below.map((file) => file.slice(uri.path.length + 1).split('/')[0]!));
    return [...names].map((name) => [name, vscode.FileType.Unknown]);
  }

  readFile(uri: vscode.Uri): Uint8Array {
    const text = FILES[uri.path];
    if (text === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    return Buffer.from(text);
  }

  writeFile(): void {}
  createDirectory(): void {}
  delete(): void {}
  rename(): void {}
}

function idsOf(uri: vscode.Uri): string[] {
  return vscode.languages.getDiagnostics(uri).map(idOf);
}

async function openAs(uri: vscode.Uri): Promise<void> {
  const document = await open(uri);
  if (document.languageId !== 'nginx') await vscode.languages.setTextDocumentLanguage(document, 'nginx');
}

describe('a virtual file system', () => {
  it('has its includes followed, from the main file down and from a fragment up', async () => {
    await api();
    const registration = vscode.workspace.registerFileSystemProvider('nginxmem', new MemoryFiles());
    try {
      const main = vscode.Uri.from({ scheme: 'nginxmem', authority: 'box', path: '/etc/app/nginx.conf' });
      const fragment = main.with({ path: '/etc/app/conf.d/a b.conf' });
      await openAs(main);
      await until('the missing include', () => idsOf(main).includes('include-not-found'));
      await until('the finding in the included file', () =>
        idsOf(fragment).includes('websocket-headers-missing'),
      );
      const [missing] = vscode.languages.getDiagnostics(main);
      assert.match(missing!.message, /^The included file \/etc\/app\/gone\.conf /);
      // Another machine with the same files: nothing of it was opened yet.
      await openAs(fragment.with({ authority: 'other' }));
      await until('the missing include of the main file, found upward', () =>
        idsOf(main.with({ authority: 'other' })).includes('include-not-found'),
      );
    } finally {
      registration.dispose();
    }
  });

  it('that cannot be written is left alone', async () => {
    await api();
    const options = { isReadonly: true };
    const registration = vscode.workspace.registerFileSystemProvider('nginxold', new MemoryFiles(), options);
    try {
      const old = vscode.Uri.from({ scheme: 'nginxold', authority: 'box', path: '/etc/app/conf.d/a b.conf' });
      await openAs(old);
      // Whatever is asked after it has been answered when this is.
      const other = await vscode.workspace.openTextDocument({ language: 'nginx', content: WS });
      await until('the finding of the other', () => idsOf(other.uri).includes('websocket-headers-missing'));
      assert.deepEqual(idsOf(old), []);
    } finally {
      registration.dispose();
    }
  });
});
