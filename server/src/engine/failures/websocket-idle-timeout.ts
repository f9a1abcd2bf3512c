import { bestPlace } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { inEffect, raiseTimeout, timeoutOf } from '../diagnosis/timeouts.ts';
import { phaseOfAction } from '../errorlog/action.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * After 101 nginx passes bytes on both ways; each byte in either direction starts proxy_read_timeout anew, and when it
 * runs out (60 s by default) nginx closes the tunnel. It says so at level info, so a default error log has no line.
 * The same words come when the backend stops reading for proxy_send_timeout: rarer, and named only where the read
 * timeout is so long that nobody is likely to be idle for it. Deliberately ignores tunnels that a reset ended.
 */
export const websocketIdleTimeout: FailureMode = {
  id: 'websocket-idle-timeout',
  title: 'An idle WebSocket is cut by the read timeout',
  what: 'Nothing was sent over a WebSocket for as long as proxy_read_timeout, so nginx closed it.',
  why: 'The client sees its connection end without a reason (code 1006) after 60 s of silence, or what proxy_read_timeout says. The status stays 101, and nginx logs it at level info only.',
  do: 'Let one side send a ping more often than proxy_read_timeout (60s by default), or raise proxy_read_timeout in the location of the WebSocket only.',
  status: '101',
  versions: null,
  hits: 'connections on which nothing is sent for so long, in neither direction',
  signatures: [{ message: 'upstream-timed-out', when: upgraded }],
  weigh(failure) {
    if (!upgraded(failure.entry)) return null;
    const limit = timeoutOf(failure, 'read');
    const because = [
      'the connection was upgraded (101) before, and no byte came for the time that nginx waits',
      ...inEffect(limit),
    ];
    const against =
      limit.ms !== null && limit.ms >= HOUR * 1000
        ? [
            `${limit.value} of silence is rare: a backend that stops reading (proxy_send_timeout) says the same`,
          ]
        : [];
    return { certainty: 'likely', because, against };
  },
  fix(failure) {
    const fix = raiseTimeout(failure, 'read', HOUR);
    return fix ? [fix] : [];
  },
  remedy: {
    cure: (failure) => {
      const { value } = timeoutOf(failure, 'read');
      const where = bestPlace(failure)?.location?.text ?? 'the location of the WebSocket';
      return `let the backend or the client send a ping more often than every ${value ?? '60s'}; or raise proxy_read_timeout in ${where} only`;
    },
    mitigate: 'clients that connect again by themselves lose nothing but the moment',
    takesEffect: 'nginx -s reload, for connections opened after it',
  },
  checks: (failure) => {
    const url = failure.entry.request?.uri ?? '/';
    const server = failure.entry.host ?? failure.entry.server;
    return server
      ? [
          {
            run: `curl -g -sS -N -o /dev/null -w '%{time_total}\\n' --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' -H ${shellQuote(`Host: ${server}`)} ${shellQuote(`http://127.0.0.1${url.startsWith('/') ? url : '/'}`)}`,
            where: onNginx(failure),
            expect:
              'it ends after as many seconds as proxy_read_timeout has: nginx cuts the idle connection. It stays: the backend sends pings.',
          },
        ]
      : [];
  },
  references: [
    'https://nginx.org/en/docs/http/websocket.html',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout',
  ],
};

function upgraded({ action }: LogEntry): boolean {
  return action !== null && phaseOfAction(action) === 'upgraded';
}

/** Seconds: hardly a connection is idle for longer. */
const HOUR = 3600;
