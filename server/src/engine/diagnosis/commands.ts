import { effective } from '../config/inheritance.ts';
import { dirname } from '../config/paths.ts';
import { endpoints } from '../config/proxied.ts';
import { isServerName, sendsServerName, tlsName, tlsSetting } from '../config/upstream-tls.ts';
import { hasVariables } from '../config/variables.ts';
import type { ConfirmingCommand } from '../contract.ts';
import { isContainerNetwork } from '../errorlog/catalogue/shared.ts';
import type { Case, Peer } from './case.ts';
import { secondsOf } from './clock.ts';
import { besideNginx, nginxLog } from './fit-command.ts';
import { repeatThroughNginx, repeatToBackend } from './request-pair.ts';
import { operand, shellQuote } from './shell.ts';
import { isClusterName } from './surroundings.ts';

/** Commands that several failure modes share, filled in with the case's own addresses. None of them changes anything. */

/** Where a command about nginx's own side runs: inside its container, when it has one. */
export function onNginx(failure: Case): string {
  return besideNginx(failure.surroundings);
}

/** Where the backend itself can be looked at. */
export function onBackend(failure: Case): string {
  const local = failure.peer !== null && isLoopback(failure.peer);
  if (local) return onNginx(failure);
  const host = failure.peer?.host ?? null;
  const { container, platform } = failure.surroundings;
  // Pods have addresses of any private network, and services names of the cluster.
  if (platform === 'kubernetes' && host !== null && (isPrivate(host) || isClusterName(host)))
    return "inside the backend's pod";
  return container && isContainerNetwork(host)
    ? "inside the backend's container"
    : "on the backend's machine";
}

/** An address of a network that no one routes to from elsewhere (RFC 1918, RFC 6598). */
function isPrivate(host: string): boolean {
  return /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.[\d.]{3,11}$/.test(
    host,
  );
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

/** The server name that nginx sends in its handshake; null for none, and where nothing tells. */
function sentName({ model, places }: Case): string | null {
  const target = places[0]?.proxied;
  if (!model || !target || !sendsServerName(model, target)) return null;
  const name = tlsName(model, target);
  return name !== null && isServerName(name) ? name : null;
}

/** TLS or plain on the peer's port. */
export function speaksTls(failure: Case): ConfirmingCommand[] {
  const { peer } = failure;
  if (!peer || peer.host === null || peer.port === null) return [];
  const sent = sentName(failure) ?? (/^[[\d]/.test(peer.host) ? null : peer.host);
  const name = sent === null ? [] : ['-servername', shellQuote(sent)];
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
    run: `getent ahosts ${operand(name)}`,
    where: onNginx(failure),
    expect:
      when === 'start'
        ? 'addresses: the name resolves here now. Nothing: it does not, and nginx cannot start with it.'
        : 'addresses: the name is known here. resolver asks DNS only: a name of /etc/hosts it does not find.',
  };
}

/** A command about a socket's folder; none where the line lost the beginning of the path. */
export function inItsFolder(
  socket: string,
  command: (folder: string) => ConfirmingCommand,
): ConfirmingCommand[] {
  return socket.startsWith('/') ? [command(dirname(socket))] : [];
}

/** What to do with nginx's error log, read from where it goes. */
export function searchLog(failure: Case, filter: string): { readonly run: string; readonly where: string } {
  const block = failure.places[0]?.location ?? failure.places[0]?.server;
  const path = block && failure.model ? effective(failure.model, 'error_log', block).nodes[0]?.arg(0) : null;
  const { run, where } = nginxLog(failure.surroundings, path?.startsWith('/') ? path : null);
  return { run: `${run} | ${filter}`, where };
}

/** The containers or services beside nginx with their ports; nothing where it runs in none. */
export function containerPorts({ surroundings }: Case, expect: string): ConfirmingCommand[] {
  if (!surroundings.container) return [];
  return surroundings.platform === 'kubernetes'
    ? [{ run: 'kubectl get services -A -o wide', where: ON_CLUSTER, expect: `the services. ${expect}` }]
    : [
        {
          run: "docker ps --format '{{.Names}}  {{.Ports}}'",
          where: ON_DOCKER,
          expect: `the containers. ${expect}`,
        },
      ];
}

/** Who has the backend's address: a container or pod that was made again has another one. */
export function whoHasAddress({ peer, surroundings }: Case): ConfirmingCommand[] {
  const { container, platform } = surroundings;
  if (!container || !peer?.host || !/^[\d.]{7,15}$/.test(peer.host) || isLoopback(peer)) return [];
  const { host } = peer;
  if (platform === 'kubernetes')
    return [
      {
        run: `kubectl get pods,endpointslices -A -o wide | grep -wF ${host}`,
        where: ON_CLUSTER,
        expect: `the pod with ${host}, its state and restarts. Nothing: no pod has it any more, and nginx holds an old address.`,
      },
    ];
  return [
    {
      run: `docker ps -q | xargs docker inspect -f '{{.Name}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' | grep -wF ${host}`,
      where: ON_DOCKER,
      expect: `the container with ${host}: "docker logs" of it says more. Nothing: it has exited, or has another address since it was made again.`,
    },
  ];
}

const ON_DOCKER = 'on the Docker host';
export const ON_CLUSTER = 'where kubectl works';

/** What the backend's unit, its container or the kernel said at that time. */
export function backendLog(failure: Case): ConfirmingCommand {
  const { entry, surroundings } = failure;
  const since = entry.time ? ` --since ${shellQuote(entry.time.replaceAll('/', '-'))}` : '';
  if (surroundings.platform === 'kubernetes')
    return {
      run: 'kubectl get pods -A -o wide | awk \'NR == 1 || $5 > 0 || $4 != "Running"\'',
      where: ON_CLUSTER,
      expect:
        'the backend in the list: it was restarted or does not run; `kubectl logs --previous` of it says why.',
    };
  if (surroundings.container)
    return {
      run: `docker ps -a --filter status=exited --format '{{.Names}} {{.Status}}'`,
      where: ON_DOCKER,
      expect: 'the backend in the list: it has exited; `docker logs` of it says why.',
    };
  if (surroundings.backendUnit !== null)
    return {
      run: `journalctl -u ${shellQuote(surroundings.backendUnit)}${since} --no-pager`,
      where: onBackend(failure),
      expect: 'what the backend said at this second: a crash, a kill by systemd, or a restart.',
    };
  return {
    run: `journalctl -k -g 'Out of memory|oom-kill|segfault'${since} --no-pager`,
    where: onBackend(failure),
    expect: "a line with the backend's process: the kernel killed it or it crashed.",
  };
}

/** Lines of the backend's own unit with certain words, from a minute before the failure on. */
export function backendUnitLog(failure: Case, words: string, expect: string): ConfirmingCommand {
  const { surroundings } = failure;
  const at = secondsOf(failure.entry.time);
  const time = at === null ? null : new Date((at - 60) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  if (surroundings.platform === 'kubernetes')
    return {
      run: `kubectl logs POD --timestamps --tail 5000 | grep -E ${shellQuote(words)}`,
      where: `${ON_CLUSTER}, with the name of the backend's pod`,
      expect,
    };
  if (surroundings.container) {
    // A container's clock is mostly UTC; without a time, the end of each log must do.
    const part = time === null ? '--tail 2000' : `--since ${shellQuote(`${time.replace(' ', 'T')}Z`)}`;
    return {
      run: `docker ps -q | xargs -n 1 docker logs --timestamps ${part} 2>&1 | grep -E ${shellQuote(words)} | tail -n 50`,
      where: ON_DOCKER,
      expect,
    };
  }
  const unit = surroundings.backendUnit === null ? '' : ` -u ${shellQuote(surroundings.backendUnit)}`;
  return {
    run: `journalctl${unit} -g ${shellQuote(words)}${time === null ? '' : ` --since ${shellQuote(time)}`} --no-pager`,
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
