import { workerUser } from '../config/worker-user.ts';
import { socketText } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { selinuxSays } from '../diagnosis/selinux.ts';
import { operand } from '../diagnosis/shell.ts';
import { isSocket } from '../errorlog/catalogue/shared.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * connect() on a unix socket that nginx's user may not write to, or in a folder that it may not pass through. errno 13
 * at level [crit]. The user is the worker's, not the master's, who is root. Deliberately leaves alone what a security
 * module forbids (selinux-denied): the number is the same, so only its own log, or a worker that is root, tells.
 */
export const unixSocketForbidden: FailureMode = {
  id: 'unix-socket-forbidden',
  title: 'nginx may not open the unix socket',
  what: "The socket of the backend is there, but nginx's workers may not write to it or not reach it through its folders.",
  why: 'To connect is to write: the workers need write permission on the socket and search permission on each folder above it. Without, the system refuses at once and nginx answers 502.',
  do: "Give nginx's user write permission on the socket where the backend makes it (listen.owner, listen.group and listen.mode = 0660 in the php-fpm pool; the umask or group of other servers), and search permission on each folder above it.",
  status: '502',
  versions: null,
  hits: 'every request to this socket',
  signatures: [
    {
      message: 'connect-failed',
      when: (entry) => errnoMeaning(entry.errno) === 'permission' && isSocket(entry),
    },
  ],
  weigh(failure) {
    const socket = socketText(failure);
    if (socket === null) return null;
    const because = [`the system refuses nginx the permission for ${socket}`];
    const against: string[] = [];
    const user = failure.model ? workerUser(failure.model) : null;
    if (user?.arg(0) === 'root')
      against.push('"user root": permissions do not stop root, unless a container took that from it');
    else if (user) because.push(`the workers run as ${user.arg(0)} (${user.text}), if root started nginx`);
    const home = /^\/(?:root|home\/[^/]+)(?=\/)/.exec(socket)?.[0];
    if (home)
      because.push(`${home} is a home directory: these are often closed to other users, nginx's included`);
    const selinux = selinuxSays(failure);
    if (selinux.denial) return { certainty: 'possible', because: [], against: [selinux.denial] };
    if (selinux.off) because.push(selinux.off);
    return { certainty: against.length > 0 ? 'possible' : 'likely', because, against };
  },
  remedy: {
    cure(failure) {
      const socket = failure.peer?.socket ?? 'the socket';
      const user = failure.model ? (workerUser(failure.model)?.arg(0) ?? null) : null;
      const who = user === null ? "nginx's user" : `nginx's user ${user}`;
      const how =
        failure.peer?.scheme === 'fastcgi'
          ? ' (php-fpm: listen.owner, listen.group, listen.mode = 0660 in the pool file)'
          : '';
      return `let the backend make ${socket} so that ${who} may write to it${how}, and give that user search permission (x) on every folder above it`;
    },
    mitigate: 'chgrp to the group of nginx and chmod 660 on the socket, until the backend makes it anew',
    takesEffect:
      'chmod and chgrp: with the next request. Settings of the backend: when it makes the socket anew, at its restart. nginx needs nothing',
  },
  checks(failure) {
    const socket = failure.peer?.socket;
    if (socket == null) return [];
    return [
      {
        run: `namei -l ${operand(socket)}`,
        where: onNginx(failure),
        expect:
          "every folder with an x, and the socket (last line) with a w, in the column that is for nginx's user: else the permissions are at fault.",
      },
      {
        run: 'ps -o user,group,args -C nginx',
        where: onNginx(failure),
        expect: 'the user and group of the "worker process" lines: that is who needs the permission.',
      },
      {
        run: 'ausearch -m avc -ts recent -c nginx',
        where: failure.surroundings.container ? "on the host of nginx's container" : onNginx(failure),
        expect: 'a line with "denied": SELinux forbids it. "no matches": the permissions do.',
      },
    ];
  },
  references: [
    'https://nginx.org/en/docs/ngx_core_module.html#user',
    'https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass',
  ],
};
