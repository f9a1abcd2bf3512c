import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDump } from '../../server/src/engine/config/dump.ts';
import { ConfigModel } from '../../server/src/engine/config/model.ts';
import { loadSnapshot } from '../../server/src/engine/config/snapshot.ts';
import type { VersionSource } from '../../server/src/engine/config/version.ts';
import type { Check } from '../../server/src/engine/contract.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { NodeHost, OverlayHost } from '../../server/src/node-host.ts';
import { type Backend, type BackendSpec, startBackends } from '../../test-fixtures/toolbox/backends.ts';
import { grpc, http1, webSocket } from '../../test-fixtures/toolbox/client.ts';
import { findNginx, NginxInstance } from '../../test-fixtures/toolbox/nginx.ts';
import { FIXTURES, loadGrammar, modelOf } from '../support/engine.ts';

/**
 * A configuration that works must be met with silence, hints included: a tool that cries wolf is switched off.
 * Real nginx testifies first that the configurations here do work.
 */

const nginx = findNginx();
if (!nginx) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
const run = promisify(execFile);

const VERSIONS: readonly (VersionSource | null)[] = [null, { value: '1.22.1', from: 'the test' }];

/** Names of the files that a dump holds, in its order. */
function markers(dump: string): string[] {
  return [...dump.matchAll(/^# configuration file (.+):$/gm)].map((match) => match[1]!);
}

function expectSilence(result: Check): void {
  expect(result.findings.map((f) => `${f.file}:${f.range.start.line}: ${f.message} [${f.id}]`)).toEqual([]);
  expect(result.problems).toEqual([]);
}

/** Checks a dump as if it came through a pipe: there is no disk behind it. */
async function checkDump(dump: string, version: VersionSource | null = null): Promise<Check> {
  await loadGrammar();
  const files = readDump(dump)!;
  const host = new OverlayHost(new Map(files.map((file) => [file.path, file.text])), null);
  return check(new ConfigModel(await loadSnapshot(host, [files[0]!.path]), { version }));
}

const DEBIAN = '/etc/nginx/nginx.conf';

describe.runIf(existsSync(DEBIAN) && process.env['NGINX_502_NGINX'] === undefined)(
  'what Debian ships',
  () => {
    test('is read as nginx reads it, without a finding', async () => {
      // It listens on port 80: its own network keeps it apart from whatever does so already.
      const { stdout } = await run('unshare', ['-n', nginx, '-T']);
      const result = check(await modelOf(DEBIAN));
      expectSilence(result);
      expect(result.files).toEqual(markers(stdout));
      expect(result.files).toContain('/etc/nginx/sites-enabled/default');
      expectSilence(await checkDump(stdout));
    });
  },
);

const TREE = path.join(FIXTURES, 'reverse-proxy');

/** Every file by its name in the tree; what a symbolic link leads to stands under the name of the link. */
function treeFiles(): Record<string, string> {
  const names = readdirSync(TREE, { recursive: true }) as string[];
  const files = names.filter((name) => statSync(path.join(TREE, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(path.join(TREE, name), 'utf8')]));
}

const BACKENDS: readonly BackendSpec[] = [
  ...['127.0.0.11:3000', '127.0.0.12:3000', '127.0.0.13:3000'].map(
    (listen): BackendSpec => ({
      kind: 'echo',
      listen,
      paths: {
        '/api/': { bigHeaders: 12_000 },
        '/avatars/': { status: 404, body: 'no picture' },
        '/download/': { headers: [['X-Accel-Redirect', '/protected/report.txt']] },
        '/events/': { headers: [['Content-Type', 'text/event-stream']], body: 'data: 1\n\n' },
      },
    }),
  ),
  ...['127.0.0.16:3000', '127.0.0.17:3000'].map((listen): BackendSpec => ({ kind: 'echo', listen })),
  { kind: 'echo', listen: '127.0.0.14:4000', headers: [['X-User', 'ada']] },
  { kind: 'echo', listen: '127.0.0.71:8000' },
  { kind: 'websocket', listen: '127.0.0.21:3001', strict: true },
  { kind: 'websocket', listen: '127.0.0.22:3001', strict: true },
  { kind: 'grpc', listen: '127.0.0.31:50051' },
  { kind: 'grpc', listen: '127.0.0.32:50051' },
  { kind: 'fastcgi', listen: 'unix:/run/php/php8.2-fpm.sock', bigHeaders: 12_000 },
  { kind: 'fastcgi', listen: '127.0.0.41:9000' },
  { kind: 'fastcgi', listen: '127.0.0.42:9000' },
  { kind: 'uwsgi', listen: 'unix:/run/uwsgi/intranet.sock' },
  { kind: 'tls', listen: '127.0.0.61:8443' },
  { kind: 'tls', listen: '127.0.0.62:8443' },
  {
    kind: 'dns',
    listen: '127.0.0.53:53',
    names: { '*.backends.test': ['127.0.0.71'] },
    otherwise: 'NXDOMAIN',
  },
];

/** What a kind of location is asked for, and a part of what must come back. */
interface Request {
  readonly what: string;
  readonly host: string;
  readonly path: string;
  readonly port?: number;
  readonly method?: string;
  readonly status?: number;
  readonly body?: string;
  readonly header?: readonly [name: string, value: string];
}

const REQUESTS: readonly Request[] = [
  {
    what: 'redirect to https',
    host: 'app.test',
    port: 8081,
    path: '/a?b',
    status: 308,
    header: ['Location', 'https://app.test/a?b'],
  },
  {
    what: 'redirect to the main name',
    host: 'www.app.test',
    path: '/x',
    status: 301,
    header: ['Location', 'http://app.test/x'],
  },
  { what: 'static file', host: 'app.test', path: '/index.html', body: 'Application' },
  { what: 'named location', host: 'app.test', path: '/users/7', body: '"url":"/users/7"' },
  { what: 'regular expression, file', host: 'app.test', path: '/assets/app.css', body: 'margin' },
  {
    what: 'regular expression, fallback',
    host: 'app.test',
    path: '/made/up.js',
    body: '"url":"/made/up.js"',
  },
  {
    what: 'auth_request, large response headers',
    host: 'app.test',
    path: '/api/users',
    body: '"X-User","ada"',
  },
  {
    what: 'nested location',
    host: 'app.test',
    path: '/api/upload/1',
    method: 'POST',
    body: '"X-User","ada"',
  },
  { what: 'limit_req', host: 'app.test', path: '/login', method: 'POST', body: '"method":"POST"' },
  { what: 'plain request where upgrades go', host: 'app.test', path: '/live/', body: '"url":"/live/"' },
  { what: 'server-sent events', host: 'app.test', path: '/events/', body: 'data: 1' },
  {
    what: 'proxy_pass with URI',
    host: 'app.test',
    path: '/v1/users?q',
    body: '"url":"/internal/v1/users?q"',
  },
  { what: 'rewrite break', host: 'app.test', path: '/reports/2024/q1', body: '"url":"/r/q1?year=2024"' },
  { what: 'rewrite last', host: 'app.test', path: '/old/imprint.html', body: '"url":"/pages/imprint"' },
  {
    what: 'rewrite permanent',
    host: 'app.test',
    path: '/old/shop',
    status: 301,
    header: ['Location', 'http://app.test:8080/shop'],
  },
  {
    what: 'captures in proxy_pass',
    host: 'app.test',
    path: '/de/docs/start',
    body: '"url":"/docs/start?lang=de"',
  },
  { what: 'quoted regular expression', host: 'app.test', path: '/tickets/123', body: '"url":"/tickets/123"' },
  { what: 'error_page to a file', host: 'app.test', path: '/avatars/7', body: '<svg' },
  { what: 'X-Accel-Redirect', host: 'app.test', path: '/download/7', body: 'Quarterly report' },
  {
    what: 'cache, first',
    host: 'app.test',
    path: '/images/a.png',
    header: ['X-Cache-Status', 'MISS'],
    body: '"url":"/img/images/a.png"',
  },
  { what: 'cache, second', host: 'app.test', path: '/images/a.png', header: ['X-Cache-Status', 'HIT'] },
  { what: 'limit_except', host: 'app.test', path: '/hooks/1', method: 'POST', body: '"url":"/hooks/1"' },
  {
    what: 'php through try_files, unix socket',
    host: 'shop.test',
    path: '/cart?id=1',
    body: '["QUERY_STRING","id=1"]',
  },
  { what: 'php by name', host: 'shop.test', path: '/index.php/a', body: '["PATH_INFO","/a"]' },
  { what: 'php front controller, pool', host: 'shop.test', path: '/rest/orders', body: '/rest.php"]' },
  { what: 'php, TCP', host: 'shop.test', path: '/fpm-ping', body: '["SCRIPT_FILENAME","/fpm-ping"]' },
  { what: 'CORS preflight', host: 'shop.test', path: '/rest/orders', method: 'OPTIONS', status: 204 },
  { what: 'uwsgi', host: 'intranet.test', path: '/wiki', body: '["REQUEST_URI","/wiki"]' },
  { what: 'alias', host: 'intranet.test', path: '/media/photo.txt', body: 'A photograph' },
  { what: 'https backend', host: 'intranet.test', path: '/partner/1', body: '["Host","partner.test"]' },
  { what: 'name looked up at run time', host: 'blue.tenants.test', path: '/a?b', body: '"url":"/a?b"' },
  { what: 'URL in a variable', host: 'blue.tenants.test', path: '/fixed/a', body: '"url":"/a"' },
  { what: 'group named by a map', host: 'blue.tenants.test', path: '/shared/a', body: '"url":"/shared/a"' },
  { what: 'status', host: 'localhost', port: 8090, path: '/nginx_status', body: 'Active connections' },
  { what: 'return with text', host: 'localhost', port: 8090, path: '/healthz', body: 'ok\n' },
];

describe('a realistic reverse proxy', () => {
  let instance: NginxInstance;
  let backends: Backend[] = [];

  beforeAll(async () => {
    // The fixtures' lanes are counted from 0.
    instance = await NginxInstance.create({ source: treeFiles(), lane: 20_000 });
    backends = await startBackends(BACKENDS.map((spec) => instance.mapSpec(spec)));
  });

  afterAll(async () => {
    await Promise.all(backends.map((backend) => backend.stop()));
    await instance?.stop();
  });

  test('is accepted by nginx, serves every kind of location, and logs no error', async () => {
    const tested = await instance.test();
    expect(tested, tested.output).toMatchObject({ ok: true });
    expect(tested.output).not.toContain('[warn]');
    const started = await instance.start();
    expect(started).toEqual({ ok: true });
    const at = (port: number): string => instance.map(`127.0.0.1:${port}`);

    for (const request of REQUESTS) {
      const { what, host, path: uri, port = 8080, method = 'GET', status = 200, body, header } = request;
      const result = await http1(at(port), {
        host,
        path: uri,
        method,
        ...(method === 'POST' && { body: 'x=1' }),
      });
      expect(result, `${what}: ${result.body}`).toMatchObject({ kind: 'response', status });
      if (body !== undefined) expect(instance.unmap(result.body), what).toContain(body);
      if (header) expect(result.headers, what).toContainEqual(header);
    }
    for (const uri of ['/ws/room', '/ws/']) {
      const result = await webSocket(at(8080), { host: 'app.test', path: uri });
      expect(result).toMatchObject({ kind: 'response', status: 101, echo: true });
    }
    const call = await grpc(at(8082), { host: 'stock.test', path: '/inventory.v1.Stock/Get' });
    expect(call).toMatchObject({ kind: 'response', status: 200, grpcStatus: '0' });

    // An error is logged before the request's own record, so all that there will be is there now.
    expect(await instance.waitForAccess(REQUESTS.length + 3)).toBe(true);
    expect(instance.logLines()).toEqual([]);
    expect(instance.stderr).toBe('');
  });

  test.each(VERSIONS)('is met with silence, version %o', async (version) => {
    await loadGrammar();
    const pathMap = new Map([['/etc/nginx', TREE]]);
    const snapshot = await loadSnapshot(new NodeHost(), [path.join(TREE, 'nginx.conf')], { pathMap });
    const result = check(new ConfigModel(snapshot, { version }));
    expectSilence(result);
    expect(result.nginxVersion.value).toBe(version?.value ?? null);
    const enabled = readdirSync(path.join(TREE, 'sites-enabled'));
    expect(enabled.length).toBeGreaterThan(4);
    for (const site of enabled) expect(result.files).toContain(path.join(TREE, 'sites-enabled', site));
    expect(result.files).not.toContain(path.join(TREE, 'sites-available/wiki.test'));
  });

  test.each(VERSIONS)('is met with silence as nginx -T prints it, version %o', async (version) => {
    const { runFolder, tmp } = instance;
    const log = path.join(tmp, 'dump.log');
    const main = path.join(runFolder, 'nginx.conf');
    const { stdout } = await run(nginx, ['-p', `${runFolder}/`, '-c', main, '-e', log, '-T']);
    const dump = instance.unmap(stdout);
    const result = await checkDump(dump, version);
    expectSilence(result);
    expect(result.files).toEqual(markers(dump));
  });
});
