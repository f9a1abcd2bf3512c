import { toBytes } from '../config/bytes.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { allProxied, type Endpoint, endpoints, type Proxied, peerEndpoints } from '../config/proxied.ts';
import { type Reached, reachedLocations } from '../config/reached-locations.ts';
import { locate, normaliseUri } from '../config/routing.ts';
import { type Upstream, upstreams } from '../config/upstreams.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { FoundPlace, Peer } from './case.ts';
import { atLine } from './locate-line.ts';
import { streamPlaces } from './locate-stream.ts';
import { loggedServers, requestTo } from './logged-server.ts';
import { isLiteralHost, sameEnd } from './same-end.ts';
import { variableReaches } from './variable-target.ts';

/**
 * Finds the directive that sent a logged request to its backend. Each clue of the line is a question to the model:
 * the server block (`server:` shows its first name), the locations that the request's URI leads to, the address. An
 * internal redirect keeps `request:` and changes the location, so the address outweighs the URI.
 */
export function findPlaces(
  model: ConfigModel,
  entry: LogEntry,
  peer: Peer | null,
  /** The name that nginx had to look up at run time, for messages about that. */
  lookUp: string | null,
  pathMap?: ReadonlyMap<string, string>,
): FoundPlace[] {
  if (entry.at) {
    const named = atLine(model, entry.at, entry.message, pathMap);
    if (named.length > 0) return named;
  }
  if (entry.stream) return peer ? streamPlaces(model, peer) : [];
  const wanted = lookUp === null ? peer : namedPeer(lookUp);
  const routed = routedLocations(model, entry, wanted);
  const places = allProxied(model).flatMap((target): FoundPlace[] => {
    // Only a variable, or a group that resolves, is looked up at run time.
    if (lookUp !== null && !looksUp(target)) return [];
    const place = judge(model, target, entry, wanted, routed);
    return place ? [place] : [];
  });
  if (places.length === 0 && peer && !entry.at) return groupPlaces(model, peer);
  return places.sort((a, b) => b.fit - a.fit);
}

function looksUp(target: Proxied): boolean {
  if (target.target.kind === 'variable') return true;
  return target.target.kind === 'upstream' && target.target.upstream.peers.some((peer) => peer.resolve);
}

/** A name as the place to look for; its values tell which directive held it. */
function namedPeer(name: string): Peer {
  return { text: name, scheme: null, host: name, port: null, socket: null, uri: null };
}

interface Routed {
  readonly servers: ReadonlySet<ConfigNode>;
  /** Whether the line itself tells the server. */
  readonly known: boolean;
  readonly reached: ReadonlyMap<ConfigNode, Reached>;
  /** Locations that the URI which was sent to the backend leads to: after an internal redirect it is that of the request. */
  readonly ofSentUri: ReadonlySet<ConfigNode>;
  readonly trace: readonly string[];
}

/** Servers whose locations are looked through: more of one name, or without any, are no lead. */
const MAX_SERVERS = 32;

/** The server blocks that fit the line, and the locations in which its request can end there. */
function routedLocations(model: ConfigModel, entry: LogEntry, peer: Peer | null): Routed {
  const { servers, known, trace } = loggedServers(model, entry);
  const reached = new Map<ConfigNode, Reached>();
  const { subrequest, request } = entry;
  const ofSentUri = new Set<ConfigNode>();
  const sentUri = peer?.uri?.startsWith('/') ? normaliseUri(peer.uri) : null;
  if (subrequest !== null || request !== null) {
    // nginx logs a subrequest's URI decoded, and as it is after changes.
    const uri = subrequest === null ? normaliseUri(request!.uri) : toBytes(subrequest).replace(/\?.*/s, '');
    for (const server of servers.slice(0, MAX_SERVERS)) {
      const sent = subrequest === null ? requestTo(model, server, entry) : null;
      for (const way of reachedLocations(model, server, sent, uri)) reached.set(way.location, way);
      const { location } = sentUri === null ? { location: null } : locate(server, sentUri);
      if (location) ofSentUri.add(location);
    }
  }
  return { servers: new Set(servers), known, reached, ofSentUri, trace };
}

/** What speaks for a place, in parts of 1. The address outweighs the rest together but for the server. */
const FIT = {
  address: 0.5,
  way: { request: 0.25, redirect: 0.25, 'error-page': 0.2, internal: 0.05 },
  sentUri: 0.1,
  otherUri: -0.2,
  noWay: -0.1,
  server: 0.05,
  scheme: 0.1,
  otherScheme: -0.2,
} as const;

function judge(
  model: ConfigModel,
  target: Proxied,
  entry: LogEntry,
  peer: Peer | null,
  routed: Routed,
): FoundPlace | null {
  const outer = [target.block, ...target.block.ancestors()];
  const location = outer.find((node) => node.name === 'location') ?? null;
  const server = outer.find((node) => node.name === 'server') ?? null;
  const inServer = server !== null && routed.servers.has(server);
  // Another server block than the line names cannot have had the request.
  if (routed.known && !inServer) return null;
  const way = location ? (routed.reached.get(location) ?? null) : null;
  const address = peer ? reaches(model, target, peer) : 'maybe';
  if (address === 'no') return null;
  // A value that is not known can be any address: only the URI tells then.
  if (address === 'maybe' && !way) return null;
  const trace = [...routed.trace, ...(way?.why ?? [])];
  let fit = way ? FIT.way[way.way] : entry.request ? FIT.noWay : 0;
  if (address === 'yes') {
    fit += FIT.address;
    if (peer) trace.push(`${target.pass.text} leads to ${peer.text}`);
  } else trace.push(`${target.pass.text} can lead to any address`);
  if (routed.known) fit += FIT.server;
  const uri = peer?.uri ?? null;
  const sent = uri === null || !location ? null : sendsUri(target, location, uri, way, routed);
  if (sent !== null) {
    fit += sent ? FIT.sentUri : FIT.otherUri;
    trace.push(sent ? `it sends ${uri}, as the line has it` : `it would send another URI than ${uri}`);
  }
  const scheme = peer?.scheme ?? null;
  if (scheme === null || target.scheme === null || scheme === target.scheme) fit += FIT.scheme;
  else {
    fit += FIT.otherScheme;
    trace.push(
      `the line says ${scheme}://, the file says ${target.scheme}://: nginx may run another version of it`,
    );
  }
  if (!way && entry.request)
    trace.push(
      `${entry.subrequest ?? entry.request.uri} leads elsewhere first: an internal redirect, or another request line`,
    );
  return { node: target.pass, location, server, proxied: target, fit, trace };
}

/** Whether a location sends the URI that the line has: as worked out, else by where that URI leads. Null: not known. */
function sendsUri(
  target: Proxied,
  location: ConfigNode,
  uri: string,
  way: Reached | null,
  routed: Routed,
): boolean | null {
  if (way && way.sends.length > 0) return way.sends.includes(toBytes(uri));
  if (target.target.kind === 'variable' || location.all('rewrite').length > 0) return null;
  if (target.uriPart !== null) return uri.startsWith(target.uriPart) ? null : false;
  if (location.arg(0)?.startsWith('@') || (way && way.way !== 'internal')) return null;
  return routed.ofSentUri.has(location);
}

/** Lines of groups that nothing in these files passes to: the *_pass stands in a file that is not in sight. */
function groupPlaces(model: ConfigModel, peer: Peer): FoundPlace[] {
  const used = new Set(
    allProxied(model).flatMap(({ target }) => (target.kind === 'upstream' ? [target.upstream] : [])),
  );
  const lines = [...upstreams(model).values()].flatMap((group): ConfigNode[] => {
    if (used.has(group)) return [];
    if (peer.host?.toLowerCase() === group.name.toLowerCase() && peer.port === null) return [group.node];
    return peerEndpoints(group).flatMap((end) =>
      sameEnd(end, peer) === 'yes' && isLiteral(end) ? [end.node] : [],
    );
  });
  return lines.map((node) => ({
    node,
    location: null,
    server: null,
    proxied: null,
    fit: FIT.address,
    trace: [`${node.text} is ${peer.text}; the *_pass to its group is not among these files`],
  }));
}

function isLiteral(end: Endpoint): boolean {
  return end.socket !== null || end.host === 'localhost' || isLiteralHost(end.host ?? '');
}

/** Whether a target can have led to a peer. Names may stand for any address. */
function reaches(model: ConfigModel, target: Proxied, peer: Peer): 'yes' | 'maybe' | 'no' {
  if (target.target.kind === 'variable') return variableReaches(model, target.target.text, target, peer);
  const group = target.target.kind === 'upstream' ? target.target.upstream : null;
  if (group && peer.host?.toLowerCase() === group.name.toLowerCase()) return 'yes';
  if (endpoints(target).some((end) => sameEnd(end, peer) === 'yes')) return 'yes';
  return group && choosesElsewhere(group) ? 'maybe' : 'no';
}

/** Whether a group's servers come from elsewhere than its lines: Lua, or the file of NGINX Plus. */
function choosesElsewhere(group: Upstream): boolean {
  return group.node.children.some(({ name }) => name.startsWith('balancer_by_lua') || name === 'state');
}
