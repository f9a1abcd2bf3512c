/** Paths as nginx uses them: absolute, with "/". Nothing here touches a disk. */

export function dirname(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Joins and removes `.`, `..` and doubled slashes; an absolute second part wins, as in ngx_conf_full_name. */
export function resolvePath(base: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${base}/${path}`).split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Whether a pattern is expanded by glob(3): nginx looks for these characters (ngx_conf_include, strpbrk "*?["). */
export function isGlob(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/**
 * Whether a name matches one path segment of a glob pattern: `*`, `?`, `[a-z]`, `[!a]` and `\x`; a leading dot is
 * matched only by a dot, as in glob(3). Linear in the product of the lengths, whatever the pattern.
 */
export function matchSegment(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  const tokens = globTokens(pattern);
  let reachable = new Set([0]);
  const close = (states: Set<number>): Set<number> => {
    for (const state of states) if (tokens[state]?.star) states.add(state + 1);
    return states;
  };
  reachable = close(reachable);
  for (const c of name) {
    const next = new Set<number>();
    for (const state of reachable) {
      const token = tokens[state];
      if (!token) continue;
      if (token.star) next.add(state);
      else if (token.test(c)) next.add(state + 1);
    }
    reachable = close(next);
    if (reachable.size === 0) return false;
  }
  return reachable.has(tokens.length);
}

interface GlobToken {
  readonly star: boolean;
  test(c: string): boolean;
}

function globTokens(pattern: string): GlobToken[] {
  const tokens: GlobToken[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '*') {
      if (!tokens.at(-1)?.star) tokens.push({ star: true, test: () => true });
    } else if (c === '?') tokens.push({ star: false, test: () => true });
    else if (c === '[') {
      const end = pattern.indexOf(']', pattern[i + 1] === '!' || pattern[i + 1] === '^' ? i + 3 : i + 2);
      if (end < 0) {
        tokens.push(literal('['));
        continue;
      }
      tokens.push(characterClass(pattern.slice(i + 1, end)));
      i = end;
    } else if (c === '\\' && i + 1 < pattern.length) tokens.push(literal(pattern[++i]!));
    else tokens.push(literal(c));
  }
  return tokens;
}

function literal(wanted: string): GlobToken {
  return { star: false, test: (c) => c === wanted };
}

function characterClass(body: string): GlobToken {
  const negated = body[0] === '!' || body[0] === '^';
  const set = negated ? body.slice(1) : body;
  return {
    star: false,
    test(c) {
      let found = false;
      for (let i = 0; i < set.length; i++) {
        if (set[i + 1] === '-' && i + 2 < set.length) {
          if (c >= set[i]! && c <= set[i + 2]!) found = true;
          i += 2;
        } else if (set[i] === c) found = true;
      }
      return found !== negated;
    },
  };
}
