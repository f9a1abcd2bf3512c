import { canBeMarked } from '../config/pools.ts';
import { isAddress } from '../config/upstream-url.ts';
import type { Peer, Upstream } from '../config/upstreams.ts';
import type { ConfirmingCommand } from '../contract.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * max_conns limits the connections that nginx has to one server at a time; a server at its limit is passed over, and
 * with none left nginx answers 502 and logs "no live upstreams", as if they had failed. Since 1.11.5 in all builds.
 * Deliberately only likely where servers of the group can be marked as failed too, for the line is the same.
 */
export const maxConnsReached: FailureMode = {
  id: 'max-conns-reached',
  title: 'Every server of the pool is at its max_conns',
  what: 'Each server of the upstream block already has as many connections as its max_conns allows.',
  why: 'nginx does not wait for one to become free: it answers 502 at once and logs "no live upstreams". Without a zone in the block each worker counts for itself, so the real limit is max_conns times the workers.',
  do: 'Raise max_conns on the server lines to what the backends can take, or add servers. Without a zone in the upstream block, each worker counts for itself.',
  status: '502',
  versions: null,
  hits: 'requests that come while all servers of the group are busy',
  signatures: [{ message: 'no-live-upstreams' }],
  weigh(failure) {
    if (!failure.model || !bestPlace(failure)) return { certainty: 'possible', because: [], against: [] };
    const group = groupOf(failure);
    if (!group) return null;
    const usable = group.peers.filter(({ down }) => !down);
    const limited = usable.filter((peer) => limitOf(peer) > 0);
    const [first] = limited;
    if (!first) return null;
    const failed = failures(failure, group);
    const against =
      failed > 0 ? [`${failed} line${failed === 1 ? '' : 's'} of the paste tell of servers that failed`] : [];
    if (limited.length < usable.length) {
      const because = [`${limited.length} of ${usable.length} servers of ${group.name} have max_conns`];
      return { certainty: 'possible', because, against };
    }
    const because = [
      limited.length === 1
        ? `${first.node.text} allows ${limitOf(first)} connection${limitOf(first) === 1 ? '' : 's'}, and it is the only server of ${group.name}`
        : `each of the ${limited.length} servers of ${group.name} has max_conns`,
    ];
    if (failed > 0) return { certainty: 'possible', because, against };
    // Failures never take out a lone address.
    const alone = !canBeMarked(group) && isOneAddress(first);
    return { certainty: alone ? 'certain' : 'likely', because, against };
  },
  remedy: {
    cure(failure) {
      const group = groupOf(failure);
      const limited = group?.peers.filter((peer) => limitOf(peer) > 0) ?? [];
      if (!group || limited.length === 0)
        return 'raise max_conns on the server lines to what the backends can take, or add servers';
      const lines = limited.slice(0, 3).map(({ node }) => node.text);
      const zone = group.zone ? '' : ' (without a zone in the block each worker counts for itself)';
      return `raise max_conns in ${lines.join(', ')} to what the backend can take, or add servers to ${group.name}${zone}`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) =>
    (groupOf(failure)?.peers ?? [])
      .filter((peer) => limitOf(peer) > 0)
      .slice(0, 4)
      .map((peer) => countConnections(failure, peer)),
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#max_conns'],
};

function groupOf(failure: Case): Upstream | null {
  const target = bestPlace(failure)?.proxied?.target;
  return target?.kind === 'upstream' ? target.upstream : null;
}

function limitOf({ parameters }: Peer): number {
  return Number(parameters.get('max_conns') ?? 0) || 0;
}

function isOneAddress({ url }: Peer): boolean {
  return url !== null && (url.socket !== null || isAddress(url.host ?? ''));
}

/** Lines of the paste in which a server of the group failed. */
function failures({ neighbours }: Case, { peers }: Upstream): number {
  return neighbours.filter(({ upstream, errno }) => {
    if (upstream === null || errno === null) return false;
    return peers.some(({ url, port }) =>
      upstream.socket === null
        ? port === upstream.port && (url?.host === upstream.address || !isAddress(url?.host ?? ''))
        : url?.socket === upstream.socket,
    );
  }).length;
}

function countConnections(failure: Case, peer: Peer): ConfirmingCommand {
  const limit = limitOf(peer);
  const { url, port } = peer;
  const socket = url?.socket ?? null;
  const name = url?.host ?? '';
  const filter = isAddress(name) ? `dst ${name}:${port}` : `dport = :${port}`;
  return {
    run:
      socket === null
        ? `ss -Htn state established ${shellQuote(filter)} | wc -l`
        : `ss -Hx state established | grep -cF -- ${shellQuote(socket)}`,
    where: onNginx(failure),
    expect: `${limit} or more (with several workers up to ${limit} for each): the limit is reached. Clearly fewer: the servers were left out because they failed.`,
  };
}
