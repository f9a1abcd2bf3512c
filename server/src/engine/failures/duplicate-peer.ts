import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { peerKey } from '../config/pools.ts';
import { type Upstream, upstreams } from '../config/upstreams.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * The same address twice is two servers to nginx, each with its own count of failures. A lone server is never taken
 * out of the choice, two equal ones are; and a retry may go to the one that has just failed. Deliberately ignores:
 * servers that are down, names that are resolved at run time, placeholders for balancer_by_lua.
 */
export const duplicatePeer: FailureMode = {
  id: 'duplicate-peer',
  title: 'The same server stands twice in the pool',
  what: 'Two server lines of an upstream block name the same address.',
  why: 'nginx counts them as two servers: after a failure of each the group may have none left (502, "no live upstreams"), where a lone server would be tried again, and a retry may go to the server that has just failed.',
  do: 'Remove one of the two lines. To send it more requests, use weight.',
  status: null,
  versions: null,
  hits: 'requests while this server fails',
  signatures: [{ message: 'no-live-upstreams' }],
  detect: (model) => [...upstreams(model).values()].flatMap((group) => duplicates(model, group)),
  weigh: (failure) => {
    const target = failure.places[0]?.proxied?.target;
    if (!failure.model || target?.kind !== 'upstream') return null;
    const [first] = duplicates(failure.model, target.upstream);
    return first ? { certainty: 'likely', because: [first.message], against: [] } : null;
  },
  remedy: {
    cure: () => 'remove one of the two server lines; weight sends a server more requests',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: () => [],
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server'],
};

function duplicates(model: ConfigModel, { node: block, name, peers }: Upstream): Detection[] {
  if (peers.length < 2 || block.children.some((child) => child.name.startsWith('balancer_by_lua'))) return [];
  const seen = new Map<string, ConfigNode>();
  return peers.flatMap((peer) => {
    const key = peerKey(peer);
    if (key === null || peer.down || peer.resolve) return [];
    const first = seen.get(key);
    if (!first) {
      seen.set(key, peer.node);
      return [];
    }
    const fix = new Editor(model, 'choice').remove(peer.node).fix('remove this line');
    return {
      node: peer.node,
      severity: 'hint',
      certainty: 'certain',
      message: `${peer.node.arg(0)} stands twice in ${name}`,
      related: [{ ...first.site, message: 'the same server' }],
      fixes: fix ? [fix] : [],
    };
  });
}
