import { effectiveValue } from '../config/inheritance.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { onBackend } from '../diagnosis/commands.ts';
import { agesOf } from '../diagnosis/request-age.ts';
import { spread } from '../diagnosis/same-peer.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { inEffect, raiseTimeout, timeoutOf } from '../diagnosis/timeouts.ts';
import { phaseOfAction } from '../errorlog/action.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx has a part of the request left, the backend's receive buffer is full, and *_send_timeout passes without room
 * for another write: the time between two writes, never that of the whole upload. Since the first nginx. Always 504.
 * Strikes requests with a large body only: a small one fits into the buffers of both systems, whoever reads it.
 * Deliberately not a client that sends slowly: that is 408, and no time-out of the backend.
 */
export const sendTimeout: FailureMode = {
  id: 'send-timeout',
  title: 'The backend did not take the request in time',
  what: 'The backend accepted the connection and then stopped reading the request for as long as *_send_timeout lets nginx wait (60s by default).',
  why: 'nginx cannot get rid of the rest of the request, closes the connection and answers 504, not 502.',
  do: 'Find out why the backend stops reading the request. proxy_send_timeout is the time between two writes, not of the whole upload: raise it only where such pauses are normal.',
  status: '504',
  versions: null,
  hits: 'requests with a large body: uploads',
  signatures: [
    { message: 'upstream-timed-out', when: ({ action }) => phaseOfAction(action ?? '') === 'send' },
  ],
  weigh(failure) {
    const { entry, peer } = failure;
    const timeout = timeoutOf(failure, 'send');
    const because = [`${peer ? peerAddress(peer) : 'the backend'} took no more of the request`];
    because.push(...inEffect(timeout), ...agesOf(failure).map(({ text }) => text), ...spread(failure));
    const against: string[] = [];
    if (bodyless(failure))
      against.push(
        `${entry.request!.method} seldom has a body, and a header alone finds room in the buffers`,
      );
    const target = bestPlace(failure)?.proxied;
    if (failure.model && target) {
      const name = `${target.handler}_request_buffering`;
      if (effectiveValue(failure.model, name, target.block, 'on') === 'off')
        because.push(`${name} is off: the backend is kept waiting while the client uploads`);
    }
    return { certainty: 'likely', because, against, general: true };
  },
  fix(failure) {
    const fix = raiseTimeout(failure, 'send');
    return fix ? [fix] : [];
  },
  remedy: {
    cure: (failure) => {
      const { directive } = timeoutOf(failure, 'send');
      return `see why the backend stops reading: a worker that is busy or hangs, a disk that is full or slow, a limit that it does not answer with 413. If pauses are normal there, raise ${directive} in that location only; the whole upload may take longer than that anyway`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload for a changed time-out; a repaired backend: with the next request',
  },
  checks: (failure) => unread(failure),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_send_timeout'],
};

function bodyless({ entry }: Case): boolean {
  return /^(?:GET|HEAD|OPTIONS|DELETE)$/.test(entry.request?.method ?? '');
}

/** Bytes that the backend's system holds and its process does not read. */
function unread(failure: Case): ReturnType<FailureMode['checks']> {
  const { peer } = failure;
  if (!peer || (peer.socket === null && peer.port === null)) return [];
  return [
    {
      run:
        peer.socket === null
          ? `ss -tnp 'sport = :${peer.port}'`
          : `ss -xnp | grep -F -- ${shellQuote(peer.socket)}`,
      where: onBackend(failure),
      expect:
        'while an upload hangs, a large Recv-Q: the process (last column) does not read it. 0: what nginx sent has not come here; see the network.',
    },
  ];
}
