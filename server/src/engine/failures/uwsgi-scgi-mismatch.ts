import type { ConfirmingCommand } from '../contract.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { firstAnswer, onBackend, whoListens } from '../diagnosis/commands.ts';
import { againstOtherProtocol, spokenElsewhere } from '../diagnosis/spoken.ts';
import { isHttp } from '../errorlog/catalogue/shared.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { protocolInMessage } from '../errorlog/first-bytes.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * uwsgi, SCGI and HTTP in the wrong pairs. uWSGI takes the "ET" of GET for the size of a request, 21573, says so in
 * its own log and closes. The other way round an HTTP server mostly answers 400, which nginx passes on without a line;
 * some close. An SCGI server answers fastcgi_pass with a header such as "Status:", whose first letter nginx takes for
 * the version of FastCGI. Otherwise only names, other lines of the files and uWSGI's own line tell:
 * without one of them this says nothing.
 */
export const uwsgiScgiMismatch: FailureMode = {
  id: 'uwsgi-scgi-mismatch',
  title: 'uwsgi, SCGI and HTTP are mixed up between nginx and the backend',
  what: 'nginx speaks another of the protocols uwsgi, SCGI and HTTP than the backend does on this address.',
  why: 'uWSGI refuses an HTTP request as too big ("invalid request block size: 21573" in its log) and closes the connection: 502. An HTTP server answers uwsgi or SCGI with 400, which nginx passes on.',
  do: 'Use the directive that fits the backend: uwsgi_pass for "socket" of uWSGI, proxy_pass for its "http" and "http-socket" and for every other HTTP server, scgi_pass for SCGI.',
  status: '502',
  versions: null,
  hits: 'every request through this location',
  signatures: [
    { message: 'upstream-prematurely-closed', when: early },
    { message: 'recv-failed', when: early },
    { message: 'fastcgi-unsupported-version', when: (entry) => scgiAnswer(entry) !== null },
  ],
  weigh(failure) {
    const { entry } = failure;
    const answer = scgiAnswer(entry);
    if (answer !== null)
      return { certainty: 'likely', because: [`the answer began with ${answer}`], against: [] };
    if (!early(entry)) return null;
    const because = evidence(failure);
    // uWSGI's own line is added to it as evidence by itself.
    if (because.length === 0 && !failure.helpers.some(({ kind }) => kind === 'uwsgi')) return null;
    const against = againstOtherProtocol(failure);
    if (against.length > 0) return { certainty: 'possible', because, against, refuted: true };
    return { certainty: because.length > 0 ? 'likely' : 'possible', because, against };
  },
  remedy: {
    cure: (failure) => {
      const { peer } = failure;
      const address = peer === null ? 'ADDRESS' : peerAddress(peer);
      if (peer?.scheme === 'fastcgi')
        return `use scgi_pass ${address} with include scgi_params in place of fastcgi_pass, if an SCGI server listens there; if php-fpm is meant, name the address of "listen" in its pool file`;
      if (isHttp(peer?.scheme ?? null)) {
        const pass = spokenElsewhere(failure, 'scgi') ? 'scgi' : 'uwsgi';
        return `use ${pass}_pass ${address} with include ${pass}_params in place of proxy_pass; or let uWSGI speak HTTP there: "http-socket" in place of "socket"`;
      }
      const pass = bestPlace(failure)?.proxied?.pass.name ?? `${peer?.scheme ?? 'uwsgi'}_pass`;
      return `use proxy_pass http://${address} in place of ${pass}, or let the backend speak that protocol there ("socket" of uWSGI for uwsgi_pass)`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload; a changed uWSGI: restart of uWSGI',
  },
  checks: (failure) => [...whoListens(failure), ...askedFor(failure)],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_pass',
    'https://nginx.org/en/docs/http/ngx_http_scgi_module.html#scgi_pass',
  ],
};

/** What an answer to FastCGI began with, where it is the header of SCGI. */
function scgiAnswer({ message }: LogEntry): string | null {
  const answer = protocolInMessage(message);
  return answer?.protocol === 'scgi' ? answer.words : null;
}

function early({ action, upstream }: LogEntry): boolean {
  const scheme = upstream?.scheme ?? null;
  return (
    (isHttp(scheme) || isGateway(scheme)) && (action === null || action.startsWith('reading response header'))
  );
}

function isGateway(scheme: string | null): boolean {
  return scheme === 'uwsgi' || scheme === 'suwsgi' || scheme === 'scgi';
}

/** Servers of Python and Ruby that speak HTTP, by the names that people give their sockets and groups. */
const HTTP_SERVERS = /gunicorn|uvicorn|hypercorn|daphne|waitress|puma|unicorn|thin|passenger/i;

function evidence(failure: Case): string[] {
  const scheme = failure.peer?.scheme ?? null;
  const because: string[] = [];
  const wanted = isHttp(scheme)
    ? ['uwsgi', 'suwsgi', 'scgi']
    : scheme === 'scgi'
      ? ['uwsgi', 'suwsgi', 'http', 'https']
      : ['scgi', 'http', 'https'];
  const other = spokenElsewhere(failure, ...wanted);
  if (other) because.push(`${other.pass.text} leads to the same address`);
  const target = bestPlace(failure)?.proxied?.target;
  const group =
    target?.kind === 'upstream' ? target.upstream.name : target?.kind === 'host' ? target.host : null;
  const telling = isHttp(scheme) ? /uwsgi|scgi/i : HTTP_SERVERS;
  const name = [failure.peer?.socket, group].find((text) => text != null && telling.test(text));
  if (name != null)
    because.push(`the name ${name} says ${isHttp(scheme) ? 'uwsgi or SCGI' : 'a server of HTTP'}`);
  return because;
}

function askedFor(failure: Case): ConfirmingCommand[] {
  if (!isHttp(failure.peer?.scheme ?? null)) return firstAnswer(failure);
  return [
    {
      run: "grep -rnE '^ *(socket|uwsgi-socket|http|http-socket) *=' /etc/uwsgi",
      where: onBackend(failure),
      expect: '"socket": this address takes uwsgi_pass. "http" or "http-socket": it takes proxy_pass.',
    },
  ];
}
