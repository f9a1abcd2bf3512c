import type { LogEntry } from '../entry.ts';
import { errnoMeaning } from '../errno.ts';
import type { MessageKind } from '../message.ts';
import { clientLine, processLine, startUpLine, upstreamLine } from './example-line.ts';
import { internalError, NO_ANSWER, peer, phaseOf, UNCHANGED, upstreamFailure, verdict } from './shared.ts';
import { quotedFirst, refused, warned } from './start-up-kind.ts';

/** Sockets: nginx's own listen addresses at start, and what can go wrong in setting one up to a backend. */
export const sockets: readonly MessageKind[] = [
  {
    id: 'socket-not-set-up',
    text: '[fcntl(O_NONBLOCK) failed|fcntl(!O_NONBLOCK) failed|close() socket failed|ioctl(FIONBIO) failed|ioctl(!FIONBIO) failed|getsockopt(SO_TYPE) failed|epoll_ctl(<what>) failed|kqueue(<what>) failed|kevent() failed|ioctlsocket(FIONBIO) failed|ioctlsocket(!FIONBIO) failed|closesocket() failed|ConnectEx() failed|CreateIoCompletionPort() failed|WSAPoll() failed|select() failed] (<errno>)',
    source:
      'ngx_event_connect.c ngx_event_connect_peer; ngx_resolver.c ngx_udp_connect, ngx_tcp_connect; ngx_event_accept.c ngx_event_accept',
    phase: (entry) => (phaseOf(entry, 'other') === 'connect' ? 'prepare' : phaseOf(entry, 'other')),
    status: (entry) =>
      entry.client === null || entry.message.startsWith('close') ? NO_ANSWER : internalError(entry),
    fault: 'host-limit',
    meaning: (entry) =>
      `The system refused what nginx asked of a socket it had just opened to ${peer(entry)}.`,
    since: null,
    example: upstreamLine(
      'alert',
      'fcntl(O_NONBLOCK) failed (9: Bad file descriptor)',
      'connecting to upstream',
    ),
    causes: (entry) => {
      const errno = errnoMeaning(entry.errno);
      return errno === 'too-many-files' || errno === 'too-many-files-system' ? ['open-files-exhausted'] : [];
    },
  },
  {
    id: 'transparent-proxying-unsupported',
    text: 'could not enable transparent proxying for IPv6 on this platform',
    source: 'ngx_event_connect.c ngx_event_connect_set_transparent',
    phase: 'prepare',
    status: internalError,
    fault: 'host-limit',
    meaning: () => '*_bind ... transparent is set, and this system cannot do that for IPv6.',
    since: null,
    example: upstreamLine(
      'alert',
      'could not enable transparent proxying for IPv6 on this platform',
      'connecting to upstream',
      'http://[2001:db8::7]:8080/',
    ),
    causes: ['proxy-bind-failed'],
  },
  {
    id: 'pending-bytes-unknown',
    text: '[ioctl|ioctlsocket](FIONREAD) failed (<errno>)',
    source:
      'os/unix/ngx_recv.c ngx_unix_recv, os/unix/ngx_readv_chain.c ngx_readv_chain, ngx_event_openssl.c ngx_ssl_recv',
    phase: (entry) => phaseOf(entry, 'client'),
    status: upstreamFailure('client'),
    fault: 'unknown',
    meaning: () => 'The system did not say how many bytes wait on a connection, so nginx gave it up.',
    since: null,
    example: upstreamLine(
      'alert',
      'ioctl(FIONREAD) failed (9: Bad file descriptor)',
      'reading response header from upstream',
    ),
    causes: [],
  },
  {
    id: 'shutdown-failed',
    text: 'shutdown() failed (<errno>)',
    source:
      'ngx_http_request.c ngx_http_set_lingering_close, ngx_http_upstream.c ngx_http_upstream_process_upgraded',
    phase: 'client',
    status: UNCHANGED,
    fault: 'client',
    meaning: () => 'The client was gone when nginx wanted to close the connection. That is no error.',
    since: null,
    example: clientLine('info', 'shutdown() failed (107: Socket not connected)', 'keepalive'),
    causes: [],
  },
  {
    id: 'connection-not-closed',
    text: '[close() socket <number> failed (<errno>)|close() "<path>" failed (<errno>)|close() <what> failed (<errno>)|closesocket() <what> failed (<errno>)|CloseHandle() <what> failed (<errno>)|connection already closed|unlink() <path> failed (<errno>)]',
    source:
      'ngx_connection.c ngx_close_connection, ngx_close_listening_sockets; ngx_http_file_cache.c ngx_http_file_cache_update_header',
    when: (entry) => entry.level !== 'emerg',
    phase: 'other',
    status: UNCHANGED,
    fault: 'unknown',
    meaning: () =>
      'nginx could not close or remove something when it had done with it. No request fails because of it.',
    since: null,
    example: processLine('alert', 'close() socket 12 failed (9: Bad file descriptor)'),
    causes: [],
  },
  {
    id: 'local-address-unknown',
    text: '[getsockname() failed|getsockname() of the inherited socket #<number> failed] (<errno>)',
    source: 'ngx_connection.c ngx_connection_local_sockaddr, ngx_set_inherited_sockets',
    phase: (entry) => phaseOf(entry, 'other'),
    status: (entry) => (entry.client === null ? NO_ANSWER : internalError(entry)),
    fault: 'host-limit',
    meaning: () => 'The system did not say which address of this machine a connection has.',
    since: null,
    example: clientLine('alert', 'getsockname() failed (22: Invalid argument)', 'waiting for request'),
    causes: [],
  },
  {
    id: 'proxy-protocol-broken',
    text: '[invalid PROXY protocol TLV "<name>"|unknown PROXY protocol TLV "<name>"|broken PROXY protocol TLV|header is too large|PROXY protocol v2 header is too large|ASN1_STRING_to_UTF8() failed (<ssl>)]',
    source: 'ngx_proxy_protocol.c ngx_proxy_protocol_v2_read, ngx_proxy_protocol_get_tlv',
    phase: 'client',
    status: (entry) =>
      entry.message.includes('too large')
        ? verdict(null, 'closed', 'certain', 'nginx closes the connection without an answer.')
        : UNCHANGED,
    fault: 'client',
    meaning: () =>
      'The PROXY protocol header that a client sent, mostly a load balancer, has a part that nginx cannot use.',
    since: null,
    example: clientLine('error', 'header is too large', 'reading PROXY protocol'),
    causes: [],
  },
  {
    id: 'proxy-protocol-too-long-to-send',
    text: 'too small buffer for PROXY protocol[| v2| v2 CRC32c TLV| v2 SSL TLV| v2 TLV]',
    source: 'ngx_proxy_protocol.c ngx_proxy_protocol_write, ngx_proxy_protocol_v2_write_header',
    phase: 'send',
    status: upstreamFailure('send'),
    fault: 'configuration',
    meaning: (entry) =>
      `The PROXY protocol header for ${peer(entry)} did not fit into its buffer; nginx closed the connection.`,
    since: '1.23.3',
    example:
      '2026/01/10 08:41:45 [alert] 165#165: *18127 too small buffer for PROXY protocol while sending PROXY protocol header to upstream, client: 10.0.0.9, server: 0.0.0.0:5432, upstream: "10.0.0.5:5432", bytes from/to client:0/0, bytes from/to upstream:0/0',
    causes: [],
  },
  refused({
    id: 'listen-socket-failed',
    text: '[socket() <address> failed|WSASocketW() <address> failed|ioctlsocket(FIONBIO) <address> failed|closesocket() <address> failed|DeleteFile() <path> failed|fcntl(O_NONBLOCK) <address> failed|ioctl(FIONBIO) <address> failed|setsockopt(<option>) <address> failed|setsockopt(<option>) for <address> failed|close() socket <address> failed|unlink() <path> failed|chmod() "<path>" failed] (<errno>)',
    source: 'ngx_connection.c ngx_open_listening_sockets',
    when: (entry) => entry.level === 'emerg',
    fault: 'host-limit',
    meaning: (entry) => {
      const errno = errnoMeaning(entry.errno);
      return errno === 'unsupported-family'
        ? 'nginx could not listen on an IPv6 address: IPv6 is switched off on this machine.'
        : 'nginx could not set up a socket for a listen address.';
    },
    example: 'nginx: [emerg] socket() [::]:80 failed (97: Address family not supported by protocol)',
  }),
  {
    id: 'listen-option-ignored',
    text: '[setsockopt|getsockopt](<option>[) for <address>|) <address>] failed, ignored (<errno>)',
    source: 'ngx_connection.c ngx_configure_listening_sockets, ngx_set_inherited_sockets',
    when: (entry) => entry.upstream === null,
    phase: 'start-up',
    status: verdict(null, 'none', 'certain', 'nginx listens without the option.'),
    fault: 'host-limit',
    meaning: (entry) =>
      `The system refused ${optionOf(entry)} for a listen address; nginx goes on without it.`,
    since: null,
    example: processLine(
      'alert',
      'setsockopt(SO_RCVBUF, 65536) 0.0.0.0:80 failed, ignored (22: Invalid argument)',
    ),
    causes: [],
  },
  {
    id: 'listen-backlog-ignored',
    text: '[listen() to <address>, backlog <number> failed, ignored (<errno>)|could not change the accept filter to "<filter>" for <address>, ignored]',
    source: 'ngx_connection.c ngx_configure_listening_sockets',
    phase: 'start-up',
    status: verdict(null, 'none', 'certain', 'nginx goes on with the queue that it had.'),
    fault: 'host-limit',
    meaning: () => 'The system did not take a new backlog or accept filter for a listen address.',
    since: null,
    example: processLine(
      'alert',
      'listen() to 0.0.0.0:80, backlog 511 failed, ignored (22: Invalid argument)',
    ),
    causes: [],
  },
  refused({
    id: 'inherited-socket-refused',
    text: '[the inherited socket #<number> has an unsupported protocol family (<errno>)|getsockopt(SO_TYPE) <address> failed (<errno>)|getsockopt(SO_PROTOCOL) <address> failed (<errno>)|invalid socket number "<text>" in <variable> environment variable, ignoring the rest of the variable|invalid socket number "<text>" in <variable> environment variable, ignoring]',
    source: 'ngx_connection.c ngx_set_inherited_sockets',
    fault: 'unknown',
    meaning: () => 'nginx got a socket from the process that started it, and cannot use it.',
    example: processLine(
      'crit',
      'the inherited socket #6 has an unsupported protocol family (97: Address family not supported by protocol)',
    ),
  }),
  refused({
    id: 'event-setting-refused',
    text: '[invalid event type "<name>"|invalid number "<value>"|no events module found|when the server runs without a master process the <rest>]',
    source: 'ngx_event.c ngx_event_use, ngx_event_connections',
    meaning: () => 'The events block has something that this nginx cannot do.',
    example: startUpLine('invalid event type "kqueue"'),
  }),
  warned({
    id: 'event-setting-ignored',
    text: '[the "timer_resolution" directive is not supported with the configured event method, ignored|"debug_connection" is ignored, you need to rebuild nginx using --with-debug option to enable it|low address bits of <address> are meaningless|getrlimit(RLIMIT_NOFILE) failed, ignored (<errno>)|getrlimit(RLIMIT_NOFILE) failed (<errno>)|setitimer() failed (<errno>)|sigaction(<name>) failed (<errno>)]',
    source: 'ngx_event.c ngx_event_process_init, ngx_event_module_init',
    meaning: () =>
      'nginx runs without something that the events block asks for. No request fails because of it.',
    example: processLine(
      'warn',
      'the "timer_resolution" directive is not supported with the configured event method, ignored',
    ),
  }),
  refused({
    id: 'name-not-found-in-events',
    text: '[host not found|invalid host|no host] in debug_connection "<address>"',
    source: 'ngx_event.c ngx_event_debug_connection',
    meaning: (entry) => `nginx cannot use ${quotedFirst(entry)} in debug_connection.`,
    example: startUpLine('host not found in debug_connection "app"'),
  }),
];

/** The option in brackets: `setsockopt(SO_RCVBUF, 65536)`. */
function optionOf(entry: LogEntry): string {
  return /\(([A-Z0-9_]+)/.exec(entry.message)?.[1] ?? 'an option';
}
