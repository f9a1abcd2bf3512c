import type { ConfigModel } from '../config/model.ts';
import { parseTime } from '../config/nginx-values.ts';
import { canBeMarked, parameterWord, usedGroups } from '../config/pools.ts';
import type { Peer, Upstream } from '../config/upstreams.ts';
import type { Fix } from '../contract.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * max_fails=1, the default, lets one failed request take a server out of the choice for fail_timeout
 * (ngx_http_upstream_free_round_robin_peer). With the default of 10 s that passes unnoticed; with a long one a short
 * trouble empties the group. Deliberately ignores: a lone server, which is never taken out; max_fails=0 and above 1.
 */
export const poolMarkedDownByOneFailure: FailureMode = {
  id: 'pool-marked-down-by-one-failure',
  title: 'One failure takes a server out of the pool for long',
  what: 'A server line has a long fail_timeout, and one failure (max_fails=1, the default) is enough for it.',
  why: 'One failed request takes the server out for that long. A trouble that all servers have for a second leaves none: then every request is answered with 502 ("no live upstreams") until the time is over, although all work again.',
  do: 'Raise max_fails (1 by default) or shorten fail_timeout on the server line.',
  status: null,
  versions: null,
  hits: 'every request after one failure of each server, until fail_timeout is over',
  signatures: [{ message: 'no-live-upstreams' }, { message: 'upstream-temporarily-disabled' }],
  detect: (model) => [...usedGroups(model).keys()].flatMap((group) => inGroup(model, group)),
  weigh: (failure) => {
    const target = failure.places[0]?.proxied?.target;
    const disabled = failure.matched.kind.id === 'upstream-temporarily-disabled';
    const because = disabled ? ['nginx says that it leaves the server out'] : [];
    if (!failure.model || target?.kind !== 'upstream')
      return disabled ? { certainty: 'possible', because, against: [] } : null;
    const [first] = inGroup(failure.model, target.upstream);
    if (first) return { certainty: 'likely', because: [...because, first.message], against: [] };
    return disabled ? { certainty: 'possible', because, against: [] } : null;
  },
  remedy: {
    cure: () => 'raise max_fails (1 by default) or shorten fail_timeout on the server line',
    mitigate: 'nginx -s reload forgets the failures',
    takesEffect: 'nginx -s reload',
  },
  checks: () => [],
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#max_fails'],
};

/** Seconds from which one failure is out of proportion, and from which it is worth more than a hint. */
const LONG = 30;
const VERY_LONG = 60;

function inGroup(model: ConfigModel, group: Upstream): Detection[] {
  if (!canBeMarked(group)) return [];
  return group.peers.flatMap((peer) => {
    const seconds = parseTime(peer.parameters.get('fail_timeout') ?? '10s', 'sec');
    const fails = peer.parameters.get('max_fails') ?? '1';
    if (seconds === null || seconds < LONG || fails !== '1' || peer.down) return [];
    return {
      node: peer.node,
      severity: seconds >= VERY_LONG ? 'info' : 'hint',
      certainty: 'certain',
      message: `one failure takes ${peer.node.arg(0)} out of ${group.name} for ${peer.parameters.get('fail_timeout')}`,
      related: [],
      fixes: threeFailures(model, peer),
    };
  });
}

function threeFailures(model: ConfigModel, { node }: Peer): Fix[] {
  const editor = new Editor(model, 'choice');
  const fails = parameterWord(node, 'max_fails');
  const timeout = parameterWord(node, 'fail_timeout');
  if (fails) editor.replaceWord(node, fails, fails.raw.replace(/1(?=["']?$)/, '3'));
  else if (timeout) editor.replaceWord(node, timeout, `max_fails=3 ${timeout.raw}`);
  const fix = editor.fix('wait for three failures: max_fails=3');
  return fix ? [fix] : [];
}
