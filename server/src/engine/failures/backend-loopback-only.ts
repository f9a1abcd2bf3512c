import { listenAddresses } from '../config/listens.ts';
import { type Case, peerAddress } from '../diagnosis/case.ts';
import { isLoopback, onBackend } from '../diagnosis/commands.ts';
import { listensOnAddress, listensOnLoopback } from '../diagnosis/other-port.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { isContainerNetwork, isIpv6, isLoopback as isLoopbackHost } from '../errorlog/catalogue/shared.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The backend runs and listens, but on 127.0.0.1 of its own machine or container only, which many servers do by
 * default; on its other addresses the connection is refused as if nobody listened (111). Since the first nginx.
 * Deliberately never first without evidence: a line of the backend or of ss that shows where it listens, or a listen
 * of nginx itself. Other ports are wrong-upstream-port, nginx's own loopback address container-localhost.
 */
export const backendLoopbackOnly: FailureMode = {
  id: 'backend-loopback-only',
  title: 'The backend listens only on its own loopback address',
  what: 'The backend listens on 127.0.0.1 of its machine or container, and nginx connects to another address of it.',
  why: 'A loopback address takes connections of its own machine (or container) only. On every other address nobody listens: the connection is refused and nginx answers 502, while the backend works for whoever tests it on the spot.',
  do: 'Let the backend listen on 0.0.0.0 or on the address that nginx connects to; a firewall can keep others away from the port. On one machine, name 127.0.0.1 in proxy_pass instead.',
  status: '502',
  versions: null,
  hits: 'every request to this address',
  signatures: [
    {
      message: 'connect-failed',
      when: ({ errno, upstream }) =>
        errnoMeaning(errno) === 'refused' &&
        upstream?.address != null &&
        !isLoopbackHost(upstream.address) &&
        !isIpv6(upstream.address),
    },
  ],
  weigh(failure) {
    const { peer } = failure;
    if (!peer || peer.socket !== null || isLoopback(peer)) return null;
    const everywhere = listensOnAddress(failure);
    if (everywhere)
      return {
        certainty: 'possible',
        because: [],
        against: [`the paste shows ${everywhere.program ?? 'a program'} listening for other machines too`],
      };
    const because: string[] = [];
    const shown = listensOnLoopback(failure);
    if (shown)
      because.push(
        `the paste shows ${shown.program ?? 'a program'} listening on ${shown.host}:${shown.port}, nginx connects to ${peerAddress(peer)}`,
      );
    const own = ownLoopback(failure);
    if (own !== null) because.push(own);
    const likely = because.length > 0;
    // By itself it is no evidence: other ports and old addresses are as frequent with containers.
    if (likely && isContainerNetwork(peer.host))
      because.push(`${peer.host} may be a container: 127.0.0.1 inside of it is only for itself`);
    return { certainty: likely ? 'likely' : 'possible', because, against: [] };
  },
  remedy: {
    cure(failure) {
      const { peer } = failure;
      if (peer?.port != null && isOwnMachine(failure))
        return `connect to 127.0.0.1:${peer.port} in proxy_pass, or let the backend listen on ${peer.host} too`;
      return 'let the backend listen on 0.0.0.0 instead of 127.0.0.1 or localhost (HOST, --host, --bind or the like), and keep others away from the port with a firewall';
    },
    mitigate: null,
    takesEffect: 'restart of the backend; a changed address in the configuration: nginx -s reload',
  },
  checks: (failure) => [
    ...(failure.peer?.port != null
      ? [
          {
            run: `ss -ltn 'sport = :${failure.peer.port}'`,
            where: failure.surroundings.container
              ? onBackend(failure)
              : `${onBackend(failure)}, inside its container if it has one`,
            expect:
              '127.0.0.1 or [::1] before the port, and nothing else: it listens for itself only. 0.0.0.0 or *: it does not.',
          },
        ]
      : []),
    ...repeatToBackend(failure, 'an answer: it listens there now. "Connection refused": still not.'),
  ],
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server'],
};

/** Whether the address is one of nginx's own machine: it listens there, or the client called it so. */
function isOwnMachine({ peer, entry, model }: Case): boolean {
  const host = peer?.host?.toLowerCase();
  if (host === undefined) return false;
  if (entry.host?.replace(/:\d{1,5}$/, '').toLowerCase() === host) return true;
  return model !== null && listenAddresses(model).some((listen) => listen.host === host);
}

/** Servers of nginx itself on the refused port, when all of them are on loopback. */
function ownLoopback(failure: Case): string | null {
  const { model, peer } = failure;
  if (!model || !isOwnMachine(failure)) return null;
  const own = listenAddresses(model).filter(({ host, port }) => host !== null && port === peer?.port);
  const [first] = own;
  if (!first || !own.every(({ host }) => isLoopbackHost(host))) return null;
  return `${first.node.text}: nginx itself takes that port of this machine, on loopback only`;
}
