import type { MessageKind } from '../message.ts';
import { internalError, noLiveUpstreams, peer, UNCHANGED, verdict } from './shared.ts';

/** Choosing a peer of the group. */
export const peers: readonly MessageKind[] = [
  {
    id: 'no-live-upstreams',
    text: 'no live upstreams',
    source: 'ngx_http_upstream.c ngx_http_upstream_connect',
    phase: 'prepare',
    status: noLiveUpstreams,
    fault: 'backend',
    meaning: (entry) => {
      const group = entry.upstream?.address ?? null;
      return group === null
        ? 'nginx had no server left to try: all of the upstream were switched off or at their limit.'
        : `nginx had no server left to try: all of "${group}" were switched off or at their limit.`;
    },
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18130 no live upstreams while connecting to upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "http://app_pool/", host: "app.test"',
    causes: (entry) =>
      entry.upstream?.address === 'localhost'
        ? ['no-live-upstreams', 'ipv6-mismatch', 'backend-down', 'container-localhost', 'max-conns-reached']
        : ['no-live-upstreams', 'all-peers-down', 'backend-down', 'max-conns-reached'],
  },
  {
    id: 'upstream-temporarily-disabled',
    text: 'upstream server temporarily disabled',
    source: 'ngx_http_upstream_round_robin.c ngx_http_upstream_free_round_robin_peer_locked',
    phase: 'prepare',
    status: UNCHANGED,
    fault: 'backend',
    meaning: (entry) => `${peer(entry)} failed max_fails times, so nginx leaves it out for fail_timeout.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [warn] 165#165: *18127 upstream server temporarily disabled while connecting to upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:3001/", host: "app.test"',
    causes: ['pool-marked-down-by-one-failure', 'no-live-upstreams'],
  },
  {
    id: 'no-upstream-configuration',
    text: 'no upstream configuration',
    source: 'ngx_http_upstream.c ngx_http_upstream_init_request',
    phase: 'prepare',
    status: internalError,
    fault: 'configuration',
    meaning: () => 'nginx found no upstream for this request.',
    since: null,
    example:
      '2024/10/21 08:41:45 [alert] 165#165: *18127 no upstream configuration, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", host: "app.test"',
    causes: ['undefined-upstream'],
  },
  {
    id: 'sticky-unsupported',
    text: 'balancer does not support sticky',
    source: 'ngx_http_upstream_sticky_module.c ngx_http_upstream_sticky_cookie_insert',
    phase: 'prepare',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: () => 'The load balancing method of this upstream cannot keep a session on one server.',
    since: '1.29.6',
    example:
      '2026/04/21 08:41:45 [warn] 165#165: *18127 balancer does not support sticky while connecting to upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", host: "app.test"',
    causes: [],
  },
  {
    id: 'buffered-data-on-next-upstream',
    text: 'buffered data on next upstream',
    source: 'ngx_stream_proxy_module.c ngx_stream_proxy_next_upstream',
    phase: 'prepare',
    status: verdict(
      null,
      'closed',
      'certain',
      'stream: nginx closes the connection to the client without an answer.',
    ),
    fault: 'backend',
    meaning: (entry) =>
      `The connection to ${peer(entry)} failed after data had been sent, so no other server could be tried.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 buffered data on next upstream while proxying connection, client: 10.0.0.9, server: 0.0.0.0:5432, upstream: "10.0.0.5:5432", bytes from/to client:0/0, bytes from/to upstream:0/0',
    causes: [],
  },
];
