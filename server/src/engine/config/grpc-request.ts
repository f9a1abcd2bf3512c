import { assumedRelease } from './assumed-release.ts';
import { escapeUri } from './bytes.ts';
import { effective } from './inheritance.ts';
import type { ConfigNode } from './model.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, runScript } from './script.ts';
import {
  type Default,
  HOST_FIRST_SINCE,
  lowerCase,
  plain,
  type SentHeader,
  sentHeaders,
  targetOf,
  type UpstreamRequest,
} from './sent-request.ts';
import { holdsSince } from './version.ts';

/** ngx_http_grpc_create_request (src/http/modules/ngx_http_grpc_module.c). */
export function grpcRequest(state: RequestState, block: ConfigNode, handler: ConfigNode): UpstreamRequest {
  const target = targetOf(state, handler);
  const own = plain(target, 'gRPC');
  const authority = own.target.replace(/^grpcs?:\/\//i, '');
  const host = target.url?.socket ? 'localhost' : authority;
  const uri = state.validUnparsed
    ? state.unparsedUri
    : escapeUri(state.uri) + (state.args === '' ? '' : `?${state.args}`);
  const sets = effective(state.model, 'grpc_set_header', block).nodes;
  const te = state
    .header('te')
    ?.split(',')
    .some((word) => word.trim() === 'trailers')
    ? 'trailers'
    : '';
  const length = state.request.body && !state.request.body.chunked ? String(state.request.body.length) : '';
  const defaults: Default[] = [
    ['Content-Length', length],
    ['TE', te],
    ...['Host', 'Connection', 'Transfer-Encoding', 'Keep-Alive', 'Expect', 'Upgrade'].map(
      (name) => [name, ''] as const,
    ),
    ...(holdsSince(assumedRelease(state.model), '1.31.0') === 'yes'
      ? ([['Proxy-Connection', '']] as const)
      : []),
  ];
  const set = sets.findLast((node) => node.arg(0)?.toLowerCase() === 'host');
  // Since 1.31.4 a Host set by hand is :authority itself; before, it stands beside the others in its place.
  const moved = holdsSince(assumedRelease(state.model), HOST_FIRST_SINCE) === 'yes';
  const written = set ? runScript(compileScript(set.arg(1) ?? ''), state) : '';
  const headers = sentHeaders(state, block, 'grpc', sets, defaults, moved).map(lowerCase);
  const pseudo: SentHeader[] = [
    [':method', state.method],
    [':scheme', own.tls ? 'https' : 'http'],
    [':path', uri],
    ...(set && !moved ? [] : [[':authority', written || host]]),
  ].map(([name, value]) => ({ name: name!, value: value!, node: null, fromClient: false }));
  return {
    ...own,
    method: state.method,
    uri,
    requestLine: `${state.method} ${uri} HTTP/2.0`,
    headers: [...pseudo, ...headers],
  };
}
