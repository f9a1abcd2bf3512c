import { stat } from 'node:fs/promises';
import { forgotSemicolon } from '../engine/config/forgotten-semicolon.ts';
import type { FileRead, Host } from '../engine/host.ts';
import { readDocument, type SyntaxDocument } from '../engine/syntax/document.ts';
import { NodeHost } from '../node-host.ts';

interface Cached {
  readonly stamp: string;
  readonly answer: FileRead;
  document: SyntaxDocument | null;
}

/**
 * Files of the disk as the server sees them: read again only when their time or size has changed, and parsed once.
 * Open documents go before, see Workspace.
 */
export class DiskFiles implements Host {
  private readonly disk = new NodeHost();
  private readonly cache = new Map<string, Cached>();

  async read(path: string): Promise<FileRead> {
    if (!path.startsWith('/') && !/^[A-Za-z]:\//.test(path)) {
      return { ok: false, kind: 'not-found', message: `${path} is not a file of this machine` };
    }
    return (await this.load(path)).answer;
  }

  list(directory: string): Promise<readonly string[] | null> {
    return this.disk.list(directory);
  }

  /** The parsed file, if its text is what was read last. */
  parsed(path: string, text: string): SyntaxDocument {
    const cached = this.cache.get(path);
    if (cached?.answer.ok && cached.answer.text === text) {
      cached.document ??= readDocument(text, { forgotSemicolon });
      return cached.document;
    }
    return readDocument(text, { forgotSemicolon });
  }

  private async load(path: string): Promise<Cached> {
    const stamp = await stat(path).then(
      (info) => `${info.mtimeMs} ${info.size} ${info.ino}`,
      () => 'absent',
    );
    const known = this.cache.get(path);
    if (known?.stamp === stamp) return known;
    const fresh = { stamp, answer: await this.disk.read(path), document: null };
    this.cache.set(path, fresh);
    return fresh;
  }
}
