import type { ConfigModel } from './model.ts';

/** URIs of subrequests, each of which means one resource: what auth_request and mirror name. */
export function calledPaths(model: ConfigModel): ReadonlySet<string> {
  let known = cache.get(model);
  if (!known) {
    known = new Set();
    for (const node of model.named('auth_request', 'mirror')) known.add(node.arg(0) ?? '');
    cache.set(model, known);
  }
  return known;
}

const cache = new WeakMap<ConfigModel, Set<string>>();
