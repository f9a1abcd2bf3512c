import { effective } from './inheritance.ts';
import type { ConfigModel, ConfigNode } from './model.ts';

/**
 * Request headers that a location sets by proxy_set_header, by lower-case name, with the line in effect. nginx compares
 * the names without case; of two lines of one name the last is kept here.
 */
export function requestHeaders(model: ConfigModel, block: ConfigNode): ReadonlyMap<string, ConfigNode> {
  let blocks = known.get(model);
  if (!blocks) {
    blocks = new Map();
    known.set(model, blocks);
  }
  let headers = blocks.get(block);
  if (!headers) {
    headers = readHeaders(model, block);
    blocks.set(block, headers);
  }
  return headers;
}

/** Several failure modes ask every location. */
const known = new WeakMap<ConfigModel, Map<ConfigNode, ReadonlyMap<string, ConfigNode>>>();

function readHeaders(model: ConfigModel, block: ConfigNode): ReadonlyMap<string, ConfigNode> {
  const headers = new Map<string, ConfigNode>();
  for (const node of effective(model, 'proxy_set_header', block).nodes) {
    const name = node.arg(0)?.toLowerCase();
    if (name !== undefined) headers.set(name, node);
  }
  return headers;
}
