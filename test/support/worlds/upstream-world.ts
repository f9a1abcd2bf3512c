import type { Random } from './random.ts';

/** One request of a client, with everything that it sends. */
export interface UpstreamCase {
  readonly port: number;
  readonly host: string;
  readonly target: string;
  readonly method: string;
  readonly http: '1.0' | '1.1';
  readonly headers: readonly (readonly [string, string])[];
  readonly body: { readonly text: string; readonly chunked: boolean } | null;
}

export interface UpstreamWorld {
  readonly seed: number;
  readonly text: string;
  readonly cases: readonly UpstreamCase[];
}

/** Where the recording backends listen. */
export interface Backends {
  readonly http: string;
  readonly socket: string;
  readonly fastcgi: string;
  readonly uwsgi: string;
  readonly scgi: string;
  readonly grpc: string;
  /** Whether proxy_pass can speak HTTP/2. */
  readonly h2: boolean;
}

const LOCATIONS = 50;
const HEADER_NAMES = [
  'Host',
  'X-Real-IP',
  'X-Forwarded-For',
  'Connection',
  'Upgrade',
  'X-Custom',
  'x-custom',
  'X-Uri',
  'Content-Length',
  'TE',
  'Keep-Alive',
  'Accept',
  'Cookie',
  'Transfer-Encoding',
  'Expect',
  'X-Empty',
];
const HEADER_VALUES = [
  '$host',
  '$http_host',
  '$proxy_host',
  '$host:$server_port',
  '$remote_addr',
  '$proxy_add_x_forwarded_for',
  '$http_upgrade',
  '$connection_upgrade',
  '""',
  'close',
  'plain',
  '"two words"',
  '$request_uri',
  '$uri',
  '"$args"',
  '$scheme://$server_name',
  '$http_x_custom',
  '$http_x_forwarded_for',
  '$arg_q',
  '$cookie_c',
  '"$v"',
  '$http_nothing',
  '$proxy_port',
  '$request_method',
  '$content_type',
  '$server_addr',
];

/** Locations that hand requests on in every way, below settings on every level. `first` is the port of the server. */
export function makeUpstreamWorld(
  random: Random,
  seed: number,
  port: number,
  backends: Backends,
): UpstreamWorld {
  const names: string[] = [];
  const locations = Array.from({ length: LOCATIONS }, (_, n) => makeLocation(random, n, backends, names, 0));
  const server = [
    `listen 127.0.0.2:${port};`,
    `server_name w${seed}.test;`,
    ...(random.chance(0.3) ? ['underscores_in_headers on;'] : []),
    ...(random.chance(0.2) ? ['ignore_invalid_headers off;'] : []),
    ...settings(random, 0.4),
    ...(random.chance(0.2) ? [`rewrite ^/l7/(.*)$ /l8/$1 ${random.pick(['', 'break', 'last'])};`] : []),
    ...locations,
    block(`location @named`, [...settings(random, 0.5), `proxy_pass http://${backends.http};`]),
  ];
  const text = block('server', server);
  const cases = names.flatMap((name) => [
    makeCase(random, port, seed, name),
    makeCase(random, port, seed, name),
  ]);
  return { seed, text, cases };
}

/** What stands once in the http block. */
export function upstreamCommons({ http, socket }: Backends): string {
  return [
    'map $http_upgrade $connection_upgrade {\n    default upgrade;\n    "" close;\n}',
    `upstream pool {\n    server ${http};\n}`,
    `upstream under_score {\n    server unix:${socket};\n    keepalive 4;\n}`,
    'proxy_set_header X-Http-Level yes;',
    'proxy_set_header X-Custom http;',
    'proxy_next_upstream off;',
  ].join('\n');
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => line.replace(/^/gm, '    ')).join('\n')}\n}`;
}

/** Settings that may stand on any level. */
function settings(random: Random, share: number): string[] {
  const lines: string[] = [];
  if (random.chance(share)) {
    const count = 1 + random.below(4);
    for (let i = 0; i < count; i++)
      lines.push(`proxy_set_header ${random.pick(HEADER_NAMES)} ${random.pick(HEADER_VALUES)};`);
  }
  if (random.chance(share)) lines.push(`proxy_http_version ${random.pick(['1.0', '1.1', '1.1'])};`);
  if (random.chance(share / 6)) lines.push('proxy_pass_request_headers off;');
  if (random.chance(share / 6)) lines.push('proxy_pass_request_body off;');
  if (random.chance(share / 6)) lines.push(`proxy_set_body "${random.pick(['body', '', '$request_uri'])}";`);
  if (random.chance(share / 6))
    lines.push(`proxy_method ${random.pick(['POST', 'GET', 'PURGE', '$request_method'])};`);
  return lines;
}

function makeLocation(random: Random, n: number, backends: Backends, names: string[], depth: number): string {
  const kind = random.weighted({ prefix: 6, regex: 1.5, exact: 0.7, caret: 0.5 });
  const path = `/l${n}${depth > 0 ? `/n${depth}` : ''}${random.pick(['', '/', '/', '/x/', '/a b/'])}`;
  const quoted = path.includes(' ') ? `"${path}"` : path;
  const plain = kind !== 'regex';
  const head = {
    prefix: `location ${quoted}`,
    regex: `location ~ "^${path}(?<rest${n}>.*)$"`,
    exact: `location = ${quoted}`,
    caret: `location ^~ ${quoted}`,
  }[kind];
  names.push(path);
  const lines = settings(random, 0.5);
  if (backends.h2 && random.chance(0.1)) {
    const others = lines.filter((line) => !line.startsWith('proxy_http_version'));
    return block(head, [...others, 'proxy_http_version 2;', `proxy_pass http://${backends.grpc};`]);
  }
  if (random.chance(0.25)) lines.push(`set $v "${random.pick(['x', '$uri', '$host', '$1', ''])}";`);
  if (random.chance(0.2)) lines.push(randomRewrite(random, path));
  if (random.chance(0.15)) lines.push(randomIf(random, backends));
  lines.push(...pass(random, n, plain, kind === 'regex', backends));
  if (plain && kind !== 'exact' && depth < 1 && random.chance(0.3)) {
    const inner: string[] = [];
    const nested = makeLocation(random, n, backends, inner, depth + 1);
    const name = inner[0]!;
    if (name.startsWith(path) && !nested.startsWith('location ~')) {
      names.push(...inner);
      lines.push(nested);
    }
  }
  return block(head, lines);
}

function randomRewrite(random: Random, path: string): string {
  const from = `"^${path}(.*)$"`;
  const to = random.pick(['/r/$1', '/r/$1?r=1', '/r?$1', '/r/$1?', '"/r r/$1"', `/r/$uri`, '/r%20x/$1']);
  return `rewrite ${from} ${to} ${random.pick(['break', 'break', ''])};`;
}

function randomIf(random: Random, backends: Backends): string {
  const condition = random.pick(['$arg_q', '$http_upgrade', '$request_method = POST', '$uri ~ (x)']);
  const lines: string[] = [];
  if (random.chance(0.3)) lines.push(`proxy_pass http://${backends.http};`);
  if (random.chance(0.2)) lines.push('set $v in_if;');
  if (random.chance(0.2)) lines.push('rewrite ^(.*)$ /if$1 break;');
  return block(`if (${condition})`, lines);
}

/** The handler, or what leads to one. */
function pass(random: Random, n: number, plain: boolean, regex: boolean, backends: Backends): string[] {
  const { http, socket } = backends;
  const uri = plain ? random.pick(['', '', '/', '/v1', '/v1/', '/a%20b/', '/q?z=1']) : '';
  switch (
    random.weighted({
      http: 6,
      group: 2,
      unix: 1.5,
      variable: 2,
      fastcgi: 1.2,
      uwsgi: 0.8,
      scgi: 0.8,
      grpc: 1,
      named: 0.5,
    })
  ) {
    case 'group':
      return [`proxy_pass http://${random.pick(['pool', 'under_score'])}${uri};`];
    case 'unix':
      return [`proxy_pass http://unix:${socket}${uri === '' ? '' : `:${uri}`};`];
    case 'variable': {
      const rest = random.pick([
        '',
        '',
        '$uri',
        '/fixed',
        '$request_uri',
        '/f?$args',
        regex ? `/$rest${n}` : '/$v',
      ]);
      const host = plain ? random.pick(['$target', http, 'pool']) : '$target';
      return [`set $target ${http};`, `proxy_pass http://${host}${rest};`];
    }
    case 'fastcgi':
      return [...params(random, 'fastcgi'), `fastcgi_pass ${backends.fastcgi};`];
    case 'uwsgi':
      return [...params(random, 'uwsgi'), `uwsgi_pass ${backends.uwsgi};`];
    case 'scgi':
      return [...params(random, 'scgi'), 'scgi_param SCGI 1;', `scgi_pass ${backends.scgi};`];
    case 'grpc':
      return [...grpcHeaders(random), `grpc_pass ${random.pick(['grpc://', ''])}${backends.grpc};`];
    case 'named':
      return ['try_files /nothing @named;'];
    default:
      return [`proxy_pass ${random.pick(['http', 'http', 'HTTP'])}://${http}${uri};`];
  }
}

function params(random: Random, module: string): string[] {
  const count = random.below(6);
  const lines = Array.from({ length: count }, () => {
    const name = random.pick([
      'SCRIPT_FILENAME',
      'QUERY_STRING',
      'REQUEST_METHOD',
      'HTTP_HOST',
      'HTTP_X_CUSTOM',
      'PATH_INFO',
      'EMPTY',
      'HTTPS',
    ]);
    const value = random.pick([
      '/srv$fastcgi_script_name',
      '$query_string',
      '$request_method',
      '$host',
      '""',
      '$fastcgi_path_info',
      '$arg_q',
      '"$v"',
      'on',
    ]);
    const safe = module === 'fastcgi' ? value : value.replace(/.*\$fastcgi_\w+/, '$uri');
    return `${module}_param ${name} ${safe}${random.chance(0.3) ? ' if_not_empty' : ''};`;
  });
  if (module === 'fastcgi') {
    if (random.chance(0.3)) lines.push('fastcgi_split_path_info ^(.+?/x)(/.*)$;');
    if (random.chance(0.3)) lines.push('fastcgi_index index.php;');
  }
  if (random.chance(0.1)) lines.push(`${module}_pass_request_headers off;`);
  return lines;
}

function grpcHeaders(random: Random): string[] {
  const lines = Array.from({ length: random.below(3) }, () => {
    const value = random.pick(['$remote_addr', '""', '$host', 'v']);
    return `grpc_set_header ${random.pick(['X-Real-IP', 'X-Custom', 'Accept'])} ${value};`;
  });
  // Other values of these are no HTTP/2.
  if (random.chance(0.2)) lines.push(`grpc_set_header ${random.pick(['TE', 'Content-Length'])} "";`);
  return lines;
}

function makeCase(random: Random, port: number, seed: number, name: string): UpstreamCase {
  const method = random.weighted({ GET: 6, POST: 3, HEAD: 0, PUT: 1, DELETE: 0.5, OPTIONS: 0.3 });
  const headers: [string, string][] = [];
  const add = (share: number, field: string, ...values: string[]): void => {
    if (random.chance(share)) headers.push([field, random.pick(values)]);
  };
  add(0.2, 'User-Agent', 'test/1');
  add(0.3, 'Upgrade', 'websocket', 'h2c');
  add(0.2, 'X-Custom', 'client', '');
  add(0.2, 'X-Forwarded-For', '10.0.0.1', '10.0.0.1, 10.0.0.2');
  add(0.15, 'x_under', '1');
  add(0.1, 'X.Dot', '1');
  add(0.15, 'TE', 'trailers', 'gzip');
  add(0.1, 'Keep-Alive', 'timeout=5');
  add(0.15, 'Cookie', 'c=1; d=2', 'b=2');
  add(0.1, 'Cookie', 'c=3');
  add(0.1, 'Range', 'bytes=0-1');
  add(0.1, 'Accept', '*/*', 'é');
  add(0.1, 'Proxy-Connection', 'keep-alive');
  add(0.1, 'X-Multi', 'a');
  add(0.1, 'x-multi', '  b  ');
  const hasBody = method === 'POST' || method === 'PUT';
  if (hasBody) add(0.5, 'Content-Type', 'text/plain');
  const http = random.chance(0.1) ? '1.0' : '1.1';
  const body = hasBody
    ? { text: random.pick(['', 'hello', 'x'.repeat(2000)]), chunked: http === '1.1' && random.chance(0.3) }
    : null;
  const path = name.replaceAll(' ', '%20');
  const more = random.pick([
    '',
    '',
    'x',
    'x/y',
    'a%20b',
    '%D0%B1',
    'x%2Fy',
    '../z',
    './x//y',
    'x+y',
    'x%3Fy',
    'é',
    'x"<>',
  ]);
  const args = random.pick(['', '', '?q=1', '?q=a%20b&z=%2F', '?', '?a?b']);
  const target = random.chance(0.05) ? `http://abs.test${path}${more}${args}` : path + more + args;
  return {
    port,
    host: random.pick([`w${seed}.test`, `W${seed}.TEST:${port}`, 'other.test', '127.0.0.2']),
    target,
    method,
    http,
    headers,
    body,
  };
}
