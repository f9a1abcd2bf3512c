import type { LogEntry } from '../entry.ts';
import { errnoMeaning } from '../errno.ts';
import type { MessageKind } from '../message.ts';
import { clientLine, requestLine, upstreamLine } from './example-line.ts';
import {
  internalError,
  isUnsafeMethod,
  peer,
  phaseOf,
  phaseOr,
  sentence,
  upstreamFailure,
  verdict,
} from './shared.ts';

const SEND =
  '[writev() failed|send() failed|sendfile() failed|sendmsg() failed|sendto() failed|WSASend() failed|WSASend() or WSAGetOverlappedResult() failed] (<errno>)';

/** Sending the request, and the same system calls towards the client and the DNS server. */
export const send: readonly MessageKind[] = [
  {
    id: 'send-failed',
    text: SEND,
    source:
      'os/unix/ngx_writev_chain.c ngx_writev, ngx_send.c ngx_unix_send, ngx_linux_sendfile_chain.c ngx_linux_sendfile',
    phase: phaseOr('send'),
    when: (entry) => phaseOf(entry, 'send') !== 'client',
    status: (entry) =>
      phaseOf(entry, 'send') === 'resolve'
        ? verdict(
            '502',
            'response',
            'possible',
            'nginx asks again; the request ends with 502 when no DNS server answers.',
          )
        : upstreamFailure('send')(entry),
    fault: (entry) => (phaseOf(entry, 'send') === 'resolve' ? 'network' : 'backend'),
    meaning: (entry) => {
      if (phaseOf(entry, 'send') === 'resolve') {
        return entry.resolver === null
          ? 'nginx could not send its question to the DNS server.'
          : `nginx could not send its question to the DNS server ${entry.resolver}.`;
      }
      if (phaseOf(entry, 'send') === 'upgraded') {
        return `${sentence(peer(entry))} closed the upgraded connection while nginx was sending.`;
      }
      return errnoMeaning(entry.errno) === 'broken-pipe'
        ? `${sentence(peer(entry))} had closed the connection before nginx had sent the whole request.`
        : `${sentence(peer(entry))} reset the connection while nginx was sending the request.`;
    },
    since: null,
    example: upstreamLine(
      'error',
      'writev() failed (104: Connection reset by peer)',
      'sending request to upstream',
    ),
    causes: (entry) => {
      switch (phaseOf(entry, 'send')) {
        case 'resolve':
          return ['resolver-failed'];
        case 'upgraded':
          return ['backend-reset'];
        default:
          return isUnsafeMethod(entry)
            ? ['backend-rejects-body', 'stale-keepalive-connection', 'backend-reset']
            : ['stale-keepalive-connection', 'backend-reset', 'backend-rejects-body'];
      }
    },
  },
  {
    id: 'client-send-failed',
    text: SEND,
    source: 'os/unix/ngx_writev_chain.c ngx_writev, ngx_send.c ngx_unix_send',
    phase: 'client',
    when: (entry) => phaseOf(entry, 'send') === 'client',
    status: verdict(
      null,
      'closed',
      'likely',
      'The client was gone; nginx logs 499 or the status it had begun to send.',
    ),
    fault: 'client',
    meaning: clientLeft,
    since: null,
    example: clientLine('info', 'writev() failed (32: Broken pipe)', 'sending to client'),
    causes: [],
  },
  {
    id: 'client-recv-failed',
    text: '[recv() failed|readv() failed|WSARecv() failed|WSARecv() or WSAGetOverlappedResult() failed|kevent() reported about an closed connection] (<errno>)',
    source: 'os/unix/ngx_recv.c ngx_unix_recv',
    phase: 'client',
    when: (entry) => phaseOf(entry, 'header') === 'client',
    status: verdict(null, 'closed', 'likely', 'The client was gone; nobody got an answer.'),
    fault: 'client',
    meaning: clientLeft,
    since: null,
    example: clientLine('info', 'recv() failed (104: Connection reset by peer)', 'waiting for request'),
    causes: [],
  },
  {
    id: 'send-incomplete',
    text: '[send() incomplete|sendto() incomplete|send() returned zero][ (<errno>)]',
    source: 'ngx_resolver.c ngx_resolver_send_udp_query, os/unix/ngx_udp_send.c',
    phase: phaseOr('send'),
    status: upstreamFailure('send'),
    fault: 'network',
    meaning: (entry) => `The system took only a part of what nginx sent to ${peer(entry)}.`,
    since: null,
    example: upstreamLine('alert', 'send() returned zero', 'sending request to upstream'),
    causes: [],
  },
  {
    id: 'proxy-protocol-not-sent',
    text: 'could not send PROXY protocol header at once',
    source: 'ngx_stream_proxy_module.c ngx_stream_proxy_send_proxy_protocol',
    phase: 'send',
    status: upstreamFailure('send'),
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} did not take the PROXY protocol header at once.`,
    since: null,
    example:
      '2026/01/10 08:41:45 [error] 165#165: *18127 could not send PROXY protocol header at once while sending PROXY protocol header to upstream, client: 10.0.0.9, server: 0.0.0.0:5432, upstream: "10.0.0.5:5432", bytes from/to client:0/0, bytes from/to upstream:0/0',
    causes: [],
  },
  ...(
    [
      ['method', ': "<method>"', ': "VERYLONG"', 'method'],
      ['uri', '', '', 'URI'],
      ['host', ': "<host>"', ': "long.test"', 'host'],
      ['header-name', '[: "<header>"]', ': "x-long"', 'header name'],
      ['header-value', '[: "<header>"]', ': "x-long: 1"', 'header value'],
    ] as const
  ).map(
    ([id, tail, example, what]): MessageKind => ({
      id: `http2-request-too-long-${id}`,
      text: `too long http2 ${what}${tail}`,
      source:
        'ngx_http_grpc_module.c ngx_http_grpc_create_request, ngx_http_proxy_v2_module.c ngx_http_proxy_v2_create_request',
      phase: 'prepare',
      status: internalError,
      fault: 'client',
      meaning: () => `The ${what} of the request is too long for HTTP/2 to the backend.`,
      since: '1.31.2',
      backported: ['1.30.3'],
      example: requestLine('error', `too long http2 ${what}${example}`),
      causes: ['request-headers-too-big-for-backend'],
    }),
  ),
  {
    id: 'request-does-not-fit-protocol',
    text: '[fastcgi request record is too big: <number>|uwsgi request is too big: <number>|uwsgi request is too little: <number>|fastcgi request length mismatch|uwsgi request length mismatch|scgi request length mismatch]',
    source:
      'ngx_http_fastcgi_module.c ngx_http_fastcgi_create_request, ngx_http_uwsgi_module.c ngx_http_uwsgi_create_request',
    phase: 'prepare',
    status: internalError,
    fault: 'client',
    meaning: () => 'The request and its parameters do not fit into what this protocol can carry.',
    since: null,
    example: requestLine('alert', 'fastcgi request record is too big: 65600'),
    causes: ['request-headers-too-big-for-backend'],
  },
];

function clientLeft(entry: LogEntry): string {
  return `${sentence(entry.client ?? 'the client')} closed its connection to nginx.`;
}
