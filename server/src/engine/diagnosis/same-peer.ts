import { type ErrnoMeaning, errnoMeaning } from '../errorlog/errno.ts';
import type { Case } from './case.ts';

/** Other lines of the paste about the same backend. */
function aboutSamePeer({ entry, neighbours }: Case): Case['neighbours'] {
  const own = entry.upstream;
  if (own === null) return [];
  return neighbours.filter(
    ({ upstream }) =>
      upstream !== null &&
      upstream.socket === own.socket &&
      upstream.address === own.address &&
      upstream.port === own.port,
  );
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
