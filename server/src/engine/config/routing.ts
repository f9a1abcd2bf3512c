import { isPass } from './inheritance.ts';
import type { ConfigNode } from './model.ts';
import { matchPattern } from './pcre.ts';

/** A request as far as it decides which block serves it. */
export interface RoutedRequest {
  /** Host header, absolute-URI host or SNI name; null when absent, as in HTTP/1.0. */
  readonly host: string | null;
  /** Request target as on the request line. */
  readonly target: string;
}

export interface Route {
  readonly server: ConfigNode | null;
  readonly location: ConfigNode | null;
  /** The 301 that nginx sends itself for a missing trailing slash before a `*_pass` location. */
  readonly redirect: string | null;
  /** Whether the answer is certain: false when a pattern could not be evaluated. */
  readonly certain: boolean;
  /** Why, a sentence a step. */
  readonly trace: readonly string[];
}

/** Which server and location serve a request, of the servers given (those that share an address). */
export function route(servers: readonly ConfigNode[], request: RoutedRequest): Route {
  const trace: string[] = [];
  const chosen = chooseServer(servers, request.host, trace);
  if (!chosen.server) return { server: null, location: null, redirect: null, certain: true, trace };
  const located = locate(chosen.server, normaliseUri(request.target), trace);
  return { server: chosen.server, ...located, certain: chosen.certain && located.certain, trace };
}

/**
 * Choice by server_name: exact, longest `*.suffix`, longest `prefix.*`, first regex, else the default server
 * (ngx_http_find_virtual_server). Servers are those of one address, in file order.
 */
export function chooseServer(
  servers: readonly ConfigNode[],
  host: string | null,
  trace: string[] = [],
): { server: ConfigNode | null; certain: boolean } {
  const fallback = servers.find(isDefaultServer) ?? servers[0] ?? null;
  if (!fallback) return { server: null, certain: true };
  const name = hostName(host);
  let certain = true;
  const exact = firstWith(servers, (n) => n === name || (n.startsWith('.') && n.slice(1) === name));
  if (exact) return traced(trace, exact, `server_name ${exact.name} is the host "${name}"`);
  const suffix = longest(servers, (n) => {
    const tail = n.startsWith('*.') ? n.slice(1) : n.startsWith('.') ? n : null;
    return tail !== null && name.endsWith(tail) && name.length > tail.length ? tail.length : 0;
  });
  if (suffix) return traced(trace, suffix, `server_name ${suffix.name} covers the host "${name}"`);
  const prefix = longest(servers, (n) => {
    const head = n.endsWith('.*') ? n.slice(0, -1) : null;
    return head !== null && name.startsWith(head) && name.length > head.length ? head.length : 0;
  });
  if (prefix) return traced(trace, prefix, `server_name ${prefix.name} covers the host "${name}"`);
  for (const server of servers) {
    for (const pattern of serverNames(server)) {
      if (!pattern.startsWith('~')) continue;
      const body = pattern.slice(1);
      // The host is lower case already; nginx ignores case only if the pattern has an upper-case letter.
      const match = matchPattern(body, name, /[A-Z]/.test(body));
      if (match === 'unknown') certain = false;
      if (match === 'yes') {
        trace.push(`server_name ${pattern} matches the host "${name}"`);
        return { server, certain };
      }
    }
  }
  trace.push(`no server_name is the host "${name}": the default server of the address serves it`);
  return { server: fallback, certain };
}

/** Names of a server as written; nginx's default is one empty name. */
export function serverNames(server: ConfigNode): readonly string[] {
  const names = server.all('server_name').flatMap((node) => node.args);
  return names.length === 0 ? [''] : names;
}

/** The name that error-log lines show behind `server:`: the first, without a leading dot (ngx_http_core_merge_srv_conf). */
export function loggedServerName(server: ConfigNode): string {
  return (serverNames(server)[0] ?? '').replace(/^\./, '');
}

function isDefaultServer(server: ConfigNode): boolean {
  return server
    .all('listen')
    .some((node) => node.args.includes('default_server') || node.args.includes('default'));
}

function hostName(host: string | null): string {
  if (host === null) return '';
  const withoutPort = host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.replace(/:\d*$/, '');
  return withoutPort.toLowerCase().replace(/\.$/, '');
}

interface Named {
  readonly server: ConfigNode;
  readonly name: string;
}

function firstWith(servers: readonly ConfigNode[], test: (name: string) => boolean): Named | null {
  for (const server of servers) {
    const name = serverNames(server).find((n) => !n.startsWith('~') && test(n.toLowerCase()));
    if (name !== undefined) return { server, name };
  }
  return null;
}

function longest(servers: readonly ConfigNode[], score: (name: string) => number): Named | null {
  let best: (Named & { score: number }) | null = null;
  for (const server of servers) {
    for (const name of serverNames(server)) {
      const points = name.startsWith('~') ? 0 : score(name.toLowerCase());
      if (points > (best?.score ?? 0)) best = { server, name, score: points };
    }
  }
  return best;
}

function traced(trace: string[], found: Named, sentence: string): { server: ConfigNode; certain: boolean } {
  trace.push(sentence);
  return { server: found.server, certain: true };
}

export type LocationKind = '=' | '^~' | '~' | '~*' | '@' | 'prefix';

export interface LocationMatch {
  readonly kind: LocationKind;
  /** Prefix, exact URI, pattern or name. */
  readonly path: string;
}

/** Modifier and text of a `location`, written together or apart (ngx_http_core_location). */
export function locationMatch(node: ConfigNode): LocationMatch {
  const [first, second] = node.args;
  if (second !== undefined) return { kind: first as LocationKind, path: second };
  const text = first ?? '';
  if (text.startsWith('=')) return { kind: '=', path: text.slice(1) };
  if (text.startsWith('^~')) return { kind: '^~', path: text.slice(2) };
  if (text.startsWith('~*')) return { kind: '~*', path: text.slice(2) };
  if (text.startsWith('~')) return { kind: '~', path: text.slice(1) };
  if (text.startsWith('@')) return { kind: '@', path: text };
  return { kind: 'prefix', path: text };
}

interface Located {
  readonly location: ConfigNode | null;
  readonly redirect: string | null;
  readonly certain: boolean;
}

/** The location of a server that a normalised URI ends in (ngx_http_core_find_location). */
export function locate(server: ConfigNode, uri: string, trace: string[] = []): Located {
  const state = { certain: true };
  const found = find(server, uri, trace, state);
  if (!found.location && !found.redirect)
    trace.push('no location matches: the server block itself serves it');
  return { location: found.location, redirect: found.redirect, certain: state.certain };
}

interface Found {
  readonly location: ConfigNode | null;
  readonly redirect: string | null;
  readonly final: boolean;
}

/** Deeper than anybody nests locations; generated nests must not overflow the stack. */
const MAX_NESTED = 500;

function find(
  level: ConfigNode,
  uri: string,
  trace: string[],
  state: { certain: boolean },
  depth = 0,
): Found {
  if (depth > MAX_NESTED) {
    state.certain = false;
    trace.push(`locations nested deeper than ${MAX_NESTED} were not looked at`);
    return { location: null, redirect: null, final: false };
  }
  const kids = level.all('location').map((node) => ({ node, ...locationMatch(node) }));
  const insideRegex = level.name === 'location' && ['~', '~*'].includes(locationMatch(level).kind);
  const prefixes = insideRegex ? [] : kids.filter((kid) => kid.kind === 'prefix' || kid.kind === '^~');
  const exact = insideRegex ? undefined : kids.find((kid) => kid.kind === '=' && kid.path === uri);
  if (exact) {
    trace.push(`location ${exact.node.args.join(' ')} is exactly the URI`);
    return { location: exact.node, redirect: null, final: true };
  }
  let best: (typeof prefixes)[number] | null = null;
  for (const kid of prefixes) {
    if (uri.startsWith(kid.path) && (!best || kid.path.length > best.path.length)) best = kid;
  }
  if (!insideRegex && best?.path !== uri) {
    const slashed = kids.find((kid) => ['=', '^~', 'prefix'].includes(kid.kind) && kid.path === `${uri}/`);
    if (slashed?.node.children.some((child) => isPass(child.name))) {
      trace.push(
        `location ${slashed.node.args.join(' ')} is the URI with a slash: nginx redirects to it (301)`,
      );
      return { location: slashed.node, redirect: `${uri}/`, final: true };
    }
  }
  let current: ConfigNode | null = null;
  if (best) {
    current = best.node;
    trace.push(`location ${best.node.args.join(' ')} is the longest prefix`);
    const nested = find(best.node, uri, trace, state, depth + 1);
    if (nested.final) return nested;
    if (nested.location) current = nested.location;
  }
  if (best?.kind !== '^~') {
    for (const kid of kids) {
      if (kid.kind !== '~' && kid.kind !== '~*') continue;
      const match = matchPattern(kid.path, uri, kid.kind === '~*');
      if (match === 'unknown') {
        state.certain = false;
        trace.push(`location ${kid.node.args.join(' ')} could not be evaluated here`);
      }
      if (match !== 'yes') continue;
      trace.push(`location ${kid.node.args.join(' ')} matches: regular expressions win over plain prefixes`);
      const nested = find(kid.node, uri, trace, state, depth + 1);
      return { location: nested.location ?? kid.node, redirect: nested.redirect, final: true };
    }
  }
  return { location: current, redirect: null, final: false };
}

/**
 * URI that locations are compared with: no arguments, percent-decoded, dots resolved, slashes merged
 * (ngx_http_parse_complex_uri with merge_slashes on).
 */
export function normaliseUri(target: string): string {
  let path = target;
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(path);
  if (absolute) path = path.slice(absolute[0].length) || '/';
  const end = path.search(/[?#]/);
  if (end >= 0) path = path.slice(0, end);
  const decoded = path.replace(/(?:%[0-9a-f]{2})+/gi, decodeBytes);
  const parts: string[] = [];
  const segments = decoded.split('/');
  for (const [i, segment] of segments.entries()) {
    if (segment === '..') parts.pop();
    else if (segment !== '.' && segment !== '') parts.push(segment);
    if (
      i === segments.length - 1 &&
      (segment === '' || segment === '.' || segment === '..') &&
      parts.length > 0
    ) {
      parts.push('');
    }
  }
  return `/${parts.join('/')}`;
}

function decodeBytes(escaped: string): string {
  const bytes = escaped
    .slice(1)
    .split('%')
    .map((hex) => Number.parseInt(hex, 16));
  try {
    return decodeURIComponent(escaped);
  } catch {
    // Not UTF-8: keep each byte as one character, which still compares byte by byte.
    return String.fromCharCode(...bytes);
  }
}
