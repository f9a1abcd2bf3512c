import type { ConfigModel } from '../config/model.ts';
import { type Proxied, peerEndpoints } from '../config/proxied.ts';
import { defaultPort, parseUpstreamUrl } from '../config/upstream-url.ts';
import { upstreamNamed } from '../config/upstreams.ts';
import { hasVariables, possibleValues } from '../config/variables.ts';
import type { Peer } from './case.ts';
import { isLiteralHost, sameEnd } from './same-end.ts';

/** Variables that add a path or arguments; the address ends before them. */
const URI_VARIABLES =
  /\$(?:(?:request_uri|uri|document_uri|is_args|args|query_string)\b|\{(?:request_uri|uri|document_uri|is_args|args|query_string)\}).*$/s;

/** Whether a *_pass with variables can have led to a peer, by the values that its variables can have. */
export function variableReaches(
  model: ConfigModel,
  text: string,
  { pass }: Proxied,
  peer: Peer,
): 'yes' | 'maybe' | 'no' {
  const { values, complete } = possibleValues(model, authorityOf(text), pass);
  let open = !complete;
  for (const value of values) {
    const written = pass.name === 'proxy_pass' && !value.includes('://') ? `http://${value}` : value;
    if (written.toLowerCase().replace(/^[a-z]+:\/\//, '') === peer.text.toLowerCase()) return 'yes';
    const url = hasVariables(written) ? null : parseUpstreamUrl(pass.name, written);
    if (!url) {
      open = true;
      continue;
    }
    const group = url.host !== null && url.port === null ? upstreamNamed(model, url.host) : null;
    const port = url.port ?? defaultPort(pass.name, url.scheme);
    const ends = group ? peerEndpoints(group) : [{ host: url.host, port, socket: url.socket }];
    for (const end of ends) {
      if (sameEnd(end, peer) === 'no') continue;
      // The look-up of a name at run time may give any address.
      if (end.socket !== null || isLiteralHost(end.host ?? '') || end.host === 'localhost') return 'yes';
      open = true;
    }
  }
  return open ? 'maybe' : 'no';
}

/** Scheme and authority of a target with variables; a unix socket's path is part of it. */
function authorityOf(text: string): string {
  const bare = text.replace(URI_VARIABLES, '');
  const from = /^[a-z]+:\/\//i.exec(bare)?.[0].length ?? 0;
  const slash = bare.startsWith('unix:', from) ? -1 : bare.indexOf('/', from);
  return slash < 0 ? bare : bare.slice(0, slash);
}
