import { peerAddress } from '../diagnosis/case.ts';
import { containerPorts, onBackend } from '../diagnosis/commands.ts';
import { standsForNoEndpoints } from '../diagnosis/no-endpoints.ts';
import { listensThere, otherPort } from '../diagnosis/other-port.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The backend is up, but listens on another port than the one in *_pass or in the server line: the kernel refuses,
 * as if nobody were there. Only something else in sight tells the two apart: what the paste shows of listening
 * programs, a compose file beside the configuration, the other servers of the group, nginx's own listens, or that no
 * port is written. Deliberately a mere possibility without any of these (backend-down).
 */
export const wrongUpstreamPort: FailureMode = {
  id: 'wrong-upstream-port',
  title: 'nginx connects to a port that is not the one of the backend',
  what: 'The backend listens on another port than the one that *_pass or the server line of the upstream names.',
  why: 'On the port that nginx tries nothing listens, so the connection is refused and nginx answers 502, however well the backend is. With containers, the port that the host publishes is not the one inside.',
  do: 'Write the port on which the backend listens in proxy_pass or in the server line of the upstream block, or let the backend listen on this one.',
  status: '502',
  versions: null,
  hits: 'every request to this address',
  signatures: [
    {
      message: 'connect-failed',
      when: ({ upstream, errno }) => upstream?.port != null && errnoMeaning(errno) === 'refused',
    },
  ],
  weigh(failure) {
    if (BAD_PORT.test(failure.entry.message)) {
      const because = ['a port is a number from 1 to 65535'];
      return { certainty: 'likely', because, against: [] };
    }
    if (standsForNoEndpoints(failure)) return null;
    if (failure.peer === null || failure.peer.port === null)
      return { certainty: 'possible', because: [], against: [] };
    const there = listensThere(failure);
    if (there) {
      const against = [`the paste shows ${there.program ?? 'a program'} listening on port ${there.port}`];
      return { certainty: 'possible', because: [], against, refuted: true };
    }
    const other = otherPort(failure);
    if (!other) return { certainty: 'possible', because: [], against: [] };
    return { certainty: other.proved ? 'likely' : 'possible', because: [other.because], against: [] };
  },
  remedy: {
    cure(failure) {
      const { peer } = failure;
      const other = otherPort(failure);
      const port = other?.port ?? null;
      if (peer?.port == null || BAD_PORT.test(failure.entry.message))
        return 'write the port on which the backend listens, a number from 1 to 65535';
      const known = port === null ? 'the port on which the backend listens' : `port ${port}`;
      const unsure = other?.proved === false && port !== null ? 'if that program is the backend, ' : '';
      return `${unsure}write ${known} instead of ${peer.port} in proxy_pass or in the server line of the upstream block, or let the backend listen on ${peer.port}`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload; a changed backend: restart of the backend',
  },
  checks: (failure) =>
    failure.peer?.port == null
      ? []
      : [
          {
            run: 'ss -ltnp',
            where: onBackend(failure),
            expect: `the backend's own line: its port belongs into the configuration. With port ${failure.peer.port} in the list, it listens where ${peerAddress(failure.peer)} leads; without the backend, it is down.`,
          },
          ...containerPorts(
            failure,
            'for each of them its ports (HOST->PORT): nginx in the same network needs the one on the right of the arrow.',
          ),
        ],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server',
  ],
};

const BAD_PORT = /^invalid port (?:range )?in upstream/;
