import { fromBytes, toBytes } from '../config/bytes.ts';
import { listenAddresses } from '../config/listens.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { hostName, targetHost } from '../config/request-line.ts';
import type { ClientRequest } from '../config/request-state.ts';
import { type ListenPoint, listenPoints, loggedServerName } from '../config/server-choice.ts';
import { approaches } from '../config/uri-cycles.ts';
import { VirtualNames } from '../config/virtual-names.ts';
import type { LogEntry } from '../errorlog/entry.ts';

/** The server blocks that can have had the request of a log line. */
export interface LoggedServers {
  /** In file order; all where the line does not tell. */
  readonly servers: readonly ConfigNode[];
  /** Whether the line itself tells: then no other block can have had it. */
  readonly known: boolean;
  /** Sentences: how they were found. */
  readonly trace: readonly string[];
}

/** Whether nginx gives a host to a server at an address by its name or as the default. */
type Chosen = 'name' | 'default';

/**
 * Finds them by `server:` (the first name of the block that has the request), by the host, and by its port. Of several
 * blocks of one name at one address, nginx uses the first; at different addresses each can be meant.
 */
export function loggedServers(model: ConfigModel, entry: LogEntry): LoggedServers {
  const all = model.servers();
  const { server: logged } = entry;
  const trace: string[] = [];
  let named: readonly ConfigNode[] = [];
  if (logged !== null) {
    named = all.filter((server) => loggedServerName(server) === logged);
    // nginx logs the machine's name in its place.
    if (named.length === 0) named = all.filter((server) => loggedServerName(server) === '$hostname');
    if (named.length > 0)
      trace.push(
        logged === ''
          ? 'server: is empty: the server block has no server_name'
          : `server: names the block of ${logged}`,
      );
    else if (all.length > 0)
      trace.push(`no server block here has ${logged === '' ? 'no name' : `${logged} as its first name`}`);
  }
  const host = hostOf(model, entry);
  const candidates = named.length > 0 ? named : all;
  if (host === null)
    return { servers: onPortOf(model, candidates, entry.host), known: named.length > 0, trace };
  const chosen = candidates.map((server) => ({ server, by: chosenFor(model, server, host)?.by ?? null }));
  const byName = chosen.filter(({ by }) => by === 'name');
  // A fragment does not show what else the host could be the name of, nor which block is the default.
  const fitting = byName.length > 0 ? byName : chosen.filter(({ by }) => by === 'default');
  const known = named.length > 0 || byName.length > 0 || (model.isComplete && fitting.length > 0);
  if (named.length === 0 && !known) return { servers: all, known, trace };
  const servers = fitting.length > 0 ? fitting.map(({ server }) => server) : candidates;
  if (named.length === 0)
    trace.push(
      byName.length > 0
        ? `server_name ${[...new Set(servers.map(loggedServerName))].slice(0, 3).join(', ')} covers the host "${fromBytes(host)}"`
        : `no server_name is the host "${fromBytes(host)}": a default server has it`,
    );
  else if (servers.length < named.length) trace.push(whyNot(named, servers, host));
  return { servers: onPortOf(model, servers, entry.host), known, trace };
}

function whyNot(named: readonly ConfigNode[], servers: readonly ConfigNode[], host: string): string {
  const other = named.find((server) => !servers.includes(server))!;
  const { file, range } = other.site;
  return `the block of that name at ${file}:${range.start.line} never gets the host "${fromBytes(host)}": another block at its address comes first`;
}

/** The name that nginx looks the server up by: that of an absolute URI before the Host header; null when not told. */
function hostOf(model: ConfigModel, entry: LogEntry): string | null {
  const absolute = entry.request ? targetHost(toBytes(entry.request.uri)) : null;
  const written = absolute ?? (entry.host === null ? null : toBytes(entry.host));
  if (written !== null) return hostName(written, model.version);
  // HTTP/1.0 needs no Host; elsewhere the field was cut off or taken out.
  const without = entry.request?.protocol === 'HTTP/1.0' && !entry.truncated && entry.upstream !== null;
  return without ? '' : null;
}

/** How a host leads to a server, and at which of its addresses; null when it never does. */
function chosenFor(
  model: ConfigModel,
  server: ConfigNode,
  host: string,
): { readonly by: Chosen; readonly point: ListenPoint } | null {
  let best: ListenPoint | null = null;
  for (const point of pointsOf(model).get(server) ?? []) {
    const names = namesAt(point);
    const found = names.find(host);
    if (found?.server === server) return { by: 'name', point };
    // A pattern that cannot be evaluated may be the host's.
    if (!found && (point.defaultServer === server || names.uncertain !== null)) best ??= point;
  }
  return best && { by: 'default', point: best };
}

/** The request of a line as a server can have got it; null for a server that no request is known to lead to. */
export function requestTo(model: ConfigModel, server: ConfigNode, entry: LogEntry): ClientRequest | null {
  if (!entry.request) return null;
  const host = hostOf(model, entry);
  const point = host === null ? null : (chosenFor(model, server, host)?.point ?? null);
  const made = point ? null : waysIn(model).get(server);
  if (!point && !made) return null;
  const { method, uri, protocol } = entry.request;
  return {
    listen: point
      ? point.port === null
        ? `unix:${point.host}`
        : `${point.host}:${point.port}`
      : made!.listen,
    host: point ? entry.host : made!.host,
    target: uri,
    method,
    http: protocol === 'HTTP/1.0' ? '1.0' : '1.1',
    headers: null,
    client: null,
    body: null,
  };
}

const madeUp = new WeakMap<ConfigModel, ReadonlyMap<ConfigNode, ClientRequest>>();

/** A made-up request to each server, for a line whose host was cut off or taken out. */
function waysIn(model: ConfigModel): ReadonlyMap<ConfigNode, ClientRequest> {
  const ways = madeUp.get(model) ?? approaches(model);
  madeUp.set(model, ways);
  return ways;
}

const points = new WeakMap<ConfigModel, ReadonlyMap<ConfigNode, readonly ListenPoint[]>>();

function pointsOf(model: ConfigModel): ReadonlyMap<ConfigNode, readonly ListenPoint[]> {
  let known = points.get(model);
  if (!known) {
    const byServer = new Map<ConfigNode, ListenPoint[]>();
    for (const point of listenPoints(model))
      for (const server of point.servers) byServer.set(server, [...(byServer.get(server) ?? []), point]);
    known = byServer;
    points.set(model, known);
  }
  return known;
}

const names = new WeakMap<ListenPoint, VirtualNames>();

function namesAt(point: ListenPoint): VirtualNames {
  let known = names.get(point);
  if (!known) {
    known = new VirtualNames(point.servers);
    names.set(point, known);
  }
  return known;
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
