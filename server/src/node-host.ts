import { constants } from 'node:fs';
import {
  chmod,
  chown,
  mkdtemp,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import type { FileRead, Host } from './engine/host.ts';

/** No nginx configuration is larger; what is, was named by mistake. */
export const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/** Files from the disk, read once. Remembers how each was encoded, so that a fix changes nothing else. */
export class NodeHost implements Host {
  private readonly encodings = new Map<string, 'utf8' | 'latin1'>();

  async read(file: string): Promise<FileRead> {
    let handle: Awaited<ReturnType<typeof open>> | null = null;
    try {
      // A FIFO without a writer would block; a device would never end.
      handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
      const info = await handle.stat();
      if (info.isDirectory()) return { ok: false, kind: 'unreadable', message: `${file} is a directory` };
      if (!info.isFile()) return { ok: false, kind: 'unreadable', message: `${file} is not a regular file` };
      if (info.size > MAX_CONFIG_BYTES) {
        return {
          ok: false,
          kind: 'too-big',
          message: `${file} has ${info.size} bytes; more than ${MAX_CONFIG_BYTES} are not read`,
        };
      }
      return this.decode(file, await handle.readFile());
    } catch (error) {
      return { ok: false, ...readError(file, error) };
    } finally {
      await handle?.close();
    }
  }

  async list(directory: string): Promise<readonly string[] | null> {
    try {
      return await readdir(directory);
    } catch {
      return null;
    }
  }

  /**
   * Replaces the texts of files. A reader sees a file's old or new text, never a part, and no file is replaced before
   * all new texts lie beside theirs: half of a fix can be worse than none. Follows symbolic links, keeps mode, owner
   * and encoding. Gives the file that could not be written, and why.
   */
  async writeAll(texts: ReadonlyMap<string, string>): Promise<{ file: string; code: string } | null> {
    const folders: string[] = [];
    const ready: { file: string; fresh: string; target: string }[] = [];
    let current = '';
    try {
      for (const [file, text] of texts) {
        current = file;
        const target = await realpath(file);
        const info = await stat(target);
        const folder = await mkdtemp(path.join(path.dirname(target), '.nginx-502-'));
        folders.push(folder);
        const fresh = path.join(folder, path.basename(target));
        await writeFile(fresh, this.encode(file, text));
        await chown(fresh, info.uid, info.gid).catch(() => {});
        await chmod(fresh, info.mode & 0o7777);
        ready.push({ file, fresh, target });
      }
      for (const { file, fresh, target } of ready) {
        current = file;
        await rename(fresh, target);
      }
      return null;
    } catch (error) {
      return { file: current, code: (error as NodeJS.ErrnoException).code ?? 'unknown error' };
    } finally {
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    }
  }

  /** A text in the encoding in which the file was read. */
  encode(file: string, text: string): Buffer {
    return Buffer.from(text, this.encodings.get(file) ?? 'utf8');
  }

  private decode(file: string, bytes: Buffer): FileRead {
    if (bytes.includes(0)) return { ok: false, kind: 'not-text', message: `${file} is not a text file` };
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      this.encodings.set(file, 'utf8');
      return { ok: true, text };
    } catch {
      this.encodings.set(file, 'latin1');
      return { ok: true, text: bytes.toString('latin1') };
    }
  }
}

function readError(file: string, error: unknown): { kind: 'not-found' | 'unreadable'; message: string } {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'not-found', message: `${file} does not exist` };
    case 'EACCES':
    case 'EPERM':
      return { kind: 'unreadable', message: `${file} may not be read by this user` };
    case 'ELOOP':
      return { kind: 'unreadable', message: `${file} is a circle of symbolic links` };
    default:
      return { kind: 'unreadable', message: `${file} could not be read (${code ?? 'unknown error'})` };
  }
}

/** Files that exist only in memory, in front of another host: standard input, dumps, fixed texts. */
export class OverlayHost implements Host {
  constructor(
    private readonly texts: ReadonlyMap<string, string>,
    private readonly below: Host | null,
  ) {}

  async read(file: string): Promise<FileRead> {
    const text = this.texts.get(file);
    if (text !== undefined) return { ok: true, text };
    return this.below
      ? this.below.read(file)
      : { ok: false, kind: 'not-found', message: `${file} is not part of the input` };
  }

  async list(directory: string): Promise<readonly string[] | null> {
    const names = new Set((await this.below?.list(directory)) ?? []);
    const prefix = directory === '/' ? '/' : `${directory}/`;
    for (const file of this.texts.keys()) {
      if (file.startsWith(prefix)) names.add(file.slice(prefix.length).split('/')[0]!);
    }
    return names.size > 0 ? [...names] : null;
  }
}
