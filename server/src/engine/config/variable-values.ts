import { toBytes } from './bytes.ts';
import { isVolatile, lookUpGeo, lookUpMap, lookUpSplit } from './lookup-tables.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, runScript } from './script.ts';
import { loggedServerName } from './server-choice.ts';
import { documentRoot, fileName } from './static-path.ts';
import { definitionsOf } from './variables.ts';
import { holdsSince } from './version.ts';

/**
 * The value of a variable for a request (ngx_http_get_variable in src/http/ngx_http_variables.c). What the request
 * does not tell is marked as unknown, and its name stands for it.
 */
export function readVariable(state: RequestState, name: string): string {
  const own = readDefined(state, name);
  if (own !== null) return own;
  const builtIn = BUILT_IN[name];
  const value = builtIn ? builtIn(state) : readFamily(state, name);
  if (value !== null) return value;
  if (patternNames(state.model).has(name)) return '';
  state.markUnknown(name);
  return `$${name}`;
}

/** `set`, `map`, `geo` and `split_clients`; null when none of these defines the name. */
function readDefined(state: RequestState, name: string): string | null {
  const definition = definitionsOf(state.model)
    .get(name)
    ?.find(({ kind }) => kind !== 'set');
  if (!definition) {
    // Set somewhere, though not on this request's way; nginx's own variables stay what they are.
    return !BUILT_IN[name] && definitionsOf(state.model).has(name) ? '' : null;
  }
  const { node } = definition;
  const before = state.unknowns;
  const value = lookUp(state, node);
  const known = state.unknowns === before;
  const text = known ? value : `$${name}`;
  if (node.name !== 'map' || !isVolatile(node)) state.keep(name, text, known);
  return text;
}

function lookUp(state: RequestState, node: ConfigNode): string {
  const [first = ''] = node.args;
  if (node.name === 'geo') {
    const source = node.args.length > 1 ? first : '$remote_addr';
    return lookUpGeo(node, runScript(compileScript(source), state));
  }
  const value = runScript(compileScript(first), state);
  if (node.name === 'split_clients') return lookUpSplit(node, value);
  return runScript(compileScript(lookUpMap(node, value, state)), state);
}

const namedGroups = new WeakMap<ConfigModel, ReadonlySet<string>>();

/** Names of groups in regular expressions: variables that are empty until their pattern matches. */
function patternNames(model: ConfigModel): ReadonlySet<string> {
  let known = namedGroups.get(model);
  if (!known) {
    const names = new Set<string>();
    for (const node of model.nodes) {
      for (const text of [node.name, ...node.args]) {
        if (!text.includes('(?')) continue;
        for (const match of text.matchAll(/\(\?P?[<']([A-Za-z_]\w*)[>']/g))
          names.add(match[1]!.toLowerCase());
      }
    }
    known = names;
    namedGroups.set(model, known);
  }
  return known;
}

/** A value, or null where the request does not tell. */
type Reader = (state: RequestState) => string | null;

const EMPTY: Reader = () => '';

const BUILT_IN: Readonly<Record<string, Reader>> = Object.assign(Object.create(null) as object, {
  uri: (state) => state.uri,
  document_uri: (state) => state.uri,
  request_uri: (state) => state.unparsedUri,
  args: (state) => state.args,
  query_string: (state) => state.args,
  is_args: (state) => (state.args === '' ? '' : '?'),
  request: (state) => state.requestLine,
  request_method: (state) => state.method,
  server_protocol: protocol,
  host: (state) => state.hostName || (state.server ? toBytes(loggedServerName(state.server)) : ''),
  server_name: (state) => (state.server ? toBytes(loggedServerName(state.server)) : ''),
  scheme: (state) => (state.point?.ssl ? 'https' : 'http'),
  https: (state) => (state.point?.ssl ? 'on' : ''),
  request_port: (state) => (state.requestPort > 0 ? String(state.requestPort) : ''),
  is_request_port: (state) => (state.requestPort > 0 ? ':' : ''),
  server_port: (state) => (state.point ? String(state.point.port ?? '') : null),
  server_addr: serverAddress,
  remote_addr: (state) => state.request.client,
  realip_remote_addr: (state) => state.request.client,
  remote_user: (state) => (state.request.headers && state.header('authorization') === null ? '' : null),
  content_length: contentLength,
  content_type: (state) => readHeader(state, 'content-type'),
  document_root: (state) => documentRoot(state),
  realpath_root: (state) => documentRoot(state),
  request_filename: (state) => fileName(state),
  nginx_version: (state) => state.model.version.value,
  proxy_host: (state) => state.proxyHost ?? '',
  proxy_port: (state) => state.proxyPort ?? '',
  proxy_add_x_forwarded_for: forwardedFor,
  request_completion: EMPTY,
  request_body_file: EMPTY,
} satisfies Record<string, Reader>);

/** Variables of whole families: `arg_x`, `http_x`, `cookie_x`; others say nothing before the answer. */
function readFamily(state: RequestState, name: string): string | null {
  if (name.startsWith('http_')) return readHeader(state, name.slice(5).replaceAll('_', '-'));
  if (name.startsWith('arg_')) return readArgument(state.args, name.slice(4));
  if (name.startsWith('cookie_')) return readCookie(state, name.slice(7));
  if (/^(?:sent_(?:http|trailer)_|upstream_)/.test(name)) return '';
  if (name.startsWith('ssl_') && state.point && !state.point.ssl) return '';
  return null;
}

function protocol({ readable, request }: RequestState): string {
  if (!readable) return '';
  return request.http === '2' ? 'HTTP/2.0' : `HTTP/${request.http}`;
}

function serverAddress(state: RequestState): string | null {
  const { request, point } = state;
  if (point?.port === null) return `unix:${point.host}`;
  const host = /^(.*):\d+$/.exec(request.listen ?? '')?.[1];
  return host && host !== '*' ? host.replace(/^\[|\]$/g, '') : null;
}

/**
 * A request header by its name in lower case (ngx_http_variable_unknown_header). Lines of one name are joined since
 * 1.23.0; before, only Cookie and X-Forwarded-For were.
 */
function readHeader(state: RequestState, lower: string): string | null {
  const lines = state.headers.filter((header) => header.lower === lower || dashed(header.lower) === lower);
  if (lines.length === 0) return state.request.headers || lower === 'host' ? '' : null;
  if (lines.length === 1) return lines[0]!.value;
  if (lower === 'cookie') return lines.map(({ value }) => value).join('; ');
  if (lower !== 'x-forwarded-for' && holdsSince(state.model.version, '1.23.0') === 'no')
    return lines[0]!.value;
  return lines.map(({ value }) => value).join(', ');
}

function dashed(name: string): string {
  return name.includes('_') ? name.replaceAll('_', '-') : name;
}

function contentLength(state: RequestState): string | null {
  if (!state.request.headers) return null;
  const { body } = state.request;
  return body && !body.chunked ? String(body.length) : '';
}

function forwardedFor(state: RequestState): string | null {
  const earlier = readHeader(state, 'x-forwarded-for');
  if (earlier === null) return null;
  const { client } = state.request;
  if (client === null) state.markUnknown('remote_addr');
  const address = client ?? '$remote_addr';
  return earlier === '' ? address : `${earlier}, ${address}`;
}

/** The first `name=value` of the arguments, without case and undecoded (ngx_http_arg). */
function readArgument(args: string, name: string): string {
  if (name === '') return '';
  for (const pair of args.split('&')) {
    const equals = pair.indexOf('=');
    if (equals === name.length && pair.slice(0, equals).toLowerCase() === name) return pair.slice(equals + 1);
  }
  return '';
}

/** ngx_http_parse_multi_header_lines: names are compared without case, values end at the semicolon. */
function readCookie(state: RequestState, name: string): string | null {
  if (!state.request.headers) return null;
  for (const header of state.headers) {
    if (header.lower !== 'cookie') continue;
    for (const part of header.value.split(/[;,]/)) {
      const equals = part.indexOf('=');
      if (equals >= 0 && part.slice(0, equals).trim().toLowerCase() === name)
        return part.slice(equals + 1).trimStart();
    }
  }
  return '';
}
