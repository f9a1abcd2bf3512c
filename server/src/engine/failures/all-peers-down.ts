import type { ConfigModel } from '../config/model.ts';
import { isAllDown, parameterWord, usedGroups } from '../config/pools.ts';
import type { Proxied } from '../config/proxied.ts';
import type { Upstream } from '../config/upstreams.ts';
import type { Fix } from '../contract.ts';
import { bestPlace } from '../diagnosis/case.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * `down` takes a server out of the choice for good, a single one and a backup too; with none left nginx answers 502
 * without trying anything. Deliberately ignores: groups that no *_pass names, and those whose servers Lua chooses.
 */
export const allPeersDown: FailureMode = {
  id: 'all-peers-down',
  title: 'Every server of the pool is marked down',
  what: 'Each server line of an upstream block says down, so there is none to choose.',
  why: 'nginx answers every request to this group with 502 at once and logs "no live upstreams".',
  do: 'Remove down from the server lines that work, or add a server.',
  status: '502',
  versions: null,
  hits: 'every request to this group',
  signatures: [{ message: 'no-live-upstreams' }],
  detect: (model) =>
    [...usedGroups(model)].flatMap(([group, uses]) =>
      isAllDown(group) ? [detection(model, group, uses)] : [],
    ),
  weigh(failure) {
    const target = bestPlace(failure)?.proxied?.target;
    if (!failure.model || !target) return { certainty: 'possible', because: [], against: [] };
    if (target.kind !== 'upstream' || !isAllDown(target.upstream)) return null;
    return { certainty: 'certain', because: [messageOf(target.upstream)], against: [] };
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied?.target;
    return failure.model && target?.kind === 'upstream' && isAllDown(target.upstream)
      ? bringUp(failure.model, target.upstream)
      : [];
  },
  remedy: {
    cure: () => 'remove down from the server lines that work, or add a server',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: () => [],
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server'],
};

function messageOf({ name, peers }: Upstream): string {
  return peers.length === 1
    ? `the only server of ${name} is marked down`
    : `all ${peers.length} servers of ${name} are marked down`;
}

function detection(model: ConfigModel, group: Upstream, uses: readonly Proxied[]): Detection {
  const [first, ...others] = group.peers;
  return {
    node: first!.node,
    severity: 'error',
    certainty: 'certain',
    message: messageOf(group),
    related: [
      ...others.map(({ node }) => ({ ...node.site, message: 'this one too' })),
      ...uses.map(({ pass }) => ({ ...pass.site, message: `${pass.text} leads to the group` })),
    ],
    fixes: bringUp(model, group),
  };
}

/** Which of them work only the user knows. */
function bringUp(model: ConfigModel, { peers }: Upstream): Fix[] {
  const editor = new Editor(model, 'choice');
  for (const { node } of peers) {
    const word = parameterWord(node, 'down');
    const before = node.directive.args[node.directive.args.indexOf(word!) - 1];
    if (word && before) editor.removeWord(node, before, word);
  }
  const fix = editor.fix(peers.length === 1 ? 'remove down' : 'remove down from all of them');
  return fix ? [fix] : [];
}
