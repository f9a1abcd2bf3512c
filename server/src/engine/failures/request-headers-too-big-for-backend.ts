import { peerAddress } from '../diagnosis/case.ts';
import { backendLog, onBackend } from '../diagnosis/commands.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * uWSGI takes a request's parameters as one block of buffer-size bytes (4096 unless told otherwise) and closes the
 * connection without an answer when it is larger: long URIs, which stand in it three times, and cookies, which no log
 * line shows. HTTP servers mostly answer 400, 414 or 431, which is passed on; some close or reset. What the protocol
 * itself cannot carry (65535 bytes for uwsgi, one record for FastCGI), nginx refuses with 500 before it connects.
 * Deliberately ignores large_client_header_buffers: what is too big for nginx never reaches a backend.
 */
export const requestHeadersTooBigForBackend: FailureMode = {
  id: 'request-headers-too-big-for-backend',
  title: 'The request header is too big for the backend',
  what: 'A request with a long URI or large cookies is more than the backend takes in its header.',
  why: 'uWSGI closes the connection without an answer, and nginx answers 502, for this client every time: the cookies come with each request. Others are served.',
  do: 'Raise the limit of the backend (buffer-size in uWSGI, --max-http-header-size in Node.js, --limit-request-field_size in gunicorn), or make the cookies smaller. The buffers of nginx do not matter here.',
  status: '502',
  versions: null,
  hits: 'requests with long URIs or large cookies only',
  signatures: [
    {
      message: 'upstream-prematurely-closed',
      when: (entry) => isUwsgi(entry) || entry.truncated || sizeSeen(entry) > LARGE,
    },
    { message: 'recv-failed', when: (entry) => isUwsgi(entry) || entry.truncated || sizeSeen(entry) > LARGE },
    { message: 'request-does-not-fit-protocol' },
  ],
  weigh(failure) {
    const { entry } = failure;
    if (failure.matched.kind.phase === 'prepare')
      return {
        certainty: 'certain',
        because: ['nginx itself says that the request does not fit into the protocol'],
        against: [],
      };
    if (!/reading response header|sending request/.test(entry.action ?? '')) return null;
    const told = failure.helpers.some(({ kind, text }) => kind === 'uwsgi' && /block size/.test(text));
    const seen = sizeSeen(entry);
    const limit = isUwsgi(entry) ? UWSGI_BUFFER : LARGE;
    const because =
      seen > limit
        ? [`the URI and the headers that the line shows are ${seen} bytes already; cookies come on top`]
        : entry.truncated && isUwsgi(entry)
          ? [
              'nginx had to cut the line at 2048 bytes: the request is long; cookies, which no line shows, come on top',
            ]
          : [];
    if (because.length > 0 && isUwsgi(entry))
      because.push(`uWSGI takes ${UWSGI_BUFFER} bytes unless buffer-size says more`);
    if (because.length === 0 && !told && !isUwsgi(entry)) return null;
    return { certainty: because.length > 0 ? 'likely' : 'possible', because, against: [] };
  },
  remedy: {
    cure(failure) {
      if (failure.matched.kind.phase === 'prepare')
        return 'make the request smaller (cookies, URI, *_param with long values): no limit can be raised here';
      const backend = failure.peer ? peerAddress(failure.peer) : 'the backend';
      return isUwsgi(failure.entry)
        ? `set buffer-size = 32768 for the uWSGI of ${backend}, or make cookies and URIs smaller; nginx's own buffers do not matter here`
        : `raise the header limit of ${backend} (--max-http-header-size in Node.js, --limit-request-field_size in gunicorn, maxHttpHeaderSize in Tomcat), or make cookies and URIs smaller`;
    },
    mitigate: 'a single user can clear the cookies of this site',
    takesEffect: 'restart of the backend',
  },
  checks: (failure) => [
    {
      run: isUwsgi(failure.entry)
        ? "journalctl -g 'invalid request block size' --no-pager -n 5"
        : "journalctl -g 'too large|too long|header.*(size|limit)|431' --no-pager -n 5",
      where: onBackend(failure),
      expect: isUwsgi(failure.entry)
        ? 'a line "invalid request block size: N (max M)" of this second: N is what the request needs, M the buffer-size.'
        : 'a line of the backend about a header that is too large. None: see its own log file too.',
    },
    backendLog(failure),
  ],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html',
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#large_client_header_buffers',
  ],
};

/** uWSGI's default buffer-size. */
const UWSGI_BUFFER = 4096;
/** From here on HTTP servers begin to refuse: their limits for a line or a field are 8 kB and more. */
const LARGE = 8000;

function isUwsgi({ upstream }: LogEntry): boolean {
  return upstream?.scheme === 'uwsgi' || upstream?.scheme === 'suwsgi';
}

/**
 * Bytes that a request has in its parameters at least. uwsgi_params gives the URI as REQUEST_URI, and again as path
 * and query.
 */
function sizeSeen(entry: LogEntry): number {
  const uri = entry.request?.uri.length ?? 0;
  const referrer = entry.referrer?.length ?? 0;
  return (isUwsgi(entry) ? 2 * uri : uri) + referrer;
}
