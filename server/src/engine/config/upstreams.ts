import type { NginxVersion } from '../contract.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { isOneLetterAway } from './near-names.ts';
import { parseUpstreamUrl, type UpstreamUrl } from './upstream-url.ts';
import { holdsSince } from './version.ts';

/** One `server` line of an upstream block. */
export interface Peer {
  readonly node: ConfigNode;
  /** As written; null when nginx refuses the address. */
  readonly url: UpstreamUrl | null;
  /** As nginx uses it: 80 where none is written (ngx_http_upstream_server), null for unix sockets. */
  readonly port: number | null;
  readonly backup: boolean;
  readonly down: boolean;
  readonly resolve: boolean;
  /** `weight`, `max_fails`, `fail_timeout`, `max_conns` and the like as written. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** An `upstream` block of the http module. */
export interface Upstream {
  readonly name: string;
  readonly node: ConfigNode;
  readonly peers: readonly Peer[];
  readonly keepalive: ConfigNode | null;
  readonly zone: ConfigNode | null;
}

/** All groups by lower-case name; nginx compares without case and takes the first of a name. */
export function upstreams(model: ConfigModel): ReadonlyMap<string, Upstream> {
  let known = cache.get(model);
  if (!known) {
    known = new Map();
    for (const node of model.httpLevel()) {
      const name = node.name === 'upstream' && node.isBlock ? node.arg(0) : null;
      if (name === null || known.has(name.toLowerCase())) continue;
      known.set(name.toLowerCase(), readUpstream(node, name));
    }
    cache.set(model, known);
  }
  return known;
}

/** Models are immutable: what was worked out once holds. */
const cache = new WeakMap<ConfigModel, Map<string, Upstream>>();

export function upstreamNamed(model: ConfigModel, name: string): Upstream | null {
  return upstreams(model).get(name.toLowerCase()) ?? null;
}

/** Idle connections that a worker keeps open to a group. */
export interface KeepalivePool {
  readonly connections: number;
  /** The `keepalive` line; null where nginx keeps a pool unasked. */
  readonly node: ConfigNode | null;
}

/** Connections in the pool that every group has since 1.29.7. */
const UNASKED = 32;

/**
 * The pool of a group in a release (ngx_http_upstream_init_keepalive): null without one, 'unknown' where it depends on
 * a version that nobody knows.
 */
export function keepalivePool(upstream: Upstream, version: NginxVersion): KeepalivePool | null | 'unknown' {
  const { keepalive } = upstream;
  if (keepalive) {
    const connections = Number(keepalive.arg(0));
    return connections > 0 ? { connections, node: keepalive } : null;
  }
  const unasked = holdsSince(version, '1.29.7');
  if (unasked === 'unknown') return 'unknown';
  return unasked === 'yes' ? { connections: UNASKED, node: null } : null;
}

function readUpstream(node: ConfigNode, name: string): Upstream {
  return {
    name,
    node,
    peers: node.all('server').map(readPeer),
    keepalive: node.first('keepalive'),
    zone: node.first('zone'),
  };
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

function readParameters(words: readonly string[]): ReadonlyMap<string, string> {
  const pairs = words.flatMap((word): [string, string][] => {
    const equals = word.indexOf('=');
    return equals < 0 ? [] : [[word.slice(0, equals), word.slice(equals + 1)]];
  });
  return new Map(pairs);
}

function readPeer(node: ConfigNode): Peer {
  const url = parseUpstreamUrl('server', node.arg(0) ?? '');
  const flags = node.args.slice(1);
  return {
    node,
    url,
    port: url === null || url.socket !== null ? null : (url.port ?? 80),
    backup: flags.includes('backup'),
    down: flags.includes('down'),
    resolve: flags.includes('resolve'),
    parameters: flags.some((flag) => flag.includes('=')) ? readParameters(flags) : NO_PARAMETERS,
  };
}

/**
 * The group whose name a host was most likely meant to be: one letter away from it, and from no other. Names that
 * differ in a number are told apart on purpose.
 */
export function misspelledGroup(model: ConfigModel, host: string): Upstream | null {
  if (host.length < 3 || host.toLowerCase() === 'localhost' || upstreamNamed(model, host)) return null;
  const letters = (text: string): string => text.replace(/\d/g, '');
  const near = [...upstreams(model).values()].filter(
    ({ name }) => isOneLetterAway(name, host) && letters(name) !== letters(host),
  );
  return near.length === 1 ? near[0]! : null;
}
