import { assumedRelease } from './assumed-release.ts';
import { escapeUri, toBytes } from './bytes.ts';
import { effective, effectiveValue } from './inheritance.ts';
import { locationMatch } from './location-choice.ts';
import type { ConfigNode } from './model.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, isConstant, runScript } from './script.ts';
import {
  type Default,
  hostValue,
  lowerCase,
  plain,
  sentHeaders,
  type Target,
  targetOf,
  type UpstreamRequest,
} from './sent-request.ts';
import { holdsSince } from './version.ts';

/** ngx_http_proxy_create_request (src/http/modules/ngx_http_proxy_module.c), and ngx_http_proxy_v2_module.c. */
export function proxyRequest(state: RequestState, block: ConfigNode, handler: ConfigNode): UpstreamRequest {
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
  const defaults = proxyDefaults(state, block, framing, protocol);
  const sets = effective(model, 'proxy_set_header', block).nodes;
  const own = plain(target, protocol);
  const head = { method, uri, body };
  if (protocol === 'HTTP/2') {
    const host = hostValue(state, sets, defaults);
    const pseudo = [
      [':method', method],
      [':scheme', own.tls ? 'https' : 'http'],
      [':path', uri],
      [':authority', host.value || (state.proxyHost ?? '')],
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
function defaultHttpVersion(state: RequestState): string {
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

/** ngx_http_proxy_headers and ngx_http_proxy_cache_headers. */
function proxyDefaults(
  state: RequestState,
  block: ConfigNode,
  { length, chunked }: Framing,
  protocol: UpstreamRequest['protocol'],
): Default[] {
  const version = assumedRelease(state.model);
  const closes = protocol !== 'HTTP/2' && holdsSince(version, '1.29.7') !== 'yes';
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
