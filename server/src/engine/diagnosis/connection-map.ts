import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { definitionsOf } from '../config/variables.ts';
import type { Editor } from './editing.ts';

/** A map of $http_upgrade that gives "upgrade": one that is there, or a new one at the http level. */
export function connectionVariable(model: ConfigModel, pass: ConfigNode, editor: Editor): string {
  const definitions = definitionsOf(model);
  for (const [name, entries] of definitions) {
    const map = entries[0]?.node;
    if (map?.name !== 'map' || map.arg(0)?.toLowerCase() !== '$http_upgrade') continue;
    if (map.children.some((entry) => entry.arg(0)?.toLowerCase() === 'upgrade')) return `$${name}`;
  }
  if (!hasHttpLevel(model, pass)) return '"upgrade"';
  const taken = definitions.has('connection_upgrade');
  const name = taken ? '$websocket_connection' : '$connection_upgrade';
  // An empty value sends no Connection header: plain requests keep a pool that "close" would switch off.
  editor.insertAtHttpLevel(pass, [
    `map $http_upgrade ${name} {`,
    '    default upgrade;',
    "    ''      '';",
    '}',
  ]);
  return name;
}

function hasHttpLevel(model: ConfigModel, node: ConfigNode): boolean {
  if (model.httpBlocks().length > 0) return true;
  const root = [node, ...node.ancestors()].at(-1)!;
  return root.context === 'http';
}
