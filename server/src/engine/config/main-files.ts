import type { Host } from '../host.ts';
import { compareBytes, dirname } from './paths.ts';
import { includeKey, includesIn, type Snapshot } from './snapshot.ts';

/** Folders in which the main file of a part is looked for: the part's own and those above it. */
const MAX_UPWARD = 4;
/** Main files beside each folder's nginx.conf. */
const MAX_OTHERS = 8;
/** Folders above which nothing belongs to what somebody has at home. */
const HOME = /^\/(?:root|(?:home|Users)\/[^/]+)$/;

/** Whether main files go by that name: nginx.conf, nginx.dev.conf. */
export function isMainName(name: string): boolean {
  return /^nginx[\w.-]*\.conf$/.test(name);
}

/**
 * Where the main file of a part of a configuration may be, nearest first: the nginx.conf of its folder and of those
 * above, whether it is there or not, and what has such a name. Looks no further up than a checkout's folder, a
 * person's home, or `top`.
 */
export async function mainsUpward(list: Host['list'], file: string, top: string | null): Promise<string[]> {
  const found: string[] = [];
  let others = MAX_OTHERS;
  for (let folder = dirname(file), depth = 0; depth < MAX_UPWARD; folder = dirname(folder), depth++) {
    const names = (await list(folder)) ?? [];
    const more = names.filter((name) => name !== 'nginx.conf' && isMainName(name)).sort(compareBytes);
    const tried = more.slice(0, others);
    others -= tried.length;
    found.push(...['nginx.conf', ...tried].map((name) => `${folder === '/' ? '' : folder}/${name}`));
    if (names.includes('.git') || HOME.test(folder) || folder === top || folder === '/') break;
  }
  return found;
}

/** The files among `files` that were read, and all that their includes lead to, in nginx's order. */
export function filesUnder(snapshot: Snapshot, files: readonly string[]): string[] {
  const found = new Set<string>();
  const work = [...files];
  while (work.length > 0) {
    const file = work.pop()!;
    const document = snapshot.files.get(file);
    if (!document || found.has(file)) continue;
    found.add(file);
    for (const { argument } of includesIn(document)) {
      const target = snapshot.includes.get(includeKey(snapshot, argument));
      if (target?.kind === 'files') work.push(...target.files);
    }
  }
  return [...snapshot.files.keys()].filter((file) => found.has(file));
}
