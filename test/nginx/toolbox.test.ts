import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Backend, type BackendSpec, startBackends } from '../../test-fixtures/toolbox/backends.ts';
import { grpc, http1, webSocket } from '../../test-fixtures/toolbox/client.ts';
import {
  findNginx,
  NginxInstance,
  nginxVersion,
  normaliseMessage,
} from '../../test-fixtures/toolbox/nginx.ts';

const bin = findNginx();

/** Lanes of this file; fixtures count theirs from 0. */
const LANE = 30_000;

type Cleanup = (stop: () => Promise<void>) => void;

/** Starts nginx on a configuration, and its backends; both stop when the test is over. */
async function up(
  cleanup: Cleanup,
  lane: number,
  configuration: string | Record<string, string>,
  specs: BackendSpec[] = [],
): Promise<{ nginx: NginxInstance; backends: Backend[] }> {
  const source = typeof configuration === 'string' ? { 'nginx.conf': configuration } : configuration;
  const nginx = await NginxInstance.create({ source, lane: LANE + lane });
  cleanup(() => nginx.stop());
  const backends = await startBackends(specs.map((spec) => nginx.mapSpec(spec)));
  for (const backend of backends) cleanup(() => backend.stop());
  expect(await nginx.start()).toEqual({ ok: true });
  return { nginx, backends };
}

const proxy = (target: string, more = '') => `events {}
http {
    server {
        listen 127.0.0.1:8080;
        location / {
            proxy_pass ${target};
            ${more}
        }
    }
}
`;

async function logged(nginx: NginxInstance) {
  expect(await nginx.waitForLog((lines) => lines.length > 0)).toBe(true);
  expect(await nginx.waitForAccess(1)).toBe(true);
  return nginx.logLines().map(normaliseMessage);
}

describe.skipIf(!bin)(`toolbox on nginx ${bin ? nginxVersion(bin) : '(none)'}`, () => {
  const cases: [what: string, target: string, spec: BackendSpec, level: string, message: string][] = [
    [
      'refused',
      'http://127.0.0.2:3000',
      { kind: 'refuse', listen: '127.0.0.2:3000' },
      'error',
      'connect() failed (111: Connection refused) while connecting to upstream',
    ],
    [
      'closed after the request',
      'http://127.0.0.2:3000',
      { kind: 'close', listen: '127.0.0.2:3000', when: 'request' },
      'error',
      'upstream prematurely closed connection while reading response header from upstream',
    ],
    [
      'reset after the request',
      'http://127.0.0.2:3000',
      { kind: 'reset', listen: '127.0.0.2:3000', when: 'request' },
      'error',
      'recv() failed (104: Connection reset by peer) while reading response header from upstream',
    ],
    [
      'big headers',
      'http://127.0.0.2:3000',
      { kind: 'big-headers', listen: '127.0.0.2:3000', bytes: 8000 },
      'error',
      'upstream sent too big header while reading response header from upstream',
    ],
    [
      'https to a plain backend',
      'https://127.0.0.2:3000',
      { kind: 'echo', listen: '127.0.0.2:3000' },
      'error',
      'SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream',
    ],
    [
      'http to a TLS backend',
      'http://127.0.0.2:3000',
      { kind: 'tls', listen: '127.0.0.2:3000' },
      'error',
      'upstream prematurely closed connection while reading response header from upstream',
    ],
    [
      'missing unix socket',
      'http://unix:/run/app.sock:/',
      { kind: 'unix-socket', listen: 'unix:/run/app.sock', state: 'missing' },
      'crit',
      'connect() to unix:/run/app.sock failed (2: No such file or directory) while connecting to upstream',
    ],
    [
      'unix socket left over',
      'http://unix:/run/app.sock:/',
      { kind: 'unix-socket', listen: 'unix:/run/app.sock', state: 'left-over' },
      'error',
      'connect() to unix:/run/app.sock failed (111: Connection refused) while connecting to upstream',
    ],
    [
      'unix socket with a full queue',
      'http://unix:/run/app.sock:/',
      { kind: 'unix-socket', listen: 'unix:/run/app.sock', state: 'full' },
      'error',
      'connect() to unix:/run/app.sock failed (11: Resource temporarily unavailable) while connecting to upstream',
    ],
    [
      'not a directory',
      'http://unix:/run/app/x.sock:/',
      { kind: 'unix-socket', listen: 'unix:/run/app/x.sock', state: 'not-a-directory' },
      'crit',
      'connect() to unix:/run/app/x.sock failed (20: Not a directory) while connecting to upstream',
    ],
    [
      'space in a header name',
      'http://127.0.0.2:3000',
      { kind: 'raw-bytes', listen: '127.0.0.2:3000', text: 'HTTP/1.1 200 OK\r\nX Bad: 1\r\n\r\n' },
      'error',
      'upstream sent invalid header: "X\\x20..." while reading response header from upstream',
    ],
  ];

  test.concurrent.for(cases.map((row, i) => [...row, i] as const))(
    '502: %s',
    async ([, target, spec, level, message, lane], { onTestFinished }) => {
      const { nginx } = await up(onTestFinished, lane, proxy(target), [spec]);
      const result = await http1(nginx.map('127.0.0.1:8080'), { path: '/a?b' });
      expect(result).toMatchObject({ kind: 'response', status: 502 });
      expect(await logged(nginx)).toEqual([{ level, message }]);
      expect(nginx.access()).toMatchObject([
        { status: 502, upstreamStatus: '502', request: 'GET /a?b HTTP/1.1' },
      ]);
      expect(nginx.logLines()[0]).toContain('client: 127.0.0.1, server: , request: "GET /a?b HTTP/1.1"');
    },
  );

  test('a WebSocket handshake through a default proxy_pass is a 426 and no log line', async ({
    onTestFinished,
  }) => {
    const spec: BackendSpec = { kind: 'websocket', listen: '127.0.0.2:3000' };
    const { nginx, backends } = await up(onTestFinished, 50, proxy('http://127.0.0.2:3000'), [spec]);
    expect(await webSocket(nginx.map('127.0.0.1:8080'))).toMatchObject({
      kind: 'response',
      status: 426,
      echo: false,
    });
    expect(backends[0]!.received[0]!.headers.map(([name]) => name.toLowerCase())).not.toContain('upgrade');
    expect(await nginx.waitForAccess(1)).toBe(true);
    expect(nginx.logLines()).toEqual([]);
  });

  test('the headers of an upgrade make the tunnel', async ({ onTestFinished }) => {
    const headers =
      'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";';
    const spec: BackendSpec = { kind: 'websocket', listen: '127.0.0.2:3000', strict: true };
    const { nginx } = await up(onTestFinished, 51, proxy('http://127.0.0.2:3000', headers), [spec]);
    expect(await webSocket(nginx.map('127.0.0.1:8080'))).toMatchObject({ status: 101, echo: true });
  });

  const answers: [
    what: string,
    location: string,
    spec: BackendSpec,
    kind: string,
    status: number | null,
    log: string,
  ][] = [
    [
      'a TLS alert in plain goes to the client as it is',
      'proxy_pass http://127.0.0.2:3000;',
      { kind: 'tls-alert', listen: '127.0.0.2:3000' },
      'raw',
      9,
      'upstream sent no valid HTTP/1.0 header while reading response header from upstream',
    ],
    [
      'gRPC behind proxy_pass',
      'proxy_pass http://127.0.0.2:3000;',
      { kind: 'grpc', listen: '127.0.0.2:3000' },
      'raw',
      9,
      'upstream sent no valid HTTP/1.0 header while reading response header from upstream',
    ],
    [
      'silence is a 504',
      'proxy_pass http://127.0.0.2:3000; proxy_read_timeout 200ms;',
      { kind: 'stall', listen: '127.0.0.2:3000', how: 'never-answers' },
      'response',
      504,
      'upstream timed out (110: Connection timed out) while reading response header from upstream',
    ],
    [
      'a full queue is a 504',
      'proxy_pass http://127.0.0.2:3000; proxy_connect_timeout 200ms;',
      { kind: 'full-backlog', listen: '127.0.0.2:3000' },
      'response',
      504,
      'upstream timed out (110: Connection timed out) while connecting to upstream',
    ],
    [
      'a body that stalls is cut',
      'proxy_pass http://127.0.0.2:3000; proxy_read_timeout 200ms;',
      { kind: 'echo', listen: '127.0.0.2:3000', stall: 'forever', bodySize: 10 },
      'cut',
      200,
      'upstream timed out (110: Connection timed out) while reading upstream',
    ],
    [
      'an alert in the handshake',
      'proxy_pass https://127.0.0.2:3000;',
      {
        kind: 'tls',
        listen: '127.0.0.2:3000',
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.2',
        requestCert: true,
      },
      'response',
      502,
      'SSL_do_handshake() failed (SSL: error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40) while SSL handshaking to upstream',
    ],
    [
      'an expired certificate',
      'proxy_pass https://127.0.0.2:3000; proxy_ssl_verify on; proxy_ssl_name backend.internal; proxy_ssl_trusted_certificate certs/ca.crt;',
      { kind: 'tls', listen: '127.0.0.2:3000', certificate: 'expired' },
      'response',
      502,
      'upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking to upstream',
    ],
    [
      'a missing intermediate',
      'proxy_pass https://127.0.0.2:3000; proxy_ssl_verify on; proxy_ssl_name backend.internal; proxy_ssl_trusted_certificate /etc/nginx/certs/ca.crt;',
      { kind: 'tls', listen: '127.0.0.2:3000', certificate: 'nochain' },
      'response',
      502,
      'upstream SSL certificate verify error: (21:unable to verify the first certificate) while SSL handshaking to upstream',
    ],
    [
      'fastcgi_pass to HTTP',
      'fastcgi_pass 127.0.0.2:3000;',
      { kind: 'echo', listen: '127.0.0.2:3000' },
      'response',
      502,
      'upstream sent unsupported FastCGI protocol version: 72 while reading response header from upstream',
    ],
    [
      'proxy_pass to FastCGI',
      'proxy_pass http://127.0.0.2:3000;',
      { kind: 'fastcgi', listen: '127.0.0.2:3000' },
      'response',
      502,
      'recv() failed (104: Connection reset by peer) while reading response header from upstream',
    ],
    [
      'big FastCGI headers',
      'include fastcgi_params; fastcgi_pass 127.0.0.2:3000;',
      { kind: 'fastcgi', listen: '127.0.0.2:3000', bigHeaders: 8000 },
      'response',
      502,
      'upstream sent too big header while reading response header from upstream',
    ],
    [
      'a FastCGI script that says why it failed',
      'include fastcgi_params; fastcgi_pass 127.0.0.2:3000;',
      { kind: 'fastcgi', listen: '127.0.0.2:3000', status: 500, stderr: 'PHP message: boom' },
      'response',
      500,
      'FastCGI sent in stderr: "PHP message: boom" while reading response header from upstream',
    ],
    [
      'a FastCGI worker that dies',
      'include fastcgi_params; fastcgi_pass 127.0.0.2:3000;',
      { kind: 'fastcgi', listen: '127.0.0.2:3000', fails: 'close' },
      'response',
      502,
      'upstream prematurely closed connection while reading response header from upstream',
    ],
    [
      'a FastCGI header cut in the middle',
      'include fastcgi_params; fastcgi_pass 127.0.0.2:3000;',
      { kind: 'fastcgi', listen: '127.0.0.2:3000', fails: 'partial-header' },
      'response',
      502,
      'upstream prematurely closed connection while reading response header from upstream',
    ],
    [
      'memcached_pass to HTTP',
      'set $memcached_key a; memcached_pass 127.0.0.2:3000;',
      {
        kind: 'raw-bytes',
        listen: '127.0.0.2:3000',
        when: 'bytes',
        text: 'HTTP/1.1 400 Bad Request\r\n\r\n',
      },
      'response',
      502,
      'memcached sent invalid response: "HTTP/1.1 400 Bad Request" while reading response header from upstream',
    ],
    [
      'a name that does not exist',
      'resolver 127.0.0.53:5353 valid=1s; set $b app.test; proxy_pass http://$b:3000;',
      { kind: 'dns', listen: '127.0.0.53:5353', names: { 'app.test': 'NXDOMAIN' } },
      'response',
      502,
      'app.test could not be resolved (3: Host not found)',
    ],
    [
      'a name server that fails',
      'resolver 127.0.0.53:5353; resolver_timeout 1s; set $b app.test; proxy_pass http://$b:3000;',
      { kind: 'dns', listen: '127.0.0.53:5353', names: { 'app.test': 'SERVFAIL' } },
      'response',
      502,
      'app.test could not be resolved (2: Server failure)',
    ],
  ];

  test.concurrent.for(answers.map((row, i) => [...row, i] as const))(
    '%s',
    async ([, location, spec, kind, status, message, lane], { onTestFinished }) => {
      const configuration = `events {}\nhttp { server { listen 127.0.0.1:8080; location / { ${location} } } }`;
      const { nginx } = await up(onTestFinished, 100 + lane, configuration, [spec]);
      const result = await http1(nginx.map('127.0.0.1:8080'));
      expect(result.kind).toBe(kind);
      expect((await logged(nginx)).map((line) => line.message)).toEqual([message]);
      expect(nginx.access()[0]!.status).toBe(status);
    },
  );

  const working: [what: string, location: string, spec: BackendSpec, body: string][] = [
    ['tls', 'proxy_pass https://127.0.0.2:3000;', { kind: 'tls', listen: '127.0.0.2:3000' }, '"GET"'],
    [
      'tls, verified by its chain',
      'proxy_pass https://127.0.0.2:3000; proxy_ssl_verify on; proxy_ssl_verify_depth 2; proxy_ssl_name backend.internal; proxy_ssl_trusted_certificate certs/ca.crt;',
      { kind: 'tls', listen: '127.0.0.2:3000', certificate: 'chain' },
      '"GET"',
    ],
    [
      'echo on a unix socket',
      'proxy_pass http://unix:/run/a/b.sock:/;',
      { kind: 'echo', listen: 'unix:/run/a/b.sock' },
      '"GET"',
    ],
    [
      'fastcgi',
      'include fastcgi_params; fastcgi_param LONG "$args"; fastcgi_pass unix:/run/php/fpm.sock;',
      { kind: 'fastcgi', listen: 'unix:/run/php/fpm.sock' },
      '["REQUEST_URI","/a?',
    ],
    [
      'uwsgi',
      'include uwsgi_params; uwsgi_pass 127.0.0.2:3000;',
      { kind: 'uwsgi', listen: '127.0.0.2:3000' },
      '["REQUEST_URI","/a?',
    ],
    [
      'scgi',
      'include scgi_params; scgi_pass 127.0.0.2:3000;',
      { kind: 'scgi', listen: '127.0.0.2:3000' },
      '["REQUEST_URI","/a?',
    ],
    [
      'memcached',
      'set $memcached_key key; memcached_pass 127.0.0.2:3000;',
      { kind: 'memcached', listen: '127.0.0.2:3000', values: { key: 'value' } },
      'value',
    ],
  ];

  test.concurrent.for(working.map((row, i) => [...row, i] as const))(
    'works: %s',
    async ([, location, spec, body, lane], { onTestFinished }) => {
      const configuration = `events {}\nhttp { server { listen 127.0.0.1:8080; location / { ${location} } } }`;
      const { nginx, backends } = await up(onTestFinished, 150 + lane, configuration, [spec]);
      const path = `/a?${'x'.repeat(300)}`;
      const result = await http1(nginx.map('127.0.0.1:8080'), { path });
      expect(result).toMatchObject({ kind: 'response', status: 200, body: expect.stringContaining(body) });
      expect(backends[0]!.received).toHaveLength(1);
      expect(nginx.logLines()).toEqual([]);
    },
  );

  test('a body arrives through every protocol, and fastcgi_keep_conn keeps the connection', async ({
    onTestFinished,
  }) => {
    const configuration = `events {}
      http {
        upstream php { server 127.0.0.2:9000; keepalive 2; }
        server {
          listen 127.0.0.1:8080;
          location /fastcgi { include fastcgi_params; fastcgi_pass php; fastcgi_keep_conn on; }
          location /uwsgi { include uwsgi_params; uwsgi_pass 127.0.0.2:9001; }
          location /scgi { include scgi_params; scgi_pass 127.0.0.2:9002; }
          location /chunked { proxy_pass http://127.0.0.2:9003; proxy_http_version 1.1; proxy_request_buffering off; }
        }
      }`;
    const { nginx, backends } = await up(onTestFinished, 160, configuration, [
      { kind: 'fastcgi', listen: '127.0.0.2:9000' },
      { kind: 'uwsgi', listen: '127.0.0.2:9001' },
      { kind: 'scgi', listen: '127.0.0.2:9002' },
      { kind: 'close', listen: '127.0.0.2:9003', when: 'request' },
    ]);
    const body = 'y'.repeat(100_000);
    const send = (path: string) => http1(nginx.map('127.0.0.1:8080'), { method: 'POST', path, body });
    for (const path of ['/fastcgi', '/fastcgi', '/uwsgi', '/scgi'])
      expect(await send(path)).toMatchObject({ status: 200 });
    expect(await send('/chunked')).toMatchObject({ status: 502 });
    const received = backends.map((backend) => backend.received);
    expect(received.map(([first]) => first!.body)).toEqual([body, body, body, body]);
    expect(received[0]!.map((request) => request.connection)).toEqual([1, 1]);
  });

  test('gRPC through grpc_pass', async ({ onTestFinished }) => {
    const server = (port: number) => `server { listen 127.0.0.1:${port} http2; location / { grpc_pass`;
    const configuration = `events {}\nhttp {
      ${server(8080)} grpc://127.0.0.2:50051; } }
      ${server(8081)} grpcs://127.0.0.2:50052; } }
      ${server(8082)} grpc://127.0.0.2:50053; } }
      ${server(8083)} grpc://127.0.0.2:50054; } }
    }`;
    const { nginx } = await up(onTestFinished, 161, configuration, [
      { kind: 'grpc', listen: '127.0.0.2:50051' },
      { kind: 'grpc', listen: '127.0.0.2:50052', tls: true },
      { kind: 'grpc', listen: '127.0.0.2:50053', behaviour: 'rst' },
      { kind: 'echo', listen: '127.0.0.2:50054' },
    ]);
    const call = (port: number) => grpc(nginx.map(`127.0.0.1:${port}`));
    expect(await call(8080)).toMatchObject({ kind: 'response', status: 200, grpcStatus: '0' });
    expect(await call(8081)).toMatchObject({ kind: 'response', status: 200, grpcStatus: '0' });
    expect(await call(8082)).toMatchObject({ kind: 'response', status: 502, grpcStatus: null });
    expect(await call(8083)).toMatchObject({ kind: 'response', status: 502, grpcStatus: null });
    expect(nginx.logLines().map((line) => normaliseMessage(line).message)).toEqual([
      'upstream rejected request with error 2 while reading response header from upstream',
      'upstream sent too large http2 frame: 4740180 while reading response header from upstream',
    ]);
  });

  test('a pooled connection that went stale costs a POST, not a GET', async ({ onTestFinished }) => {
    const pool = 'proxy_http_version 1.1; proxy_set_header Connection "";';
    const configuration = `events {}\nhttp {
      upstream u { server 127.0.0.2:3000; keepalive 4; }
      server { listen 127.0.0.1:8080; location / { proxy_pass http://u; ${pool} } }
    }`;
    const spec: BackendSpec = { kind: 'stale-keepalive', listen: '127.0.0.2:3000', how: 'fin' };
    const { nginx } = await up(onTestFinished, 162, configuration, [spec]);
    const send = (method: string) => http1(nginx.map('127.0.0.1:8080'), { method, body: 'x' });
    expect(await send('GET')).toMatchObject({ status: 200 });
    expect(await send('GET')).toMatchObject({ status: 200 });
    expect(await send('POST')).toMatchObject({ status: 502 });
    expect(await nginx.waitForAccess(3)).toBe(true);
    expect(nginx.access().map((record) => record.upstreamStatus)).toEqual(['200', '502, 200', '502']);
  });

  test.runIf(process.getuid?.() === 0)('a socket that the worker may not use', async ({ onTestFinished }) => {
    const spec: BackendSpec = { kind: 'unix-socket', listen: 'unix:/run/app.sock', state: 'forbidden' };
    const configuration = `user www-data;\n${proxy('http://unix:/run/app.sock')}`;
    const { nginx } = await up(onTestFinished, 163, configuration, [spec]);
    expect(await http1(nginx.map('127.0.0.1:8080'))).toMatchObject({ status: 502 });
    expect((await logged(nginx))[0]).toEqual({
      level: 'crit',
      message: 'connect() to unix:/run/app.sock failed (13: Permission denied) while connecting to upstream',
    });
  });

  // Port 80 is for root.
  test.runIf(process.getuid?.() === 0)(
    'a whole tree: its own logs, includes, wildcard listens and files of the distribution',
    async ({ onTestFinished }) => {
      const { nginx } = await up(onTestFinished, 164, {
        'nginx.conf': `user nginx;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log warn;
events { worker_connections 64; }
http {
    include /etc/nginx/mime.types;
    log_format main '$remote_addr';
    access_log /var/log/nginx/access.log main;
    proxy_temp_path /var/cache/nginx/proxy;
    include /etc/nginx/conf.d/*.conf;
}
`,
        'conf.d/a.conf': `server {
    listen 80 default_server;
    listen [::]:80 default_server ipv6only=on;
    access_log off;
    access_log /var/log/nginx/a.log;
    location = /ok { return 204; }
    location / { proxy_pass http://127.0.0.2:3000; }
}
`,
      });
      expect(await http1(nginx.map('127.0.0.1:80'), { path: '/ok' })).toMatchObject({ status: 204 });
      expect(await http1(nginx.map('127.0.0.1:80'), { path: '/no' })).toMatchObject({ status: 502 });
      expect(await nginx.waitForAccess(2)).toBe(true);
      expect(nginx.access()).toMatchObject([
        { status: 204, request: 'GET /ok HTTP/1.1' },
        { status: 502, request: 'GET /no HTTP/1.1', upstreamAddr: '127.0.0.2:3000' },
      ]);
      expect(nginx.logLines()).toHaveLength(1);
    },
  );

  test('a configuration that nginx refuses', async ({ onTestFinished }) => {
    const source = { 'nginx.conf': proxy('h2://127.0.0.2:3000') };
    const nginx = await NginxInstance.create({ source, lane: LANE + 165 });
    onTestFinished(() => nginx.stop());
    const refusal = 'nginx: [emerg] invalid URL prefix in /etc/nginx/nginx.conf:6';
    const result = await nginx.test();
    expect(result.ok).toBe(false);
    expect(result.output).toContain(refusal);
    expect(await nginx.start()).toEqual({ ok: false, refusal });
  });

  test('-t: good files pass, and names are not found, as in a closed network', async ({ onTestFinished }) => {
    const good = await NginxInstance.create({
      source: { 'nginx.conf': proxy('http://127.0.0.2:3000') },
      lane: LANE + 166,
    });
    onTestFinished(() => good.stop());
    expect(await good.test()).toMatchObject({
      ok: true,
      output: expect.stringContaining('test is successful'),
    });
    expect(good.logLines()).toEqual([]);
    const named = await NginxInstance.create({
      source: { 'nginx.conf': proxy('http://nginx.org') },
      lane: LANE + 167,
    });
    onTestFinished(() => named.stop());
    expect(await named.test()).toMatchObject({
      ok: false,
      output: expect.stringContaining('host not found in upstream "nginx.org" in /etc/nginx/nginx.conf:6'),
    });
  });

  test('an address that is taken', async ({ onTestFinished }) => {
    const spec: BackendSpec = { kind: 'echo', listen: '127.0.0.1:8080' };
    const nginx = await NginxInstance.create({
      source: { 'nginx.conf': proxy('http://127.0.0.2:1') },
      lane: LANE + 168,
    });
    onTestFinished(() => nginx.stop());
    for (const backend of await startBackends([nginx.mapSpec(spec)])) onTestFinished(() => backend.stop());
    const result = await nginx.start();
    expect(result).toMatchObject({ ok: false });
    expect(!result.ok && result.refusal).toContain(
      '[emerg] bind() to 127.0.0.1:8080 failed (98: Address already in use)',
    );
  });

  test('stop leaves nothing behind but the logs in memory', async () => {
    const nginx = await NginxInstance.create({
      source: { 'nginx.conf': proxy('http://127.0.0.2:3000') },
      lane: LANE + 169,
      logLevel: 'info',
    });
    expect(await nginx.start()).toEqual({ ok: true });
    const pid = Number(readFileSync(join(nginx.tmp, 'nginx.pid'), 'utf8'));
    await http1(nginx.map('127.0.0.1:8080'));
    await nginx.stop();
    await nginx.stop();
    expect(existsSync(nginx.tmp)).toBe(false);
    expect(() => process.kill(-pid, 0)).toThrow('ESRCH');
    expect(nginx.logLines().length).toBeGreaterThan(0);
    expect(nginx.access()).toMatchObject([{ status: 502 }]);
  });

  test('a request that hangs does not hold up the stop', async () => {
    const { nginx, backends } = await up(() => {}, 170, proxy('http://127.0.0.2:3000'), [
      { kind: 'stall', listen: '127.0.0.2:3000', how: 'never-answers' },
    ]);
    const pending = http1(nginx.map('127.0.0.1:8080'));
    await expect.poll(() => backends[0]!.received).toHaveLength(1);
    const since = Date.now();
    await nginx.stop();
    expect(Date.now() - since).toBeLessThan(2000);
    expect((await pending).kind).toBe('closed');
    await backends[0]!.stop();
  });
});
