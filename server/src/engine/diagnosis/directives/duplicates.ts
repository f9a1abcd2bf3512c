import type { ConfigModel, ConfigNode } from '../../config/model.ts';
import { nearest } from '../../config/near-names.ts';
import { parseNginxUrl } from '../../config/nginx-url.ts';
import type { Fix } from '../../contract.ts';
import { Editor } from '../editing.ts';
import { type Refusal, rewriteWord } from './refusal.ts';
import { locationHead } from './server-values.ts';
import { variableFamily } from './unknown-variables.ts';
import type { PlacedCall } from './value.ts';

/** Lists of which only `off` cannot stand beside another line (ngx_http_proxy_redirect, ngx_http_mirror). */
const OFF_ALONE = new Set([
  'proxy_redirect',
  'proxy_cookie_domain',
  'proxy_cookie_path',
  'proxy_cookie_flags',
  'mirror',
]);

/** What one configuration names once: filled while its nodes are read in order. */
export class Duplicates {
  private readonly top = new Map<string, ConfigNode>();
  /** By kind and name: upstreams, formats, zones. */
  private readonly named = new Map<string, ConfigNode>();
  private readonly listens = new Map<string, { node: ConfigNode; set: boolean; isDefault: boolean }>();
  private readonly inServer = new WeakMap<ConfigNode, Map<string, ConfigNode>>();

  constructor(private readonly model: ConfigModel) {}

  /** What nginx says of a second one, as it reads it. */
  refusalOf(call: PlacedCall): Refusal | null {
    const { node } = call;
    const again = this.again(call);
    if (again) return again;
    if (node.name === 'listen') return this.listen(call);
    return node.name === 'access_log' ? this.unknownFormat(node) : this.namedTwice(node);
  }

  /** ngx_http_log_set_log knows only the formats above it. */
  private unknownFormat(node: ConfigNode): Refusal | null {
    const word = node.directive.args[1];
    if (!word || !this.model.isComplete || node.arg(0) === 'off') return null;
    const family = variableFamily(node.context) === 'stream' ? 'stream' : 'http';
    const known = (name: string): boolean => this.named.has(`${family} log_format ${name.toLowerCase()}`);
    if (known(word.value) || (family === 'http' && word.value.toLowerCase() === 'combined')) return null;
    const formats = this.model.named('log_format').map((other) => other.arg(0) ?? '');
    const meant = nearest(word.value, [...formats.filter(known), 'combined']);
    return {
      id: 'invalid-value',
      node,
      word,
      says: `unknown log format "${word.value}"`,
      do: formats.includes(word.value)
        ? 'Move log_format above the lines that use it.'
        : 'Define it with log_format, or correct the name.',
      ...(meant && { fixes: rewriteWord(node, word, meant) }),
    };
  }

  /** `"x" directive is duplicate` */
  private again({ node, fact }: PlacedCall): Refusal | null {
    const { name } = node;
    if (name === 'root' || name === 'alias') return this.rootOrAlias(node);
    if (!fact.once || node.parent?.first(name) === node) return null;
    const siblings = node.parent?.all(name) ?? this.topLevel(node);
    const first = siblings.find((other) => sameLine(other, node)) ?? node;
    if (first === node) return null;
    if (OFF_ALONE.has(name) && node.arg(0) !== 'off' && first.arg(0) !== 'off') return null;
    return duplicate(
      node,
      first,
      name === 'limit_except' ? `"${name}" directive duplicate` : `"${name}" directive is duplicate`,
    );
  }

  private topLevel(node: ConfigNode): readonly ConfigNode[] {
    // Fragments side by side are not one configuration.
    if (this.model.rootContexts.size !== 1) return [];
    const key = node.name;
    const first = this.top.get(key);
    if (!first) this.top.set(key, node);
    return first ? [first] : [];
  }

  private rootOrAlias(node: ConfigNode): Refusal | null {
    const first = node.parent?.children.find(({ name }) => name === 'root' || name === 'alias');
    if (!first || first === node) return null;
    const says =
      first.name === node.name
        ? `"${node.name}" directive is duplicate`
        : `"${node.name}" directive is duplicate, "${first.name}" directive was specified earlier`;
    return duplicate(node, first, says);
  }

  /** ngx_http_upstream_add, ngx_http_log_set_format, ngx_http_limit_req_zone, ngx_http_file_cache_set_slot */
  private namedTwice(node: ConfigNode): Refusal | null {
    const named = nameOf(node);
    if (!named) return null;
    const key = `${node.context} ${named.kind} ${named.name.toLowerCase()}`;
    const first = this.named.get(key);
    if (!first) {
      this.named.set(key, node);
      return null;
    }
    if (first.file === node.file && first.at === node.at && first.parent !== node.parent) return null;
    return duplicate(node, first, named.says);
  }

  /** ngx_http_add_addresses (src/http/ngx_http.c); 1.31 and before alike */
  private listen({ node, fact }: PlacedCall): Refusal | null {
    const server = node.parent;
    const url = parseNginxUrl(node.arg(0) ?? '', { listen: true });
    // A name has addresses that are not to be seen here.
    const known =
      !('error' in url) && url.lastPort === null && (url.family !== 'inet' || /^[*\d.]+$/.test(url.host!));
    if (fact.family !== 'http' || !server || !known) return null;
    const host = url.host === '0.0.0.0' ? '*' : (url.host ?? `unix:${url.socket}`);
    const quic = node.args.includes('quic') ? ' quic' : '';
    const address = `${host}:${url.port ?? 80}${quic}`;
    const shown = (): string =>
      url.socket === null ? `${host === '*' ? '0.0.0.0' : host}:${url.port ?? 80}` : host;
    if (server.all('listen').length > 1) {
      const own = this.inServer.get(server) ?? new Map<string, ConfigNode>();
      this.inServer.set(server, own);
      const twin = own.get(address);
      if (twin) return duplicate(node, twin, `a duplicate listen ${shown()}`);
      own.set(address, node);
    }
    const set = node.args.some((word, i) => i > 0 && SETS_OPTIONS.test(word));
    const isDefault = node.args.some((word, i) => i > 0 && (word === 'default_server' || word === 'default'));
    const before = this.listens.get(address);
    if (!before) {
      this.listens.set(address, { node, set, isDefault });
      return null;
    }
    // One snippet with `listen`, included into many servers, is judged where it stands.
    if (set && before.set)
      return duplicate(node, before.node, `duplicate listen options for ${shown()}`, true);
    if (isDefault && before.isDefault)
      return duplicate(node, before.node, `a duplicate default server for ${shown()}`, true);
    if (!set && !isDefault) return null;
    this.listens.set(address, {
      node,
      set: set || before.set,
      isDefault: isDefault || before.isDefault,
    });
    return null;
  }
}

/** Parameters with which a listen line sets the socket's options: only one may, for each address. */
const SETS_OPTIONS =
  /^(?:bind|setfib=|fastopen=|backlog=|rcvbuf=|sndbuf=|accept_filter=|deferred|ipv6only=|reuseport|multipath|so_keepalive=)/;

/** Whether two lines of a name are of one thing: limits are, when they are of one zone. */
function sameLine(a: ConfigNode, b: ConfigNode): boolean {
  if (a.name === 'limit_conn') return a.arg(0) === b.arg(0);
  if (a.name !== 'limit_req') return true;
  const zone = (node: ConfigNode): string | undefined => node.args.find((word) => word.startsWith('zone='));
  return zone(a) === zone(b);
}

/** What a directive gives a name to that must be the only one. */
function nameOf(node: ConfigNode): { kind: string; name: string; says: string } | null {
  const { name } = node;
  const first = node.arg(0) ?? '';
  if (name === 'upstream' && node.isBlock)
    return { kind: name, name: first, says: `duplicate upstream "${first}"` };
  if (name === 'thread_pool') return { kind: name, name: first, says: `duplicate thread pool "${first}"` };
  if (name === 'log_format')
    return { kind: name, name: first, says: `duplicate "log_format" name "${first}"` };
  if (name === 'limit_req_zone' || name === 'limit_conn_zone') {
    const zone = zoneName(node, 'zone=');
    return zone === null
      ? null
      : { kind: 'zone', name: zone, says: `${name} "${zone}" is already bound to key "${first}"` };
  }
  if (/^(?:proxy|fastcgi|uwsgi|scgi)_cache_path$/.test(name)) {
    const zone = zoneName(node, 'keys_zone=');
    return zone === null ? null : { kind: 'zone', name: zone, says: `duplicate zone "${zone}"` };
  }
  return null;
}

function zoneName(node: ConfigNode, key: string): string | null {
  const word = node.args.find((arg) => arg.startsWith(key));
  return word?.slice(key.length).split(':')[0] || null;
}

/** `duplicate location "x"` (ngx_http_cmp_locations, ngx_http_join_exact_locations) */
export function duplicateLocations(block: ConfigNode): Refusal[] {
  const first = new Map<string, ConfigNode>();
  const found: Refusal[] = [];
  for (const node of block.all('location')) {
    const head = node.isBlock ? locationHead(node.args) : null;
    // nginx takes two named locations of one name, and uses the first.
    if (!head || ['~', '~*', '@'].includes(head.modifier)) continue;
    // Prefixes with and without ^~ are one; an exact location is another.
    const key = `${head.modifier === '=' ? '=' : ''} ${head.name}`;
    const earlier = first.get(key);
    if (!earlier) first.set(key, node);
    else
      found.push({
        ...duplicate(node, earlier, `duplicate location "${head.name}"`),
        id: 'duplicate-location',
      });
  }
  return found;
}

function duplicate(node: ConfigNode, first: ConfigNode, says: string, elsewhere = false): Refusal {
  const same = node.text === first.text && !node.isBlock;
  return {
    id: 'duplicate-directive',
    node,
    word: null,
    says,
    do: elsewhere ? 'Say it on one listen line for each address.' : 'Leave one of the two.',
    related: [{ ...first.site, message: 'the first one' }],
    fixes: (model) => (elsewhere || node.isBlock ? [] : removals(model, node, first, same)),
  };
}

/** Of two lines that say the same, one goes. Which of two different ones was meant, nobody can see. */
function removals(model: ConfigModel, node: ConfigNode, first: ConfigNode, same: boolean): (Fix | null)[] {
  const safety = same ? 'review' : 'choice';
  const second = new Editor(model, safety).remove(node).fix(`remove ${same ? 'the second' : node.text}`);
  if (same) return [second];
  return [second, new Editor(model, safety).remove(first).fix(`remove ${first.text}`)];
}
