import { readListening } from './listening.ts';

export type HelperKind =
  | 'access-log'
  | 'php-fpm'
  /** uWSGI's own log: it got a request that is not in its protocol. */
  | 'uwsgi'
  /** Apache's error log. */
  | 'apache'
  /** The console of a browser. */
  | 'browser'
  /** A worker that its master killed; a master that stops or starts. */
  | 'gunicorn'
  /** The kernel's log: processes that crashed, or were killed for want of memory. */
  | 'kernel'
  /** The audit log on a denial by SELinux, and what getenforce says. */
  | 'selinux'
  /** What the official nginx image says before nginx starts. */
  | 'container'
  /** A program that says on which port it listens, or a line of ss or netstat. */
  | 'listening';

/** A line of another program that says something about the requests that failed. */
export interface HelperLine {
  readonly kind: HelperKind;
  readonly line: number;
  readonly text: string;
  /** As written there: `29/Dec/2018:16:02:02 +0000`, `24-Feb-2026 09:11:59`, `2026-02-24 09:11:59`. */
  readonly time: string | null;
  /** access-log, browser: what the client got. */
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

/** Recognises a line that another program wrote about the same requests. */
export function readHelper(line: string, lineNumber: number): HelperLine | null {
  return readPhpFpm(line, lineNumber) ?? readAccess(line, lineNumber) ?? readOther(line, lineNumber);
}

const OTHERS: readonly { readonly kind: HelperKind; readonly pattern: RegExp }[] = [
  { kind: 'container', pattern: /^\/docker-entrypoint\.(?:sh|d\/)/ },
  { kind: 'uwsgi', pattern: /^.{0,40}invalid request block size: \d{1,9} / },
  { kind: 'gunicorn', pattern: /^.{0,120}WORKER TIMEOUT \(pid:\d{1,9}\)/ },
  {
    kind: 'gunicorn',
    pattern:
      /^.{0,120}\[INFO\] (?:Starting gunicorn|Shutting down: Master|Handling signal: (?:term|hup|quit|int))/,
  },
  {
    kind: 'kernel',
    pattern:
      /^.{0,160}(?:Out of memory: Kill|oom-kill|oom_reaper|Memory cgroup out of memory: Kill|\[\d{1,9}\]: segfault at )/,
  },
  {
    kind: 'selinux',
    pattern:
      /^.{0,200}\bavc: {1,2}denied {1,2}\{|^.{0,160}\bSELinux is preventing |^(?:Enforcing|Permissive|Disabled)$/,
  },
  { kind: 'apache', pattern: /^.{0,200}\bAH\d{5}: / },
  { kind: 'browser', pattern: /^.{0,60}WebSocket connection to '.{1,2000}' failed: / },
  { kind: 'browser', pattern: /^.{0,300}the server responded with a status of (?=\d{3})/ },
];

/** `[2026-02-24 09:11:59 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)`, in local time. */
const GUNICORN_TIME = /\[(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}) [+-]\d{4}\]/;

function readOther(line: string, lineNumber: number): HelperLine | null {
  const kind =
    OTHERS.find(({ pattern }) => pattern.test(line))?.kind ?? (readListening(line) ? 'listening' : null);
  if (kind === null) return null;
  return {
    kind,
    line: lineNumber,
    text: line,
    time: kind === 'gunicorn' ? (GUNICORN_TIME.exec(line)?.[1] ?? null) : null,
    status: kind === 'browser' ? (/(?:code: |status of )(\d{3})/.exec(line)?.[1] ?? null) : null,
    client: null,
    request: null,
    level: null,
    pool: null,
  };
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
