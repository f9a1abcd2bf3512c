import { compareVersions } from './compare-versions.ts';
import { effective } from './inheritance.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { groupsOf } from './pools.ts';
import { allProxied, type Proxied } from './proxied.ts';
import { requestHeaders } from './request-headers.ts';
import { keepalivePool, type Upstream } from './upstreams.ts';
import { definitionsOf, possibleValues, variablesIn } from './variables.ts';
import { holdsSince, possibleReleases } from './version.ts';

/** What a proxied location says about keeping its connections to a group that has `keepalive`. */
export interface PoolUse {
  readonly target: Proxied;
  readonly http: SpokenVersion;
  readonly connection: SentConnection;
}

/** HTTP version of the requests to a backend. */
export interface SpokenVersion {
  readonly version: string;
  /** The line that says so; null for the default. */
  readonly node: ConfigNode | null;
  /** False where the default decides and nginx's version is unknown: then the older one is assumed. */
  readonly sure: boolean;
}

/** The Connection header of plain requests to a backend. */
export interface SentConnection {
  /**
   * - `close`: asks for the connection to be closed.
   * - `keep-alive`: asks for it to be kept, which HTTP/1.0 needs.
   * - `open`: absent, or something that does not close.
   * - `unknown`: comes from the request or from what is not in sight.
   */
  readonly says: 'close' | 'keep-alive' | 'open' | 'unknown';
  /** The proxy_set_header line; null for the default. */
  readonly node: ConfigNode | null;
  /** The map that gives `close`. */
  readonly map: ConfigNode | null;
  /** False where the default decides and nginx's version is unknown: then the older one is assumed. */
  readonly sure: boolean;
}

/** Groups with `keepalive` that proxy_pass names, with all that use them. */
export function poolUses(model: ConfigModel): ReadonlyMap<Upstream, readonly PoolUse[]> {
  let uses = pools.get(model);
  if (!uses) {
    uses = findPoolUses(model);
    pools.set(model, uses);
  }
  return uses;
}

const pools = new WeakMap<ConfigModel, ReadonlyMap<Upstream, readonly PoolUse[]>>();

function findPoolUses(model: ConfigModel): Map<Upstream, PoolUse[]> {
  const uses = new Map<Upstream, PoolUse[]>();
  for (const target of allProxied(model)) {
    if (target.handler !== 'proxy') continue;
    for (const upstream of groupsOf(model, target)) {
      if (!upstream.keepalive || upstream.keepalive.arg(0) === '0') continue;
      const use = {
        target,
        http: spokenVersion(model, target.block),
        connection: sentConnection(model, target.block),
      };
      const known = uses.get(upstream);
      if (known) known.push(use);
      else uses.set(upstream, [use]);
    }
  }
  return uses;
}

const defaults = new WeakMap<ConfigModel, 'yes' | 'no' | 'unknown'>();

/** Whether nginx speaks HTTP/1.1 without a Connection header by itself: since 1.29.7. */
function keepsByDefault(model: ConfigModel): 'yes' | 'no' | 'unknown' {
  let known = defaults.get(model);
  if (!known) {
    known = holdsSince(model.version, SINCE);
    // A directive may be newer than that.
    const newer = (release: string): boolean => compareVersions(release, SINCE) >= 0;
    if (known === 'unknown' && possibleReleases(model).every(newer)) known = 'yes';
    defaults.set(model, known);
  }
  return known;
}

const SINCE = '1.29.7';

/** HTTP version that proxy_pass speaks in a block: 1.0 by default before 1.29.7, then 1.1. */
export function spokenVersion(model: ConfigModel, block: ConfigNode): SpokenVersion {
  const node = effective(model, 'proxy_http_version', block).nodes[0] ?? null;
  const version = node?.arg(0);
  if (node && version) return { version, node, sure: true };
  const modern = keepsByDefault(model);
  return { version: modern === 'yes' ? '1.1' : '1.0', node: null, sure: modern !== 'unknown' };
}

/** What the Connection header of a request without Upgrade says: `close` by default before 1.29.7. */
export function sentConnection(model: ConfigModel, block: ConfigNode): SentConnection {
  const node = requestHeaders(model, block).get('connection') ?? null;
  if (!node) {
    const modern = keepsByDefault(model);
    return { says: modern === 'yes' ? 'open' : 'close', node, map: null, sure: modern !== 'unknown' };
  }
  const text = node.arg(1) ?? '';
  const map = mapOf(model, text);
  const plain = map && plainValue(map);
  if (map && plain !== null) return { says: meaning(plain), node, map, sure: true };
  const { values, complete } = possibleValues(model, text, node);
  const meanings = new Set(values.map(meaning));
  const says = complete && meanings.size === 1 ? [...meanings][0]! : 'unknown';
  return { says, node, map, sure: true };
}

function meaning(value: string): 'close' | 'keep-alive' | 'open' {
  if (/(?:^|[\s,])close(?:$|[\s,])/i.test(value)) return 'close';
  return /(?:^|[\s,])keep-alive(?:$|[\s,])/i.test(value) ? 'keep-alive' : 'open';
}

/** The map of $http_upgrade that a text consists of. */
function mapOf(model: ConfigModel, text: string): ConfigNode | null {
  const [name] = variablesIn(text);
  if (name === undefined || !/^\$\{?\w+\}?$/.test(text)) return null;
  const map = definitionsOf(model).get(name)?.[0]?.node;
  return map?.name === 'map' && /^\$\{?http_upgrade\}?$/i.test(map.arg(0) ?? '') ? map : null;
}

/** What a map of $http_upgrade gives for a request without Upgrade; null when not to be known. */
function plainValue(map: ConfigNode): string | null {
  if (map.children.some((entry) => entry.name === 'include')) return null;
  const value = (plainEntry(map) ?? map.children.find((entry) => entry.name === 'default'))?.arg(0) ?? '';
  return value.includes('$') ? null : value;
}

/** The entry of a map for the empty text. */
export function plainEntry(map: ConfigNode): ConfigNode | null {
  return map.children.find((entry) => entry.name === '' && entry.args.length > 0) ?? null;
}

/** Whether the connections of a location come back to a pool after an answer. */
export interface KeptConnections {
  readonly kept: 'yes' | 'no' | 'unknown';
  /** The line or the default that decides it, as the end of a sentence's first half. */
  readonly why: string;
  /** Idle connections that each worker may keep; null without a pool or when nobody can tell. */
  readonly connections: number | null;
}

/** Asks all that can stand against it: the group, its pool, the protocol, the version and the headers of requests. */
export function keptConnections(model: ConfigModel, target: Proxied): KeptConnections {
  const answer = (
    kept: KeptConnections['kept'],
    why: string,
    connections: number | null = null,
  ): KeptConnections => ({ kept, why, connections });
  const { handler, pass, block } = target;
  if (target.target.kind === 'variable' || target.target.kind === 'invalid')
    return answer('unknown', `${pass.text} may name an upstream block`);
  if (target.target.kind !== 'upstream')
    return answer('no', `${pass.text} names no upstream block, and only those keep connections`);
  if (handler === 'uwsgi' || handler === 'scgi' || handler === 'tunnel')
    return answer('no', `${pass.name} closes each connection`);
  const { upstream } = target.target;
  const pool = keepalivePool(upstream, model.version);
  if (pool === null) return answer('no', `upstream ${upstream.name} keeps no connections`);
  if (pool === 'unknown')
    return answer('unknown', `upstream ${upstream.name} keeps connections since nginx 1.29.7`);
  if (handler === 'fastcgi' && effective(model, 'fastcgi_keep_conn', block).nodes[0]?.arg(0) !== 'on')
    return answer('no', 'without fastcgi_keep_conn on the connection is closed after each answer');
  if (handler === 'proxy') {
    const http = spokenVersion(model, block);
    const connection = sentConnection(model, block);
    if (connection.says === 'unknown')
      return answer('unknown', `${connection.node?.text} may ask the backend to close`);
    if (http.version === '1.0' && connection.says !== 'keep-alive')
      return answer(http.sure ? 'no' : 'unknown', 'HTTP/1.0 closes the connection after each answer');
    if (connection.says === 'close')
      return answer(connection.sure ? 'no' : 'unknown', 'Connection: close is sent with each request');
  }
  const by = pool.node ? pool.node.text : `nginx ${model.version.value}, unasked, up to ${pool.connections},`;
  return answer('yes', `${by} keeps connections to upstream ${upstream.name}`, pool.connections);
}

/** Whose connections are not kept, for messages: the group's, or those of one location among others. */
export function closedBy(group: Upstream, closing: readonly PoolUse[], uses: readonly PoolUse[]): string {
  const [first] = closing;
  if (!first || closing.length === uses.length) return `no connection to ${group.name} is kept`;
  return `${first.target.block.text} keeps no connection to ${group.name}`;
}
