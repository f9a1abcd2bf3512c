import { phaseOfKind } from '../errorlog/catalogue.ts';
import type { Case } from './case.ts';

/** What helps while one backend closes or resets connections before it has answered. */
export const SECOND_PEER =
  'a second peer in the upstream block: a GET is then tried there in the same request (a POST only with proxy_next_upstream non_idempotent)';

/** The same for one case: once the answer has begun, no other peer is asked (ngx_http_upstream_next). */
export function secondPeer({ matched, entry }: Case): string | null {
  const phase = phaseOfKind(matched.kind, entry);
  return phase === 'body' || phase === 'upgraded' ? null : SECOND_PEER;
}
