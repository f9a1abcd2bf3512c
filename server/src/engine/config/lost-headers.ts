import { effective } from './inheritance.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { allProxied, type Handler, type Proxied } from './proxied.ts';

/** Directives whose lines are one list that an inner level replaces as a whole, by handler. */
const LISTS: Partial<Record<Handler, string>> = {
  proxy: 'proxy_set_header',
  grpc: 'grpc_set_header',
  fastcgi: 'fastcgi_param',
  uwsgi: 'uwsgi_param',
  scgi: 'scgi_param',
};

/** What an own list of headers or parameters takes away from a location. */
export interface LostHeaders {
  readonly target: Proxied;
  readonly directive: string;
  /** The list in effect. */
  readonly own: readonly ConfigNode[];
  readonly ownLevel: ConfigNode;
  /** The block that has the list that is dropped; null for the top of a fragment. */
  readonly outerLevel: ConfigNode | null;
  /** Lines of the dropped list whose names the own one lacks. */
  readonly lost: readonly ConfigNode[];
  /** Whether the own list repeats a name of the dropped one: then its writer knows that it must. */
  readonly repeats: boolean;
}

/** Every proxied location whose list of headers or parameters lacks what an outer level sets. */
export function lostHeaders(model: ConfigModel): readonly LostHeaders[] {
  let known = cache.get(model);
  if (!known) {
    known = allProxied(model).flatMap((target) => {
      const lost = lostAt(model, target);
      return lost ? [lost] : [];
    });
    cache.set(model, known);
  }
  return known;
}

const cache = new WeakMap<ConfigModel, readonly LostHeaders[]>();

function lostAt(model: ConfigModel, target: Proxied): LostHeaders | null {
  const directive = LISTS[target.handler];
  if (!directive) return null;
  const { nodes: own, level: ownLevel } = effective(model, directive, target.block);
  if (!ownLevel?.parent) return null;
  const outer = effective(model, directive, ownLevel.parent);
  if (outer.nodes.length === 0) return null;
  // A file that is not in sight may set what seems to be missing.
  if (model.hasUnreadInclude(target.block, ownLevel)) return null;
  const names = headerNames(own);
  const lost = outer.nodes.filter((node) => !names.has(headerName(node)));
  if (lost.length === 0) return null;
  const repeats = outer.nodes.some((node) => names.has(headerName(node)));
  return { target, directive, own, ownLevel, outerLevel: outer.level, lost, repeats };
}

/** Names are compared without case. */
export function headerName(node: ConfigNode): string {
  return node.arg(0)?.toLowerCase() ?? '';
}

const namesOf = new WeakMap<readonly ConfigNode[], ReadonlySet<string>>();

function headerNames(nodes: readonly ConfigNode[]): ReadonlySet<string> {
  let known = namesOf.get(nodes);
  if (!known) {
    known = new Set(nodes.map(headerName));
    namesOf.set(nodes, known);
  }
  return known;
}

/**
 * Where an outer list reaches: for each of its lines the targets that keep the header, as keys of `targetKey`. A
 * location keeps it that inherits the list or repeats the name.
 */
export function keepersOf(
  model: ConfigModel,
  level: ConfigNode | null,
  directive: string,
): ReadonlyMap<string, ReadonlySet<string>> {
  const byLevel = keepers.get(model) ?? collectKeepers(model);
  keepers.set(model, byLevel);
  return byLevel.get(level)?.get(directive) ?? new Map();
}

type Keepers = Map<ConfigNode | null, Map<string, Map<string, Set<string>>>>;

const keepers = new WeakMap<ConfigModel, Keepers>();

function collectKeepers(model: ConfigModel): Keepers {
  const byLevel: Keepers = new Map();
  for (const target of allProxied(model)) {
    const directive = LISTS[target.handler];
    if (!directive) continue;
    const names = headerNames(effective(model, directive, target.block).nodes);
    const key = targetKey(target);
    // Null stands for the top of a fragment.
    for (const level of [target.block, ...target.block.ancestors(), null]) {
      if (level && level.all(directive).length === 0) continue;
      const byDirective = byLevel.get(level) ?? new Map<string, Map<string, Set<string>>>();
      byLevel.set(level, byDirective);
      const byName = byDirective.get(directive) ?? new Map<string, Set<string>>();
      byDirective.set(directive, byName);
      for (const name of names) byName.set(name, (byName.get(name) ?? new Set<string>()).add(key));
    }
  }
  return byLevel;
}

/** Tells targets apart by what they lead to. */
export function targetKey({ target }: Proxied): string {
  switch (target.kind) {
    case 'upstream':
      return `upstream ${target.upstream.name.toLowerCase()}`;
    case 'unix':
      return `unix ${target.path}`;
    case 'variable':
    case 'invalid':
      return target.text;
    default:
      return `${target.host.toLowerCase()}:${target.port}`;
  }
}

/** Whether a location loses Upgrade that an outer level sets and others keep, and does so unknowingly. */
export function losesUpgrade(model: ConfigModel, target: Proxied): boolean {
  const lost = lostHeaders(model).find((candidate) => candidate.target === target);
  if (!lost || lost.repeats || !lost.lost.some((node) => headerName(node) === 'upgrade')) return false;
  return keepersOf(model, lost.outerLevel, lost.directive).has('upgrade');
}
