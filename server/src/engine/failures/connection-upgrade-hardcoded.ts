import type { ConfigModel } from '../config/model.ts';
import { looksLikeWebSocket, type UpgradeUse, upgradeUses } from '../config/websocket.ts';
import type { Fix } from '../contract.ts';
import { connectionVariable } from '../diagnosis/connection-map.ts';
import { Editor } from '../diagnosis/editing.ts';
import { repeatThroughNginx } from '../diagnosis/request-pair.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * A literal `Connection "upgrade"` goes out with every request, also with those that ask for none: then there is no
 * Upgrade beside it. Most backends do not mind, some answer 400 or close. Deliberately ignores: locations whose path
 * or group name is that of a WebSocket, where nothing else comes.
 */
export const connectionUpgradeHardcoded: FailureMode = {
  id: 'connection-upgrade-hardcoded',
  title: 'Every request goes out with Connection "upgrade"',
  what: 'A location for all kinds of requests sets Connection to upgrade, whether the client asks for an upgrade or not.',
  why: 'Plain requests reach the backend with Connection: upgrade and no Upgrade. Most backends do not mind; some answer 400 or close the connection.',
  do: 'Set proxy_set_header Connection $connection_upgrade, with a map of $http_upgrade (upgrade by default, empty when the client sends no Upgrade), or give WebSocket a location of its own.',
  status: null,
  versions: null,
  hits: 'plain requests to backends that take the header seriously; WebSocket handshakes work',
  signatures: [],
  detect: (model) => upgradeUses(model).flatMap((use) => hardcoded(model, use) ?? []),
  remedy: {
    cure: () => 'let Connection say upgrade only where the client sends Upgrade, by a map of $http_upgrade',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => repeatThroughNginx(failure),
  references: ['https://nginx.org/en/docs/http/websocket.html'],
};

function hardcoded(model: ConfigModel, use: UpgradeUse): Detection | null {
  const { target, connection, upgrade } = use;
  if (!/^upgrade$/i.test(connection.arg(1) ?? '') || looksLikeWebSocket(target)) return null;
  // A fixed Upgrade is another protocol's business.
  if (!/^\$\{?http_upgrade\}?$/i.test(upgrade.arg(1) ?? '')) return null;
  return {
    node: connection,
    severity: 'hint',
    certainty: 'certain',
    message: 'Connection says upgrade for every request, also for those that ask for none',
    related: [{ ...target.pass.site, message: `${target.pass.text} sends it` }],
    fixes: byMap(model, use),
  };
}

function byMap(model: ConfigModel, { target, connection }: UpgradeUse): Fix[] {
  const editor = new Editor(model, 'choice');
  const variable = connectionVariable(model, target.pass, editor);
  if (!variable.startsWith('$')) return [];
  const fix = editor
    .replaceWord(connection, connection.directive.args[1]!, variable)
    .fix(`let Connection be ${variable}`);
  return fix ? [fix] : [];
}
