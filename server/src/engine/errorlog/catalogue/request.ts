import type { MessageKind } from '../message.ts';
import { requestLine } from './example-line.ts';
import { between, NOT_STARTED, UNCHANGED, verdict } from './shared.ts';

const CYCLE = verdict('500', 'response', 'certain', '500, not 502: no backend was asked in the end.');

const LUA_FAILED = verdict('500', 'response', 'likely', '500 from a Lua script, not 502.');

/** What happens to a request inside nginx, before or beside the backend. */
/** Levels at which a script speaks of a failure. */
const SERIOUS: ReadonlySet<string> = new Set(['emerg', 'alert', 'crit', 'error']);

export const request: readonly MessageKind[] = [
  {
    id: 'auth-request-unexpected-status',
    text: 'auth request unexpected status: <status>',
    source: 'ngx_http_auth_request_module.c ngx_http_auth_request_handler',
    phase: 'other',
    status: verdict(
      '500',
      'response',
      'likely',
      '500 from nginx, whatever the authorisation service failed with.',
    ),
    fault: 'backend',
    meaning: (entry) => {
      const status = /unexpected status: (\d+)/.exec(entry.message)?.[1] ?? 'another status';
      return `The authorisation subrequest ended with ${status}; auth_request accepts only 2xx, 401 and 403.`;
    },
    since: null,
    example: requestLine('error', 'auth request unexpected status: 502 while sending to client'),
    causes: ['auth-request-failed'],
  },
  {
    id: 'redirect-cycle',
    text: 'rewrite or internal redirection cycle while [processing|internally redirecting to|redirect to named location] "<target>"',
    source:
      'ngx_http_core_module.c ngx_http_core_post_rewrite_phase, ngx_http_internal_redirect, ngx_http_named_location',
    phase: 'other',
    status: CYCLE,
    fault: 'configuration',
    meaning: (entry) =>
      `nginx redirected the request inside itself more than 10 times, at last to "${between(entry.message, '"', '"', 0) ?? ''}".`,
    since: null,
    example: requestLine(
      'error',
      'rewrite or internal redirection cycle while internally redirecting to "/index.html"',
    ),
    causes: ['internal-redirect-cycle'],
  },
  {
    id: 'subrequest-cycle',
    text: 'subrequests cycle while processing "<target>"',
    source: 'ngx_http_core_module.c ngx_http_subrequest',
    phase: 'other',
    status: CYCLE,
    fault: 'configuration',
    meaning: () => 'A subrequest caused the same subrequest again, more than 50 times.',
    since: null,
    example: requestLine('error', 'subrequests cycle while processing "/auth"'),
    causes: ['internal-redirect-cycle'],
  },
  {
    id: 'named-location-missing',
    text: 'could not find named location "<name>"',
    source: 'ngx_http_core_module.c ngx_http_named_location',
    phase: 'other',
    status: verdict('500', 'response', 'certain', '500, not 502: no backend was asked.'),
    fault: 'configuration',
    meaning: (entry) =>
      `The configuration sends the request to the location ${between(entry.message, '"', '"', 0) ?? ''}, which does not exist.`,
    since: null,
    example: requestLine('error', 'could not find named location "@fallback"'),
    causes: [],
  },
  {
    id: 'access-forbidden',
    text: 'access forbidden by rule',
    source: 'ngx_http_core_module.c ngx_http_core_post_access_phase',
    phase: 'other',
    status: verdict('403', 'response', 'likely', '403, not 502: no backend was asked.'),
    fault: 'nobody',
    meaning: () => 'allow and deny do not let this client in.',
    since: null,
    example: requestLine('error', 'access forbidden by rule'),
    causes: [],
  },
  {
    id: 'directory-index-forbidden',
    text: 'directory index of "<path>" is forbidden',
    source: 'ngx_http_core_module.c ngx_http_core_content_phase',
    phase: 'other',
    status: verdict('403', 'response', 'likely', '403, not 502: no backend was asked.'),
    fault: 'configuration',
    meaning: (entry) =>
      `The request was for the directory ${between(entry.message, '"', '"', 0) ?? ''}, which has no index file; no *_pass handled it.`,
    since: null,
    example: requestLine('error', 'directory index of "/usr/share/nginx/html/" is forbidden'),
    causes: [],
  },
  {
    id: 'no-handler',
    text: 'no handler found',
    source: 'ngx_http_core_module.c ngx_http_core_content_phase',
    phase: 'other',
    status: verdict('404', 'response', 'likely', '404, not 502: no backend was asked.'),
    fault: 'configuration',
    meaning: () => 'Nothing in the configuration handles this request.',
    since: null,
    example: requestLine('error', 'no handler found'),
    causes: [],
  },
  {
    id: 'uninitialised-variable',
    text: 'using uninitialized "<name>" variable',
    source: 'ngx_http_rewrite_module.c ngx_http_rewrite_var',
    phase: 'other',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: (entry) =>
      `The variable $${between(entry.message, '"', '"', 0) ?? ''} was used before anything set it; it is empty.`,
    since: null,
    example: requestLine('warn', 'using uninitialized "backend" variable'),
    causes: ['invalid-upstream-variable'],
  },
  {
    id: 'lua-aborted',
    text: 'lua entry thread aborted: <lua>',
    source: 'OpenResty, ngx_http_lua_util.c ngx_http_lua_run_thread',
    phase: 'other',
    status: LUA_FAILED,
    fault: 'configuration',
    meaning: () => 'A Lua script failed.',
    since: null,
    example: requestLine(
      'error',
      'lua entry thread aborted: runtime error: access_by_lua(nginx.conf:32):2: attempt to index a nil value',
    ),
    causes: ['lua-error'],
  },
  {
    id: 'lua-thread-aborted',
    text: '[lua user thread aborted: <lua>|lua coroutine: runtime error: <lua>]',
    source: 'OpenResty, ngx_http_lua_util.c ngx_http_lua_run_thread',
    phase: 'other',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: () => 'A thread that a Lua script had started failed; the script itself went on.',
    since: null,
    example: requestLine(
      'error',
      'lua user thread aborted: runtime error: content_by_lua(nginx.conf:65):1: attempt to index a nil value',
    ),
    causes: ['lua-error'],
  },
  {
    id: 'lua-phase-failed',
    text: 'failed to run <name>_by_lua*: <lua>',
    source:
      'OpenResty, ngx_http_lua_setby.c, ngx_http_lua_balancer.c, ngx_http_lua_headerfilterby.c, ngx_http_lua_bodyfilterby.c, ngx_http_lua_logby.c',
    phase: 'other',
    status: (entry) => {
      const name = /failed to run (\w{1,40}?)_by_lua/.exec(entry.message)?.[1];
      if (name === 'log') return UNCHANGED;
      return name === 'header_filter' || name === 'body_filter'
        ? verdict(null, 'closed', 'likely', 'nginx closes the connection: the answer was on its way already.')
        : LUA_FAILED;
    },
    fault: 'configuration',
    meaning: (entry) => `The Lua code of ${/\w{1,40}_by_lua/.exec(entry.message)?.[0]} failed.`,
    since: null,
    example: requestLine(
      'error',
      'failed to run set_by_lua*: set_by_lua(nginx.conf:24):1: attempt to concatenate a nil value',
    ),
    causes: ['lua-error'],
  },
  {
    id: 'lua-init-failed',
    text: '[init_by_lua|init_by_lua_file|init_worker_by_lua|init_worker_by_lua_file] error: <lua>',
    source:
      'OpenResty, ngx_http_lua_util.c ngx_http_lua_report; ngx_http_lua_initby.c, ngx_http_lua_initworkerby.c',
    phase: 'start-up',
    // What a worker's own code failed at is not asked for again (ngx_http_lua_init_worker).
    status: ({ message }) => (message.startsWith('init_worker') ? UNCHANGED : NOT_STARTED),
    fault: 'configuration',
    meaning: ({ message }) =>
      message.startsWith('init_worker')
        ? 'The Lua code that prepares each worker failed; what it was to set up is not there.'
        : 'The Lua code that nginx runs when it reads its configuration failed.',
    since: null,
    example:
      "2026/01/10 10:00:00 [error] 7#7: init_worker_by_lua error: init_worker_by_lua:2: attempt to index field 're' (a nil value)",
    causes: ['lua-error'],
  },
  {
    id: 'lua-not-loaded',
    text: '[failed to load inlined Lua code: <lua>|failed to load external Lua file "<path>": <lua>]',
    source: 'OpenResty, ngx_http_lua_cache.c ngx_http_lua_cache_loadbuffer, ngx_http_lua_cache_loadfile',
    phase: 'other',
    status: ({ message }) =>
      /: cannot (?:open|read) /.test(message)
        ? verdict('404', 'response', 'likely', '404, from set_by_lua_file 500: the Lua file cannot be read.')
        : LUA_FAILED,
    fault: 'configuration',
    meaning: ({ message }) =>
      /: cannot (?:open|read) /.test(message)
        ? 'nginx could not read a Lua file.'
        : 'Lua code has a fault of syntax: nginx compiles it with the first request.',
    since: null,
    example: requestLine(
      'error',
      "failed to load inlined Lua code: content_by_lua(nginx.conf:28):1: unexpected symbol near '='",
    ),
    causes: ['lua-error'],
  },
  {
    id: 'lua-certificate-rejected',
    text: 'lua ssl certificate verify error: (<verify>)',
    source: 'OpenResty, ngx_http_lua_socket_tcp.c ngx_http_lua_ssl_handshake_handler',
    phase: 'other',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: () => 'A Lua script connected with TLS to a server whose certificate it does not accept.',
    since: null,
    example: requestLine(
      'error',
      'lua ssl certificate verify error: (20: unable to get local issuer certificate), context: ssl_certificate_by_lua*',
    ),
    causes: ['upstream-certificate-rejected', 'lua-error'],
  },
  {
    id: 'js-certificate-rejected',
    text: 'js http fetch SSL certificate verify error: (<verify>)',
    source: 'njs, ngx.fetch()',
    phase: 'other',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: () => 'A script of njs connected with TLS to a server whose certificate it does not accept.',
    since: null,
    example: requestLine(
      'error',
      'js http fetch SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking to fetch target',
    ),
    causes: ['upstream-certificate-rejected'],
  },
  {
    id: 'lua-log',
    text: '[[lua] <what>',
    source: 'OpenResty, ngx_http_lua_log.c log_wrapper',
    phase: 'other',
    status: UNCHANGED,
    fault: ({ level }) => (level === null || SERIOUS.has(level) ? 'unknown' : 'nobody'),
    meaning: () => 'A Lua script wrote this line; what the client got depends on the script.',
    since: null,
    example: requestLine('error', '[lua] balancer.lua:442: run(): failed to pick server'),
    causes: ['lua-error'],
  },
];
