import type { LogEntry } from '../errorlog/entry.ts';

/**
 * Whether two lines are about one request. A connection carries many, one after the other or, in HTTP/2, at once: its
 * number and the worker's are not enough. Lines without a number tell nothing. Two requests for the same URI on one
 * connection cannot be told apart.
 */
export function sameRequest(a: LogEntry, b: LogEntry): boolean {
  return (
    a.connection !== null &&
    a.connection === b.connection &&
    a.pid === b.pid &&
    a.request?.method === b.request?.method &&
    a.request?.uri === b.request?.uri
  );
}
