import { socketText } from '../diagnosis/case.ts';
import { onBackend } from '../diagnosis/commands.ts';
import { alsoTooSlow } from '../diagnosis/same-peer.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { isSocket } from '../errorlog/catalogue/shared.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * connect() on a unix socket whose queue of connections that wait to be accepted is full. Linux says errno 11 at once
 * where TCP would wait and try again, so a short burst fails on a unix socket that goes unnoticed on a port. Level
 * [error]. The queue holds what the backend asked for in listen(), at most net.core.somaxconn. Deliberately not the
 * same errno on a TCP address (ephemeral-ports-exhausted), nor BSD, which says 61 (unix-socket-refused).
 */
export const unixSocketQueueFull: FailureMode = {
  id: 'unix-socket-queue-full',
  title: 'The queue of the unix socket is full',
  what: 'The backend listens on its unix socket, but it accepts connections more slowly than they come, and no more may wait.',
  why: 'On Linux a full queue of a unix socket refuses the next connection at once: nginx does not wait and answers 502. Either all workers of the backend are busy, or the queue is too short for a burst.',
  do: 'Find what keeps the workers of the backend busy, or give it more (pm.max_children in php-fpm). For short bursts, raise its backlog (listen.backlog in php-fpm) together with net.core.somaxconn.',
  status: '502',
  versions: null,
  hits: 'requests that come while the queue is full, whatever they ask for',
  signatures: [
    {
      message: 'connect-failed',
      when: (entry) => errnoMeaning(entry.errno) === 'again' && isSocket(entry),
    },
  ],
  weigh(failure) {
    const socket = socketText(failure);
    if (socket === null) return null;
    const because = [`Linux gives this number for ${socket} only while the queue of a listener is full`];
    const slow = alsoTooSlow(failure);
    if (slow) because.push('other requests to it waited too long for an answer: its workers are busy');
    return { certainty: 'certain', because, against: [] };
  },
  remedy: {
    cure: (failure) =>
      alsoTooSlow(failure)
        ? 'find what the workers of the backend wait for (slow queries, calls to other servers), or give it more workers; a longer queue only makes the requests wait'
        : 'find what keeps the workers of the backend busy, or give it more; if they are idle between bursts, raise its backlog together with net.core.somaxconn (128 before Linux 5.4, 4096 since)',
    mitigate: 'a restart of the backend frees workers that hang; their requests are lost',
    takesEffect: 'workers, backlog and somaxconn: with a restart of the backend. nginx needs nothing',
  },
  checks(failure) {
    const socket = failure.peer?.socket;
    if (socket == null) return [];
    return [
      {
        run: `ss -lx | grep -F -- ${shellQuote(socket)}`,
        where: onBackend(failure),
        expect:
          'the third number (Recv-Q) waits, the fourth (Send-Q) is the limit. Above the limit again and again: the workers are busy. Mostly 0: it was a burst, and the queue is too short.',
      },
      {
        run: 'sysctl net.core.somaxconn',
        where: onBackend(failure),
        expect: 'the upper bound of every backlog: a longer one in the backend alone has no effect.',
      },
    ];
  },
  references: ['https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass'],
};
