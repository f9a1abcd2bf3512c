import type { StatusVerdict } from '../../contract.ts';
import type { LogEntry } from '../entry.ts';
import type { MessageKind } from '../message.ts';
import { clientLine, requestLine, upstreamLine } from './example-line.ts';
import { NO_ANSWER, sentence, verdict } from './shared.ts';

const NOBODY = 'Nobody was left to answer. The access log shows';
const GONE = verdict(
  '499',
  'none',
  'likely',
  'Nobody was left to answer: the access log shows 499. Not a failure of the backend.',
);
/** While nginx still reads the request, it takes the end of the connection for a bad request (ngx_http_request.c). */
const GONE_UNHEARD = verdict(
  '400',
  'none',
  'likely',
  'Nobody was left to answer: the access log shows 400. Not a failure of the backend.',
);
const NO_REQUEST = verdict(null, 'none', 'certain', 'There was no request to answer.');

/** The client's side: seen beside 502 lines, and not their cause. */
export const client: readonly MessageKind[] = [
  {
    id: 'client-closed-early',
    text: '[epoll_wait() reported that client|kevent() reported that client|client] prematurely closed connection[, so upstream connection is closed too][ (<errno>)]',
    source:
      'ngx_http_upstream.c ngx_http_upstream_check_broken_connection, ngx_http_request.c ngx_http_test_reading',
    phase: 'client',
    status: goneStatus,
    fault: 'client',
    meaning: (entry) =>
      entry.upstream === null
        ? `${sentence(entry.client ?? 'the client')} left before nginx had answered.`
        : `${sentence(entry.client ?? 'the client')} left while nginx was waiting for the backend.`,
    since: null,
    example: upstreamLine(
      'info',
      'epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too',
      'sending request to upstream',
    ),
    causes: [],
  },
  {
    id: 'client-closed-stream',
    text: 'client prematurely closed stream[: only <number> out of <count> bytes of request body received]',
    source: 'ngx_http_v2.c ngx_http_v2_run_request, ngx_http_v2_filter_request_body',
    phase: 'client',
    status: GONE,
    fault: 'client',
    meaning: (entry) => `${sentence(entry.client ?? 'the client')} broke off its request.`,
    since: null,
    example: requestLine(
      'info',
      'client prematurely closed stream: only 12 out of 20 bytes of request body received',
    ),
    causes: [],
  },
  {
    id: 'client-closed-connection',
    text: '[kevent() reported that client|client][ <address>] closed [connection|keepalive connection|idle connection][ (<errno>)]',
    source: 'ngx_http_request.c ngx_http_wait_request_handler, ngx_http_keepalive_handler',
    phase: 'client',
    status: NO_REQUEST,
    fault: 'nobody',
    meaning: () => 'A client closed its connection to nginx, as clients do.',
    since: null,
    example: clientLine('info', 'client closed connection', 'waiting for request'),
    causes: [],
  },
  {
    id: 'client-timed-out',
    text: 'client timed out (<errno>)',
    source:
      'ngx_http_request.c ngx_http_process_request_line, ngx_http_writer; ngx_http_upstream.c ngx_http_upstream_process_downstream',
    phase: 'client',
    status: clientTimeout,
    fault: 'client',
    meaning: (entry) =>
      entry.action?.startsWith('sending') === true
        ? `${sentence(entry.client ?? 'the client')} did not take the answer in time.`
        : `${sentence(entry.client ?? 'the client')} did not send its request in time.`,
    since: null,
    example: clientLine(
      'info',
      'client timed out (110: Connection timed out)',
      'reading client request line',
    ),
    causes: [],
  },
  {
    id: 'client-body-too-large',
    text: 'client intended to send too large [body: <number> bytes|chunked body: <number> bytes|chunked body: <first>+<second> bytes]',
    source: 'ngx_http_core_module.c ngx_http_core_find_config_phase, ngx_http_request_body.c',
    phase: 'client',
    status: (entry) =>
      entry.subrequest === null
        ? verdict('413', 'response', 'certain', '413, not 502: no backend was asked.')
        : verdict(null, null, 'possible', '413 to the subrequest; auth_request makes 500 of it.'),
    fault: 'configuration',
    meaning: (entry) =>
      entry.subrequest === null
        ? 'The request is larger than client_max_body_size.'
        : `The request is larger than client_max_body_size where its subrequest ${entry.subrequest} leads.`,
    since: null,
    example: requestLine('error', 'client intended to send too large body: 2097152 bytes'),
    causes: (entry) => (entry.subrequest === null ? [] : ['auth-request-failed']),
  },
  {
    id: 'plain-http-to-https-port',
    text: 'client sent plain HTTP request to HTTPS port',
    source: 'ngx_http_request.c ngx_http_process_request',
    phase: 'client',
    status: verdict('400', 'response', 'certain', '400, not 502: no backend was asked.'),
    fault: 'client',
    meaning: () => 'A client spoke plain HTTP to a port on which nginx expects TLS.',
    since: null,
    example: requestLine(
      'info',
      'client sent plain HTTP request to HTTPS port while reading client request headers',
    ),
    causes: [],
  },
  {
    id: 'client-certificate-rejected',
    text: '[client SSL certificate verify error: <reason>|client sent no required SSL certificate]',
    source: 'ngx_http_request.c ngx_http_process_request',
    phase: 'client',
    status: verdict('400', 'response', 'certain', '400, not 502: no backend was asked.'),
    fault: 'client',
    meaning: () => 'A client brought no certificate that nginx accepts.',
    since: null,
    example: requestLine(
      'info',
      'client SSL certificate verify error: (18:self-signed certificate) while reading client request headers',
    ),
    causes: [],
  },
  {
    id: 'client-misdirected',
    text: 'client attempted to request the server name [different from the one that was negotiated|for which the negotiated protocol is disabled]',
    source: 'ngx_http_request.c ngx_http_set_virtual_server',
    phase: 'client',
    status: verdict('421', 'response', 'certain', '421, not 502: no backend was asked.'),
    fault: 'client',
    meaning: () =>
      'A client asked over one connection for a host that it had not named in the TLS handshake.',
    since: null,
    example: requestLine(
      'info',
      'client attempted to request the server name different from the one that was negotiated while reading client request headers',
    ),
    causes: ['wrong-server-block'],
  },
  {
    id: 'client-sent-bad-request',
    text: 'client sent <what>',
    source: 'ngx_http_request.c ngx_http_process_request_headers, ngx_http_v2.c',
    phase: 'client',
    status: badRequestStatus,
    fault: 'client',
    meaning: (entry) => {
      const end = entry.action === null ? entry.message.length : entry.message.lastIndexOf(' while ');
      return `${sentence(entry.client ?? 'a client')} sent ${entry.message.slice('client sent '.length, end)}.`;
    },
    since: null,
    example: requestLine(
      'info',
      'client sent too long header line: "Cookie: a=xxx..." while reading client request headers',
    ),
    causes: [],
  },
  {
    id: 'client-flood',
    text: 'http2 flood detected',
    source: 'ngx_http_v2.c ngx_http_v2_get_frame',
    phase: 'client',
    status: verdict(null, 'closed', 'certain', 'nginx closes the connection to the client.'),
    fault: 'client',
    meaning: () => 'A client sent so many HTTP/2 control frames that nginx closed the connection.',
    since: null,
    example: clientLine('info', 'http2 flood detected', 'processing HTTP/2 connection'),
    causes: [],
  },
  {
    id: 'stream-session',
    text: '[client <from> connected to <to>|udp client <from> connected to <to>|proxy <from> connected to <to>|udp proxy <from> connected to <to>]',
    source:
      'ngx_stream_handler.c ngx_stream_init_connection, ngx_stream_proxy_module.c ngx_stream_proxy_init_upstream',
    phase: 'other',
    status: NO_ANSWER,
    fault: 'nobody',
    meaning: () => 'A connection of the stream module was opened.',
    since: null,
    example: '2026/01/10 08:41:45 [info] 165#165: *18127 client 10.0.0.9:40112 connected to 0.0.0.0:5432',
    causes: [],
  },
  {
    id: 'stream-session-ended',
    text: '[client disconnected, <counts>|upstream disconnected, <counts>|udp done, <counts>|disconnected on shutdown|shutdown timeout][ (<errno>)]',
    source: 'ngx_stream_proxy_module.c ngx_stream_proxy_test_finalize',
    phase: 'other',
    status: NO_ANSWER,
    fault: 'nobody',
    meaning: () => 'A connection of the stream module ended.',
    since: null,
    example:
      '2026/01/10 08:41:45 [info] 165#165: *18127 client disconnected, bytes from/to client:120/340, bytes from/to upstream:340/120',
    causes: [],
  },
  {
    id: 'stream-idle-timeout',
    text: '[connection timed out|udp timed out, <counts>][ (<errno>)]',
    source: 'ngx_stream_proxy_module.c ngx_stream_proxy_process_connection',
    phase: 'body',
    status: verdict(null, 'closed', 'certain', 'stream: nginx closes both connections.'),
    fault: 'nobody',
    meaning: () => 'Neither side of a stream connection sent anything for proxy_timeout, so nginx closed it.',
    since: null,
    example:
      '2026/01/10 08:41:45 [info] 165#165: *18127 connection timed out (110: Connection timed out) while proxying connection, client: 10.0.0.9, server: 0.0.0.0:5432, upstream: "10.0.0.5:5432", bytes from/to client:12/10, bytes from/to upstream:10/12',
    causes: [],
  },
];

/** What nginx does about a request that it does not like: most are refused, some headers are only left out. */
function badRequestStatus({ message, action }: LogEntry): StatusVerdict {
  // ngx_http_v2_connection_error, ngx_http_v3_finalize_connection: the whole connection ends.
  if (action !== null && /^processing HTTP\/[23] connection/.test(action))
    return verdict(null, 'closed', 'likely', 'nginx closes the connection and all requests on it.');
  // Only a name with a byte that no name may have is refused; ignore_invalid_headers leaves out the others.
  if (message.startsWith('client sent invalid header line') && !message.includes('\\x'))
    return verdict(null, null, 'likely', 'nginx leaves this header out and goes on with the request.');
  return verdict(
    '400',
    'response',
    'likely',
    '400 (414 for a long URI, 405 for TRACE), not 502: no backend was asked.',
  );
}

function goneStatus({ action, message, upstream }: LogEntry): StatusVerdict {
  if (action?.startsWith('reading client ')) return GONE_UNHEARD;
  // So nginx says while it reads a body (ngx_http_request_body.c), and while it holds a request back.
  return upstream === null && action === null && message === 'client prematurely closed connection'
    ? verdict('400', 'none', 'possible', `${NOBODY} 400 if its body was still coming, else 499.`)
    : GONE;
}

function clientTimeout(entry: LogEntry): StatusVerdict {
  return entry.action?.startsWith('sending') === true
    ? verdict(null, 'cut', 'likely', 'The answer had begun and ends early.')
    : verdict(
        '408',
        'closed',
        'likely',
        '408 in the access log; the client gets no answer. Not a failure of the backend.',
      );
}
