import type { LogEntry } from '../entry.ts';
import type { MessageKind } from '../message.ts';
import { between, NOT_STARTED } from './shared.ts';

function startUp(
  kind: Pick<MessageKind, 'id' | 'text' | 'source' | 'meaning' | 'example' | 'causes'> & Partial<MessageKind>,
): MessageKind {
  return { phase: 'start-up', status: NOT_STARTED, fault: 'configuration', since: null, ...kind };
}

/** Messages of nginx -t, start and reload that are about what stands between nginx and a backend. */
export const startUpKinds: readonly MessageKind[] = [
  startUp({
    id: 'host-not-found-in-upstream',
    text: 'host not found in upstream "<upstream>"',
    source:
      'ngx_inet.c ngx_inet_resolve_host; ngx_http_upstream.c ngx_http_upstream_add, ngx_http_upstream_server',
    meaning: (entry) =>
      `nginx looked up ${quoted(entry)} while it read its configuration, and the system knows no such host.`,
    example: 'nginx: [emerg] host not found in upstream "app:9000" in /etc/nginx/conf.d/default.conf:2',
    causes: ['host-not-found-at-start', 'undefined-upstream'],
  }),
];

function quoted(entry: LogEntry): string {
  return `"${between(entry.message, '"', '"', 0) ?? ''}"`;
}
