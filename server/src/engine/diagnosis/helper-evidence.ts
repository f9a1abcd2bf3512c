import { requestOfBlockSize } from '../errorlog/first-bytes.ts';
import type { HelperLine } from '../errorlog/helper-line.ts';
import type { Case } from './case.ts';
import { deniedToNginx } from './selinux.ts';

/** What lines of other programs in the same paste say about a failure. */
export interface HelperEvidence {
  readonly id: string;
  readonly because: string;
}

interface Rule {
  readonly kind: HelperLine['kind'];
  readonly pattern: RegExp;
  /** The causes that it speaks for; the first that the message can have, is meant. */
  readonly ids: (match: RegExpExecArray) => readonly string[];
  readonly because: (match: RegExpExecArray) => string;
}

const DIED = ['backend-closed-early', 'backend-reset', 'response-cut'];

const RULES: readonly Rule[] = [
  {
    kind: 'uwsgi',
    pattern: /invalid request block size: (\d{1,9})/,
    ids: ([, size]) => [causeOfBlockSize(Number(size))],
    because: ([, size]) => {
      const sent = requestOfBlockSize(Number(size));
      return sent
        ? `uWSGI says so: the size ${size} is the beginning of ${sent.words}`
        : `uWSGI says so: a request of ${size} bytes is more than its buffer-size`;
    },
  },
  {
    kind: 'php-fpm',
    pattern: /child \d{1,9} exited (?:on signal \d{1,3} \([^)]{1,60}\)|with code [1-9]\d{0,2})/,
    ids: () => DIED,
    because: ([text]) => `php-fpm says so: ${text}`,
  },
  {
    kind: 'php-fpm',
    pattern: /execution timed out \([^)]{1,40}\), terminating/,
    ids: () => ['backend-worker-timeout', ...DIED],
    because: ([text]) => `php-fpm says so: ${text}`,
  },
  {
    kind: 'php-fpm',
    pattern: /server reached (?:pm\.)?max_children setting \(\d{1,6}\)/,
    ids: () => [
      'unix-socket-queue-full',
      'keepalive-starves-workers',
      'connect-timeout',
      'read-timeout',
      ...DIED,
    ],
    because: ([text]) => `php-fpm says so: ${text}`,
  },
  {
    kind: 'gunicorn',
    pattern: /WORKER TIMEOUT \(pid:\d{1,9}\)/,
    ids: () => ['backend-worker-timeout', ...DIED],
    because: ([text]) => `gunicorn says so: ${text}`,
  },
  {
    kind: 'kernel',
    pattern: /(?:Out of memory|oom-kill|Memory cgroup out of memory).{0,200}/,
    ids: () => DIED,
    because: () => 'the kernel killed a process for want of memory at that time',
  },
  {
    kind: 'kernel',
    pattern: /([\w.:-]{1,40})\[\d{1,9}\]: segfault at /,
    ids: () => DIED,
    because: ([, program]) => `the kernel says so: ${program} crashed with a segmentation fault`,
  },
];

/** The evidence of the helper lines, for causes that the message can have or that such a line alone proves. */
export function helperEvidence(failure: Case, possible: readonly string[]): HelperEvidence[] {
  const found: HelperEvidence[] = [];
  for (const line of failure.helpers) {
    for (const rule of RULES) {
      const match = rule.kind === line.kind ? rule.pattern.exec(line.text) : null;
      if (!match) continue;
      const ids = rule.ids(match);
      const id =
        ids.find((candidate) => possible.includes(candidate)) ?? (rule.kind === 'uwsgi' ? ids[0] : undefined);
      const because = rule.because(match);
      if (id !== undefined && !found.some((known) => known.id === id)) found.push({ id, because });
    }
  }
  return found;
}

/** What one such line speaks for when there is no line of nginx: causes, most likely first; null for nothing. */
export function toldAlone(line: HelperLine): { ids: readonly string[]; because: string } | null {
  if (line.kind === 'selinux')
    return deniedToNginx(line.text)
      ? { ids: ['selinux-denied'], because: 'SELinux says so: it denied something to nginx' }
      : null;
  for (const rule of RULES) {
    const match = rule.kind === line.kind ? rule.pattern.exec(line.text) : null;
    if (match) return { ids: rule.ids(match).slice(0, 3), because: rule.because(match) };
  }
  return null;
}

/** What a size that uWSGI refuses speaks for: another protocol, or a request that is too big indeed. */
export function causeOfBlockSize(size: number): string {
  return requestOfBlockSize(size) ? 'uwsgi-scgi-mismatch' : 'request-headers-too-big-for-backend';
}

/** How many workers php-fpm says are all busy: its limit pm.max_children; null where it says nothing of it. */
export function busyPhpWorkers({ helpers }: Case): number | null {
  for (const { kind, text } of helpers) {
    const limit = kind === 'php-fpm' ? /max_children setting \((\d{1,6})\)/.exec(text)?.[1] : undefined;
    if (limit !== undefined) return Number(limit);
  }
  return null;
}
