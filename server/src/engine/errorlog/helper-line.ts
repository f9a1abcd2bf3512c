/** A line of another program that says something about the requests that failed. */
export interface HelperLine {
  readonly kind: 'access-log' | 'php-fpm';
  readonly line: number;
  readonly text: string;
  /** As written there: `29/Dec/2018:16:02:02 +0000`, `24-Feb-2026 09:11:59`. */
  readonly time: string | null;
  /** access-log: what the client got. */
  readonly status: string | null;
  readonly client: string | null;
  readonly request: {
    readonly method: string;
    readonly uri: string;
    readonly protocol: string | null;
  } | null;
  /** php-fpm: WARNING, NOTICE, ERROR, ALERT or DEBUG. */
  readonly level: string | null;
  /** php-fpm: name of the pool. */
  readonly pool: string | null;
}

/** Recognises a line of an access log or of php-fpm. */
export function readHelper(line: string, lineNumber: number): HelperLine | null {
  return readPhpFpm(line, lineNumber) ?? readAccess(line, lineNumber);
}

/** `[24-Feb-2026 09:11:59] WARNING: [pool www] child 204869 exited on signal 11 (...)`. */
function readPhpFpm(line: string, lineNumber: number): HelperLine | null {
  const match =
    /^\[(\d{2}-[A-Z][a-z]{2}-\d{4} \d{2}:\d{2}:\d{2})(?:\.\d{1,9})?\] (DEBUG|NOTICE|WARNING|ERROR|ALERT): /.exec(
      line,
    );
  if (match === null) {
    return null;
  }
  const rest = line.slice(match[0].length);
  const pool = /^\[pool ([^\]]{1,100})\]/.exec(rest);
  return {
    kind: 'php-fpm',
    line: lineNumber,
    text: line,
    time: match[1] ?? null,
    status: null,
    client: null,
    request: null,
    level: match[2] ?? null,
    pool: pool?.[1] ?? null,
  };
}

/** `ADDRESS - user [29/Dec/2018:16:02:02 +0000] "GET / HTTP/1.1" 502 157 ...`, whatever stands before and behind it. */
function readAccess(line: string, lineNumber: number): HelperLine | null {
  const quote = line.indexOf('] "');
  if (quote < 0 || quote > 400) {
    return null;
  }
  const open = line.lastIndexOf('[', quote);
  const time = line.slice(open + 1, quote);
  if (open < 0 || !/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}$/.test(time)) {
    return null;
  }
  const end = line.indexOf('" ', quote + 3);
  const status = end < 0 ? '' : line.slice(end + 2, end + 5);
  if (!/^\d{3}$/.test(status)) {
    return null;
  }
  const [method = '', uri = '', protocol] = line.slice(quote + 3, end).split(' ', 3);
  return {
    kind: 'access-log',
    line: lineNumber,
    text: line,
    time,
    status,
    client: clientOf(line.slice(0, open)),
    request: { method, uri, protocol: protocol ?? null },
    level: null,
    pool: null,
  };
}

/** The first word that is an address: a virtual host or a container's name may stand before it. */
function clientOf(before: string): string | null {
  for (const word of before.split(' ', 20)) {
    if (/^[0-9a-fA-F.:]{3,45}$/.test(word) && /[.:]/.test(word)) {
      return word;
    }
  }
  return null;
}
