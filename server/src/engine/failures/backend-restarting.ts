import { type Case, peerAddress, withoutEvidence } from '../diagnosis/case.ts';
import { secondsOf } from '../diagnosis/clock.ts';
import { onBackend } from '../diagnosis/commands.ts';
import { standsForNoEndpoints } from '../diagnosis/no-endpoints.ts';
import { type Outage, outageOf } from '../diagnosis/outage.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { beforeHeader } from '../errorlog/action.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A backend that stops and starts: requests under way are closed or reset, then connections are refused, then it
 * serves again. Each single line looks like backend-closed-early, backend-reset or backend-down; what tells is the
 * burst and its end, or the line of the backend that says so. Deliberately "possible" while the paste does not show
 * the end: a backend that stays down is backend-down.
 */
export const backendRestarting: FailureMode = {
  id: 'backend-restarting',
  title: 'The backend was being restarted',
  what: 'For a short time the backend took no connections or broke off the ones it had, and then it worked again.',
  why: 'Between the end of the old process and the start of the new one nobody listens on the address: nginx gets refusals and answers 502 unless another server takes the request.',
  do: 'Restart without a gap: a graceful reload of the backend, or several servers in the upstream block that restart one after the other.',
  status: '502',
  versions: null,
  hits: 'all requests, for the seconds that a deployment or a crash takes',
  signatures: [
    { message: 'connect-failed', when: ({ errno }) => refusedOrReset(errno) },
    { message: 'upstream-prematurely-closed', when: beforeHeader },
    { message: 'recv-failed', when: (entry) => beforeHeader(entry) && refusedOrReset(entry.errno) },
  ],
  weigh(failure) {
    if (failure.peer?.socket != null || standsForNoEndpoints(failure)) return null;
    const outage = outageOf(failure);
    if (outage === null) return withoutEvidence(failure, 'backend-restarting');
    const said = restartLine(failure, outage);
    const because = said === null ? [] : [said];
    const against: string[] = [];
    const sudden = outage.refused || (outage.lines >= MANY && outage.until - outage.from <= AT_ONCE);
    if (outage.over !== null && sudden) because.push(`${inWords(outage)}; ${outage.over}`);
    if (outage.seconds > LONG)
      against.push(`it lasted ${Math.round(outage.seconds / 60)} minutes: a restart seldom takes that long`);
    if (because.length === 0) return withoutEvidence(failure, 'backend-restarting', against);
    return { certainty: against.length === 0 ? 'likely' : 'possible', because, against };
  },
  remedy: {
    cure: (failure) =>
      `restart ${failure.peer ? peerAddress(failure.peer) : 'the backend'} without a gap: a graceful reload (systemctl reload, SIGHUP or SIGUSR2, as its manual says), a socket that systemd holds open, or several servers in the upstream block that restart one after the other. If nobody restarted it, it crashed: its log says why`,
    mitigate:
      'a second server in the upstream block: refused connections are then tried there in the same request, a POST too',
    takesEffect: 'with the next restart of the backend',
  },
  checks: (failure) => startTime(failure),
  references: [
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream',
  ],
};

/** So many requests that are broken off within so many seconds end together, not each for itself. */
const MANY = 3;
const AT_ONCE = 10;
const LONG = 300;

function refusedOrReset(errno: LogEntry['errno']): boolean {
  const meaning = errnoMeaning(errno);
  return meaning === 'refused' || meaning === 'reset';
}

function inWords({ lines, from, until, refused }: Outage): string {
  const what = refused ? 'refused or broke off connections' : 'broke off all requests';
  return `it ${what} for ${Math.max(1, until - from)} s (${lines} line${lines === 1 ? '' : 's'})`;
}

const STOPS =
  /\bfpm is running, pid|ready to handle connections|Terminating \.\.\.|Finishing \.\.\.|\[INFO\] (?:Starting gunicorn|Shutting down: Master|Handling signal: (?:term|hup|quit|int))/;

/** What the backend's own log says of a stop or a start at that time. */
function restartLine({ helpers }: Case, { from, until }: Outage): string | null {
  const line = helpers.find(({ kind, text, time }) => {
    if ((kind !== 'php-fpm' && kind !== 'gunicorn') || !STOPS.test(text)) return false;
    const at = secondsOf(time);
    return at !== null && at >= from - 30 && at <= until + 120;
  });
  return line ? `${line.kind} says so in line ${line.line}: ${STOPS.exec(line.text)![0]}` : null;
}

/** When the process on the port was started. */
function startTime(failure: Case): ReturnType<FailureMode['checks']> {
  const { peer, entry } = failure;
  if (peer?.port == null) return [];
  const time = entry.time === null ? 'the time of the line' : entry.time;
  return [
    {
      run: `ps -o lstart=,cmd= -p "$(ss -Hltnp ${shellQuote(`sport = :${peer.port}`)} | grep -o 'pid=[0-9]*' | head -n 1 | cut -d= -f2)"`,
      where: onBackend(failure),
      expect: `the start of the process on port ${peer.port}. A little after ${time}: it was restarted then. Long before: it was not.`,
    },
  ];
}
