import type { StatusVerdict } from '../../contract.ts';
import type { LogEntry } from '../entry.ts';
import { protocolInMessage } from '../first-bytes.ts';
import type { MessageKind } from '../message.ts';
import { HTTP2_ERRORS } from '../protocol-codes.ts';
import { upstreamLine } from './example-line.ts';
import {
  bodyFailure,
  invalidAnswer,
  isGrpc,
  peer,
  phaseOf,
  phaseOr,
  sentence,
  upstreamFailure,
} from './shared.ts';

const HEADER = 'reading response header from upstream';
const SOURCE = 'ngx_http_grpc_module.c, ngx_http_proxy_v2_module.c (http:// and https:// since 1.29.4)';

/** The backend broke a rule of HTTP/2. */
function frame(
  id: string,
  text: string,
  example: string,
  what: string,
  since: string | null = null,
  inBody = false,
): MessageKind {
  return {
    id,
    text,
    source: SOURCE,
    phase: inBody ? 'body' : phaseOr('header'),
    status: inBody ? bodyFailure : answerStatus,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} ${what}.`,
    since,
    example: upstreamLine('error', example, HEADER, 'grpc://127.0.0.1:50051'),
    causes: (entry) =>
      inBody || phaseOf(entry, 'header') === 'body' ? ['response-cut'] : ['invalid-response-header'],
  };
}

/** HTTP/2 towards the backend: grpc_pass, and proxy_http_version 2. */
export const grpc: readonly MessageKind[] = [
  {
    id: 'upstream-too-large-http2-frame',
    text: 'upstream sent too large http2 frame: <frame>',
    source:
      'ngx_http_grpc_module.c ngx_http_grpc_parse_frame, ngx_http_proxy_v2_module.c ngx_http_proxy_v2_parse_frame',
    phase: phaseOr('header'),
    status: answerStatus,
    fault: 'configuration',
    meaning: (entry) => {
      const what = protocolInMessage(entry.message);
      return what === null
        ? `${sentence(peer(entry))} sent something that is not HTTP/2.`
        : `${sentence(peer(entry))} answered with ${what.words} where nginx expected HTTP/2.`;
    },
    since: null,
    example: upstreamLine(
      'error',
      'upstream sent too large http2 frame: 4740180',
      HEADER,
      'grpc://127.0.0.1:3001',
    ),
    causes: frameCauses,
  },
  {
    id: 'upstream-rejected-http2-request',
    text: 'upstream rejected request with error <error>',
    source:
      'ngx_http_grpc_module.c ngx_http_grpc_process_header, ngx_http_proxy_v2_module.c ngx_http_proxy_v2_process_header',
    phase: phaseOr('header'),
    status: answerStatus,
    fault: 'backend',
    meaning: (entry) =>
      `${sentence(peer(entry))} broke off the request with the HTTP/2 error ${errorName(entry)}.`,
    since: null,
    example: upstreamLine(
      'error',
      'upstream rejected request with error 2',
      HEADER,
      'grpc://127.0.0.1:50051',
    ),
    causes: rejectionCauses,
  },
  {
    id: 'upstream-sent-goaway',
    text: 'upstream sent goaway with error <error>',
    source:
      'ngx_http_grpc_module.c ngx_http_grpc_process_header, ngx_http_proxy_v2_module.c ngx_http_proxy_v2_process_control_frame',
    phase: phaseOr('header'),
    status: answerStatus,
    fault: 'backend',
    meaning: (entry) =>
      `${sentence(peer(entry))} closed the HTTP/2 connection with the error ${errorName(entry)}.`,
    since: null,
    example: upstreamLine('error', 'upstream sent goaway with error 11', HEADER, 'grpc://127.0.0.1:50051'),
    causes: rejectionCauses,
  },
  {
    id: 'upstream-prematurely-closed-stream',
    text: 'upstream prematurely closed stream',
    source:
      'ngx_http_grpc_module.c ngx_http_grpc_filter_init, ngx_http_grpc_filter (behind early hints also ngx_http_grpc_process_header); ngx_http_proxy_v2_module.c',
    phase: 'body',
    status: bodyFailure,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} ended the HTTP/2 stream before its answer was complete.`,
    since: '1.19.1',
    example: upstreamLine('error', 'upstream prematurely closed stream', HEADER, 'grpc://127.0.0.1:50051'),
    causes: ['response-cut', 'http2-stream-reset'],
  },
  {
    id: 'upstream-too-large-http2-header',
    text: 'upstream sent too large http2 header[ name length: <number>| value length: <number>| name length| value length|]',
    source:
      'ngx_http_grpc_module.c ngx_http_grpc_parse_fragment, ngx_http_proxy_v2_module.c ngx_http_proxy_v2_parse_fragment',
    phase: phaseOr('header'),
    status: answerStatus,
    fault: 'configuration',
    meaning: (entry) =>
      `The response header of ${peer(entry)} is larger than the buffer that nginx has for it.`,
    since: null,
    example: upstreamLine(
      'error',
      'upstream sent too large http2 header value length: 6000',
      HEADER,
      'grpc://127.0.0.1:50051',
    ),
    causes: ['response-header-too-big'],
  },
  frame(
    'upstream-http2-invalid-header',
    'upstream sent invalid header "<header>"',
    'upstream sent invalid header "X-Bad: 1"',
    'sent a header that HTTP/2 does not allow',
  ),
  frame(
    'upstream-http2-duplicate-status',
    'upstream sent duplicate :status header',
    'upstream sent duplicate :status header',
    'sent its status twice',
  ),
  frame(
    'upstream-http2-no-status',
    'upstream sent no :status header',
    'upstream sent no :status header',
    'sent an answer without a status',
  ),
  frame(
    'upstream-http2-bad-status',
    'upstream sent [invalid|unexpected] :status "<status-text>"',
    'upstream sent invalid :status "2xx"',
    'sent a status that nginx does not accept',
  ),
  frame(
    'upstream-http2-unexpected-frame',
    'upstream sent unexpected http2 frame: <number>',
    'upstream sent unexpected http2 frame: 0',
    'sent an HTTP/2 frame that has no place there',
  ),
  frame(
    'upstream-http2-unknown-stream',
    'upstream sent [frame|data frame] for unknown stream <number>',
    'upstream sent frame for unknown stream 3',
    'sent a part of an answer that nginx did not ask for',
  ),
  {
    ...frame(
      'upstream-http2-closed-stream',
      'upstream sent frame for closed stream <number>',
      'upstream sent frame for closed stream 1',
      'went on sending after the end of its answer',
      null,
      true,
    ),
    // Mostly a reset behind an early answer: the backend does not want the rest of the request.
    causes: ['http2-stream-reset', 'response-cut'],
  },
  frame(
    'upstream-http2-push',
    'upstream sent unexpected push promise frame',
    'upstream sent unexpected push promise frame',
    'pushed an answer that nginx did not ask for',
  ),
  frame(
    'upstream-http2-flow-control',
    'upstream violated [stream|connection] flow control, received <number> data frame with window <count>',
    'upstream violated stream flow control, received 16384 data frame with window 0',
    'sent more than nginx had allowed',
    null,
    true,
  ),
  frame(
    'upstream-http2-body-too-long',
    'upstream sent response body larger than indicated content length',
    'upstream sent response body larger than indicated content length',
    'sent more than its content-length',
    '1.19.1',
    true,
  ),
  frame(
    'upstream-http2-trailer-not-last',
    'upstream sent trailer without end stream flag',
    'upstream sent trailer without end stream flag',
    'sent trailers and did not end the stream',
    null,
    true,
  ),
  frame(
    'upstream-http2-short-frame',
    'upstream sent too short http2 frame',
    'upstream sent too short http2 frame',
    'sent an HTTP/2 frame that is too short',
  ),
  frame(
    'upstream-http2-padding',
    'upstream sent http2 frame with too long padding: <number> in frame <count>',
    'upstream sent http2 frame with too long padding: 9 in frame 4',
    'sent an HTTP/2 frame whose padding is longer than itself',
  ),
  frame(
    'upstream-http2-truncated-header',
    'upstream sent truncated http2 header',
    'upstream sent truncated http2 header',
    'sent a header that ends in the middle',
  ),
  frame(
    'upstream-http2-bad-table',
    'upstream sent invalid http2 [table index: <number>|dynamic table size update: <number>]',
    'upstream sent invalid http2 table index: 99',
    'sent a header that cannot be unpacked',
  ),
  frame(
    'upstream-http2-table-continuation',
    'upstream sent http2 table index with continuation flag',
    'upstream sent http2 table index with continuation flag',
    'sent a header that cannot be unpacked',
  ),
  frame(
    'upstream-http2-empty-name',
    'upstream sent zero http2 header name length',
    'upstream sent zero http2 header name length',
    'sent a header without a name',
  ),
  frame(
    'upstream-http2-bad-encoding',
    'upstream sent invalid encoded header',
    'upstream sent invalid encoded header',
    'sent a header that cannot be unpacked',
  ),
  frame(
    'upstream-http2-frame-length',
    'upstream sent [headers|rst stream|goaway|window update|settings|ping] frame with invalid length: <number>',
    'upstream sent settings frame with invalid length: 7',
    'sent an HTTP/2 frame of the wrong length',
  ),
  frame(
    'upstream-http2-frame-stream',
    'upstream sent [goaway|settings|ping] frame with non-zero stream id: <number>',
    'upstream sent ping frame with non-zero stream id: 1',
    'sent an HTTP/2 frame with the wrong number',
  ),
  frame(
    'upstream-http2-window-update',
    'upstream sent [zero|too large] window update',
    'upstream sent zero window update',
    'sent an HTTP/2 window update that is not allowed',
  ),
  frame(
    'upstream-http2-settings-ack',
    'upstream sent settings frame with ack flag and non-zero length: <number>',
    'upstream sent settings frame with ack flag and non-zero length: 6',
    'sent HTTP/2 settings that are not allowed',
  ),
  frame(
    'upstream-http2-settings-window',
    'upstream sent settings frame with too large initial window size: <number>',
    'upstream sent settings frame with too large initial window size: 4294967295',
    'sent HTTP/2 settings that are not allowed',
  ),
  frame(
    'upstream-http2-flood',
    'upstream sent too many [settings|ping] frames',
    'upstream sent too many ping frames',
    'sent too many HTTP/2 control frames',
  ),
  frame(
    'upstream-http2-ping-ack',
    'upstream sent ping frame with ack flag',
    'upstream sent ping frame with ack flag',
    'answered an HTTP/2 ping that nginx had not sent',
  ),
  frame(
    'upstream-http2-no-connection-data',
    'no connection data found for keepalive http2 connection',
    'no connection data found for keepalive http2 connection',
    'had a pooled connection whose HTTP/2 state is gone',
  ),
];

function answerStatus(entry: LogEntry): StatusVerdict {
  return phaseOf(entry, 'header') === 'header' ? invalidAnswer(entry) : upstreamFailure('header')(entry);
}

/** The last number of the message. */
function lastNumber(entry: LogEntry): number | null {
  const end = entry.action === null ? entry.message.length : entry.message.length - entry.action.length - 7;
  const number = Number(entry.message.slice(entry.message.lastIndexOf(' ', end - 1) + 1, end));
  return Number.isInteger(number) ? number : null;
}

function frameCauses(entry: LogEntry): readonly string[] {
  switch (protocolInMessage(entry.message)?.protocol) {
    case 'tls-alert':
    case 'tls-handshake':
      return ['plain-to-tls-backend'];
    case 'http':
    case 'html':
    case 'json':
    case undefined:
      return isGrpc(entry) || entry.upstream?.scheme === null || entry.upstream === null
        ? ['grpc-pass-to-http-backend', 'http2-upstream-mismatch']
        : ['http2-upstream-mismatch'];
    case 'proxy-protocol':
      return ['proxy-protocol-mismatch'];
    default:
      return ['non-http-backend'];
  }
}

function rejectionCauses(entry: LogEntry): readonly string[] {
  switch (HTTP2_ERRORS[lastNumber(entry) ?? -1]?.name) {
    case 'NO_ERROR':
    case 'REFUSED_STREAM':
      return ['http2-stream-reset', 'backend-restarting'];
    case 'INADEQUATE_SECURITY':
      return ['tls-version-mismatch', 'http2-stream-reset'];
    case 'HTTP_1_1_REQUIRED':
      return isGrpc(entry) ? ['grpc-pass-to-http-backend'] : ['http2-upstream-mismatch'];
    default:
      return ['http2-stream-reset'];
  }
}

/** The number in the message as `2 (INTERNAL_ERROR)`, with why a backend sends it. */
function errorName(entry: LogEntry): string {
  const number = lastNumber(entry);
  const known = number === null ? undefined : HTTP2_ERRORS[number];
  return known === undefined ? `${number ?? 'unknown'}` : `${number} (${known.name}), ${known.says}`;
}
