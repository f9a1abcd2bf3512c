import { effective } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { primaries, usedGroups } from '../config/pools.ts';
import type { Proxied } from '../config/proxied.ts';
import type { Upstream } from '../config/upstreams.ts';
import type { Fix } from '../contract.ts';
import { bestPlace } from '../diagnosis/case.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * With *_next_upstream off, or one try, nginx answers 502 or 504 although other servers of the group are up: each
 * failing server costs requests until max_fails takes it out. Deliberately ignores: groups with one server, where
 * nothing is lost.
 */
export const retryDisabled: FailureMode = {
  id: 'retry-disabled',
  title: 'proxy_next_upstream is off for a pool of several servers',
  what: 'A group has several servers, and after a failure nginx tries none but the first it chose.',
  why: 'While one server of the group is down, its share of the requests is answered with 502 or 504, although the others are up.',
  do: 'Remove proxy_next_upstream off (or proxy_next_upstream_tries 1): then nginx tries the next server after an error or a time-out. A POST that has been sent is still not repeated, unless non_idempotent is set.',
  status: null,
  versions: null,
  hits: 'requests that a failing server of the group is chosen for',
  signatures: [{ message: 'connect-failed' }],
  detect: (model) =>
    [...usedGroups(model)].flatMap(([group, uses]) =>
      uses.flatMap((use) => disabled(model, group, use) ?? []),
    ),
  weigh(failure) {
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || target?.target.kind !== 'upstream') return null;
    const found = disabled(failure.model, target.target.upstream, target);
    // Why the server failed goes before why no other was tried.
    return found ? { certainty: 'likely', because: [found.message], against: [], general: true } : null;
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || target?.target.kind !== 'upstream') return [];
    return disabled(failure.model, target.target.upstream, target)?.fixes ?? [];
  },
  remedy: {
    cure: () => 'let nginx try the next server: remove proxy_next_upstream off',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: () => [],
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream'],
};

function disabled(model: ConfigModel, group: Upstream, target: Proxied): Detection | null {
  const backups = group.peers.filter(({ backup, down }) => backup && !down).length;
  if (primaries(group).length + backups < 2) return null;
  const line = switchOff(model, target);
  if (!line) return null;
  return {
    node: line,
    severity: 'hint',
    certainty: 'certain',
    message: `${line.text}: when a server of ${group.name} fails, nginx does not try the others`,
    related: [{ ...target.pass.site, message: `${target.pass.text} leads to ${group.peers.length} servers` }],
    fixes: removed(model, line),
  };
}

function switchOff(model: ConfigModel, { handler, block }: Proxied): ConfigNode | null {
  const off = effective(model, `${handler}_next_upstream`, block).nodes[0];
  if (off?.args.includes('off')) return off;
  const tries = effective(model, `${handler}_next_upstream_tries`, block).nodes[0];
  return tries?.arg(0) === '1' ? tries : null;
}

function removed(model: ConfigModel, line: ConfigNode): Fix[] {
  const fix = new Editor(model, 'choice').remove(line).fix(`remove ${line.text}`);
  return fix ? [fix] : [];
}
