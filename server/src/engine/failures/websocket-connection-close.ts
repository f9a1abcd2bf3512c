import type { ConfigModel } from '../config/model.ts';
import { type UpgradeUse, upgradeUses } from '../config/websocket.ts';
import type { Fix } from '../contract.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { connectionVariable } from '../diagnosis/connection-map.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * Upgrade counts only where Connection names it (RFC 9110, 7.8). A literal close, or an empty value, which sends no
 * Connection at all, makes the backend ignore it. Deliberately ignores: values with variables, which may say upgrade.
 */
export const websocketConnectionClose: FailureMode = {
  id: 'websocket-connection-close',
  title: 'Upgrade is passed on, but Connection says close or nothing',
  what: 'A location passes Upgrade on and sets Connection to close or to nothing.',
  why: 'A backend heeds Upgrade only where Connection names it: it answers a plain request, often with 400, 404 or 426, and the browser reports a failed handshake. It is no 502 and leaves no line in error.log.',
  do: 'Set proxy_set_header Connection $connection_upgrade, with a map of $http_upgrade to $connection_upgrade: upgrade by default, empty when the client sends no Upgrade.',
  status: null,
  versions: null,
  hits: 'WebSocket handshakes; other requests work',
  signatures: [],
  detect: (model) => upgradeUses(model).flatMap((use) => closing(model, use) ?? []),
  remedy: {
    cure: () => 'let Connection say upgrade where the client sends Upgrade, by a map of $http_upgrade',
    mitigate: null,
    takesEffect: 'nginx -s reload; open tunnels stay on the old workers until they end',
  },
  checks: (failure) => [
    {
      run: "curl -sS -i --http1.1 --max-time 5 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: SGVsbG8sIHdvcmxkIQ==' http://127.0.0.1/",
      where: onNginx(failure),
      expect: '101 Switching Protocols: the upgrade works. Put the real path and Host in.',
    },
  ],
  references: ['https://nginx.org/en/docs/http/websocket.html'],
};

function closing(model: ConfigModel, { target, connection, upgrade }: UpgradeUse): Detection | null {
  const value = connection.arg(1);
  if (value === null || !/^(?:|close)$/i.test(value.trim())) return null;
  return {
    node: connection,
    severity: 'warning',
    certainty: 'certain',
    message: `the WebSocket upgrade is not passed on: Upgrade is sent, and Connection ${value === '' ? 'is removed' : 'says close'}`,
    related: [
      { ...upgrade.site, message: 'Upgrade is passed on here' },
      { ...target.pass.site, message: `${target.pass.text} sends it` },
    ],
    fixes: sayUpgrade(model, { target, connection, upgrade }),
  };
}

function sayUpgrade(model: ConfigModel, { target, connection }: UpgradeUse): Fix[] {
  const editor = new Editor(model, 'review');
  const variable = connectionVariable(model, target.pass, editor);
  const fix = editor
    .replaceWord(connection, connection.directive.args[1]!, variable)
    .fix(`let Connection be ${variable}`);
  return fix ? [fix] : [];
}
