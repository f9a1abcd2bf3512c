import { type Case, peerAddress, withoutEvidence } from '../diagnosis/case.ts';
import { backendUnitLog } from '../diagnosis/commands.ts';
import { helperEvidence } from '../diagnosis/helper-evidence.ts';
import { type Age, agesAlike, agesOf, near } from '../diagnosis/request-age.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { timeoutOf } from '../diagnosis/timeouts.ts';
import { beforeHeader } from '../errorlog/action.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The backend's master kills a worker that has had a request for too long: gunicorn --timeout (30 s by default),
 * php-fpm request_terminate_timeout, uWSGI harakiri, unicorn, Puma. nginx sees FIN or RST before the header, always at
 * the same age of the request. The line does not tell that age: an access line with $request_time, an attempt before,
 * or the master's own log does. Deliberately only "possible" without one of these, and never for a request that was
 * young.
 */
export const backendWorkerTimeout: FailureMode = {
  id: 'backend-worker-timeout',
  title: 'The backend ended its own worker at a time limit',
  what: 'The process that worked on the request was ended by its own master, because the request took longer than the limit of the backend.',
  why: 'The connection breaks before a response header came, and nginx answers 502, not 504: it was not nginx that gave up waiting.',
  do: 'Make the request faster, or raise the limit of the backend (gunicorn --timeout, request_terminate_timeout in php-fpm, harakiri in uWSGI) and keep proxy_read_timeout above it.',
  status: '502',
  versions: null,
  hits: 'requests that take longer than the limit, always at the same age',
  signatures: [
    { message: 'upstream-prematurely-closed', when: beforeHeader },
    { message: 'recv-failed', when: (entry) => beforeHeader(entry) && wasReset(entry) },
  ],
  weigh(failure) {
    const ages = agesOf(failure);
    const young = ages.find(({ seconds }) => seconds < 0.9);
    const named = helperEvidence(failure, ['backend-worker-timeout']).length > 0;
    if (young && !named)
      return {
        certainty: 'possible',
        because: [],
        against: [`${young.text}: no limit for a worker is that short`],
        refuted: true,
      };
    const because = ages.flatMap((age) => atLimit(age) ?? []);
    const same = agesAlike(failure).filter((age) => ages.some(({ seconds }) => Math.abs(seconds - age) <= 2));
    // Requests that crash do so at any age; equal ones are a limit, round or not.
    if (same.length > 1 && ages[0]!.seconds >= 5)
      because.push(
        `${same.length} more requests ended at the same age, about ${Math.round(ages[0]!.seconds)} s`,
      );
    return because.length > 0
      ? { certainty: 'likely', because, against: [] }
      : withoutEvidence(failure, 'backend-worker-timeout');
  },
  remedy: {
    cure: (failure) => {
      const { directive, value } = timeoutOf(failure, 'read');
      const [limit, then] = limitOf(failure);
      return `make the request faster or move the work out of it; else raise ${limit}${then} and keep ${directive}${value === null ? '' : ` (${value} here)`} above that limit, so that the backend can still say why`;
    },
    mitigate: null,
    takesEffect: 'restart of the backend',
  },
  checks: (failure) => [
    ...repeatToBackend(
      failure,
      'a round number of seconds (30, 60 ...) and "Empty reply from server" or a reset: a limit. Another number each time: a crash.',
      { seconds: 600, options: ['-w', shellQuote('%{time_total}s\\n')] },
    ),
    backendUnitLog(
      failure,
      'WORKER TIMEOUT|execution timed out|HARAKIRI|terminating worker',
      'a line of about this second: the master says that it ended a worker at its limit.',
    ),
  ],
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout'],
};

function wasReset({ errno }: LogEntry): boolean {
  return errnoMeaning(errno) === 'reset';
}

/** Limits that people and programs choose, in seconds. */
const LIMITS: readonly number[] = [
  5, 10, 15, 20, 25, 30, 40, 45, 50, 60, 90, 100, 120, 150, 180, 200, 240, 300, 360, 400, 500, 600, 900, 1200,
  1800, 3600,
];

function atLimit({ seconds, text }: Age): string | null {
  const limit = LIMITS.find((one) => near(seconds, one));
  if (limit === undefined) return null;
  return limit === 30
    ? `${text}: 30 s is gunicorn's default for --timeout`
    : `${text}: ${limit} s is a round number, as limits are`;
}

/** The limit to raise, by what the backend is; else the usual ones. */
function limitOf({ helpers, peer }: Case): [limit: string, then: string] {
  const who = peer ? ` at ${peerAddress(peer)}` : '';
  if (helpers.some(({ kind }) => kind === 'gunicorn')) return ['--timeout of gunicorn', who];
  switch (peer?.scheme) {
    case 'fastcgi':
      return ['request_terminate_timeout of the php-fpm pool', `${who} (and max_execution_time)`];
    case 'uwsgi':
    case 'suwsgi':
      return ['harakiri of uWSGI', who];
    default:
      return [
        "the backend's limit for one request",
        `${who} (gunicorn --timeout, Puma and unicorn timeout, harakiri of uWSGI)`,
      ];
  }
}
