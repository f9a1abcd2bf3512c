import type { Case } from '../diagnosis/case.ts';
import { peerAddress } from '../diagnosis/case.ts';
import { onBackend } from '../diagnosis/commands.ts';
import { busyPhpWorkers } from '../diagnosis/helper-evidence.ts';
import { agesOf, near } from '../diagnosis/request-age.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { aboutSamePeer, spread } from '../diagnosis/same-peer.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { inEffect, raiseTimeout, timeoutOf } from '../diagnosis/timeouts.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The backend has the request, and *_read_timeout passes without a byte from it: the time between two reads, never
 * that of the whole answer. Since the first nginx. Always 504; nginx keeps the 502 for other failures. Deliberately
 * leaves to others: the connection (connect-timeout), the handshake (tls-handshake-timeout), a request that is not
 * taken (send-timeout), tunnels (websocket-idle-timeout), a body that never comes (content-length-without-body). In
 * the middle of an answer response-cut is the word, and this the reason.
 */
export const readTimeout: FailureMode = {
  id: 'read-timeout',
  title: 'The backend did not answer in time',
  what: 'The backend took the request, and then nothing came from it for as long as *_read_timeout lets nginx wait (60s by default).',
  why: 'nginx closes the connection, tries the next peer if the request may be repeated, and answers 504, not 502. The backend often goes on working for nobody.',
  do: 'Find out why the backend needs so long. If it may, raise proxy_read_timeout (fastcgi_, uwsgi_, scgi_, grpc_read_timeout) in that location only.',
  status: '504',
  versions: null,
  hits: 'slow requests; all of them when no worker of the backend is free',
  signatures: [{ message: 'upstream-timed-out', when: (entry) => /reading/.test(entry.action ?? '') }],
  weigh(failure) {
    const timeout = timeoutOf(failure, 'read');
    const inBody = failure.entry.action === 'reading upstream';
    const because = inEffect(timeout);
    const against: string[] = [];
    for (const age of agesOf(failure)) {
      if (timeout.ms === null) break;
      if (near(age.seconds, timeout.ms / 1000)) because.push(`${age.text}: that is ${timeout.directive}`);
      else if (!inBody && age.seconds + 1 < timeout.ms / 1000)
        against.push(`${age.text}: the running nginx waits less than this file says`);
    }
    if (inBody) {
      return {
        certainty: 'possible',
        because,
        against: [...against, 'a part of the answer had come: it broke off'],
      };
    }
    because.push(
      `${failure.peer ? peerAddress(failure.peer) : 'the backend'} had the request and sent nothing`,
    );
    because.push(...spread(failure), ...alsoRefuses(failure));
    return { certainty: 'likely', because, against, general: true };
  },
  fix(failure) {
    const fix = raiseTimeout(failure, 'read');
    return fix ? [fix] : [];
  },
  remedy: {
    cure: (failure) => {
      const { directive } = timeoutOf(failure, 'read');
      const full = busyPhpWorkers(failure);
      if (full !== null)
        return `find what keeps ${full === 1 ? 'the one worker' : `all ${full} workers`} of php-fpm busy (its slow log: request_slowlog_timeout), and raise pm.max_children above ${full} if the memory is there: requests wait for a free worker`;
      return `see what the backend did at that time: a slow query, a call of another service, no free worker. If such requests may take that long, raise ${directive} in their location only, and the backend's own limit with it`;
    },
    mitigate:
      'a restart of the backend frees workers that hang; their requests are lost. It helps only where all requests wait',
    takesEffect: 'nginx -s reload for a changed time-out; a repaired backend: with the next request',
  },
  checks: (failure) => [...timedRequest(failure), ...queue(failure)],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout',
    'https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_read_timeout',
  ],
};

/** How long the backend needs when nobody hurries it: longer than nginx waited. */
function timedRequest(failure: Case): ReturnType<FailureMode['checks']> {
  const { ms, value, directive } = timeoutOf(failure, 'read');
  const waited = value === null ? `${directive} (60s by default)` : /^\d+$/.test(value) ? `${value}s` : value;
  const seconds = Math.min(600, Math.max(90, Math.ceil(((ms ?? 60_000) * 3) / 2000)));
  return repeatToBackend(
    failure,
    `an answer that comes later than ${waited}: slow without nginx too. At once: only some requests are slow, or the backend was busy.`,
    { seconds, options: ['-w', shellQuote('%{time_total}s\\n')] },
  );
}

/** A backend that has no place for another connection either is overloaded as a whole. */
function alsoRefuses(failure: Case): string[] {
  const full = aboutSamePeer(failure).find(
    ({ action, message }) => action === 'connecting to upstream' && /timed out|\(11: /.test(message),
  );
  return full ? [`line ${full.line}: it did not even take the connection of another request`] : [];
}

/** Whether all workers are busy: then connections wait in the queue of the listening socket. */
function queue(failure: Case): ReturnType<FailureMode['checks']> {
  const { peer } = failure;
  if (!peer || (peer.socket === null && peer.port === null)) return [];
  const run =
    peer.socket === null
      ? `ss -ltn 'sport = :${peer.port}'`
      : `ss -lxn | grep -F -- ${shellQuote(peer.socket)}`;
  const expect =
    'while requests wait, a Recv-Q above 0: no worker is free to take them, and every request is slow. 0: this one is slow by itself.';
  return [{ run, where: onBackend(failure), expect }];
}
