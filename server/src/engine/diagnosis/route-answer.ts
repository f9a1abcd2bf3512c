import { handlerOf } from '../config/block-record.ts';
import { fromBytes } from '../config/bytes.ts';
import { effectiveSettings, groupSettings } from '../config/effective.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { proxied } from '../config/proxied.ts';
import type { ClientRequest, Step } from '../config/request-state.ts';
import { type Route, type RouteOptions, route } from '../config/route.ts';
import { type UpstreamRequest, upstreamRequest } from '../config/upstream-request.ts';
import { serverNames } from '../config/virtual-names.ts';
import type { RouteAnswer, RouteOverview, Site, Source } from '../contract.ts';

/** A route with what nginx sends on, and both as they leave the program. */
export interface Answered {
  readonly route: Route;
  readonly upstream: UpstreamRequest | null;
  readonly answer: RouteAnswer;
}

/** What a request meets, with what nginx sends to the backend. */
export function answerRequest(
  model: ConfigModel,
  request: ClientRequest,
  options: RouteOptions = {},
): Answered {
  const found = route(model, request, options);
  const upstream = upstreamRequest(found);
  const { server, handler, status, to, kind, block } = found;
  const location = block === null ? null : locationAround(block);
  return {
    route: found,
    upstream,
    answer: {
      schema: 1,
      server: server && serverSite(server),
      location: location && locationSite(location),
      outcome: {
        kind,
        status: status === null ? null : String(status).padStart(3, '0'),
        to: to === null ? null : fromBytes(to),
      },
      handler: handler
        ? { kind: handlerKind(handler), target: upstream ? fromBytes(upstream.target) : handler.arg(0) }
        : null,
      sends: upstream && {
        requestLine: fromBytes(upstream.requestLine),
        headers: upstream.headers.map(({ name, value, node }) => ({
          name: fromBytes(name),
          value: fromBytes(value),
          from: sourceOf(node),
        })),
      },
      effective: handler && block ? effectiveOf(model, block, handler) : NO_SETTINGS,
      trace: found.steps.map((step: Step) => step.text),
    },
  };
}

const NO_SETTINGS: RouteAnswer['effective'] = [];

/** "proxy" of proxy_pass; other directives by their name. */
function handlerKind(handler: ConfigNode): string {
  return handler.name.replace(/_pass$/, '');
}

function locationAround(block: ConfigNode): ConfigNode | null {
  if (block.name === 'location') return block;
  for (const outer of block.ancestors()) if (outer.name === 'location') return outer;
  return null;
}

// What is the same for every request is made once, so that it can also be printed once.
const sites = new WeakMap<ConfigNode, Site>();
const servers = new WeakMap<ConfigNode, NonNullable<RouteAnswer['server']>>();
const locations = new WeakMap<ConfigNode, NonNullable<RouteAnswer['location']>>();
const settings = new WeakMap<ConfigNode, Map<string, RouteAnswer['effective']>>();

function remembered<K extends object, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

function sourceOf(node: ConfigNode | null): Source {
  return node ? remembered(sites, node, () => node.site) : 'default';
}

function serverSite(server: ConfigNode): NonNullable<RouteAnswer['server']> {
  return remembered(servers, server, () => ({ ...server.site, names: [...serverNames(server)] }));
}

function locationSite(location: ConfigNode): NonNullable<RouteAnswer['location']> {
  return remembered(locations, location, () => ({ ...location.site, text: location.args.join(' ') }));
}

function effectiveOf(model: ConfigModel, block: ConfigNode, handler: ConfigNode): RouteAnswer['effective'] {
  const kind = handlerKind(handler);
  const ofBlock = remembered(settings, block, () => new Map<string, RouteAnswer['effective']>());
  let list = ofBlock.get(kind);
  if (!list) {
    const passed = proxied(model, block);
    const group = passed?.target.kind === 'upstream' ? groupSettings(model, passed.target.upstream) : [];
    list = [...effectiveSettings(model, block, kind), ...group].map(({ directive, value, node }) => ({
      directive,
      value,
      from: sourceOf(node),
    }));
    ofBlock.set(kind, list);
  }
  return list;
}

/** Every server with its locations, what each hands its requests to, and the settings for that. */
export function routeOverview(model: ConfigModel): RouteOverview {
  return {
    schema: 1,
    nginxVersion: model.version,
    servers: model.servers().map((server) => ({
      ...serverSite(server),
      listen: listenTexts(server),
      locations: locationsIn(server).map((location) => {
        const handler = handlerOf(location);
        return {
          ...locationSite(location),
          handler: handler && { kind: handlerKind(handler), target: handler.arg(0) },
          effective: handler ? effectiveOf(model, location, handler) : [],
        };
      }),
    })),
    problems: [...model.problems],
  };
}

function listenTexts(server: ConfigNode): string[] {
  const lines = server.all('listen').map((node) => node.args.join(' '));
  return lines.length === 0 ? ['*:80'] : lines;
}

/** Locations of a server in reading order, nested ones behind their outer. */
function locationsIn(server: ConfigNode): ConfigNode[] {
  const found: ConfigNode[] = [];
  const rest = [...server.all('location')].reverse();
  for (let location = rest.pop(); location; location = rest.pop()) {
    found.push(location);
    rest.push(...[...location.all('location')].reverse());
  }
  return found;
}
