import { parseIp } from './ip-address.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { asciiLower } from './request-line.ts';
import { type NameMatch, serverNames, VirtualNames } from './virtual-names.ts';

/** One address and port with the servers that share it (ngx_http_conf_addr_t). */
export interface ListenPoint {
  /** "127.0.0.1", "*", "[::1]", "[::]", a name, or the path of a socket. */
  readonly host: string;
  /** Null for unix sockets. */
  readonly port: number | null;
  readonly servers: readonly ConfigNode[];
  readonly defaultServer: ConfigNode;
  readonly ssl: boolean;
  /** `[::]:80 ipv6only=off` takes connections over IPv4 too. */
  readonly dual: boolean;
}

interface Building extends ListenPoint {
  servers: ConfigNode[];
  defaultServer: ConfigNode;
  ssl: boolean;
  dual: boolean;
  explicit: boolean;
}

const cache = new WeakMap<ConfigModel, readonly ListenPoint[]>();
const names = new WeakMap<ListenPoint, VirtualNames | null>();

/** Every address that the http servers listen on, in file order (ngx_http_add_listen in src/http/ngx_http.c). */
export function listenPoints(model: ConfigModel): readonly ListenPoint[] {
  let known = cache.get(model);
  if (!known) {
    known = build(model.servers());
    cache.set(model, known);
  }
  return known;
}

function build(servers: readonly ConfigNode[]): readonly ListenPoint[] {
  const points = new Map<string, Building>();
  /** By the text of the line: most servers listen on the same few addresses. */
  const written = new Map<string, readonly Building[]>();
  const pointsOf = (text: string, server: ConfigNode): readonly Building[] => {
    let found = written.get(text);
    if (!found) {
      found = parseListen(text).map((address) => pointAt(points, address, server));
      written.set(text, found);
    }
    return found;
  };
  for (const server of servers) {
    const sslOn = server.first('ssl')?.arg(0) === 'on';
    const lines = server.all('listen');
    // Without listen it is port 80; 8000 for who is not root.
    if (lines.length === 0) for (const point of pointsOf('80', server)) addServer(point, server, null, sslOn);
    for (const line of lines)
      for (const point of pointsOf(line.arg(0) ?? '', server)) addServer(point, server, line, sslOn);
  }
  return [...points.values()];
}

function pointAt(
  points: Map<string, Building>,
  { host, port }: { host: string; port: number | null },
  server: ConfigNode,
): Building {
  const key = `${host} ${port}`;
  let point = points.get(key);
  if (!point) {
    point = { host, port, servers: [], defaultServer: server, ssl: false, dual: false, explicit: false };
    points.set(key, point);
  }
  return point;
}

function addServer(point: Building, server: ConfigNode, line: ConfigNode | null, sslOn: boolean): void {
  const has = (flag: string): boolean => line !== null && line.args.indexOf(flag) > 0;
  if (point.servers.at(-1) !== server) point.servers.push(server);
  if (!point.explicit && (has('default_server') || has('default'))) {
    point.defaultServer = server;
    point.explicit = true;
  }
  point.ssl ||= sslOn || has('ssl');
  point.dual ||= has('ipv6only=off');
}

/** Address and ports of `listen`: "80", "*:80", "127.0.0.1", "[::1]:80-90", "unix:/path" (ngx_parse_url). */
export function parseListen(text: string): { host: string; port: number | null }[] {
  if (/^unix:/i.test(text)) return [{ host: text.slice(5), port: null }];
  const match = /^(?:(\[[^\]]*\]|[^:[\]]*):)?(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) return [{ host: canonicalHost(text), port: 80 }];
  const first = Number(match[2]);
  const last = Math.min(match[3] === undefined ? first : Number(match[3]), 65535);
  const host = canonicalHost(match[1] ?? '*');
  const found: { host: string; port: number }[] = [];
  for (let port = first; port <= last; port++) found.push({ host, port });
  return found;
}

function canonicalHost(written: string): string {
  const host = written.toLowerCase();
  if (host === '' || host === '*' || host === '0.0.0.0') return '*';
  if (host === 'localhost') return '127.0.0.1';
  return host.startsWith('[') ? `[${compressIpv6(host.slice(1, -1))}]` : host;
}

/** One spelling for each IPv6 address: groups without leading zeros, the first longest run of zeros as "::". */
function compressIpv6(text: string): string {
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right].map((group) =>
    /^[0-9a-f]{1,4}$/.test(group) ? group.replace(/^0+(?=.)/, '') : group,
  );
  if (groups.length !== 8) return text;
  let best = { at: 0, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === '0') length++;
    if (length > best.length) best = { at, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}

/** The address at which a connection arrives, for a request that names one. */
export interface ArrivalAddress {
  /** "*" where any will do. */
  readonly host: string;
  readonly port: number | null;
}

/** "127.0.0.1:8080", "8080", "[::1]:80" or "unix:/path"; null when it is none of these. */
export function parseArrival(text: string): ArrivalAddress | null {
  const [first, second] = parseListen(text);
  if (!first || second || first.host === '') return null;
  if (first.port !== null && first.host !== '*' && !parseIp(first.host.replace(/^\[|\]$/g, ''))) return null;
  return first.port === 0 || (first.port !== null && first.port > 65535) ? null : first;
}

/**
 * The listening points that a connection to an address can reach: the address itself before the wildcard
 * (ngx_http_init_connection in src/http/ngx_http_request.c). Several only where the address is left open.
 */
export function pointsFor(model: ConfigModel, address: ArrivalAddress): readonly ListenPoint[] {
  const points = listenPoints(model).filter((point) => point.port === address.port);
  const same = points.filter((point) => point.host === address.host);
  if (address.port === null) return same;
  if (address.host === '*') {
    // A wildcard takes what comes to an address that nobody names.
    const any = points.filter((point) => point.host === '*');
    return [...any, ...points.filter((point) => point.host !== '*')];
  }
  if (same.length > 0) return same;
  const six = address.host.startsWith('[');
  const wild = points.find((point) => point.host === (six ? '[::]' : '*'));
  if (wild) return [wild];
  const dual = points.find((point) => !six && point.host === '[::]' && point.dual);
  return dual ? [dual] : [];
}

/**
 * The server whose name a host is, at one address; null where the default server takes the request
 * (ngx_http_find_virtual_server). With one server and no groups in its names nginx does not even look.
 */
export function findVirtualServer(point: ListenPoint, name: string): NameMatch | null {
  return namesOf(point)?.find(name) ?? null;
}

/** The pattern of a server_name at this address that could not be evaluated, if any was met. */
export function uncertainName(point: ListenPoint): string | null {
  return names.get(point)?.uncertain ?? null;
}

function namesOf(point: ListenPoint): VirtualNames | null {
  let known = names.get(point);
  if (known === undefined) {
    const captures = serverNames(point.defaultServer).some((name) => /^~.*\((?!\?[:=!])/.test(name));
    known = point.servers.length > 1 || captures ? new VirtualNames(point.servers) : null;
    names.set(point, known);
  }
  return known;
}

/** The name that error-log lines show behind `server:`: the first, without a leading dot (ngx_http_core_merge_srv_conf). */
export function loggedServerName(server: ConfigNode): string {
  const first = serverNames(server)[0] ?? '';
  return first.startsWith('~') ? first : asciiLower(first.replace(/^\./, ''));
}
