import type { ConfigModel } from './model.ts';
import { allProxied, type Proxied } from './proxied.ts';
import { type Peer, type Upstream, upstreams } from './upstreams.ts';
import { hasPlaceholder } from './variables.ts';

/** A `server` line of an upstream block without a port, where port 80 contradicts something else. */
export interface DefaultedPort {
  readonly group: Upstream;
  readonly peer: Peer;
  /** The port that was most likely meant. */
  readonly meant: number;
  /** The lines that speak TLS to it. */
  readonly tls: readonly Proxied[];
  /** Whether others speak plain text to it: then no port suits all. */
  readonly mixed: boolean;
  /** Whether only one other server speaks for the other port: then either may be the odd one. */
  readonly ofTwo: boolean;
}

/**
 * Members without a port that TLS is spoken to, or that stand alone among members with one other port. nginx gives
 * each of them port 80, whatever the scheme of *_pass (ngx_http_upstream_server).
 */
export function defaultedPorts(model: ConfigModel): readonly DefaultedPort[] {
  let known = cache.get(model);
  if (!known) {
    known = [...upstreams(model).values()].flatMap((group) => inGroup(model, group));
    cache.set(model, known);
  }
  return known;
}

const cache = new WeakMap<ConfigModel, readonly DefaultedPort[]>();

function inGroup(model: ConfigModel, group: Upstream): DefaultedPort[] {
  const bare = group.peers.filter((peer) => lacksPort(model, peer));
  // Lua chooses the peers, and the server line is a placeholder.
  if (bare.length === 0 || group.node.children.some(({ name }) => name.startsWith('balancer_by_lua')))
    return [];
  const uses = allProxied(model).filter(
    ({ target }) => target.kind === 'upstream' && target.upstream === group,
  );
  const tls = uses.filter(({ scheme }) => scheme === 'https' || scheme === 'grpcs');
  const mixed = tls.length > 0 && tls.length < uses.length;
  const written = group.peers.flatMap(({ url, backup }) => (url?.port == null || backup ? [] : [url.port]));
  const ports = new Set(written);
  const shared = ports.size === 1 ? written[0]! : null;
  return bare.flatMap((peer) => {
    if (tls.length > 0)
      return [
        { group, peer, meant: shared === null || shared === 80 ? 443 : shared, tls, mixed, ofTwo: false },
      ];
    const alone = bare.length === 1 && shared !== null && shared !== 80 && !peer.backup;
    return alone ? [{ group, peer, meant: shared, tls, mixed, ofTwo: written.length === 1 }] : [];
  });
}

function lacksPort(model: ConfigModel, { url, node, parameters }: Peer): boolean {
  if (!url || url.host === null || url.port !== null || parameters.has('service')) return false;
  return !hasPlaceholder(model, node.arg(0)!);
}
