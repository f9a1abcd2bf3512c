import type { Case } from '../diagnosis/case.ts';
import { peerAddress } from '../diagnosis/case.ts';
import { selinuxSays } from '../diagnosis/selinux.ts';
import { operand } from '../diagnosis/shell.ts';
import { isSocket } from '../errorlog/catalogue/shared.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A security module refuses connect() before a packet leaves the machine: errno 13 at level [crit]. On a TCP address
 * hardly anything else has that number (a route of type prohibit has). On a unix socket permissions are the usual
 * cause (unix-socket-forbidden), and only the audit log tells. SELinux confines nginx on Red Hat's systems unless
 * httpd_can_network_connect is on.
 */
export const selinuxDenied: FailureMode = {
  id: 'selinux-denied',
  title: 'SELinux forbids nginx to connect',
  what: "nginx's process may not open connections of this kind: SELinux, or another security module, forbids it.",
  why: "The system refuses before a packet is sent, whatever the backend does, and nginx answers 502. curl from a shell works all the same, for it runs outside of nginx's confinement.",
  do: 'Look for the denial (ausearch -m avc -ts recent), then allow it: setsebool -P httpd_can_network_connect 1.',
  status: '502',
  versions: null,
  hits: 'every request to this address',
  signatures: [
    {
      message: 'connect-failed',
      when: (entry) => errnoMeaning(entry.errno) === 'permission' && entry.resolver === null,
    },
  ],
  weigh(failure) {
    const { denial, exact, off } = selinuxSays(failure);
    if (denial !== null) return { certainty: exact ? 'certain' : 'likely', because: [denial], against: [] };
    if (off !== null) return { certainty: 'possible', because: [], against: [off], refuted: true };
    if (!onTcp(failure)) return { certainty: 'possible', because: [], against: [] };
    const because = [
      `the system forbids nginx the connection to ${peerAddress(failure.peer!)} (13): permissions of files play no part on a TCP address`,
    ];
    return { certainty: 'likely', because, against: [] };
  },
  remedy: {
    cure: (failure) =>
      onTcp(failure)
        ? 'let ausearch -m avc -ts recent show the denial, then allow nginx to connect: setsebool -P httpd_can_network_connect 1'
        : 'let ausearch -m avc -ts recent show the denial; if there is one, give the path a label that nginx may use (semanage fcontext, restorecon) or make a module of the denial (audit2allow -M)',
    mitigate: null,
    takesEffect: 'at once, with the next request; nginx needs no reload',
  },
  checks: (failure) => [
    {
      run: 'ausearch -m avc -ts recent -c nginx',
      where: onHost(failure),
      expect: 'a line with "denied" from this time: SELinux it is. "no matches": it is not.',
    },
    {
      run: 'getenforce; getsebool httpd_can_network_connect',
      where: onHost(failure),
      expect: '"Enforcing" and "off": nginx may not connect. "command not found": no SELinux here.',
    },
    ...(onTcp(failure) && failure.peer?.host != null
      ? [
          {
            run: `ip route get ${operand(failure.peer.host.replace(/[[\]]/g, ''))}`,
            where: onHost(failure),
            expect: 'a route: it is the security module. "Permission denied": a route forbids it.',
          },
        ]
      : []),
  ],
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass'],
};

function onTcp({ entry, peer }: Case): boolean {
  return peer !== null && !isSocket(entry) && entry.level !== 'emerg';
}

/** The audit log is the kernel's, and so is the host's. */
function onHost(failure: Case): string {
  return failure.surroundings.container ? "on the host of nginx's container" : "on nginx's machine";
}
