import type { ConfigModel, ConfigNode } from './model.ts';

/**
 * How a directive reaches inner levels. nginx merges the records of the written nesting at load time, each module
 * in its own merge function; the request's path through rewrites plays no part.
 * - `value`: the nearest level that sets it wins.
 * - `list`: one line at a level drops every line of the outer levels, unless it is told to merge them.
 * - `none`: belongs to its own block alone.
 */
export type Inheritance = 'value' | 'list' | 'none';

/** Whole lists: ngx_http_*_merge_loc_conf copies the parent's array only when the child has none. */
const LISTS = new Set([
  'proxy_set_header',
  'grpc_set_header',
  'fastcgi_param',
  'uwsgi_param',
  'scgi_param',
  'add_header',
  'add_trailer',
  'error_page',
  'access_log',
  'error_log',
  'proxy_cookie_domain',
  'proxy_cookie_path',
  'proxy_cookie_flags',
  'proxy_redirect',
  'proxy_ssl_conf_command',
  'grpc_ssl_conf_command',
  'uwsgi_ssl_conf_command',
  'allow',
  'deny',
  'limit_req',
  'limit_conn',
  'index',
  'sub_filter',
  'set_real_ip_from',
  'early_hints',
  'mirror',
  'auth_request_set',
  'fastcgi_catch_stderr',
  'valid_referers',
  'gzip_disable',
  'gzip_types',
  'addition_types',
  'charset_types',
  'ssi_types',
  'sub_filter_types',
  'xslt_types',
  'xslt_param',
  'xslt_string_param',
  'xslt_stylesheet',
  'ancient_browser',
  'modern_browser',
  'http2_push',
  'ssl_certificate',
  'ssl_certificate_key',
  ...['proxy', 'fastcgi', 'uwsgi', 'scgi', 'grpc'].flatMap((m) => [`${m}_hide_header`, `${m}_pass_header`]),
  ...['proxy', 'fastcgi', 'uwsgi', 'scgi'].flatMap((m) => [
    `${m}_cache_valid`,
    `${m}_cache_bypass`,
    `${m}_no_cache`,
  ]),
]);

/** Lists that an inner level may add to: `add_header_inherit merge` (ngx_http_headers_merge_conf, since 1.29.3). */
const MERGED = new Set(['add_header', 'add_trailer']);

/** Content handlers: not even a nested location takes them over. */
const HANDLERS = ['empty_gif', 'flv', 'mp4', 'perl', 'stub_status', 'js_content', 'echo'];

const OWN = new Set([
  ...HANDLERS,
  'return',
  'rewrite',
  'set',
  'break',
  'if',
  'try_files',
  'alias',
  'listen',
  'server_name',
  'location',
  'limit_except',
]);

/** Handlers of a request, each told to what it passes it. */
export const PASS_DIRECTIVES = [
  'proxy_pass',
  'grpc_pass',
  'fastcgi_pass',
  'uwsgi_pass',
  'scgi_pass',
  'memcached_pass',
  'tunnel_pass',
] as const;

const PASSES = new Set<string>(PASS_DIRECTIVES);

export function inheritanceOf(name: string): Inheritance {
  if (LISTS.has(name)) return 'list';
  return OWN.has(name) || PASSES.has(name) ? 'none' : 'value';
}

/** What holds for a directive at some block. */
export interface Effective {
  /** The lines that set it, in file order; empty when the default holds. */
  readonly nodes: readonly ConfigNode[];
  /** The block that sets it; null when the default holds or a fragment's top level sets it. */
  readonly level: ConfigNode | null;
  /** Whether an outer level sets it. */
  readonly inherited: boolean;
}

const NOTHING: Effective = { nodes: [], level: null, inherited: false };

/** Directives of a name that stand directly in a level; `allow` and `deny` are one list. */
function atLevel(level: ConfigNode, name: string): readonly ConfigNode[] {
  if (name !== 'allow' && name !== 'deny') return level.all(name);
  return level.children.filter((child) => child.name === 'allow' || child.name === 'deny');
}

/**
 * Effective value of a directive inside a block: who set it, by the kind of inheritance it has. `if` and
 * `limit_except` blocks without a handler of their own take that of their location (ngx_http_proxy_merge_loc_conf
 * and its siblings; memcached does not).
 */
export function effective(model: ConfigModel, name: string, block: ConfigNode): Effective {
  if (!model.has(name) && name !== 'allow' && name !== 'deny') return NOTHING;
  const kind = inheritanceOf(name);
  if (MERGED.has(name)) {
    const merged = mergedList(model, name, block);
    if (merged) return merged;
  }
  const own = atLevel(block, name);
  if (own.length > 0) return { nodes: inEffect(own, kind), level: block, inherited: false };
  if (kind === 'none') {
    const inner = block.context === 'location' && (block.name === 'if' || block.name === 'limit_except');
    if (!inner || !PASSES.has(name) || name === 'memcached_pass' || !block.parent || hasPass(block))
      return NOTHING;
    return { ...effective(model, name, block.parent), inherited: true };
  }
  let outermost = block;
  for (let level = block.parent; level; level = level.parent) {
    outermost = level;
    const found = atLevel(level, name);
    if (found.length > 0) return { nodes: inEffect(found, kind), level, inherited: true };
  }
  if (outermost.context === 'main') return NOTHING;
  // A fragment's own top level stands for the block that would include it.
  const loose = model.top.filter(
    (node) => node.name === name && node.context === outermost.context && node !== outermost,
  );
  return loose.length === 0 ? NOTHING : { nodes: inEffect(loose, kind), level: null, inherited: true };
}

function inEffect(lines: readonly ConfigNode[], kind: Inheritance): readonly ConfigNode[] {
  return kind === 'list' || lines.length === 1 ? lines : lines.slice(0, 1);
}

/** A list whose levels may be told to merge or to inherit nothing; null where none of them is. */
function mergedList(model: ConfigModel, name: string, block: ConfigNode): Effective | null {
  const levels = [block, ...block.ancestors()];
  if (!levels.some((level) => level.first(`${name}_inherit`))) return null;
  const nodes: ConfigNode[] = [];
  let first: ConfigNode | null = null;
  for (const level of levels) {
    const own = level.all(name);
    const mode = effectiveValue(model, `${name}_inherit`, level, 'on');
    if (own.length > 0) first ??= level;
    nodes.push(...own);
    if (mode === 'off' || (mode === 'on' && own.length > 0)) break;
  }
  return { nodes, level: first, inherited: first !== null && first !== block };
}

/** First argument of a single-value directive at a block, or the given default. */
export function effectiveValue(
  model: ConfigModel,
  name: string,
  block: ConfigNode,
  fallback: string,
): string {
  return effective(model, name, block).nodes[0]?.arg(0) ?? fallback;
}

export function hasPass(block: ConfigNode): boolean {
  return block.children.some((child) => PASSES.has(child.name));
}

export function isPass(name: string): boolean {
  return PASSES.has(name);
}
