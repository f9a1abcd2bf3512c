import type { ConfigModel, ConfigNode } from './model.ts';
import { allProxied, type Proxied } from './proxied.ts';
import { type Peer, type Upstream, upstreamNamed } from './upstreams.ts';
import { possibleValues } from './variables.ts';

/** Groups that some *_pass names, with all that use them; those whose servers Lua chooses are left out. */
export function usedGroups(model: ConfigModel): ReadonlyMap<Upstream, readonly Proxied[]> {
  let known = cache.get(model);
  if (!known) {
    known = new Map();
    for (const target of allProxied(model)) {
      if (target.target.kind !== 'upstream') continue;
      const { upstream } = target.target;
      const uses = known.get(upstream);
      if (uses) uses.push(target);
      else if (!upstream.node.children.some(({ name }) => name.startsWith('balancer_by_lua')))
        known.set(upstream, [target]);
    }
    cache.set(model, known);
  }
  return known;
}

const cache = new WeakMap<ConfigModel, Map<Upstream, Proxied[]>>();

/** The groups that a *_pass leads to: the one it names, or those that its variables are known to name. */
export function groupsOf(model: ConfigModel, { target, pass }: Proxied): readonly Upstream[] {
  if (target.kind === 'upstream') return [target.upstream];
  if (target.kind !== 'variable') return [];
  const groups = possibleValues(model, target.text, pass).values.map((value) =>
    upstreamNamed(model, value.replace(/^[a-z]+:\/\//i, '').split('/', 1)[0]!),
  );
  return [...new Set(groups)].filter((group) => group !== null);
}

/** Whether nginx never chooses from a group: each of its servers is `down`, the backups too. */
export function isAllDown({ peers }: Upstream): boolean {
  return peers.length > 0 && peers.every(({ down }) => down);
}

/** Servers that nginx can choose before any backup. */
export function primaries({ peers }: Upstream): readonly Peer[] {
  return peers.filter(({ backup, down }) => !backup && !down);
}

/**
 * Whether failures can take servers out of a group: one address alone is never taken out
 * (ngx_http_upstream_init_round_robin sets `single`).
 */
export function canBeMarked(group: Upstream): boolean {
  return group.peers.length > 1;
}

/** Address of a `server` line, so that equal ones compare equal; null where nginx refuses it. */
export function peerKey({ url, port }: Peer): string | null {
  if (!url) return null;
  return url.socket !== null ? `unix:${url.socket}` : `${url.host!.toLowerCase()}:${port}`;
}

/** The word of a `server` line that sets a parameter. */
export function parameterWord(
  node: ConfigNode,
  name: string,
): ConfigNode['directive']['args'][number] | null {
  return node.directive.args.find(({ value }) => value === name || value.startsWith(`${name}=`)) ?? null;
}
