import { capturedValues } from './captures.ts';
import type { ConfigModel, ConfigNode } from './model.ts';

/** The values that a text with variables can take, as far as the files tell. */
export interface PossibleValues {
  readonly values: readonly string[];
  /** False when some part comes from the request or is not to be known. */
  readonly complete: boolean;
}

const MAX_VALUES = 200;
const MAX_DEPTH = 8;

/** Names of the variables in a text: `$name` and `${name}` (ngx_http_script_compile). */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(VARIABLE)].map((match) => (match[1] ?? match[2])!.toLowerCase());
}

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g;

export function hasVariables(text: string): boolean {
  return /\$(?:\{\w|\w)/.test(text);
}

/**
 * Whether a text holds what a template engine fills in before nginx reads it: envsubst's `${NAME}` in capitals, which
 * no nginx variable is written in, `{{ }}` of Helm and Jinja, `<%= %>` of ERB.
 */
export function hasPlaceholder(model: ConfigModel, text: string): boolean {
  if (text.includes('{{') || text.includes('<%')) return true;
  const capitals = text.match(/\$\{?[A-Z][A-Z0-9_]*(?![a-z])/g) ?? [];
  return capitals.some((name) => !definitionsOf(model).has(name.replace(/^\$\{?/, '').toLowerCase()));
}

/** What a text can become at a place: `set`, `map` and `geo` are followed, everything else is unknown. */
export function possibleValues(model: ConfigModel, text: string, at: ConfigNode): PossibleValues {
  return valuesOf(model, text, at, () => false, 0);
}

/**
 * What the beginnings of a URL can become at a place, at least as far as the host and port go: what variables add to a
 * URI that has begun is not asked for, so that a path or arguments of the request leave the host known.
 */
export function possibleHosts(model: ConfigModel, text: string, at: ConfigNode): PossibleValues {
  return valuesOf(model, text, at, (head) => /[/?]/.test(head.replace(/^[a-z]+:\/\//i, '')), 0);
}

/** Whether the beginning of a value says enough: it is not followed further then. */
type Enough = (head: string) => boolean;

function valuesOf(
  model: ConfigModel,
  text: string,
  at: ConfigNode,
  enough: Enough,
  depth: number,
): PossibleValues {
  if (!text.includes('$')) return { values: [text], complete: true };
  if (depth > MAX_DEPTH) return { values: [], complete: false };
  let complete = true;
  let texts = [''];
  let end = 0;
  const done: string[] = [];
  for (const match of text.matchAll(VARIABLE)) {
    const literal = text.slice(end, match.index);
    end = match.index + match[0].length;
    const heads = texts.map((head) => head + literal);
    done.push(...heads.filter(enough));
    const open = heads.filter((head) => !enough(head));
    if (open.length === 0) return { values: [...new Set(done)], complete };
    const parts = variableValues(model, (match[1] ?? match[2])!.toLowerCase(), at, enough, depth + 1);
    complete &&= parts.complete;
    texts = open.flatMap((head) => parts.values.map((value) => head + value));
    if (texts.length + done.length > MAX_VALUES)
      return { values: [...done, ...texts].slice(0, MAX_VALUES), complete: false };
  }
  return { values: [...new Set([...done, ...texts.map((head) => head + text.slice(end))])], complete };
}

/** Variables of nginx itself whose values are few. */
const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  scheme: ['http', 'https'],
  https: ['', 'on'],
  is_args: ['', '?'],
};

/** Lines of a `geo` that give no value. */
const GEO_PARAMETERS = new Set(['proxy', 'delete']);

function variableValues(
  model: ConfigModel,
  name: string,
  at: ConfigNode,
  enough: Enough,
  depth: number,
): PossibleValues {
  const few = BUILT_IN[name];
  if (few) return { values: few, complete: true };
  const definitions = inForce(definitionsOf(model).get(name) ?? [], at);
  const server = enclosingServer(at);
  const values: string[] = [];
  let complete = true;
  let found = false;
  for (const { node, kind } of definitions) {
    if (kind === 'set') {
      if (enclosingServer(node) !== server) continue;
      found = true;
      const inner = valuesOf(model, node.arg(1) ?? '', node, enough, depth + 1);
      values.push(...inner.values);
      complete &&= inner.complete;
      continue;
    }
    found = true;
    const entries = node.children.filter((entry) => entry.args.length > 0 && !isParameter(node, entry.name));
    // Without a default, an unmatched key gives the empty text (ngx_http_map_variable).
    const fallback = kind === 'split' ? '*' : 'default';
    if (!entries.some((entry) => entry.name === fallback)) values.push('');
    for (const entry of entries) {
      const inner = valuesOf(model, entry.arg(0)!, node, enough, depth + 1);
      values.push(...inner.values);
      complete &&= inner.complete;
    }
  }
  if (!found) return capturedValues(name, at) ?? { values: [], complete: false };
  return { values: [...new Set(values)].slice(0, MAX_VALUES), complete };
}

/** Definitions that can count at a place: a location that sets a variable itself overrides what was set before. */
function inForce(definitions: readonly Definition[], at: ConfigNode): readonly Definition[] {
  const location = enclosingLocation(at);
  if (!location || at.name === 'set') return definitions;
  const overrides = definitions.some(({ node, kind }) => kind === 'set' && node.parent === location);
  return overrides
    ? definitions.filter(({ node, kind }) => kind === 'set' && enclosingLocation(node) === location)
    : definitions;
}

function enclosingLocation(node: ConfigNode): ConfigNode | null {
  for (const outer of node.ancestors()) if (outer.name === 'location') return outer;
  return null;
}

function isParameter(definition: ConfigNode, name: string): boolean {
  return name === 'include' || (definition.name === 'geo' && GEO_PARAMETERS.has(name));
}

interface Definition {
  readonly node: ConfigNode;
  readonly kind: 'set' | 'map' | 'split';
}

const definitionCache = new WeakMap<ConfigModel, Map<string, Definition[]>>();

/** Directives that define a variable, by its name without `$`. */
export function definitionsOf(model: ConfigModel): ReadonlyMap<string, readonly Definition[]> {
  let known = definitionCache.get(model);
  if (!known) {
    known = new Map();
    for (const node of model.named('set', 'map', 'geo', 'split_clients')) {
      const kind = definitionKind(node);
      if (!kind) continue;
      const name = kind === 'set' ? node.arg(0) : node.args.at(-1);
      if (!name?.startsWith('$')) continue;
      const key = name.slice(1).toLowerCase();
      const list = known.get(key) ?? [];
      list.push({ node, kind });
      known.set(key, list);
    }
    definitionCache.set(model, known);
  }
  return known;
}

function definitionKind(node: ConfigNode): Definition['kind'] | null {
  if (node.name === 'set') return 'set';
  if (!node.isBlock) return null;
  if (node.name === 'map' || node.name === 'geo') return 'map';
  return node.name === 'split_clients' ? 'split' : null;
}

/** The server block a node stands in; null outside of one. */
export function enclosingServer(node: ConfigNode): ConfigNode | null {
  if (node.name === 'server' && node.isBlock) return node;
  for (const outer of node.ancestors()) if (outer.name === 'server') return outer;
  return null;
}
