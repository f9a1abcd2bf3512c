import { execFile } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { BACKEND_KINDS, type Backend, type BackendSpec, startBackend, startBackends } from './backends.ts';
import { grpc, http1, webSocket } from './client.ts';
import type { Echo } from './http-answer.ts';

const tmp = mkdtempSync(join(tmpdir(), 'nginx-502-backends-'));
afterAll(() => rmSync(tmp, { recursive: true, force: true }));

let lastPort = 20_000;
/** The fixtures' lanes are in other networks. */
const next = () => `127.99.1.1:${++lastPort}`;
const socket = () => `unix:${tmp}/${++lastPort}.sock`;

type Spec<Kind> = Omit<Extract<BackendSpec, { kind: Kind }>, 'kind' | 'listen'>;

/** Starts a backend for one test. */
async function start<Kind extends BackendSpec['kind']>(
  cleanup: (stop: () => Promise<void>) => void,
  kind: Kind,
  options: Spec<Kind>,
  listen = next(),
): Promise<{ to: string; backend: Backend }> {
  const backend = await startBackend({ kind, listen, ...options } as unknown as BackendSpec);
  cleanup(() => backend.stop());
  return { to: listen, backend };
}

const post = { method: 'POST', body: 'x=1', timeoutMs: 400 };

describe.concurrent('backends', () => {
  test('echo records and answers what it got', async ({ onTestFinished }) => {
    const { to, backend } = await start(onTestFinished, 'echo', {
      headers: [
        ['X-A', '1'],
        ['X-A', '2'],
      ],
    });
    const result = await http1(to, { ...post, path: '/p?q', headers: { 'X-Twice': 'b' } });
    expect(result).toMatchObject({ kind: 'response', status: 200 });
    expect(result.headers.filter(([name]) => name === 'X-A')).toEqual([
      ['X-A', '1'],
      ['X-A', '2'],
    ]);
    const echo = JSON.parse(result.body) as Echo;
    expect(echo).toMatchObject({ method: 'POST', url: '/p?q', httpVersion: '1.1', body: 'x=1' });
    expect(echo.headers).toContainEqual(['X-Twice', 'b']);
    expect(backend.received).toMatchObject([
      { requestLine: 'POST /p?q HTTP/1.1', body: 'x=1', protocol: 'http/1', connection: 1 },
    ]);
  });

  test('echo answers by path, late, big, by halves', async ({ onTestFinished }) => {
    const { to } = await start(
      onTestFinished,
      'echo',
      {
        status: 404,
        paths: {
          '/api': { body: 'api' },
          '/api/big': { bigHeaders: 5000 },
          '/slow': { delayMs: 60 },
          '/half': { stall: 'forever', bodySize: 10 },
          '/late': { stall: 30, bodySize: 10 },
        },
      },
      socket(),
    );
    const get = (path: string) => http1(to, { path, timeoutMs: 300 });
    expect(await get('/')).toMatchObject({ status: 404 });
    expect(await get('/api/x')).toMatchObject({ status: 200, body: 'api' });
    const headers = (await get('/api/big')).headers.filter(([name]) => name === 'Set-Cookie');
    expect(headers.join('').length).toBeGreaterThan(4900);
    expect((await get('/slow')).ms).toBeGreaterThan(50);
    expect(await get('/half')).toMatchObject({ kind: 'timeout', status: 200, body: 'xxxxx' });
    expect(await get('/late')).toMatchObject({ kind: 'response', body: 'xxxxxxxxxx' });
  });

  test('websocket', async ({ onTestFinished }) => {
    const { to } = await start(onTestFinished, 'websocket', { pingMs: 20 });
    expect(await webSocket(to, { idleMs: 50 })).toMatchObject({ kind: 'response', status: 101, echo: true });
    expect(await webSocket(to, { version: '1.0' })).toMatchObject({ status: 101, echo: true });
    expect(await webSocket(to, { headers: { Upgrade: null } })).toMatchObject({ status: 426, echo: false });
    expect(await http1(to)).toMatchObject({ status: 426 });
    const strict = await start(onTestFinished, 'websocket', { strict: true });
    expect(await webSocket(strict.to, { version: '1.0' })).toMatchObject({ status: 400, echo: false });
  });

  test('refuse', async ({ onTestFinished }) => {
    const { to } = await start(onTestFinished, 'refuse', {});
    expect(await http1(to)).toMatchObject({ kind: 'closed', error: 'ECONNREFUSED' });
    await start(onTestFinished, 'echo', {}, to);
    await expect(startBackend({ kind: 'refuse', listen: to })).rejects.toThrow('EADDRINUSE');
  });

  test('close', async ({ onTestFinished }) => {
    for (const when of ['accept', 'request', 'partial-header'] as const) {
      const { to } = await start(onTestFinished, 'close', { when });
      expect(await http1(to)).toMatchObject({
        kind: when === 'partial-header' ? 'cut' : 'closed',
        error: null,
      });
    }
  });

  test('reset', async ({ onTestFinished }) => {
    for (const when of ['accept', 'request', 'request-body', 'response-body'] as const) {
      const { to } = await start(onTestFinished, 'reset', { when });
      const result = await http1(to, { method: 'POST', body: 'x'.repeat(60_000) });
      expect(result).toMatchObject({ kind: when === 'response-body' ? 'cut' : 'closed' });
      expect(result.error).toMatch(/ECONNRESET|EPIPE/);
    }
  });

  test('body-limit', async ({ onTestFinished }) => {
    const { to } = await start(onTestFinished, 'body-limit', { bytes: 1000 });
    const post = (size: number) => http1(to, { method: 'POST', body: 'x'.repeat(size) });
    expect(await post(1000)).toMatchObject({ status: 200, body: 'taken' });
    const refused = await post(1001);
    expect(refused).toMatchObject({ kind: 'closed' });
    expect(refused.error).toMatch(/ECONNRESET|EPIPE/);
  });

  test('stall', async ({ onTestFinished }) => {
    for (const how of ['never-answers', 'never-reads'] as const) {
      const { to, backend } = await start(onTestFinished, 'stall', { how });
      expect(await http1(to, { timeoutMs: 100 })).toMatchObject({ kind: 'timeout' });
      expect(backend.received).toHaveLength(how === 'never-answers' ? 1 : 0);
    }
  });

  test('raw-bytes', async ({ onTestFinished }) => {
    const text = 'HTTP/1.1 200 OK\r\nX Bad: 1\r\n\r\n\xff';
    const { to, backend } = await start(onTestFinished, 'raw-bytes', { text });
    expect((await http1(to, post)).body).toBe('\xff');
    expect(backend.received).toMatchObject([{ requestLine: 'POST / HTTP/1.1', body: 'x=1' }]);
    const base64 = Buffer.from('hi').toString('base64');
    const first = await start(onTestFinished, 'raw-bytes', { base64, when: 'accept', hold: true });
    expect(await http1(first.to, { timeoutMs: 100 })).toMatchObject({
      kind: 'raw',
      body: 'hi',
    });
    await expect(startBackend({ kind: 'raw-bytes', listen: next() })).rejects.toThrow('either');
  });

  test('big-headers', async ({ onTestFinished }) => {
    const { to } = await start(onTestFinished, 'big-headers', { bytes: 3000 });
    const { headers, body } = await http1(to);
    expect(body).toBe('ok');
    expect(headers.map((pair) => pair.join(': ')).join('\r\n').length).toBeGreaterThan(2990);
  });

  test('stale-keepalive', async ({ onTestFinished }) => {
    for (const how of ['fin', 'rst', 'idle', 'idle-408'] as const) {
      const { to, backend } = await start(onTestFinished, 'stale-keepalive', { how, idleMs: 30 });
      const { first, rest } = await twoRequests(to, how.startsWith('idle') ? 60 : 0);
      expect(first).toContain('HTTP/1.1 200 OK');
      expect(rest).toBe(how === 'idle-408' ? 'HTTP/1.1 408' : '');
      expect(backend.received.map((request) => request.connection)).toEqual(
        how.startsWith('idle') ? [1] : [1, 1],
      );
      expect(await http1(to)).toMatchObject({ status: 200, body: 'ok' });
    }
  });

  test('a client comes back after an idle time, whether it is still heard or not', async ({
    onTestFinished,
  }) => {
    const { to, backend } = await start(onTestFinished, 'stale-keepalive', { how: 'idle', idleMs: 300 });
    expect(await http1(to, { afterIdleMs: 10 })).toMatchObject({ kind: 'response', status: 200, body: 'ok' });
    expect(backend.received.map(({ connection }) => connection)).toEqual([1, 1]);
    expect(await http1(to, { afterIdleMs: 600 })).toMatchObject({ kind: 'closed', status: null, body: '' });
    expect(backend.received.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  test('tls', async ({ onTestFinished }) => {
    const serverName = 'backend.internal';
    for (const certificate of ['self', 'good', 'other', 'expired', 'chain', 'nochain'] as const) {
      const { to, backend } = await start(onTestFinished, 'tls', { certificate });
      expect(await http1(to, { tls: { serverName } })).toMatchObject({ status: 200 });
      expect(await http1(to, { tls: {} })).toMatchObject({ status: 200 });
      expect(backend.received.map((request) => request.serverName)).toEqual([serverName, null]);
    }
    const named = await start(onTestFinished, 'tls', { sniRequired: true });
    expect(await http1(named.to, { tls: { serverName } })).toMatchObject({ status: 200 });
    expect(await http1(named.to, { tls: {} })).toMatchObject({
      kind: 'closed',
      error: expect.stringContaining('SSL'),
    });
    const old = await start(onTestFinished, 'tls', {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    });
    expect(await http1(old.to, { tls: {} })).toMatchObject({ error: expect.stringContaining('SSL') });
    const mutual = await start(onTestFinished, 'tls', { requestCert: true });
    expect((await http1(mutual.to, { tls: {} })).kind).toBe('closed');
  });

  test('tls to a client that talks plain', async ({ onTestFinished }) => {
    const kinds = { close: 'closed', '400': 'response', alert: 'raw' } as const;
    for (const toPlain of ['close', '400', 'alert'] as const) {
      const { to } = await start(onTestFinished, 'tls', { toPlain });
      expect(await http1(to)).toMatchObject({ kind: kinds[toPlain] });
    }
    const { to } = await start(onTestFinished, 'tls-alert', { alert: 40 });
    expect(await http1(to)).toMatchObject({ kind: 'raw', body: '\x15\x03\x01\0\x02\x02\x28' });
    expect(await http1(to, { tls: {} })).toMatchObject({
      kind: 'closed',
      error: expect.stringContaining('ALERT'),
    });
  });

  test('h2c and grpc', async ({ onTestFinished }) => {
    const h2c = await start(onTestFinished, 'h2c', {});
    expect(await grpc(h2c.to)).toMatchObject({
      kind: 'response',
      status: 200,
      body: 'h2c ok',
      grpcStatus: null,
    });
    expect(await http1(h2c.to)).toMatchObject({ kind: 'raw' });
    const ok = await start(onTestFinished, 'grpc', { grpcStatus: 5 });
    expect(await grpc(ok.to, { headers: { 'x-a': 'b' } })).toMatchObject({
      kind: 'response',
      grpcStatus: '5',
    });
    expect(ok.backend.received).toMatchObject([
      { requestLine: 'POST /pkg.Service/Call HTTP/2', protocol: 'h2', body: '\0\0\0\0\0' },
    ]);
    expect(ok.backend.received[0]!.headers).toContainEqual(['x-a', 'b']);
    for (const behaviour of ['goaway', 'rst', 'refused'] as const) {
      const { to } = await start(onTestFinished, 'grpc', { behaviour });
      expect(await grpc(to)).toMatchObject({ kind: 'closed', status: null });
    }
    const slow = await start(onTestFinished, 'grpc', { behaviour: 'slow', delayMs: 200 });
    expect(await grpc(slow.to, { timeoutMs: 50 })).toMatchObject({ kind: 'timeout' });
    const big = await start(onTestFinished, 'grpc', { behaviour: 'big-metadata' });
    expect(JSON.stringify((await grpc(big.to)).headers).length).toBeGreaterThan(6000);
    const tls = await start(onTestFinished, 'grpc', { tls: true });
    expect(await grpc(tls.to, { tls: {} })).toMatchObject({ kind: 'response', grpcStatus: '0' });
  });

  test('gateways, to a client that speaks HTTP', async ({ onTestFinished }) => {
    for (const kind of ['fastcgi', 'uwsgi', 'scgi'] as const) {
      const { to, backend } = await start(onTestFinished, kind, {});
      const result = await http1(to);
      expect(result).toMatchObject({ kind: 'closed', error: kind === 'fastcgi' ? 'ECONNRESET' : null });
      expect(backend.received).toMatchObject([
        { protocol: 'raw', body: expect.stringContaining('GET / HTTP/1.1') },
      ]);
    }
  });

  test('databases and banners, to a client that speaks HTTP', async ({ onTestFinished }) => {
    for (const kind of ['redis', 'memcached'] as const) {
      expect(await http1((await start(onTestFinished, kind, {})).to)).toMatchObject({ kind: 'closed' });
    }
    for (const service of ['ssh', 'mysql', 'smtp', 'amqp'] as const) {
      expect(await http1((await start(onTestFinished, 'banner', { service })).to)).toMatchObject({
        kind: 'raw',
      });
    }
  });

  test('picky servers', async ({ onTestFinished }) => {
    const only = await start(onTestFinished, 'http11-only', {});
    expect(await http1(only.to)).toMatchObject({ status: 200 });
    expect(await http1(only.to, { version: '1.0' })).toMatchObject({ status: 426 });
    const closes = await start(onTestFinished, 'http11-only', { refusal: 'close' });
    expect(await http1(closes.to, { version: '1.0' })).toMatchObject({ kind: 'closed' });
    const strict = await start(onTestFinished, 'strict-host', {});
    expect(await http1(strict.to)).toMatchObject({ status: 200 });
    expect(await http1(strict.to, { host: 'my_app' })).toMatchObject({ status: 400 });
    const listed = await start(onTestFinished, 'strict-host', { hosts: ['a.test'], status: 421 });
    expect(await http1(listed.to, { host: 'a.test' })).toMatchObject({ status: 200 });
    expect(await http1(listed.to, { host: 'b.test' })).toMatchObject({ status: 421 });
    const proxied = await start(onTestFinished, 'proxy-protocol', {});
    expect(await http1(proxied.to)).toMatchObject({ kind: 'closed' });
    const preamble = 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n';
    expect(await http1(proxied.to, { preamble })).toMatchObject({ status: 200 });
    const early = await start(onTestFinished, 'early-answer', {});
    expect(await http1(early.to, { ...post, withholdBody: true })).toMatchObject({ status: 413 });
  });

  test('dns', async ({ onTestFinished }) => {
    const { to, backend } = await start(onTestFinished, 'dns', {
      names: {
        'two.test': ['127.0.0.2', '::1', '127.0.0.3'],
        '*.wild.test': ['fe80::1:2'],
        'gone.test': 'NXDOMAIN',
        'broken.test': 'SERVFAIL',
        'refused.test': 'REFUSED',
        'silent.test': 'timeout',
      },
    });
    const resolver = new Resolver({ timeout: 100, tries: 1 });
    resolver.setServers([to]);
    expect(await resolver.resolve4('two.test')).toEqual(['127.0.0.2', '127.0.0.3']);
    expect(await resolver.resolve6('two.test')).toEqual(['::1']);
    expect(await resolver.resolve6('a.b.wild.test')).toEqual(['fe80::1:2']);
    expect(await resolver.resolve4('other.test')).toEqual(['127.99.1.1']);
    await expect(resolver.resolve4('gone.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve4('broken.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    await expect(resolver.resolve4('refused.test')).rejects.toMatchObject({ code: 'EREFUSED' });
    await expect(resolver.resolve4('silent.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
    expect(backend.received.slice(0, 2).map((query) => query.requestLine)).toEqual([
      'A two.test',
      'AAAA two.test',
    ]);
  });

  test('unix sockets', async ({ onTestFinished }) => {
    const errors = {
      missing: 'ENOENT',
      'left-over': 'ECONNREFUSED',
      'regular-file': 'ECONNREFUSED',
      'not-a-directory': 'ENOTDIR',
      full: 'EAGAIN',
    };
    for (const [state, error] of Object.entries(errors)) {
      const listen = `unix:${tmp}/${state}/a.sock`;
      const { to } = await start(
        onTestFinished,
        'unix-socket',
        { state: state as keyof typeof errors },
        listen,
      );
      expect(await http1(to)).toMatchObject({ kind: 'closed', error });
    }
    const { to } = await start(onTestFinished, 'unix-socket', { state: 'forbidden' }, socket());
    const root = process.getuid?.() === 0;
    expect(await http1(to)).toMatchObject(root ? { status: 200 } : { error: 'EACCES' });
  });

  test('full-backlog', async ({ onTestFinished }) => {
    const { to } = await start(onTestFinished, 'full-backlog', {});
    expect(await http1(to, { timeoutMs: 200 })).toMatchObject({ kind: 'timeout' });
  });

  test('full-backlog that frees itself after the first connection in vain', async ({ onTestFinished }) => {
    const { to } = await start(onTestFinished, 'full-backlog', { frees: 500 });
    expect(await http1(to, { timeoutMs: 4000 })).toMatchObject({ status: 200 });
  });

  test('the client has no more than twenty requests under way', async ({ onTestFinished }) => {
    const { to, backend } = await start(onTestFinished, 'stall', { how: 'never-answers' });
    const all = Array.from({ length: 25 }, () => http1(to, { timeoutMs: 300 }));
    await expect.poll(() => backend.received.length).toBeGreaterThan(0);
    expect(backend.received.length).toBeLessThanOrEqual(20);
    await Promise.all(all);
    expect(backend.received).toHaveLength(25);
  });

  test('only loopback addresses are bound', async () => {
    for (const listen of [
      '0.0.0.0:80',
      '10.0.0.1:80',
      '[::]:80',
      'localhost:80',
      '127.0.0.1',
      '127.0.0.256:1',
      '80',
    ]) {
      await expect(startBackend({ kind: 'echo', listen })).rejects.toThrow(/loopback|no such address/);
      await expect(startBackend({ kind: 'dns', listen })).rejects.toThrow(/loopback|no such address/);
    }
  });

  test('when one of several does not start, none is left', async ({ onTestFinished }) => {
    const to = next();
    const bad = { kind: 'nonsense', listen: next() } as unknown as BackendSpec;
    await expect(startBackends([{ kind: 'echo', listen: to }, bad])).rejects.toThrow(
      'unknown kind of backend "nonsense"',
    );
    await start(onTestFinished, 'refuse', {}, to);
  });
});

/** One spec of every kind; the compiler sees to it that none is forgotten. */
const EVERY_KIND: { [Kind in BackendSpec['kind']]: Spec<Kind> } = {
  banner: { service: 'ssh' },
  'big-headers': { bytes: 8000 },
  'body-limit': { bytes: 1000 },
  close: { when: 'accept' },
  dns: {},
  'early-answer': {},
  echo: {},
  fastcgi: {},
  'full-backlog': {},
  grpc: { tls: true },
  h2c: {},
  'http11-only': {},
  memcached: {},
  'proxy-protocol': {},
  'raw-bytes': { text: '' },
  redis: {},
  refuse: {},
  reset: { when: 'accept' },
  scgi: {},
  'stale-keepalive': { how: 'idle', idleMs: 60_000 },
  stall: { how: 'never-answers' },
  'strict-host': {},
  tls: {},
  'tls-alert': {},
  'unix-socket': { state: 'full' },
  uwsgi: {},
  websocket: { pingMs: 10 },
};

test('a process that starts and stops every kind, with a client connected, comes to its end', async () => {
  const specs = Object.entries(EVERY_KIND).map(([kind, options]) => {
    const listen = kind === 'unix-socket' ? socket() : next();
    return { kind, listen, ...options };
  });
  expect(specs.map(({ kind }) => kind)).toEqual(BACKEND_KINDS);
  const program = `
    import { connect } from 'node:net';
    import { startBackends } from './backends.ts';
    const specs = ${JSON.stringify(specs)};
    const backends = await startBackends(specs);
    const clients = specs.map(({ listen }) => {
      const [host, port] = listen.split(':');
      const socket = connect(host === 'unix' ? { path: port } : { host, port: Number(port) });
      socket.on('error', () => {});
      socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n');
      return socket;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await Promise.all(backends.map((backend) => backend.stop()));
    await Promise.all(backends.map((backend) => backend.stop()));
    for (const client of clients) client.destroy();
    console.log('stopped');
  `;
  const outfile = join(tmp, 'all.mjs');
  const resolveDir = import.meta.dirname;
  await build({
    stdin: { contents: program, resolveDir },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
  });
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], { timeout: 20_000 });
  expect(stdout).toBe('stopped\n');
});

/** Two requests on one connection, the second after a pause; of the answer to the second, the first 12 characters. */
async function twoRequests(to: string, pauseMs: number): Promise<{ first: string; rest: string }> {
  const [host, port] = to.split(':');
  const connection: Socket = connect({ host: host!, port: Number(port) });
  const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  let text = '';
  let first: string | null = null;
  connection.write(request);
  return new Promise((resolve) => {
    connection.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (first !== null || !text.endsWith('ok')) return;
      first = text;
      text = '';
      if (pauseMs === 0) connection.write(request);
    });
    connection.on('error', () => {});
    connection.on('close', () => resolve({ first: first ?? '', rest: text.slice(0, 12) }));
  });
}
