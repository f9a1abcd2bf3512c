/** What stands before the message: `YYYY/MM/DD hh:mm:ss [level] PID#TID: *CONN ` (ngx_log_error_core). */
export interface Head {
  readonly time: string | null;
  readonly level: string | null;
  readonly pid: number | null;
  readonly connection: number | null;
  /** Where nginx's own text begins: everything before was put there by other programs. */
  readonly start: number;
  /** Where the message begins. */
  readonly end: number;
}

export const LEVELS: readonly string[] = [
  'emerg',
  'alert',
  'crit',
  'error',
  'warn',
  'notice',
  'info',
  'debug',
];

const SLASH = 47;
const COLON = 58;
const SPACE = 32;
const STAR = 42;
const HASH = 35;
const OPEN = 91;

/** Length of `YYYY/MM/DD hh:mm:ss`. */
const STAMP = 19;

/** The head of a line that begins with it, which is every line of an error.log; null for anything else. */
export function readHead(line: string): Head | null {
  if (line.charCodeAt(STAMP) !== SPACE || line.charCodeAt(STAMP + 1) !== OPEN || !isStamp(line, 0)) {
    return null;
  }
  const level = levelAt(line, STAMP + 1);
  if (level === null) {
    return null;
  }
  return readIds(line, 0, line.slice(0, STAMP), level, STAMP + 3 + level.length);
}

/**
 * The head wherever it begins: behind the prefix of a container runtime, a pod name, syslog, or with its first
 * characters lost. A level with a process id behind it wins over one without.
 */
export function findHead(line: string): Head | null {
  let first: Head | null = null;
  for (let at = line.indexOf('['); at >= 0; at = line.indexOf('[', at + 1)) {
    const level = levelAt(line, at);
    if (level === null) {
      continue;
    }
    const end = at + level.length + 2;
    const hasStamp = at > STAMP && line.charCodeAt(at - 1) === SPACE && isStamp(line, at - STAMP - 1);
    const start = hasStamp ? at - STAMP - 1 : at;
    const head = readIds(line, start, hasStamp ? line.slice(start, start + STAMP) : null, level, end);
    if (head.pid !== null) {
      return head;
    }
    if (first === null || (first.time === null && hasStamp)) {
      first = head;
    }
  }
  return first ?? findHeadWithoutLevel(line);
}

/** `error] 12483#0: *253 ...`, `46#46: *118 ...` and `*6 ...`: the beginning was lost when selecting. */
function findHeadWithoutLevel(line: string): Head | null {
  const close = line.indexOf(']');
  if (close > 0 && close < 7 && line.charCodeAt(close + 1) === SPACE) {
    const level = LEVELS.find((name) => name.endsWith(line.slice(0, close)));
    if (level !== undefined) {
      const head = readIds(line, 0, null, level, close + 1);
      return head.pid === null ? null : head;
    }
  }
  const head = readIds(line, 0, null, null, -1);
  return head.pid === null && head.connection === null ? null : head;
}

/** Reads ` PID#TID: *CONN ` from `at`, each part if it is there. */
function readIds(line: string, start: number, time: string | null, level: string | null, at: number): Head {
  let end = at;
  if (at < 0 || line.charCodeAt(at) === SPACE) {
    end = at + 1;
  }
  while (line.charCodeAt(end) === SPACE) {
    end++;
  }
  let pid: number | null = null;
  const pidEnd = digitsEnd(line, end);
  if (pidEnd > end && line.charCodeAt(pidEnd) === HASH) {
    const tidEnd = digitsEnd(line, pidEnd + 1);
    if (tidEnd > pidEnd + 1 && line.charCodeAt(tidEnd) === COLON) {
      pid = Number(line.slice(end, pidEnd));
      end = line.charCodeAt(tidEnd + 1) === SPACE ? tidEnd + 2 : tidEnd + 1;
    }
  }
  if (pid === null && time !== null && endsInsideIds(line, end)) {
    return { time, level, pid, connection: null, start, end: line.length };
  }
  let connection: number | null = null;
  if (line.charCodeAt(end) === STAR) {
    const connectionEnd = digitsEnd(line, end + 1);
    if (connectionEnd > end + 1 && line.charCodeAt(connectionEnd) === SPACE) {
      connection = Number(line.slice(end + 1, connectionEnd));
      end = connectionEnd + 1;
    } else if (connectionEnd === line.length) {
      end = connectionEnd;
    } else if (wordEnd(line, end + 1) > end + 1 && line.charCodeAt(wordEnd(line, end + 1)) === SPACE) {
      // Blanked out by hand: "*XXXXXXXX connect() ...".
      end = wordEnd(line, end + 1) + 1;
    }
  }
  return { time, level, pid, connection, start, end };
}

/** Whether the line was cut inside `PID#TID: `. */
function endsInsideIds(line: string, from: number): boolean {
  let end = digitsEnd(line, from);
  if (line.charCodeAt(end) === HASH) {
    end = digitsEnd(line, end + 1);
  }
  return end === line.length;
}

/** The level whose `[` stands at `at`. */
function levelAt(line: string, at: number): string | null {
  for (const level of LEVELS) {
    if (line.startsWith(level, at + 1) && line.charCodeAt(at + 1 + level.length) === 93) {
      return level;
    }
  }
  return null;
}

function isStamp(line: string, at: number): boolean {
  for (let i = 0; i < STAMP; i++) {
    const code = line.charCodeAt(at + i);
    let ok: boolean;
    if (i === 4 || i === 7) {
      ok = code === SLASH;
    } else if (i === 10) {
      ok = code === SPACE;
    } else if (i === 13 || i === 16) {
      ok = code === COLON;
    } else {
      ok = code >= 48 && code <= 57;
    }
    if (!ok) {
      return false;
    }
  }
  return true;
}

function digitsEnd(line: string, from: number): number {
  let i = from;
  for (let code = line.charCodeAt(i); code >= 48 && code <= 57; code = line.charCodeAt(i)) {
    i++;
  }
  return i;
}

/** End of a run of letters, at most 20. */
function wordEnd(line: string, from: number): number {
  let i = from;
  while (i < from + 20 && (line.charCodeAt(i) | 32) >= 97 && (line.charCodeAt(i) | 32) <= 122) {
    i++;
  }
  return i;
}
