import type { LogEntry } from '../errorlog/entry.ts';
import { type ErrnoMeaning, errnoMeaning } from '../errorlog/errno.ts';
import { uriPath } from '../errorlog/uri-path.ts';
import type { Case } from './case.ts';

export function samePeer(a: LogEntry, b: LogEntry): boolean {
  if (!a.upstream || !b.upstream) return false;
  const { address, port, socket } = a.upstream;
  return address === b.upstream.address && port === b.upstream.port && socket === b.upstream.socket;
}

/** Other lines of the paste about the same backend. */
export function aboutSamePeer({ entry, neighbours }: Case): readonly LogEntry[] {
  return neighbours.filter((other) => samePeer(other, entry));
}

/** How many lines say the same, and whether of one URI or of several: one slow request, or the whole backend. */
export function spread(failure: Case): string[] {
  const others = aboutSamePeer(failure).filter(({ message }) => message === failure.entry.message);
  if (others.length === 0) return [];
  const paths = new Set([...others, failure.entry].map(({ request }) => uriPath(request?.uri ?? '')));
  const lines = `${others.length + 1} such lines about this backend`;
  return [paths.size > 1 ? `${lines}, of ${paths.size} different paths` : `${lines}, all of one path`];
}

/** What else the system said of connections to the same backend. */
export function otherErrnos(failure: Case): ReadonlySet<ErrnoMeaning> {
  const own = errnoMeaning(failure.entry.errno);
  const meanings = aboutSamePeer(failure)
    .filter(({ message }) => message.includes('connect()'))
    .flatMap(({ errno }) => errnoMeaning(errno) ?? []);
  return new Set(meanings.filter((meaning) => meaning !== own));
}

/** Whether the same backend took requests and then was too slow to answer them. */
export function alsoTooSlow(failure: Case): boolean {
  return aboutSamePeer(failure).some(({ message }) =>
    /^upstream timed out .*reading response header/.test(message),
  );
}
