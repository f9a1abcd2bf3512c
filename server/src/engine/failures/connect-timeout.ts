import { peerAddress } from '../diagnosis/case.ts';
import { isLoopback, onBackend } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { timeoutOf } from '../diagnosis/timeouts.ts';
import { phaseOfAction } from '../errorlog/action.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * Neither a yes nor a no to nginx's SYN within *_connect_timeout (60 s by default): packets are dropped, the machine is
 * gone, or the listener's queue is full. Linux asks again after 1, 3, 7, 15, 31 and 63 s; a shorter time-out leaves one
 * lost packet without a second try. nginx answers 504. Deliberately not 110 from connect() itself (unreachable-host)
 * and not a slow TLS handshake, which the same directive ends (tls-handshake-timeout).
 */
export const connectTimeout: FailureMode = {
  id: 'connect-timeout',
  title: 'The backend did not accept the connection in time',
  what: 'The backend neither accepted nor refused the connection within proxy_connect_timeout (or its kin for other protocols).',
  why: 'Something drops the packets on the way, the machine is gone, or the queue of the backend is full. nginx waits all that time and then answers 504, not 502.',
  do: 'Check that the machine is up, that no firewall drops the packets, and that the queue of the backend is not full. Raise proxy_connect_timeout only if it is 3 seconds or less.',
  status: '504',
  versions: null,
  hits: 'every request to an address that drops packets; some of them where a queue is full or packets get lost',
  signatures: [
    {
      message: 'upstream-timed-out',
      when: (entry) => phaseOfAction(entry.action ?? '') === 'connect',
    },
  ],
  weigh(failure) {
    const { peer } = failure;
    const address = peer ? peerAddress(peer) : 'the backend';
    const because = [`${address} neither accepted nor refused the connection`];
    const { directive, value, ms, node } = timeoutOf(failure, 'connect');
    if (ms !== null) {
      const asked = RESENT.filter((after) => after * 1000 < ms).length + 1;
      because.push(
        `${directive} is ${value} ${node ? 'here' : 'by default'}: the system asks ${asked === 1 ? 'once' : `${asked} times`} in it`,
      );
    }
    if (peer && isLoopback(peer) && !failure.surroundings.container)
      because.push(`${peer.host} is nginx's own machine: it drops a packet when the backend's queue is full`);
    return { certainty: 'likely', because, against: [] };
  },
  fix(failure) {
    const { ms, node } = timeoutOf(failure, 'connect');
    if (!failure.model || !node || ms === null || ms > SHORT) return [];
    // To give up early may be meant, where another server is quick to take over.
    const fix = new Editor(failure.model, 'choice')
      .replaceWord(node, node.directive.args[0]!, ENOUGH)
      .fix(`give the backend ${ENOUGH} to accept: the system asks four times in it`);
    return fix ? [fix] : [];
  },
  remedy: {
    cure(failure) {
      const { directive, ms } = timeoutOf(failure, 'connect');
      const raise = ms !== null && ms <= SHORT ? `raise ${directive} to ${ENOUGH} or more; and ` : '';
      const { peer } = failure;
      if (peer && isLoopback(peer) && !failure.surroundings.container)
        return `${raise}find what keeps the backend from accepting: all of its workers are busy, or its queue is too short for a burst (its backlog, with net.core.somaxconn)`;
      return `${raise}check that the machine of the backend is up, that no firewall drops the packets to it, and that its queue is not full`;
    },
    mitigate:
      'with several servers in the upstream block: mark this one down, so that no request waits for it',
    takesEffect: 'a repaired backend: with the next request; a changed time-out: nginx -s reload',
  },
  checks: (failure) => [
    ...repeatToBackend(
      failure,
      'an answer: the way is open now. "timed out" without "Connected": it still drops the packets.',
    ),
    ...(failure.peer?.port != null
      ? [
          {
            run: `ss -ltn 'sport = :${failure.peer.port}'`,
            where: onBackend(failure),
            expect:
              'Recv-Q above Send-Q: the queue is full, the backend accepts too slowly. Recv-Q 0: the packets are lost before, at a firewall or a wrong address.',
          },
        ]
      : []),
  ],
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_connect_timeout'],
};

/** Seconds after the first SYN at which Linux sends it again (tcp_syn_retries). */
const RESENT = [1, 3, 7, 15, 31, 63];
/** Milliseconds within which one lost packet or two are the end. */
const SHORT = 3000;
const ENOUGH = '10s';
