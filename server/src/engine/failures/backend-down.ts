import { isAllDown } from '../config/pools.ts';
import type { ConfirmingCommand } from '../contract.ts';
import type { Case } from '../diagnosis/case.ts';
import { peerAddress } from '../diagnosis/case.ts';
import { ON_CLUSTER, whoHasAddress, whoListens } from '../diagnosis/commands.ts';
import { standsForNoEndpoints } from '../diagnosis/no-endpoints.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import type { FailureMode } from './failure-mode.ts';

/** Which Service has no address behind it. */
const ENDPOINTS: ConfirmingCommand = {
  run: 'kubectl get endpoints -A',
  where: ON_CLUSTER,
  expect:
    'the Service of the Ingress with <none>: no pod of it is ready, or its selector fits none. Not in the list: the Ingress names a Service that does not exist.',
};

/**
 * The address that nginx connects to answers with a TCP reset at once: no process listens on that port, or a
 * firewall rejects it. Since the first nginx. Deliberately leaves alone what the same errno means elsewhere: a unix
 * socket (unix-socket-refused), a bracketed ::1 (ipv6-mismatch), an address the files do not name
 * (dns-resolved-once), loopback inside a container (container-localhost).
 */
export const backendDown: FailureMode = {
  id: 'backend-down',
  title: 'Nothing listens where nginx sends the request',
  what: 'The connection to the backend was refused: on that address and port no process accepts connections.',
  why: 'nginx gets a TCP reset instead of a connection, tries the next peer if there is one, and answers 502 when none is left. It cannot wait for a backend to come up.',
  do: 'Start the backend, or correct the address and port in proxy_pass or in the upstream block.',
  status: '502',
  versions: null,
  hits: 'every request to this address, until something listens there',
  signatures: [
    {
      message: 'connect-failed',
      when: (entry) => entry.errno?.code === 111 || entry.errno?.code === 61 || entry.errno?.code === 10061,
    },
  ],
  weigh(failure) {
    const { peer } = failure;
    if (!peer) return { certainty: 'possible', because: [], against: [] };
    if (peer.socket !== null) return null;
    // That line tells of no connection, only that some failed before, unless none could be tried at all.
    if (failure.matched.kind.id === 'no-live-upstreams') {
      const target = failure.places[0]?.proxied?.target;
      return target?.kind === 'upstream' && isAllDown(target.upstream)
        ? null
        : { certainty: 'possible', because: [], against: [], general: true };
    }
    const placeholder = standsForNoEndpoints(failure);
    if (placeholder) return { certainty: 'likely', because: [placeholder], against: [] };
    const place = failure.places[0];
    const because = [`${peerAddress(peer)} refused the connection`];
    if (place && place.fit >= 0.5) because.push(`${place.node.text} sends the request there`);
    return { certainty: 'likely', because, against: [], general: true };
  },
  remedy: {
    cure: (failure: Case) =>
      standsForNoEndpoints(failure)
        ? "give the Service a ready pod: see whether its selector fits the pods' labels, whether they run and are ready, and whether the Ingress names the Service and its port as they are; the controller then writes their addresses by itself"
        : failure.matched.kind.id === 'no-live-upstreams'
          ? 'start the backends of this upstream, or correct their addresses in the configuration'
          : failure.peer
            ? `start the backend that should listen on ${peerAddress(failure.peer)}, or correct that address in the configuration`
            : 'start the backend, or correct its address in the configuration',
    mitigate: 'with a second backend: name it in the upstream block, then nginx tries it in the same request',
    takesEffect:
      'a started backend: with the next request (with several peers after fail_timeout, 10 s by default). A changed address: nginx -s reload',
  },
  checks: (failure) =>
    standsForNoEndpoints(failure)
      ? [ENDPOINTS]
      : [
          ...whoListens(failure),
          ...whoHasAddress(failure),
          ...repeatToBackend(failure, 'an answer: the backend is up now. "Connection refused": still down.'),
        ],
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server'],
};
