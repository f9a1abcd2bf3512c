/**
 * Reads what stands behind `*_pass` and `server` as ngx_parse_url and the callers of it do (src/core/ngx_inet.c,
 * ngx_http_proxy_pass, ngx_http_grpc_pass, ngx_http_uwsgi_pass).
 */
export interface UpstreamUrl {
  /** Lower case, without "://"; null where none was written. */
  readonly scheme: string | null;
  /** Host as written: a name, an IPv4 address or a bracketed IPv6 address; null for unix sockets. */
  readonly host: string | null;
  /** The port as written. */
  readonly port: number | null;
  /** Path of a unix socket. */
  readonly socket: string | null;
  /** From the first "/" or "?" behind the address; null where there is none. */
  readonly uri: string | null;
}

const SCHEMES: Record<string, readonly string[]> = {
  proxy_pass: ['http', 'https'],
  grpc_pass: ['grpc', 'grpcs'],
  uwsgi_pass: ['uwsgi', 'suwsgi'],
};

/** By directive and text: with each keystroke, thousands of targets are asked for again. */
const known = new Map<string, Map<string, UpstreamUrl | null>>();
const MAX_KNOWN = 20_000;

/** Null when nginx would refuse the text as that directive's target. Never called with variables inside. */
export function parseUpstreamUrl(directive: string, text: string): UpstreamUrl | null {
  let targets = known.get(directive);
  if (!targets) {
    targets = new Map();
    known.set(directive, targets);
  }
  let url = targets.get(text);
  if (url === undefined) {
    if (targets.size >= MAX_KNOWN) targets.clear();
    url = parse(directive, text);
    targets.set(text, url);
  }
  return url;
}

function parse(directive: string, text: string): UpstreamUrl | null {
  let rest = text;
  let scheme: string | null = null;
  for (const known of SCHEMES[directive] ?? []) {
    if (rest.slice(0, known.length + 3).toLowerCase() === `${known}://`) {
      scheme = known;
      rest = rest.slice(known.length + 3);
    }
  }
  if (directive === 'proxy_pass' && scheme === null) return null;
  if (rest.slice(0, 5).toLowerCase() === 'unix:')
    return parseUnix(scheme, rest.slice(5), directive === 'proxy_pass');
  return parseInet(scheme, rest, directive === 'proxy_pass');
}

function parseUnix(scheme: string | null, text: string, uriAllowed: boolean): UpstreamUrl | null {
  const colon = uriAllowed ? text.indexOf(':') : -1;
  const socket = colon < 0 ? text : text.slice(0, colon);
  const uri = colon < 0 ? '' : text.slice(colon + 1);
  if (socket === '') return null;
  return { scheme, host: null, port: null, socket, uri: uri === '' ? null : uri };
}

function parseInet(scheme: string | null, text: string, uriAllowed: boolean): UpstreamUrl | null {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1;
  if (text.startsWith('[') && bracket < 0) return null;
  const hostEnd = bracket < 0 ? -1 : bracket + 1;
  const afterHost = hostEnd < 0 ? 0 : hostEnd;
  const uriAt = text.slice(afterHost).search(/[/?]/);
  const authorityEnd = uriAt < 0 ? text.length : afterHost + uriAt;
  const uri = uriAt < 0 ? null : text.slice(authorityEnd);
  if (uri !== null && !uriAllowed) return null;
  const authority = text.slice(0, authorityEnd);
  const colon = authority.indexOf(':', afterHost);
  const host = colon < 0 ? authority : authority.slice(0, colon);
  if (host === '') return null;
  if (colon < 0) return { scheme, host, port: null, socket: null, uri };
  const digits = authority.slice(colon + 1);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return port < 1 || port > 65535 ? null : { scheme, host, port, socket: null, uri };
}

/** Whether nginx needs no name look-up for a host: an IPv4 literal or a bracketed IPv6 one. */
export function isAddress(host: string): boolean {
  return host.startsWith('[') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
}

/** Port that a handler uses when none is written; null where nginx demands one. */
export function defaultPort(directive: string, scheme: string | null): number | null {
  if (directive === 'proxy_pass') return scheme === 'https' ? 443 : 80;
  return null;
}
