import { assumedRelease } from './assumed-release.ts';
import { escapeUri, toBytes } from './bytes.ts';
import { buildParams } from './gateway-params.ts';
import { effective, effectiveValue } from './inheritance.ts';
import { locationMatch } from './location-choice.ts';
import type { ConfigNode } from './model.ts';
import { asciiLower } from './request-line.ts';
import type { RequestState } from './request-state.ts';
import type { Route } from './route.ts';
import { compileScript, isConstant, runScript } from './script.ts';
import { parseUpstreamUrl, type UpstreamUrl } from './upstream-url.ts';
import { holdsSince } from './version.ts';

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

/** The request that a route's handler sends; null where none is sent. */
export function upstreamRequest(route: Route): UpstreamRequest | null {
  const { handler, state, block } = route;
  if (!handler || !block || !handler.name.endsWith('_pass')) return null;
  switch (handler.name) {
    case 'proxy_pass':
      return proxyRequest(state, block, handler);
    case 'grpc_pass':
      return grpcRequest(state, block, handler);
    case 'memcached_pass': {
      const key = runScript(compileScript('$memcached_key'), state);
      const target = targetOf(state, handler);
      return {
        ...plain(target, 'memcached'),
        method: 'get',
        uri: key,
        requestLine: `get ${escapeUri(key)}`,
        headers: [],
      };
    }
    case 'fastcgi_pass':
    case 'uwsgi_pass':
    case 'scgi_pass': {
      const protocol = ({ fastcgi_pass: 'FastCGI', uwsgi_pass: 'uwsgi', scgi_pass: 'SCGI' } as const)[
        handler.name
      ];
      const target = targetOf(state, handler);
      const headers = buildParams(state, block, handler.name.slice(0, -'_pass'.length));
      const of = (name: string, fallback: string): string =>
        headers.find((header) => header.name === name)?.value ?? fallback;
      const method = of('REQUEST_METHOD', state.method);
      const uri = of('REQUEST_URI', state.unparsedUri);
      const requestLine = `${method} ${uri} ${of('SERVER_PROTOCOL', protocol)}`;
      return { ...plain(target, protocol), method, uri, requestLine, headers };
    }
    default:
      return null;
  }
}

interface Target {
  readonly text: string;
  readonly url: UpstreamUrl | null;
}

function targetOf(state: RequestState, handler: ConfigNode): Target {
  const text = runScript(compileScript(handler.arg(0) ?? ''), state);
  return { text, url: parseUpstreamUrl(handler.name, text) };
}

function plain(
  { text, url }: Target,
  protocol: UpstreamRequest['protocol'],
): Pick<UpstreamRequest, 'protocol' | 'target' | 'url' | 'tls' | 'body'> {
  return { protocol, target: text, url, tls: /^(?:https|grpcs|suwsgi):/i.test(text), body: null };
}

/** ngx_http_proxy_create_request (src/http/modules/ngx_http_proxy_module.c), and ngx_http_proxy_v2_module.c. */
function proxyRequest(state: RequestState, block: ConfigNode, handler: ConfigNode): UpstreamRequest {
  const { model } = state;
  const target = targetOf(state, handler);
  setProxyVariables(state, target);
  const version = effectiveValue(model, 'proxy_http_version', block, defaultHttpVersion(state));
  const protocol = version === '2' ? 'HTTP/2' : version === '1.1' ? 'HTTP/1.1' : 'HTTP/1.0';
  const method =
    runScript(compileScript(effectiveValue(model, 'proxy_method', block, '')), state) || state.method;
  const uri = proxyUri(state, handler, target);
  const bodyNode = effective(model, 'proxy_set_body', block).nodes[0];
  const body = bodyNode ? runScript(compileScript(bodyNode.arg(0) ?? ''), state) : null;
  const unbuffered =
    protocol !== 'HTTP/1.0' &&
    body === null &&
    effectiveValue(model, 'proxy_request_buffering', block, 'on') === 'off' &&
    effectiveValue(model, 'proxy_pass_request_body', block, 'on') === 'on';
  const framing = bodyFraming(state, body, unbuffered);
  const defaults = proxyDefaults(state, block, framing);
  const sets = effective(model, 'proxy_set_header', block).nodes;
  const own = plain(target, protocol);
  const head = { method, uri, body };
  if (protocol === 'HTTP/2') {
    const host = hostValue(state, sets, defaults);
    const pseudo = [
      [':method', method],
      [':scheme', own.tls ? 'https' : 'http'],
      [':path', uri],
      [':authority', host.value],
    ].map(([name, value]) => ({
      name: name!,
      value: value!,
      node: name === ':authority' ? host.node : null,
      fromClient: false,
    }));
    const headers = sentHeaders(state, block, 'proxy', sets, defaults, true).map(lowerCase);
    return { ...own, ...head, requestLine: `${method} ${uri} HTTP/2.0`, headers: [...pseudo, ...headers] };
  }
  const hostFirst = holdsSince(assumedRelease(model), HOST_FIRST_SINCE) === 'yes';
  const headers = sentHeaders(state, block, 'proxy', sets, defaults, hostFirst);
  if (hostFirst) {
    const host = hostValue(state, sets, defaults);
    // An empty Host counts as none, but HTTP/1.1 cannot do without.
    const empty = host.value === '' && protocol === 'HTTP/1.1';
    const value = empty ? (state.proxyHost ?? '') : host.value;
    if (value !== '')
      headers.unshift({ name: 'Host', value, node: empty ? null : host.node, fromClient: false });
  }
  return { ...own, ...head, requestLine: `${method} ${uri} ${protocol}`, headers };
}

/** The Host header is put first, and never left empty, since this release. */
const HOST_FIRST_SINCE = '1.31.4';

/** proxy_pass speaks HTTP/1.1 and asks for no close since 1.29.7; with an unknown version the older way is taken. */
export function defaultHttpVersion(state: RequestState): string {
  return holdsSince(assumedRelease(state.model), '1.29.7') === 'yes' ? '1.1' : '1.0';
}

/** $proxy_host and $proxy_port (ngx_http_proxy_set_vars). */
function setProxyVariables(state: RequestState, { text, url }: Target): void {
  const usual = /^https:/i.test(text) ? 443 : 80;
  if (!url) {
    state.proxyHost = text.replace(/^[a-z]+:\/\//i, '').replace(/[/?].*/s, '');
    state.proxyPort = String(usual);
  } else if (url.host === null) {
    state.proxyHost = 'localhost';
    state.proxyPort = '';
  } else {
    const port = url.port ?? usual;
    state.proxyHost = port === usual ? url.host : `${url.host}:${writtenPort(text) ?? port}`;
    state.proxyPort = port === usual ? String(usual) : String(port);
  }
}

/** The port with the digits that stand there: nginx copies them. */
function writtenPort(text: string): string | null {
  return /^[a-z]+:\/\/(?:\[[^\]]*\]|[^:/?]*):(\d+)/i.exec(text)?.[1] ?? null;
}

/** The URI of the request line: that of proxy_pass, the client's own, or the location's prefix replaced. */
function proxyUri(state: RequestState, handler: ConfigNode, { text, url }: Target): string {
  const variable = !isConstant(compileScript(handler.arg(0) ?? ''));
  const part = url ? (url.uri ?? '') : uriOfUnread(text);
  if (variable && part !== '') return part.startsWith('?') ? `/${part}` : part;
  if (part === '' && state.validUnparsed) return state.unparsedUri;
  const location = handler.parent?.name === 'location' ? locationMatch(handler.parent) : null;
  const plainName = location !== null && !['~', '~*', '@'].includes(location.kind);
  const cut = state.validLocation && part !== '' && plainName ? toBytes(location.path).length : 0;
  const rest = state.uri.slice(cut);
  const path = state.quoted || state.internal ? escapeUri(rest) : rest;
  return (state.validLocation ? part : '') + path + (state.args === '' ? '' : `?${state.args}`);
}

/** URI part of a target whose host is not known. */
function uriOfUnread(text: string): string {
  return /^[a-z]+:\/\/[^/?]*(.*)$/is.exec(text)?.[1] ?? '';
}

/** Values of Content-Length and Transfer-Encoding; empty where they are not sent. */
interface Framing {
  readonly length: string;
  readonly chunked: string;
}

function bodyFraming(state: RequestState, body: string | null, unbuffered: boolean): Framing {
  if (body !== null) return { length: String(body.length), chunked: '' };
  const given = state.request.body;
  if (!given) return { length: '', chunked: '' };
  return given.chunked && unbuffered
    ? { length: '', chunked: 'chunked' }
    : { length: String(given.length), chunked: '' };
}

/** A header that nginx adds, or takes away when empty, unless the configuration sets one of that name. */
type Default = readonly [name: string, value: string];

/** ngx_http_proxy_headers and ngx_http_proxy_cache_headers. */
function proxyDefaults(state: RequestState, block: ConfigNode, { length, chunked }: Framing): Default[] {
  const version = assumedRelease(state.model);
  const closes = holdsSince(version, '1.29.7') !== 'yes';
  return [
    ['Host', state.proxyHost ?? ''],
    ['Connection', closes ? 'close' : ''],
    ...(holdsSince(version, '1.31.0') === 'yes' ? ([['Proxy-Connection', '']] as const) : []),
    ['Content-Length', length],
    ['Transfer-Encoding', chunked],
    ['TE', ''],
    ['Keep-Alive', ''],
    ['Expect', ''],
    ['Upgrade', ''],
    ...cacheDefaults(state, block),
  ];
}

/** What a cache keeps back from the backend, for requests that may be cached. */
function cacheDefaults(state: RequestState, block: ConfigNode): Default[] {
  const cache = effectiveValue(state.model, 'proxy_cache', block, 'off');
  const methods = effective(state.model, 'proxy_cache_methods', block).nodes[0]?.args ?? [];
  if (cache === 'off' || !['GET', 'HEAD', ...methods].includes(state.method)) return [];
  return ['If-Modified-Since', 'If-Unmodified-Since', 'If-None-Match', 'If-Match', 'Range', 'If-Range'].map(
    (name) => [name, ''] as const,
  );
}

/** Headers in the order of the wire: set ones, defaults that nobody sets, the client's (ngx_http_proxy_init_headers). */
function sentHeaders(
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
  if (effectiveValue(state.model, `${module}_pass_request_headers`, block, 'on') === 'off') return headers;
  for (const { name, lower, value } of state.headers) {
    if (!names.has(lower)) headers.push({ name, value, node: null, fromClient: true });
  }
  return headers;
}

function hostValue(
  state: RequestState,
  sets: readonly ConfigNode[],
  defaults: readonly Default[],
): { value: string; node: ConfigNode | null } {
  const node = sets.findLast((set) => set.arg(0)?.toLowerCase() === 'host');
  if (node) return { value: runScript(compileScript(node.arg(1) ?? ''), state), node };
  return { value: defaults.find(([name]) => name === 'Host')?.[1] ?? '', node: null };
}

/** HTTP/2 knows lower-case names only. */
function lowerCase(header: SentHeader): SentHeader {
  return { ...header, name: asciiLower(header.name) };
}

/** ngx_http_grpc_create_request (src/http/modules/ngx_http_grpc_module.c). */
function grpcRequest(state: RequestState, block: ConfigNode, handler: ConfigNode): UpstreamRequest {
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
  const headers = sentHeaders(state, block, 'grpc', sets, defaults, false).map(lowerCase);
  const pseudo: SentHeader[] = [
    [':method', state.method],
    [':scheme', own.tls ? 'https' : 'http'],
    [':path', uri],
    // A Host set by hand takes the place of :authority.
    ...(set ? [] : [[':authority', host]]),
  ].map(([name, value]) => ({ name: name!, value: value!, node: null, fromClient: false }));
  return {
    ...own,
    method: state.method,
    uri,
    requestLine: `${state.method} ${uri} HTTP/2.0`,
    headers: [...pseudo, ...headers],
  };
}
