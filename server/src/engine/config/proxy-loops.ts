import { effective } from './inheritance.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { allProxied, type Endpoint, endpoints, type Proxied, proxied } from './proxied.ts';
import type { ClientRequest } from './request-state.ts';
import { type Route, route } from './route.ts';
import { type ListenPoint, listenPoints, pointsFor } from './server-choice.ts';
import { upstreamRequest } from './upstream-request.ts';
import { approaches, pathsInto } from './uri-cycles.ts';

/** A *_pass whose requests come back to it. */
export interface ProxyLoop {
  readonly target: Proxied;
  /** The *_pass or `server` line with nginx's own address. */
  readonly endpoint: Endpoint;
  readonly point: ListenPoint;
  /** The server that takes what is sent. */
  readonly server: ConfigNode;
  /** The Host that is sent. */
  readonly host: string;
  /** Every *_pass on the way round. */
  readonly passes: readonly ConfigNode[];
}

/** More than a sound chain of own servers has. */
const MAX_HOPS = 12;

const cache = new WeakMap<ConfigModel, readonly ProxyLoop[]>();

/**
 * proxy_pass lines to an address on which nginx listens itself, where the server that its Host chooses there passes
 * the request to the same line again. Only lines with an own address are tried.
 */
export function proxyLoops(model: ConfigModel): readonly ProxyLoop[] {
  let known = cache.get(model);
  if (!known) {
    known = find(model);
    cache.set(model, known);
  }
  return known;
}

/** The loop that a *_pass is a part of; null where it is of none. */
export function loopThrough(model: ConfigModel, pass: ConfigNode): ProxyLoop | null {
  return proxyLoops(model).find(({ passes }) => passes.includes(pass)) ?? null;
}

const points = new WeakMap<ConfigModel, Map<string, ListenPoint | null>>();

/** The listening point that a connection to an address reaches on this very machine; null for addresses elsewhere. */
export function ownPoint(model: ConfigModel, end: Omit<Endpoint, 'node'>): ListenPoint | null {
  const known = points.get(model) ?? new Map<string, ListenPoint | null>();
  points.set(model, known);
  const key = end.socket ?? `${end.host}:${end.port}`;
  let point = known.get(key);
  if (point === undefined) {
    point = findPoint(model, end);
    known.set(key, point);
  }
  return point;
}

function findPoint(model: ConfigModel, { host, port, socket }: Omit<Endpoint, 'node'>): ListenPoint | null {
  if (socket !== null)
    return listenPoints(model).find((point) => point.port === null && point.host === socket) ?? null;
  if (host === null || port === null) return null;
  const local = host.toLowerCase() === 'localhost' ? '127.0.0.1' : host;
  const [point] = pointsFor(model, { host: local, port });
  const here = local.startsWith('127.') || local === '[::1]' || point?.host === local;
  return point && here ? point : null;
}

function find(model: ConfigModel): ProxyLoop[] {
  const found: ProxyLoop[] = [];
  const met = new Set<ConfigNode>();
  let ways: ReturnType<typeof approaches> | null = null;
  for (const target of allProxied(model)) {
    const own = ownEnd(model, target);
    if (!own || met.has(target.pass)) continue;
    const outer = [target.block, ...target.block.ancestors()];
    const server = outer.find((node) => node.name === 'server');
    const location = outer.find((node) => node.name === 'location');
    ways ??= approaches(model);
    const way = server && ways.get(server);
    if (!way || !location) continue;
    for (const path of new Set([...pathsInto(location).reverse(), '/'])) {
      const first = route(model, { ...way, target: path }, { fileAt: () => 'none' });
      if (first.handler !== target.pass) continue;
      const loop = follow(model, target, first);
      if (loop) found.push(loop);
      for (const pass of loop?.passes ?? []) met.add(pass);
      break;
    }
  }
  return found;
}

interface OwnEnd {
  readonly endpoint: Endpoint;
  readonly point: ListenPoint;
}

/** The first of a target's addresses that is nginx's own and speaks what is sent there. */
function ownEnd(model: ConfigModel, target: Proxied): OwnEnd | null {
  if (target.handler !== 'proxy') return null;
  for (const endpoint of endpoints(target)) {
    // Nobody is sent there, or only while the others fail.
    if (endpoint.node.args.includes('down') || endpoint.node.args.includes('backup')) continue;
    const point = ownPoint(model, endpoint);
    if (point && answers(model, point, target)) return { endpoint, point };
  }
  return null;
}

/** Whether an own address takes what a target sends. Without listen it is port 80 for root only, 8000 for others. */
function answers(model: ConfigModel, { ssl, servers, defaultServer }: ListenPoint, target: Proxied): boolean {
  if (ssl !== (target.scheme === 'https')) return false;
  if (ssl && effective(model, 'ssl_certificate', defaultServer).nodes.length === 0) return false;
  return servers.every((server) => {
    const lines = server.all('listen');
    return lines.length > 0 && !lines.some(({ args }) => args.includes('proxy_protocol'));
  });
}

function follow(model: ConfigModel, target: Proxied, first: Route): ProxyLoop | null {
  const passes: ConfigNode[] = [];
  let way = first;
  let loop: ProxyLoop | null = null;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const next = onward(model, way);
    if (!next) return null;
    passes.push(way.handler!);
    way = next.way;
    loop ??= { target, ...next.own, server: way.server!, host: next.host, passes };
  }
  const again = passes.indexOf(target.pass, 1);
  return loop && again > 0 ? { ...loop, passes: [...new Set(passes.slice(0, again))] } : null;
}

/** The way of the request that a *_pass sends to nginx itself. */
function onward(model: ConfigModel, way: Route): { way: Route; own: OwnEnd; host: string } | null {
  const target = way.certain && way.block && proxied(model, way.block);
  const own = target && target.pass === way.handler ? ownEnd(model, target) : null;
  const sent = own && upstreamRequest(way);
  if (!own || !sent) return null;
  const { point, endpoint } = own;
  const host = sent.headers.find(({ name }) => name.toLowerCase() === 'host')?.value ?? null;
  const local = endpoint.host?.toLowerCase() === 'localhost' ? '127.0.0.1' : endpoint.host;
  const request: ClientRequest = {
    listen: point.port === null ? `unix:${point.host}` : `${local}:${endpoint.port}`,
    host,
    target: sent.uri,
    method: sent.method,
    http: sent.protocol === 'HTTP/1.0' ? '1.0' : '1.1',
    // What the client sent is passed on, and is not known.
    headers: null,
    client: null,
    body: null,
  };
  return { way: route(model, request, { fileAt: () => 'none' }), own, host: host ?? '' };
}
