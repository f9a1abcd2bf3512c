/**
 * What an operating-system error number in a log line means, whatever system wrote it. The number decides: the
 * words differ between glibc, musl, BSD and the languages of Windows.
 */
export type ErrnoMeaning =
  | 'refused'
  | 'timed-out'
  | 'reset'
  | 'aborted'
  | 'broken-pipe'
  | 'no-route'
  | 'host-down'
  | 'net-unreachable'
  | 'net-down'
  | 'address-unavailable'
  | 'address-in-use'
  | 'no-such-file'
  | 'permission'
  | 'not-permitted'
  | 'too-many-files'
  | 'too-many-files-system'
  | 'again'
  | 'not-directory'
  | 'is-directory'
  | 'invalid-argument'
  | 'file-exists'
  | 'no-space'
  | 'quota'
  | 'read-only'
  | 'not-connected'
  | 'no-buffers'
  | 'no-memory'
  | 'name-too-long'
  | 'symlink-loop'
  | 'unsupported-family'
  | 'bad-descriptor'
  | 'io';

export interface Errno {
  readonly code: number;
  readonly text: string;
}

/** Numbers below 35 are the same on every Unix (11 aside, where BSD has another meaning). */
const COMMON: ReadonlyMap<number, ErrnoMeaning> = new Map([
  [1, 'not-permitted'],
  [2, 'no-such-file'],
  [5, 'io'],
  [9, 'bad-descriptor'],
  [11, 'again'],
  [12, 'no-memory'],
  [13, 'permission'],
  [17, 'file-exists'],
  [20, 'not-directory'],
  [21, 'is-directory'],
  [22, 'invalid-argument'],
  [23, 'too-many-files-system'],
  [24, 'too-many-files'],
  [28, 'no-space'],
  [30, 'read-only'],
  [32, 'broken-pipe'],
]);

const LINUX: ReadonlyMap<number, ErrnoMeaning> = new Map([
  [36, 'name-too-long'],
  [40, 'symlink-loop'],
  [97, 'unsupported-family'],
  [98, 'address-in-use'],
  [99, 'address-unavailable'],
  [100, 'net-down'],
  [101, 'net-unreachable'],
  [103, 'aborted'],
  [104, 'reset'],
  [105, 'no-buffers'],
  [107, 'not-connected'],
  [110, 'timed-out'],
  [111, 'refused'],
  [112, 'host-down'],
  [113, 'no-route'],
  [122, 'quota'],
]);

/** FreeBSD and macOS. On Linux these numbers belong to errors that no socket or file of nginx gives. */
const BSD: ReadonlyMap<number, ErrnoMeaning> = new Map([
  [35, 'again'],
  [47, 'unsupported-family'],
  [48, 'address-in-use'],
  [49, 'address-unavailable'],
  [50, 'net-down'],
  [51, 'net-unreachable'],
  [53, 'aborted'],
  [54, 'reset'],
  [55, 'no-buffers'],
  [57, 'not-connected'],
  [60, 'timed-out'],
  [61, 'refused'],
  [62, 'symlink-loop'],
  [63, 'name-too-long'],
  [64, 'host-down'],
  [65, 'no-route'],
  [69, 'quota'],
]);

const WINDOWS: ReadonlyMap<number, ErrnoMeaning> = new Map([
  [10013, 'permission'],
  [10022, 'invalid-argument'],
  [10024, 'too-many-files'],
  [10035, 'again'],
  [10047, 'unsupported-family'],
  [10048, 'address-in-use'],
  [10049, 'address-unavailable'],
  [10050, 'net-down'],
  [10051, 'net-unreachable'],
  [10053, 'aborted'],
  [10054, 'reset'],
  [10055, 'no-buffers'],
  [10057, 'not-connected'],
  [10060, 'timed-out'],
  [10061, 'refused'],
  [10064, 'host-down'],
  [10065, 'no-route'],
]);

/** Words with which a number means something else than the tables say. */
const OTHERWISE: readonly {
  readonly code: number;
  readonly words: string;
  readonly meaning: ErrnoMeaning | null;
}[] = [
  { code: 3, words: 'path', meaning: 'no-such-file' },
  { code: 5, words: 'denied', meaning: 'permission' },
  { code: 5, words: 'refused', meaning: null },
  { code: 11, words: 'deadlock', meaning: null },
  { code: 32, words: 'being used', meaning: null },
  { code: 35, words: 'deadlock', meaning: null },
  { code: 54, words: 'exchange full', meaning: null },
  { code: 60, words: 'not a stream', meaning: null },
  { code: 61, words: 'no data', meaning: null },
];

/**
 * Meaning of the code, or null when it is not an error of the system (a resolver code) or not one that matters.
 * The words are asked only where one number has two meanings: 61 is "Connection refused" on BSD and macOS, and
 * "No data available" on Linux.
 */
export function errnoMeaning(errno: Errno | null): ErrnoMeaning | null {
  if (errno === null) {
    return null;
  }
  const { code, text } = errno;
  for (const other of OTHERWISE) {
    if (other.code === code && text.toLowerCase().includes(other.words)) {
      return other.meaning;
    }
  }
  return COMMON.get(code) ?? LINUX.get(code) ?? BSD.get(code) ?? WINDOWS.get(code) ?? null;
}
