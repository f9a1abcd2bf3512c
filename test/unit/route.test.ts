import { describe, expect, test } from 'vitest';
import { fromBytes, toBytes } from '../../server/src/engine/config/bytes.ts';
import { defaultValue } from '../../server/src/engine/config/effective.ts';
import { effective } from '../../server/src/engine/config/inheritance.ts';
import type { ConfigModel } from '../../server/src/engine/config/model.ts';
import { hostName, readTarget } from '../../server/src/engine/config/request-line.ts';
import type { ClientRequest, FileKind } from '../../server/src/engine/config/request-state.ts';
import { type Route, route } from '../../server/src/engine/config/route.ts';
import { upstreamRequest } from '../../server/src/engine/config/upstream-request.ts';
import { keepalivePool, upstreamNamed } from '../../server/src/engine/config/upstreams.ts';
import { modelOfTexts } from '../support/engine.ts';

/** What a real nginx did with random worlds (test/nginx/routing.test.ts) and surprised us stays here, as small as it gets. */

function model(servers: string, version = '1.22.1'): Promise<ConfigModel> {
  return modelOfTexts(
    { '/x/nginx.conf': `events {}\nhttp {\n${servers}\n}\n` },
    { value: version, from: 'the test' },
  );
}

const GET: ClientRequest = {
  listen: '127.0.0.1:80',
  host: 'a.test',
  target: '/',
  method: 'GET',
  http: '1.1',
  headers: [],
  client: '127.0.0.1',
  body: null,
};

async function go(
  servers: string,
  request: Partial<ClientRequest>,
  fileAt: (path: string) => FileKind = () => 'none',
): Promise<Route> {
  return route(await model(servers), { ...GET, ...request }, { fileAt });
}

function location(found: Route): string | null {
  const [outer] = found.block?.name === 'location' ? [found.block] : [...(found.block?.ancestors() ?? [])];
  return outer?.name === 'location' ? outer.args.join(' ') : null;
}

describe('index with a variable', () => {
  const servers = (between: string, root = '/www'): string =>
    `server { listen 80; root ${root}; index $arg_x; location = /a { return 201; } location / { if ($arg_x = 1) { return 403; } ${between} } }`;
  const files = (path: string): FileKind => (path.endsWith('/a') ? 'file' : 'none');

  // ngx_http_index_handler flushes nothing, unlike all other readers.
  test('is taken as it was read last', async () => {
    const found = await go(servers('set $args "y=2";'), { target: '/?x=a' }, files);
    expect(location(found)).toBe('= /a');
  });

  test('is read again where the root has variables, too', async () => {
    const found = await go(servers('set $args "x=b";', '/www$scheme'), { target: '/d/?x=a' }, (path) =>
      path.endsWith('/a') || path.endsWith('/b') ? 'file' : 'none',
    );
    expect(found.steps.map(({ text }) => text)).toContain('index $arg_x goes on to /d/b');
  });
});

describe('the request target', () => {
  test.each([
    ['/a/b', '/a/b', ''],
    ['/a/../b', '/b', ''],
    ['/a/./b//c', '/a/b/c', ''],
    ['/a/..', '/', ''],
    ['/a/.', '/a/', ''],
    ['/%61%2Fb', '/a/b', ''],
    ['/%2e%2e/x', null, ''],
    ['/a%2f..%2fb', '/b', ''],
    ['/a%3Fb?c=%20#f', '/a?b', 'c=%20'],
    ['/a#b?c', '/a', ''],
    ['/%', null, ''],
    ['/%zz', null, ''],
    ['/%00', null, ''],
    ['/..', null, ''],
    ['/a b', null, ''],
    ['*', null, ''],
    ['http://a.test', '/', ''],
    ['http://a.test?x', '/', 'x'],
    ['http://[::1]:8/x', '/x', ''],
    ['http://a_b/', null, ''],
    ['/a/b?x=/../y', '/a/b', 'x=/../y'],
  ])('%s', (target, uri, args) => {
    const read = readTarget(target, true);
    expect(read?.uri ?? null).toBe(uri);
    if (read) expect(read.args).toBe(args);
  });

  test('slashes stay where they are not merged', () => {
    expect(readTarget('/a//b/../c', false)?.uri).toBe('/a//c');
    expect(readTarget('//a', false)?.uri).toBe('//a');
  });

  test('bytes and texts', () => {
    for (const text of ['a', 'é', '€', '😀']) expect(fromBytes(toBytes(text))).toBe(text);
    expect(toBytes('é')).toBe('\u00c3\u00a9');
    expect(fromBytes('\u00ff')).toBe('\u00ff');
  });
});

test.each([
  ['a.test', 'a.test', 'a.test'],
  ['A.TEST:80', 'a.test', 'a.test'],
  ['a.test.', 'a.test', 'a.test'],
  ['[::1]:80', '[::1]', '[::1]'],
  ['a:b:c', 'a', null],
  ['a..b', null, null],
  ['', null, null],
  ['.', null, null],
  [':80', null, null],
  ['a/b', null, null],
  ['a b', null, null],
  ['a"b', 'a"b', null],
  ['a:99999', 'a', null],
  ['a.:1.2', 'a.', null],
])('Host %s before and since 1.29.4', (host, before, since) => {
  expect(hostName(host, { value: '1.28.0', from: '' })).toBe(before);
  expect(hostName(host, { value: '1.29.4', from: '' })).toBe(since);
});

describe('server choice', () => {
  const servers = `
server { listen 127.0.0.1:80; listen *:81; server_name .a.test; }
server { listen 127.0.0.1:80; listen 127.0.0.2:81; server_name a.test "" ~^(?<who>.+)\\.b\\.test$; return 200 $who; }
server { listen *:80; server_name a.test; }
server { listen [::]:80; listen unix:/run/x.sock; server_name six; }
server { listen [::1]:80 default_server; server_name one; }`;

  test.each<[string, Partial<ClientRequest>, string | null]>([
    ['.a.test takes the name first', {}, '.a.test'],
    ['an address of its own keeps the wildcard out', { host: 'zzz' }, '.a.test'],
    ['another address goes to the wildcard', { listen: '127.0.0.9:80' }, 'a.test'],
    ['a pattern', { host: 'me.b.test' }, 'a.test'],
    ['no Host', { host: null, http: '1.0' }, 'a.test'],
    ['the wildcard of a port', { listen: '127.0.0.7:81' }, '.a.test'],
    ['IPv6', { listen: '[0:0:0::1]:80' }, 'one'],
    ['the wildcard of IPv6', { listen: '[::2]:80' }, 'six'],
    ['a socket', { listen: 'unix:/run/x.sock' }, 'six'],
    ['nobody', { listen: '127.0.0.1:99' }, null],
  ])('%s', async (_, request, name) => {
    const found = await go(servers, request);
    expect(found.server?.first('server_name')?.arg(0) ?? null).toBe(name);
  });

  test('a group of the name is a variable', async () => {
    expect((await go(servers, { host: 'me.b.test' })).body).toBe('me');
  });

  test('HTTP/1.1 without Host, and a bad one, are refused', async () => {
    expect((await go(servers, { host: null })).status).toBe(400);
    expect((await go(servers, { host: 'a..b' })).status).toBe(400);
    expect((await go(servers, { method: 'TRACE' })).status).toBe(405);
  });
});

describe('what surprised us', () => {
  test('internal is inherited by nested locations', async () => {
    const found = await go('server { location /a/ { internal; location /a/b { return 200; } } }', {
      target: '/a/b',
    });
    expect(found.status).toBe(404);
  });

  test('$1 of set is escaped until a rewrite has matched', async () => {
    const servers = `server { location ~ ^/(.*)$ { set $a "$1"; rewrite ^/(.*)$ /x; set $b "$1"; return 200 "$a|$b"; } }`;
    const found = await go(servers, { target: '/a%26b' });
    expect(found.body).toBe('a%26b|a&b');
  });

  test('a map with a pattern changes $1 between the two runs of a text', async () => {
    const map = 'map $uri $m { default d; ~php$ php; ~^/(?<g>b.*)$ "got-$g"; }';
    const location = 'location ~ ^/(.*)$ { if ($arg_x) { return 200 "$g|$m"; } return 200 "$1|$m"; }';
    expect((await go(`${map} server { ${location} }`, { target: '/x.php' })).body).toBe('|php');
    expect((await go(`${map} server { ${location} }`, { target: '/b?x=1' })).status).toBe(500);
  });

  test('a volatile map is asked once for the text of return, and for each part of set', async () => {
    const maps = 'map $uri $m { default d; ~php$ php; } map $arg_x $v { volatile; 2 "$1"; default none; }';
    const location = (answer: string): string =>
      `${maps} server { location ~ ^/([^/]*)/(.*)$ { ${answer} } }`;
    const target = '/c/x.php?x=2';
    expect((await go(location('return 200 "$v|$m";'), { target })).body).toBe('c|php');
    expect((await go(location('set $s "$v|$m"; return 200 $s;'), { target })).body).toBe('|php');
  });

  test('an if without a *_pass after one with it', async () => {
    const ifs = (first: string, second: string, own = ''): string =>
      `server { location / { ${own} if ($arg_x) { ${first} } if ($arg_y) { ${second} } } }`;
    const target = '/?x=1&y=1';
    const lost = await go(ifs('proxy_pass http://127.0.0.1:1;', 'set $z 1;'), { target });
    expect(lost).toMatchObject({ status: 500, handler: null });
    const outer = await go(ifs('proxy_pass http://127.0.0.1:1;', '', 'proxy_pass http://127.0.0.1:2;'), {
      target,
    });
    expect(outer.handler?.arg(0)).toBe('http://127.0.0.1:2');
    const own = await go(ifs('proxy_pass http://127.0.0.1:1;', 'proxy_pass http://127.0.0.1:3;'), { target });
    expect(own.handler?.arg(0)).toBe('http://127.0.0.1:3');
  });

  test('groups of an outer pattern stay when an inner one without groups matches', async () => {
    const servers = 'server { location ~ ^/(?<seg>[^/]+) { location ~ b$ { return 200 "$seg"; } } }';
    expect((await go(servers, { target: '/ab' })).body).toBe('ab');
  });

  test('an error page keeps the status of the error, whatever it answers itself', async () => {
    const servers =
      'server { error_page 404 /e; location /e { return 200 "e"; } location / { return 404; } }';
    expect(await go(servers, { target: '/x' })).toMatchObject({ status: 404, body: 'e' });
    expect(await go(servers.replace('404 /e', '404 = /e'), { target: '/x' })).toMatchObject({ status: 200 });
  });

  test('eleven changes of the URI are too many', async () => {
    const found = await go('server { location / { rewrite ^ /x$uri; } }', {});
    expect(found.status).toBe(500);
    expect(found.steps.at(-1)?.kind).toBe('cycle');
  });

  test('an alias with try_files, and a URI that became shorter than its location', async () => {
    const servers = `server { location /long/ { try_files /x =404; proxy_pass http://127.0.0.1:1/v/; } }`;
    const files = (path: string): FileKind => (path.endsWith('/x') ? 'file' : 'none');
    const found = await go(servers, { target: '/long/y' }, files);
    expect(found).toMatchObject({ kind: 'error', status: null });
    expect(found.steps.at(-1)?.kind).toBe('crash');
  });

  test('limit_except hides try_files and rewrites of its location', async () => {
    const servers = `server { location / { rewrite ^ /gone; return 200; limit_except GET { proxy_pass http://127.0.0.1:1; } } }`;
    const found = await go(servers, { method: 'POST' });
    expect(found.handler?.name).toBe('proxy_pass');
    expect(found.block?.name).toBe('limit_except');
  });
});

describe('where it stops being static', () => {
  test('files are taken as absent, and the trace says so', async () => {
    const servers =
      'server { root /srv; location / { try_files $uri @app; } location @app { proxy_pass http://a; } }';
    const found = route(await model(servers), GET);
    expect(location(found)).toBe('@app');
    expect(found.steps.map((step) => step.text).join('\n')).toContain('looks for /srv/: taken as absent');
  });

  test('what the client did not tell is taken as false', async () => {
    const servers =
      'server { location / { if ($remote_addr = 10.0.0.1) { return 403; } proxy_pass http://a; } }';
    const found = route(await model(servers), { ...GET, client: null });
    expect(found).toMatchObject({ certain: false, kind: 'location' });
    expect(found.steps.some((step) => step.kind === 'unknown')).toBe(true);
  });

  test('a pattern that RE2 has no words for', async () => {
    const found = await go('server { location ~ (?<!x)y { return 200; } location / { return 204; } }', {});
    expect(found).toMatchObject({ certain: false, status: 204 });
  });
});

describe('the request to the backend by version', () => {
  async function sent(
    location: string,
    version: string,
    request: Partial<ClientRequest> = {},
  ): Promise<string[]> {
    const configuration = await model(
      `upstream pool { server 127.0.0.1:1; } server { ${location} }`,
      version,
    );
    const { requestLine, headers } = upstreamRequest(route(configuration, { ...GET, ...request }))!;
    return [requestLine, ...headers.map(({ name, value }) => `${name}: ${value}`)];
  }

  test.each([
    ['1.29.6', ['GET / HTTP/1.0', 'Host: pool', 'Connection: close']],
    ['1.29.7', ['GET / HTTP/1.1', 'Host: pool']],
    ['1.31.4', ['GET / HTTP/1.1', 'Host: pool']],
  ])('%s', async (version, lines) => {
    expect(await sent('location / { proxy_pass http://pool; }', version)).toEqual(lines);
  });

  test('Host moves to the front, and cannot be emptied, since 1.31.4', async () => {
    const location = 'location / { proxy_set_header X y; proxy_set_header Host ""; proxy_pass http://pool; }';
    expect(await sent(location, '1.31.3')).toEqual(['GET / HTTP/1.1', 'X: y']);
    expect(await sent(location, '1.31.4')).toEqual(['GET / HTTP/1.1', 'Host: pool', 'X: y']);
  });

  test('Proxy-Connection is kept back since 1.31.0', async () => {
    const request = { headers: [['Proxy-Connection', 'keep-alive']] as const };
    const location = 'location / { proxy_pass http://pool; }';
    expect(await sent(location, '1.29.7', request)).toContain('Proxy-Connection: keep-alive');
    expect(await sent(location, '1.31.0', request)).not.toContain('Proxy-Connection: keep-alive');
  });

  test('WebSocket headers, with and without the client asking', async () => {
    const location = `location / { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_pass http://pool; }`;
    expect(await sent(location, '1.22.1')).toEqual(['GET / HTTP/1.1', 'Connection: upgrade', 'Host: pool']);
    const asking = {
      headers: [
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
      ] as const,
    };
    expect(await sent(location, '1.22.1', asking)).toEqual([
      'GET / HTTP/1.1',
      'Upgrade: websocket',
      'Connection: upgrade',
      'Host: pool',
    ]);
  });

  test('HTTP/2 has pseudo-headers', async () => {
    const location = 'location / { proxy_http_version 2; proxy_set_header X-Y z; proxy_pass http://pool; }';
    expect(await sent(location, '1.29.4')).toEqual([
      'GET / HTTP/2.0',
      ':method: GET',
      ':scheme: http',
      ':path: /',
      ':authority: pool',
      'x-y: z',
    ]);
  });

  test('what is not known keeps its name', async () => {
    const location = 'location / { proxy_set_header X-Real-IP $remote_addr; proxy_pass http://pool; }';
    expect(await sent(location, '1.29.7', { client: null })).toContain('X-Real-IP: $remote_addr');
  });
});

describe('what holds at a block', () => {
  test('add_header_inherit merges levels, or cuts them off', async () => {
    const configuration = await model(`add_header A 1; server { add_header B 2; add_header_inherit merge;
      location /m { add_header C 3; } location /o { add_header_inherit off; }
      location /n { add_header_inherit on; add_header D 4; } }`);
    const names = (path: string): string[] => {
      const block = route(configuration, { ...GET, target: path }).block!;
      return effective(configuration, 'add_header', block).nodes.map((node) => node.arg(0)!);
    };
    expect(names('/m')).toEqual(['C', 'B', 'A']);
    expect(names('/o')).toEqual([]);
    expect(names('/n')).toEqual(['D']);
    expect(names('/')).toEqual(['B', 'A']);
  });

  test('a group keeps connections unasked since 1.29.7', async () => {
    const configuration = await model(
      'upstream a { server b; } upstream c { server d; keepalive 4; } upstream e { server f; keepalive 0; }',
    );
    const pool = (name: string, version: string | null): unknown =>
      keepalivePool(upstreamNamed(configuration, name)!, { value: version, from: '' });
    expect(pool('a', '1.29.6')).toBeNull();
    expect(pool('a', '1.29.7')).toEqual({ connections: 32, node: null });
    expect(pool('a', null)).toBe('unknown');
    expect(pool('c', '1.20')).toMatchObject({ connections: 4 });
    expect(pool('e', '1.30')).toBeNull();
  });

  test('defaults are those of the version', async () => {
    const value = async (name: string, version: string): Promise<string | null> =>
      defaultValue(await model('', version), name);
    expect(await value('proxy_http_version', '1.29.6')).toBe('1.0');
    expect(await value('proxy_http_version', '1.29.7')).toBe('1.1');
    expect(await value('proxy_read_timeout', '1.22.1')).toBe('60s');
    expect(await value('proxy_cache_lock_timeout', '1.22.1')).toBe('5s');
    expect(await value('proxy_buffers', '1.22.1')).toBe('8 4k');
    expect(await value('keepalive_timeout', '1.22.1')).toBe('75s');
    expect(await value('proxy_ssl_protocols', '1.22.1')).toBe('TLSv1 TLSv1.1 TLSv1.2');
    expect(await value('proxy_pass_trailers', '1.22.1')).toBeNull();
    expect(await value('client_max_body_size', '1.22.1')).toBe('1m');
  });
});

test('hostile nests and chains end', async () => {
  const deep = `${'location / {'.repeat(3000)}${'}'.repeat(3000)}`;
  expect((await go(`server { ${deep} }`, {})).server).not.toBeNull();
  const chain = Array.from({ length: 50 }, (_, i) => `map $v${i} $v${i + 1} { default $v${i}; }`).join('\n');
  const round = 'map $b $a { default $b; } map $a $b { default $a; }';
  const found = await go(`${chain}\n${round} server { location / { return 200 "$v50$a"; } }`, {});
  expect(found.kind).toBe('return');
});
