import type { LogEntry } from '../entry.ts';
import { protocolInMessage } from '../first-bytes.ts';
import type { MessageKind } from '../message.ts';
import { requestLine, upstreamLine } from './example-line.ts';
import {
  between,
  internalError,
  invalidAnswer,
  peer,
  phaseOf,
  phaseOr,
  sentence,
  UNCHANGED,
  upstreamFailure,
  verdict,
} from './shared.ts';

const HEADER = 'reading response header from upstream';
const PHP = 'fastcgi://127.0.0.1:9000';

/** FastCGI, uwsgi, SCGI and memcached. */
export const fastcgi: readonly MessageKind[] = [
  {
    id: 'fastcgi-unsupported-version',
    text: 'upstream sent unsupported FastCGI protocol version: <number>',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_process_record',
    phase: phaseOr('header'),
    status: invalidAnswer,
    fault: 'configuration',
    meaning: (entry) => {
      const what = protocolInMessage(entry.message)?.words ?? 'something else';
      return `${sentence(peer(entry))} does not speak FastCGI: it answered with ${what}.`;
    },
    since: null,
    example: upstreamLine('error', 'upstream sent unsupported FastCGI protocol version: 72', HEADER, PHP),
    causes: versionCauses,
  },
  {
    id: 'fastcgi-bad-record',
    text: 'upstream sent [invalid FastCGI record type: <number>|unexpected FastCGI record: <number>|unexpected FastCGI request id high byte: <number>|unexpected FastCGI request id low byte: <number>]',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_process_record, ngx_http_fastcgi_process_header',
    phase: phaseOr('header'),
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} broke the FastCGI protocol.`,
    since: null,
    example: upstreamLine('error', 'upstream sent unexpected FastCGI record: 3', HEADER, PHP),
    causes: ['invalid-response-header'],
  },
  {
    id: 'fastcgi-closed',
    text: 'upstream prematurely closed FastCGI [stdout|request]',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_process_header, ngx_http_fastcgi_input_filter',
    phase: phaseOr('header'),
    status: upstreamFailure('header'),
    fault: 'backend',
    meaning: (entry) =>
      phaseOf(entry, 'header') === 'body'
        ? `${sentence(peer(entry))} ended its answer in the middle.`
        : `${sentence(peer(entry))} ended its answer without a header.`,
    since: null,
    example: upstreamLine('error', 'upstream prematurely closed FastCGI stdout', HEADER, PHP),
    causes: (entry) =>
      phaseOf(entry, 'header') === 'body'
        ? ['response-cut', 'backend-worker-timeout', 'backend-restarting']
        : ['backend-closed-early', 'backend-worker-timeout', 'backend-restarting'],
  },
  {
    id: 'primary-script-unknown',
    text: 'FastCGI sent in stderr: "<before>rimary script unknown<after>"',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_process_header (text of php-fpm)',
    phase: 'header',
    status: verdict('404', 'response', 'likely', '404, not 502: php-fpm answers that there is no such file.'),
    fault: 'configuration',
    meaning: (entry) => `php-fpm at ${peer(entry)} found no script at the path that SCRIPT_FILENAME named.`,
    since: null,
    example: upstreamLine('error', 'FastCGI sent in stderr: "Primary script unknown"', HEADER, PHP),
    causes: [],
  },
  {
    id: 'php-fatal-error',
    text: 'FastCGI sent in stderr: "<before>PHP Fatal error: <what>"',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_process_header (text of PHP)',
    phase: 'header',
    status: verdict('500', 'response', 'likely', '500 from PHP itself, not 502.'),
    fault: 'backend',
    meaning: () => 'A PHP script ended with a fatal error.',
    since: null,
    example: upstreamLine(
      'error',
      'FastCGI sent in stderr: "PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function nosuch() in /srv/www/fatal.php:1"',
      HEADER,
      PHP,
    ),
    causes: [],
  },
  {
    id: 'fastcgi-stderr',
    text: 'FastCGI sent in stderr: "<what>"',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_process_header',
    phase: phaseOr('header'),
    status: UNCHANGED,
    fault: 'nobody',
    meaning: () => 'The application wrote this to its error output; the answer does not depend on it.',
    since: null,
    example: upstreamLine(
      'error',
      'FastCGI sent in stderr: "PHP message: PHP Warning:  Undefined variable $x in /srv/www/index.php on line 3"',
      HEADER,
      PHP,
    ),
    causes: [],
  },
  {
    id: 'fastcgi-joined-header-invalid',
    text: 'invalid header after joining FastCGI records',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_process_header',
    phase: 'header',
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} sent a header that nginx does not accept.`,
    since: null,
    example: upstreamLine('alert', 'invalid header after joining FastCGI records', HEADER, PHP),
    causes: ['invalid-response-header'],
  },
  {
    id: 'upstream-invalid-status',
    text: 'upstream sent invalid status "<line>"',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_process_header, also uwsgi and scgi',
    phase: 'header',
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) =>
      `${sentence(peer(entry))} sent "${between(entry.message, '"', '"', 0) ?? ''}" where a status belongs.`,
    since: null,
    example: upstreamLine('error', 'upstream sent invalid status "OK"', HEADER, PHP),
    causes: ['invalid-response-header'],
  },
  {
    id: 'memcached-invalid-response',
    text: 'memcached sent invalid response: "<line>"',
    source: 'ngx_http_memcached_module.c ngx_http_memcached_process_header',
    phase: 'header',
    status: invalidAnswer,
    fault: 'configuration',
    meaning: (entry) => {
      const what = protocolInMessage(entry.message);
      const instead = what === null ? '' : `: it answered with ${what.words}`;
      return `${sentence(peer(entry))} does not answer as memcached does${instead}.`;
    },
    since: null,
    example: upstreamLine(
      'error',
      'memcached sent invalid response: "HTTP/1.1 400 Bad Request"',
      HEADER,
      'memcached://127.0.0.1:8080',
    ),
    causes: ['non-http-backend', 'invalid-response-header'],
  },
  {
    id: 'memcached-invalid-reply',
    text: 'memcached sent invalid [key|flags|length] in response "<line>" for key "<key>"',
    source: 'ngx_http_memcached_module.c ngx_http_memcached_process_header',
    phase: 'header',
    status: invalidAnswer,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} answered for another key, or not as memcached does.`,
    since: null,
    example: upstreamLine(
      'error',
      'memcached sent invalid key in response "VALUE b 0 2" for key "a"',
      HEADER,
      'memcached://127.0.0.1:11211',
    ),
    causes: ['invalid-response-header'],
  },
  {
    id: 'memcached-invalid-trailer',
    text: 'memcached sent invalid trailer',
    source: 'ngx_http_memcached_module.c ngx_http_memcached_filter',
    phase: 'body',
    status: verdict(
      '200',
      'response',
      'likely',
      'The value had come whole: the client gets it. Only what stands behind it is wrong.',
    ),
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} did not end its answer as memcached does.`,
    since: null,
    example: upstreamLine(
      'error',
      'memcached sent invalid trailer',
      'reading upstream',
      'memcached://127.0.0.1:11211',
    ),
    causes: [],
  },
  {
    id: 'memcached-key-not-found',
    text: 'key: "<key>" was not found by memcached',
    source: 'ngx_http_memcached_module.c ngx_http_memcached_process_header',
    phase: 'header',
    status: verdict('404', 'response', 'certain', '404, not 502; error_page may go on to another backend.'),
    fault: 'nobody',
    meaning: () => 'memcached has nothing under this key.',
    since: null,
    example: upstreamLine(
      'info',
      'key: "/a" was not found by memcached',
      HEADER,
      'memcached://127.0.0.1:11211',
    ),
    causes: [],
  },
  {
    id: 'memcached-key-missing',
    text: 'the "$memcached_key" variable is not set',
    source: 'ngx_http_memcached_module.c ngx_http_memcached_create_request',
    phase: 'prepare',
    status: internalError,
    fault: 'configuration',
    meaning: () => 'memcached_pass needs the variable $memcached_key, and it is not set.',
    since: null,
    example: requestLine('error', 'the "$memcached_key" variable is not set'),
    causes: [],
  },
];

function versionCauses(entry: LogEntry): readonly string[] {
  switch (protocolInMessage(entry.message)?.protocol) {
    case 'tls-alert':
    case 'tls-handshake':
      return ['plain-to-tls-backend', 'fastcgi-pass-to-http-backend'];
    case 'scgi':
      return ['uwsgi-scgi-mismatch', 'non-http-backend', 'fastcgi-pass-to-http-backend'];
    case 'smtp':
    case 'redis':
    case 'pop3':
    case 'memcached':
      return ['non-http-backend', 'fastcgi-pass-to-http-backend'];
    default:
      return ['fastcgi-pass-to-http-backend'];
  }
}
