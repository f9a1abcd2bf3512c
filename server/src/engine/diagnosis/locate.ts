import { listenAddresses } from '../config/listens.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { allProxied, type Endpoint, endpoints, type Proxied } from '../config/proxied.ts';
import { chooseServer, locate, loggedServerName, normaliseUri } from '../config/routing.ts';
import { mapPath } from '../config/snapshot.ts';
import { possibleValues } from '../config/variables.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { FoundPlace, Peer } from './case.ts';

/**
 * Finds the directive that sent a logged request to its backend. Each clue of the line is a question to the model:
 * the server block (`server:` shows its first name), the location that the request's URI leads to, the address. An
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
    const named = atLine(model, entry.at.file, entry.at.line, pathMap);
    if (named) return [named];
  }
  const routed = routedLocation(model, entry);
  const places = allProxied(model).flatMap((target): FoundPlace[] => {
    // Only a variable, or a group that resolves, is looked up at run time.
    if (lookUp !== null && !looksUp(target)) return [];
    const wanted = lookUp === null ? peer : namedPeer(lookUp);
    const place = judge(model, target, entry, wanted, routed);
    return place ? [place] : [];
  });
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

/** The directive at a line that nginx names: it counts the line on which a directive ends. */
function atLine(
  model: ConfigModel,
  file: string,
  line: number,
  pathMap: ReadonlyMap<string, string> | undefined,
): FoundPlace | null {
  const wanted = mapPath(file, pathMap);
  let best: ConfigNode | null = null;
  for (const node of model.nodes) {
    if (node.file !== wanted) continue;
    const { start, end } = node.site.range;
    if (start.line <= line && line <= end.line) best = node;
  }
  if (!best) return null;
  const outer = [best, ...best.ancestors()];
  const location = outer.find((node) => node.name === 'location') ?? null;
  return {
    node: best,
    location,
    server: outer.find((node) => node.name === 'server' && node.context === 'http') ?? null,
    proxied: location ? (allProxied(model).find((target) => target.pass === best) ?? null) : null,
    fit: 1,
    trace: [`nginx names ${file}:${line}`],
  };
}

interface Routed {
  readonly servers: readonly ConfigNode[];
  /** Whether the line itself tells the server. */
  readonly known: boolean;
  readonly location: ConfigNode | null;
  readonly trace: readonly string[];
}

/** The server blocks that fit `server:` and `host:`, and the location that the request leads to in the first. */
function routedLocation(model: ConfigModel, entry: LogEntry): Routed {
  const all = model.servers();
  const trace: string[] = [];
  let servers: readonly ConfigNode[] = all;
  let known = false;
  if (entry.server !== null) {
    const logged = entry.server;
    const byName = all.filter((server) => loggedServerName(server) === logged);
    if (byName.length > 0) {
      servers = onPortOf(model, byName, entry.host);
      known = true;
      trace.push(
        logged === ''
          ? 'server: is empty: the server block has no server_name'
          : `server: names the block of ${logged}`,
      );
    }
  }
  const host = entry.host;
  if (servers.length > 1 && host !== null && !known) {
    const chosen = chooseServer(servers, host, trace).server;
    if (chosen) {
      servers = [chosen];
      known = true;
    }
  }
  const uri = entry.subrequest ?? entry.request?.uri ?? null;
  const first = servers[0];
  if (uri === null || !first) return { servers, known, location: null, trace };
  for (const server of servers) {
    const found = locate(server, normaliseUri(uri), trace);
    if (found.location && !found.redirect) return { servers, known, location: found.location, trace };
  }
  return { servers, known, location: null, trace };
}

/** Servers that listen on the port of a Host header, where it has one and some do. */
function onPortOf(
  model: ConfigModel,
  servers: readonly ConfigNode[],
  host: string | null,
): readonly ConfigNode[] {
  const port = /:(\d{1,5})$/.exec(host ?? '')?.[1];
  if (servers.length < 2 || port === undefined) return servers;
  const listening = new Set(
    listenAddresses(model)
      .filter((own) => own.port === Number(port))
      .map((own) => own.server),
  );
  const fitting = servers.filter((server) => listening.has(server));
  return fitting.length > 0 ? fitting : servers;
}

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
  const inServer = server !== null && routed.servers.includes(server);
  const isRouted = location !== null && location === routed.location;
  const address = peer ? reaches(model, target, peer) : 'maybe';
  if (address === 'no') return null;
  // A value that is not known can be any address: only the URI tells then.
  if (address === 'maybe' && !isRouted) return null;
  // An address in another server block than the line names is no lead while others fit.
  if (routed.known && !inServer) return null;
  const scheme = peer?.scheme ?? null;
  const schemeFits = scheme === null || target.scheme === null || scheme === target.scheme;
  let fit = 0;
  if (address === 'yes') fit += 0.5;
  if (isRouted) fit += 0.3;
  if (routed.known && inServer) fit += 0.1;
  if (schemeFits) fit += 0.1;
  else fit -= 0.2;
  const trace = [...routed.trace];
  if (address === 'yes' && peer) trace.push(`${target.pass.text} leads to ${peer.text}`);
  if (!isRouted && entry.request)
    trace.push(`${entry.request.uri} leads elsewhere first: an internal redirect, or another request line`);
  if (!schemeFits)
    trace.push(
      `the line says ${scheme}://, the file says ${target.scheme}://: nginx may run another version of it`,
    );
  return { node: target.pass, location, server, proxied: target, fit, trace };
}

/** Whether a target can have led to a peer. Names may stand for any address. */
function reaches(model: ConfigModel, target: Proxied, peer: Peer): 'yes' | 'maybe' | 'no' {
  if (target.target.kind === 'variable') return variableReaches(model, target, peer);
  const ends = endpoints(target);
  if (
    target.target.kind === 'upstream' &&
    peer.host?.toLowerCase() === target.target.upstream.name.toLowerCase()
  )
    return 'yes';
  let best: 'maybe' | 'no' = 'no';
  for (const end of ends) {
    const verdict = sameEnd(end, peer);
    if (verdict === 'yes') return 'yes';
    if (verdict === 'maybe') best = 'maybe';
  }
  return best;
}

/** Whether an endpoint of the files can be the peer of a line; 'maybe' for an address that may be a name's. */
export function sameEnd(end: Endpoint, peer: Peer): 'yes' | 'maybe' | 'no' {
  if (peer.socket !== null || end.socket !== null) return peer.socket === end.socket ? 'yes' : 'no';
  if (peer.port !== null && end.port !== null && peer.port !== end.port) return 'no';
  const host = end.host?.toLowerCase() ?? '';
  if (peer.host === null || host === peer.host.toLowerCase()) return 'yes';
  if (host === 'localhost') return peer.host.startsWith('127.') || peer.host === '[::1]' ? 'yes' : 'no';
  // A name may have any address; another literal address may not.
  return /^[[\d]/.test(host) ? 'no' : 'yes';
}

function variableReaches(model: ConfigModel, target: Proxied, peer: Peer): 'yes' | 'maybe' | 'no' {
  const text = target.target.kind === 'variable' ? target.target.text : '';
  const { values, complete } = possibleValues(model, text, target.pass);
  const wanted = peer.text.toLowerCase();
  const hosts = values.map((value) => value.toLowerCase().replace(/^[a-z]+:\/\//, ''));
  if (hosts.some((host) => host.includes(wanted))) return 'yes';
  // Addresses lead to themselves; a name may stand for any.
  return complete && hosts.every((host) => /^[[\d]/.test(host)) ? 'no' : 'maybe';
}
