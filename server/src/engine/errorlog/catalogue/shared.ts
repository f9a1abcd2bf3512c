import type { Outcome, Status, StatusVerdict } from '../../contract.ts';
import { phaseOfAction } from '../action.ts';
import type { LogEntry } from '../entry.ts';
import { errnoMeaning } from '../errno.ts';
import type { Fault, Phase } from '../message.ts';
import { grpcStatusOf } from '../protocol-codes.ts';

/** Phase by the line's action; `otherwise` when the line does not say. */
export function phaseOf(entry: LogEntry, otherwise: Phase): Phase {
  if (entry.action === null) {
    return entry.resolver === null ? otherwise : 'resolve';
  }
  return phaseOfAction(entry.action) ?? otherwise;
}

/** A function for kinds whose phase the action decides. */
export function phaseOr(otherwise: Phase): (entry: LogEntry) => Phase {
  return (entry) => phaseOf(entry, otherwise);
}

export function verdict(
  code: Status,
  outcome: Outcome | null,
  certainty: StatusVerdict['certainty'],
  note: string,
): StatusVerdict {
  return { code, outcome, certainty, note };
}

/** nginx did not take the configuration: nobody was answered. */
export const NOT_STARTED = verdict(
  null,
  'none',
  'certain',
  'nginx does not start with this configuration; a running nginx keeps the old one.',
);

/** Lines that say nothing about what a client got. */
export const NO_ANSWER = verdict(null, 'none', 'certain', 'This line is not the answer to a request.');

/** Lines that accompany a request without changing its answer. */
export const UNCHANGED = verdict(null, null, 'likely', 'This line does not change what the client gets.');

/** An error that ngx_http_finalize_request answers with 500 at once: no other server is tried. */
export function internalError(entry: LogEntry): StatusVerdict {
  return (
    streamVerdict(entry) ??
    subrequestVerdict(entry) ??
    verdict('500', 'response', 'likely', '500, not 502: no other server of the upstream is tried after this.')
  );
}

/**
 * Failure types ERROR and INVALID_HEADER of ngx_http_upstream_next: 502 before the response header was sent; after
 * it the status stands and the answer ends early.
 */
export function upstreamFailure(otherwise: Phase): (entry: LogEntry) => StatusVerdict {
  return (entry) =>
    failure(
      entry,
      otherwise,
      '502',
      wasSentOnce(entry, otherwise)
        ? `502: nginx sends no ${entry.request!.method} a second time, unless *_next_upstream has non_idempotent.`
        : '502, unless another server of the upstream answered instead.',
    );
}

/**
 * Whether nginx leaves it at one attempt: once a request of these methods was on its way, it is not repeated
 * (ngx_http_upstream_next, NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT).
 */
function wasSentOnce(entry: LogEntry, otherwise: Phase): boolean {
  const phase = phaseOf(entry, otherwise);
  const sent = phase === 'header' || (phase === 'send' && !entry.message.startsWith('connect() '));
  return sent && /^(?:POST|LOCK|PATCH)$/.test(entry.request?.method ?? '');
}

/** Failure type NOLIVE: it is in no *_next_upstream, so that the attempt is the last one (ngx_http_upstream_next). */
export function noLiveUpstreams(entry: LogEntry): StatusVerdict {
  return failure(entry, 'prepare', '502', '502: no server was left that nginx could have tried instead.');
}

/** Failure type TIMEOUT: 504 before the header, never 502. */
export function upstreamTimeout(otherwise: Phase): (entry: LogEntry) => StatusVerdict {
  return (entry) =>
    failure(
      entry,
      otherwise,
      '504',
      wasSentOnce(entry, otherwise)
        ? `504, not 502: nginx sends no ${entry.request!.method} a second time, unless *_next_upstream has non_idempotent.`
        : '504, not 502, unless another server of the upstream answered in time.',
    );
}

/** Failure type INVALID_HEADER, which the default of proxy_next_upstream does not retry. */
export function invalidAnswer(entry: LogEntry): StatusVerdict {
  return failure(
    entry,
    'header',
    '502',
    '502: a bad answer is not retried unless *_next_upstream has invalid_header.',
  );
}

/**
 * Failures that only a filter of the body finds. The status stands, also where the line says "reading response header":
 * nginx has not changed the action yet when header and body came at once.
 */
export function bodyFailure(entry: LogEntry): StatusVerdict {
  return (
    streamVerdict(entry) ??
    subrequestVerdict(entry) ??
    verdict(
      '200',
      'cut',
      'likely',
      'The status (mostly 200) stood already; the answer ends early. Where all of it came at once, not a byte arrives.',
    )
  );
}

function failure(entry: LogEntry, otherwise: Phase, code: string, note: string): StatusVerdict {
  const special = streamVerdict(entry) ?? subrequestVerdict(entry);
  if (special !== null) {
    return special;
  }
  switch (phaseOf(entry, otherwise)) {
    case 'body':
      return verdict(
        '200',
        'cut',
        'likely',
        'The status (mostly 200) had been sent already; the answer ends early.',
      );
    case 'upgraded':
      return verdict('101', 'cut', 'certain', 'The connection was upgraded (101) before; it ends here.');
    case 'client':
      return verdict(
        null,
        null,
        'possible',
        'The line is about the connection to the client, not to the backend.',
      );
    default:
      return verdict(
        code,
        'response',
        'likely',
        isGrpc(entry) ? `${note} A gRPC client sees ${grpcStatusOf(code)}.` : note,
      );
  }
}

/** The stream and mail modules have no status to send: they close, or answer in the mail protocol. */
function streamVerdict(entry: LogEntry): StatusVerdict | null {
  if (entry.stream)
    return verdict(
      null,
      'closed',
      'certain',
      'stream: nginx closes the connection to the client without an answer.',
    );
  return entry.mail
    ? verdict(
        null,
        'closed',
        'certain',
        'mail: the client gets an error of its mail protocol, and no HTTP status.',
      )
    : null;
}

function subrequestVerdict(entry: LogEntry): StatusVerdict | null {
  return entry.subrequest === null
    ? null
    : verdict(
        null,
        null,
        'possible',
        `What failed is the subrequest ${entry.subrequest}: 500 if auth_request asked for it, no effect if it was mirror.`,
      );
}

/** The backend of the line in words: address and port, socket, group name, or "the backend". */
export function peer(entry: LogEntry, captured?: string): string {
  const upstream = entry.upstream;
  if (upstream === null) {
    return captured ?? addressOfMessage(entry) ?? 'the backend';
  }
  if (upstream.socket !== null) {
    return `the socket ${upstream.socket}`;
  }
  if (upstream.address === null) {
    return 'the backend';
  }
  return upstream.port === null ? upstream.address : `${upstream.address}:${upstream.port}`;
}

/** The address of `connect() to ADDRESS failed`, for lines that lost their fields. */
function addressOfMessage(entry: LogEntry): string | null {
  const from = entry.message.indexOf('connect() to ');
  if (from < 0) {
    return null;
  }
  const end = entry.message.indexOf(' ', from + 13);
  const address = entry.message.slice(from + 13, end < 0 ? undefined : end);
  return address.startsWith('unix:') ? `the socket ${address.slice(5)}` : address;
}

/** Whether the line is about a unix socket: by its field, else by the address in the message. */
export function isSocket(entry: LogEntry): boolean {
  return entry.upstream === null ? entry.message.includes(' to unix:') : entry.upstream.socket !== null;
}

/** The host of the peer without a port: `[::1]`, `10.0.0.1`, or null for a socket. */
export function peerHost(entry: LogEntry): string | null {
  if (entry.upstream !== null) {
    return entry.upstream.address;
  }
  const address = addressOfMessage(entry);
  if (address === null || address.startsWith('the socket ')) {
    return null;
  }
  const colon = address.lastIndexOf(':');
  return colon > address.lastIndexOf(']') ? address.slice(0, colon) : address;
}

export function isIpv6(host: string | null): boolean {
  return host?.startsWith('[') ?? false;
}

export function isLoopback(host: string | null): boolean {
  return host !== null && (host.startsWith('127.') || host === '[::1]' || host === 'localhost');
}

/** Addresses that no public server has: loopback, private, link-local and shared ranges. */
export function isPrivate(host: string | null): boolean {
  if (host === null || isLoopback(host)) {
    return true;
  }
  const parts = host.split('.');
  if (parts.length !== 4) {
    return host.startsWith('[fc') || host.startsWith('[fd') || host.startsWith('[fe8');
  }
  const [a, b] = [Number(parts[0]), Number(parts[1])];
  return (
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128)
  );
}

/**
 * Signs of nginx in a container that asks itself: the loopback address, and either a client of a container network or
 * a process id as small as only a container has.
 */
export function looksLikeContainer(entry: LogEntry): boolean {
  return (entry.pid !== null && entry.pid < 100) || isContainerNetwork(entry.client);
}

/** Whether an address is of the networks that Docker takes unless told: 172.16.0.0/12. */
export function isContainerNetwork(host: string | null): boolean {
  return host !== null && /^172\.(?:1[6-9]|2\d|3[01])\./.test(host);
}

export function isHttp(scheme: string | null): boolean {
  return scheme === 'http' || scheme === 'https';
}

export function scheme(entry: LogEntry): string | null {
  return entry.upstream?.scheme ?? null;
}

export function isTls(entry: LogEntry): boolean {
  const name = scheme(entry);
  return name === 'https' || name === 'grpcs' || name === 'suwsgi';
}

export function isGrpc(entry: LogEntry): boolean {
  const name = scheme(entry);
  return name === 'grpc' || name === 'grpcs';
}

/** Methods that nginx does not repeat on another connection once they were sent (NON_IDEMPOTENT). */
export function isUnsafeMethod(entry: LogEntry): boolean {
  const method = entry.request?.method;
  return method === 'POST' || method === 'LOCK' || method === 'PATCH';
}

/** Who has to act, by the error number of a connection that failed. */
export function faultByErrno(entry: LogEntry): Fault {
  switch (errnoMeaning(entry.errno)) {
    case 'no-route':
    case 'host-down':
    case 'net-unreachable':
    case 'net-down':
    case 'timed-out':
      return 'network';
    case 'permission':
    case 'not-permitted':
    case 'address-unavailable':
    case 'address-in-use':
    case 'too-many-files':
    case 'too-many-files-system':
    case 'no-buffers':
    case 'no-memory':
    case 'no-space':
    case 'quota':
      return 'host-limit';
    case 'not-directory':
    case 'invalid-argument':
    case 'name-too-long':
      return 'configuration';
    case 'refused':
    case 'reset':
    case 'aborted':
    case 'broken-pipe':
    case 'again':
    case 'no-such-file':
      return 'backend';
    default:
      return 'unknown';
  }
}

/** Upper-case first letter: sentences begin with what may be "the backend". */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What stands between the first `open` at or behind `from` and the last `close`; null when one is missing. */
export function between(text: string, open: string, close: string, from: number): string | null {
  const start = text.indexOf(open, from);
  const end = text.lastIndexOf(close);
  return start < 0 || end <= start ? null : text.slice(start + open.length, end);
}
