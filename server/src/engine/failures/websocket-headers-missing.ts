import { effective } from '../config/inheritance.ts';
import { losesUpgrade } from '../config/lost-headers.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { allProxied, type Proxied } from '../config/proxied.ts';
import { requestHeaders } from '../config/request-headers.ts';
import { holdsSince } from '../config/version.ts';
import { looksLikeWebSocket, saysUpgrade } from '../config/websocket.ts';
import type { Fix } from '../contract.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { connectionVariable } from '../diagnosis/connection-map.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * nginx forwards neither Upgrade nor Connection by itself: both are hop-by-hop (ngx_http_proxy_headers). Without
 * them the backend sees a plain request and answers it as one. Deliberately ignores what has an id of its own:
 * Connection close or empty beside Upgrade (websocket-connection-close), HTTP/1.0 (websocket-over-http10), a fixed
 * "upgrade" for mixed traffic (connection-upgrade-hardcoded). Path and name are guesses and stay information.
 */
export const websocketHeadersMissing: FailureMode = {
  id: 'websocket-headers-missing',
  title: 'The WebSocket upgrade is not passed on',
  what: 'The headers Upgrade and Connection do not both reach the backend, so it never sees a WebSocket handshake.',
  why: 'The backend answers a plain request, often with 400, 404 or 426, and the browser reports a failed handshake. It is no 502 and leaves no line in error.log.',
  do: 'Set proxy_set_header Upgrade $http_upgrade and proxy_set_header Connection $connection_upgrade in the location, with a map of $http_upgrade to $connection_upgrade, and proxy_http_version 1.1 before nginx 1.29.7.',
  status: null,
  versions: null,
  hits: 'WebSocket handshakes; other requests work',
  signatures: [],
  detect: (model) =>
    allProxied(model).flatMap((target) => {
      const isLocation = target.handler === 'proxy' && target.block.name === 'location';
      return (isLocation && missingUpgrade(model, target)) || [];
    }),
  remedy: {
    cure: () => 'pass Upgrade and Connection on, with HTTP/1.1, in the location that serves the WebSocket',
    mitigate: null,
    takesEffect: 'nginx -s reload; open tunnels stay on the old workers until they end',
  },
  checks: (failure) => [
    {
      run: "curl -sS -i --http1.1 --max-time 5 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: SGVsbG8sIHdvcmxkIQ==' http://127.0.0.1/",
      where: onNginx(failure),
      expect:
        '101 Switching Protocols: the upgrade is passed on. 400, 404 or 426: it is not. Put the real path and Host in.',
    },
  ],
  references: ['https://nginx.org/en/docs/http/websocket.html'],
};

function missingUpgrade(model: ConfigModel, target: Proxied): Detection | null {
  // A file that is not in sight may set what seems to be missing.
  if (model.hasUnreadInclude(target.block, effective(model, 'proxy_set_header', target.block).level))
    return null;
  const headers = requestHeaders(model, target.block);
  const upgrade = headers.get('upgrade');
  const connection = headers.get('connection');
  const forwards = upgrade && upgrade.arg(1) !== '';
  if (forwards && !connection) {
    return half(
      model,
      target,
      upgrade,
      'the WebSocket upgrade is not passed on: Upgrade is sent, Connection is not set',
    );
  }
  if (!upgrade && connection && saysUpgrade(model, connection)) {
    return half(
      model,
      target,
      connection,
      'the WebSocket upgrade is not passed on: Connection is set, Upgrade is not sent',
    );
  }
  // An own Connection without Upgrade is that of a pool; beside Upgrade it has ids of its own.
  if (upgrade) return null;
  // In a fragment only an own list proves that nothing is inherited.
  const own = target.block.first('proxy_set_header') !== null;
  if (!own && !model.isComplete) return null;
  const because = looksLikeWebSocket(target);
  // Where an outer level has the headers, the own list that drops them is the fault (set-header-inheritance-lost).
  if (!because || losesUpgrade(model, target)) return null;
  const fix = passOn(model, target);
  return {
    node: target.pass,
    severity: 'info',
    certainty: 'possible',
    message: `${because} looks like a WebSocket's, and Upgrade and Connection are not passed on`,
    related: [],
    fixes: fix ? [fix] : [],
  };
}

function half(model: ConfigModel, target: Proxied, node: ConfigNode, message: string): Detection {
  const fix = passOn(model, target);
  return {
    node,
    severity: 'warning',
    certainty: 'certain',
    message,
    related: [{ ...target.pass.site, message: `${target.pass.text} sends it` }],
    fixes: fix ? [fix] : [],
  };
}

/**
 * Adds the missing headers, the map once, and HTTP/1.1 where it is needed: in the location, or where half of them is
 * inherited, at the level that has this half. A file that is included into a level is left as it is, for others
 * include it too.
 */
function passOn(model: ConfigModel, target: Proxied): Fix | null {
  const editor = new Editor(model, 'review');
  const list = effective(model, 'proxy_set_header', target.block);
  const headers = requestHeaders(model, target.block);
  const connection = headers.get('connection');
  const replaces = connection && !saysUpgrade(model, connection);
  const half = headers.has('upgrade') || (connection !== undefined && !replaces);
  const level = list.inherited && half ? list.level : target.block;
  if (!level) return null;
  const lines: string[] = [];
  // One own line would drop the inherited ones: they are repeated, unless the list itself is what misses a half.
  if (list.inherited && !half) {
    lines.push(...list.nodes.filter((node) => node !== connection).map((node) => `${node.text};`));
  }
  if (!headers.has('upgrade')) lines.push('proxy_set_header Upgrade $http_upgrade;');
  if (!connection || replaces) {
    const header = `proxy_set_header Connection ${connectionVariable(model, target.pass, editor)}`;
    if (!replaces || list.inherited) lines.push(`${header};`);
    else if (connection.file === level.file) editor.replaceHead(connection, header);
    else return null;
  }
  const version = effective(model, 'proxy_http_version', target.block).nodes[0];
  const speaks11 = version ? version.arg(0) !== '1.0' : holdsSince(model.version, '1.29.7') === 'yes';
  if (!speaks11) {
    if (version) editor.replaceHead(version, 'proxy_http_version 1.1');
    else lines.unshift('proxy_http_version 1.1;');
  }
  if (lines.length > 0) {
    const own = list.level === level ? list.nodes.filter((node) => node.file === level.file) : [];
    const anchor =
      own.at(-1) ?? (target.pass.parent === level && target.pass.file === level.file ? target.pass : null);
    if (anchor) editor.insertAfter(anchor, lines);
    else editor.insertAtStart(level, lines);
  }
  return editor.fix('pass the WebSocket upgrade on to the backend');
}
