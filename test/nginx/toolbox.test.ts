import { describe, expect, test } from 'vitest';
import { type Backend, type BackendSpec, startBackends } from '../../test-fixtures/toolbox/backends.ts';
import { http1, webSocket } from '../../test-fixtures/toolbox/client.ts';
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
});
