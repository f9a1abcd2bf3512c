import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { Proxied } from '../config/proxied.ts';
import type { Certainty, Site } from '../contract.ts';
import { isSocket } from '../errorlog/catalogue/shared.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { HelperLine } from '../errorlog/helper-line.ts';
import type { MatchedMessage } from '../errorlog/message.ts';
import { causesOf } from '../errorlog/message.ts';
import type { PasteClues } from './paste-clues.ts';
import type { Surroundings } from './surroundings.ts';

/** Where nginx tried to go, from the entry's `upstream:` field or from the message itself. */
export interface Peer {
  /** For people: "127.0.0.1:3001", "unix:/run/app.sock", a group's or host's name. */
  readonly text: string;
  readonly scheme: string | null;
  /** Name, IPv4 or bracketed IPv6 address. */
  readonly host: string | null;
  readonly port: number | null;
  readonly socket: string | null;
  /** URI that was sent to it. */
  readonly uri: string | null;
}

/** The directive that sent the request there. */
export interface FoundPlace {
  /** The `*_pass`, the upstream's `server`, or the line that an [emerg] names. */
  readonly node: ConfigNode;
  readonly location: ConfigNode | null;
  readonly server: ConfigNode | null;
  readonly proxied: Proxied | null;
  /** 0 to 1: how much of what the line says fits. */
  readonly fit: number;
  readonly trace: readonly string[];
  /** What is shown instead of the directive, where none stands at that line. */
  readonly site?: Site & { readonly text: string };
  /** What a person should read of it. */
  readonly says?: string;
}

/** One logged failure with all that is known about it. What a failure mode weighs. */
export interface Case {
  readonly entry: LogEntry;
  readonly matched: MatchedMessage;
  readonly peer: Peer | null;
  /** Null without configuration. */
  readonly model: ConfigModel | null;
  /** Best first. */
  readonly places: readonly FoundPlace[];
  /** Other entries of the same paste. */
  readonly neighbours: readonly LogEntry[];
  /** Lines of other programs in the same paste. */
  readonly helpers: readonly HelperLine[];
  readonly surroundings: Surroundings;
  /** What other lines of the paste tell of the machine. */
  readonly clues: PasteClues | null;
}

/** Evidence in a case. Nothing for and nothing against is still a possible cause. */
export interface Weight {
  readonly certainty: Certainty;
  readonly because: readonly string[];
  readonly against: readonly string[];
  /** The configuration or the log rules it out. */
  readonly refuted?: boolean;
  /** What remains when nothing more specific is likely: any likely cause goes before. */
  readonly general?: boolean;
}

export function bestPlace(failure: Case): FoundPlace | null {
  return failure.places[0] ?? null;
}

/** Handlers by the scheme that the log shows. */
const HANDLERS: Readonly<Record<string, string>> = {
  http: 'proxy',
  https: 'proxy',
  grpc: 'grpc',
  grpcs: 'grpc',
  fastcgi: 'fastcgi',
  uwsgi: 'uwsgi',
  suwsgi: 'uwsgi',
  scgi: 'scgi',
  memcached: 'memcached',
};

/** What the directives of the case's handler begin with: "proxy" of proxy_pass, also where nothing tells. */
export function familyOf(failure: Case): string {
  return bestPlace(failure)?.proxied?.handler ?? HANDLERS[failure.peer?.scheme ?? ''] ?? 'proxy';
}

/** The commands' form of an address: host:port, or the socket's path. */
export function peerAddress(peer: Peer): string {
  if (peer.socket !== null) return `unix:${peer.socket}`;
  return peer.port === null ? (peer.host ?? peer.text) : `${peer.host}:${peer.port}`;
}

/** The unix socket that a line is about, for texts; "the socket" where the line lost its path, null for an address. */
export function socketText({ entry, peer }: Case): string | null {
  return peer?.socket ?? (isSocket(entry) ? 'the socket' : null);
}

/**
 * What a cause is worth that nothing speaks for: "possible" where the catalogue names it for this line, and no word
 * where the line speaks for other causes, or where only lines of other programs could tell.
 */
export function withoutEvidence(
  { matched, entry, helpers }: Case,
  id: string,
  against: readonly string[] = [],
): Weight | null {
  const open = causesOf(matched.kind, entry).includes(id) || helpers.length > 0;
  return open ? { certainty: 'possible', because: [], against } : null;
}
