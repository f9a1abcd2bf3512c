import { keptConnections } from '../config/connection-reuse.ts';
import { effective } from '../config/inheritance.ts';
import { parseIp } from '../config/ip-address.ts';
import type { ConfigModel } from '../config/model.ts';
import type { Proxied } from '../config/proxied.ts';
import type { StatusVerdict } from '../contract.ts';
import { phaseOfKind, statusOf } from '../errorlog/catalogue.ts';
import { statusAmongAttempts } from './attempts.ts';
import { bestPlace, type Case } from './case.ts';
import { errorPageStatus } from './error-page-file.ts';
import { subrequestStatus } from './subrequest-status.ts';

/** What the client got, as far as the other lines and the configuration make it surer than the line alone. */
export function clientStatus(failure: Case): StatusVerdict {
  // These are answered elsewhere: what holds in the location that failed does not hold for them.
  const elsewhere = subrequestStatus(failure) ?? errorPageStatus(failure);
  if (elsewhere) return elsewhere;
  const attempts = statusAmongAttempts(failure);
  const status = attempts ?? statusOf(failure.matched.kind, failure.entry);
  const target = bestPlace(failure)?.proxied;
  if (!failure.model || !target || status.code === null || status.outcome !== 'response') return status;
  const page = effective(failure.model, 'error_page', target.block).nodes.find((node) =>
    node.args.includes(status.code!),
  );
  if (page)
    return {
      ...status,
      certainty: 'likely',
      note: `${status.code} inside nginx; the client gets what "${page.text}" makes of it`,
    };
  const phase = phaseOfKind(failure.matched.kind, failure.entry);
  // What failed before a backend was chosen has nothing to do with how many there are.
  if (attempts || phase === 'other' || status.certainty === 'certain') return status;
  const why = mayBeStale(failure.model, target) ? null : noOtherServer(failure.model, target, phase);
  return why === null ? status : { ...status, certainty: 'certain', note: `${status.code}: ${why}` };
}

/** Whether nginx may answer from a cache in place of an error. */
function mayBeStale(model: ConfigModel, { block }: Proxied): boolean {
  return ['proxy', 'fastcgi', 'uwsgi', 'scgi'].some((family) =>
    effective(model, `${family}_cache_use_stale`, block).nodes.some((node) => node.arg(0) !== 'off'),
  );
}

/** Why nginx leaves it at one attempt (ngx_http_upstream_next); null where it may make another. */
function noOtherServer(model: ConfigModel, proxied: Proxied, phase: string): string | null {
  const { target, handler, block } = proxied;
  const none = 'nginx has no other server to try here';
  if (target.kind === 'address' || target.kind === 'unix') return none;
  const next = effective(model, `${handler}_next_upstream`, block).nodes[0];
  if (next?.args.includes('off')) return `"${next.text}" lets nginx try no other server`;
  if (target.kind !== 'upstream') return null;
  // After a kept connection failed, the same peer is tried on a new one.
  if (phase !== 'connect' && keptConnections(model, proxied).kept !== 'no') return null;
  const [only, ...others] = target.upstream.peers.filter(({ down }) => !down);
  const url = only?.url;
  // A name may have several addresses.
  const single = url && others.length === 0 && (url.socket !== null || parseIp(url.host ?? '') !== null);
  return single ? `${none}: it is the only one of upstream ${target.upstream.name}` : null;
}
