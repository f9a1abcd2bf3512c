import { effective } from '../config/inheritance.ts';
import { isAllDown } from '../config/pools.ts';
import { endpoints } from '../config/proxied.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { phaseCommands, searchLog } from '../diagnosis/commands.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx chooses a server of a group and finds none: each is left out for fail_timeout after max_fails failures, or
 * was tried for this request already, or is at its max_conns. A symptom: what made the servers fail stands in the
 * lines before, and goes first (`follows`). Answers that http_5xx in *_next_upstream makes failures of leave no line.
 * Deliberately gives way to all-peers-down and max-conns-reached.
 */
export const noLiveUpstreams: FailureMode = {
  id: 'no-live-upstreams',
  title: 'nginx has no server of the pool left to try',
  what: 'All servers of an upstream block are left out at the moment, because each of them failed shortly before.',
  why: 'nginx answers 502 without a connection, also when a server is well again: one is tried again after fail_timeout (10 s by default).',
  do: 'Read the lines before this one: they tell why each server failed, and that is to be repaired. max_fails and fail_timeout decide how long one is left out (after 1 failure, for 10 s, by default).',
  status: '502',
  versions: null,
  hits: 'every request to the group, until fail_timeout is over',
  signatures: [{ message: 'no-live-upstreams' }],
  follows: (failure) => (failure.matched.kind.id === 'no-live-upstreams' ? failuresBefore(failure) : []),
  weigh(failure) {
    if (failure.matched.kind.id !== 'no-live-upstreams')
      return { certainty: 'possible', because: [], against: [] };
    const target = bestPlace(failure)?.proxied;
    const group = target?.target.kind === 'upstream' ? target.target.upstream : null;
    if (group && isAllDown(group))
      return {
        certainty: 'possible',
        because: [],
        against: [`no server of ${group.name} failed: all are marked down`],
        refuted: true,
      };
    const because: string[] = [];
    const silent = failure.model && target ? answersThatCount(failure, target.handler) : [];
    const before = failuresBefore(failure);
    if (before.length > 0)
      because.push(`servers of the group failed before it, the last in line ${before.at(-1)!.line}`);
    else if (silent.length > 0)
      because.push(`${silent.join(' and ')} of a server is a failure here, and leaves no line in this log`);
    if (
      group &&
      before.length === 0 &&
      group.peers.some((peer) => peer.node.args.some((word) => word.startsWith('max_conns=')))
    )
      return {
        certainty: 'possible',
        because,
        against: [`servers of ${group.name} have a max_conns`],
        general: true,
      };
    return { certainty: 'likely', because, against: [], general: true };
  },
  remedy: {
    cure: (failure) =>
      failuresBefore(failure).length > 0
        ? 'repair what the lines before this one tell of each server; this line only follows from them'
        : "find why each server failed: in the lines before this one, which are not here, or in the servers' own logs",
    mitigate: 'nginx -s reload forgets the failures, so that every server is tried again',
    takesEffect: 'a repaired server: after fail_timeout, 10 s by default',
  },
  checks: (failure) => [
    {
      ...searchLog(failure, "grep -B200 'no live upstreams' | grep -E 'upstream|connect\\(\\)' | head -n 20"),
      expect: 'the lines before the first "no live upstreams": each names a server and why it failed.',
    },
    ...phaseCommands(failure),
  ],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#max_fails',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream',
  ],
};

/** Most lines that a symptom is led back to. */
const ENOUGH = 20;

/** Earlier errors of servers of the same group; without a configuration, of the same server block. */
function failuresBefore(failure: Case): LogEntry[] {
  const target = bestPlace(failure)?.proxied;
  const ends = target?.target.kind === 'upstream' ? endpoints(target) : null;
  return failure.neighbours
    .filter(({ line, level, upstream, message, server }) => {
      if (
        line >= failure.entry.line ||
        level === 'warn' ||
        !upstream ||
        message.startsWith('no live upstreams')
      )
        return false;
      if (ends === null) return server === failure.entry.server;
      return ends.some((end) =>
        end.socket === null
          ? end.port === upstream.port && (end.host === upstream.address || /[a-z]/i.test(end.host ?? ''))
          : end.socket === upstream.socket,
      );
    })
    .slice(-ENOUGH);
}

/** Statuses of *_next_upstream: such an answer counts as a failure of the server, and nginx logs nothing of it. */
function answersThatCount(failure: Case, handler: string): string[] {
  const block = bestPlace(failure)?.proxied?.block;
  if (!failure.model || !block) return [];
  const words = effective(failure.model, `${handler}_next_upstream`, block).nodes[0]?.args ?? [];
  // ngx_http_upstream_next: 403 and 404 are passed on to the next server, but are no failures.
  return words.filter((word) => /^http_(?:5\d\d|429)$/.test(word));
}
