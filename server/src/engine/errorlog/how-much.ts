import { isKnownAction } from './action.ts';
import { configurationRefused } from './catalogue/server-settings.ts';
import { matchMessage } from './catalogue.ts';
import type { LogEntry } from './entry.ts';

/** How much was read: fields, a message of the catalogue, an action that nginx has. */
export function howMuch(entry: LogEntry): number {
  const { client, server, request, subrequest, upstream, host, referrer, errno, at, action } = entry;
  let score = 0;
  for (const field of [client, server, request, subrequest, upstream, host, referrer, errno, at]) {
    score += field === null ? 0 : 4;
  }
  if (upstream !== null) {
    score += (upstream.address ?? upstream.socket) === null ? 0 : 2;
    score += upstream.uri === null ? 0 : 1;
    // No address has a blank or a quote: it was wrapped inside of a word, or quoted by another program.
    score -= /[ "'`]/.test(upstream.raw) ? 4 : 0;
  }
  if (request?.protocol?.startsWith('HTTP/') === true && !/["'`]/.test(request.protocol)) {
    score += 2;
  }
  if (action !== null) {
    score += isKnownAction(action) ? 4 : 1;
  }
  if (server?.includes(' ') === true || request?.uri.includes(' ') === true) {
    score -= 1;
  }
  if (!entry.truncated) {
    score += 1;
  }
  const matched = matchMessage(entry);
  if (matched === null || matched.kind === configurationRefused) {
    return score;
  }
  return score + (matched.certainty === 'certain' ? 6 : 3);
}
