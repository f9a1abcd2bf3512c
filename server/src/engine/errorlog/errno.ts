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
  | 'message-too-long'
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
  [90, 'message-too-long'],
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
  [40, 'message-too-long'],
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

/** Solaris and illumos. */
const SOLARIS: ReadonlyMap<number, ErrnoMeaning> = new Map([
  [78, 'name-too-long'],
  [124, 'unsupported-family'],
  [125, 'address-in-use'],
  [126, 'address-unavailable'],
  [127, 'net-down'],
  [128, 'net-unreachable'],
  [130, 'aborted'],
  [131, 'reset'],
  [132, 'no-buffers'],
  [134, 'not-connected'],
  [145, 'timed-out'],
  [146, 'refused'],
  [147, 'host-down'],
  [148, 'no-route'],
]);

/** Errors of Winsock, and the system errors that overlapped sockets and files give. */
const WINDOWS: ReadonlyMap<number, ErrnoMeaning> = new Map([
  [1225, 'refused'],
  [1229, 'not-connected'],
  [1231, 'net-unreachable'],
  [1232, 'no-route'],
  [1236, 'aborted'],
  [10013, 'permission'],
  [10014, 'invalid-argument'],
  [10022, 'invalid-argument'],
  [10024, 'too-many-files'],
  [10035, 'again'],
  [10038, 'bad-descriptor'],
  [10040, 'message-too-long'],
  [10047, 'unsupported-family'],
  [10048, 'address-in-use'],
  [10049, 'address-unavailable'],
  [10050, 'net-down'],
  [10051, 'net-unreachable'],
  [10052, 'reset'],
  [10053, 'aborted'],
  [10054, 'reset'],
  [10055, 'no-buffers'],
  [10057, 'not-connected'],
  [10058, 'broken-pipe'],
  [10060, 'timed-out'],
  [10061, 'refused'],
  [10064, 'host-down'],
  [10065, 'no-route'],
]);

/**
 * Words with which a number means something else than the tables say: another system's error of that number, a code
 * of the resolver, or an error of Windows. `null` is an error that says nothing here.
 */
const OTHERWISE: readonly {
  readonly code: number;
  readonly words: string;
  readonly meaning: ErrnoMeaning | null;
}[] = [
  // Codes of DNS servers (ngx_resolver_strerror).
  { code: 1, words: 'format error', meaning: null },
  { code: 2, words: 'server failure', meaning: null },
  { code: 5, words: 'operation refused', meaning: null },
  // Windows. Its sentences begin with "The" where a Unix has two words.
  { code: 1, words: 'incorrect function', meaning: null },
  { code: 3, words: 'path', meaning: 'no-such-file' },
  { code: 5, words: 'denied', meaning: 'permission' },
  { code: 13, words: 'data is invalid', meaning: null },
  { code: 17, words: 'different disk', meaning: null },
  { code: 20, words: 'device', meaning: null },
  { code: 21, words: 'not ready', meaning: null },
  { code: 22, words: 'command', meaning: null },
  { code: 24, words: 'command', meaning: null },
  { code: 32, words: 'being used', meaning: null },
  { code: 64, words: 'network name', meaning: 'reset' },
  { code: 80, words: 'file exists', meaning: 'file-exists' },
  { code: 87, words: 'parameter', meaning: 'invalid-argument' },
  { code: 112, words: 'space', meaning: 'no-space' },
  { code: 123, words: 'syntax', meaning: 'name-too-long' },
  { code: 183, words: 'already exists', meaning: 'file-exists' },
  { code: 206, words: 'too long', meaning: 'name-too-long' },
  { code: 267, words: 'directory', meaning: 'not-directory' },
  // One number, several Unixes.
  { code: 11, words: 'deadlock', meaning: null },
  { code: 35, words: 'deadlock', meaning: null },
  { code: 36, words: 'in progress', meaning: null },
  { code: 40, words: 'message', meaning: 'message-too-long' },
  { code: 40, words: 'symbolic', meaning: 'symlink-loop' },
  { code: 47, words: 'halted', meaning: null },
  { code: 48, words: 'protocol driver', meaning: null },
  { code: 48, words: 'not supported', meaning: null },
  { code: 49, words: 'protocol driver', meaning: null },
  { code: 50, words: 'csi structure', meaning: null },
  { code: 51, words: 'halted', meaning: null },
  { code: 53, words: 'request descriptor', meaning: null },
  { code: 54, words: 'exchange full', meaning: null },
  { code: 55, words: 'anode', meaning: null },
  { code: 57, words: 'slot', meaning: null },
  { code: 60, words: 'not a stream', meaning: null },
  { code: 61, words: 'no data', meaning: null },
  { code: 62, words: 'timer', meaning: null },
  { code: 63, words: 'out of streams', meaning: null },
  { code: 64, words: 'not on the network', meaning: null },
  { code: 65, words: 'not installed', meaning: null },
  { code: 69, words: 'srmount', meaning: null },
  { code: 98, words: 'option not supported', meaning: null },
  { code: 99, words: 'cancel', meaning: null },
  { code: 103, words: 'policy', meaning: null },
  { code: 105, words: 'queue full', meaning: null },
  { code: 121, words: 'semaphore', meaning: 'timed-out' },
  { code: 122, words: 'not supported', meaning: null },
  { code: 124, words: 'medium', meaning: null },
  { code: 125, words: 'cancel', meaning: null },
  { code: 126, words: 'key', meaning: null },
  { code: 127, words: 'key', meaning: null },
  { code: 128, words: 'key', meaning: null },
  { code: 130, words: 'owner', meaning: null },
  { code: 131, words: 'recoverable', meaning: null },
  { code: 132, words: 'rf-kill', meaning: null },
];

const OTHERWISE_CODES: ReadonlySet<number> = new Set(OTHERWISE.map(({ code }) => code));

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
  if (OTHERWISE_CODES.has(code)) {
    const words = text.toLowerCase();
    for (const other of OTHERWISE) {
      if (other.code === code && words.includes(other.words)) {
        return other.meaning;
      }
    }
  }
  return (
    COMMON.get(code) ?? LINUX.get(code) ?? BSD.get(code) ?? SOLARIS.get(code) ?? WINDOWS.get(code) ?? null
  );
}

/** Another system than Linux, with the commands that it has. */
export type System = 'windows' | 'bsd';

/** The system whose number an error has; null for Linux, and where several have it. */
export function systemOf(errno: Errno | null): System | null {
  if (errno === null || errnoMeaning(errno) === null) return null;
  const { code } = errno;
  if (COMMON.has(code) || LINUX.has(code)) return null;
  if (BSD.has(code)) return 'bsd';
  return WINDOWS.has(code) && !SOLARIS.has(code) ? 'windows' : null;
}
