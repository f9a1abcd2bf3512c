import { type ListenAddress, listensOn } from '../config/listens.ts';
import { type Address, type Endpoint, endpoints, type Proxied, passSpeaking } from '../config/proxied.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { bestPlace, type Case } from './case.ts';
import { sameEnd } from './same-end.ts';
import { samePeer } from './same-peer.ts';

/** Questions about the protocol of a case's backend: what the files and the other lines say of it. */

/** The endpoints of the place that the line may speak of. */
export function endsOfPeer(failure: Case): readonly Endpoint[] {
  const { peer } = failure;
  const target = bestPlace(failure)?.proxied;
  if (!peer || !target) return [];
  return endpoints(target).filter((end) => sameEnd(end, peer) !== 'no');
}

/** Another `*_pass` of the files that speaks one of the schemes to the same address. */
export function spokenElsewhere(failure: Case, ...schemes: readonly string[]): Proxied | null {
  const { model, peer } = failure;
  if (!model || !peer) return null;
  const ends: readonly Address[] = endsOfPeer(failure);
  // Without a place, the address of the line itself may stand in the files.
  for (const end of ends.length > 0 ? ends : [peer]) {
    const found = passSpeaking(model, end, ...schemes);
    if (found) return found;
  }
  return null;
}

/** Addresses of nginx itself that the line's backend is. */
export function ownListens(failure: Case): readonly ListenAddress[] {
  const { model, peer } = failure;
  if (!model || !peer) return [];
  const named = endsOfPeer(failure)[0];
  return listensOn(model, peer.host ?? named?.host ?? null, peer.port ?? named?.port ?? null);
}

/** A line of the same paste that proves an HTTP answer of the same backend: its header was read. */
export function sentHttp(failure: Case): LogEntry | null {
  return (
    failure.neighbours.find(
      (entry) =>
        isPlainHttp(entry) &&
        samePeer(entry, failure.entry) &&
        (entry.action === 'reading upstream' ||
          entry.action === 'proxying upgraded connection' ||
          entry.message.startsWith('upstream sent too big header')),
    ) ?? null
  );
}

/** Why a backend that answered in HTTP before is none of another protocol; empty without such a line. */
export function againstOtherProtocol(failure: Case): string[] {
  const answered = sentHttp(failure);
  return answered ? [`line ${answered.line}: the same backend answered in HTTP`] : [];
}

function isPlainHttp({ upstream }: LogEntry): boolean {
  return upstream?.scheme === 'http';
}
