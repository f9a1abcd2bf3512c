import { constants } from 'node:fs';
import {
  chmod,
  chown,
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readlink,
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

/** How a file's bytes became a text: all UTF-8, a character for each byte, or UTF-8 with stray bytes as surrogates. */
type Encoding = 'utf8' | 'latin1' | 'stray';

/** Files from the disk, read once. Remembers how each was encoded, so that a fix changes nothing else. */
export class NodeHost implements Host {
  private readonly encodings = new Map<string, Encoding>();

  async read(file: string): Promise<FileRead> {
    let handle: Awaited<ReturnType<typeof open>> | null = null;
    try {
      // A FIFO without a writer would block; a device would never end.
      handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
      const info = await handle.stat();
      if (info.isDirectory()) return { ok: false, kind: 'unreadable', message: `${file} is a directory` };
      // To nginx, which asks for the size, it is an empty file, and people mean it so.
      if (info.isCharacterDevice() && info.rdev === (await stat('/dev/null')).rdev)
        return { ok: true, text: '' };
      if (!info.isFile()) return { ok: false, kind: 'unreadable', message: `${file} is not a regular file` };
      if (info.size > MAX_CONFIG_BYTES) {
        return {
          ok: false,
          kind: 'too-big',
          message: `${file} has ${info.size} bytes; more than ${MAX_CONFIG_BYTES} are not read`,
        };
      }
      return this.decode(file, await readBytes(handle, info.size));
    } catch (error) {
      const answer = readError(file, error);
      const link = answer.kind === 'not-found' ? await readlink(file).catch(() => undefined) : undefined;
      return { ok: false, ...answer, ...(link !== undefined && { link }) };
    } finally {
      await handle?.close();
    }
  }

  async realPath(file: string): Promise<string> {
    return realpath(file).catch(() => file);
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
    const encoding = this.encodings.get(file) ?? 'utf8';
    if (encoding !== 'stray') return Buffer.from(text, encoding);
    return Buffer.concat(
      text
        .split(/([\udc80-\udcff])(?<![\ud800-\udbff].)/)
        .map((part, i) => (i % 2 === 1 ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part))),
    );
  }

  private decode(file: string, bytes: Buffer): FileRead {
    if (bytes.includes(0)) {
      const wide = /^(?:\xff\xfe|\xfe\xff)/.test(bytes.toString('latin1', 0, 2));
      const advice = wide ? ': it is UTF-16, which nginx cannot read. Save it as UTF-8' : '';
      return { ok: false, kind: 'not-text', message: `${file} is not a text file${advice}` };
    }
    const { encoding, text } = decodeBytes(bytes);
    this.encodings.set(file, encoding);
    return { ok: true, text };
  }
}

/** At most as many bytes as the file had when it was asked; a file that grows all the while has an end here, too. */
async function readBytes(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Bytes of text that UTF-8 writes a character with, beyond ASCII. */
const SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}/g;

/**
 * nginx reads bytes and cares for none beyond ASCII. Columns count characters as an editor shows them: an old latin-1
 * comment has one for each byte, and a stray byte in UTF-8 is one.
 */
function decodeBytes(bytes: Buffer): { encoding: Encoding; text: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { encoding: 'utf8', text };
  } catch {
    const single = bytes.toString('latin1');
    if (single.search(SEQUENCE) < 0) return { encoding: 'latin1', text: single };
    let text = '';
    let end = 0;
    const stray = (part: string): string =>
      part.replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0)));
    for (const match of single.matchAll(SEQUENCE)) {
      text += stray(single.slice(end, match.index)) + Buffer.from(match[0], 'latin1').toString('utf8');
      end = match.index + match[0].length;
    }
    return { encoding: 'stray', text: text + stray(single.slice(end)) };
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
    case 'ENXIO':
      return { kind: 'unreadable', message: `${file} is a socket, not a regular file` };
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

  async realPath(file: string): Promise<string> {
    return this.texts.has(file) ? file : ((await this.below?.realPath?.(file)) ?? file);
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
