import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach, expect } from 'vitest';
import {
  type CodeAction,
  createConnection,
  createProtocolConnection,
  type Diagnostic,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import { serve } from '../../server/src/lsp/server.ts';
import { CHECKED, STATUS, type StatusParams } from '../../server/src/protocol.ts';

/** What is to be done after the test, last first. */
export const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** An editor at the other end of a connection. */
export class Editor {
  readonly diagnostics = new Map<string, Diagnostic[]>();
  readonly messages: string[] = [];
  readonly logged: string[] = [];
  readonly statuses = new Map<string, StatusParams>();
  checks = 0;
  settings: unknown = null;
  private published = 0;
  private readonly versions = new Map<string, number>();

  constructor(readonly connection: ProtocolConnection) {
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      this.diagnostics.set(params.uri, params.diagnostics);
      this.published++;
    });
    connection.onNotification('window/showMessage', (params: { message: string }) => {
      this.messages.push(params.message);
    });
    connection.onNotification('window/logMessage', (params: { message: string }) => {
      this.logged.push(params.message);
    });
    connection.onNotification(STATUS, (status: StatusParams) => void this.statuses.set(status.uri, status));
    connection.onNotification(CHECKED, () => void this.checks++);
    connection.onRequest('client/registerCapability', () => null);
    connection.onRequest('workspace/configuration', (params: { items: unknown[] }) =>
      params.items.map(() => this.settings),
    );
    connection.listen();
  }

  async start(more: object = {}): Promise<void> {
    const result = (await this.connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        workspace: {
          configuration: true,
          didChangeWatchedFiles: { dynamicRegistration: true },
          workspaceEdit: { documentChanges: true },
        },
      },
      ...more,
    })) as { capabilities: { textDocumentSync: { change: number } } };
    expect(result.capabilities.textDocumentSync.change).toBe(2);
    await this.connection.sendNotification('initialized', {});
  }

  open(uri: string, text: string, languageId = 'nginx'): void {
    this.versions.set(uri, 1);
    void this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId, version: 1, text },
    });
  }

  change(uri: string, contentChanges: unknown[]): void {
    const version = (this.versions.get(uri) ?? 0) + 1;
    this.versions.set(uri, version);
    void this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges,
    });
  }

  close(uri: string): void {
    void this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  }

  actions(uri: string, line: number, only?: string[]): Promise<CodeAction[]> {
    const at = { line, character: 0 };
    return this.connection.sendRequest('textDocument/codeAction', {
      textDocument: { uri },
      range: { start: at, end: at },
      context: { diagnostics: this.diagnostics.get(uri) ?? [], ...(only && { only }) },
    });
  }

  /** Waits until what was published last for a document is as wished. */
  async until(uri: string, wished: (diagnostics: Diagnostic[]) => boolean): Promise<Diagnostic[]> {
    for (let i = 0; i < 500; i++) {
      const known = this.diagnostics.get(uri);
      if (known && wished(known)) return known;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`never published as wished: ${JSON.stringify(this.diagnostics.get(uri))}`);
  }

  /** Waits until nothing has been published for a while. */
  async quiet(): Promise<void> {
    for (let before = -1; before !== this.published; ) {
      before = this.published;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }
}

/** A server in this process, and an editor that has begun a session; `more` goes into what it says of itself. */
export async function inProcess(settings: unknown = null, more: object = {}): Promise<Editor> {
  const up = new PassThrough();
  const down = new PassThrough();
  const server = createConnection(new StreamMessageReader(up), new StreamMessageWriter(down));
  serve(server, { version: '0', debounce: 0, patience: 500 });
  const editor = new Editor(
    createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up)),
  );
  editor.settings = settings;
  closing.push(() => {
    editor.connection.dispose();
    server.dispose();
  });
  await editor.start(more);
  return editor;
}

/** A folder with the given files that goes after the test. */
export function folder(files: Record<string, string>): { path: string; uri: (name: string) => string } {
  const base = mkdtempSync(path.join(tmpdir(), 'nginx-502-lsp-'));
  closing.push(() => rmSync(base, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(base, name)), { recursive: true });
    writeFileSync(path.join(base, name), text);
  }
  return { path: base, uri: (name) => pathToFileURL(path.join(base, name)).href };
}
