import { keptConnections } from '../config/connection-reuse.ts';
import { type Proxied, passesTo } from '../config/proxied.ts';
import { bestPlace, type Case, peerAddress, type Weight } from '../diagnosis/case.ts';
import { onBackend } from '../diagnosis/commands.ts';
import { busyPhpWorkers } from '../diagnosis/helper-evidence.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { endsOfPeer } from '../diagnosis/spoken.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A child of php-fpm serves one connection from accept to close. With fastcgi_keep_conn and a pool each idle connection
 * of nginx holds a child: when there are as many as children, new connections wait until fastcgi_read_timeout (504), or
 * are turned away when the queue of a unix socket is full (502). A slow script writes the same line, so that without
 * php-fpm's own word on pm.max_children this stays possible. Deliberately ignores proxy_pass: HTTP servers with few
 * workers mostly do not keep connections.
 */
export const keepaliveStarvesWorkers: FailureMode = {
  id: 'keepalive-starves-workers',
  title: "Idle pooled connections occupy the backend's workers",
  what: 'nginx keeps more idle connections to php-fpm than php-fpm has children, and each of them holds one.',
  why: 'No child is left for a new connection: it waits without an answer until fastcgi_read_timeout (504), or is refused when the queue of the socket is full (502), while the machine is idle.',
  do: 'Keep keepalive, times the number of nginx workers, below the number of backend workers (pm.max_children in php-fpm). Or do without a pool: keepalive 0 (before 1.29.7: no keepalive), and fastcgi_keep_conn off.',
  status: null,
  versions: null,
  hits: 'requests that need a new connection, while all children are held by idle ones',
  signatures: [
    {
      message: 'upstream-timed-out',
      when: (entry) => /^(?:connecting to|reading response)/.test(entry.action ?? ''),
    },
    { message: 'connect-failed', when: (entry) => errnoMeaning(entry.errno) === 'again' },
  ],
  weigh(failure) {
    const { model, entry } = failure;
    const target = bestPlace(failure)?.proxied;
    if (!model || target?.handler !== 'fastcgi') return null;
    const kept = keptConnections(model, target);
    if (kept.kept !== 'yes' || kept.connections === null) return null;
    const because = [`${kept.why}, and fastcgi_keep_conn on has each hold a child of php-fpm`];
    const pools = poolsTo(failure);
    const idle = pools.reduce((sum, connections) => sum + connections, 0);
    if (pools.length > 1)
      because.push(
        `${pools.length} pools of these files keep up to ${idle} connections there for each nginx worker`,
      );
    return weighAgainstChildren(failure, entry, because, Math.max(idle, kept.connections));
  },
  remedy: {
    cure: (failure) => {
      const target = bestPlace(failure)?.proxied?.target;
      const group = target?.kind === 'upstream' ? ` in upstream ${target.upstream.name}` : '';
      return `set fastcgi_keep_conn off, or keepalive${group} so low that all pools of all nginx workers together stay below pm.max_children; or raise pm.max_children`;
    },
    mitigate: 'nginx -s reload closes the idle connections once',
    takesEffect: 'nginx -s reload; pm.max_children: reload of php-fpm',
  },
  checks: (failure) => {
    const { peer } = failure;
    if (!peer) return [];
    const to =
      peer.socket === null
        ? `state established 'sport = :${peer.port}'`
        : `-x state established src ${shellQuote(peer.socket)}`;
    return [
      {
        run: `ss -Hn ${to} | wc -l; grep -rE '^ *pm.max_children' /etc/php*`,
        where: onBackend(failure),
        expect: `as many connections to ${peerAddress(peer)} as children while hardly a request runs: idle ones hold them.`,
      },
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_keep_conn',
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive',
  ],
};

/** What php-fpm itself says in the paste decides: more children than connections, or none left. */
function weighAgainstChildren(
  failure: Case,
  entry: LogEntry,
  because: readonly string[],
  idle: number,
): Weight {
  const children = busyPhpWorkers(failure);
  const against: string[] = [];
  if (errnoMeaning(entry.errno) !== 'again')
    against.push('a request that takes too long writes the same line');
  if (children === null) return { certainty: 'possible', because, against };
  const fpm = `php-fpm has ${children} ${children === 1 ? 'child' : 'children'}`;
  const processes = workerProcesses(failure);
  const most = idle * (processes ?? 1);
  if (most >= children)
    return { certainty: 'likely', because: [...because, `${fpm}, the pools may hold ${most}`], against: [] };
  against.push(
    `${fpm}, the pools of ${processes ?? 'one'} nginx worker${processes === 1 || processes === null ? '' : 's'} hold ${most} at most`,
  );
  // No refutation: keepalive counts the idle connections of one worker and pool, those in use come on top.
  return { certainty: 'possible', because, against };
}

/** How many workers nginx runs; null where it counts the processors itself. */
function workerProcesses({ model }: Case): number | null {
  const value = model!.top.find(({ name }) => name === 'worker_processes')?.arg(0) ?? '1';
  return /^\d{1,5}$/.test(value) ? Number(value) : null;
}

/** Idle connections that each pool of the files may keep to the backend of the line. */
function poolsTo(failure: Case): number[] {
  const { model } = failure;
  const groups = new Map<string, number>();
  const count = (target: Proxied): void => {
    if (target.target.kind !== 'upstream') return;
    const { connections } = keptConnections(model!, target);
    if (connections !== null) groups.set(target.target.upstream.name, connections);
  };
  for (const end of endsOfPeer(failure)) passesTo(model!, end).forEach(count);
  return [...groups.values()];
}
