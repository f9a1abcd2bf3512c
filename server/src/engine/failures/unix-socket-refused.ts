import { socketText } from '../diagnosis/case.ts';
import { inItsFolder, onNginx, whoListens } from '../diagnosis/commands.ts';
import { otherErrnos } from '../diagnosis/same-peer.ts';
import { operand } from '../diagnosis/shell.ts';
import { isSocket } from '../errorlog/catalogue/shared.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * connect() on a unix socket whose file exists while no process listens on it: a backend that ended without removing
 * it, or any other kind of file at that path. errno 111 (61 on BSD, where a full queue has that number too) at level
 * [error]. Deliberately not errno 2 (unix-socket-missing) and 11 (unix-socket-queue-full).
 */
export const unixSocketRefused: FailureMode = {
  id: 'unix-socket-refused',
  title: 'The unix socket is there, but nobody listens on it',
  what: 'nginx connects to a unix socket whose file exists, and no process accepts connections on it.',
  why: 'A socket file stays behind when its process ends without removing it, and a container keeps the old one when only the file is mounted. The system refuses each connection and nginx answers 502.',
  do: 'Start the backend. If it runs, make the path in *_pass the one that it listens on, and share the folder of the socket with a container, not the file.',
  status: '502',
  versions: null,
  hits: 'every request to this socket, until a process listens on it',
  signatures: [
    {
      message: 'connect-failed',
      when: (entry) => errnoMeaning(entry.errno) === 'refused' && isSocket(entry),
    },
  ],
  weigh(failure) {
    const { entry, surroundings } = failure;
    const socket = socketText(failure);
    if (socket === null) return null;
    const because = [`the system knows the file ${socket}, but no process that listens on it`];
    if (surroundings.because !== null)
      because.push(`${surroundings.because}: a socket mounted as a file stays the old one after a restart`);
    if (/php\d?\.?\d?-?fpm/i.test(socket))
      because.push("PHP-FPM's socket carries its version: another version listens on another path");
    const others = otherErrnos(failure);
    if (others.has('no-such-file')) because.push('at another time the file was missing: it is made anew');
    // On BSD the queue may just as well be full; where the file comes and goes, a restart may be what is meant.
    const sure = entry.errno?.code === 111 && others.size === 0;
    return { certainty: sure ? 'certain' : 'likely', because, against: [] };
  },
  remedy: {
    cure(failure) {
      const socket = failure.peer?.socket;
      return socket == null
        ? 'start the backend that owns the socket, or correct the path'
        : `start the backend that should listen on ${socket}; if it runs, write the path on which it really listens`;
    },
    mitigate: null,
    takesEffect:
      'a started backend: with the next request (with several servers after fail_timeout, 10 s by default). A changed path: nginx -s reload',
  },
  checks(failure) {
    const socket = failure.peer?.socket;
    if (socket == null) return [];
    return [
      ...whoListens(failure),
      ...inItsFolder(socket, (folder) => ({
        run: `ls -la --time-style=full-iso ${operand(folder)}/`,
        where: onNginx(failure),
        expect:
          'first letter "s" and a time before the backend last ended: left over. Another letter: it is no socket at all.',
      })),
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass',
  ],
};
