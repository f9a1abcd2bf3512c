import { spokenVersion } from '../config/connection-reuse.ts';
import type { ConfigModel } from '../config/model.ts';
import { saysUpgrade, type UpgradeUse, upgradeUses } from '../config/websocket.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { HeaderEdits } from '../diagnosis/header-edits.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * An Upgrade in an HTTP/1.0 request means nothing (RFC 9110, 7.8); nginx sends it all the same. Strict backends
 * answer 400, lenient ones switch over. 1.0 is nginx's default before 1.29.7, and an explicit line in any release.
 * Deliberately ignores: locations without both headers (websocket-headers-missing), and those whose Connection never
 * says upgrade (websocket-connection-close).
 */
export const websocketOverHttp10: FailureMode = {
  id: 'websocket-over-http10',
  title: 'The WebSocket upgrade is sent over HTTP/1.0',
  what: 'A location passes Upgrade and Connection on, but speaks HTTP/1.0 to its backend.',
  why: 'HTTP/1.0 knows no upgrade: most backends answer the handshake with 400 or 426, or as a plain request, and the browser reports a failed handshake. It is no 502 and leaves no line in error.log.',
  do: 'Set proxy_http_version 1.1 in the location; it is the default since 1.29.7.',
  status: null,
  versions: { since: null, until: '1.29.7' },
  hits: 'WebSocket handshakes; other requests work',
  signatures: [],
  detect: (model) => upgradeUses(model).flatMap((use) => overHttp10(model, use) ?? []),
  remedy: {
    cure: () => 'set proxy_http_version 1.1 in the location that serves the WebSocket',
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
  references: [
    'https://nginx.org/en/docs/http/websocket.html',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version',
  ],
};

function overHttp10(model: ConfigModel, { target, connection, upgrade }: UpgradeUse): Detection | null {
  const { version, node, sure } = spokenVersion(model, target.block);
  if (version !== '1.0' || !saysUpgrade(model, connection)) return null;
  if (!node && model.hasUnreadInclude(target.block, null)) return null;
  const certain = node !== null || (sure && model.isComplete);
  const editor = new Editor(model, 'review');
  new HeaderEdits(model, editor).send(target, true, []);
  const fix = editor.fix('speak HTTP/1.1');
  return {
    node: node ?? target.pass,
    severity: certain ? 'warning' : 'info',
    certainty: certain ? 'certain' : 'likely',
    message: `the WebSocket upgrade is sent over HTTP/1.0${node ? '' : `, the default${sure ? '' : ' before nginx 1.29.7'}`}`,
    ...(node && { versions: null }),
    related: [{ ...upgrade.site, message: 'Upgrade is passed on here' }],
    fixes: fix ? [fix] : [],
  };
}
