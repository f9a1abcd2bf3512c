import { locationMatch } from './location-choice.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { allProxied, type Proxied } from './proxied.ts';
import { requestHeaders } from './request-headers.ts';
import { possibleValues } from './variables.ts';

/** A location that sends both Upgrade and Connection of its own to its backend. */
export interface UpgradeUse {
  readonly target: Proxied;
  readonly upgrade: ConfigNode;
  readonly connection: ConfigNode;
}

/** Every location that passes Upgrade on and sets Connection, whatever it says. */
export function upgradeUses(model: ConfigModel): UpgradeUse[] {
  return allProxied(model).flatMap((target) => {
    if (target.handler !== 'proxy') return [];
    const headers = requestHeaders(model, target.block);
    const upgrade = headers.get('upgrade');
    const connection = headers.get('connection');
    return upgrade && connection && upgrade.arg(1) !== '' ? [{ target, upgrade, connection }] : [];
  });
}

/** Whether a Connection line can say "upgrade". */
export function saysUpgrade(model: ConfigModel, connection: ConfigNode): boolean {
  const value = connection.arg(1) ?? '';
  return possibleValues(model, value, connection)
    .values.concat(value)
    .some((text) => /(?:^|[\s,])upgrade(?:$|[\s,])/i.test(text));
}

const SOCKET_PATH =
  /(?:^|[/_.\\-])(?:wss?|websockets?|socket\\?\.io|sockjs(?:-node)?|signalr|cable|webpack-hmr)(?:$|[/.)\\])/i;
const SOCKET_NAME = /(?:^|[._-])(?:wss?|websockets?|socketio)(?:$|[._-])/i;

/** A file that a page loads, as socket.io's own script beside the path of its sockets. */
const PAGE_FILE = /\.(?:js|mjs|css|map|html?)\$?$/i;

/** The path or group name that suggests a WebSocket, for the message; null when none does. */
export function looksLikeWebSocket(target: Proxied): string | null {
  const { kind, path } = locationMatch(target.block);
  if (kind !== '@' && SOCKET_PATH.test(path) && !PAGE_FILE.test(path)) return `the path ${path}`;
  if (target.target.kind === 'upstream' && SOCKET_NAME.test(target.target.upstream.name)) {
    return `the name ${target.target.upstream.name}`;
  }
  return null;
}
