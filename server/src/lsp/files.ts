import { stat } from 'node:fs/promises';
import { forgotSemicolon } from '../engine/config/forgotten-semicolon.ts';
import type { FileRead, Host } from '../engine/host.ts';
import { readDocument, type SyntaxDocument } from '../engine/syntax/document.ts';
import { NodeHost } from '../node-host.ts';
import { isVirtual } from './convert.ts';

interface Cached {
  readonly stamp: string;
  readonly answer: FileRead;
  /** With links followed; asked for when somebody wants to know. */
  real: Promise<string> | null;
  document: SyntaxDocument | null;
}

interface Listing {
  readonly names: readonly string[] | null;
  readonly stamp: string;
}

/**
 * Files as the server sees them, on the disk or served by the client. What was looked at once is believed until there
 * is a reason for doubt, so that a keystroke asks nobody; then it is read again if its time or size has changed.
 * Everything is parsed once. Open documents go before, see Workspace.
 */
export class Files implements Host {
  private readonly disk = new NodeHost();
  private readonly cache = new Map<string, Cached>();
  private readonly listings = new Map<string, Listing>();
  /** Paths and directories that were looked at since the last doubt. */
  private readonly believed = new Set<string>();

  /** `virtual` answers for files that only the client can read; null when it cannot. */
  constructor(private readonly virtual: () => Host | null = () => null) {}

  async read(path: string): Promise<FileRead> {
    return (await this.load(path)).answer;
  }

  async list(directory: string): Promise<readonly string[] | null> {
    const known = this.listings.get(directory);
    if (known && this.believed.has(`${directory}/`)) return known.names;
    const fresh = await this.listing(directory);
    this.listings.set(directory, fresh);
    this.believed.add(`${directory}/`);
    return fresh.names;
  }

  /** The names in a directory as they are now, and nothing kept. */
  async glance(directory: string): Promise<readonly string[] | null> {
    return (await this.listing(directory)).names;
  }

  async realPath(path: string): Promise<string> {
    if (isVirtual(path)) return path;
    const cached = await this.load(path);
    cached.real ??= this.disk.realPath(path);
    return cached.real;
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

  /** Something has happened: everything is to be looked at again before it is believed. */
  doubt(): void {
    this.believed.clear();
    // Whether a file of the client's has changed cannot be seen without reading it.
    for (const path of this.cache.keys()) if (isVirtual(path)) this.cache.delete(path);
  }

  /** Whether a file or directory of the disk that is believed is not any more as it was; then all is in doubt. */
  async haveChanged(): Promise<boolean> {
    const looks = [...this.believed].map(async (path) => {
      if (isVirtual(path)) return false;
      if (!path.endsWith('/')) return (await stampOf(path)) !== this.cache.get(path)?.stamp;
      const directory = path.slice(0, -1);
      return (await this.listing(directory)).stamp !== this.listings.get(directory)?.stamp;
    });
    const changed = (await Promise.all(looks)).includes(true);
    if (changed) this.doubt();
    return changed;
  }

  private async load(path: string): Promise<Cached> {
    const known = this.cache.get(path);
    if (known && this.believed.has(path)) return known;
    const stamp = isVirtual(path) ? '' : await stampOf(path);
    this.believed.add(path);
    // A link may lead elsewhere now, to a file of the same size and time.
    if (known && known.stamp === stamp && !isVirtual(path)) {
      known.real = null;
      return known;
    }
    const fresh = { stamp, answer: await this.readFresh(path), real: null, document: null };
    this.cache.set(path, fresh);
    return fresh;
  }

  private async readFresh(path: string): Promise<FileRead> {
    const absent = {
      ok: false,
      kind: 'not-found',
      message: `${path} is not a file of this machine`,
    } as const;
    if (isVirtual(path)) return (await this.virtual()?.read(path)) ?? absent;
    return path.startsWith('/') || /^[A-Za-z]:\//.test(path) ? this.disk.read(path) : absent;
  }

  private async listing(directory: string): Promise<Listing> {
    const names = isVirtual(directory)
      ? ((await this.virtual()?.list(directory)) ?? null)
      : await this.disk.list(directory);
    return { names, stamp: names === null ? 'absent' : [...names].sort().join('/') };
  }
}

async function stampOf(path: string): Promise<string> {
  return stat(path).then(
    (info) => `${info.mtimeMs} ${info.size} ${info.dev} ${info.ino}`,
    () => 'absent',
  );
}
