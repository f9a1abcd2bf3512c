import { endpoints } from '../config/proxied.ts';
import { isAddress } from '../config/upstream-url.ts';
import { holdsSince } from '../config/version.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { isLoopback, onNginx } from '../diagnosis/commands.ts';
import { operand } from '../diagnosis/shell.ts';
import { phaseOfAction } from '../errorlog/action.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A literal name in *_pass or in an upstream's server line is looked up once, while nginx reads the configuration
 * (ngx_inet_resolve_host); what DNS says later reaches it with the next reload only. The sign in a log is an address
 * that nobody wrote down and where nobody answers. Deliberately leaves alone: variables and servers with `resolve`
 * (nginx follows DNS), localhost (ipv6-mismatch, container-localhost), and addresses that stand in the files.
 */
export const dnsResolvedOnce: FailureMode = {
  id: 'dns-resolved-once',
  title: 'The name of the backend is resolved only when nginx starts',
  what: 'nginx connects to an address that it found for a name when it started or was reloaded, and nobody answers there now.',
  why: 'A backend that was created again, a container or a load balancer in a cloud, has a new address; nginx goes on with the old one until it is reloaded. It answers 502 where that address refuses, 504 where it is silent, and another machine may answer in place of the backend.',
  do: 'Use "server NAME resolve" in an upstream block with a zone, and a resolver (since 1.27.3). Before that: a resolver, and the name in a variable in *_pass.',
  status: null,
  versions: null,
  hits: 'every request to this name, from the change of its address to the next reload',
  signatures: [
    {
      message: 'connect-failed',
      when: (entry) => entry.upstream?.address != null && GONE.has(errnoMeaning(entry.errno) ?? ''),
    },
    {
      message: 'upstream-timed-out',
      when: (entry) => entry.action !== null && phaseOfAction(entry.action) === 'connect',
    },
  ],
  weigh(failure) {
    const { peer } = failure;
    const refused = REFUSED[failure.matched.kind.id];
    if (refused) return { certainty: 'likely', because: [refused], against: [] };
    if (peer?.host == null || !isAddress(peer.host)) return null;
    const name = lookedUp(failure);
    if (name !== null) {
      const because = [
        `${peer.host} stands nowhere in the configuration: it is what ${name} was when nginx started`,
      ];
      return { certainty: 'likely', because, against: [] };
    }
    // Without the configuration it may be; with a place in it, the address is written there or looked up each time.
    // The own machine's address is seldom that of a name.
    return bestPlace(failure) || isLoopback(peer)
      ? null
      : { certainty: 'possible', because: [], against: [] };
  },
  remedy: {
    cure(failure) {
      const name = lookedUp(failure) ?? 'NAME';
      const modern = `"server ${name} resolve" in an upstream block with a zone, and a resolver`;
      const classic = `a resolver, and ${name} in a variable in *_pass`;
      const refused = REFUSED[failure.matched.kind.id];
      if (refused) return `${refused}; with all of it in place nginx follows DNS`;
      const since = failure.model ? holdsSince(failure.model.version, '1.27.3') : 'unknown';
      if (since === 'yes') return `let nginx follow DNS: ${modern}`;
      if (since === 'no') return `let nginx follow DNS: ${classic}`;
      return `let nginx follow DNS: ${modern} (since 1.27.3); before that, ${classic}`;
    },
    mitigate: 'nginx -s reload resolves the names again',
    takesEffect: 'nginx -s reload',
  },
  checks(failure) {
    const name = lookedUp(failure);
    if (name === null || failure.peer?.host == null) return [];
    return [
      {
        run: `getent ahosts ${operand(name)}`,
        where: onNginx(failure),
        expect: `without ${failure.peer.host}: the name has moved on since nginx started. With it: the address is right, and the backend there does not answer.`,
      },
      {
        run: 'ps -C nginx -o lstart=,cmd=',
        where: onNginx(failure),
        expect: 'when the workers started: names were resolved then, at the last reload.',
      },
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#resolve',
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver',
  ],
};

/** What a `resolve` still lacks, by the message with which nginx refuses it at start. */
const REFUSED: Readonly<Record<string, string>> = {
  'resolve-needs-zone': 'resolve needs a zone in the same upstream block',
  'resolve-needs-resolver': 'resolve needs a resolver in the upstream block or around it',
  'invalid-parameter': 'this nginx does not know resolve on a server line: it came with 1.27.3',
  'upstream-service-refused': 'service needs a name without a port, and resolve beside it',
};

/** What an address shows that its machine has left. */
const GONE = new Set(['refused', 'no-route', 'host-down', 'net-down', 'net-unreachable', 'timed-out']);

/** The name whose address at start the line shows; null where the files hold the address, or no such name. */
function lookedUp(failure: Case): string | null {
  const { peer } = failure;
  const target = bestPlace(failure)?.proxied;
  if (!target || peer?.host == null || !isAddress(peer.host)) return null;
  const ends = endpoints(target);
  if (ends.some(({ host }) => host === peer.host)) return null;
  const named = ends.find(
    ({ node, host, port }) =>
      host !== null &&
      /[a-z]/i.test(host) &&
      host.toLowerCase() !== 'localhost' &&
      !isAddress(host) &&
      !node.args.includes('resolve') &&
      (port === null || peer.port === null || port === peer.port),
  );
  return named?.host ?? null;
}
