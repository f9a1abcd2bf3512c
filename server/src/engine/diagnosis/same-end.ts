import type { Address } from '../config/proxied.ts';
import type { Peer } from './case.ts';

/** Whether an address of the files can be the peer of a line: a name may have any address, another literal may not. */
export function sameEnd(end: Address, peer: Peer): 'yes' | 'no' {
  if (peer.socket !== null || end.socket !== null) return peer.socket === end.socket ? 'yes' : 'no';
  if (peer.port !== null && end.port !== null && peer.port !== end.port) return 'no';
  const host = end.host?.toLowerCase() ?? '';
  if (peer.host === null || host === peer.host.toLowerCase()) return 'yes';
  if (host === 'localhost') return peer.host.startsWith('127.') || peer.host === '[::1]' ? 'yes' : 'no';
  return isLiteralHost(host) ? 'no' : 'yes';
}

/** Whether a host needs no look-up. */
export function isLiteralHost(host: string): boolean {
  return /^[[\d]/.test(host);
}
