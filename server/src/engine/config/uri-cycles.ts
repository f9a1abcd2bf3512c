import { handlerOf } from './block-record.ts';
import { toBytes } from './bytes.ts';
import { effectiveValue } from './inheritance.ts';
import { findLocation, locationMatch, namedLocation } from './location-choice.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import type { ClientRequest, FileKind } from './request-state.ts';
import { type Route, route } from './route.ts';
import { listenPoints } from './server-choice.ts';
import { serverNames } from './virtual-names.ts';

/** A request that nginx sends round inside itself until it gives up. */
export interface UriCycle {
  /** The directive to edit: one beside a handler, else the one that made the last change. */
  readonly node: ConfigNode;
  /** All directives of the circle, in the order in which they were last met. */
  readonly nodes: readonly ConfigNode[];
  /** The path of the request. */
  readonly path: string;
}

/** A name that no file has. */
export const NOWHERE = 'no-such-page';

/** What may lie on the disk: nothing; or all that can be there, as files or as directories. */
const DISKS: readonly ((path: string) => FileKind)[] = [
  () => 'none',
  (path) => (path.includes(NOWHERE) ? 'none' : path.endsWith('/') ? 'dir' : 'file'),
  (path) => (path.includes(NOWHERE) ? 'none' : /\.\w+$/.test(path) ? 'file' : 'dir'),
];

/**
 * Circles of rewrite, try_files and error_page that made-up requests end in, whatever lies on the disk
 * (NGX_HTTP_MAX_URI_CHANGES). Only locations that change the URI are tried.
 */
export function uriCycles(model: ConfigModel): readonly UriCycle[] {
  if (!model.has('rewrite') && !model.has('try_files') && !model.has('error_page')) return [];
  const found: UriCycle[] = [];
  const met = new Set<ConfigNode>();
  for (const [server, request] of approaches(model)) {
    const changes = changesOf(model, server);
    const turning = comingRound(server, changes);
    const paths = new Set([...turning].flatMap((location) => pathsInto(location)));
    for (const [node, location] of changes)
      if (node.name === 'rewrite' && turning.has(location))
        for (const path of pathsLike(node.arg(0) ?? '')) paths.add(path);
    for (const path of paths) {
      const cycle = cycleAt(model, { ...request, target: path }, server, changes);
      if (!cycle || cycle.nodes.some((node) => met.has(node))) continue;
      for (const node of cycle.nodes) met.add(node);
      found.push(cycle);
    }
  }
  return found;
}

/** The circle that one request ends in, on a disk without files. */
export function uriCycleOf(model: ConfigModel, request: ClientRequest): UriCycle | null {
  const way = route(model, request, { fileAt: DISKS[0]! });
  return way.server && isCycle(way) ? read(way, changesOf(model, way.server), request.target) : null;
}

/** A way in for each server, without the path. */
export function approaches(model: ConfigModel): Map<ConfigNode, ClientRequest> {
  const known = new Map<ConfigNode, ClientRequest>();
  const hidden = new Set(model.missingIncludes.flatMap(({ node }) => [...node.ancestors()]));
  for (const { host, port, servers } of listenPoints(model)) {
    for (const server of servers) {
      if (known.has(server) || hidden.has(server)) continue;
      const name = serverNames(server).find((text) => /^[a-z\d.-]+$/i.test(text)) ?? 'localhost';
      const listen = port === null ? `unix:${host}` : `${host}:${port}`;
      const rest = { method: 'GET', http: '1.1', headers: null, client: null, body: null } as const;
      known.set(server, { listen, host: name, target: '/', ...rest });
    }
  }
  return known;
}

/** Directives of a server that can lead a request to another location, with the location that they stand in. */
function changesOf(model: ConfigModel, server: ConfigNode): Map<ConfigNode, ConfigNode> {
  const found = new Map<ConfigNode, ConfigNode>();
  const visit = (block: ConfigNode, location: ConfigNode): void => {
    for (const node of block.children) {
      if (node.name === 'location' && node.isBlock) visit(node, node);
      else if (node.name === 'if' && node.isBlock) visit(node, location);
      else if (changesUri(model, node, location)) found.set(node, location);
    }
  };
  visit(server, server);
  return found;
}

/** Locations from which changes lead to changes without end, as far as the texts show: the others need no request. */
function comingRound(server: ConfigNode, changes: ReadonlyMap<ConfigNode, ConfigNode>): Set<ConfigNode> {
  const left = new Set(changes.values());
  const ways: [from: ConfigNode, to: ConfigNode][] = [];
  const known = new Map<string, ConfigNode | null>();
  for (const [node, from] of changes) {
    const to = from === server ? null : targetOf(server, node, known);
    if (to && left.has(to)) ways.push([from, to]);
  }
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    const going = new Set(ways.flatMap(([from, to]) => (left.has(to) ? [from] : [])));
    for (const location of left) if (!going.has(location)) left.delete(location);
  }
  return left;
}

/** The location that a change leads to; null where none does, or a file may answer. */
function targetOf(
  server: ConfigNode,
  node: ConfigNode,
  known: Map<string, ConfigNode | null>,
): ConfigNode | null {
  const written = (node.name === 'rewrite' ? node.arg(1) : node.args.at(-1)) ?? '';
  if (written.startsWith('@')) return namedLocation(server, toBytes(written))?.node ?? null;
  const constant = written.replace(/\?.*/s, '');
  const path = constant
    .replace(/(^|\w)\$\d/g, `$1/${NOWHERE}`)
    .replace(/\$\{?(?:document_|request_)?uri\}?/g, `/${NOWHERE}`)
    .replace(/\$\{?\w+\}?/g, NOWHERE);
  let found = known.get(path);
  if (found === undefined) {
    found = findLocation(server, toBytes(path)).location?.node ?? null;
    known.set(path, found);
  }
  const tried = found?.first('try_files')?.args.slice(0, -1) ?? [];
  const exists = path === constant && tried.includes(path.endsWith('/') ? '$uri/' : '$uri');
  return exists ? null : found;
}

function changesUri(model: ConfigModel, node: ConfigNode, location: ConfigNode): boolean {
  const last = node.args.at(-1) ?? '';
  switch (node.name) {
    case 'rewrite':
      return !['break', 'redirect', 'permanent'].includes(node.arg(2) ?? '');
    case 'try_files':
      return !last.startsWith('=');
    case 'error_page':
      // Otherwise a request has one error page only.
      return effectiveValue(model, 'recursive_error_pages', location, 'off') === 'on';
    default:
      return false;
  }
}

/** Paths that may lead into a location. */
export function pathsInto(location: ConfigNode): string[] {
  if (location.name !== 'location') return [];
  const { kind, path } = locationMatch(location);
  if (kind === '@') return [];
  if (kind === '~' || kind === '~*') return pathsLike(path);
  return kind === '=' ? [path] : [path, `${path}${path.endsWith('/') ? '' : '/'}${NOWHERE}`];
}

/** A path that a simple pattern matches; none for others. */
function pathsLike(pattern: string): string[] {
  const text = pattern
    .replace(/^\^|\$$/g, '')
    .replace(/\((?!\?)\.[*+]\)|\.[*+]\??/g, NOWHERE)
    .replace(/\(\\d\+\)|\\d\+|\(?\[0-9\]\+\)?/g, '502')
    .replace(/\\([./-])/g, '$1');
  if (!/^[\w./-]*$/.test(text)) return [];
  return [text.startsWith('/') ? text : `/${NOWHERE}${text}`];
}

function cycleAt(
  model: ConfigModel,
  request: ClientRequest,
  server: ConfigNode,
  changes: ReadonlyMap<ConfigNode, ConfigNode>,
): UriCycle | null {
  let last: Route | null = null;
  for (const fileAt of DISKS) {
    last = route(model, request, { fileAt });
    if (last.server !== server || !last.certain || !isCycle(last)) return null;
  }
  const found = last && read(last, changes, request.target);
  // Lua may end the request before it comes round.
  const lua = found?.nodes.some((node) =>
    changes.get(node)!.children.some((child) => child.name.includes('_by_lua')),
  );
  return lua ? null : found;
}

function isCycle({ steps }: Route): boolean {
  return steps.at(-1)?.kind === 'cycle';
}

/** The directives behind the last changes: the trace quotes them. */
function read(
  { steps, block }: Route,
  changes: ReadonlyMap<ConfigNode, ConfigNode>,
  path: string,
): UriCycle | null {
  const own = [...changes.keys()].sort((a, b) => Number(b.parent === block) - Number(a.parent === block));
  const nodes = new Set<ConfigNode>();
  for (let at = steps.length - 1; at >= 0 && at > steps.length - 24; at--) {
    const { kind, text } = steps[at]!;
    if (kind !== 'rewrite' && kind !== 'try-files' && kind !== 'error-page') continue;
    const node = own.find((change) => text.startsWith(`${change.text} `));
    if (node) nodes.add(node);
  }
  // The circle is best ended where something would answer.
  const node = [...nodes].find((change) => handlerOf(changes.get(change)!)) ?? [...nodes][0];
  return node ? { node, nodes: [...nodes].reverse(), path } : null;
}
