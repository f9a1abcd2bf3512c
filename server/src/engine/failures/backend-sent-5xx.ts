import { WHO_ANSWERED } from '../diagnosis/access-evidence.ts';
import { backendLog } from '../diagnosis/commands.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The backend answered in full, with 500, 502, 503 or 504, and nginx passed that on as it is. The error log has no
 * line; in the access log $upstream_status is the same as for a failure of nginx's own, only $upstream_header_time
 * and $upstream_bytes_received differ. Deliberately no part of this: answers that nginx replaces (*_intercept_errors)
 * or takes for a failure of the server (http_5xx in *_next_upstream, see no-live-upstreams).
 */
export const backendSent5xx: FailureMode = {
  id: 'backend-sent-5xx',
  title: 'The error comes from the backend, nginx only passed it on',
  what: 'The backend itself answered with a status of 500 or more, and nginx passed the answer on.',
  why: "Nothing is wrong between nginx and the backend, so nginx's error log is silent; often the backend is a proxy whose own backend failed.",
  do: "Look in the backend's own log. Add $upstream_status, $upstream_header_time and $upstream_bytes_received to log_format: they tell its answers from those of nginx.",
  status: null,
  versions: null,
  hits: 'the requests that the backend fails at',
  signatures: [],
  remedy: {
    cure: () =>
      "repair what the backend's own log tells of this second; nginx's configuration does not decide this",
    mitigate:
      'if only one of several backends does it: proxy_next_upstream error timeout http_502 tries the next one (not for POST)',
    takesEffect: 'on the backend; log_format: nginx -s reload',
  },
  checks: (failure) => [...WHO_ANSWERED, backendLog(failure)],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_header_time',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream',
  ],
};
