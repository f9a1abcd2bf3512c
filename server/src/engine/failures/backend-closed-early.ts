import { backendLog, onBackend } from '../diagnosis/commands.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { SECOND_PEER, secondPeer } from '../diagnosis/second-peer.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The backend took the connection and the request and closed before a whole response header came: FIN, where
 * backend-reset is RST. Deliberately last among its siblings: a pooled connection and a POST
 * (stale-keepalive-connection), TLS on the port (plain-to-tls-backend), a round age (backend-worker-timeout) and
 * bursts (backend-restarting) have evidence of their own.
 */
export const backendClosedEarly: FailureMode = {
  id: 'backend-closed-early',
  title: 'The backend closed the connection before it answered',
  what: 'The backend accepted the request and then closed the connection without a complete response header.',
  why: 'nginx has nothing to pass on and answers 502. The usual causes are on the backend: a crash or an out-of-memory kill in the middle of the request, a worker recycled by its own limit, or a port that does not speak HTTP.',
  do: "Look in the backend's own log at this second; nginx's configuration decides this only if proxy_pass names the wrong port or protocol.",
  status: '502',
  versions: null,
  hits: 'requests that make the backend crash or outlast its own limits; all of them when the port does not speak HTTP',
  signatures: [
    {
      message: 'upstream-prematurely-closed',
      when: (entry) => /reading response header/.test(entry.action ?? ''),
    },
  ],
  weigh(failure) {
    const because = ['the connection was made and the request sent; it was closed before a header came'];
    const others = failure.neighbours.filter((entry) => entry.message === failure.entry.message).length;
    if (others > 0) because.push(`${others} more such line${others === 1 ? '' : 's'} in what was pasted`);
    return { certainty: 'likely', because, against: [], general: true };
  },
  remedy: {
    cure: () =>
      "find the crash in the backend's log at this second: an exception that ends the process, the kernel's out-of-memory killer, or a worker limit (gunicorn --max-requests and --timeout, uwsgi harakiri, PHP-FPM request_terminate_timeout)",
    mitigate: SECOND_PEER,
    mitigateHere: secondPeer,
    takesEffect: 'with the next request after the backend is repaired; nginx needs no reload',
  },
  checks: (failure) => [
    ...repeatToBackend(
      failure,
      'a complete answer: only some requests fail. "Empty reply from server": the backend does it without nginx too.',
    ),
    backendLog(failure),
    ...(failure.peer?.port != null
      ? [
          {
            run: `ss -ltnp 'sport = :${failure.peer.port}'`,
            where: onBackend(failure),
            expect:
              "the process on the port; compare its start (ps -o lstart= -p PID) with the line's time: a younger process was restarted.",
          },
        ]
      : []),
  ],
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream'],
};
