import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { upstreams } from '../config/upstreams.ts';
import { holdsSince } from '../config/version.ts';
import type { Fix } from '../contract.ts';
import { Editor } from '../diagnosis/editing.ts';
import { fixesOfRefusal, weighRefusal } from '../diagnosis/refused.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * Before 1.29.7 keepalive wraps the balancing method that stands above it, and a method below sets itself in the
 * place of both (ngx_http_upstream_least_conn and its siblings overwrite peer.init_upstream). nginx warns "load
 * balancing method redefined" and serves without a pool. Since 1.29.7 each method keeps the pool. Deliberately leaves
 * alone: keepalive before server lines, which is fine.
 */
export const keepaliveBeforeBalancer: FailureMode = {
  id: 'keepalive-before-balancer',
  title: 'keepalive stands before the balancing method and is lost',
  what: 'In an upstream block keepalive stands above least_conn, ip_hash, hash or random.',
  why: 'Before 1.29.7 the method takes the place of what keepalive set up. nginx warns "load balancing method redefined", starts, and opens a new connection for each request.',
  do: 'Move keepalive below least_conn, ip_hash, hash or random in the upstream block. Since 1.29.7 the order does not matter.',
  status: null,
  versions: { since: null, until: '1.29.7' },
  hits: 'every request to this group: none fails, each pays for a connection, and ports run out under load',
  signatures: [{ message: 'balancer-redefined' }],
  detect: (model) => lostPools(model),
  weigh: (failure) => weighRefusal(lostPools, failure),
  fix: (failure) => fixesOfRefusal(lostPools, failure),
  remedy: {
    cure: () => 'move keepalive below the balancing method',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: () => [],
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive'],
};

const METHODS = ['least_conn', 'ip_hash', 'hash', 'random'];

function lostPools(model: ConfigModel): Detection[] {
  const order = holdsSince(model.version, '1.29.7');
  if (order === 'yes') return [];
  return [...upstreams(model).values()].flatMap(({ node: group, keepalive }) => {
    const lines = group.children;
    const at = keepalive ? lines.indexOf(keepalive) : -1;
    const method = lines.slice(at + 1).find(({ name }) => METHODS.includes(name));
    if (!keepalive || at < 0 || !method) return [];
    return {
      node: keepalive,
      severity: order === 'no' ? 'warning' : 'info',
      certainty: order === 'no' ? 'certain' : 'possible',
      message: `${keepalive.text} stands above ${method.name}, which takes its effect away before nginx 1.29.7`,
      related: [{ ...method.site, message: 'the balancing method' }],
      fixes: moved(model, keepalive, method),
    };
  });
}

function moved(model: ConfigModel, keepalive: ConfigNode, method: ConfigNode): Fix[] {
  const fix = new Editor(model, 'review')
    .remove(keepalive)
    .insertAfter(method, [`${keepalive.text};`])
    .fix(`move keepalive below ${method.name}`);
  return fix ? [fix] : [];
}
