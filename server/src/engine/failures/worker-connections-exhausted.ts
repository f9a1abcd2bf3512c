import { loopThrough } from '../config/proxy-loops.ts';
import { DEFAULT_WORKER_CONNECTIONS, fileLimit, workerConnections } from '../config/worker-limits.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A worker has worker_connections slots; a listening socket, a client and a connection to a backend take one each
 * (ngx_get_connection). With none left nginx answers 500 to a request that needs a backend and closes new clients.
 * Deliberately never certain: a slow backend and a loop that leaves the machine fill the slots just as well. A loop
 * that the configuration shows is proxy-loop.
 */
export const workerConnectionsExhausted: FailureMode = {
  id: 'worker-connections-exhausted',
  title: 'All worker_connections are in use',
  what: 'A worker process of nginx has as many connections as worker_connections allows, to clients and to backends together.',
  why: 'A request that needs one more connection to a backend gets 500, not 502; a client that connects anew is closed without a byte. A proxied request takes two connections, an idle one in a keepalive pool counts as well.',
  do: 'See first whether a slow backend or a loop holds the connections. If it is real traffic, raise worker_connections in events {} (a proxied request takes two), and worker_rlimit_nofile to twice as much.',
  status: '500',
  versions: null,
  hits: 'whatever comes while the worker is at its limit',
  signatures: [
    { message: 'worker-connections-not-enough' },
    { message: 'worker-connections-reused' },
    { message: 'worker-connections-below-listeners' },
  ],
  weigh(failure) {
    const { model } = failure;
    const pass = bestPlace(failure)?.proxied?.pass;
    if (model && pass && loopThrough(model, pass)) {
      const against = [`${pass.text} leads back to itself: no number of connections is enough`];
      return { certainty: 'possible', because: [], against };
    }
    const count = countOf(failure);
    const because = [
      count === null ? 'nginx says that its connections are used up' : `all ${count} connections were in use`,
    ];
    const limit = model && workerConnections(model);
    if (limit && count !== null && limit.value < DEFAULT_WORKER_CONNECTIONS)
      because.push(`${limit.node?.text} is below nginx's default of ${DEFAULT_WORKER_CONNECTIONS}`);
    const slow = slowAnswers(failure);
    if (slow > 0)
      because.push(
        `${slow} line${slow === 1 ? '' : 's'} of the paste tell of a backend that keeps nginx waiting`,
      );
    const against =
      limit && count !== null && limit.value !== count
        ? [`the line says ${count}, this configuration ${limit.value}: nginx may run another one`]
        : [];
    return { certainty: 'likely', because, against };
  },
  remedy: {
    cure(failure) {
      const limit = failure.model && workerConnections(failure.model);
      const files = failure.model && fileLimit(failure.model);
      const raise = limit?.node
        ? `raise ${limit.node.text} in events {}`
        : `set worker_connections in events {} above ${limit ? `the default of ${limit.value}` : 'what it is'}`;
      const more = `${raise} (a proxied request takes two), and ${files ? files.node.text : 'worker_rlimit_nofile'} to twice as much`;
      return slowAnswers(failure) > 0
        ? `repair the slow backend first: it holds the connections; if it is real traffic, ${more}`
        : `see first whether a slow backend or a loop holds the connections; if it is real traffic, ${more}`;
    },
    mitigate: 'nginx -s reload starts workers with no connections; the old ones finish theirs',
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => [
    {
      run: "ss -Htn state established | awk '{print $4}' | sed 's/:[0-9]*$//' | sort | uniq -c | sort -rn | head",
      where: onNginx(failure),
      expect:
        "the other ends, most connections first. A backend's address: it is slow. An own address: a loop. Many clients: real traffic. One client: perhaps an attack.",
    },
  ],
  references: [
    'https://nginx.org/en/docs/ngx_core_module.html#worker_connections',
    'https://nginx.org/en/docs/ngx_core_module.html#worker_rlimit_nofile',
  ],
};

function countOf({ entry }: Case): number | null {
  const count = /^(\d{1,9}) worker_connections/.exec(entry.message)?.[1];
  return count === undefined ? null : Number(count);
}

/** Lines of the paste that tell of a backend which takes its time. */
function slowAnswers({ neighbours }: Case): number {
  return neighbours.filter(({ message }) => message.startsWith('upstream timed out')).length;
}
