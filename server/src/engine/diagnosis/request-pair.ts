import { toBytes } from '../config/bytes.ts';
import type { ClientRequest } from '../config/request-state.ts';
import { type Route, route } from '../config/route.ts';
import { serverNames } from '../config/routing.ts';
import { type UpstreamRequest, upstreamRequest } from '../config/upstream-request.ts';
import type { ConfirmingCommand } from '../contract.ts';
import { bestPlace, type Case } from './case.ts';
import { besideNginx } from './fit-command.ts';
import { type OwnAddress, ownAddressOf } from './own-address.ts';
import { shellQuote } from './shell.ts';
import { type Address, upstreamCommand } from './upstream-command.ts';

/**
 * The request that nginx sends, straight to the backend, and the client's request through nginx past any CDN. Failing
 * both, it is the backend; failing through nginx alone, it is nginx or what it makes of the request; failing neither,
 * something in front, or only some requests.
 */

export interface RepeatOptions {
  /** How long to wait for the answer; 10 unless told. */
  readonly seconds?: number;
  /** Words for curl, quoted. */
  readonly options?: readonly string[];
  /** Instead of the version that nginx speaks there. */
  readonly http?: '1.0' | '1.1';
}

/** The request that nginx sends, straight to the backend. */
export function repeatToBackend(
  failure: Case,
  expect: string,
  options: RepeatOptions = {},
): ConfirmingCommand[] {
  const run = modelled(failure, options) ?? fromLine(failure, options);
  return run === null
    ? []
    : [
        {
          run,
          where: besideNginx(failure.surroundings),
          expect: `${expect}${run.startsWith('grpcurl ') ? '' : instead(failure)}${notes(run)}`,
        },
      ];
}

/** Only a request that is meant to change nothing is sent again; a reader should know that this is another one. */
function instead(failure: Case): string {
  const { request } = failure.entry;
  if (!request || isHarmless(failure)) return '';
  return ` (HEAD in place of ${shown(request.method)}, which is not sent a second time: it may act twice.)`;
}

function shown(method: string): string {
  return /^[A-Z]{2,20}$/.test(method) ? method : 'the method';
}

function notes(run: string): string {
  if (run.startsWith('grpcurl ')) return ' A call of the health service: "unimplemented" is an answer too.';
  return run.includes('cgi-fcgi ') ? ' "File not found." and "Primary script unknown" are answers too.' : '';
}

function isHarmless({ entry }: Case): boolean {
  return entry.request?.method === 'GET' || entry.request?.method === 'HEAD';
}

/** The URI that may be asked for again: of a request that changes things its path alone. */
function safeUri(failure: Case, uri: string | null | undefined): string {
  if (!uri?.startsWith('/')) return '/';
  if (isHarmless(failure)) return uri;
  const path = uri.replace(/[?#].*/s, '');
  return /^[\w./~%+-]{1,500}$/.test(path) ? path : '/';
}

function methodOf({ entry }: Case): string {
  return entry.request?.method === 'GET' ? 'GET' : 'HEAD';
}

/** A longer command is not copied by anybody. */
const MAX_RUN = 6000;

/** By the configuration: its headers, its protocol, its names; address and URI are those of the line. */
function modelled(failure: Case, { seconds = 10, options = [], http }: RepeatOptions): string | null {
  const { model, peer } = failure;
  const routed = routeOf(failure);
  const request = routed && upstreamRequest(routed);
  if (!model || !request || !routed.block) return null;
  const uri = peer?.uri?.startsWith('/') ? toBytes(safeUri(failure, peer.uri)) : request.uri;
  const protocol =
    http === undefined || !/^HTTP/.test(request.protocol) ? request.protocol : (`HTTP/${http}` as const);
  const run = upstreamCommand(
    model,
    routed.block,
    { ...request, uri, protocol, body: null },
    {
      address: addressOf(failure, request),
      curl: ['-o', '/dev/null', ...options, '--max-time', `${seconds}`],
      healthOnly: true,
      anyClient: true,
    },
  );
  return run !== null && run.length <= MAX_RUN ? run : null;
}

/** The peer of the line, where it is an address: the very one that failed. */
function addressOf({ peer }: Case, request: UpstreamRequest): Address | null {
  if (peer?.socket != null) return { host: null, port: 0, socket: peer.socket };
  // A name without a port is a group's.
  if (!peer || peer.host === null || peer.port === null || request.url?.socket != null) return null;
  return { host: peer.host, port: peer.port, socket: null };
}

/** The way of the line's request; null where it does not lead to the place that was found. */
function routeOf(failure: Case): Route | null {
  const { model, entry } = failure;
  const place = bestPlace(failure);
  if (!model || !entry.request?.uri.startsWith('/') || !place?.proxied || entry.subrequest !== null)
    return null;
  const own = ownAddressOf(failure);
  const request: ClientRequest = {
    listen: own?.listen ?? null,
    host: hostOf(failure),
    target: safeUri(failure, entry.request.uri),
    method: methodOf(failure),
    http:
      entry.request.protocol === 'HTTP/1.0'
        ? '1.0'
        : /^HTTP\/[23]/.test(entry.request.protocol ?? '')
          ? '2'
          : '1.1',
    headers: entry.referrer === null ? [] : [['Referer', entry.referrer]],
    client: /^[0-9a-fA-F.:]{3,45}$/.test(entry.client ?? '') ? entry.client : null,
    body: null,
  };
  const found = route(model, request);
  return found.handler === place.proxied.pass ? found : null;
}

/** The line alone tells scheme, address and URI; other headers are the tool's own. */
function fromLine(failure: Case, { seconds = 10, options = [], http }: RepeatOptions): string | null {
  const { peer } = failure;
  if (!peer) return null;
  const to = peer.socket ?? (peer.host !== null && peer.port !== null ? `${peer.host}:${peer.port}` : null);
  const uri = safeUri(failure, peer.uri ?? failure.entry.request?.uri);
  switch (peer.scheme) {
    case 'grpc':
    case 'grpcs': {
      if (to === null) return null;
      const flag = peer.scheme === 'grpcs' ? '-insecure' : '-plaintext';
      return `grpcurl ${flag} ${shellQuote(peer.socket === null ? to : `unix:${to}`)} grpc.health.v1.Health/Check`;
    }
    case 'fastcgi': {
      if (to === null) return null;
      const path = uri.replace(/[?#].*/s, '');
      const params = [
        `REQUEST_METHOD=${methodOf(failure)}`,
        `SCRIPT_NAME=${path}`,
        `SCRIPT_FILENAME=${path}`,
      ];
      return `env -i PATH="$PATH" ${params.map(shellQuote).join(' ')} cgi-fcgi -bind -connect ${shellQuote(to)}`;
    }
    case 'http':
    case 'https':
      break;
    default:
      return null;
  }
  // A name without a port may be a group's, which no tool knows.
  if (peer.socket === null && peer.port === null && (peer.host === null || !failure.model)) return null;
  // -g: brackets and braces of the URI are no patterns.
  const words = ['curl', '-g', '-sS', '-v', '--path-as-is', '-o', '/dev/null'];
  if (http !== undefined) words.push(`--http${http}`);
  words.push(...options, '--max-time', `${seconds}`);
  if (methodOf(failure) === 'HEAD') words.push('--head');
  if (peer.socket !== null) words.push('--unix-socket', shellQuote(peer.socket));
  if (peer.scheme === 'https') words.push('-k');
  const authority = peer.socket !== null ? 'localhost' : (to ?? peer.host!);
  return [...words, shellQuote(`${peer.scheme}://${authority}${uri}`)].join(' ');
}

/** The Host that the client asked for, else a name of the server block that can be asked for. */
function hostOf(failure: Case): string | null {
  const { entry } = failure;
  const server = bestPlace(failure)?.server;
  const names = [entry.host, entry.server, ...(server ? serverNames(server) : [])];
  return names.find((name) => name != null && ASKABLE.test(name) && name !== '_') ?? null;
}

/** A name, an IPv4 address or a bracketed IPv6 one, with a port or without. */
const ASKABLE = /^(?:[A-Za-z0-9_](?:[\w.-]{0,252})|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?$/;

const BOTH =
  'fails here and straight to the backend: the backend. Only here: nginx, or what it makes of the request. Neither: a CDN in front, or only some requests.';

/** The client's request through nginx, past any CDN: to its own address, with the name in Host and in TLS. */
export function repeatThroughNginx(failure: Case): ConfirmingCommand[] {
  const { entry } = failure;
  if (!entry.request || entry.stream) return [];
  const own = ownAddressOf(failure);
  const uri = safeUri(failure, entry.request.uri);
  const run = throughNginx(failure, own, uri);
  const redirect = own === null ? ' A redirect to https: take https:// and port 443 in all places.' : '';
  return [{ run, where: besideNginx(failure.surroundings), expect: `${BOTH}${instead(failure)}${redirect}` }];
}

function throughNginx(failure: Case, own: OwnAddress | null, uri: string): string {
  const { entry } = failure;
  const words = ['curl', '-g', '-sS', '-v', '--path-as-is', '-o', '/dev/null', '--max-time', '75'];
  if (methodOf(failure) === 'HEAD') words.push('--head');
  if (entry.request?.protocol === 'HTTP/1.0') words.push('--http1.0');
  if (own?.proxyProtocol) words.push('--haproxy-protocol');
  const host = hostOf(failure);
  const name = host?.replace(/:\d{1,5}$/, '') ?? null;
  const tls = own?.tls ?? false;
  const scheme = tls ? 'https' : 'http';
  // The name may be in no certificate here, and that is not the question.
  if (tls) words.push('-k');
  if (own?.socket != null) {
    words.push('--unix-socket', shellQuote(own.socket));
    return [...words, shellQuote(`${scheme}://${host ?? 'localhost'}${uri}`)].join(' ');
  }
  const port = own?.port ?? 80;
  const address = own?.host ?? '127.0.0.1';
  const usual = tls ? 443 : 80;
  const at = (to: string): string => (port === usual ? to : `${to}:${port}`);
  if (name === null) return [...words, shellQuote(`${scheme}://${at(address)}${uri}`)].join(' ');
  // curl resolves no address to another one; it connects elsewhere for it.
  if (/^\[|^[\d.]+$/.test(name)) {
    if (name !== address) words.push('--connect-to', shellQuote(`${name}:${port}:${address}:${port}`));
  } else words.push('--resolve', shellQuote(`${name}:${port}:${address}`));
  return [...words, shellQuote(`${scheme}://${at(name)}${uri}`)].join(' ');
}

/** Adds the pair to a cause's commands, as far as they do not hold it yet: together they name the side of the fault. */
export function withPair(failure: Case, commands: readonly ConfirmingCommand[]): ConfirmingCommand[] {
  const { entry } = failure;
  if (!entry.request || entry.stream) return [...commands];
  const [direct] = repeatToBackend(
    failure,
    'the very request that nginx sends: does it fail without nginx too?',
  );
  const [through] = repeatThroughNginx(failure);
  const others = commands.filter(({ run }) => run !== through?.run);
  return [
    ...commands,
    ...(direct && !others.some((command) => isLike(command, direct)) ? [direct] : []),
    ...(through && others.length === commands.length ? [through] : []),
  ];
}

/** Whether two commands send the same request: they may differ in how long they wait and in what they print. */
export function isLike(one: ConfirmingCommand, other: ConfirmingCommand): boolean {
  if (one.run === other.run) return true;
  const curl = one.run.includes('curl ') && other.run.includes('curl ');
  return curl && !one.run.includes('|') && lastWord(one) === lastWord(other);
}

function lastWord({ run }: ConfirmingCommand): string {
  return run.slice(run.lastIndexOf(' ') + 1);
}
