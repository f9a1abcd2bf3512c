import type { Certainty, StatusVerdict } from '../contract.ts';
import type { LogEntry } from './entry.ts';

/** The steps between nginx and a backend, in order, and the two places outside of them. */
export type Phase =
  | 'resolve'
  | 'connect'
  | 'tls'
  | 'send'
  | 'header'
  | 'body'
  | 'upgraded'
  /** Choosing a peer, opening the local socket, evaluating proxy_pass: before anything reaches the network. */
  | 'prepare'
  /** nginx -t, start or reload. */
  | 'start-up'
  /** The client's side of the connection. */
  | 'client'
  /** Anything else: cache, temp files, workers. */
  | 'other';

/** Who has to act on it, for the verdict's one sentence. */
export type Fault = 'configuration' | 'backend' | 'network' | 'host-limit' | 'client' | 'nobody' | 'unknown';

/** One message that nginx can write, as data. */
export interface MessageKind {
  /** kebab-case, stable, names what nginx says: "connect-failed", "upstream-prematurely-closed". */
  readonly id: string;
  /**
   * nginx's own format, with `<name>` for variable parts, `[a]` for what may be missing and `[a|b]` for one of
   * several, `[[` for a bracket: `connect()[ to <address>] failed (<errno>)`. Without the ` while ...` and ` in FILE:LINE` behind it.
   */
  readonly text: string;
  /** Source of the fact: file and function in nginx. */
  readonly source: string;
  readonly phase: Phase | ((entry: LogEntry) => Phase);
  /** What the client gets, given the fields of this very line. */
  readonly status: StatusVerdict | ((entry: LogEntry) => StatusVerdict);
  readonly fault: Fault | ((entry: LogEntry) => Fault);
  /** One plain sentence on what happened, with the entry's own addresses filled in. No advice. */
  readonly meaning: (entry: LogEntry) => string;
  /** Where one text stands for two kinds: whether a line with this text is of this kind. */
  readonly when?: (entry: LogEntry) => boolean;
  /** First nginx release that writes it; null when every supported one (1.18 and newer) does. */
  readonly since: string | null;
  /** Releases of older stable branches that got it too, each the first of its branch. */
  readonly backported?: readonly string[];
  /** A whole line in nginx's layout. */
  readonly example: string;
  /** Failure modes that this message can point to, the most frequent first; ids of the design's table. */
  readonly causes: readonly string[] | ((entry: LogEntry) => readonly string[]);
}

/** A message recognised in an entry, with the variable parts by name. */
export interface MatchedMessage {
  readonly kind: MessageKind;
  readonly captures: Readonly<Record<string, string>>;
  /** Less than certain when the text was cut, retyped, or is one that no nginx writes. */
  readonly certainty: Certainty;
  readonly note: string | null;
}

/** The failure modes that a kind points to for this line. */
export function causesOf(kind: MessageKind, entry: LogEntry): readonly string[] {
  return typeof kind.causes === 'function' ? kind.causes(entry) : kind.causes;
}
