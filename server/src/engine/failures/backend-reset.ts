import type { Case } from '../diagnosis/case.ts';
import { peerAddress } from '../diagnosis/case.ts';
import { backendLog, whoListens } from '../diagnosis/commands.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { aboutSamePeer, spread } from '../diagnosis/same-peer.ts';
import { SECOND_PEER, secondPeer } from '../diagnosis/second-peer.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A TCP reset before the response header: RST, where backend-closed-early is FIN. A system sends it for a process
 * that dies or closes with unread bytes of the request, a program on purpose (SO_LINGER 0), a firewall in their
 * name. Deliberately what remains: a pooled connection and a POST (stale-keepalive-connection), a body that is not
 * wanted (backend-rejects-body), php-fpm behind proxy_pass (fastcgi-behind-proxy-pass), a round age
 * (backend-worker-timeout) and bursts (backend-restarting) have evidence of their own.
 */
export const backendReset: FailureMode = {
  id: 'backend-reset',
  title: 'The backend reset the connection before it answered',
  what: 'The connection to the backend was broken off by a TCP reset (RST) before a response header came.',
  why: 'A reset says that nobody reads the connection any more: the process died, it closed without having read the whole request, or a firewall in between cut it. nginx answers 502 unless another peer may be tried.',
  do: "Look in the backend's own log at this second for a crash, a kill or a limit. If it saw no request, check that proxy_pass names the right port and protocol.",
  status: '502',
  versions: null,
  hits: 'requests that crash the backend or exceed what it reads; all of them when the port speaks another protocol',
  signatures: [
    { message: 'recv-failed', when: wasReset },
    { message: 'send-failed', when: wasReset },
    { message: 'connect-failed', when: wasReset },
  ],
  weigh(failure) {
    const { entry, peer } = failure;
    const who = peer ? peerAddress(peer) : 'the backend';
    const because = [
      wasReset(entry)
        ? `${who} ${WHEN[entry.action ?? ''] ?? 'reset the connection'}`
        : `${who} closed the connection before it had read the whole request`,
    ];
    because.push(...spread(failure));
    const against: string[] = [];
    const well = aboutSamePeer(failure).find((other) => other.action === 'reading upstream');
    if (well)
      because.push(`line ${well.line}: it answered another request, so address and protocol are right`);
    // A reset of the very first packet is what a closed port sends, or a firewall: no process saw the request.
    if (entry.action === 'connecting to upstream')
      against.push('no request was sent yet: a full queue, a firewall or a balancer resets here too');
    return { certainty: 'likely', because, against, general: true };
  },
  remedy: {
    cure: (failure) =>
      failure.entry.action === 'connecting to upstream'
        ? 'see what stands between nginx and the backend (a firewall, a balancer, a service mesh), and whether the queue of the backend overflows'
        : "find this second in the backend's log: a crash, a kill, a limit on the size of headers or body after which it stops reading. No line there at all: something else listens on that port, or cut the connection on the way",
    mitigate: SECOND_PEER,
    mitigateHere: secondPeer,
    takesEffect: 'with the next request after the backend is repaired; nginx needs no reload',
  },
  checks: (failure) => [
    ...repeatToBackend(
      failure,
      '"Connection reset by peer" (or "Recv failure"): the backend does it without nginx too. An answer: only some requests are reset.',
    ),
    ...whoListens(failure),
    backendLog(failure),
    ...listenDrops(failure),
  ],
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream'],
};

const WHEN: Readonly<Record<string, string>> = {
  'connecting to upstream': 'reset the connection while nginx was still making it',
  'sending request to upstream': 'reset the connection while nginx was sending the request',
  'reading response header from upstream': 'had the request and reset the connection instead of answering',
  'proxying upgraded connection': 'reset the upgraded connection',
};

/** Towards the backend, and not in the middle of its answer. */
function wasReset({ action, errno, resolver }: LogEntry): boolean {
  const meaning = errnoMeaning(errno);
  return (meaning === 'reset' || meaning === 'aborted') && resolver === null && action !== 'reading upstream';
}

/** A queue that overflows with tcp_abort_on_overflow resets what it cannot hold. */
function listenDrops(failure: Case): ReturnType<FailureMode['checks']> {
  if (failure.entry.action !== 'connecting to upstream') return [];
  return [
    {
      run: 'nstat -az TcpExtListenOverflows TcpExtListenDrops',
      where: "on the backend's machine",
      expect: 'numbers that grow while it fails: the queue of a listening socket overflows.',
    },
  ];
}
