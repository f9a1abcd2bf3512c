import type { LogEntry } from '../entry.ts';
import type { MessageKind } from '../message.ts';
import { requestLine, upstreamLine } from './example-line.ts';
import { internalError, phaseOf, UNCHANGED, upstreamFailure, verdict } from './shared.ts';

/** Failures of a request inside nginx, and its checks of itself: no backend is to blame. */
export const internal: readonly MessageKind[] = [
  {
    id: 'rewritten-uri-empty',
    text: 'the rewritten URI has a zero length',
    source: 'ngx_http_script.c ngx_http_script_regex_end_code',
    phase: 'client',
    status: internalError,
    fault: 'configuration',
    meaning: () => 'A rewrite left nothing of the URI.',
    since: null,
    example: requestLine('error', 'the rewritten URI has a zero length'),
    causes: [],
  },
  {
    id: 'redirect-without-uri',
    text: 'empty URI in redirect to named location "<name>"',
    source: 'ngx_http_core_module.c ngx_http_named_location',
    phase: 'client',
    status: internalError,
    fault: 'configuration',
    meaning: () => 'nginx was sent to a named location when the request had no URI left.',
    since: null,
    example: requestLine('error', 'empty URI in redirect to named location "@app"'),
    causes: [],
  },
  {
    id: 'alias-after-rewrite',
    text: '"alias" cannot be used in location "<location>" where URI was rewritten',
    source: 'ngx_http_core_module.c ngx_http_map_uri_to_path',
    phase: 'client',
    status: internalError,
    fault: 'configuration',
    meaning: () =>
      'A rewrite changed the URI in a location with alias, so nginx cannot tell which file is meant.',
    since: null,
    example: requestLine('alert', '"alias" cannot be used in location "/static/" where URI was rewritten'),
    causes: [],
  },
  {
    id: 'subrequest-refused',
    text: '[nested in-memory subrequest "<uri>"|request reference counter overflow while processing "<uri>"]',
    source: 'ngx_http_core_module.c ngx_http_subrequest',
    phase: 'client',
    status: internalError,
    fault: 'configuration',
    meaning: () => 'A request started more requests inside nginx, or deeper ones, than nginx allows.',
    since: null,
    example: requestLine('error', 'nested in-memory subrequest "/part"'),
    causes: ['internal-redirect-cycle'],
  },
  {
    id: 'regex-failed',
    text: '[pcre2_match|pcre_exec]() failed: <result> on "<text>" using "<regex>"',
    source:
      'ngx_http_request.c ngx_http_find_virtual_server, ngx_http_fastcgi_module.c ngx_http_fastcgi_split, ngx_http_variables.c ngx_http_regex_exec',
    phase: 'client',
    status: internalError,
    fault: 'configuration',
    meaning: () => 'A regular expression of the configuration took too many steps on this request.',
    since: null,
    example: requestLine('alert', 'pcre2_match() failed: -47 on "/a/a/a/a" using "^(/a+)+$"'),
    causes: [],
  },
  {
    id: 'delaying-unauthorized-request',
    text: 'delaying unauthorized request',
    source: 'ngx_http_core_module.c ngx_http_core_auth_delay',
    phase: 'client',
    status: verdict('401', 'response', 'likely', '401 after auth_delay; no backend is asked.'),
    fault: 'client',
    meaning: () =>
      'The client gave no right user name and password, and auth_delay lets it wait for the answer.',
    since: null,
    example: requestLine('info', 'delaying unauthorized request'),
    causes: [],
  },
  {
    id: 'variable-cycle',
    text: 'cycle while evaluating variable "<name>"',
    source: 'ngx_http_variables.c ngx_http_get_indexed_variable',
    phase: 'prepare',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: () => 'A variable is made of itself, over a map or a set; it stays empty.',
    since: null,
    example: requestLine('error', 'cycle while evaluating variable "backend"'),
    causes: ['invalid-upstream-variable'],
  },
  {
    id: 'limit-key-too-long',
    text: 'the value of the "<key>" key is more than <number> bytes: "<value>"',
    source: 'ngx_http_limit_req_module.c ngx_http_limit_req_handler, ngx_http_limit_conn_module.c',
    phase: 'client',
    status: UNCHANGED,
    fault: 'client',
    meaning: () => 'What a limit counts by is too long for this request, so the request is not counted.',
    since: null,
    example: requestLine('error', 'the value of the "$arg_key" key is more than 255 bytes: "aaaa"'),
    causes: [],
  },
  {
    id: 'invalid-size-in-variable',
    text: '[invalid size "<value>"|invalid $limit_rate "<value>"]',
    source: 'ngx_http_script.c ngx_http_complex_value_size',
    when: (entry) => entry.level !== 'emerg',
    phase: 'other',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: () =>
      'A variable gave a size that is none (limit_rate, proxy_limit_rate); nginx goes on with the default.',
    since: null,
    example: requestLine('error', 'invalid size "fast"'),
    causes: [],
  },
  {
    id: 'rewrite-log',
    text: '["<regex>" matches "<uri>"|"<regex>" does not match "<uri>"|rewritten data: "<uri>", args: "<args>"|rewritten redirect: "<uri>"]',
    source: 'ngx_http_script.c ngx_http_script_regex_start_code, ngx_http_script_regex_end_code',
    when: (entry) => entry.level === 'notice' || entry.level === null,
    phase: 'client',
    status: UNCHANGED,
    fault: 'nobody',
    meaning: () => 'rewrite_log is on: nginx tells what a rewrite did. That is no error.',
    since: null,
    example: requestLine('notice', '"^/api/(.*)" matches "/api/users"'),
    causes: [],
  },
  {
    id: 'slow-disk',
    text: '[thread operation took too long|aio operation took too long]',
    source:
      'ngx_http_upstream.c ngx_http_upstream_thread_event_handler, ngx_http_file_cache.c ngx_http_cache_aio_event_handler',
    phase: (entry) => phaseOf(entry, 'other'),
    status: UNCHANGED,
    fault: 'host-limit',
    meaning: () => 'Reading or writing a file took longer than a minute: the disk is overloaded or hangs.',
    since: '1.25.4',
    example: upstreamLine('alert', 'thread operation took too long', 'reading upstream'),
    causes: ['temp-files-unwritable'],
  },
  {
    id: 'header-sent-twice',
    text: 'header already sent',
    source: 'ngx_http_core_module.c ngx_http_send_header',
    phase: 'client',
    status: UNCHANGED,
    fault: 'unknown',
    meaning: () => 'A module wanted to send the response header a second time.',
    since: null,
    example: requestLine('alert', 'header already sent'),
    causes: ['lua-error'],
  },
  {
    id: 'nginx-internal-check',
    text: '[no buffer space in <place>|recycled buffer in pipe out chain|too large header to copy|http request count is zero|http finalize non-active request: "<uri>"|subrequest: "<uri>" logged again|http request already closed|too large pipelined header after reading body|busy buffers after request body flush|negative request body rest|body already in file|duplicate last buf in save filter|invalid thread call, read instead of write|invalid thread call, write instead of read|SSL_sendfile() not available|ngx_ssl_cache_pkey_password_callback() is called for encryption|ngx_ssl_password_callback() is called for encryption|second wsa post|queue still is not empty in ssl cache|<count> items still left in ssl cache|bad buf in output chain <what>|file buf in writev <what>|file buf in sendmsg <what>|too many parts in a datagram|zero size buf in <what>|could not cancel <name> resolving|the http output chain is empty|buffer overflow|ngx_slab_alloc(): page is busy|ngx_slab_free(): <what>|unknown variable index: <number>|shared zone "<zone>" has no equal addresses: <what>|could not create ngx_temp_pool|stalled cache updating, error:<number>|ignore long locked inactive cache entry <key>, count:<count>]',
    source:
      'ngx_http_request.c ngx_http_finalize_request, ngx_http_request_body.c, ngx_http_script.c ngx_http_script_check_length, ngx_event_pipe.c, os/unix/ngx_writev_chain.c, ngx_http_file_cache.c, ngx_resolver.c',
    phase: (entry) => phaseOf(entry, 'other'),
    status: checkStatus,
    fault: 'unknown',
    meaning: () =>
      'nginx found its own data inconsistent: a bug in nginx or in a module, seldom anything in the configuration.',
    since: null,
    example: requestLine('alert', 'negative request body rest'),
    causes: [],
  },
];

/** A check that failed on the way to a backend ends the request with 500; after the header the answer is cut. */
function checkStatus(entry: LogEntry): ReturnType<typeof internalError> {
  if (entry.client === null) {
    return UNCHANGED;
  }
  return entry.upstream === null ? internalError(entry) : upstreamFailure('body')(entry);
}
