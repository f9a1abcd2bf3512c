import { describe, expect, test } from 'vitest';
import type { Explain, Explanation } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

/** What is said where a paste holds little: a message alone, a message typed anew, the log of another program. */

async function explained(text: string, content?: string): Promise<Explain> {
  const model =
    content === undefined
      ? null
      : await modelOfTexts({ '/etc/nginx/nginx.conf': `events {}\nhttp {\n${content}\n}\n` });
  const explainer = new LogExplainer({ model });
  explainer.push(`${text}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []);
}

const first = async (text: string, content?: string): Promise<Explanation> => {
  const { groups } = await explained(text, content);
  expect(groups.length, text).toBeGreaterThan(0);
  return groups[0]!.explanation;
};

const ids = async (text: string, content?: string): Promise<string[]> =>
  (await first(text, content)).causes.map(({ id }) => id);

const line = (message: string, upstream: string, client = '198.51.100.7', pid = 4242): string =>
  `2026/01/31 03:00:00 [error] ${pid}#${pid}: *7 ${message}, client: ${client}, server: app.test, request: "GET /x HTTP/1.1", upstream: "${upstream}", host: "app.test"`;

describe('a message alone, as a title has it', () => {
  const TITLES: readonly (readonly [text: string, cause: string])[] = [
    ['auth request unexpected status: 304', 'auth-request-failed'],
    ['Error: "host not found in upstream \'php-fpm\'"', 'host-not-found-at-start'],
    ['could not be resolved (3: Host not found)', 'resolver-failed'],
    ['Error: zero length URI to proxy', 'invalid-upstream-variable'],
    ['too long http2 header value: "x-long: 1"', 'request-headers-too-big-for-backend'],
    ['invalid URL prefix in "http://"', 'invalid-upstream-variable'],
    ['invalid URL prefix in /etc/nginx/conf.d/app.conf:7', 'unsupported-upstream-scheme'],
    ['using uninitialized "backend" variable', 'invalid-upstream-variable'],
    ['broken header: "GET / HTTP/1.1" while reading PROXY protocol', 'proxy-protocol-mismatch'],
  ];
  test.each(TITLES)('%s', async (text, cause) => {
    expect((await ids(text))[0]).toBe(cause);
  });

  test('half of a message inside of prose', async () => {
    for (const text of [
      'nginx dies with rewrite or internal redirection cycle on my site',
      'it errors out, with "rewrite or internal redirection cycle while internally redirecting to <url>//".',
    ])
      expect((await ids(text))[0], text).toBe('internal-redirect-cycle');
  });

  test('a broken header of the PROXY protocol with line feeds in it', async () => {
    const end = '\u00c0+/" while reading PROXY protocol, client: 127.0.0.1, server: 0.0.0.0:443';
    for (const text of [end, `*182 broken header: "\u00fc\n\n${end}`])
      expect((await ids(text))[0], text).toBe('proxy-protocol-mismatch');
  });

  test('Lua code that runs when a worker starts', async () => {
    expect(
      (
        await ids(
          "[error] 4566#0: init_worker_by_lua error: /usr/lib/check.lua:9: attempt to index field 're'",
        )
      )[0],
    ).toBe('lua-error');
  });

  test('words of a person that only resemble one are none', async () => {
    for (const text of [
      'the auth request works now',
      'I changed the URI part of proxy_pass in /etc/nginx/conf.d/app.conf',
      'DNS works, http2 too',
      'could not be resolved by me',
      'Upstream is fine',
    ])
      expect((await explained(text)).groups, text).toEqual([]);
  });
});

describe('a message typed anew', () => {
  test.each([
    ['Upstream sent too big header while reading response header from upstream', 'response-header-too-big'],
    [
      'Upstream Prematurely Closed Connection While Reading Response Header From Upstream',
      'backend-closed-early',
    ],
    ['Connect() failed (111: Connection Refused) While Connecting To Upstream', 'backend-down'],
    ['Upstream Timed Out (110: Connection timed out) While Connecting to Upstream', 'connect-timeout'],
    [
      '[error] 7#7: *9 Upstream rejected request with error 2 while reading response header from upstream',
      'http2-stream-reset',
    ],
  ])('%s', async (text, cause) => {
    expect((await ids(text))[0]).toBe(cause);
  });

  test('a name that lost its quotes, or the end of the line', async () => {
    expect(await ids('[emerg] 1#1: host not found in upstream app.test in /etc/nginx/a.conf:26')).toContain(
      'host-not-found-at-start',
    );
    expect((await ids('Mar 02 21:17:37 pi nginx[441]: nginx: [emerg] host not found in upstre'))[0]).toBe(
      'host-not-found-at-start',
    );
  });
});

describe('the log of another program and no line of nginx', () => {
  const TIMEOUT = '[2026-01-31 03:00:00 +0000] [9] [CRITICAL] WORKER TIMEOUT (pid:12)';

  test('a cause that it speaks for, never a certain one', async () => {
    for (const [text, cause] of [
      [TIMEOUT, 'backend-worker-timeout'],
      [
        '[31-Jan-2026 03:00:00] WARNING: [pool www] child 9 exited on signal 11 (SIGSEGV) after 2 seconds',
        'backend-closed-early',
      ],
      [
        'Jan 31 03:00:00 host kernel: [1485.2] php-fpm[378]: segfault at 2c ip 00 sp 00 error 4',
        'backend-closed-early',
      ],
      [
        'type=AVC msg=audit(1.2:3): avc:  denied  { name_connect } for  pid=5 comm="nginx" dest=8081 tclass=tcp_socket',
        'selinux-denied',
      ],
    ] as const) {
      const { causes, message } = await first(text);
      expect(causes[0], text).toMatchObject({ id: cause, certainty: 'possible' });
      expect(message?.id, text).toMatch(/^(?:gunicorn|php-fpm|kernel|selinux)-line$/);
    }
  });

  test('an HTTP server behind uwsgi_pass or fastcgi_pass', async () => {
    const paste = `[2026-01-31 02:59:00 +0000] [9] [INFO] Listening at: http://127.0.0.1:8000 (9)\n${TIMEOUT}`;
    const passing = (pass: string): string => `server { location / { ${pass} } }`;
    expect((await ids(paste, passing('uwsgi_pass 127.0.0.1:8000;')))[0]).toBe('uwsgi-scgi-mismatch');
    expect((await ids(paste, passing('fastcgi_pass 127.0.0.1:8000;')))[0]).toBe(
      'fastcgi-pass-to-http-backend',
    );
    for (const right of ['proxy_pass http://127.0.0.1:8000;', 'uwsgi_pass 127.0.0.1:8001;'])
      expect((await ids(paste, passing(right)))[0], right).toBe('backend-worker-timeout');
  });

  test('lines that say nothing of a failure say nothing', async () => {
    for (const text of [
      '[2026-01-31 03:00:00 +0000] [9] [INFO] Starting gunicorn 23.0.0',
      '[31-Jan-2026 03:00:00] NOTICE: fpm is running, pid 1',
      'type=AVC msg=audit(1.2:3): avc:  denied  { read } for  pid=5 comm="sshd"',
    ])
      expect((await explained(text)).groups, text).toEqual([]);
  });

  test('beside a line of nginx they stay evidence for it', async () => {
    const { groups } = await explained(
      `${TIMEOUT}\n${line('upstream prematurely closed connection while reading response header from upstream', 'http://127.0.0.1:8000/x')}`,
    );
    expect(groups).toHaveLength(1);
    expect(groups[0]!.explanation.causes[0]!.id).toBe('backend-worker-timeout');
  });

  test('a crash that the kernel tells of is evidence for the reset', async () => {
    const { causes } = await first(
      `Jan 31 03:00:00 host kernel: [1485.2] php-fpm[378]: segfault at 2c ip 00 sp 00 error 4\n${line('recv() failed (104: Connection reset by peer) while reading response header from upstream', 'fastcgi://127.0.0.1:9000')}`,
    );
    expect(causes[0]!.id).toBe('backend-reset');
    expect(causes[0]!.because[0]).toBe('the kernel says so: php-fpm crashed with a segmentation fault');
  });
});

describe('what else it may be, where little speaks for anything', () => {
  const HEADER = 'while reading response header from upstream';
  const three = async (message: string, upstream: string): Promise<string[]> =>
    (await ids(line(message, upstream))).slice(0, 3);

  test('a reset', async () => {
    const reset = `recv() failed (104: Connection reset by peer) ${HEADER}`;
    expect(await three(reset, 'http://10.1.2.3:8080/x')).toEqual([
      'backend-reset',
      'plain-to-tls-backend',
      'backend-restarting',
    ]);
    expect(await three(reset, 'uwsgi://127.0.0.1:3031')).toEqual([
      'backend-reset',
      'request-headers-too-big-for-backend',
      'backend-worker-timeout',
    ]);
    expect(await three(reset, 'fastcgi://127.0.0.1:9000')).toEqual([
      'backend-reset',
      'backend-worker-timeout',
      'backend-restarting',
    ]);
  });

  test('a connection that was just being closed, by what the request tells', async () => {
    const closed = 'upstream prematurely closed connection while reading response header from upstream';
    // Without its request the line may be of a POST.
    expect((await ids(closed)).slice(0, 3)).toContain('stale-keepalive-connection');
    expect((await ids(line(closed, 'http://192.0.2.7:8080/x'))).slice(0, 3)).not.toContain(
      'stale-keepalive-connection',
    );
    // Each call of gRPC is a POST.
    const call = line(closed, 'grpc://192.0.2.7:50051').replace('GET /x HTTP/1.1', 'POST /a.B/C HTTP/2.0');
    expect((await ids(call)).slice(0, 2)).toEqual(['backend-closed-early', 'plain-to-tls-backend']);
  });

  test('an answer that was cut', async () => {
    for (const message of [
      'recv() failed (104: Connection reset by peer) while reading upstream',
      'upstream prematurely closed connection while reading upstream',
    ])
      expect(await three(message, 'http://10.1.2.3:8080/x')).toEqual([
        'response-cut',
        'backend-worker-timeout',
        'backend-restarting',
      ]);
  });

  test('no route to an IPv6 address', async () => {
    const found = await first(
      line(
        'connect() failed (113: No route to host) while connecting to upstream',
        'http://[2001:db8::1]:80/x',
      ),
    );
    expect(found.causes.map(({ id, certainty }) => `${id} ${certainty}`).slice(0, 2)).toEqual([
      'unreachable-host likely',
      'ipv6-mismatch possible',
    ]);
  });

  test('a refusal on the loopback address: a container need not show, and no name is behind it', async () => {
    const found = await ids(
      line(
        'connect() failed (111: Connection refused) while connecting to upstream',
        'http://127.0.0.1:3000/x',
      ),
    );
    expect(found.slice(0, 3)).toEqual(['backend-down', 'wrong-upstream-port', 'container-localhost']);
    expect(found).not.toContain('dns-resolved-once');
  });

  test('lines of the container image make it likely', async () => {
    const found = await first(
      `/docker-entrypoint.sh: Configuration complete; ready for start up\n${line('connect() failed (111: Connection refused) while connecting to upstream', 'http://127.0.0.1:3000/x', '198.51.100.7', 269)}`,
    );
    expect(found.causes[0]).toMatchObject({
      id: 'container-localhost',
      because: ["line 1 is of nginx's container image"],
    });
  });

  test('no live upstreams follows from servers that failed', async () => {
    const found = await first(line('no live upstreams while connecting to upstream', 'http://pool/x'));
    expect(found.causes.map(({ id }) => id)).toEqual(['no-live-upstreams', 'all-peers-down', 'backend-down']);
    expect(found.causes[2]!.because).toEqual([]);
  });

  test('a pool that is nothing but localhost', async () => {
    const found = await first(line('no live upstreams while connecting to upstream', 'http://localhost/x'));
    expect(found.causes.map(({ id }) => id).slice(0, 3)).toEqual([
      'no-live-upstreams',
      'ipv6-mismatch',
      'backend-down',
    ]);
    expect(found.causes[1]!.do).toContain('127.0.0.1');
  });

  test('a pool that is nothing but localhost, asked from inside a container', async () => {
    const none = line(
      'no live upstreams while connecting to upstream',
      'http://localhost/x',
      '172.18.0.1',
      24,
    );
    expect((await ids(none))[0]).toBe('container-localhost');
    const outside = line('no live upstreams while connecting to upstream', 'http://localhost/x');
    expect((await ids(outside))[0]).toBe('no-live-upstreams');
  });

  test('a body that only the location of a subrequest finds too large', async () => {
    const head = (level: string): string => `2026/01/31 03:00:00 [${level}] 4242#4242: *7`;
    const fields = 'client: 198.51.100.7, server: app.test, request: "POST /x HTTP/1.1"';
    const large = `${head('error')} client intended to send too large body: 2097153 bytes, ${fields}`;
    const auth = `${head('error')} auth request unexpected status: 413 while sending to client, ${fields}, host: "app.test"`;
    const own = await first(`${large}, host: "app.test"`);
    expect(own.causes).toEqual([]);
    expect(own.status.code).toBe('413');
    const inside = await first(`${large}, subrequest: "/auth", host: "app.test"\n${auth}`);
    expect(inside.causes[0]).toMatchObject({ id: 'auth-request-failed', certainty: 'likely' });
    expect(inside.causes[0]!.do).toMatch(/^Set client_max_body_size 0 in the location of auth_request/);
    expect(inside.status.code).toBe('500');
  });

  test('a request to a proxy names the port that nginx left out', async () => {
    const refused = 'connect() failed (111: Connection refused) while connecting to upstream';
    const asked = (uri: string): string =>
      `2026/01/31 03:00:00 [error] 42#42: *7 ${refused}, client: 198.51.100.7, server: , request: "GET ${uri} HTTP/1.1", upstream: "http://192.0.2.5:80/", host: "192.0.2.5:8000"`;
    expect((await first(asked('http://192.0.2.5:8000/'))).causes[0]).toMatchObject({
      id: 'wrong-upstream-port',
      certainty: 'likely',
      because: ['the request asks a proxy for 192.0.2.5:8000, and nginx went to port 80'],
    });
    // Without it, the port of the Host header is nginx's own.
    for (const uri of ['/', 'http://192.0.2.5:80/', 'http://192.0.2.6:8000/'])
      expect((await ids(asked(uri)))[0], uri).toBe('backend-down');
  });

  test('an answer of SCGI to FastCGI', async () => {
    const message = `upstream sent unsupported FastCGI protocol version: 83 ${HEADER}`;
    const found = await first(line(message, 'fastcgi://unix:/run/scgi.sock:'));
    expect(found.causes[0]).toMatchObject({ id: 'uwsgi-scgi-mismatch', certainty: 'likely' });
    expect(found.causes[0]!.do).toContain('Use scgi_pass');
    // SSH greets with an S as well.
    expect(await three(message, 'fastcgi://127.0.0.1:22')).toContain('non-http-backend');
  });
});
