import { effective, PASS_DIRECTIVES } from './inheritance.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { defaultPort, isAddress, parseUpstreamUrl } from './upstream-url.ts';
import { type Upstream, upstreamNamed } from './upstreams.ts';
import { hasVariables } from './variables.ts';

export type Handler = 'proxy' | 'grpc' | 'fastcgi' | 'uwsgi' | 'scgi' | 'memcached' | 'tunnel';

export type Target =
  | { readonly kind: 'upstream'; readonly upstream: Upstream }
  | { readonly kind: 'host'; readonly host: string; readonly port: number | null }
  | { readonly kind: 'address'; readonly host: string; readonly port: number | null }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'variable'; readonly text: string }
  /** nginx refuses what is written. */
  | { readonly kind: 'invalid'; readonly text: string };

/** Where a location hands its requests. */
export interface Proxied {
  /** The location, if or limit_except block that passes. */
  readonly block: ConfigNode;
  /** The `*_pass` line; it may stand in the location around an `if`. */
  readonly pass: ConfigNode;
  readonly handler: Handler;
  /** "http", "https", "grpc", "grpcs", "fastcgi", "uwsgi", "suwsgi", "scgi", "memcached"; null when a variable hides it. */
  readonly scheme: string | null;
  readonly target: Target;
  /** What replaces the location's prefix; null when the request's URI is passed unchanged. */
  readonly uriPart: string | null;
}

/** What a location (or `if`, `limit_except`) passes its requests to; null when it does not. */
export function proxied(model: ConfigModel, block: ConfigNode): Proxied | null {
  for (const name of PASS_DIRECTIVES) {
    const pass = effective(model, name, block).nodes[0];
    if (pass) return readPass(model, block, pass);
  }
  return null;
}

/** Every `*_pass` of the http module with what it passes to, once for each place it takes effect in. */
export function allProxied(model: ConfigModel): readonly Proxied[] {
  let known = cache.get(model);
  if (!known) {
    known = [];
    for (const node of model.named(...PASS_DIRECTIVES)) {
      if (node.args.length === 0) continue;
      if (node.context !== 'location' && node.context !== 'if-in-location' && node.context !== 'limit_except')
        continue;
      // A location fragment without its block has no location to ask about.
      if (node.parent) known.push(readPass(model, node.parent, node));
    }
    cache.set(model, known);
  }
  return known;
}

const cache = new WeakMap<ConfigModel, Proxied[]>();

function readPass(model: ConfigModel, block: ConfigNode, pass: ConfigNode): Proxied {
  const handler = pass.name.slice(0, -'_pass'.length) as Handler;
  const text = pass.arg(0) ?? '';
  if (hasVariables(text)) {
    const scheme = /^([a-z]+):\/\//i.exec(text)?.[1]?.toLowerCase() ?? null;
    const rest = scheme === null ? text : text.slice(scheme.length + 3);
    const slash = rest.startsWith('unix:') ? -1 : rest.indexOf('/');
    return {
      block,
      pass,
      handler,
      scheme: scheme ?? (handler === 'proxy' ? null : handler),
      target: { kind: 'variable', text },
      uriPart: slash < 0 ? null : rest.slice(slash),
    };
  }
  const url = parseUpstreamUrl(pass.name, text);
  if (!url) return { block, pass, handler, scheme: null, target: { kind: 'invalid', text }, uriPart: null };
  return {
    block,
    pass,
    handler,
    scheme: url.scheme ?? handler,
    target: targetOf(model, pass.name, url),
    uriPart: url.uri,
  };
}

function targetOf(
  model: ConfigModel,
  directive: string,
  url: NonNullable<ReturnType<typeof parseUpstreamUrl>>,
): Target {
  if (url.socket !== null) return { kind: 'unix', path: url.socket };
  const host = url.host!;
  const group = url.port === null ? upstreamNamed(model, host) : null;
  if (group) return { kind: 'upstream', upstream: group };
  const port = url.port ?? defaultPort(directive, url.scheme);
  return { kind: isAddress(host) ? 'address' : 'host', host, port };
}

/** Where a backend listens. */
export interface Address {
  readonly host: string | null;
  readonly port: number | null;
  readonly socket: string | null;
}

/** A peer as a location reaches it. */
export interface Endpoint extends Address {
  /** `*_pass` or `server` line that names it. */
  readonly node: ConfigNode;
}

/** Addresses that a target names, as far as they stand in the files. */
export function endpoints(passed: Proxied): readonly Endpoint[] {
  const { target, pass } = passed;
  switch (target.kind) {
    case 'upstream':
      return peerEndpoints(target.upstream);
    case 'unix':
      return [{ node: pass, host: null, port: null, socket: target.path }];
    case 'host':
    case 'address':
      return [{ node: pass, host: target.host, port: target.port, socket: null }];
    default:
      return [];
  }
}

/** Addresses that the lines of a group name. */
export function peerEndpoints(upstream: Upstream): readonly Endpoint[] {
  return upstream.peers.flatMap((peer) =>
    peer.url === null
      ? []
      : [{ node: peer.node, host: peer.url.host, port: peer.port, socket: peer.url.socket }],
  );
}

interface Leading {
  readonly passes: readonly Proxied[];
  /** The first by each scheme: many locations share one backend, and each is asked what the others speak. */
  readonly byScheme: ReadonlyMap<string | null, Proxied>;
}

const NOBODY: Leading = { passes: [], byScheme: new Map() };
const byAddress = new WeakMap<ConfigModel, ReadonlyMap<string, Leading>>();

function leadingTo(model: ConfigModel, endpoint: Address): Leading {
  let index = byAddress.get(model);
  if (!index) {
    index = indexByAddress(model);
    byAddress.set(model, index);
  }
  return index.get(addressKey(endpoint)) ?? NOBODY;
}

function indexByAddress(model: ConfigModel): Map<string, Leading> {
  const lines = new Map<string, Map<string, Proxied>>();
  for (const target of allProxied(model)) {
    const line = `${target.pass.file} ${target.pass.at}`;
    for (const end of endpoints(target)) {
      const key = addressKey(end);
      const same = lines.get(key) ?? new Map<string, Proxied>();
      lines.set(key, same);
      if (!same.has(line)) same.set(line, target);
    }
  }
  const index = new Map<string, Leading>();
  for (const [key, same] of lines) {
    const passes = [...same.values()];
    const byScheme = new Map<string | null, Proxied>();
    for (const target of passes) if (!byScheme.has(target.scheme)) byScheme.set(target.scheme, target);
    index.set(key, { passes, byScheme });
  }
  return index;
}

/** Every *_pass line that leads to an endpoint's host and port; a line of a snippet stands once. */
export function passesTo(model: ConfigModel, endpoint: Address): readonly Proxied[] {
  return leadingTo(model, endpoint).passes;
}

/**
 * The group that nginx makes by itself of a host and port that *_pass lines write without variables, as these lines;
 * empty when none does. What a variable holds is looked up among these groups too, by name and port, before any
 * resolver is asked (ngx_http_upstream_add, ngx_http_upstream_init_request).
 */
export function implicitGroup(model: ConfigModel, host: string, port: number | null): readonly Proxied[] {
  return passesTo(model, { host, port, socket: null }).filter(
    ({ target }) => target.kind === 'host' || target.kind === 'address',
  );
}

/** The first *_pass line that speaks one of the schemes to an endpoint's host and port. */
export function passSpeaking(
  model: ConfigModel,
  endpoint: Address,
  ...schemes: readonly string[]
): Proxied | null {
  const { byScheme } = leadingTo(model, endpoint);
  for (const scheme of schemes) {
    const target = byScheme.get(scheme);
    if (target) return target;
  }
  return null;
}

function addressKey({ host, port, socket }: Address): string {
  return socket ?? `${host?.toLowerCase()}:${port}`;
}
