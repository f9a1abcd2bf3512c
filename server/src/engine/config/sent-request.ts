import { toBytes } from './bytes.ts';
import { effectiveValue } from './inheritance.ts';
import type { ConfigNode } from './model.ts';
import { asciiLower } from './request-line.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, runScript } from './script.ts';
import { parseUpstreamUrl, type UpstreamUrl } from './upstream-url.ts';

/** A header or parameter as nginx sends it. Name and value are byte strings. */
export interface SentHeader {
  readonly name: string;
  readonly value: string;
  /** The line that sets it; null for nginx's own defaults and for what the client sent. */
  readonly node: ConfigNode | null;
  readonly fromClient: boolean;
}

/** What nginx sends to a backend. */
export interface UpstreamRequest {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2' | 'gRPC' | 'FastCGI' | 'uwsgi' | 'SCGI' | 'memcached';
  /** Target of the *_pass with its variables filled in, a byte string. */
  readonly target: string;
  readonly url: UpstreamUrl | null;
  readonly tls: boolean;
  readonly method: string;
  readonly uri: string;
  /** As on the wire for HTTP/1; for the rest in the same form. */
  readonly requestLine: string;
  readonly headers: readonly SentHeader[];
  /** What proxy_set_body sends instead of the client's body; null without. */
  readonly body: string | null;
}

/** What stands behind a *_pass, with its variables filled in. */
export interface Target {
  readonly text: string;
  readonly url: UpstreamUrl | null;
}

export function targetOf(state: RequestState, handler: ConfigNode): Target {
  const text = runScript(compileScript(handler.arg(0) ?? ''), state);
  return { text, url: parseUpstreamUrl(handler.name, text) };
}

export function plain(
  { text, url }: Target,
  protocol: UpstreamRequest['protocol'],
): Pick<UpstreamRequest, 'protocol' | 'target' | 'url' | 'tls' | 'body'> {
  return { protocol, target: text, url, tls: /^(?:https|grpcs|suwsgi):/i.test(text), body: null };
}

/** The Host header is put first, and never left empty, since this release. */
export const HOST_FIRST_SINCE = '1.31.4';

/** A header that nginx adds, or takes away when empty, unless the configuration sets one of that name. */
export type Default = readonly [name: string, value: string];

/** Headers in the order of the wire: set ones, defaults that nobody sets, the client's (ngx_http_proxy_init_headers). */
export function sentHeaders(
  state: RequestState,
  block: ConfigNode,
  module: 'proxy' | 'grpc',
  sets: readonly ConfigNode[],
  defaults: readonly Default[],
  withoutHost: boolean,
): SentHeader[] {
  const headers: SentHeader[] = [];
  const names = new Set<string>();
  const put = (name: string, value: string, node: ConfigNode | null): void => {
    if (value !== '' && !(withoutHost && asciiLower(name) === 'host'))
      headers.push({ name, value, node, fromClient: false });
  };
  for (const node of sets) {
    const name = toBytes(node.arg(0) ?? '');
    names.add(asciiLower(name));
    put(name, runScript(compileScript(node.arg(1) ?? ''), state), node);
  }
  for (const [name, value] of defaults) {
    const lower = asciiLower(name);
    if (names.has(lower)) continue;
    names.add(lower);
    put(name, value, null);
  }
  if (state.headers.length === 0) return headers;
  if (effectiveValue(state.model, `${module}_pass_request_headers`, block, 'on') === 'off') return headers;
  for (const { name, lower, value } of state.headers) {
    if (!names.has(lower)) headers.push({ name, value, node: null, fromClient: true });
  }
  return headers;
}

export function hostValue(
  state: RequestState,
  sets: readonly ConfigNode[],
  defaults: readonly Default[],
): { value: string; node: ConfigNode | null } {
  const node = sets.findLast((set) => set.arg(0)?.toLowerCase() === 'host');
  if (node) return { value: runScript(compileScript(node.arg(1) ?? ''), state), node };
  return { value: defaults.find(([name]) => name === 'Host')?.[1] ?? '', node: null };
}

/** HTTP/2 knows lower-case names only. */
export function lowerCase(header: SentHeader): SentHeader {
  return { ...header, name: asciiLower(header.name) };
}
