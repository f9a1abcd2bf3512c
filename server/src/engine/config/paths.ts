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

/**
 * A relative path from a directory, with the part that is taken as it is and the part that may be a pattern: nginx
 * looks for `*` in the whole name (ngx_conf_include), but the folder of a checkout is not the one that nginx runs in.
 */
export function splitPath(base: string, path: string): { base: string; rest: string } {
  if (path.startsWith('/')) return { base: '/', rest: resolvePath('/', path).slice(1) };
  const rest: string[] = [];
  let from = base;
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') rest.push(part);
    else if (rest.pop() === undefined) from = dirname(from);
  }
  return { base: from, rest: rest.join('/') };
}

/** Whether a pattern is expanded by glob(3): nginx looks for these characters (ngx_conf_include, strpbrk "*?["). */
export function isGlob(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** A segment without the backslashes that glob(3) takes off. */
export function unescapeSegment(segment: string): string {
  return segment.replace(/\\(.)/gs, '$1');
}

/** Order of strcmp, in which glob(3) sorts in the C locale that nginx runs in: by UTF-8 bytes, thus by code points. */
export function compareBytes(a: string, b: string): number {
  const left = utf8(a);
  const right = utf8(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Whether a name matches one path segment of a glob pattern, as fnmatch(3) has it in the C locale: `*`, `?` for one
 * byte, `[a-z]`, `[!a]`, `[[:digit:]]` and `\x`; no braces. A leading dot is matched only by a dot. Linear in the
 * product of the lengths, whatever the pattern.
 */
export function matchSegment(pattern: string, name: string): boolean {
  const tokens = globTokens(utf8(pattern));
  if (name.startsWith('.') && tokens[0]?.literal !== '.') return false;
  const close = (states: Set<number>): Set<number> => {
    for (const state of states) if (tokens[state]?.star) states.add(state + 1);
    return states;
  };
  let reachable = close(new Set([0]));
  for (const c of utf8(name)) {
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

/** The UTF-8 bytes of a text, one character each. */
function utf8(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  let bytes = '';
  for (const c of text) {
    const code = c.codePointAt(0)!;
    const tail = (shift: number): string => String.fromCharCode(0x80 | ((code >> shift) & 0x3f));
    if (code < 0x80) bytes += c;
    else if (code < 0x800) bytes += String.fromCharCode(0xc0 | (code >> 6)) + tail(0);
    else if (code < 0x10000) bytes += String.fromCharCode(0xe0 | (code >> 12)) + tail(6) + tail(0);
    else bytes += String.fromCharCode(0xf0 | (code >> 18)) + tail(12) + tail(6) + tail(0);
  }
  return bytes;
}

interface GlobToken {
  readonly star: boolean;
  /** The one character that matches; null for sets. */
  readonly literal: string | null;
  test(c: string): boolean;
}

function globTokens(pattern: string): GlobToken[] {
  const tokens: GlobToken[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '*') {
      if (!tokens.at(-1)?.star) tokens.push({ star: true, literal: null, test: () => true });
    } else if (c === '?') tokens.push({ star: false, literal: null, test: () => true });
    else if (c === '[') {
      const set = characterSet(pattern, i + 1);
      if (set) {
        tokens.push({ star: false, literal: null, test: set.test });
        i = set.end;
      } else tokens.push(literal('['));
    } else if (c === '\\' && i + 1 < pattern.length) tokens.push(literal(pattern[++i]!));
    else tokens.push(literal(c));
  }
  return tokens;
}

function literal(wanted: string): GlobToken {
  return { star: false, literal: wanted, test: (c) => c === wanted };
}

/** Character classes of POSIX as they are in the C locale. */
const CLASSES: Record<string, RegExp> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** A bracket expression from behind its "[", with the offset of its "]"; null when it is not closed. */
function characterSet(pattern: string, from: number): { end: number; test(c: string): boolean } | null {
  let at = from;
  const negated = pattern[at] === '!' || pattern[at] === '^';
  if (negated) at++;
  const members: ((c: string) => boolean)[] = [];
  for (let first = true; ; first = false) {
    let c = pattern[at];
    if (c === undefined) return null;
    if (c === ']' && !first) break;
    const named = c === '[' ? /^\[:([a-z]+):\]/.exec(pattern.slice(at, at + 12)) : null;
    const set = named && CLASSES[named[1]!];
    if (named && set) {
      members.push((byte) => set.test(byte));
      at += named[0].length;
      continue;
    }
    if (c === '\\' && at + 1 < pattern.length) c = pattern[++at]!;
    at++;
    if (pattern[at] === '-' && pattern[at + 1] !== undefined && pattern[at + 1] !== ']') {
      at++;
      if (pattern[at] === '\\' && at + 1 < pattern.length) at++;
      const low = c;
      const high = pattern[at++]!;
      members.push((byte) => byte >= low && byte <= high);
    } else {
      const only = c;
      members.push((byte) => byte === only);
    }
  }
  return { end: at, test: (c) => members.some((member) => member(c)) !== negated };
}
