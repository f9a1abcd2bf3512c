import type { LogEntry } from '../entry.ts';
import { errnoMeaning } from '../errno.ts';
import { protocolInMessage } from '../first-bytes.ts';
import type { MessageKind } from '../message.ts';
import { clientLine, processLine, requestLine, upstreamLine } from './example-line.ts';
import { internalError, NO_ANSWER, NOT_STARTED, phaseOf, UNCHANGED, verdict } from './shared.ts';

const LIMITED = verdict(
  '503',
  'response',
  'likely',
  '503 unless limit_req_status or limit_conn_status says otherwise; not 502.',
);
const DRY_RUN = verdict(
  null,
  null,
  'certain',
  'dry_run is on: the request goes on as if there were no limit.',
);

/** Limits of the machine, of nginx and of the configuration. */
export const limits: readonly MessageKind[] = [
  {
    id: 'worker-connections-not-enough',
    text: '<count> worker_connections are not enough',
    source: 'ngx_connection.c ngx_get_connection',
    phase: (entry) => (phaseOf(entry, 'client') === 'connect' ? 'prepare' : 'client'),
    status: (entry) =>
      phaseOf(entry, 'client') === 'connect'
        ? internalError(entry)
        : verdict(
            null,
            'closed',
            'likely',
            'New connections are closed without a byte; requests that nginx has already taken get 500.',
          ),
    fault: 'host-limit',
    meaning: (entry) =>
      phaseOf(entry, 'client') === 'connect'
        ? `All ${countOf(entry)} connections of a worker were in use, so nginx could not open one to the backend.`
        : `All ${countOf(entry)} connections of a worker were in use, so nginx closed a new one at once.`,
    since: null,
    example: upstreamLine('alert', '1024 worker_connections are not enough', 'connecting to upstream'),
    causes: ['proxy-loop', 'worker-connections-exhausted'],
  },
  {
    id: 'worker-connections-reused',
    text: '<count> worker_connections are not enough, reusing connections',
    source: 'ngx_connection.c ngx_drain_connections',
    phase: 'other',
    status: UNCHANGED,
    fault: 'host-limit',
    meaning: (entry) =>
      `Nearly all ${countOf(entry)} connections of a worker were in use; nginx closed idle ones to go on.`,
    since: '1.19.2',
    example: processLine('warn', '1024 worker_connections are not enough, reusing connections'),
    causes: ['worker-connections-exhausted'],
  },
  {
    id: 'worker-connections-below-listeners',
    text: '<count> worker_connections are not enough for <number> listening sockets',
    source: 'ngx_event.c ngx_event_init_conf',
    phase: 'start-up',
    status: NOT_STARTED,
    fault: 'configuration',
    meaning: (entry) =>
      `worker_connections is ${countOf(entry)}, fewer than the addresses that nginx listens on.`,
    since: null,
    example: 'nginx: [emerg] 2 worker_connections are not enough for 3 listening sockets',
    causes: ['worker-connections-exhausted'],
  },
  {
    id: 'worker-connections-above-open-files',
    text: '<count> worker_connections exceed open file resource limit: <number>',
    source: 'ngx_event.c ngx_event_module_init',
    phase: 'start-up',
    status: verdict(
      null,
      'none',
      'certain',
      'nginx starts; it will run out of files before it runs out of connections.',
    ),
    fault: 'host-limit',
    meaning: (entry) =>
      `worker_connections is ${countOf(entry)}, more than the number of files that a worker may open.`,
    since: null,
    example: 'nginx: [warn] 4096 worker_connections exceed open file resource limit: 1024',
    causes: ['open-files-exhausted'],
  },
  {
    id: 'accept-failed',
    text: '[accept4|accept]() failed (<errno>)',
    source: 'ngx_event_accept.c ngx_event_accept',
    phase: 'client',
    status: verdict(null, 'none', 'likely', 'New clients wait until nginx can take connections again.'),
    fault: 'host-limit',
    meaning: (entry) => {
      const errno = errnoMeaning(entry.errno);
      return errno === 'too-many-files' || errno === 'too-many-files-system'
        ? 'nginx could not take new connections: the limit of open files is reached.'
        : 'nginx could not take a new connection.';
    },
    since: null,
    example: processLine('crit', 'accept4() failed (24: Too many open files)'),
    causes: (entry) => {
      const errno = errnoMeaning(entry.errno);
      return errno === 'too-many-files' || errno === 'too-many-files-system' ? ['open-files-exhausted'] : [];
    },
  },
  {
    id: 'socket-number-too-high',
    text: 'the new socket has number <number>, but only <count> files are available',
    source: 'ngx_connection.c ngx_get_connection',
    phase: 'prepare',
    status: internalError,
    fault: 'host-limit',
    meaning: () => 'nginx got a socket whose number is beyond the limit of open files.',
    since: null,
    example: processLine('alert', 'the new socket has number 1024, but only 1024 files are available'),
    causes: ['open-files-exhausted'],
  },
  {
    id: 'limiting-requests',
    text: 'limiting requests[, dry run], excess: <excess> by zone "<zone>"',
    source: 'ngx_http_limit_req_module.c ngx_http_limit_req_handler',
    phase: 'client',
    status: (entry) => (entry.message.includes('dry run') ? DRY_RUN : LIMITED),
    fault: 'client',
    meaning: () => 'The client sent more requests than limit_req allows; no backend was asked.',
    since: null,
    example: requestLine('error', 'limiting requests, excess: 20.530 by zone "perip"'),
    causes: [],
  },
  {
    id: 'delaying-request',
    text: 'delaying request[, dry run], excess: <excess>, by zone "<zone>"',
    source: 'ngx_http_limit_req_module.c ngx_http_limit_req_handler',
    phase: 'client',
    status: UNCHANGED,
    fault: 'client',
    meaning: () => 'The client sent requests faster than limit_req allows, so nginx let this one wait.',
    since: null,
    example: requestLine('warn', 'delaying request, excess: 1.240, by zone "perip"'),
    causes: [],
  },
  {
    id: 'limiting-connections',
    text: 'limiting connections[, dry run,] by zone "<zone>"',
    source: 'ngx_http_limit_conn_module.c ngx_http_limit_conn_handler',
    phase: 'client',
    status: (entry) => (entry.message.includes('dry run') ? DRY_RUN : LIMITED),
    fault: 'client',
    meaning: () => 'The client had more connections open than limit_conn allows; no backend was asked.',
    since: null,
    example: requestLine('error', 'limiting connections by zone "addr"'),
    causes: [],
  },
  {
    id: 'zone-full',
    text: '[ngx_slab_alloc() failed: no memory|could not allocate node]<place>',
    source: 'ngx_slab.c ngx_slab_error, ngx_http_limit_req_module.c ngx_http_limit_req_lookup',
    phase: 'other',
    status: NO_ANSWER,
    fault: 'configuration',
    meaning: (entry) => {
      const at = entry.message.indexOf(' in ');
      return `A shared memory zone is full${at < 0 ? '' : `:${entry.message.slice(at + 3)}`}.`;
    },
    since: null,
    example: processLine('crit', 'ngx_slab_alloc() failed: no memory in cache keys zone "one"'),
    causes: [],
  },
  {
    id: 'worker-killed',
    text: '[worker process|cache manager process|cache loader process|unknown process] <pid> exited on signal <signal>[ (core dumped)]',
    source: 'os/unix/ngx_process.c ngx_process_get_status',
    phase: 'other',
    status: verdict(null, 'closed', 'likely', 'The connections of that worker ended without an answer.'),
    fault: 'host-limit',
    meaning: (entry) => {
      const signal = / on signal (\d+)/.exec(entry.message)?.[1] ?? '';
      return signal === '9'
        ? 'Something killed a worker process of nginx (signal 9), often the kernel when memory runs out.'
        : `A worker process of nginx crashed (signal ${signal}).`;
    },
    since: null,
    example: processLine('alert', 'worker process 29 exited on signal 11 (core dumped)'),
    causes: [],
  },
  {
    id: 'worker-not-respawned',
    text: '[worker process|cache manager process|cache loader process|unknown process] <pid> exited with fatal code <code> and cannot be respawned',
    source: 'os/unix/ngx_process.c ngx_process_get_status',
    phase: 'other',
    status: NO_ANSWER,
    fault: 'host-limit',
    meaning: () => 'A worker process of nginx could not start; the lines before this one say why.',
    since: null,
    example: processLine('alert', 'worker process 29 exited with fatal code 2 and cannot be respawned'),
    causes: [],
  },
  {
    id: 'setrlimit-failed',
    text: 'setrlimit(<limit>) failed (<errno>)',
    source: 'os/unix/ngx_process_cycle.c ngx_worker_process_init',
    phase: 'start-up',
    status: verdict(null, 'none', 'certain', 'nginx starts without the higher limit.'),
    fault: 'host-limit',
    meaning: () => 'nginx was not allowed to raise the limit of open files to worker_rlimit_nofile.',
    since: null,
    example: processLine('alert', 'setrlimit(RLIMIT_NOFILE, 65535) failed (1: Operation not permitted)'),
    causes: ['open-files-exhausted'],
  },
  {
    id: 'sockets-left-open',
    text: 'open socket #<number> left in connection <count>',
    source: 'os/unix/ngx_process_cycle.c ngx_worker_process_exit',
    phase: 'other',
    status: NO_ANSWER,
    fault: 'nobody',
    meaning: () => 'A worker process ended while a connection was still open.',
    since: null,
    example: '2026/01/10 08:41:45 [alert] 165#165: *18127 open socket #12 left in connection 5',
    causes: [],
  },
  {
    id: 'malformed-proxy-protocol',
    text: 'broken header: "<line>"',
    source: 'ngx_proxy_protocol.c ngx_proxy_protocol_read',
    phase: 'client',
    status: verdict(null, 'closed', 'certain', 'nginx closes the connection without an answer.'),
    fault: 'configuration',
    meaning: (entry) => {
      const sent = protocolInMessage(entry.message);
      const instead = sent === null ? '' : `; it began with ${sent.words}`;
      return `${entry.client ?? 'A client'} connected without the PROXY protocol header that this listen address demands${instead}.`;
    },
    since: null,
    example: clientLine('error', 'broken header: "GET / HTTP/1.1"', 'reading PROXY protocol'),
    causes: ['proxy-protocol-mismatch'],
  },
  {
    id: 'unknown-proxy-protocol-version',
    text: 'unknown PROXY protocol version: <number>',
    source: 'ngx_proxy_protocol.c ngx_proxy_protocol_v2_read',
    phase: 'client',
    status: verdict(null, 'closed', 'certain', 'nginx closes the connection without an answer.'),
    fault: 'configuration',
    meaning: () => 'A client sent a PROXY protocol header of a version that nginx does not know.',
    since: null,
    example: clientLine('error', 'unknown PROXY protocol version: 3', 'reading PROXY protocol'),
    causes: ['proxy-protocol-mismatch'],
  },
];

function countOf(entry: LogEntry): string {
  const end = entry.message.indexOf(' ');
  const count = entry.message.slice(0, end);
  return /^\d+$/.test(count) ? count : 'its';
}
