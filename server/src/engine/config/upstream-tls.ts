import { effective } from './inheritance.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { allProxied, endpoints, type Proxied } from './proxied.ts';
import { isAddress } from './upstream-url.ts';
import { hasVariables } from './variables.ts';

/** How a location speaks TLS to its backend: the `*_ssl_*` directives of its handler, with nginx's defaults. */

export interface TlsSetting {
  /** `proxy_ssl_verify`, `grpc_ssl_verify` ... */
  readonly name: string;
  /** The line that sets it; null where the default holds. */
  readonly node: ConfigNode | null;
  /** First argument as written. */
  readonly value: string | null;
}

/** The setting of a target, by the end of the directive's name: `verify`, `server_name`, `trusted_certificate` ... */
export function tlsSetting(model: ConfigModel, target: Proxied, end: string): TlsSetting {
  const name = `${target.handler}_ssl_${end}`;
  const node = effective(model, name, target.block).nodes[0] ?? null;
  return { name, node, value: node?.arg(0) ?? null };
}

function usesTls({ scheme }: Proxied): boolean {
  return scheme === 'https' || scheme === 'grpcs' || scheme === 'suwsgi';
}

/** Whether nginx checks the backend's certificate; it does not unless told to. */
export function verifies(model: ConfigModel, target: Proxied): boolean {
  return isOn(tlsSetting(model, target, 'verify'));
}

/** Whether nginx tells the backend a server name (SNI); it does not unless told to. */
export function sendsServerName(model: ConfigModel, target: Proxied): boolean {
  return isOn(tlsSetting(model, target, 'server_name'));
}

function isOn({ value }: TlsSetting): boolean {
  return value?.toLowerCase() === 'on';
}

/** The name that nginx checks and, when told to, sends as server name; null where a variable hides it. */
export function tlsName(model: ConfigModel, target: Proxied): string | null {
  const { value } = tlsSetting(model, target, 'name');
  const named = value ?? hostOf(target);
  if (named === null || hasVariables(named)) return value === '$proxy_host' ? hostOf(target) : null;
  // ngx_http_upstream_ssl_name: a port is cut off.
  return named.replace(/:\d+$/, '');
}

/** `$proxy_host` without its port: the host of the pass, also where that is the name of a group. */
function hostOf({ target }: Proxied): string | null {
  switch (target.kind) {
    case 'upstream':
      return target.upstream.name;
    case 'host':
    case 'address':
      return target.host;
    default:
      return null;
  }
}

/** Whether a name can be sent as server name: an address is none (ngx_http_upstream_ssl_name). */
export function isServerName(name: string): boolean {
  return name !== '' && !isAddress(name);
}

/**
 * Other passes whose TLS sessions a target resumes: sessions are kept with the server of the group, and a literal
 * address is one group for all that name it. A resumed session brings the result of the check that made it.
 */
export function sessionSharers(model: ConfigModel, target: Proxied): Proxied[] {
  const reuses = (one: Proxied): boolean =>
    tlsSetting(model, one, 'session_reuse').value?.toLowerCase() !== 'off';
  if (!usesTls(target) || !reuses(target)) return [];
  return allProxied(model).filter(
    (other) => other.block !== target.block && usesTls(other) && reuses(other) && sameGroup(other, target),
  );
}

function sameGroup(a: Proxied, b: Proxied): boolean {
  if (a.target.kind === 'upstream' || b.target.kind === 'upstream')
    return (
      a.target.kind === 'upstream' && b.target.kind === 'upstream' && a.target.upstream === b.target.upstream
    );
  const [one, other] = [endpoints(a)[0], endpoints(b)[0]];
  return (
    one !== undefined &&
    other !== undefined &&
    one.host?.toLowerCase() === other.host?.toLowerCase() &&
    one.port === other.port &&
    one.socket === other.socket
  );
}
