import { effective } from './inheritance.ts';
import { networkHolds, parseIp } from './ip-address.ts';
import type { ConfigNode } from './model.ts';
import type { RequestState } from './request-state.ts';

/** What stands between a request and the content of a block. */
interface Guarding {
  readonly rules: readonly ConfigNode[];
  readonly guards: readonly ConfigNode[];
}

const known = new WeakMap<ConfigNode, Guarding>();

function inEffect({ model }: RequestState, block: ConfigNode): Guarding {
  let guarding = known.get(block);
  if (!guarding) {
    const guards = ['auth_basic', 'auth_request'].flatMap((name) => effective(model, name, block).nodes);
    guarding = {
      rules: effective(model, 'allow', block).nodes,
      guards: guards.filter((node) => node.arg(0) !== 'off'),
    };
    known.set(block, guarding);
  }
  return guarding;
}

/**
 * The status with which `allow` and `deny` refuse the request, null when they let it pass
 * (ngx_http_access_handler). Rules for addresses need the client's.
 */
export function checkAccess(state: RequestState, block: ConfigNode): number | null {
  const nodes = inEffect(state, block).rules;
  if (nodes.length === 0) return null;
  const address = state.request.client;
  const client = address === null ? null : parseIp(address);
  for (const node of nodes) {
    const network = node.arg(0) ?? '';
    if (network !== 'all') {
      if (address === null) {
        state.certain = false;
        state.step('unknown', `${node.text} depends on the client's address; taken as allowed`);
        return null;
      }
      // Over a unix socket only "unix:" fits.
      if (network === 'unix:' ? address !== 'unix:' : !client || !networkHolds(network, client)?.holds)
        continue;
    }
    if (node.name === 'allow') return null;
    state.step('access', `${node.text} refuses the request`);
    return 403;
  }
  return null;
}

/** Directives that may ask somebody else whether the request may pass, for the trace. */
export function notedGuards(state: RequestState, block: ConfigNode): void {
  for (const node of inEffect(state, block).guards) {
    state.step(
      'unknown',
      node.name === 'auth_basic'
        ? `${node.text} wants a user and password: without, nginx answers 401`
        : `${node.text} asks first; what follows holds when it says yes`,
    );
  }
}
