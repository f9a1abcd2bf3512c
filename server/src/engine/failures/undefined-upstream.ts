import type { ConfigModel } from '../config/model.ts';
import { allProxied } from '../config/proxied.ts';
import { isAddress } from '../config/upstream-url.ts';
import { misspelledGroup } from '../config/upstreams.ts';
import type { ConfirmingCommand } from '../contract.ts';
import type { Case } from '../diagnosis/case.ts';
import { resolves } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import {
  fixesOfRefusal,
  KEEP_RUNNING,
  LOADS,
  testConfiguration,
  WHOLE_START,
  weighRefusal,
} from '../diagnosis/refused.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * A name in *_pass that is no upstream block is looked up as a host when nginx starts; one that does not resolve is
 * fatal ("host not found in upstream"), and for handlers without a default port nginx asks for one first ("no port in
 * upstream"). Deliberately narrow: only names one letter away from exactly one group are taken for misspelled; every
 * other name may well resolve where nginx runs (host-not-found-at-start).
 */
export const undefinedUpstream: FailureMode = {
  id: 'undefined-upstream',
  title: 'The name in *_pass is almost that of an upstream block',
  what: 'A name in *_pass is no upstream block, but one letter away from one.',
  why: 'nginx takes it for a host and looks it up when it starts. If that name does not resolve, nginx refuses the whole configuration; if it does, requests go to another machine on port 80.',
  do: 'Write the name exactly as the upstream block has it; any other name is looked up as a host.',
  status: null,
  versions: null,
  hits: WHOLE_START,
  signatures: [{ message: 'host-not-found-in-upstream' }, { message: 'no-port-in-upstream' }],
  detect: (model) => misspelled(model),
  weigh: (failure) => weighRefusal(misspelled, failure),
  fix: (failure) => fixesOfRefusal(misspelled, failure),
  remedy: {
    cure: () => 'write the name exactly as the upstream block has it',
    mitigate: KEEP_RUNNING,
    takesEffect: LOADS,
  },
  checks: (failure) => [...lookUp(failure), ...testConfiguration(failure)],
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#upstream'],
};

/** Whether the name resolves as it stands. */
function lookUp(failure: Case): ConfirmingCommand[] {
  const name = failure.matched.captures['upstream']?.replace(/:\d+$/, '');
  return name ? [resolves(failure, name, 'start')] : [];
}

function misspelled(model: ConfigModel): Detection[] {
  return allProxied(model).flatMap(({ pass, block, target }) => {
    if (pass.parent !== block || target.kind !== 'host' || isAddress(target.host)) return [];
    const group = misspelledGroup(model, target.host);
    // With a port it is a host for certain: a group has its ports in its server lines.
    const word = pass.directive.args[0]!;
    if (!group || word.value.replace(/^\w+:\/\//, '').includes(':')) return [];
    const right = word.raw.replace(target.host, group.name);
    const fix = new Editor(model, 'review').replaceWord(pass, word, right).fix(`write ${group.name}`);
    return {
      node: pass,
      severity: 'error',
      certainty: 'likely',
      message: `there is no upstream "${target.host}"; "${group.name}" is one letter away`,
      related: [{ ...group.node.site, message: 'the group that was most likely meant' }],
      fixes: fix ? [fix] : [],
    };
  });
}
