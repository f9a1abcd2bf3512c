import { type ListenAddress, listensOn } from '../config/listens.ts';
import { bestPlace, type Case, peerAddress, withoutEvidence } from '../diagnosis/case.ts';
import { containerPorts, isLoopback, onNginx } from '../diagnosis/commands.ts';
import { standsForNoEndpoints } from '../diagnosis/no-endpoints.ts';
import { besideNginx } from '../diagnosis/other-port.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * Each container has a loopback device of its own: 127.0.0.1 and localhost inside nginx's container are that container
 * and not the host or another one. nginx's log shows a container by a process id below 100, or by a client of
 * Docker's networks. Deliberately silent without such a sign; a second program in one container remains possible.
 */
export const containerLocalhost: FailureMode = {
  id: 'container-localhost',
  title: '127.0.0.1 inside a container is the container itself',
  what: 'nginx runs in a container and connects to 127.0.0.1 or localhost, where only programs of the same container listen.',
  why: 'The backend runs on the host or in another container; on the loopback address of this one nothing listens on the port. The connection is refused and nginx answers 502.',
  do: 'Name the other container by its service name (both in one network), or the host as host.docker.internal (on Linux with extra_hosts "host.docker.internal:host-gateway"). The backend must listen on 0.0.0.0, not only on 127.0.0.1.',
  status: '502',
  versions: null,
  hits: 'every request to this address',
  signatures: [
    {
      message: 'connect-failed',
      when: ({ upstream, errno }) =>
        errnoMeaning(errno) === 'refused' && /^(?:127\.|\[::1\]|localhost)/.test(upstream?.address ?? ''),
    },
  ],
  weigh(failure) {
    const { peer, surroundings } = failure;
    if (!peer || peer.socket !== null || !isLoopback(peer)) return null;
    if (standsForNoEndpoints(failure)) return null;
    // A container need not show in a line.
    if (surroundings.because === null) return withoutEvidence(failure, 'container-localhost');
    const beside = besideNginx(failure);
    if (beside)
      return {
        certainty: 'possible',
        because: [],
        against: [
          `the paste shows nginx and ${beside.program} in one list of ports: they share one loopback`,
        ],
        refuted: true,
      };
    const because = [surroundings.because];
    const place = bestPlace(failure);
    if (place) because.push(`${place.node.text} names the container's own loopback address`);
    const own = ownListen(failure);
    if (own)
      return {
        certainty: 'possible',
        because,
        against: [`nginx itself is meant: ${own.node.text} stands in the configuration`],
      };
    return { certainty: 'likely', because, against: [] };
  },
  remedy: {
    cure(failure) {
      const port = failure.peer?.port;
      const at = port == null ? '' : `:${port}`;
      return `name the backend's container by its service name (http://SERVICE${at}, the port inside that container), or the host as host.docker.internal${at} (on Linux with extra_hosts "host.docker.internal:host-gateway"); the backend must listen on 0.0.0.0 there`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload in the container; extra_hosts: when the container is created again',
  },
  checks(failure) {
    const { peer } = failure;
    if (peer?.port == null) return [];
    return [
      {
        run: `cat /proc/net/tcp /proc/net/tcp6 | grep ${shellQuote(`:${hex(peer.port)} .* 0A `)}`,
        where: onNginx(failure),
        expect: `nothing: no program of this container listens on port ${peer.port}.`,
      },
      ...containerPorts(
        failure,
        `the one with port ${peer.port}: its name is what belongs in ${peerAddress(peer)}'s place. None: the backend runs elsewhere, perhaps on the host.`,
      ),
    ];
  },
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass'],
};

/** Where nginx listens on the very address, an own server is meant and no other container. */
function ownListen({ model, peer }: Case): ListenAddress | undefined {
  return model && peer ? listensOn(model, peer.host, peer.port)[0] : undefined;
}

/** A port as /proc/net/tcp writes it. */
function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
