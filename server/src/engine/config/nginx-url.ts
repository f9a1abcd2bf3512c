import { byteLength } from '../syntax/words.ts';
import { isIpv6, parseNumber } from './nginx-values.ts';

/** An address as ngx_parse_url takes it apart (src/core/ngx_inet.c). */
export interface NginxUrl {
  /** Name, address, or `*`; null for a unix socket. */
  readonly host: string | null;
  readonly family: 'inet' | 'inet6' | 'unix';
  /** The port as written; null where none was. */
  readonly port: number | null;
  /** The last port of a range in `listen`. */
  readonly lastPort: number | null;
  readonly socket: string | null;
  readonly uri: string;
}

export interface UrlOptions {
  /** `listen` takes a port alone, a range of ports and `*`. */
  readonly listen?: boolean;
  /** A URI may follow. */
  readonly uriPart?: boolean;
}

/** Size of sun_path on Linux; the others have less. */
const MAX_SOCKET_PATH = 108;

type Parsed = NginxUrl | { readonly error: string };

/** What was taken apart before: the same few addresses are asked for with each keystroke. */
const known = new Map<string, Parsed>();
const MAX_KNOWN = 20_000;

/** The parts of an address, or nginx's words for what is wrong with it. Names are not looked up. */
export function parseNginxUrl(text: string, options: UrlOptions = {}): Parsed {
  const key = `${options.listen ? 'l' : ''}${options.uriPart ? 'u' : ''} ${text}`;
  let parsed = known.get(key);
  if (!parsed) {
    parsed = parse(text, options);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(key, parsed);
  }
  return parsed;
}

function parse(text: string, options: UrlOptions): Parsed {
  if (text.slice(0, 5).toLowerCase() === 'unix:') return parseUnix(text.slice(5), options);
  return text.startsWith('[') ? parseInet6(text, options) : parseInet(text, options);
}

function parseUnix(text: string, { uriPart = false }: UrlOptions): NginxUrl | { error: string } {
  const colon = uriPart ? text.indexOf(':') : -1;
  const socket = colon < 0 ? text : text.slice(0, colon);
  if (socket === '') return { error: 'no path in the unix domain socket' };
  if (byteLength(socket) + 1 > MAX_SOCKET_PATH) return { error: 'too long path in the unix domain socket' };
  const uri = colon < 0 ? '' : text.slice(colon + 1);
  return { host: null, family: 'unix', port: null, lastPort: null, socket, uri };
}

/** Takes the URI off. Null where none may stand. */
function splitUri(text: string, { listen = false, uriPart = false }: UrlOptions): [string, string] | null {
  const at = text.search(/[/?]/);
  if (at < 0) return [text, ''];
  return listen || !uriPart ? null : [text.slice(0, at), text.slice(at)];
}

/** A port, in `listen` also a range of them. */
function parsePorts(
  text: string,
  listen: boolean,
): { port: number; lastPort: number | null } | { error: string } {
  const dash = listen ? text.indexOf('-') : -1;
  let lastPort: number | null = null;
  if (dash >= 0) {
    lastPort = parseNumber(text.slice(dash + 1)) ?? 0;
    if (lastPort < 1 || lastPort > 65535) return { error: 'invalid port' };
  }
  const port = parseNumber(dash < 0 ? text : text.slice(0, dash)) ?? 0;
  if (port < 1 || port > 65535) return { error: 'invalid port' };
  if (lastPort !== null && port > lastPort) return { error: 'invalid port range' };
  return { port, lastPort };
}

function parseInet(text: string, options: UrlOptions): NginxUrl | { error: string } {
  const { listen = false } = options;
  const split = splitUri(text, options);
  if (!split) return { error: 'invalid host' };
  const [authority, uri] = split;
  const common = { family: 'inet', socket: null, uri } as const;
  const colon = authority.indexOf(':');
  if (colon < 0 && uri === '' && listen && /^\d+(?:-\d+)?$/.test(authority)) {
    const ports = parsePorts(authority, true);
    return 'error' in ports ? ports : { ...common, host: '*', ...ports };
  }
  const ports = colon < 0 ? { port: null, lastPort: null } : parsePorts(authority.slice(colon + 1), listen);
  if ('error' in ports) return ports;
  const host = colon < 0 ? authority : authority.slice(0, colon);
  return host === '' ? { error: 'no host' } : { ...common, host, ...ports };
}

function parseInet6(text: string, options: UrlOptions): NginxUrl | { error: string } {
  const close = text.indexOf(']');
  if (close < 0) return { error: 'invalid host' };
  const split = splitUri(text.slice(close + 1), options);
  if (!split) return { error: 'invalid host' };
  const [behind, uri] = split;
  if (behind !== '' && behind[0] !== ':') return { error: 'invalid host' };
  const ports =
    behind === '' ? { port: null, lastPort: null } : parsePorts(behind.slice(1), options.listen ?? false);
  if ('error' in ports) return ports;
  const host = text.slice(1, close);
  if (host === '') return { error: 'no host' };
  if (!isIpv6(host)) return { error: 'invalid IPv6 address' };
  return { host: `[${host.toLowerCase()}]`, family: 'inet6', socket: null, uri, ...ports };
}
