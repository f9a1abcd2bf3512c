import type { LogEntry } from '../entry.ts';
import type { MessageKind } from '../message.ts';
import { otherServiceOn, TLS_PORTS } from '../well-known-ports.ts';
import { requestLine, upstreamLine } from './example-line.ts';
import {
  between,
  internalError,
  invalidAnswer,
  isGrpc,
  isHttp,
  isPrivate,
  isTls,
  isUnsafeMethod,
  peer,
  peerHost,
  phaseOf,
  phaseOr,
  scheme,
  sentence,
  UNCHANGED,
  upstreamFailure,
  verdict,
} from './shared.ts';

const HEADER = 'reading response header from upstream';

function line(message: string, level = 'error'): string {
  return upstreamLine(level, message, HEADER);
}

/** Reading the response header: the connection ends too early, or what came is no good. */
export const header: readonly MessageKind[] = [
  {
    id: 'upstream-prematurely-closed',
    text: 'upstream prematurely closed connection',
    source: 'ngx_http_upstream.c ngx_http_upstream_process_header, ngx_http_upstream_process_request',
    phase: phaseOr('header'),
    status: upstreamFailure('header'),
    fault: 'backend',
    meaning: (entry) =>
      phaseOf(entry, 'header') === 'body'
        ? `${sentence(peer(entry))} closed the connection in the middle of its answer.`
        : `${sentence(peer(entry))} took the connection and closed it without an answer.`,
    since: null,
    example: line('upstream prematurely closed connection'),
    causes: closedCauses,
  },
  {
    id: 'upstream-closed-reported-by-kevent',
    text: 'kevent() reported that upstream closed connection (<errno>)',
    source: 'ngx_event_pipe.c ngx_event_pipe_read_upstream',
    phase: 'body',
    status: upstreamFailure('body'),
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} closed the connection in the middle of its answer.`,
    since: null,
    example: upstreamLine(
      'error',
      'kevent() reported that upstream closed connection (54: Connection reset by peer)',
      'reading upstream',
    ),
    causes: ['response-cut'],
  },
  {
    id: 'recv-failed',
    text: '[recv() failed|readv() failed|WSARecv() failed|WSARecv() or WSAGetOverlappedResult() failed|kevent() reported about an closed connection] (<errno>)',
    source: 'os/unix/ngx_recv.c ngx_unix_recv, ngx_readv_chain.c ngx_readv_chain',
    phase: phaseOr('header'),
    when: (entry) => phaseOf(entry, 'header') !== 'client',
    status: (entry) =>
      phaseOf(entry, 'header') === 'resolve'
        ? verdict(null, 'none', 'likely', 'nginx asks the DNS server again.')
        : upstreamFailure('header')(entry),
    fault: (entry) => (phaseOf(entry, 'header') === 'resolve' ? 'network' : 'backend'),
    meaning: (entry) => {
      switch (phaseOf(entry, 'header')) {
        case 'resolve':
          return `The connection to the DNS server ${entry.resolver ?? ''} failed.`.replace('  ', ' ');
        case 'body':
          return `${sentence(peer(entry))} reset the connection in the middle of its answer.`;
        case 'upgraded':
          return `${sentence(peer(entry))} reset the upgraded connection.`;
        default:
          return `${sentence(peer(entry))} reset the connection instead of answering.`;
      }
    },
    since: null,
    example: line('recv() failed (104: Connection reset by peer)'),
    causes: (entry) => {
      switch (phaseOf(entry, 'header')) {
        case 'resolve':
          return ['resolver-failed'];
        case 'body':
          return CUT;
        case 'upgraded':
          return ['backend-reset', 'backend-restarting', 'backend-worker-timeout'];
        default:
          return resetCauses(entry);
      }
    },
  },
  {
    id: 'upstream-too-big-header',
    text: 'upstream sent too big header',
    source: 'ngx_http_upstream.c ngx_http_upstream_process_header',
    phase: 'header',
    status: invalidAnswer,
    fault: 'configuration',
    meaning: (entry) =>
      `The response header of ${peer(entry)} is larger than the buffer that nginx has for it.`,
    since: null,
    example: line('upstream sent too big header'),
    causes: ['response-header-too-big'],
  },
  {
    id: 'upstream-not-http',
    text: 'upstream sent no valid HTTP/1.0 header',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_process_status_line',
    phase: 'header',
    status: (entry) =>
      entry.subrequest === null
        ? verdict(
            '009',
            'raw',
            'certain',
            'Not a 502: nginx passes the bytes on as they are, without status line and headers (HTTP/0.9).',
          )
        : invalidAnswer(entry),
    fault: 'configuration',
    meaning: (entry) =>
      `What ${peer(entry)} sent does not begin with an HTTP/1 status line, so nginx passed the bytes on as they are.`,
    since: null,
    example: line('upstream sent no valid HTTP/1.0 header'),
    causes: notHttpCauses,
  },
  {
    id: 'upstream-invalid-header',
    text: 'upstream sent invalid header[: "<line>"]',
    source:
      'ngx_http_proxy_module.c ngx_http_proxy_process_header, also fastcgi, uwsgi, scgi, grpc, proxy_v2',
    phase: 'header',
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) => {
      const fragment = between(entry.message, '"', '"', 0);
      const what = `${sentence(peer(entry))} sent a response header that nginx does not accept`;
      return fragment === null ? `${what}.` : `${what}; the line begins with "${fragment}".`;
    },
    since: null,
    example: line('upstream sent invalid header: "X-Bad\\x20..."'),
    causes: ['invalid-response-header'],
  },
  {
    id: 'upstream-duplicate-header-ignored',
    text: 'upstream sent duplicate header line: "<line>", previous value: "<previous>", ignored',
    source: 'ngx_http_upstream.c ngx_http_upstream_process_header_line',
    phase: 'header',
    status: UNCHANGED,
    fault: 'nobody',
    meaning: (entry) =>
      `${sentence(peer(entry))} sent a header twice that may stand only once; nginx took the first.`,
    since: '1.23.0',
    example: line(
      'upstream sent duplicate header line: "Date: b", previous value: "Date: a", ignored',
      'warn',
    ),
    causes: [],
  },
  {
    id: 'upstream-duplicate-header',
    text: 'upstream sent duplicate header line: "<line>", previous value: "<previous>"',
    source:
      'ngx_http_upstream.c ngx_http_upstream_process_content_length, ngx_http_upstream_process_transfer_encoding',
    phase: 'header',
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} sent the header that gives the length of its answer twice.`,
    since: '1.23.0',
    example: line(
      'upstream sent duplicate header line: "Content-Length: 2", previous value: "Content-Length: 2"',
    ),
    causes: ['ambiguous-response-length'],
  },
  {
    id: 'upstream-content-length-and-transfer-encoding',
    text: 'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time',
    source: 'ngx_http_upstream.c ngx_http_upstream_process_content_length',
    phase: 'header',
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) =>
      `${sentence(peer(entry))} sent Content-Length and Transfer-Encoding together, so the length of its answer is not clear.`,
    since: '1.23.0',
    example: line('upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time'),
    causes: ['ambiguous-response-length'],
  },
  {
    id: 'upstream-invalid-content-length',
    text: 'upstream sent invalid "Content-Length" header: "<line>"',
    source: 'ngx_http_upstream.c ngx_http_upstream_process_content_length',
    phase: 'header',
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} sent a Content-Length that is not a number.`,
    since: '1.23.0',
    example: line('upstream sent invalid "Content-Length" header: "Content-Length: two"'),
    causes: ['ambiguous-response-length'],
  },
  {
    id: 'upstream-unknown-transfer-encoding',
    text: 'upstream sent unknown "Transfer-Encoding": "<encoding>"',
    source: 'ngx_http_upstream.c ngx_http_upstream_process_transfer_encoding',
    phase: 'header',
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) =>
      `${sentence(peer(entry))} sent a Transfer-Encoding other than "chunked", the only one that nginx knows.`,
    since: '1.23.0',
    example: line('upstream sent unknown "Transfer-Encoding": "gzip, chunked"'),
    causes: ['ambiguous-response-length'],
  },
  {
    id: 'upstream-http10-early-hints',
    text: 'upstream sent HTTP/1.0 response with early hints',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_process_status_line',
    phase: 'header',
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} sent early hints (103) in an HTTP/1.0 answer.`,
    since: '1.29.0',
    example: line('upstream sent HTTP/1.0 response with early hints'),
    causes: ['invalid-response-header'],
  },
  {
    id: 'upstream-too-big-early-hints',
    text: 'upstream sent too big early hints',
    source: 'ngx_http_upstream.c ngx_http_upstream_process_early_hints',
    phase: 'header',
    status: UNCHANGED,
    fault: 'backend',
    meaning: (entry) => `The early hints (103) of ${peer(entry)} were too large; nginx dropped them.`,
    since: '1.29.0',
    example: line('upstream sent too big early hints', 'info'),
    causes: [],
  },
  {
    id: 'upgrade-in-subrequest',
    text: 'connection upgrade in subrequest',
    source: 'ngx_http_upstream.c ngx_http_upstream_upgrade',
    phase: 'header',
    status: (entry) =>
      verdict(null, null, 'possible', `The subrequest ${entry.subrequest ?? ''} failed.`.replace('  ', ' ')),
    fault: 'backend',
    meaning: (entry) =>
      `${sentence(peer(entry))} wanted to switch protocols (101) in a subrequest, where nginx cannot.`,
    since: null,
    example: `2024/10/21 08:41:45 [error] 165#165: *18127 connection upgrade in subrequest while ${HEADER}, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", subrequest: "/auth", upstream: "http://127.0.0.1:3001/auth", host: "app.test"`,
    causes: [],
  },
  {
    id: 'zero-length-uri',
    text: 'zero length URI to proxy',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_create_request',
    phase: 'prepare',
    status: internalError,
    fault: 'configuration',
    meaning: () => 'The variables of proxy_pass gave an empty URI, so nginx could not form a request.',
    since: null,
    example: requestLine('error', 'zero length URI to proxy'),
    causes: ['invalid-upstream-variable'],
  },
];

/** "One cause first" for a connection that ends before the header; what only other lines or files show comes later. */
/** An answer that ends in the middle: of itself, or because the process behind it was ended. */
const CUT = ['response-cut', 'backend-worker-timeout', 'backend-restarting'] as const;

function closedCauses(entry: LogEntry): readonly string[] {
  if (phaseOf(entry, 'header') === 'body') {
    return CUT;
  }
  const protocol = protocolCauses(entry);
  if (protocol.length > 0) {
    return [...protocol, 'backend-closed-early'];
  }
  const gateway = gatewayCauses(entry, 'backend-closed-early');
  if (gateway.length > 0) {
    return gateway;
  }
  // Each call of gRPC is a POST: the method tells nothing there, and a port with TLS is what is met most.
  if (/^grpcs?$/.test(scheme(entry) ?? ''))
    return [
      'backend-closed-early',
      'plain-to-tls-backend',
      'stale-keepalive-connection',
      'backend-worker-timeout',
      'backend-restarting',
    ];
  const first = ['backend-closed-early', 'backend-worker-timeout'];
  const last = ['plain-to-tls-backend', 'backend-restarting', 'http10-refused'];
  return withStale(entry, first, last);
}

/**
 * Where a connection that was just being closed stands: first for a request that nginx does not repeat, last for one
 * that it does, and behind the usual ones where the line lost its request.
 */
function withStale(entry: LogEntry, first: readonly string[], last: readonly string[]): readonly string[] {
  const stale = 'stale-keepalive-connection';
  if (isUnsafeMethod(entry)) return [stale, ...first, ...last];
  return entry.request === null ? [...first, stale, ...last] : [...first, ...last, stale];
}

function resetCauses(entry: LogEntry): readonly string[] {
  const protocol = protocolCauses(entry);
  if (protocol.length > 0) {
    return [...protocol, 'backend-reset'];
  }
  const gateway = gatewayCauses(entry, 'backend-reset');
  if (gateway.length > 0) {
    return gateway;
  }
  if (/^grpcs?$/.test(scheme(entry) ?? ''))
    return ['backend-reset', 'plain-to-tls-backend', 'stale-keepalive-connection', 'backend-restarting'];
  const last = [
    'plain-to-tls-backend',
    'backend-restarting',
    'fastcgi-behind-proxy-pass',
    'request-headers-too-big-for-backend',
  ];
  return withStale(entry, ['backend-reset'], last);
}

/** What is behind *_pass of FastCGI, uwsgi and SCGI: processes that crash or are ended; uWSGI also has a small buffer. */
function gatewayCauses(entry: LogEntry, general: string): string[] {
  switch (scheme(entry)) {
    case 'fastcgi':
      return [general, 'backend-worker-timeout', 'backend-restarting', 'stale-keepalive-connection'];
    case 'uwsgi':
    case 'suwsgi':
      return [general, 'request-headers-too-big-for-backend', 'backend-worker-timeout', 'backend-restarting'];
    case 'scgi':
      return [general, 'backend-worker-timeout', 'backend-restarting'];
    default:
      return [];
  }
}

/** Protocol ids that the port or the path of the line points to. */
function protocolCauses(entry: LogEntry): string[] {
  const upstream = entry.upstream;
  const name = scheme(entry);
  if (upstream === null || name === null) {
    return [];
  }
  if (name === 'http' || name === 'grpc') {
    if (upstream.port !== null && TLS_PORTS.has(upstream.port)) {
      return ['plain-to-tls-backend'];
    }
  }
  if (isHttp(name)) {
    if (upstream.port === 9000 || (upstream.socket?.includes('php') ?? false)) {
      return ['fastcgi-behind-proxy-pass'];
    }
    if (upstream.port !== null && otherServiceOn(upstream.port) !== null) {
      return ['non-http-backend'];
    }
    if (upstream.port === 50051) {
      return ['grpc-behind-proxy-pass'];
    }
  }
  return [];
}

function notHttpCauses(entry: LogEntry): readonly string[] {
  const protocol = protocolCauses(entry);
  if (protocol.length > 0) {
    return [...protocol, 'response-not-http'];
  }
  // gRPC's paths are /package.Service/Method.
  const uri = entry.upstream?.uri ?? entry.request?.uri ?? '';
  const service = uri.indexOf('/', 1);
  if (
    uri.startsWith('/') &&
    service > 0 &&
    uri.slice(1, service).includes('.') &&
    entry.request?.method === 'POST'
  ) {
    return ['grpc-behind-proxy-pass', 'response-not-http'];
  }
  return isTls(entry) || isGrpc(entry) || !isPrivate(peerHost(entry))
    ? ['response-not-http']
    : ['response-not-http', 'grpc-behind-proxy-pass', 'non-http-backend', 'plain-to-tls-backend'];
}
