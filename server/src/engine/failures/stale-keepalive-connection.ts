import { keptConnections } from '../config/connection-reuse.ts';
import { effective } from '../config/inheritance.ts';
import type { ConfigModel } from '../config/model.ts';
import type { Proxied } from '../config/proxied.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { idleTime } from '../diagnosis/commands.ts';
import { agesOf } from '../diagnosis/request-age.ts';
import { samePeer } from '../diagnosis/same-peer.ts';
import { sameRequest } from '../diagnosis/same-request.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx takes an idle connection from the pool at the moment in which the backend closes it: FIN, RST or EPIPE in place
 * of an answer. nginx repeats the request once on a new connection, but not POST, PATCH and LOCK, which may have been
 * carried out (NON_IDEMPOTENT in ngx_http_upstream_next). Since 1.29.7 every upstream block has a pool unasked.
 * The line does not tell a pooled connection from a new one: the group, the version and the headers do. Deliberately
 * only "possible" for requests that nginx repeats, and where the backend refused connections too.
 */
export const staleKeepaliveConnection: FailureMode = {
  id: 'stale-keepalive-connection',
  title: 'nginx reused a connection that the backend was just closing',
  what: 'nginx sent a request on a kept connection that the backend closed at the same moment, because its own idle time was over.',
  why: 'nginx repeats a GET on a new connection, and nobody notices. A POST it does not repeat, because it may have been carried out: that one ends with 502.',
  do: "Make keepalive_timeout in the upstream block (60s by default) shorter than the backend's idle time-out, or raise that of the backend.",
  status: '502',
  versions: null,
  hits: 'now and then a POST, PATCH or LOCK after an idle moment; other methods are repeated by nginx',
  signatures: [
    { message: 'upstream-prematurely-closed', when: early },
    { message: 'recv-failed', when: early },
    { message: 'send-failed', when: early },
    { message: 'upstream-prematurely-sent-response', when: early },
  ],
  weigh(failure) {
    const { entry, model } = failure;
    if (!early(entry) || /^(?:s?uwsgi|scgi)$/.test(failure.peer?.scheme ?? '')) return null;
    const target = bestPlace(failure)?.proxied ?? null;
    const alone = notRepeated(entry, model, target);
    const because: string[] = [];
    const against: string[] = [];
    const kept = model && target ? keptConnections(model, target) : null;
    if (kept?.kept === 'no') return { certainty: 'possible', because, against: [kept.why], refuted: true };
    if (!alone) {
      const again = failure.neighbours.some((other) => sameRequest(other, entry) && early(other));
      if (again)
        return {
          certainty: 'possible',
          because,
          against: ['the same request failed on a second connection, a new one'],
          refuted: true,
        };
      // Without its request the line may be of one that nginx does not repeat.
      if (entry.request !== null)
        against.push(
          `nginx repeats ${entry.request.method} on a new connection by itself: alone, this line is no 502`,
        );
    }
    const down = failure.neighbours.find((other) => samePeer(other, entry) && refused(other));
    if (down)
      against.push(`line ${down.line}: the same backend refused a connection, it was down or restarting`);
    const old = agesOf(failure).find(({ seconds }) => seconds > AT_ONCE);
    if (old)
      return {
        certainty: 'possible',
        because,
        against: [
          `${old.text}: a connection that was just being closed fails at once, unless the upload took that time`,
        ],
        refuted: true,
      };
    if (kept?.kept === 'unknown') against.push(kept.why);
    if (kept?.kept === 'yes') {
      because.push(kept.why);
      if (alone) because.push(alone);
    }
    return {
      certainty: because.length > 1 && against.length === 0 ? 'likely' : 'possible',
      because,
      against,
    };
  },
  remedy: {
    cure: (failure) => {
      const group = groupOf(failure);
      const where = group === null ? 'the upstream block' : `upstream ${group}`;
      return `set keepalive_timeout in ${where} (60s by default) below the idle time-out of ${failure.peer ? peerAddress(failure.peer) : 'the backend'} (Node.js and Apache 5 s, gunicorn 2 s by default), or raise that one above it; where a POST may be carried out twice, proxy_next_upstream error timeout non_idempotent`;
    },
    mitigate: 'no pool for now: keepalive 0 in the upstream block (before 1.29.7: remove keepalive)',
    takesEffect: 'nginx -s reload; a changed backend: restart of the backend',
  },
  checks: (failure) => idleTime(failure),
  references: [
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive_timeout',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream',
  ],
};

/** Seconds; the request meets the closed connection with its first bytes. */
const AT_ONCE = 2;

/** Before a whole response header, while the request was sent or its answer awaited. */
function early({ action }: LogEntry): boolean {
  return (
    action === null ||
    action.startsWith('reading response header') ||
    action.startsWith('sending request to upstream')
  );
}

/** Why nginx does not repeat the request on another connection; null when it does. */
function notRepeated(
  { request }: LogEntry,
  model: ConfigModel | null,
  target: Proxied | null,
): string | null {
  const name = `${target?.handler ?? 'proxy'}_next_upstream`;
  const line = model && target ? (effective(model, name, target.block).nodes[0] ?? null) : null;
  if (line && !line.args.includes('error')) return `${line.text} keeps nginx from repeating it`;
  const method = request?.method ?? '';
  return /^(?:POST|LOCK|PATCH)$/.test(method) && !line?.args.includes('non_idempotent')
    ? `nginx does not repeat a ${method}`
    : null;
}

function refused(entry: LogEntry): boolean {
  return errnoMeaning(entry.errno) === 'refused';
}

function groupOf(failure: Case): string | null {
  const target = bestPlace(failure)?.proxied?.target;
  return target?.kind === 'upstream' ? target.upstream.name : null;
}
