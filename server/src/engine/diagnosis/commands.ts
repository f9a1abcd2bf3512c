import { endpoints } from '../config/proxied.ts';
import { isServerName, sendsServerName, tlsName, tlsSetting } from '../config/upstream-tls.ts';
import { hasVariables } from '../config/variables.ts';
import type { ConfirmingCommand } from '../contract.ts';
import type { Case, Peer } from './case.ts';
import { secondsOf } from './clock.ts';
import { shellQuote } from './shell.ts';

/** Commands that several failure modes share, filled in with the case's own addresses. None of them changes anything. */

const NGINX = "on nginx's machine";

/** Where a command about nginx's own side runs: inside its container, when it has one. */
export function onNginx(failure: Case): string {
  return failure.surroundings.container ? "inside nginx's container" : NGINX;
}

/** Where the backend itself can be looked at. */
export function onBackend(failure: Case): string {
  const local = failure.peer !== null && isLoopback(failure.peer);
  return local ? onNginx(failure) : "on the backend's machine";
}

export function isLoopback(peer: Peer): boolean {
  if (peer.socket !== null) return true;
  const host = peer.host?.toLowerCase() ?? '';
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Who listens on the peer's port. */
export function whoListens(failure: Case): ConfirmingCommand[] {
  const { peer } = failure;
  if (!peer) return [];
  if (peer.socket !== null) {
    return [
      {
        run: `ss -lxp | grep -F -- ${shellQuote(peer.socket)}`,
        where: onBackend(failure),
        expect: 'a line: a process listens on the socket. Nothing: none does.',
      },
    ];
  }
  if (peer.port === null) return [];
  return [
    {
      run: `ss -ltnp 'sport = :${peer.port}'`,
      where: onBackend(failure),
      expect: `a LISTEN line names the process on port ${peer.port}. Only the header: nothing listens there.`,
    },
  ];
}

/** The request that nginx sends, straight to the backend; it waits 10 seconds unless told. */
export function repeatToBackend(
  failure: Case,
  expect: string,
  { seconds = 10, options = [] }: { readonly seconds?: number; readonly options?: readonly string[] } = {},
): ConfirmingCommand[] {
  const { peer, entry } = failure;
  if (!peer || (peer.scheme !== 'http' && peer.scheme !== 'https')) return [];
  if (
    peer.socket === null &&
    (peer.host === null || failure.model?.snapshot === undefined) &&
    peer.port === null
  )
    return [];
  // -g: brackets and braces of the URI are no patterns.
  const words = ['curl', '-g', '-sS', '-v', '-o', '/dev/null', ...options, '--max-time', `${seconds}`];
  // Only a request without a body is sure to change nothing.
  const harmless = entry.request?.method === 'GET' || entry.request?.method === 'HEAD';
  if (!harmless || entry.request?.method === 'HEAD') words.push('--head');
  if (peer.socket !== null) words.push('--unix-socket', shellQuote(peer.socket));
  if (peer.scheme === 'https') words.push('-k');
  const authority =
    peer.socket !== null ? 'localhost' : peer.port === null ? peer.host! : `${peer.host}:${peer.port}`;
  const uri = harmless && peer.uri?.startsWith('/') ? peer.uri : '/';
  words.push(shellQuote(`${peer.scheme}://${authority}${uri}`));
  return [{ run: words.join(' '), where: onNginx(failure), expect }];
}

/** The client's request through nginx, past any CDN. */
export function repeatThroughNginx(failure: Case): ConfirmingCommand[] {
  const { entry } = failure;
  const host = entry.host ?? (entry.server || null);
  if (!host || !entry.request) return [];
  const harmless = entry.request.method === 'GET' || entry.request.method === 'HEAD';
  const uri = harmless && entry.request.uri.startsWith('/') ? entry.request.uri : '/';
  return [
    {
      run: [
        'curl',
        '-g',
        '-sS',
        '-v',
        '-o',
        '/dev/null',
        ...(harmless ? [] : ['--head']),
        '-H',
        shellQuote(`Host: ${host}`),
        shellQuote(`http://127.0.0.1${uri}`),
      ].join(' '),
      where: onNginx(failure),
      expect:
        'the same failure here as at the client: it is between nginx and the backend, not at a CDN in front.',
    },
  ];
}

/** The first bytes of what the port says to a request: they name its protocol. */
export function firstAnswer(failure: Case): ConfirmingCommand[] {
  const { peer } = failure;
  if (!peer || (peer.socket === null && (peer.host === null || peer.port === null))) return [];
  const to =
    peer.socket === null
      ? shellQuote(`http://${peer.host}:${peer.port}/`)
      : `--unix-socket ${shellQuote(peer.socket)} http://localhost/`;
  return [
    {
      run: `curl -g -sS -i --http0.9 --max-time 5 -o - ${to} | head -c 200 | cat -v`,
      where: onNginx(failure),
      expect:
        '"HTTP/1": the port speaks HTTP. "SSH-", "220 ", "AMQP", "-ERR" and the like name another protocol; an empty reply or a reset says that it is not HTTP or breaks.',
    },
  ];
}

/** How long the backend keeps a connection without requests, by one that nothing more is sent on. */
export function idleTime(failure: Case): ConfirmingCommand[] {
  const { peer } = failure;
  if (!peer || peer.port === null || peer.host === null || !/^[\w.:[\]-]+$/.test(peer.host)) return [];
  if (peer.scheme !== 'http') return [];
  const host = peer.host.replace(/^\[|\]$/g, '');
  const request = `GET / HTTP/1.1\\r\\nHost: ${peer.host}\\r\\n\\r\\n`;
  const script = `exec 3<>/dev/tcp/${host}/${peer.port}; printf "${request}" >&3; time timeout 130 cat <&3 >/dev/null`;
  return [
    {
      run: `bash -c ${shellQuote(script)}`,
      where: onNginx(failure),
      expect:
        '"real" is how long the backend keeps an idle connection: keepalive_timeout in the upstream block (60s by default) must be shorter. 2m10s: it keeps it longer than that.',
    },
  ];
}

/** TLS or plain on the peer's port. */
export function speaksTls(failure: Case): ConfirmingCommand[] {
  const { peer } = failure;
  if (!peer || peer.host === null || peer.port === null) return [];
  const name = /^[[\d]/.test(peer.host) ? [] : ['-servername', shellQuote(peer.host)];
  return [
    {
      run: [
        'openssl',
        's_client',
        '-brief',
        '-connect',
        shellQuote(`${peer.host}:${peer.port}`),
        ...name,
        '</dev/null',
      ].join(' '),
      where: onNginx(failure),
      expect:
        '"CONNECTION ESTABLISHED": the port speaks TLS. "wrong version number" or "packet length too long": it speaks plain text.',
    },
  ];
}

/** The backend's certificate chain, with the name and the CA that nginx uses, and OpenSSL's verdict on it. */
export function showCertificate(failure: Case): ConfirmingCommand[] {
  const { peer, model } = failure;
  if (!peer || peer.host === null || peer.port === null) return [];
  const target = model ? failure.places[0]?.proxied : null;
  const name = model && target && sendsServerName(model, target) ? tlsName(model, target) : null;
  const ca = model && target ? tlsSetting(model, target, 'trusted_certificate').value : null;
  const words = ['openssl', 's_client', '-connect', shellQuote(`${peer.host}:${peer.port}`), '-showcerts'];
  if (name !== null && isServerName(name)) words.push('-servername', shellQuote(name));
  else words.push('-noservername');
  if (ca !== null && !hasVariables(ca)) {
    const depth = model && target ? tlsSetting(model, target, 'verify_depth').value : null;
    words.push('-CAfile', shellQuote(ca), '-verify_depth', shellQuote(depth ?? '1'));
  }
  const relative = ca !== null && !ca.startsWith('/');
  return [
    {
      run: `${words.join(' ')} </dev/null`,
      where: relative ? `${onNginx(failure)}, in the directory of nginx.conf` : onNginx(failure),
      expect:
        'the chain that the backend sends (s: subject, i: issuer, v: dates), and a line "verify error:num=" for each fault. 22: the depth is too low. 20 or 19 without 22: the CA is missing. 10: expired. "Verify return code: 0": cured.',
    },
  ];
}

/** Whether a name resolves, by the system's own means, which nginx uses at start only. */
export function resolves(failure: Case, name: string, when: 'start' | 'request'): ConfirmingCommand {
  return {
    run: `getent ahosts ${shellQuote(name)}`,
    where: onNginx(failure),
    expect:
      when === 'start'
        ? 'addresses: the name resolves here now. Nothing: it does not, and nginx cannot start with it.'
        : 'addresses: the name is known here. resolver asks DNS only: a name of /etc/hosts it does not find.',
  };
}

/** What the unit's own log said at that time. */
export function backendLog(failure: Case): ConfirmingCommand {
  const since = failure.entry.time ? ` --since ${shellQuote(failure.entry.time.replaceAll('/', '-'))}` : '';
  return failure.surroundings.container
    ? {
        run: `docker ps -a --filter status=exited --format '{{.Names}} {{.Status}}'`,
        where: 'on the Docker host',
        expect: 'the backend in the list: it has exited; `docker logs` of it says why.',
      }
    : {
        run: `journalctl -k -g 'Out of memory|oom-kill|segfault'${since} --no-pager`,
        where: onBackend(failure),
        expect: "a line with the backend's process: the kernel killed it or it crashed.",
      };
}

/** Lines of the backend's own unit with certain words, from a minute before the failure on. */
export function backendUnitLog(failure: Case, words: string, expect: string): ConfirmingCommand {
  const at = secondsOf(failure.entry.time);
  const time = at === null ? null : new Date((at - 60) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return failure.surroundings.container
    ? {
        run: `docker ps -q | xargs -n 1 docker logs --timestamps 2>&1 | grep -E ${shellQuote(words)}`,
        where: 'on the Docker host',
        expect,
      }
    : {
        run: `journalctl -g ${shellQuote(words)}${time === null ? '' : ` --since ${shellQuote(time)}`} --no-pager`,
        where: onBackend(failure),
        expect,
      };
}

/** What to run when a cause has no commands of its own: the question of the phase in which it failed. */
export function phaseCommands(failure: Case): ConfirmingCommand[] {
  const { matched, entry, peer } = failure;
  const phase = typeof matched.kind.phase === 'function' ? matched.kind.phase(entry) : matched.kind.phase;
  switch (phase) {
    case 'resolve': {
      const name = matched.captures['name'] ?? matched.captures['host'] ?? peer?.host ?? null;
      return name === null ? [] : [resolves(failure, name, 'request')];
    }
    case 'connect':
      return [
        ...whoListens(failure),
        ...repeatToBackend(failure, 'an answer: nginx can reach it from here now.'),
      ];
    case 'tls':
      return speaksTls(failure);
    case 'send':
    case 'header':
    case 'body':
    case 'upgraded':
      return [
        ...repeatToBackend(
          failure,
          'the same failure here: it is the backend. A sound answer: nginx, or what it adds to the request.',
        ),
        ...repeatThroughNginx(failure),
      ];
    case 'start-up':
      return [
        {
          run: 'nginx -t',
          where: onNginx(failure),
          expect:
            'the same message with file and line, or "test is successful". It reads the files and changes nothing.',
        },
      ];
    case 'prepare': {
      const peers = everyPeer(failure);
      return peers.length > 0 ? peers : limits(failure);
    }
    case 'other':
      return limits(failure);
    case 'client':
      return [];
  }
}

/** One question to each server of the group that was chosen from; at most four. */
function everyPeer(failure: Case): ConfirmingCommand[] {
  const target = failure.places[0]?.proxied;
  if (target?.target.kind !== 'upstream') return [];
  const commands: ConfirmingCommand[] = [];
  for (const end of endpoints(target).slice(0, 4)) {
    const scheme = target.scheme === 'https' ? 'https' : 'http';
    const where = onNginx(failure);
    const expect = 'any HTTP answer: this server is up. "Connection refused" or a time-out: it is not.';
    const words = [
      'curl',
      '-sS',
      '-o',
      '/dev/null',
      '--max-time',
      '5',
      ...(scheme === 'https' ? ['-k'] : []),
    ];
    if (end.socket !== null) words.push('--unix-socket', shellQuote(end.socket), `${scheme}://localhost/`);
    else words.push(shellQuote(`${scheme}://${end.host}:${end.port}/`));
    commands.push({ run: words.join(' '), where, expect });
  }
  return commands;
}

function limits(failure: Case): ConfirmingCommand[] {
  return [
    {
      run: 'ss -s; cat /proc/$(cat /run/nginx.pid)/limits',
      where: onNginx(failure),
      expect:
        'the number of open connections and the limit "Max open files" of the master; compare with worker_connections.',
    },
  ];
}
