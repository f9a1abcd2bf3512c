import { fromBytes } from '../config/bytes.ts';
import { effectiveValue } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { SentHeader, UpstreamRequest } from '../config/upstream-request.ts';
import { isAddress } from '../config/upstream-url.ts';
import { type Peer, upstreamNamed } from '../config/upstreams.ts';
import { operand, shellQuote } from './shell.ts';

/** Where a command connects to. */
export interface Address {
  readonly host: string | null;
  readonly port: number;
  readonly socket: string | null;
}

export interface CommandOptions {
  /** Where to connect to, in place of the first peer. */
  readonly address?: Address | null;
  /** More words for curl, quoted. */
  readonly curl?: readonly string[];
  /** A call of gRPC's health service in place of the method, which may change something. */
  readonly healthOnly?: boolean;
  /** The client's headers are not known: curl may send its own User-Agent and Accept. */
  readonly anyClient?: boolean;
}

/**
 * The very request that nginx sends, as a command to copy: curl for HTTP, grpcurl for gRPC, cgi-fcgi for FastCGI, and
 * printf with nc for what has no usual tool. Null where the backend's address is not known.
 */
export function upstreamCommand(
  model: ConfigModel,
  block: ConfigNode,
  request: UpstreamRequest,
  options: CommandOptions = {},
): string | null {
  const address = options.address ?? addressOf(model, request);
  if (!address || (request.url === null && request.protocol !== 'memcached')) return null;
  switch (request.protocol) {
    case 'gRPC':
      return grpcurl(request, address, options.healthOnly === true);
    case 'FastCGI':
      return cgiFcgi(request, address);
    case 'uwsgi':
      return piped(uwsgiPacket(request), address);
    case 'SCGI':
      return piped(scgiPacket(request), address);
    case 'memcached':
      return piped(`${request.requestLine}\r\n`, address);
    default:
      return curl(model, block, request, address, options);
  }
}

/** The first peer that takes requests, for a group; else the address of the pass itself. */
function addressOf(model: ConfigModel, { url, tls, protocol }: UpstreamRequest): Address | null {
  if (!url) return null;
  if (url.socket !== null) return { host: null, port: 0, socket: url.socket };
  const group = url.port === null ? upstreamNamed(model, url.host!) : null;
  const usual = tls ? 443 : protocol === 'memcached' ? 11_211 : 80;
  if (!group) return { host: url.host!, port: url.port ?? usual, socket: null };
  const peers = group.peers.filter(
    (peer): peer is Peer & { url: NonNullable<Peer['url']> } => peer.url !== null,
  );
  const peer = peers.find((one) => !one.down && !one.backup) ?? peers.find((one) => !one.down) ?? peers[0];
  return peer ? { host: peer.url.host, port: peer.port ?? 80, socket: peer.url.socket } : null;
}

/** A word of a command: an option as it is, or a value to be quoted. */
type Word = string | { readonly value: string };

function words(list: readonly Word[]): string {
  return list.map((word) => (typeof word === 'string' ? word : shellQuote(word.value))).join(' ');
}

function value(bytes: string): Word {
  return { value: fromBytes(bytes) };
}

/** Headers that curl works out itself, or that only frame the body. */
const CURL_OWN = new Set(['content-length', 'transfer-encoding']);

function curl(
  model: ConfigModel,
  block: ConfigNode,
  request: UpstreamRequest,
  address: Address,
  { curl: more = [], anyClient = false }: CommandOptions,
): string {
  const { protocol, method, uri, tls, url } = request;
  const flags: Word[] = ['-g', '-sS', '-v', '--path-as-is', ...more];
  flags.push(
    { 'HTTP/1.0': '--http1.0', 'HTTP/1.1': '--http1.1' }[protocol as string] ?? '--http2-prior-knowledge',
  );
  if (tls && effectiveValue(model, 'proxy_ssl_verify', block, 'off') === 'off') flags.push('-k');
  if (method === 'HEAD') flags.push('-I');
  else if (method !== 'GET') flags.push('-X', value(method));
  const scheme = tls ? 'https' : 'http';
  const usual = tls ? 443 : 80;
  let authority = 'localhost';
  if (address.socket !== null) flags.push('--unix-socket', value(address.socket));
  else {
    // The group's own name stays in the URL: it is what a certificate and Host are about.
    const name = url!.host!;
    const port = url!.port ?? usual;
    authority = port === usual ? name : `${name}:${port}`;
    if (address.host !== name) {
      const direct = isAddress(address.host!) && address.port === port;
      if (direct) flags.push('--resolve', value(`${name}:${port}:${address.host}`));
      else flags.push('--connect-to', value(`${name}:${port}:${address.host}:${address.port}`));
    }
  }
  const headers = request.headers.filter(
    ({ name }) => !name.startsWith(':') && !CURL_OWN.has(name.toLowerCase()),
  );
  const host = headers.find(({ name }) => name.toLowerCase() === 'host');
  const others = headers.filter((header) => header !== host || header.value !== authority);
  for (const header of others) flags.push('-H', value(`${header.name}: ${header.value}`));
  // What curl would add by itself.
  for (const name of anyClient ? [] : ['User-Agent', 'Accept']) {
    if (!headers.some((header) => header.name.toLowerCase() === name.toLowerCase()))
      flags.push('-H', value(`${name}:`));
  }
  if (request.body !== null) flags.push('--data-binary', value(request.body));
  return `curl ${words([...flags, value(`${scheme}://${authority}${uri}`)])}`;
}

function grpcurl(request: UpstreamRequest, address: Address, healthOnly: boolean): string {
  const flags: Word[] = [request.tls ? '-insecure' : '-plaintext'];
  const authority = request.headers.find(({ name }) => name === ':authority');
  const target = address.socket === null ? `${address.host}:${address.port}` : `unix:${address.socket}`;
  if (authority && authority.value !== target) flags.push('-authority', value(authority.value));
  for (const { name, value: text } of request.headers) {
    if (!name.startsWith(':') && !['te', 'content-type', 'content-length', 'user-agent'].includes(name))
      flags.push('-H', value(`${name}: ${text}`));
  }
  const method = healthOnly
    ? 'grpc.health.v1.Health/Check'
    : request.uri.replace(/^\//, '').replace(/\?.*/s, '');
  return `grpcurl ${words([...flags, value(target), value(method)])}`;
}

function cgiFcgi(request: UpstreamRequest, address: Address): string {
  const params = request.headers.map(({ name, value }) => shellQuote(fromBytes(`${name}=${value}`)));
  const target = address.socket ?? `${address.host}:${address.port}`;
  return `env -i PATH="$PATH" ${params.join(' ')} cgi-fcgi -bind -connect ${shellQuote(target)}`;
}

/** Bytes through printf into nc. */
function piped(bytes: string, { host, port, socket }: Address): string {
  const text = bytes.replace(
    /[^ -~]|[%\\']/g,
    (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  const target =
    socket === null ? `${operand(host!.replace(/^\[|\]$/g, ''))} ${port}` : `-U ${shellQuote(socket)}`;
  return `printf '${text}' | nc ${target}`;
}

/** ngx_http_uwsgi_create_request: a header of four bytes, then names and values with their lengths. */
function uwsgiPacket({ headers }: UpstreamRequest): string {
  const short = (number: number): string => String.fromCharCode(number & 0xff, (number >> 8) & 0xff);
  const text = (value: string): string => short(value.length) + value;
  const content = headers.map(({ name, value }: SentHeader) => text(name) + text(value)).join('');
  return `\0${short(content.length)}\0${content}`;
}

/** ngx_http_scgi_create_request: one netstring of names and values. */
function scgiPacket({ headers }: UpstreamRequest): string {
  const content = `${headers.map(({ name, value }) => `${name}\0${value}\0`).join('')}`;
  return `${content.length}:${content},`;
}
