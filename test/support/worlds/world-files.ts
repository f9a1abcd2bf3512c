import type { FileKind } from '../../../server/src/engine/config/request-state.ts';

/** What stands below the root of every world; a file holds its own path. */
export const FILES: readonly string[] = [
  'index.html',
  'a/index.html',
  'a/b/x.php',
  'img/x.png',
  'x.php',
  'b/file',
  'page.html',
  'a b',
];

const DIRECTORIES = new Set(
  FILES.flatMap((file) => {
    const parts = file.split('/').slice(0, -1);
    return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
  }),
);

/** What nginx finds at a path: below a file, or behind its name with a slash, there is nothing. */
export function fileAt(root: string, asked: string): FileKind {
  if (asked.includes('\0')) return 'none';
  const parts: string[] = [];
  const kind = (): FileKind => {
    const full = `/${parts.join('/')}`;
    if (full === root || root.startsWith(`${full}/`) || full === '/') return 'dir';
    if (!full.startsWith(`${root}/`)) return 'none';
    const name = full.slice(root.length + 1);
    return DIRECTORIES.has(name) ? 'dir' : FILES.includes(name) ? 'file' : 'none';
  };
  for (const part of asked.split('/').slice(1)) {
    // Every part but the last must be a directory.
    if (kind() !== 'dir') return 'none';
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return kind();
}
