import type { StatusVerdict } from '../contract.ts';
import { matchMessage, statusOf } from '../errorlog/catalogue.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { Case } from './case.ts';
import { sameRequest } from './same-request.ts';

/**
 * Whether a line tells of a file that was to be served after `failed`, the failure of the same request: the page of
 * error_page. nginx names the backend in such a line too, because the request had one.
 */
export function isPageOf(line: LogEntry, failed: LogEntry): boolean {
  return (
    line.line > failed.line &&
    line.upstream !== null &&
    // An internal redirect leaves the action empty (ngx_http_handler); temporary files have one.
    line.action === null &&
    sameRequest(line, failed) &&
    matchMessage(line)?.kind.id === 'file-failed' &&
    isOnTheWay(failed)
  );
}

/** What the client got where the page of error_page is missing or cannot be read; null where no line tells so. */
export function errorPageStatus({ entry, neighbours }: Case): StatusVerdict | null {
  const page = neighbours.find((other) => isPageOf(other, entry));
  const matched = page ? matchMessage(page) : null;
  const status = page && matched ? statusOf(matched.kind, page) : null;
  const own = matchMessage(entry);
  if (!page || !own || status?.code == null) return null;
  return {
    ...status,
    note: `${status.code} in place of ${statusOf(own.kind, entry).code}: error_page leads to a file that nginx cannot serve (line ${page.line}).`,
  };
}

/** Whether the line is of a backend that failed, whose error_page is asked for. */
function isOnTheWay(entry: LogEntry): boolean {
  const matched = matchMessage(entry);
  return (
    entry.upstream !== null && matched !== null && /^50[024]$/.test(statusOf(matched.kind, entry).code ?? '')
  );
}
