/** Where a directive may stand: nginx's own configuration levels, and two that it does not name. */
export type Context =
  | 'main'
  | 'events'
  | 'http'
  | 'server'
  | 'location'
  | 'upstream'
  | 'if-in-server'
  | 'if-in-location'
  | 'limit_except'
  | 'stream'
  | 'stream-server'
  | 'stream-upstream'
  | 'mail'
  | 'mail-server'
  /** Body of map, geo, types, split_clients, charset_map: entries, not directives. */
  | 'data'
  /** Not to be known: a fragment whose includer is not in sight, or a block of a foreign module. */
  | 'unknown';

const DATA_BLOCKS = new Set([
  'map',
  'geo',
  'types',
  'split_clients',
  'charset_map',
  'match',
  'otel_exporter',
]);

/** Context inside a block directive that stands in `outer`. */
export function contextInside(name: string, outer: Context): Context {
  if (DATA_BLOCKS.has(name)) return 'data';
  switch (outer) {
    case 'main':
      if (name === 'http' || name === 'stream' || name === 'mail' || name === 'events') return name;
      return 'unknown';
    case 'http':
      if (name === 'server' || name === 'upstream') return name;
      return 'unknown';
    case 'server':
      if (name === 'location') return 'location';
      return name === 'if' ? 'if-in-server' : 'unknown';
    // nginx's table lets an "if" stand in another.
    case 'if-in-server':
    case 'if-in-location':
      return name === 'if' ? outer : 'unknown';
    case 'location':
      if (name === 'location' || name === 'limit_except') return name;
      return name === 'if' ? 'if-in-location' : 'unknown';
    case 'stream':
      if (name === 'server') return 'stream-server';
      return name === 'upstream' ? 'stream-upstream' : 'unknown';
    case 'mail':
      return name === 'server' ? 'mail-server' : 'unknown';
    default:
      return 'unknown';
  }
}

/**
 * Context of a fragment's top level, told by what stands there; 'unknown' when that does not decide. A fragment
 * with `server` could belong to stream, so its servers are looked into.
 */
export function guessContext(top: readonly { name: string; blockNames: readonly string[] }[]): Context {
  const names = new Set(top.map((item) => item.name));
  for (const name of ['http', 'events', 'stream', 'mail', 'load_module', 'worker_processes', 'user', 'pid']) {
    if (names.has(name)) return 'main';
  }
  const servers = top.filter((item) => item.name === 'server' && item.blockNames.length > 0);
  const looksLikeStream =
    servers.length > 0 &&
    servers.every((s) => s.blockNames.includes('proxy_pass') || s.blockNames.includes('ssl_preread')) &&
    !servers.some((s) => s.blockNames.includes('location') || s.blockNames.includes('server_name'));
  if (looksLikeStream) return 'stream';
  if (servers.length > 0 || names.has('upstream') || names.has('server_names_hash_bucket_size'))
    return 'http';
  if (names.has('location') || names.has('server_name') || names.has('listen')) return 'server';
  if (
    ['map', 'geo', 'log_format', 'limit_req_zone', 'proxy_cache_path', 'split_clients'].some((n) =>
      names.has(n),
    )
  ) {
    return 'http';
  }
  if (
    ['proxy_pass', 'fastcgi_pass', 'uwsgi_pass', 'grpc_pass', 'scgi_pass', 'memcached_pass'].some((n) =>
      names.has(n),
    )
  ) {
    return 'location';
  }
  return 'unknown';
}
