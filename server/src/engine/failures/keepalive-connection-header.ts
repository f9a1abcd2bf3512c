import { closedBy, type PoolUse, plainEntry, poolUses } from '../config/connection-reuse.ts';
import type { ConfigModel } from '../config/model.ts';
import { requestHeaders } from '../config/request-headers.ts';
import type { Upstream } from '../config/upstreams.ts';
import type { Fix } from '../contract.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { HeaderEdits } from '../diagnosis/header-edits.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * With HTTP/1.1 only `Connection: close` keeps a connection out of the pool of `keepalive`: nginx's own before 1.29.7,
 * a line that says so, or the map of the WebSocket page, which gives close to plain requests (upgraded connections
 * never come back to a pool). Deliberately ignores: HTTP/1.0 (keepalive-without-http11); a written close where other
 * locations keep their connections to the same group, which is how one opts out; close beside Upgrade
 * (websocket-connection-close); values that come from the request.
 */
export const keepaliveConnectionHeader: FailureMode = {
  id: 'keepalive-connection-header',
  title: 'keepalive in the upstream, but Connection says close',
  what: 'An upstream block keeps connections (keepalive), but the requests to it ask the backend to close them.',
  why: 'Every request opens a new connection. None fails for it, but each waits for the handshake, and under load the ports of the machine run out.',
  do: 'Set proxy_set_header Connection "" where proxy_pass uses this upstream (before 1.29.7 nginx sends close by default). In a map for WebSocket, give an empty value instead of close.',
  status: null,
  versions: { since: null, until: '1.29.7' },
  hits: 'every request to this group: none fails, each pays for a connection, and ports run out under load',
  signatures: [],
  detect: (model) =>
    [...poolUses(model)].flatMap(([group, uses]) => {
      const found = closed(model, group, uses);
      return found ? [found] : [];
    }),
  remedy: {
    cure: () => 'send no Connection header to the group: proxy_set_header Connection ""',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => [
    {
      run: 'ss -tan state time-wait | wc -l',
      where: onNginx(failure),
      expect: 'a number that grows with the requests: their connections are not kept.',
    },
  ],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header',
  ],
};

function closed(model: ConfigModel, group: Upstream, uses: readonly PoolUse[]): Detection | null {
  const someKeep = uses.some(({ http, connection }) => http.version !== '1.0' && connection.says === 'open');
  const closing = uses.filter((use) => closes(model, use, someKeep));
  const first = closing[0];
  if (!first) return null;
  const written = closing.some(({ connection }) => connection.node !== null);
  const sure = written || (first.connection.sure && model.isComplete);
  return {
    node: group.keepalive!,
    severity: sure ? 'warning' : 'info',
    certainty: sure ? 'certain' : 'likely',
    message: `${closedBy(group, closing, uses)}: ${because(first)}`,
    ...(written && { versions: null }),
    related: closing.map(({ target, connection: { node, map } }) => {
      if (map)
        return { ...(plainEntry(map) ?? map).site, message: 'gives close to requests without Upgrade' };
      if (node) return { ...node.site, message: 'Connection: close is set here' };
      return { ...target.pass.site, message: `${target.pass.text} sends Connection: close by default` };
    }),
    fixes: clear(model, closing),
  };
}

function closes(model: ConfigModel, { target, http, connection }: PoolUse, someKeep: boolean): boolean {
  if (http.version !== '1.1' || connection.says !== 'close') return false;
  if (!connection.node) return !model.hasUnreadInclude(target.block, null);
  if (connection.map) return true;
  const upgrade = requestHeaders(model, target.block).get('upgrade');
  return !someKeep && (!upgrade || upgrade.arg(1) === '');
}

function because({ target, connection: { node, map, sure } }: PoolUse): string {
  if (map) return `${map.args.at(-1)} is close for every request but a WebSocket's`;
  if (node) return `${node.text} closes each one`;
  return `${target.pass.text} sends Connection: close${sure ? '' : ' before nginx 1.29.7'}`;
}

function clear(model: ConfigModel, uses: readonly PoolUse[]): Fix[] {
  // A pool lets a POST fail on a connection that the backend has just closed: a person should look.
  const editor = new Editor(model, 'review');
  const edits = new HeaderEdits(model, editor);
  for (const { target, connection } of uses) {
    if (connection.map) edits.clearPlainValue(connection.map);
    else edits.send(target, false, [['Connection', '""']]);
  }
  const fix = editor.fix('send no Connection header, so that connections are kept');
  return fix ? [fix] : [];
}
