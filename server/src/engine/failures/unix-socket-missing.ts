import type { Case } from '../diagnosis/case.ts';
import { inItsFolder, onNginx } from '../diagnosis/commands.ts';
import { operand } from '../diagnosis/shell.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * connect() on a unix socket whose path does not exist in nginx's view of the file system. errno 2 at level [crit].
 * Also what systemd's PrivateTmp shows for a socket below /tmp, and a container without the shared volume.
 * Deliberately not errno 13 (unix-socket-forbidden), 111 (unix-socket-refused), 20 (unix-socket-path-malformed).
 */
export const unixSocketMissing: FailureMode = {
  id: 'unix-socket-missing',
  title: 'The unix socket of the backend does not exist',
  what: 'nginx connects to a unix socket at a path where no file is.',
  why: 'The backend has not created its socket (it is not running, or it listens elsewhere), or nginx cannot see it because of PrivateTmp or a container that does not share the directory. nginx answers 502.',
  do: "Start the backend, or make the path in *_pass or in the upstream's server line the one that the backend listens on.",
  status: '502',
  versions: null,
  hits: 'every request to this socket',
  signatures: [{ message: 'connect-failed', when: (entry) => entry.errno?.code === 2 }],
  weigh(failure) {
    const socket = socketOf(failure);
    if (socket === null) return null;
    const because = [`the system says that ${socket} does not exist`];
    if (/^\/(?:var\/)?tmp\//.test(socket)) {
      because.push(
        'the path is below /tmp: with PrivateTmp=yes in a systemd unit each service has a /tmp of its own',
      );
    }
    if (/php\d?\.?\d?-?fpm/i.test(socket))
      because.push("PHP-FPM's socket carries its version: another version listens on another path");
    return { certainty: 'certain', because, against: [] };
  },
  remedy: {
    cure: (failure: Case) => {
      const socket = socketOf(failure);
      return socket === null
        ? 'start the backend that owns the socket, or correct the path'
        : `start the backend that should create ${socket}, or write the path on which it really listens`;
    },
    mitigate: null,
    takesEffect: 'a started backend: with the next request. A changed path: nginx -s reload',
  },
  checks(failure) {
    const socket = socketOf(failure);
    if (socket === null) return [];
    return [
      ...inItsFolder(socket, (folder) => ({
        run: `ls -la ${operand(folder)}/`,
        where: onNginx(failure),
        expect:
          'the socket in the list (first letter "s"): it exists now. Another name: the path in the configuration is wrong.',
      })),
      {
        run: 'ss -lxp',
        where: "on the backend's machine",
        expect: "the path that the backend's process really listens on.",
      },
      {
        run: "systemctl show nginx php-fpm 'php*-fpm' -p Id -p PrivateTmp -p ActiveState",
        where: "on nginx's machine",
        expect:
          'PrivateTmp=yes with a socket below /tmp: put the socket below /run instead. ActiveState=inactive: start it.',
      },
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass',
  ],
};

/** Path of the socket, without the colon and URI that the log writes behind it. */
function socketOf(failure: Case): string | null {
  return failure.peer?.socket ?? null;
}
