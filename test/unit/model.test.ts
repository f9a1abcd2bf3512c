import { describe, expect, test } from 'vitest';
import { readDump } from '../../server/src/engine/config/dump.ts';
import { effective, effectiveValue } from '../../server/src/engine/config/inheritance.ts';
import { ConfigModel, type ConfigNode } from '../../server/src/engine/config/model.ts';
import { matchSegment, resolvePath } from '../../server/src/engine/config/paths.ts';
import { allProxied, endpoints, implicitGroup } from '../../server/src/engine/config/proxied.ts';
import { chooseServer, locate, normaliseUri } from '../../server/src/engine/config/routing.ts';
import { loadSnapshot, mapPath } from '../../server/src/engine/config/snapshot.ts';
import { parseUpstreamUrl } from '../../server/src/engine/config/upstream-url.ts';
import { upstreamNamed } from '../../server/src/engine/config/upstreams.ts';
import { possibleValues } from '../../server/src/engine/config/variables.ts';
import { holdsSince, imageVersion } from '../../server/src/engine/config/version.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { readSettings } from '../../server/src/engine/diagnosis/settings.ts';
import { OverlayHost } from '../../server/src/node-host.ts';
import { modelOfTexts } from '../support/engine.ts';

const MAIN = '/etc/nginx/nginx.conf';

/** A whole configuration around the content of an http block. */
function inHttp(http: string): Record<string, string> {
  return { [MAIN]: `events {}\nhttp {\n${http}\n}\n` };
}

function location(model: ConfigModel, path: string): ConfigNode {
  const found = model.nodes.find((node) => node.name === 'location' && node.args.at(-1) === path);
  if (!found) throw new Error(`no location ${path}`);
  return found;
}

describe('files', () => {
  test('relative includes start at the main file, globs come in byte order, shipped files are assumed', async () => {
    const model = await modelOfTexts({
      [MAIN]: 'events {}\nhttp {\n include mime.types;\n include conf.d/*.conf;\n}\n',
      '/etc/nginx/conf.d/b.conf': 'include snippets/in.conf;',
      '/etc/nginx/conf.d/B.conf': 'server { listen 81; }',
      '/etc/nginx/conf.d/a.conf': 'server { listen 80; }',
      '/etc/nginx/conf.d/.hidden.conf': 'server { listen 82; }',
      '/etc/nginx/snippets/in.conf': 'server { listen 83; }',
    });
    expect([...model.snapshot.files.keys()]).toEqual([
      MAIN,
      '/etc/nginx/conf.d/B.conf',
      '/etc/nginx/conf.d/a.conf',
      '/etc/nginx/conf.d/b.conf',
      '/etc/nginx/snippets/in.conf',
    ]);
    expect(model.servers().map((server) => server.first('listen')!.arg(0))).toEqual(['81', '80', '83']);
    expect(check(model).findings).toEqual([]);
  });

  test('a missing file is a finding, a missing glob is none, a circle is a problem', async () => {
    const model = await modelOfTexts({
      [MAIN]: 'events {}\nhttp { include gone.conf; include none/*.conf; include loop.conf; }\n',
      '/etc/nginx/loop.conf': 'include loop.conf;',
    });
    const result = check(model);
    expect(result.findings.map((finding) => [finding.id, finding.severity])).toEqual([
      ['include-not-found', 'error'],
    ]);
    expect(result.problems.map((problem) => problem.message)).toEqual([
      'the includes run in a circle: /etc/nginx/loop.conf includes /etc/nginx/loop.conf. nginx gives up with "too many open files", or crashes',
    ]);
  });

  test('a snippet included twice is two places and one finding', async () => {
    const model = await modelOfTexts({
      [MAIN]:
        'events {}\nhttp {\n server { server_name a.test; include ws.conf; }\n server { server_name b.test; include ws.conf; }\n}\n',
      '/etc/nginx/ws.conf':
        'location /x { proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:1; }',
    });
    expect(model.nodes.filter((node) => node.name === 'location').length).toBe(2);
    expect(model.timesIncluded('/etc/nginx/ws.conf')).toBe(2);
    expect(check(model).findings.map((finding) => finding.id)).toEqual(['websocket-headers-missing']);
  });

  test('the output of nginx -T with words around it', () => {
    const dump = readDump(
      'root@web:~# nginx -T\nnginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp { include a.conf; }\n\n# configuration file /etc/nginx/a.conf:\nserver {}\n\nroot@web:~# ',
    );
    expect(dump?.map(({ path, text }) => ({ path, text }))).toEqual([
      { path: MAIN, text: 'events {}\nhttp { include a.conf; }\n' },
      { path: '/etc/nginx/a.conf', text: 'server {}\n' },
    ]);
    expect(readDump('events {}\n')).toBeNull();
  });

  test('paths', () => {
    expect(resolvePath('/etc/nginx', 'a/../b//c')).toBe('/etc/nginx/b/c');
    expect(resolvePath('/etc/nginx', '/x')).toBe('/x');
    for (const [pattern, name, matches] of [
      ['*.conf', 'a.conf', true],
      ['*.conf', '.conf', false],
      ['[a-c]?.conf', 'b1.conf', true],
      ['[!a]*', 'ab', false],
      ['*a*a*a*a*a*a*a*b', 'a'.repeat(60), false],
      ['[', '[', true],
      ['\\*', '*', true],
    ] as const) {
      expect(matchSegment(pattern, name), `${pattern} ${name}`).toBe(matches);
    }
    const map = new Map([
      ['/etc/nginx', '/repo/nginx'],
      ['/etc/nginx/ssl', '/repo/certs'],
    ]);
    expect(mapPath('/etc/nginx/ssl/a.pem', map)).toBe('/repo/certs/a.pem');
    expect(mapPath('/etc/nginxes/a', map)).toBe('/etc/nginxes/a');
  });
});

describe('what is in effect', () => {
  test('a value comes from the nearest level, a list is replaced whole, a handler is not inherited', async () => {
    const model = await modelOfTexts(
      inHttp(`
proxy_read_timeout 5s;
proxy_set_header A 1;
proxy_set_header B 2;
server {
  proxy_read_timeout 7s;
  location /outer {
    proxy_pass http://127.0.0.1:1;
    location /outer/inner { proxy_set_header C 3; }
    if ($request_method = POST) { set $x 1; }
    limit_except GET { deny all; }
  }
}`),
    );
    const inner = location(model, '/outer/inner');
    const outer = location(model, '/outer');
    expect(effectiveValue(model, 'proxy_read_timeout', inner, '60s')).toBe('7s');
    expect(effectiveValue(model, 'proxy_send_timeout', inner, '60s')).toBe('60s');
    expect(effective(model, 'proxy_set_header', inner).nodes.map((node) => node.text)).toEqual([
      'proxy_set_header C 3',
    ]);
    const inherited = effective(model, 'proxy_set_header', outer);
    expect(inherited.nodes.map((node) => node.arg(0))).toEqual(['A', 'B']);
    expect(inherited.level?.name).toBe('http');
    expect(inherited.inherited).toBe(true);
    expect(effective(model, 'proxy_pass', inner).nodes).toEqual([]);
    expect(effective(model, 'proxy_pass', outer.first('if')!).nodes.length).toBe(1);
    expect(effective(model, 'proxy_pass', outer.first('limit_except')!).nodes.length).toBe(1);
  });

  test('a fragment asks its own top level', async () => {
    const model = await modelOfTexts({
      '/x/app.conf': 'proxy_read_timeout 9s;\nserver { location / { proxy_pass http://a:1; } }',
    });
    expect(effectiveValue(model, 'proxy_read_timeout', location(model, '/'), '60s')).toBe('9s');
    expect(model.isComplete).toBe(false);
  });
});

describe('where a location passes to', () => {
  test('groups, names, addresses, sockets, variables', async () => {
    const model = await modelOfTexts(
      inHttp(`
upstream App { server 127.0.0.1; server [::1]:81 backup; server unix:/run/a.sock down; server b.test:82 max_fails=3 resolve; }
server {
  location /a { proxy_pass http://app/v1/; }
  location /b { proxy_pass HTTPS://b.test; }
  location /c { fastcgi_pass unix:/run/php.sock; }
  location /d { proxy_pass http://unix:/run/d.sock:/uri; }
  location /e { proxy_pass http://$x/uri; }
  location /f { grpc_pass grpcs://127.0.0.1:50051; }
  location /g { proxy_pass ws://a; }
}`),
    );
    const of = (path: string) => allProxied(model).find((target) => target.block === location(model, path))!;
    expect(of('/a').target.kind).toBe('upstream');
    expect(of('/a').uriPart).toBe('/v1/');
    expect(endpoints(of('/a')).map((end) => [end.host, end.port, end.socket])).toEqual([
      ['127.0.0.1', 80, null],
      ['[::1]', 81, null],
      [null, null, '/run/a.sock'],
      ['b.test', 82, null],
    ]);
    const peers = upstreamNamed(model, 'APP')!.peers;
    expect(peers.map((peer) => [peer.backup, peer.down, peer.resolve])).toEqual([
      [false, false, false],
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]);
    expect(peers[3]!.parameters.get('max_fails')).toBe('3');
    expect(of('/b')).toMatchObject({
      scheme: 'https',
      uriPart: null,
      target: { kind: 'host', host: 'b.test', port: 443 },
    });
    expect(of('/c')).toMatchObject({ handler: 'fastcgi', target: { kind: 'unix', path: '/run/php.sock' } });
    expect(of('/d')).toMatchObject({ uriPart: '/uri', target: { kind: 'unix', path: '/run/d.sock' } });
    expect(of('/e')).toMatchObject({ scheme: 'http', uriPart: '/uri', target: { kind: 'variable' } });
    expect(of('/f')).toMatchObject({ scheme: 'grpcs', target: { kind: 'address', port: 50051 } });
    expect(of('/g').target.kind).toBe('invalid');
  });

  test.each([
    ['proxy_pass', 'http2://a', null],
    ['proxy_pass', 'a:80', null],
    ['proxy_pass', 'http://a:0', null],
    ['proxy_pass', 'http://a:80800', null],
    ['proxy_pass', 'http://a?x', '?x'],
    ['proxy_pass', 'http://[::1]:80/x', '/x'],
    ['grpc_pass', 'a:1/x', null],
    ['grpc_pass', 'h2://a:1', null],
    ['fastcgi_pass', 'http://a:1', null],
    ['server', '/run/a.sock', null],
  ])('%s %s', (directive, text, uri) => {
    const url = parseUpstreamUrl(directive, text);
    if (uri === null) expect(url).toBeNull();
    else expect(url?.uri).toBe(uri);
  });
});

test('the values a variable can have: set, map with and without default, the request', async () => {
  const model = await modelOfTexts(
    inHttp(`
map $host $m { a.test one; b.test $n; }
map $host $n { default two; }
server { location / { set $s http://$m; proxy_pass $s; } location /x { set $s other; } }
server { set $s elsewhere; }`),
  );
  const at = location(model, '/');
  expect(possibleValues(model, '$n', at)).toEqual({ values: ['two'], complete: true });
  expect(possibleValues(model, '$m', at)).toEqual({ values: ['', 'one', 'two'], complete: true });
  expect(new Set(possibleValues(model, '$s', at).values)).toEqual(
    new Set(['http://', 'http://one', 'http://two', 'other']),
  );
  expect(possibleValues(model, 'http://$host', at)).toEqual({ values: [], complete: false });
});

describe('the values that a named group can hold', () => {
  const values = async (server: string): Promise<unknown> => {
    const model = await modelOfTexts(inHttp(`server { ${server} }`));
    const pass = model.named('proxy_pass')[0]!;
    return possibleValues(model, '$app', pass);
  };
  const anything = { values: [], complete: false };
  test.each([
    ['location ~ ^/(?<app>one|two\\.x)/ { proxy_pass http://$app; }', ['one', 'two.x']],
    ['location ~ ^/(?<app>one|two)/ { if ($arg_x) { proxy_pass http://$app; } }', ['one', 'two']],
    ['location ~ "^/(?\'app\'one)$" { proxy_pass http://$app; }', ['one']],
    ['server_name ~^(?<app>One|two)\\.test$; location / { proxy_pass http://$app; }', ['one', 'two', '']],
    ['location ~* ^/(?<app>one|two)/ { proxy_pass http://$app; }', null],
    ['location ~ ^/(?<app>one|t.o)/ { proxy_pass http://$app; }', null],
    ['location ~ ^/(?<app>one|two)?/ { proxy_pass http://$app; }', null],
    ['location ~ ^/(?:(?<app>one)|x)/ { proxy_pass http://$app; }', null],
    ['location ~ ^/(?<app>one)|^/x { proxy_pass http://$app; }', null],
    ['location ~ ^/(?<app>\\w+)/ { proxy_pass http://$app; }', null],
    ['location / { proxy_pass http://$app; } location ~ (?<app>one) { return 204; }', null],
  ])('%s', async (server, texts) => {
    expect(await values(server)).toEqual(texts === null ? anything : { values: texts, complete: true });
  });
});

test('nginx makes a group of a literal address, which a variable may name', async () => {
  const model = await modelOfTexts(
    inHttp(`server {
      location /a { proxy_pass http://one.test; }
      location /b { proxy_pass https://two.test:8443/x; }
      location /c { proxy_pass http://$arg_x; }
    }`),
  );
  const lines = (host: string, port: number): string[] =>
    implicitGroup(model, host, port).map(({ pass }) => pass.text);
  expect(lines('ONE.test', 80)).toEqual(['proxy_pass http://one.test']);
  expect(lines('two.test', 8443)).toEqual(['proxy_pass https://two.test:8443/x']);
  expect(lines('two.test', 443)).toEqual([]);
});

describe('routing', () => {
  const servers = `
server { listen 80; server_name _; location / { return 200; } }
server { listen 80 default_server; server_name d.test; }
server { listen 80; server_name www.a.test *.a.test; }
server { listen 80; server_name .b.test mail.*; }
server { listen 80; server_name ~^(?<n>r\\d+)\\.x\\.test$ ~LOOK(?=ahead); }`;

  test.each([
    ['www.a.test', 'www.a.test'],
    ['x.y.A.test:8080', 'www.a.test'],
    ['b.test', '.b.test'],
    ['q.b.test.', '.b.test'],
    ['mail.q.test', '.b.test'],
    ['r12.x.test', '~^(?<n>r\\d+)\\.x\\.test$'],
    ['nobody.test', 'd.test'],
    [null, 'd.test'],
  ])('host %s is served by %s', async (host, name) => {
    const model = await modelOfTexts(inHttp(servers));
    expect(chooseServer(model.servers(), host).server?.first('server_name')?.arg(0)).toBe(name);
  });

  const locations = `server {
  location / { }
  location = /exact { }
  location /img/ { location ~ \\.png$ { } location /img/deep/ { } }
  location ^~ /static/ { }
  location ~* \\.PHP$ { }
  location ~ ^/a/ { location ^/a/never { } location ~ b { } }
  location /app/ { proxy_pass http://127.0.0.1:1; }
  location @named { }
}`;

  test.each([
    ['/', '/'],
    ['/exact', '= /exact'],
    ['/exact/', '/'],
    ['/img/x.png', '~ \\.png$'],
    ['/img/deep/x', '/img/deep/'],
    ['/static/x.php', '^~ /static/'],
    ['/a/never', '~ ^/a/'],
    ['/a/b', '~ b'],
    ['/x.php', '~* \\.PHP$'],
    ['/img/deep/x.php', '~* \\.PHP$'],
    ['/x/../img//%64eep/y', '/img/deep/'],
  ])('%s is served by location %s', async (uri, text) => {
    const model = await modelOfTexts(inHttp(locations));
    const found = locate(model.servers()[0]!, normaliseUri(uri));
    expect(found.location?.args.join(' ')).toBe(text);
  });

  test('a missing slash before a proxied location is redirected, look-around is unknown', async () => {
    const model = await modelOfTexts(inHttp(locations));
    expect(locate(model.servers()[0]!, '/app')).toMatchObject({ redirect: '/app/' });
    const unsure = await modelOfTexts(inHttp('server { location ~ (?<!x)y { } }'));
    expect(locate(unsure.servers()[0]!, '/y')).toMatchObject({ location: null, certain: false });
  });

  test('a hostile pattern costs no time', async () => {
    const model = await modelOfTexts(inHttp('server { location ~ "^(a+)+$" { } }'));
    expect(locate(model.servers()[0]!, `${'a'.repeat(100_000)}!`).location).toBeNull();
  });
});

describe('version', () => {
  test('an image tag beside the configuration, a lower bound from directives', async () => {
    expect(imageVersion('FROM nginx:1.25.3-alpine\n')).toBe('1.25.3');
    expect(imageVersion('services:\n  web:\n    image: "docker.io/library/nginx:1.27"\n')).toBe('1.27');
    expect(imageVersion('FROM --platform=linux/amd64 openresty/openresty:1.25.3.1-0-alpine\n')).toBe(
      '1.25.3',
    );
    expect(imageVersion('FROM nginx:latest\nFROM node:20\n')).toBeNull();
    const model = await modelOfTexts(inHttp('server { listen 80; http2 on; }'));
    expect(model.version).toEqual({ value: null, from: 'unknown; 1.25.1 or newer, because of "http2 on"' });
    expect(holdsSince({ value: '1.29', from: 'x' }, '1.29.7')).toBe('yes');
    expect(holdsSince({ value: '1.29.6', from: 'x' }, '1.29.7')).toBe('no');
    expect(holdsSince({ value: null, from: 'x' }, '1.29.7')).toBe('unknown');
    const host = new OverlayHost(
      new Map([
        ['/srv/nginx/nginx.conf', 'events {}'],
        ['/srv/compose.yaml', 'services:\n  nginx:\n    image: nginx:1.26.2\n'],
      ]),
      null,
    );
    const beside = new ConfigModel(await loadSnapshot(host, ['/srv/nginx/nginx.conf']));
    expect(beside.version).toEqual({ value: '1.26.2', from: 'image tag in compose.yaml' });
  });
});

describe('suppression', () => {
  const broken = 'proxy_set_header Upgrade $http_upgrade;';
  const page = (line: string, above = ''): Record<string, string> =>
    inHttp(
      `server {\n listen 80;\n${above}\n location /x {\n ${line}\n proxy_pass http://127.0.0.1:1;\n }\n}`,
    );
  const ids = async (texts: Record<string, string>): Promise<string[]> =>
    check(await modelOfTexts(texts)).findings.map((finding) => `${finding.id} ${finding.severity}`);

  test('at the end of the line, above it, above its block; with a reason', async () => {
    expect(await ids(page(broken))).toEqual(['websocket-headers-missing warning']);
    expect(
      await ids(page(`${broken} # nginx-502: ignore websocket-headers-missing -- tested by hand`)),
    ).toEqual([]);
    expect(await ids(page(`# nginx-502: ignore websocket-headers-missing -- tested\n ${broken}`))).toEqual(
      [],
    );
    expect(await ids(page(broken, '# nginx-502: ignore websocket-headers-missing -- a whole block'))).toEqual(
      [],
    );
  });

  test('without a reason it does nothing and says so; unknown and unused ones are told', async () => {
    expect(await ids(page(`${broken} # nginx-502: ignore websocket-headers-missing`))).toEqual([
      'websocket-headers-missing warning',
      'invalid-suppression warning',
    ]);
    expect(await ids(page('# nginx-502: ignore resolver-missing -- gone'))).toEqual([
      'unused-suppression hint',
    ]);
    expect(await ids(page('# nginx-502: ignore no-such-id -- why'))).toEqual(['invalid-suppression warning']);
    expect(await ids(page('# nginx-502: be quiet'))).toEqual(['invalid-suppression warning']);
  });

  test('settings: severities, and complaints about what is wrong', async () => {
    const { settings, complaints } = readSettings(
      '{"severity": {"websocket-headers-missing": "off", "x": "loud"}, "nginxVersion": 1, "colour": true}',
    );
    expect(complaints.length).toBe(3);
    expect(check(await modelOfTexts(page(broken)), settings).findings).toEqual([]);
    expect(readSettings('{').complaints).toEqual(['it is not valid JSON']);
  });
});

test('what the bound on directives cuts off in the middle of a block leaves no gaps', async () => {
  const server = 'server { listen 127.0.0.1:8080; location / { proxy_pass http://app; deny all; } }\n';
  const model = await modelOfTexts({
    [MAIN]: `events {}\nhttp {\n${'include many.conf;\n'.repeat(700)}}\n`,
    '/etc/nginx/many.conf': server.repeat(100),
  });
  expect(model.problems.map(({ kind }) => kind)).toEqual(['too-big']);
  const { parent } = model.nodes.at(-1)!;
  expect(parent?.children.at(-1)).toBe(model.nodes.at(-1));
  expect(model.nodes.filter(({ children }) => Array.from(children).includes(undefined as never))).toEqual([]);
});
