import { assumedRelease } from './assumed-release.ts';
import type { Context } from './context.ts';
import { type DirectiveFact, directiveFacts, directiveNames, factAt } from './directive-facts.ts';
import { effective } from './inheritance.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { keepalivePool, type Upstream } from './upstreams.ts';

/** What holds for one directive at a block. */
export interface EffectiveSetting {
  readonly directive: string;
  /** Arguments as written, or the default. */
  readonly value: string;
  /** The line that sets it; null for the default. */
  readonly node: ConfigNode | null;
}

/** Directives outside of a handler's own that decide how requests reach a backend. */
const COMMON: readonly string[] = [
  'client_max_body_size',
  'client_body_buffer_size',
  'client_body_timeout',
  'client_header_timeout',
  'client_header_buffer_size',
  'large_client_header_buffers',
  'send_timeout',
  'keepalive_timeout',
  'keepalive_requests',
  'keepalive_time',
  'resolver',
  'resolver_timeout',
  'underscores_in_headers',
  'ignore_invalid_headers',
  'merge_slashes',
  'error_page',
  'recursive_error_pages',
];

/** Defaults that nginx's tables do not state as constants (its merge functions and documentation do). */
const DEFAULTS: Readonly<Record<string, string>> = {
  addition_types: 'text/html',
  aio: 'off',
  ancient_browser_value: '1',
  auth_basic: 'off',
  auth_request: 'off',
  buffer_size: '4k',
  buffers: '8 4k',
  busy_buffers_size: '8k',
  cache: 'off',
  cache_methods: 'GET HEAD',
  charset: 'off',
  charset_types: 'text/html text/xml text/plain text/vnd.wap.wml application/javascript application/rss+xml',
  client_header_buffer_size: '1k',
  client_max_body_size: '1m',
  connection_pool_size: '512',
  cookie_domain: 'off',
  cookie_flags: 'off',
  cookie_path: 'off',
  directio: 'off',
  disable_symlinks: 'off',
  expires: 'off',
  gunzip_buffers: '32 4k',
  gzip_buffers: '32 4k',
  gzip_types: 'text/html',
  image_filter: 'off',
  image_filter_jpeg_quality: '75',
  image_filter_sharpen: '0',
  image_filter_webp_quality: '80',
  index: 'index.html',
  keepalive_timeout: '75s',
  limit_rate: '0',
  limit_rate_after: '0',
  listen: '*:80',
  map_hash_bucket_size: '64',
  map_hash_max_size: '2048',
  max_temp_file_size: '1024m',
  mirror: 'off',
  modern_browser_value: '1',
  open_file_cache: 'off',
  open_log_file_cache: 'off',
  proxy_cache_key: '$scheme$proxy_host$request_uri',
  real_ip_header: 'X-Real-IP',
  redirect: 'default',
  resolver_timeout: '30s',
  root: 'html',
  server_name: '""',
  ssi_types: 'text/html',
  ssl: 'off',
  ssl_certificate_cache: 'off',
  ssl_name: '$proxy_host',
  ssl_ocsp_cache: 'off',
  ssl_session_cache: 'none',
  store: 'off',
  sub_filter_types: 'text/html',
  temp_file_write_size: '8k',
  userid_domain: 'none',
  userid_expires: 'off',
  userid_mark: 'off',
  userid_p3p: 'none',
  xslt_types: 'text/xml',
};

/** The name of the peer is the host of the pass, for which these modules have no variable. */
const NO_VARIABLE = /^(?:grpc|uwsgi|tunnel)_ssl_name$/;

/** Not settings of a request's way: the pass itself, and what belongs to the http level. */
const LEFT_OUT = /^(?:\w+_pass|\w+_(?:cache|temp)_path)$/;

const cache = new WeakMap<ConfigNode, Map<string, readonly EffectiveSetting[]>>();

/**
 * Every setting that decides how a block's handler ("proxy", "fastcgi", ...) talks to its backend, each with the line
 * that sets it or nginx's default for the target version. A list has one entry a line.
 */
export function effectiveSettings(
  model: ConfigModel,
  block: ConfigNode,
  handler: string | null,
): readonly EffectiveSetting[] {
  let known = cache.get(block);
  if (!known) {
    known = new Map();
    cache.set(block, known);
  }
  const key = handler ?? '';
  let settings = known.get(key);
  if (!settings) {
    settings = [...(handler === null ? [] : ofModule(handler)), ...COMMON].flatMap((name) =>
      effectiveSetting(model, block, name),
    );
    known.set(key, settings);
  }
  return settings;
}

const modules = new Map<string, readonly string[]>();

/** Names of a handler's own directives, in the order of the alphabet. */
function ofModule(handler: string): readonly string[] {
  let names = modules.get(handler);
  if (!names) {
    names = [...directiveNames()]
      .filter((name) => name.startsWith(`${handler}_`) && !LEFT_OUT.test(name))
      .filter((name) => directiveFacts(name).some((fact) => fact.family === 'http'))
      .sort();
    modules.set(handler, names);
  }
  return names;
}

/** One directive at a block: the lines in effect, else the default, else nothing. */
export function effectiveSetting(model: ConfigModel, block: ConfigNode, name: string): EffectiveSetting[] {
  const { nodes } = effective(model, name, block);
  if (nodes.length > 0) return nodes.map((node) => ({ directive: name, value: argumentsOf(node), node }));
  const value = defaultValue(model, name);
  return value === null ? [] : [{ directive: name, value, node: null }];
}

/** What holds for an upstream group: its lines, and the pool that nginx keeps for it unasked. */
export function groupSettings(model: ConfigModel, group: Upstream): readonly EffectiveSetting[] {
  const settings: EffectiveSetting[] = group.node.children
    .filter((node) => node.name !== 'include')
    .map((node) => ({ directive: node.name, value: argumentsOf(node), node }));
  const pool = keepalivePool(group, assumedRelease(model));
  if (pool !== null && pool !== 'unknown' && pool.node === null)
    settings.push({ directive: 'keepalive', value: `${pool.connections} local`, node: null });
  return settings;
}

function argumentsOf(node: ConfigNode): string {
  return node.directive.args.map((word) => word.raw).join(' ');
}

/** nginx's default for the target version, as one would write it; null where there is none or nobody can tell. */
export function defaultValue(model: ConfigModel, name: string, context: Context = 'location'): string | null {
  const version = assumedRelease(model).value!;
  const facts = directiveFacts(name).filter((one) => one.family === 'http');
  const fact = facts.find(({ contexts }) => contexts.includes(context as never)) ?? facts[0];
  const now = fact ? factAt(fact, version) : null;
  if (!now || now.obsolete || NO_VARIABLE.test(name)) return null;
  const bare = name.replace(/^(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached|tunnel)_/, '');
  return written(now) || DEFAULTS[name] || DEFAULTS[bare] || null;
}

/** Defaults that the source states as no configuration file would. */
const READABLE: Readonly<Record<string, string>> = {
  '0600': 'user:rw',
  '2 32768': '2 32k',
  '2*pagesize': '8k',
  '4 8192': '4 8k',
  '; path=/': '/',
  cacheline: '64',
};

/** A default in the units of a configuration file. */
function written({ default: value, kind }: DirectiveFact): string | null {
  if (value === null) return null;
  const read = READABLE[value];
  if (read !== undefined) return read;
  const paged = value.replace('pagesize', '4k');
  const number = /^\d+$/.test(paged) ? Number(paged) : null;
  if (number === null || number === 0) return paged;
  if (kind === 'msec') return inUnits(number, MILLISECONDS);
  if (kind === 'sec') return inUnits(number, SECONDS);
  return kind === 'size' || kind === 'off' ? inUnits(number, BYTES) : paged;
}

type Units = readonly (readonly [unit: string, size: number])[];

const MILLISECONDS: Units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['s', 1000],
  ['ms', 1],
];
const SECONDS: Units = [
  ['d', 86_400],
  ['h', 3600],
  ['s', 1],
];
const BYTES: Units = [
  ['m', 1_048_576],
  ['k', 1024],
  ['', 1],
];

function inUnits(number: number, units: Units): string {
  const [unit, size] = units.find(([, one]) => number % one === 0)!;
  return `${number / size}${unit}`;
}
