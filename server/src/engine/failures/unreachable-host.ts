import type { ConfirmingCommand } from '../contract.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { isLoopback, onNginx } from '../diagnosis/commands.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { operand } from '../diagnosis/shell.ts';
import { isContainerNetwork } from '../errorlog/catalogue/shared.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { type ErrnoMeaning, errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The network, not the backend, ends the attempt: no route (101), a router, the own subnet or a rejecting firewall
 * says "unreachable" (113; firewalld's default on a closed port), no answer to any attempt (110 from connect() itself),
 * a rule of the own machine (1). Deliberately leaves alone a refusal (backend-down) and nginx's own clock
 * (connect-timeout), where it is only the second thought.
 */
export const unreachableHost: FailureMode = {
  id: 'unreachable-host',
  title: 'No way to the backend: wrong address, no route, or a firewall',
  what: "nginx's machine finds no way to the address of the backend, or something on the way turns it back.",
  why: 'The packets never reach a backend, whatever its state. The system tells nginx so, which answers 502 when no other server is left.',
  do: 'Correct the address in proxy_pass or in the upstream block; else repair the route, or let the firewall of the backend accept the port.',
  status: '502',
  versions: null,
  hits: 'every request to this address',
  signatures: [
    {
      message: 'connect-failed',
      when: (entry) => entry.resolver === null && meaningOf(entry) !== null,
    },
  ],
  weigh(failure) {
    const { peer, entry } = failure;
    if (peer?.socket != null) return null;
    const address = peer ? peerAddress(peer) : 'the backend';
    const against =
      peer && isLoopback(peer) && !failure.surroundings.container
        ? [`${peer.host} is nginx's own machine: there is no network in between`]
        : [];
    const means = failure.matched.kind.id === 'connect-failed' ? meaningOf(entry) : null;
    // nginx's own clock was first: nothing tells whether anything arrives.
    if (means === null) return { certainty: 'possible', because: [], against };
    const because = [`${means.replace('ADDRESS', address)} (${entry.errno!.code})`];
    const place = bestPlace(failure);
    if (place && place.fit >= 0.5) because.push(`${place.node.text} sends the request there`);
    if (isContainerNetwork(peer?.host ?? null))
      because.push(`${peer!.host} may be of a container network, which only its own containers reach`);
    return { certainty: against.length > 0 ? 'possible' : 'likely', because, against };
  },
  remedy: {
    cure(failure) {
      const address = failure.peer ? peerAddress(failure.peer) : 'the backend';
      switch (errnoMeaning(failure.entry.errno)) {
        case 'net-unreachable':
        case 'net-down':
          return `correct the address ${address} in the configuration, or give nginx's machine (or its container) a network with a route to it`;
        case 'not-permitted':
          return `find the rule that keeps nginx from ${address}: a network policy, IPAddressDeny= in its systemd unit, or the firewall of its machine`;
        default:
          return `correct the address ${address} in the configuration, start the machine that should have it, or let its firewall accept the port (firewalld rejects with this very number)`;
      }
    },
    mitigate: 'with several servers in the upstream block: mark this one down',
    takesEffect: 'a repaired network: with the next request; a changed address: nginx -s reload',
  },
  checks: (failure) => [
    ...wayTo(failure),
    ...repeatToBackend(failure, 'any answer: the way is open now. The same error: it is not nginx.'),
  ],
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server'],
};

/** What the system says with each number. */
const MEANS: Partial<Record<ErrnoMeaning, string>> = {
  'no-route': 'nobody answers for ADDRESS in its network, or a firewall on the way rejects it',
  'host-down': 'the machine of ADDRESS does not answer in its network',
  'net-unreachable': "nginx's machine has no route to ADDRESS",
  'net-down': 'the network interface towards ADDRESS is down',
  'timed-out': 'no answer came from ADDRESS to any attempt of the system, which takes two minutes',
  'not-permitted': "a rule of nginx's machine forbids the connection to ADDRESS",
};

/** What the number says; null where another mode has it. */
function meaningOf({ errno }: LogEntry): string | null {
  const meaning = errnoMeaning(errno);
  return meaning === null ? null : (MEANS[meaning] ?? null);
}

/** The route, and the neighbour at its first step: a machine that is off from a firewall that rejects. */
function wayTo(failure: Case): ConfirmingCommand[] {
  const host = failure.peer?.host?.replace(/[[\]]/g, '') ?? '';
  if (!/^[\d.]+$|:/.test(host)) return [];
  const where = onNginx(failure);
  return [
    {
      run: `ip route get ${operand(host)}`,
      where,
      expect: 'a route, with "via" a router or directly on "dev". An error: there is none, or it forbids.',
    },
    {
      run: `ip neigh show to ${operand(host)}`,
      where,
      expect:
        'FAILED or INCOMPLETE: no such machine in the own subnet. REACHABLE: the machine is up, its firewall rejects. Nothing: it is behind a router.',
    },
  ];
}
