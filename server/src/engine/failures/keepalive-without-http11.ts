import { closedBy, type PoolUse, poolUses } from '../config/connection-reuse.ts';
import type { ConfigModel } from '../config/model.ts';
import { requestHeaders } from '../config/request-headers.ts';
import type { Upstream } from '../config/upstreams.ts';
import type { Fix } from '../contract.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { keepOpen } from '../diagnosis/keep-connections.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * A request in HTTP/1.0 asks for its connection to be closed, so the pool of `keepalive` stays empty. Before 1.29.7
 * that is the default, together with `Connection: close`; the fix sets both. Since 1.29.7 only an explicit
 * proxy_http_version 1.0 does it. Deliberately ignores: HTTP/1.0 with `Connection keep-alive`, which keeps; HTTP/1.1
 * with Connection close (keepalive-connection-header); locations that pass a WebSocket on (websocket-over-http10);
 * handlers other than proxy_pass.
 */
export const keepaliveWithoutHttp11: FailureMode = {
  id: 'keepalive-without-http11',
  title: 'keepalive in the upstream, but HTTP/1.0 to the backend',
  what: 'An upstream block keeps connections (keepalive), but proxy_pass speaks HTTP/1.0 to it, which closes each one.',
  why: 'Every request opens a new connection. None fails for it, but each waits for the handshake, and under load the ports of the machine run out.',
  do: 'Set proxy_http_version 1.1 and proxy_set_header Connection "" where proxy_pass uses this upstream. Since 1.29.7 both are the default.',
  status: null,
  versions: { since: null, until: '1.29.7' },
  hits: 'every request to this group: none fails, each pays for a connection, and ports run out under load',
  signatures: [],
  detect: (model) =>
    [...poolUses(model)].flatMap(([group, uses]) => {
      const found = unused(model, group, uses);
      return found ? [found] : [];
    }),
  remedy: {
    cure: () =>
      'speak HTTP/1.1 to the group and send no Connection header: proxy_http_version 1.1, proxy_set_header Connection ""',
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
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version',
  ],
};

function unused(model: ConfigModel, group: Upstream, uses: readonly PoolUse[]): Detection | null {
  const closing = uses.filter((use) => speaks10(model, use));
  const first = closing[0];
  if (!first) return null;
  // Explicit 1.0 closes in every release; what the default does depends on it, and on files that are not in sight.
  const sure = closing.some(({ http }) => http.node !== null || (http.sure && model.isComplete));
  const explicit = closing.some(({ http }) => http.node !== null);
  const releases = first.http.sure || explicit ? '' : ' before nginx 1.29.7';
  return {
    node: group.keepalive!,
    severity: sure ? 'warning' : 'info',
    certainty: sure ? 'certain' : 'likely',
    message: `${closedBy(group, closing, uses)}: ${first.target.pass.text} speaks HTTP/1.0${releases}`,
    ...(explicit && { versions: null }),
    related: closing.map(({ target, http }) => ({
      ...(http.node ?? target.pass).site,
      message: http.node ? 'HTTP/1.0 is set here' : `${target.pass.text} speaks HTTP/1.0 by default`,
    })),
    fixes: speak11(model, closing),
  };
}

function speaks10(model: ConfigModel, { target, http, connection }: PoolUse): boolean {
  if (http.version !== '1.0' || connection.says === 'keep-alive' || connection.says === 'unknown')
    return false;
  if (!http.node && model.hasUnreadInclude(target.block, null)) return false;
  const upgrade = requestHeaders(model, target.block).get('upgrade');
  return !upgrade || upgrade.arg(1) === '';
}

function speak11(model: ConfigModel, uses: readonly PoolUse[]): Fix[] {
  // A pool lets a POST fail on a connection that the backend has just closed: a person should look.
  const editor = new Editor(model, 'review');
  keepOpen(model, editor, uses);
  const fix = editor.fix('speak HTTP/1.1 and keep the connections');
  return fix ? [fix] : [];
}
