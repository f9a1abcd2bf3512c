import { toBytes } from './bytes.ts';
import { isPass } from './inheritance.ts';
import type { ConfigNode } from './model.ts';
import { type Captures, searchPattern } from './pcre.ts';

export type LocationKind = '=' | '^~' | '~' | '~*' | '@' | 'prefix';

export interface LocationMatch {
  readonly kind: LocationKind;
  /** Prefix, exact URI, pattern or name. */
  readonly path: string;
}

/** Modifier and text of a `location`, written together or apart (ngx_http_core_location). */
export function locationMatch(node: ConfigNode): LocationMatch {
  const [first, second] = node.args;
  if (second !== undefined) return { kind: first as LocationKind, path: second };
  const text = first ?? '';
  if (text.startsWith('=')) return { kind: '=', path: text.slice(1) };
  if (text.startsWith('^~')) return { kind: '^~', path: text.slice(2) };
  if (text.startsWith('~*')) return { kind: '~*', path: text.slice(2) };
  if (text.startsWith('~')) return { kind: '~', path: text.slice(1) };
  if (text.startsWith('@')) return { kind: '@', path: text };
  return { kind: 'prefix', path: text };
}

/** A location as nginx looks it up; `path` is a byte string. */
export interface LocationEntry extends LocationMatch {
  readonly node: ConfigNode;
}

/** The locations of one level, ready for look-up (ngx_http_init_locations, ngx_http_init_static_location_trees). */
interface Level {
  readonly exact: ReadonlyMap<string, LocationEntry>;
  readonly prefixes: ReadonlyMap<string, LocationEntry>;
  /** Lengths of the prefixes, longest first. */
  readonly lengths: readonly number[];
  readonly patterns: readonly LocationEntry[];
  readonly named: ReadonlyMap<string, LocationEntry>;
}

const levels = new WeakMap<ConfigNode, Level>();

function levelOf(node: ConfigNode): Level {
  let known = levels.get(node);
  if (!known) {
    known = buildLevel(node);
    levels.set(node, known);
  }
  return known;
}

function buildLevel(node: ConfigNode): Level {
  const exact = new Map<string, LocationEntry>();
  const prefixes = new Map<string, LocationEntry>();
  const named = new Map<string, LocationEntry>();
  const patterns: LocationEntry[] = [];
  // nginx builds no tree of prefixes below a regular expression: only patterns are found there.
  const insideRegex = node.name === 'location' && ['~', '~*'].includes(locationMatch(node).kind);
  for (const child of node.all('location')) {
    const match = locationMatch(child);
    const entry = { node: child, kind: match.kind, path: toBytes(match.path) };
    if (match.kind === '~' || match.kind === '~*') patterns.push(entry);
    else if (match.kind === '@') {
      if (!named.has(entry.path)) named.set(entry.path, entry);
    } else if (!insideRegex) {
      const table = match.kind === '=' ? exact : prefixes;
      if (!table.has(entry.path)) table.set(entry.path, entry);
    }
  }
  const lengths = [...new Set([...prefixes.keys()].map((path) => path.length))].sort((a, b) => b - a);
  return { exact, prefixes, lengths, patterns, named };
}

/** How a location was found, in the order of the search. */
export interface LocationStep {
  readonly entry: LocationEntry;
  readonly how: 'exact' | 'prefix' | 'regex' | 'slash' | 'unknown';
}

export interface LocationChoice {
  /** Null where none matches: the server block's own record serves. */
  readonly location: LocationEntry | null;
  /** Groups of the regular expressions that matched, outermost first; later texts may use them. */
  readonly captures: readonly Captures[];
  /** nginx answers 301 to the location's own name. */
  readonly redirect: boolean;
  readonly steps: readonly LocationStep[];
}

/**
 * The location that a decoded URI ends in (ngx_http_core_find_location and ngx_http_core_find_static_location in
 * src/http/ngx_http_core_module.c): exact names, longest prefix, nested locations of that prefix, then regular
 * expressions from the innermost level outwards.
 */
export function findLocation(server: ConfigNode, uri: string): LocationChoice {
  const steps: LocationStep[] = [];
  const entered: { level: Level; noregex: boolean }[] = [];
  let current: LocationEntry | null = null;
  let level = levelOf(server);
  for (;;) {
    const exact = level.exact.get(uri);
    if (exact) {
      steps.push({ entry: exact, how: 'exact' });
      return { location: exact, captures: [], redirect: false, steps };
    }
    const best = longestPrefix(level, uri);
    if (best?.path !== uri) {
      const slashed = slashRedirect(level, uri);
      if (slashed) {
        steps.push({ entry: slashed, how: 'slash' });
        return { location: slashed, captures: [], redirect: true, steps };
      }
    }
    entered.push({ level, noregex: best?.kind === '^~' });
    if (!best) break;
    steps.push({ entry: best, how: 'prefix' });
    current = best;
    level = levelOf(best.node);
  }
  for (let at = entered.length - 1; at >= 0; at--) {
    const { level: outer, noregex } = entered[at]!;
    const found = noregex ? null : firstPattern(outer, uri, steps);
    if (found) return nestedPatterns(found, uri, steps);
  }
  return { location: current, captures: [], redirect: false, steps };
}

function longestPrefix(level: Level, uri: string): LocationEntry | null {
  for (const length of level.lengths) {
    if (length > uri.length) continue;
    const entry = level.prefixes.get(uri.slice(0, length));
    if (entry) return entry;
  }
  return null;
}

/** The location named like the URI with a slash behind it, where that one hands requests on. */
function slashRedirect(level: Level, uri: string): LocationEntry | null {
  const name = `${uri}/`;
  const exact = level.exact.get(name);
  const prefix = level.prefixes.get(name);
  const passes = [exact, prefix].some((entry) => entry?.node.children.some((child) => isPass(child.name)));
  return passes ? (exact ?? prefix ?? null) : null;
}

interface PatternHit {
  readonly entry: LocationEntry;
  readonly captures: Captures;
}

function firstPattern(level: Level, uri: string, steps: LocationStep[]): PatternHit | null {
  for (const entry of level.patterns) {
    const captures = searchPattern(entry.path, uri, entry.kind === '~*');
    if (captures === 'unknown') steps.push({ entry, how: 'unknown' });
    else if (captures) {
      steps.push({ entry, how: 'regex' });
      return { entry, captures };
    }
  }
  return null;
}

function nestedPatterns(first: PatternHit, uri: string, steps: LocationStep[]): LocationChoice {
  let hit = first;
  const captures = [first.captures];
  for (;;) {
    const inner = firstPattern(levelOf(hit.entry.node), uri, steps);
    if (!inner) return { location: hit.entry, captures, redirect: false, steps };
    hit = inner;
    captures.push(hit.captures);
  }
}

/** The `location @name` of a server. */
export function namedLocation(server: ConfigNode, name: string): LocationEntry | null {
  return levelOf(server).named.get(name) ?? null;
}
