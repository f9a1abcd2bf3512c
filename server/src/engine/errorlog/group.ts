import { matchMessage } from './catalogue.ts';
import { detachAll } from './detach.ts';
import type { LogEntry } from './entry.ts';
import type { MatchedMessage } from './message.ts';

/** Variable parts of a message that tell events apart; others (a header line, a path, a size) differ by request. */
const TELLING: readonly string[] = [
  'name',
  'upstream',
  'ssl',
  'code',
  'status',
  'frame',
  'error',
  'count',
  'zone',
  'url',
  'address',
  'lua',
];

/**
 * Equal events have equal keys: the same message with the same error number, in the same action, about the same
 * backend, in the same server block. Client, request and time may differ.
 */
export function eventKey(entry: LogEntry, matched: MatchedMessage | null): string {
  const upstream = entry.upstream;
  let key = matched === null ? `?${entry.message.slice(0, 80).replace(/\d+/g, '#')}` : matched.kind.id;
  key += `\n${entry.errno === null ? '' : entry.errno.code}\n${entry.action ?? ''}\n${entry.server ?? ''}\n`;
  if (upstream !== null) {
    key += upstream.socket ?? `${upstream.address ?? ''}:${upstream.port ?? ''}`;
  }
  if (entry.at !== null) {
    key += `\n${entry.at.file}:${entry.at.line}`;
  }
  if (matched !== null) {
    for (const name of TELLING) {
      const value = matched.captures[name];
      if (value !== undefined) {
        key += `\n${value}`;
      }
    }
  }
  return key;
}

/** So many different fingerprints are remembered; a log with more is no slower than without any. */
const MAX_FINGERPRINTS = 20_000;

/**
 * Everything of a whole line of nginx on which its key depends, cut out without reading the line: level, message,
 * server and the peer. Null for lines that need to be read: without client, cut, or with an unusual peer. Lines with
 * equal fingerprints have equal keys; the reverse does not hold, and need not.
 */
function fingerprintOf(line: string): string | null {
  const length = line.length;
  if (
    length > 1900 ||
    line.charCodeAt(4) !== 47 ||
    line.charCodeAt(16) !== 58 ||
    line.charCodeAt(20) !== 91 ||
    line.charCodeAt(length - 1) !== 34
  ) {
    return null;
  }
  let from = line.indexOf(': ', 22) + 2;
  if (line.charCodeAt(from) === 42) {
    from = line.indexOf(' ', from) + 1;
  }
  const end = line.indexOf(', client: ', from);
  const server = end < 0 ? -1 : line.indexOf(', server: ', end);
  const serverEnd = server < 0 ? -1 : line.indexOf(', ', server + 10);
  // A quote before the end of the message may hold anything, also what looks like a tail.
  const quoted = line.indexOf('"', from);
  if (from < 30 || serverEnd < 0 || quoted < end || !line.startsWith(', request: "', serverEnd)) {
    return null;
  }
  const fixed = `${line.charCodeAt(21)}${line.slice(from, end)}${line.slice(server, serverEnd)}`;
  const upstream = line.indexOf(', upstream: "', serverEnd);
  if (upstream < 0) {
    return fixed;
  }
  const scheme = line.indexOf('://', upstream);
  if (scheme < 0 || scheme > upstream + 24 || line.startsWith('unix:', scheme + 3)) {
    return null;
  }
  const slash = line.indexOf('/', scheme + 3);
  const quote = line.indexOf('"', scheme + 3);
  return `${fixed}"${line.slice(upstream, slash < 0 || quote < slash ? quote : slash)}`;
}

export interface EventGroup {
  readonly key: string;
  readonly matched: MatchedMessage | null;
  count: number;
  /** Times of the earliest and the latest event, where the lines have one. */
  first: string | null;
  last: string | null;
  /** The first event's line and what was read from it. */
  readonly sample: string;
  readonly entry: LogEntry;
}

/** Events beyond the limit of groups, of which nothing else is known. */
export interface OtherEvents {
  count: number;
  first: string | null;
  last: string | null;
}

/** A log counted by equal events, in memory that does not grow with the log. */
export class LogSummary {
  readonly #limit: number;
  readonly #groups = new Map<string, EventGroup>();
  readonly #byFingerprint = new Map<string, EventGroup>();
  readonly #other: OtherEvents = { count: 0, first: null, last: null };
  #events = 0;

  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** Groups in the order in which their first events came. */
  get groups(): readonly EventGroup[] {
    return [...this.#groups.values()];
  }

  get events(): number {
    return this.#events;
  }

  /** Events that are in no group because there were more kinds of them than the limit; null when there are none. */
  get other(): Readonly<OtherEvents> | null {
    return this.#other.count === 0 ? null : this.#other;
  }

  /**
   * Counts a whole line whose like was added before, without reading it; false when it has to be read and added. Give
   * this to EntryReader as `counted` where the entries themselves are not needed any more: it is several times faster.
   */
  count(line: string): boolean {
    const fingerprint = fingerprintOf(line);
    const group = fingerprint === null ? undefined : this.#byFingerprint.get(fingerprint);
    if (group === undefined) {
      return false;
    }
    this.#events++;
    if (group.last !== null && line.startsWith(group.last)) {
      group.count++;
    } else {
      count(group, line.slice(0, 19));
    }
    return true;
  }

  /** Counts an event and gives its group, or null when it went into `other`. */
  add(entry: LogEntry): EventGroup | null {
    this.#events++;
    const matched = matchMessage(entry);
    const key = `${entry.guessed ? 'guessed ' : ''}${eventKey(entry, matched)}`;
    const known = this.#groups.get(key);
    if (known !== undefined) {
      count(known, entry.time);
      this.#remember(known, entry);
      return known;
    }
    if (this.#groups.size >= this.#limit) {
      count(this.#other, entry.time);
      return null;
    }
    const own = detachAll(entry);
    const group: EventGroup = {
      key,
      matched: matched === null ? null : { ...matched, captures: detachAll(matched.captures) },
      count: 1,
      first: own.time,
      last: own.time,
      sample: own.raw,
      entry: own,
    };
    this.#groups.set(key, group);
    this.#remember(group, own);
    return group;
  }

  #remember(group: EventGroup, entry: LogEntry): void {
    const fingerprint = entry.truncated || entry.time === null ? null : fingerprintOf(entry.raw);
    if (fingerprint === null) {
      return;
    }
    if (this.#byFingerprint.size >= MAX_FINGERPRINTS) {
      this.#byFingerprint.clear();
    }
    this.#byFingerprint.set(fingerprint, group);
  }
}

/** nginx's times sort as text. */
function count(
  counter: { count: number; first: string | null; last: string | null },
  time: string | null,
): void {
  counter.count++;
  if (time === null) {
    return;
  }
  if (counter.first === null || time < counter.first) {
    counter.first = detachAll(time);
  }
  if (counter.last === null || time > counter.last) {
    counter.last = detachAll(time);
  }
}
