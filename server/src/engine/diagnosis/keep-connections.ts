import { type PoolUse, sentConnection, spokenVersion } from '../config/connection-reuse.ts';
import type { ConfigModel } from '../config/model.ts';
import { usedGroups } from '../config/pools.ts';
import { requestHeaders } from '../config/request-headers.ts';
import { keepalivePool, type Upstream } from '../config/upstreams.ts';
import type { Fix } from '../contract.ts';
import { Editor } from './editing.ts';
import { HeaderEdits } from './header-edits.ts';

/** Connections that the fix lets each worker keep; nginx's own number since 1.29.7. */
const KEPT = 32;

/** Lets requests to a group speak HTTP/1.1 and ask for no end of the connection, where they do not. */
export function keepOpen(model: ConfigModel, editor: Editor, uses: readonly PoolUse[]): void {
  const edits = new HeaderEdits(model, editor);
  for (const { target, http, connection } of uses) {
    const closes = connection.says === 'close';
    edits.send(target, http.version === '1.0', closes && !connection.map ? [['Connection', '""']] : []);
    if (closes && connection.map) edits.clearPlainValue(connection.map);
  }
}

/** Gives a group that proxy_pass alone uses a pool of connections; null where it has one that works. */
export function keepConnections(model: ConfigModel, group: Upstream): Fix | null {
  const targets = usedGroups(model).get(group) ?? [];
  if (targets.length === 0 || targets.some(({ handler }) => handler !== 'proxy')) return null;
  const uses = targets
    // A tunnel is never kept, and its headers are its own.
    .filter(({ block }) => (requestHeaders(model, block).get('upgrade')?.arg(1) ?? '') === '')
    .map((target) => ({
      target,
      http: spokenVersion(model, target.block),
      connection: sentConnection(model, target.block),
    }));
  if (uses.length === 0) return null;
  // A pool lets a POST fail on a connection that the backend has just closed: a person should look.
  const editor = new Editor(model, 'review');
  const last = group.node.children.filter(({ file }) => file === group.node.file).at(-1);
  const pool = keepalivePool(group, model.version);
  if (pool === null || pool === 'unknown') {
    // `keepalive 0` says that none is wanted.
    if (!last || group.keepalive) return null;
    editor.insertAfter(last, [`keepalive ${KEPT};`]);
  }
  keepOpen(model, editor, uses);
  return editor.fix(`keep connections to ${group.name} open`);
}
