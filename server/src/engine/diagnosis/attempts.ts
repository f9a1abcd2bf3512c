import type { StatusVerdict } from '../contract.ts';
import { matchMessage, statusOf } from '../errorlog/catalogue.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { Case } from './case.ts';
import { sameRequest } from './same-request.ts';

/** The lines of one request's attempts, in their order; empty where there is no more than one. */
export function attemptsOf({ entry, neighbours }: Case): readonly LogEntry[] {
  const same = [...neighbours, entry].filter(
    // A [warn] line only adds to the failure of the line before it; a file is no server.
    (other) =>
      sameRequest(other, entry) &&
      other.upstream !== null &&
      other.level !== 'warn' &&
      matchMessage(other)?.kind.id !== 'file-failed',
  );
  return same.length < 2 ? [] : same.sort((a, b) => a.line - b.line);
}

/**
 * What the client got where a request was tried with one peer after the other: the last attempt decides
 * (ngx_http_upstream_next). Null where nothing tells attempts from requests that follow each other on one connection:
 * those of one request are with different peers.
 */
export function statusAmongAttempts(failure: Case): StatusVerdict | null {
  const attempts = attemptsOf(failure);
  const last = attempts.at(-1);
  if (!last || new Set(attempts.map(({ upstream }) => upstream!.raw)).size < attempts.length) return null;
  const matched = matchMessage(last);
  const status = matched && statusOf(matched.kind, last);
  if (status?.outcome !== 'response' || status.code === null) return null;
  const tried = `nginx tried ${attempts.length} servers for this request`;
  const note =
    last === failure.entry
      ? `${status.code}: ${tried}, this one last.`
      : `${status.code}: ${tried}, and line ${last.line}, the last one, decides.`;
  return { ...status, certainty: 'likely', note };
}
