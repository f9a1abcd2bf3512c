import { effective } from '../config/inheritance.ts';
import { bestPlace, type Case, type Weight } from '../diagnosis/case.ts';
import { searchLog } from '../diagnosis/commands.ts';
import { sameRequest } from '../diagnosis/same-request.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * auth_request asks a location inside nginx whether a request may pass. 2xx lets it pass, 401 and 403 are passed on;
 * with any other status nginx answers 500 of its own (ngx_http_auth_request_handler). Where the subrequest failed on
 * its way to the backend, a line with "subrequest:" of the same request tells why, and its cause goes first
 * (`follows`); where the service itself answered, say, 404, there is no such line.
 */
export const authRequestFailed: FailureMode = {
  id: 'auth-request-failed',
  title: 'The request of auth_request failed',
  what: 'The location that auth_request asks for permission ended with a status other than 2xx, 401 and 403.',
  why: 'nginx takes that neither for yes nor for no and answers 500 of its own. The backend of the request itself is not asked.',
  do: 'Repair what the line with "subrequest:" on the same connection tells. auth_request takes 2xx for yes, 401 and 403 for no; anything else becomes a 500.',
  status: '500',
  versions: null,
  hits: 'every request through a location with auth_request, while the service behind it fails',
  signatures: [{ message: 'auth-request-unexpected-status' }, { message: 'client-body-too-large' }],
  follows: subrequests,
  weigh(failure) {
    if (failure.matched.kind.id === 'client-body-too-large') return tooLarge(failure);
    const status = statusOf(failure);
    const auth = authLine(failure);
    const asks = auth === null ? 'auth_request' : auth;
    const because = status === null ? [] : [`${asks} got ${status}, which is neither 2xx nor 401 nor 403`];
    const [line] = subrequests(failure);
    if (line)
      because.push(
        `line ${line.line}, of the same request, tells why the subrequest ${line.subrequest} failed`,
      );
    else if (status !== null && !MADE_BY_NGINX.has(status))
      because.push(
        `nginx makes no ${status} where a backend fails: the service itself seems to have answered it`,
      );
    return {
      certainty: line || auth !== null || because.length > 1 ? 'certain' : 'likely',
      because,
      against: [],
    };
  },
  remedy: {
    cure(failure) {
      const status = statusOf(failure);
      if (status === '413' || failure.matched.kind.id === 'client-body-too-large')
        return 'set client_max_body_size 0 in the location of auth_request: nginx measures the whole request there too, even with proxy_pass_request_body off';
      if (subrequests(failure).length > 0)
        return 'repair what the line with "subrequest:" of this connection tells';
      if (status === '404')
        return 'correct the path that the location of auth_request passes on: the service has none of that name';
      if (status === '400')
        return 'set proxy_pass_request_body off and proxy_set_header Content-Length "" in the location of auth_request: the service is sent the head of the request only';
      if (status?.startsWith('3'))
        return 'let the service answer 401 instead of a redirect; error_page 401 can then lead the client to the login page';
      return 'look for the line with "subrequest:" of the same connection, and into the log of the service that auth_request asks';
    },
    mitigate: null,
    takesEffect: 'a repaired service: with the next request; directives: nginx -s reload',
  },
  checks(failure) {
    const { connection, pid } = failure.entry;
    const own =
      connection === null || pid === null
        ? "'subrequest: '"
        : shellQuote(`${pid}#.*\\*${connection} .*subrequest: `);
    return [
      {
        ...searchLog(failure, `grep ${own} | tail -n 5`),
        expect:
          'a line: it tells why the subrequest failed. None: the service answered with that status itself.',
      },
    ];
  },
  references: ['https://nginx.org/en/docs/http/ngx_http_auth_request_module.html'],
};

/** Statuses that nginx makes of itself: the service may not have answered at all. */
const MADE_BY_NGINX = new Set(['413', '500', '502', '503', '504']);

/** A body that is too large for the location of the subrequest; null where no line tells of one. */
function tooLarge({ entry, neighbours }: Case): Weight | null {
  if (entry.subrequest !== null) {
    const because = [`the limit is that of the location of ${entry.subrequest}, not of the request's own`];
    return { certainty: 'likely', because, against: [] };
  }
  const told = neighbours.find(
    (other) =>
      /^auth request unexpected status: 413/.test(other.message) &&
      (sameRequest(other, entry) || (other.connection === null && entry.connection === null)),
  );
  if (!told) return null;
  const because = [`line ${told.line}: the request of auth_request was the one that ended with 413`];
  return { certainty: 'likely', because, against: [] };
}

function statusOf(failure: Case): string | null {
  return /unexpected status: (\d{3})/.exec(failure.entry.message)?.[1] ?? null;
}

/** The auth_request line of the location that the request leads to. */
function authLine(failure: Case): string | null {
  const block = bestPlace(failure)?.proxied?.block;
  const node = failure.model && block ? effective(failure.model, 'auth_request', block).nodes[0] : undefined;
  return node && node.arg(0) !== 'off' ? node.text : null;
}

/** The last failed subrequest of the same request, where its failure can be what made the status. */
function subrequests(failure: Case): LogEntry[] {
  const { entry, neighbours } = failure;
  const status = statusOf(failure);
  if (status !== null && !MADE_BY_NGINX.has(status)) return [];
  return neighbours
    .filter(
      (other) =>
        other.subrequest !== null &&
        sameRequest(other, entry) &&
        other.line < entry.line &&
        other.level !== 'warn',
    )
    .reverse()
    .slice(0, 1);
}
