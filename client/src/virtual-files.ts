import {
  LIST,
  type ListAnswer,
  type ListParams,
  READ,
  type ReadAnswer,
  type ReadParams,
} from 'nginx-502/protocol';
import { FileSystemError, FileType, type TextDocument, Uri, workspace } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';

/** No nginx configuration is larger; the server reads no more from a disk either. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Whether a document may be a configuration that somebody works on: a file, an unsaved text, or a file of a virtual
 * file system that can be written. Old texts of `git:`, previews and output are none: nobody can correct them.
 */
export function isEditable({ uri }: TextDocument): boolean {
  if (uri.scheme === 'file' || uri.scheme === 'untitled' || uri.scheme === 'vscode-vfs') return true;
  return workspace.fs.isWritableFileSystem(uri.scheme) === true;
}

/** Reads files and lists directories for the server where it cannot: on virtual file systems. */
export function serveVirtualFiles(client: LanguageClient): void {
  client.onRequest(READ, ({ uri }: ReadParams) => read(Uri.parse(uri)));
  client.onRequest(LIST, ({ uri }: ListParams) => list(Uri.parse(uri)));
}

async function read(uri: Uri): Promise<ReadAnswer> {
  const failed = (kind: NonNullable<ReadAnswer['problem']>['kind'], what: string): ReadAnswer => ({
    text: null,
    problem: { kind, message: `${uri.path} ${what}` },
  });
  try {
    const { type, size } = await workspace.fs.stat(uri);
    if (type & FileType.Directory) return failed('unreadable', 'is a directory');
    if (size > MAX_BYTES) return failed('too-big', `has ${size} bytes; more than ${MAX_BYTES} are not read`);
    const bytes = await workspace.fs.readFile(uri);
    if (bytes.includes(0)) return failed('not-text', 'is not a text file');
    return { text: decode(bytes), problem: null };
  } catch (error) {
    const absent = error instanceof FileSystemError && error.code === 'FileNotFound';
    return absent ? { text: null, problem: null } : failed('unreadable', 'could not be read');
  }
}

async function list(uri: Uri): Promise<ListAnswer> {
  try {
    return { names: (await workspace.fs.readDirectory(uri)).map(([name]) => name) };
  } catch {
    return { names: null };
  }
}

/** As the server decodes what it reads from a disk: what is not UTF-8 has a character for each byte. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}
