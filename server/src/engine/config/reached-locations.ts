import { errorPagesOf } from './block-record.ts';
import { toBytes } from './bytes.ts';
import { effective, effectiveValue } from './inheritance.ts';
import { findLocation, namedLocation } from './location-choice.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { proxied } from './proxied.ts';
import type { ClientRequest, FileKind, StepKind } from './request-state.ts';
import { type Route, route } from './route.ts';
import { locate } from './routing.ts';
import { upstreamRequest } from './upstream-request.ts';
import { hasVariables } from './variables.ts';

/** How a request comes to a location: by its own URI, by another one, after a failure, by a backend's order. */
export type Way = 'request' | 'redirect' | 'error-page' | 'internal';

/** A location that a request can end in. */
export interface Reached {
  readonly location: ConfigNode;
  readonly way: Way;
  /** Sentences: what led there. */
  readonly why: readonly string[];
  /** URIs that nginx sends to its backend, as byte strings; empty where they are not known. */
  readonly sends: readonly string[];
}

/** What may lie on nginx's disk: not known, nothing, files, directories. */
const DISKS: readonly ((path: string) => FileKind)[] = [
  () => 'unknown',
  () => 'none',
  (path) => (path.endsWith('/') ? 'dir' : 'file'),
  (path) => (/\.\w+$/.test(path) ? 'file' : 'dir'),
];

/** Steps of a way that tell how it came to another location. */
const TELLING = new Set<StepKind>([
  'exact-location',
  'prefix-location',
  'no-regex-location',
  'regex-location',
  'named-location',
  'rewrite',
  'try-files',
  'index',
  'error-page',
]);

/** Most sentences on one way: a circle has many. */
const MAX_WHY = 8;

/**
 * The locations of a server that a request can end in, whatever lies on the disk and whatever backends answer: the
 * log keeps the request line while try_files, rewrite, index, error_page and X-Accel-Redirect change the URI. The
 * request has to name an address of that server and a host that leads to it; without one, only `uri` tells (decoded,
 * as bytes).
 */
export function reachedLocations(
  model: ConfigModel,
  server: ConfigNode,
  request: ClientRequest | null,
  uri: string,
): readonly Reached[] {
  const found = new Map<ConfigNode, Reached & { sends: string[] }>();
  const add = (location: ConfigNode, way: Way, why: readonly string[], sent: string | null): void => {
    const known = found.get(location);
    if (!known)
      found.set(location, { location, way, why: why.slice(-MAX_WHY), sends: sent === null ? [] : [sent] });
    else if (sent !== null && !known.sends.includes(sent)) known.sends.push(sent);
  };
  const ends = request
    ? DISKS.map((fileAt) => route(model, request, { fileAt })).filter((way) => way.server === server)
    : [];
  for (const way of ends) {
    const location = locationOf(way.block);
    if (!location || !way.handler) continue;
    const why = way.steps.filter(({ kind }) => TELLING.has(kind)).map(({ text }) => text);
    const changed = way.steps.some(({ kind }) => CHANGES.has(kind));
    add(location, changed ? 'redirect' : 'request', why, upstreamRequest(way)?.uri ?? null);
  }
  // A request that ends in nginx's own error never came to a backend; its first location is the one to look at.
  if (found.size === 0) {
    const trace: string[] = [];
    const { location } = locate(server, uri, trace);
    if (location) add(location, 'request', trace, null);
  }
  for (const way of ends)
    for (const [location, { why, uri: page }] of afterFailure(model, server, way))
      add(location, 'error-page', why, page === null || hasUriPart(model, location) ? null : page);
  for (const location of internalLocations(model, server))
    add(
      location,
      'internal',
      [`${location.text} is internal: X-Accel-Redirect of a backend can lead there`],
      null,
    );
  return [...found.values()];
}

const CHANGES = new Set<StepKind>(['rewrite', 'try-files', 'index', 'error-page', 'named-location']);

function locationOf(block: ConfigNode | null): ConfigNode | null {
  if (!block) return null;
  return block.name === 'location'
    ? block
    : ([...block.ancestors()].find(({ name }) => name === 'location') ?? null);
}

interface AfterFailure {
  readonly why: readonly string[];
  /** The URI that replaces the request's; null for a named location. */
  readonly uri: string | null;
}

/** Where error_page leads once a backend has failed; from there on only with recursive_error_pages. */
function afterFailure(model: ConfigModel, server: ConfigNode, way: Route): Map<ConfigNode, AfterFailure> {
  const found = new Map<ConfigNode, AfterFailure>();
  const from: ConfigNode[] = way.block && way.handler ? [way.block] : [];
  for (let block = from.pop(); block; block = from.pop()) {
    for (const page of errorPagesOf(way.state, block)?.values() ?? []) {
      if (hasVariables(page.target)) continue;
      const to = page.target.startsWith('@')
        ? namedLocation(server, toBytes(page.target))?.node
        : page.target.startsWith('/')
          ? findLocation(server, toBytes(page.target.replace(/\?.*/s, ''))).location?.node
          : null;
      if (!to || found.has(to)) continue;
      found.set(to, {
        why: [`${page.node.text} leads to ${to.text} when ${block.text} has failed`],
        uri: page.target.startsWith('@') ? null : toBytes(page.target),
      });
      if (effectiveValue(model, 'recursive_error_pages', to, 'off') === 'on') from.push(to);
    }
  }
  return found;
}

/** Whether the location's *_pass replaces what it was found by, or nothing is known of it. */
function hasUriPart(model: ConfigModel, location: ConfigNode): boolean {
  const passed = proxied(model, location);
  return passed === null || passed.uriPart !== null || passed.target.kind === 'variable';
}

const internals = new WeakMap<ConfigNode, readonly ConfigNode[]>();

/** Locations that only nginx itself leads to; named ones are reached by their names alone. */
function internalLocations(model: ConfigModel, server: ConfigNode): readonly ConfigNode[] {
  let known = internals.get(server);
  if (!known) {
    known = model
      .named('location')
      .filter(
        (node) =>
          node.isBlock &&
          !node.args[0]?.startsWith('@') &&
          [...node.ancestors()].includes(server) &&
          effective(model, 'internal', node).nodes.length > 0,
      );
    internals.set(server, known);
  }
  return known;
}
