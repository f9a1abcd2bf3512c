import { keepalivePool } from '../config/upstreams.ts';
import { bestPlace, peerAddress } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { keepConnections } from '../diagnosis/keep-connections.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { isIpv6, isSocket } from '../errorlog/catalogue/shared.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * connect() finds no local port: every port of net.ipv4.ip_local_port_range holds a connection, or the rest of one
 * (TIME_WAIT, 60 s), to this very address and port. errno 99 at level [crit], on Linux. The limit is for each pair of a
 * local address and a backend's port, some 28,000 by default. Deliberately
 * second on IPv6, where the machine often has no address to start from (ipv6-mismatch); bind() with a port of its own is proxy-bind-failed.
 */
export const ephemeralPortsExhausted: FailureMode = {
  id: 'ephemeral-ports-exhausted',
  title: 'No local port is left for another connection to the backend',
  what: "nginx opens so many connections to one address of a backend that every local port of nginx's machine is taken.",
  why: 'A connection that nginx has closed still holds its port for a minute (TIME_WAIT). Without a port the system refuses at once and nginx answers 502, while the backend may be idle.',
  do: 'Reuse connections: keepalive in the upstream block (before 1.29.7 with proxy_http_version 1.1 and proxy_set_header Connection ""). A wider net.ipv4.ip_local_port_range, and proxy_bind with several addresses, give more room.',
  status: '502',
  versions: null,
  hits: 'requests beyond some 470 new connections a second to one address (28,000 ports, a minute each)',
  signatures: [{ message: 'connect-failed', when: (entry) => lacksPort(entry) }],
  weigh(failure) {
    const { peer, entry } = failure;
    if (isSocket(entry)) return null;
    const address = peer ? peerAddress(peer) : 'the backend';
    // Where there is no IPv6, the number is the same.
    if (isIpv6(peer?.host ?? null)) return { certainty: 'possible', because: [], against: [] };
    const because = [`no local port was free for another connection to ${address}`];
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || !target) return { certainty: 'likely', because, against: [] };
    if (target.target.kind !== 'upstream')
      because.push(`${target.pass.text} names no upstream block: no connection is kept for reuse`);
    else {
      const pool = keepalivePool(target.target.upstream, failure.model.version);
      if (pool === null) because.push(`upstream ${target.target.upstream.name} keeps no connections`);
    }
    // Other systems have the same number for an address that cannot be connected to at all.
    return { certainty: entry.errno?.code === 99 ? 'certain' : 'likely', because, against: [] };
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || target?.target.kind !== 'upstream') return [];
    const fix = keepConnections(failure.model, target.target.upstream);
    return fix ? [fix] : [];
  },
  remedy: {
    cure(failure) {
      const target = bestPlace(failure)?.proxied;
      const where =
        target && target.target.kind !== 'upstream'
          ? 'an upstream block with the address and keepalive in it'
          : 'keepalive in the upstream block';
      return `reuse connections: ${where} (before 1.29.7 with proxy_http_version 1.1 and proxy_set_header Connection ""); where that is not enough, more addresses: of the backend, or local ones with proxy_bind and split_clients`;
    },
    mitigate:
      'sysctl -w net.ipv4.ip_local_port_range="10240 65535" net.ipv4.tcp_tw_reuse=1, on the machine of nginx',
    takesEffect: 'sysctl: at once; directives: nginx -s reload',
  },
  checks(failure) {
    const { peer } = failure;
    const where = onNginx(failure);
    const range = {
      run: 'sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse',
      where,
      expect: 'the first and last port; as many connections can exist to one address and port.',
    };
    if (peer?.host == null || peer.port === null) return [range];
    return [
      {
        run: `ss -Htan ${shellQuote(`dst ${peer.host}:${peer.port}`)} | awk '{print $1}' | sort | uniq -c`,
        where,
        expect: `how many connections there are, by state. TIME-WAIT in the tens of thousands: they are not reused. ESTAB: the backend is too slow for so many.`,
      },
      range,
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_bind',
  ],
};

function lacksPort(entry: LogEntry): boolean {
  const meaning = errnoMeaning(entry.errno);
  return (
    entry.resolver === null && !isSocket(entry) && (meaning === 'address-unavailable' || meaning === 'again')
  );
}
