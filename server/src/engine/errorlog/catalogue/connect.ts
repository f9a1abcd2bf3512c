import type { LogEntry } from '../entry.ts';
import { type ErrnoMeaning, errnoMeaning } from '../errno.ts';
import type { MessageKind } from '../message.ts';
import {
  faultByErrno,
  internalError,
  isIpv6,
  isLoopback,
  isSocket,
  looksLikeContainer,
  peer,
  peerHost,
  phaseOr,
  sentence,
  upstreamFailure,
  upstreamTimeout,
} from './shared.ts';

/** Opening the connection: ngx_event_connect_peer and what asks afterwards whether it worked. */
export const connect: readonly MessageKind[] = [
  {
    id: 'connect-failed',
    text: '[kevent() reported that ]connect()[ to <address>] failed (<errno>)',
    source: 'ngx_event_connect.c ngx_event_connect_peer; ngx_http_upstream.c ngx_http_upstream_test_connect',
    phase: phaseOr('connect'),
    status: upstreamFailure('connect'),
    fault: faultByErrno,
    meaning: connectMeaning,
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:3001/", host: "app.test"',
    causes: connectCauses,
  },
  {
    id: 'socket-failed',
    text: '[socket|WSASocketW]() failed (<errno>)',
    source: 'ngx_event_connect.c ngx_event_connect_peer',
    phase: 'prepare',
    status: internalError,
    fault: 'host-limit',
    meaning: (entry) =>
      errnoMeaning(entry.errno) === 'unsupported-family'
        ? 'nginx could not open a socket: the system has no support for this kind of address.'
        : socketCauses(errnoMeaning(entry.errno)).length > 0
          ? 'nginx could not open a socket for the backend: the limit of open files is reached.'
          : 'nginx could not open a socket for the backend: the system refused it.',
    since: null,
    example:
      '2026/01/10 10:00:00 [alert] 7#7: *12 socket() failed (24: Too many open files) while connecting to upstream, client: 127.0.0.1, server: app.test, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:8080/", host: "app.test"',
    causes: (entry) => socketCauses(errnoMeaning(entry.errno)),
  },
  {
    id: 'bind-failed',
    text: 'bind(<address>) failed (<errno>)',
    source: 'ngx_event_connect.c ngx_event_connect_peer',
    phase: 'prepare',
    status: internalError,
    fault: (entry) => (errnoMeaning(entry.errno) === 'address-in-use' ? 'host-limit' : 'configuration'),
    meaning: (entry) =>
      errnoMeaning(entry.errno) === 'address-unavailable'
        ? `nginx could not connect to ${peer(entry)} from the address set with *_bind: this machine does not have it.`
        : `nginx could not take the local address set with *_bind for its connection to ${peer(entry)}.`,
    since: null,
    example:
      '2026/01/10 10:00:00 [crit] 7#7: *12 bind(192.0.2.7) failed (99: Cannot assign requested address) while connecting to upstream, client: 127.0.0.1, server: app.test, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:8080/", host: "app.test"',
    causes: ['proxy-bind-failed'],
  },
  {
    id: 'setsockopt-failed',
    text: '[setsockopt(<option>)|tcp_push()] failed[, ignored] (<errno>)',
    source: 'ngx_event_connect.c ngx_event_connect_peer, ngx_event_connect_set_transparent',
    phase: phaseOr('prepare'),
    status: (entry) =>
      entry.message.includes('failed, ignored')
        ? { code: null, outcome: null, certainty: 'likely', note: 'nginx goes on without the option.' }
        : internalError(entry),
    fault: 'host-limit',
    meaning: (entry) =>
      `The system refused a socket option that nginx set for its connection to ${peer(entry)}.`,
    since: null,
    example:
      '2026/01/10 10:00:00 [alert] 7#7: *12 setsockopt(IP_TRANSPARENT) failed (1: Operation not permitted) while connecting to upstream, client: 127.0.0.1, server: app.test, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:8080/", host: "app.test"',
    causes: (entry) => (/TRANSPARENT|BINDANY|REUSEADDR/.test(entry.message) ? ['proxy-bind-failed'] : []),
  },
  {
    id: 'upstream-timed-out',
    text: 'upstream timed out (<errno>)',
    source:
      'ngx_http_upstream.c ngx_http_upstream_next, ngx_http_upstream_process_upstream, ngx_http_upstream_process_upgraded',
    phase: phaseOr('header'),
    status: upstreamTimeout('header'),
    // On the own machine only a full queue drops packets.
    fault: (entry) =>
      phaseOr('header')(entry) === 'connect' && !isLoopback(peerHost(entry)) ? 'network' : 'backend',
    meaning: timeoutMeaning,
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 upstream timed out (110: Connection timed out) while reading response header from upstream, client: 10.0.0.9, server: app.test, request: "GET /slow HTTP/1.1", upstream: "http://127.0.0.1:3001/slow", host: "app.test"',
    causes: timeoutCauses,
  },
];

function connectMeaning(entry: LogEntry): string {
  if (phaseOr('connect')(entry) === 'resolve') {
    return `nginx could not connect to the DNS server ${entry.resolver ?? ''}.`.replace(' .', '.');
  }
  const target = peer(entry);
  const what = `nginx could not connect to ${target}`;
  const socket = isSocket(entry);
  switch (errnoMeaning(entry.errno)) {
    case 'refused':
      return socket
        ? `${what}: the file is there, but no process listens on it.`
        : `${what}: nothing listens there.`;
    case 'no-such-file':
      return socket ? `${what}: there is no such file.` : `${what}: no such file.`;
    case 'permission':
      return socket
        ? `${what}: the user that nginx runs as has no permission.`
        : `${what}: the operating system forbids it.`;
    case 'not-permitted':
      return `${what}: a rule of this machine (firewall) forbids it.`;
    case 'again':
      return socket
        ? `${what}: its queue of waiting connections is full.`
        : `${what}: no local port was free.`;
    case 'not-directory':
      return `${what}: the path leads through something that is not a directory.`;
    case 'timed-out':
      return `${what}: no answer came.`;
    case 'no-route':
      return `${what}: the host cannot be reached.`;
    case 'host-down':
      return `${what}: the host is down.`;
    case 'net-unreachable':
      return `${what}: there is no route to its network.`;
    case 'net-down':
      return `${what}: the network is down.`;
    case 'address-unavailable':
      return isIpv6(peerHost(entry))
        ? `${what}: this machine has no address to reach it from.`
        : `${what}: no local address or port was free.`;
    case 'reset':
    case 'aborted':
      return `${what}: the connection was reset while it was opened.`;
    case 'invalid-argument':
      return `${what}: the system does not take this as an address to connect to.`;
    default:
      return entry.errno === null ? `${what}.` : `${what}: ${entry.errno.text} (${entry.errno.code}).`;
  }
}

function connectCauses(entry: LogEntry): readonly string[] {
  if (phaseOr('connect')(entry) === 'resolve') {
    return ['resolver-failed'];
  }
  const host = peerHost(entry);
  const socket = isSocket(entry);
  switch (errnoMeaning(entry.errno)) {
    case 'refused':
      if (socket) {
        return ['unix-socket-refused'];
      }
      if (isIpv6(host)) {
        return isLoopback(host)
          ? ['ipv6-mismatch', 'backend-down', 'wrong-upstream-port', 'container-localhost']
          : ['ipv6-mismatch', 'backend-down', 'wrong-upstream-port', 'dns-resolved-once'];
      }
      if (isLoopback(host)) {
        return looksLikeContainer(entry)
          ? ['container-localhost', 'backend-down', 'wrong-upstream-port', 'backend-restarting']
          : ['backend-down', 'wrong-upstream-port', 'container-localhost', 'backend-restarting'];
      }
      return [
        'backend-down',
        'wrong-upstream-port',
        'dns-resolved-once',
        'backend-loopback-only',
        'backend-restarting',
      ];
    case 'no-such-file':
      return ['unix-socket-missing', 'unix-socket-path-malformed'];
    case 'permission':
      return socket ? ['unix-socket-forbidden', 'selinux-denied'] : ['selinux-denied'];
    case 'not-permitted':
      return ['unreachable-host'];
    case 'again':
      return socket ? ['unix-socket-queue-full'] : ['ephemeral-ports-exhausted'];
    case 'not-directory':
      return ['unix-socket-path-malformed'];
    case 'no-route':
    case 'host-down':
    case 'net-down':
      return isIpv6(host)
        ? ['unreachable-host', 'ipv6-mismatch', 'dns-resolved-once']
        : ['unreachable-host', 'dns-resolved-once'];
    case 'net-unreachable':
      return isIpv6(host) ? ['ipv6-mismatch', 'unreachable-host'] : ['unreachable-host', 'dns-resolved-once'];
    case 'timed-out':
      return ['unreachable-host', 'connect-timeout', 'dns-resolved-once'];
    case 'address-unavailable':
      return isIpv6(host) ? ['ipv6-mismatch', 'ephemeral-ports-exhausted'] : ['ephemeral-ports-exhausted'];
    case 'reset':
    case 'aborted':
      return ['backend-reset', 'backend-restarting'];
    default:
      return [];
  }
}

function timeoutMeaning(entry: LogEntry): string {
  const target = peer(entry);
  const backend = sentence(target);
  switch (phaseOr('header')(entry)) {
    case 'connect':
      return `${backend} did not answer nginx's attempt to connect in time.`;
    case 'tls':
      return `${backend} did not finish the TLS handshake in time.`;
    case 'send':
      return `${backend} did not take the request from nginx in time.`;
    case 'body':
      return `${backend} stopped sending in the middle of its answer, and nginx gave up waiting.`;
    case 'upgraded':
      return `Nothing came from ${target} over the upgraded connection for the time that nginx waits, so nginx closed it.`;
    default:
      return `${backend} took the request but did not begin to answer in time.`;
  }
}

function timeoutCauses(entry: LogEntry): readonly string[] {
  switch (phaseOr('header')(entry)) {
    case 'connect':
      return ['connect-timeout', 'unreachable-host', 'dns-resolved-once'];
    case 'tls':
      return ['tls-handshake-timeout', 'tls-to-plain-backend'];
    case 'send':
      return ['send-timeout'];
    case 'body':
      return ['response-cut', 'read-timeout'];
    case 'upgraded':
      return ['websocket-idle-timeout'];
    default:
      return entry.subrequest === null
        ? ['read-timeout', 'content-length-without-body']
        : ['content-length-without-body', 'read-timeout'];
  }
}

/** What keeps nginx from opening a socket: for want of kernel memory (ENOBUFS, ENOMEM) no limit of files is to blame. */
function socketCauses(errno: ErrnoMeaning | null): readonly string[] {
  if (errno === 'unsupported-family') return ['ipv6-mismatch'];
  return errno === null || errno === 'too-many-files' || errno === 'too-many-files-system'
    ? ['open-files-exhausted']
    : [];
}
