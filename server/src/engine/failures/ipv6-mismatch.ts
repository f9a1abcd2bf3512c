import { effective } from '../config/inheritance.ts';
import { endpoints } from '../config/proxied.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { onBackend, onNginx } from '../diagnosis/commands.ts';
import { operand } from '../diagnosis/shell.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A name has an IPv6 address besides or instead of the IPv4 one, and nginx tries each of them: localhost is [::1] too.
 * A backend that listens on 127.0.0.1 only refuses it (111); a machine without IPv6 cannot even try (99, 101, 97).
 * A pool that is nothing but "localhost" can run out of servers only where that is two addresses.
 * Deliberately leaves alone: IPv6 addresses that are written so, and backends that refuse on IPv4 as well.
 */
export const ipv6Mismatch: FailureMode = {
  id: 'ipv6-mismatch',
  title: 'nginx tries IPv6 where only IPv4 answers',
  what: 'The name of the backend has an IPv6 address, nginx connects to it, and the backend listens on IPv4 only, or the machine has no IPv6.',
  why: 'Each address of a name is a server of its own to nginx. Mostly the next one answers, and only a line in the log is left; where there is no other, or none may be tried, the client gets 502. A system without IPv6 sockets makes it 500.',
  do: 'Write the IPv4 address (127.0.0.1 for localhost), or let the backend listen on IPv6 too. For names found by resolver, add ipv6=off to it.',
  status: '502',
  versions: null,
  hits: 'requests whose turn it is at the IPv6 address; all of them where the name has no other',
  signatures: [
    {
      message: 'connect-failed',
      when: (entry) => isSix(entry) && FAILS.has(errnoMeaning(entry.errno) ?? ''),
    },
    { message: 'socket-failed', when: (entry) => errnoMeaning(entry.errno) === 'unsupported-family' },
  ],
  weigh(failure) {
    const { entry, peer } = failure;
    const host = peer?.host ?? null;
    // A peer that is alone is never left out (ngx_http_upstream_get_round_robin_peer): the name has several addresses.
    if (failure.matched.kind.id === 'no-live-upstreams')
      return host === 'localhost'
        ? {
            certainty: 'possible',
            because: [
              'localhost is two addresses here, 127.0.0.1 and [::1]: with one, nginx would not say this',
            ],
            against: [],
          }
        : null;
    // IPv4 and unix sockets are in every system that nginx runs on: what it lacks is IPv6, whatever the line has lost.
    if (host === null && failure.matched.kind.id === 'socket-failed')
      return { certainty: 'likely', because: ['this machine has no IPv6 sockets'], against: [] };
    if (host === null || !host.startsWith('[')) return null;
    const refused = errnoMeaning(entry.errno) === 'refused';
    const target = bestPlace(failure)?.proxied;
    const written = target ? endpoints(target).some((end) => end.host === host) : false;
    // No route to one host says nothing of the others.
    const absent =
      refused || errnoMeaning(entry.errno) === 'no-route'
        ? []
        : [`this machine cannot reach IPv6 addresses (${entry.errno?.code})`];
    // An address that somebody wrote is no surprise of a name; only a machine without IPv6 is left.
    if (written) return absent.length === 0 ? null : { certainty: 'likely', because: absent, against: [] };
    const four = refused ? refusedOnFour(failure) : null;
    if (four !== null) {
      const against = [`${four} refused as well: nothing listens on this port in IPv4 either`];
      return { certainty: 'possible', because: [], against, refuted: true };
    }
    const name = nameOf(failure);
    const because = [...absent];
    if (name !== null) because.push(`${name} is written, and ${host} is one of its addresses`);
    else if (host === '[::1]') because.push('[::1] is what localhost is in IPv6');
    return { certainty: because.length > 0 ? 'likely' : 'possible', because, against: [] };
  },
  remedy: {
    cure(failure) {
      const name = nameOf(failure);
      if (name !== null && isLookedUp(failure))
        return `add ipv6=off to resolver, so that ${name} gives IPv4 addresses only, or let the backend listen on IPv6 too`;
      if (name === 'localhost' || failure.peer?.host === '[::1]' || failure.peer?.host === 'localhost')
        return `write 127.0.0.1${port(failure)} instead of localhost${port(failure)}, or let the backend listen on [::1] too`;
      return `write the IPv4 address of ${name ?? 'the backend'}, or let the backend listen on IPv6 too`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload; a changed backend: restart of the backend',
  },
  checks(failure) {
    const { peer } = failure;
    if (!peer) return [];
    const name = nameOf(failure) ?? (peer.host === '[::1]' ? 'localhost' : null);
    return [
      ...(peer.port === null
        ? []
        : [
            {
              run: `ss -ltnp 'sport = :${peer.port}'`,
              where: onBackend(failure),
              expect: `127.0.0.1:${peer.port} or 0.0.0.0:${peer.port} alone: the backend speaks IPv4 only. [::]:${peer.port} or *:${peer.port}: both. Only the header: nothing listens at all.`,
            },
          ]),
      ...(name === null
        ? []
        : [
            {
              run: `getent ahosts ${operand(name)}`,
              where: onNginx(failure),
              expect: 'all addresses of the name; nginx tries every one of them, IPv6 too.',
            },
          ]),
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver',
  ],
};

/** How a connection in IPv6 fails where IPv4 would do. */
const FAILS = new Set(['refused', 'address-unavailable', 'net-unreachable', 'no-route']);

function isSix(entry: LogEntry): boolean {
  return entry.upstream === null ? / to \[/.test(entry.message) : entry.upstream.address?.[0] === '[';
}

/** The name that leads there, by the configuration. */
function nameOf(failure: Case): string | null {
  const target = bestPlace(failure)?.proxied;
  if (!target) return null;
  if (target.target.kind === 'variable') return target.target.text.replace(/^[a-z]+:\/\//i, '');
  return endpoints(target).find(({ host }) => host !== null && /^[^[\d]/.test(host))?.host ?? null;
}

function isLookedUp({ model, places }: Case): boolean {
  const target = places[0]?.proxied;
  return (
    model !== null &&
    target?.target.kind === 'variable' &&
    effective(model, 'resolver', target.block).nodes.length > 0
  );
}

/** The IPv4 address of the same port that refused too; null where none of the paste did. */
function refusedOnFour({ peer, neighbours }: Case): string | null {
  const other = neighbours.find(
    ({ upstream, errno }) =>
      upstream?.address != null &&
      /^[\d.]+$/.test(upstream.address) &&
      upstream.port === peer?.port &&
      (peer?.host !== '[::1]' || upstream.address.startsWith('127.')) &&
      errnoMeaning(errno) === 'refused',
  );
  return other ? `${other.upstream!.address}:${other.upstream!.port}` : null;
}

function port({ peer }: Case): string {
  return peer?.port == null ? '' : `:${peer.port}`;
}
