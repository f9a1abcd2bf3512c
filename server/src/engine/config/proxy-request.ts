import { assumedRelease } from './assumed-release.ts';
import { escapeUri, toBytes } from './bytes.ts';
import { effective, effectiveValue } from './inheritance.ts';
import { locationMatch } from './location-choice.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, isConstant, runScript, type Script } from './script.ts';
import {
  type Default,
  HOST_FIRST_SINCE,
  hostValue,
  lowerCase,
  plain,
  sentHeaders,
  type Target,
  targetOf,
  type UpstreamRequest,
} from './sent-request.ts';
import { holdsSince } from './version.ts';

/** What the directives of a block say about its requests; the same for all of them. */
interface Settings {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  readonly method: Script;
  readonly body: Script | null;
  /** The client's body is handed on as it comes. */
  readonly unbuffered: boolean;
  readonly sets: readonly ConfigNode[];
  /** Methods whose answers a cache may keep; null without a cache. */
  readonly cached: readonly string[] | null;
  readonly closes: boolean;
  readonly dropsProxyConnection: boolean;
  readonly hostFirst: boolean;
}

const known = new WeakMap<ConfigNode, Settings>();

function settingsOf(model: ConfigModel, block: ConfigNode): Settings {
  let settings = known.get(block);
  if (!settings) {
    settings = readSettings(model, block);
    known.set(block, settings);
  }
  return settings;
}

function readSettings(model: ConfigModel, block: ConfigNode): Settings {
  const value = (name: string, fallback: string): string => effectiveValue(model, name, block, fallback);
  const since = (release: string): boolean => holdsSince(assumedRelease(model), release) === 'yes';
  // HTTP/1.1 without a close since 1.29.7; with an unknown version the older way is taken.
  const version = value('proxy_http_version', since('1.29.7') ? '1.1' : '1.0');
  const protocol = version === '2' ? 'HTTP/2' : version === '1.1' ? 'HTTP/1.1' : 'HTTP/1.0';
  const body = effective(model, 'proxy_set_body', block).nodes[0];
  const methods = effective(model, 'proxy_cache_methods', block).nodes[0]?.args ?? [];
  return {
    protocol,
    method: compileScript(value('proxy_method', '')),
    body: body ? compileScript(body.arg(0) ?? '') : null,
    unbuffered:
      protocol !== 'HTTP/1.0' &&
      body === undefined &&
      value('proxy_request_buffering', 'on') === 'off' &&
      value('proxy_pass_request_body', 'on') === 'on',
    sets: effective(model, 'proxy_set_header', block).nodes,
    cached: value('proxy_cache', 'off') === 'off' ? null : ['GET', 'HEAD', ...methods],
    closes: protocol !== 'HTTP/2' && !since('1.29.7'),
    dropsProxyConnection: since('1.31.0'),
    hostFirst: since(HOST_FIRST_SINCE),
  };
}

/** ngx_http_proxy_create_request (src/http/modules/ngx_http_proxy_module.c), and ngx_http_proxy_v2_module.c. */
export function proxyRequest(state: RequestState, block: ConfigNode, handler: ConfigNode): UpstreamRequest {
  const settings = settingsOf(state.model, block);
  const { protocol, sets, hostFirst } = settings;
  const target = targetOf(state, handler);
  setProxyVariables(state, target);
  const method = runScript(settings.method, state) || state.method;
  const uri = proxyUri(state, handler, target);
  const body = settings.body ? runScript(settings.body, state) : null;
  const framing = bodyFraming(state, body, settings.unbuffered);
  const defaults = proxyDefaults(state, settings, framing);
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
function proxyDefaults(state: RequestState, settings: Settings, { length, chunked }: Framing): Default[] {
  const defaults: Default[] = [
    ['Host', state.proxyHost ?? ''],
    ['Connection', settings.closes ? 'close' : ''],
    ['Content-Length', length],
    ['Transfer-Encoding', chunked],
    ...DROPPED,
  ];
  if (settings.dropsProxyConnection) defaults.push(['Proxy-Connection', '']);
  // What a cache keeps back from the backend, for requests that may be cached.
  if (settings.cached?.includes(state.method)) defaults.push(...CONDITIONAL);
  return defaults;
}

const empty = (name: string): Default => [name, ''];
const DROPPED = ['TE', 'Keep-Alive', 'Expect', 'Upgrade'].map(empty);
const CONDITIONAL = [
  'If-Modified-Since',
  'If-Unmodified-Since',
  'If-None-Match',
  'If-Match',
  'Range',
  'If-Range',
].map(empty);
