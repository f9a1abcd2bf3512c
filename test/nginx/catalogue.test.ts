import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { matchMessage, statusOf } from '../../server/src/engine/errorlog/catalogue.ts';
import { causesOf } from '../../server/src/engine/errorlog/message.ts';
import { readEntries } from '../../server/src/engine/errorlog/read-entries.ts';
import { type ClientResult, http1 } from '../../test-fixtures/toolbox/client.ts';
import { serve } from '../../test-fixtures/toolbox/listen.ts';
import { findNginx, NginxInstance, nginxVersion } from '../../test-fixtures/toolbox/nginx.ts';
import type { Backend } from '../../test-fixtures/toolbox/types.ts';

/**
 * A real nginx is made to write messages of the catalogue, one request or one configuration each: the line must be
 * recognised, and the client must get what the catalogue says.
 */

const nginx = findNginx();
if (!nginx) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
const version = nginxVersion(nginx);
const atLeast = (wanted: string) => version.localeCompare(wanted, 'en', { numeric: true }) >= 0;

// ------------------------------------------------------------------------------------------- bytes of backends

function frame(type: number, flags: number, stream: number, payload: string): string {
  const { length } = payload;
  return `${bytes(length >> 16, length >> 8, length, type, flags, 0, 0, stream >> 8, stream)}${payload}`;
}

function bytes(...values: number[]): string {
  return String.fromCharCode(...values.map((value) => value & 0xff));
}

const [DATA, HEADERS, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW] = [0, 1, 3, 4, 5, 6, 7, 8];
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const GREETING = frame(SETTINGS, 0, 0, '');
const OK = '\x88';
const literal = (name: string, value: string) =>
  `\0${bytes(name.length)}${name}${bytes(value.length)}${value}`;

function fcgi(type: number, content: string, id = 1): string {
  return `${bytes(1, type, id >> 8, id, content.length >> 8, content.length, 0, 0)}${content}`;
}

// ------------------------------------------------------------------------------------------------- the cases

type Pass = 'proxy' | 'grpc' | 'fastcgi' | 'uwsgi' | 'scgi' | 'memcached';

interface Case {
  readonly id: string;
  readonly pass: Pass | 'own';
  /** What the backend sends when a request has come; it then closes the connection. */
  readonly sends: string;
  readonly since?: string;
  readonly until?: string;
  readonly method?: string;
  /** Lines of the location besides the *_pass; all of them where it is its own. */
  readonly more?: string;
}

const h2 = (id: string, sends: string, more: Partial<Case> = {}): Case => ({
  id,
  pass: 'grpc',
  sends: sends.startsWith('HTTP') ? sends : GREETING + sends,
  ...more,
});
const http = (id: string, sends: string, more: Partial<Case> = {}): Case => ({
  id,
  pass: 'proxy',
  sends,
  ...more,
});
const php = (id: string, sends: string, more: Partial<Case> = {}): Case => ({
  id,
  pass: 'fastcgi',
  sends,
  ...more,
});
const mc = (id: string, sends: string, more: Partial<Case> = {}): Case => ({
  id,
  pass: 'memcached',
  sends,
  more: 'set $memcached_key a;',
  ...more,
});

/** Without a backend, or with one that the location names: BACKEND is its address. */
const own = (id: string, more: string, sends = ''): Case => ({ id, pass: 'own', sends, more });

const headers = (block: string, flags = END_HEADERS) => frame(HEADERS, flags, 1, block);

const CASES: readonly Case[] = [
  http('upstream-prematurely-closed', ''),
  http('upstream-not-http', 'SSH-2.0-x\r\n'),
  http('upstream-invalid-header', 'HTTP/1.1 200 OK\r\nA B: c\r\n\r\n'),
  http('upstream-too-big-header', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(9000)}\r\n\r\n`),
  http('upstream-duplicate-header', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab', {
    since: '1.23.0',
  }),
  http(
    'upstream-duplicate-header-ignored',
    'HTTP/1.1 200 OK\r\nDate: a\r\nDate: b\r\nContent-Length: 0\r\n\r\n',
    {
      since: '1.23.0',
    },
  ),
  http('upstream-prematurely-closed', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'),
  http(
    'upstream-invalid-chunked',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nnope\r\n',
    {
      more: 'proxy_http_version 1.1;',
    },
  ),
  http('upstream-more-than-content-length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd'),
  http(
    'upstream-data-after-end',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nmore',
    {
      more: 'proxy_http_version 1.1;',
    },
  ),
  h2('upstream-too-large-http2-frame', 'HTTP/1.1 400 Bad Request\r\n\r\n'),
  h2('upstream-rejected-http2-request', frame(RST, 0, 1, bytes(0, 0, 0, 2))),
  h2('upstream-sent-goaway', frame(GOAWAY, 0, 0, bytes(0, 0, 0, 0, 0, 0, 0, 11))),
  h2('upstream-http2-no-status', headers(literal('a', 'b'))),
  h2('upstream-http2-duplicate-status', headers(OK + OK)),
  h2('upstream-http2-bad-status', headers(`\x08\x03abc`)),
  h2('upstream-invalid-header', headers(OK + literal('A', 'b'))),
  h2('upstream-http2-empty-name', headers(`${OK}\0\0\0`)),
  h2('upstream-http2-truncated-header', headers(`${OK}\0\x05ab`)),
  h2('upstream-http2-bad-table', headers('\xff\x40')),
  h2('upstream-http2-bad-table', headers(`\x3f\xff\x7f`)),
  h2('upstream-http2-push', frame(PUSH, END_HEADERS, 1, `\0\0\0\x02${OK}`)),
  h2('upstream-http2-unexpected-frame', frame(DATA, 0, 1, 'ab')),
  h2('upstream-http2-unknown-stream', frame(HEADERS, END_HEADERS, 3, OK)),
  h2('upstream-http2-padding', frame(HEADERS, END_HEADERS | PADDED, 1, `\x7f${OK}`)),
  h2('upstream-http2-frame-length', frame(SETTINGS, 0, 0, 'abcde')),
  h2('upstream-http2-frame-length', frame(PING, 0, 0, 'abcd')),
  h2('upstream-http2-frame-length', frame(RST, 0, 1, 'abc')),
  h2('upstream-http2-frame-length', frame(WINDOW, 0, 0, 'abc')),
  h2('upstream-http2-frame-length', frame(GOAWAY, 0, 0, 'abcd')),
  h2('upstream-http2-frame-stream', frame(SETTINGS, 0, 1, '')),
  h2('upstream-http2-frame-stream', frame(PING, 0, 1, 'abcdefgh')),
  h2('upstream-http2-frame-stream', frame(GOAWAY, 0, 1, 'abcdefgh')),
  h2('upstream-http2-settings-ack', frame(SETTINGS, ACK, 0, 'abcdef')),
  h2('upstream-http2-settings-window', frame(SETTINGS, 0, 0, bytes(0, 4, 255, 255, 255, 255))),
  h2('upstream-http2-window-update', frame(WINDOW, 0, 0, bytes(0, 0, 0, 0)), { since: '1.31.4' }),
  h2('upstream-http2-window-update', frame(WINDOW, 0, 0, bytes(127, 255, 255, 255))),
  h2('upstream-http2-ping-ack', frame(PING, ACK, 0, 'abcdefgh')),
  h2('upstream-http2-flood', frame(PING, 0, 0, 'abcdefgh').repeat(1100)),
  h2('upstream-http2-flood', frame(SETTINGS, 0, 0, '').repeat(1100)),
  h2(
    'upstream-http2-body-too-long',
    headers(OK + literal('content-length', '1')) + frame(DATA, END_STREAM, 1, 'abc'),
  ),
  h2(
    'upstream-prematurely-closed-stream',
    `${headers(OK + literal('content-length', '9'))}${frame(DATA, END_STREAM, 1, 'ab')}`,
  ),
  h2('upstream-http2-trailer-not-last', headers(OK) + frame(DATA, 0, 1, 'ab') + headers(literal('a', 'b'))),
  h2(
    'upstream-invalid-trailer',
    headers(OK) + frame(DATA, 0, 1, 'ab') + headers(literal('A', 'b'), END_HEADERS | END_STREAM),
  ),
  h2('upstream-too-large-http2-header', headers(`${OK}\0\x01a\x7f\xff\xff\xff\x7f`)),
  php('fastcgi-unsupported-version', 'HTTP/1.1 400 Bad Request\r\n\r\n'),
  php('fastcgi-bad-record', bytes(1, 99, 0, 1, 0, 0, 0, 0)),
  php('fastcgi-bad-record', fcgi(6, 'a', 257)),
  php('fastcgi-bad-record', fcgi(6, 'a', 2)),
  php('fastcgi-closed', fcgi(6, '') + fcgi(3, '\0\0\0\0\0\0\0\0')),
  php('fastcgi-stderr', fcgi(7, 'a notice') + fcgi(6, 'A: b\r\n\r\nok') + fcgi(3, '\0\0\0\0\0\0\0\0')),
  php(
    'primary-script-unknown',
    fcgi(7, 'Primary script unknown') +
      fcgi(6, 'Status: 404 Not Found\r\n\r\n') +
      fcgi(3, '\0\0\0\0\0\0\0\0'),
  ),
  php('upstream-invalid-status', fcgi(6, 'Status: no\r\n\r\n')),
  php('upstream-invalid-header', fcgi(6, 'A B: c\r\n\r\n')),
  php('upstream-too-big-header', fcgi(6, `A: ${'a'.repeat(9000)}\r\n\r\n`)),
  { id: 'upstream-invalid-header', pass: 'scgi', sends: 'A B: c\r\n\r\n' },
  { id: 'upstream-prematurely-closed', pass: 'uwsgi', sends: '' },
  { id: 'upstream-invalid-status', pass: 'uwsgi', sends: 'Status: no\r\n\r\n' },
  mc('memcached-invalid-response', 'ERROR\r\n'),
  mc('memcached-invalid-reply', 'VALUE b 0 2\r\nab\r\nEND\r\n'),
  mc('memcached-invalid-reply', 'VALUE a 0 zz\r\nab\r\nEND\r\n'),
  mc('memcached-key-not-found', 'END\r\n'),
  mc('memcached-invalid-trailer', 'VALUE a 0 2\r\nabXXXXXXX'),
  mc('memcached-key-missing', '', { more: '' }),
  own('connect-failed', 'proxy_pass http://127.0.0.1:4099;'),
  own('connect-failed', 'proxy_pass http://unix:/nowhere.sock:/;'),
  own('no-live-upstreams', 'proxy_pass http://dead;'),
  own('upstream-timed-out', 'proxy_read_timeout 50ms; proxy_pass http://BACKEND;'),
  own('ssl-handshake-failed', 'proxy_pass https://BACKEND;', 'HTTP/1.1 400 Bad Request\r\n\r\n'),
  {
    ...own(
      'upstream-too-large-http2-frame',
      'proxy_http_version 2; proxy_pass http://BACKEND;',
      'HTTP/1.1 400 No\r\n\r\n',
    ),
    since: '1.29.4',
  },
  own('bind-failed', 'proxy_bind 192.0.2.7; proxy_pass http://BACKEND;'),
  own('no-resolver-defined', 'set $to nowhere.test; proxy_pass http://$to;'),
  own('invalid-url-prefix-in-variable', 'set $to nowhere; proxy_pass $to;'),
  own('invalid-port-in-upstream', 'set $to http://127.0.0.1:99999; proxy_pass $to;'),
  own('invalid-url-prefix-in-variable', 'set $to http://; proxy_pass $to;'),
  own('no-host-in-upstream', 'set $to http:///a; proxy_pass $to;'),
  own('no-port-in-upstream', 'set $to 127.0.0.1; fastcgi_pass $to;'),
  own('invalid-local-address', 'set $to eth0; proxy_bind $to; proxy_pass http://BACKEND;'),
  own('invalid-size-in-variable', 'set $to fast; limit_rate $to; return 200 a;'),
  own('cache-not-found', 'set $to none; proxy_cache $to; proxy_pass http://BACKEND;'),
  own('auth-request-unexpected-status', 'auth_request /sub; root /nowhere;'),
  own('named-location-missing', 'try_files /nowhere @nowhere;'),
  own('rewritten-uri-empty', 'set $to ""; rewrite ^ $to;'),
  own('redirect-cycle', 'rewrite ^/(.*) /$1 last;'),
  own('access-forbidden', 'deny all;'),
  own('file-failed', 'root /nowhere;'),
  own('uninitialised-variable', 'if ($uri = "") { set $never 1; } return 200 $never;'),
];

const wanted = CASES.filter(
  ({ since, until }) => (since === undefined || atLeast(since)) && (until === undefined || !atLeast(until)),
);

const PORT = 4100;

function locations(): string {
  return wanted
    .map(({ pass, more = '' }, n) => {
      const address = `127.0.0.1:${PORT + n}`;
      if (pass === 'own') {
        return `location = /${n} { ${more.replaceAll('BACKEND', address)} }`;
      }
      const target = pass === 'proxy' ? `http://${address}` : address;
      return `location = /${n} { ${more} ${pass}_pass ${target}; }`;
    })
    .join('\n');
}

describe(`messages of nginx ${version} on the way to a backend`, () => {
  let instance: NginxInstance;
  let answers: ClientResult[] = [];
  let log: string[] = [];
  const backends: Backend[] = [];

  beforeAll(async () => {
    instance = await NginxInstance.create({
      lane: 38_501,
      logLevel: 'info',
      source: {
        'nginx.conf': `events {}\nhttp { upstream dead { server 127.0.0.1:4099 down; } proxy_cache_path cache keys_zone=one:1m; server { listen 127.0.0.1:8080; server_name app.test; error_log logs/error.log info; location = /sub { return 503; }\n${locations()}\n} }\n`,
      },
    });
    for (const [n, { sends }] of wanted.entries()) {
      const server = createServer((socket) => {
        socket.once('data', () => {
          socket.write(Buffer.from(sends, 'latin1'));
          setTimeout(() => socket.end(), 100);
        });
        socket.on('data', () => {});
      });
      backends.push(await serve(server, { listen: instance.map(`127.0.0.1:${PORT + n}`) }, []));
    }
    expect(await instance.start()).toEqual({ ok: true });
    const listen = instance.map('127.0.0.1:8080');
    answers = await Promise.all(wanted.map((_, n) => http1(listen, { path: `/${n}`, host: 'app.test' })));
    await instance.waitForAccess(wanted.length);
    await sleep(50);
    log = instance.logLines();
  });

  afterAll(async () => {
    await instance?.stop();
    await Promise.all(backends.map((backend) => backend.stop()));
  });

  it.each(wanted.map(({ id, pass }, n) => [`${id} (${pass}, /${n})`, id, n] as const))(
    '%s',
    (_name, id, n) => {
      const own = log.filter((line) => line.includes(`request: "GET /${n} HTTP/1.1"`));
      const found = own
        .flatMap((line) => readEntries(line).entries)
        .map((entry) => ({ entry, matched: matchMessage(entry) }))
        .find(({ matched }) => matched?.kind.id === id);
      expect(own.join('\n') && found?.matched?.certainty, own.join('\n')).toBe('certain');
      const { entry, matched } = found!;
      const status = statusOf(matched!.kind, entry);
      const answer = answers[n]!;
      const got = `${answer.kind} ${answer.status}, log: ${own.join('\n')}`;
      if (status.outcome === 'response' || status.outcome === 'raw') {
        expect(answer.kind, got).toBe(status.outcome);
      }
      // Where header and body came at once, nothing of them had been passed on.
      if (status.outcome === 'cut') {
        expect(['cut', 'closed'], got).toContain(answer.kind);
      }
      if (answer.status !== null && (status.outcome === 'response' || status.outcome === 'cut')) {
        expect(String(answer.status), got).toBe(status.code);
      }
      expect(causesOf(matched!.kind, entry)).toBeDefined();
    },
  );
});

// -------------------------------------------------------------------------------------------------- start-up

/** What stands inside `server {}`, or `[http]` and `[main]` things outside of it, and the entry for what nginx says. */
const REFUSED: readonly (readonly [id: string, server: string, http?: string, main?: string])[] = [
  ['host-not-found-in-upstream', 'location / { proxy_pass http://nowhere.test; }'],
  ['host-not-found', 'resolver ns.test;'],
  ['unix-socket-path-refused', `location / { proxy_pass http://unix:/${'a'.repeat(200)}:/; }`],
  ['unix-socket-path-refused', 'location / { proxy_pass http://unix:; }'],
  ['invalid-url-prefix', 'location / { proxy_pass 127.0.0.1:1; }'],
  [
    'upstream-may-not-have-port',
    'location / { proxy_pass http://bp:80; }',
    'upstream bp { server 127.0.0.1:1; }',
  ],
  ['duplicate-upstream', '', 'upstream bp { server 127.0.0.1:1; } upstream bp { server 127.0.0.1:1; }'],
  ['no-servers-in-upstream', '', 'upstream bp { }'],
  [
    'no-servers-in-upstream',
    'location / { proxy_pass http://bp; }',
    'upstream bp { server 127.0.0.1:1 backup; }',
  ],
  ['balancer-parameter-unsupported', '', 'upstream bp { ip_hash; server 127.0.0.1:1 backup; }'],
  ['proxy-pass-uri-refused', 'location ~ a { proxy_pass http://127.0.0.1/a; }'],
  ['busy-buffers-inconsistent', 'proxy_buffer_size 16k;'],
  ['buffer-sizes-inconsistent', 'proxy_buffers 4 16k; proxy_busy_buffers_size 8k;'],
  ['buffer-sizes-inconsistent', 'proxy_max_temp_file_size 1k;'],
  ['too-few-buffers', 'proxy_buffers 1 8k;'],
  ['verify-without-trusted-certificate', 'location / { proxy_ssl_verify on; proxy_pass https://127.0.0.1; }'],
  ['certificate-key-missing', 'location / { proxy_ssl_certificate /no; proxy_pass https://127.0.0.1; }'],
  [
    'certificate-not-loaded',
    'location / { proxy_ssl_verify on; proxy_ssl_trusted_certificate /no; proxy_pass https://127.0.0.1; }',
  ],
  [
    'certificate-not-loaded',
    'location / { proxy_ssl_certificate /no; proxy_ssl_certificate_key /no; proxy_pass https://127.0.0.1; }',
  ],
  ['tls-setting-refused', 'location / { proxy_ssl_ciphers nosuch; proxy_pass https://127.0.0.1; }'],
  [
    'tls-setting-refused',
    'location / { proxy_ssl_conf_command Options Nope; proxy_pass https://127.0.0.1; }',
  ],
  ['unknown-variable', 'location / { proxy_pass $nothing; }'],
  ['unknown-directive', 'upstream_max_fails 3;'],
  ['proxy-redirect-default-refused', 'location / { proxy_redirect default; proxy_pass http://127.0.0.1; }'],
  ['duplicate-default-of-map', '', 'map $uri $a { default 1; default 2; }'],
  ['invalid-condition', 'if (a) { }'],
  ['directive-not-allowed-here', 'proxy_pass http://127.0.0.1;'],
  ['wrong-argument-count', 'proxy_set_header A;'],
  ['duplicate-directive', 'location / { proxy_pass http://127.0.0.1; proxy_pass http://127.0.0.1; }'],
  ['invalid-value', 'proxy_http_version 3;'],
  ['invalid-value', 'proxy_buffering yes;'],
  ['invalid-parameter', '', 'upstream bp { server 127.0.0.1:1 weigth=2; }'],
  ['unterminated-directive', 'location / { return 204 { } }'],
  ['unexpected-token', 'return 204; }'],
  ['duplicate-location', 'location /a { } location /a { }'],
  ['location-outside', 'location /a { location /b { } }'],
  ['regex-invalid', 'location ~ "(" { }'],
  ['include-or-file-missing', 'include /nowhere/x.conf;'],
  ['zero-size-zone', 'limit_req zone=perip;'],
  ['listen-address-refused', 'listen 127.0.0.1:99999;'],
  ['duplicate-listen', 'listen 127.0.0.1:8081; listen 127.0.0.1:8081;'],
  ['no-port-in-upstream', 'location / { fastcgi_pass nowhere; }'],
  ['invalid-host-in-upstream', 'location / { fastcgi_pass http://127.0.0.1:9000; }'],
  ['invalid-port-in-upstream', 'location / { proxy_pass http://127.0.0.1:0; }'],
  ['invalid-port-in-upstream', 'location / { proxy_pass http://127.0.0.1:http; }'],
  ['no-host-in-upstream', 'location / { proxy_pass http://:80; }'],
  ['invalid-ipv6-address-in-upstream', 'location / { proxy_pass http://[::g]:80; }'],
  ['bind-address-refused', 'proxy_bind eth0;'],
  ['resolver-refused', 'resolver 127.0.0.1:99999;'],
  ['invalid-parameter', 'resolver 127.0.0.1 valid=x;'],
  ['upstream-zone-refused', '', 'upstream bp { zone a 1k; server 127.0.0.1:1; }'],
  ['upstream-zone-refused', '', 'upstream bp { zone "" 64k; server 127.0.0.1:1; }'],
  ['directive-refused', 'proxy_store on; proxy_cache one;', 'proxy_cache_path /tmp/c keys_zone=one:1m;'],
  ['cache-zone-unknown', 'proxy_cache nowhere;'],
  ['cache-path-refused', '', 'proxy_cache_path /tmp/c levels=1;'],
  ['cache-path-refused', '', 'proxy_cache_path /tmp/c keys_zone=one:x;'],
  ['cache-path-refused', '', 'proxy_cache_path /tmp/c keys_zone=one:1m inactive=x;'],
  ['cache-path-refused', 'proxy_cache_valid 200 x;'],
  ['split-path-info-refused', 'fastcgi_split_path_info ^(a)$;'],
  ['variable-name-refused', 'location / { proxy_pass http://${a; }'],
  ['variable-name-refused', 'auth_request_set a $b;'],
  ['listen-parameter-refused', 'listen 127.0.0.1:8082 backlog=x;'],
  ['listen-parameter-refused', 'listen 127.0.0.1:8082 so_keepalive=x;'],
  ['location-refused', 'location ~= /a { }'],
  ['location-refused', 'location /a { location @b { } }'],
  ['location-refused', 'error_page 200 /a;'],
  ['location-refused', 'location = /a { location /a/b { } }'],
  ['server-name-refused', 'server_name *a;'],
  ['root-refused', 'location /a { alias /b; root /c; }'],
  ['core-setting-refused', 'client_header_buffer_size 1k; connection_pool_size 7;'],
  ['setting-refused', 'return 1000;'],
  ['setting-refused', '', 'limit_req_zone $uri zone=a:1m rate=10/x;'],
  ['setting-refused', 'limit_conn a 70000;', 'limit_conn_zone $uri zone=a:1m;'],
  ['setting-refused', 'limit_req nodelay;'],
  ['shared-zone-conflict', '', 'limit_req_zone $uri zone=a:1m rate=1r/s; limit_conn_zone $uri zone=a:1m;'],
  ['event-setting-refused', '', '', 'events { use nosuch; }'],
  ['events-missing', '', '', ' '],
  [
    'worker-connections-below-listeners',
    'listen 127.0.0.1:8083; listen 127.0.0.1:8084;',
    '',
    'events { worker_connections 2; }',
  ],
  ['module-not-loaded', '', '', 'load_module /no.so; events {}'],
  ['path-used-twice', 'proxy_temp_path /tmp/x 1; fastcgi_temp_path /tmp/x 1 2;'],
  ['mime-type-duplicate', '', 'types { a/b x; c/d x; }'],
  ['server-name-suspicious', 'server_name http://app.test;'],
  ['conflicting-server-name', '', 'server { listen 127.0.0.1:8080; server_name app.test; }'],
  ['balancer-redefined', '', 'upstream bp { least_conn; ip_hash; server 127.0.0.1:1; }'],
  ['setting-doubtful', 'gzip_types text/css text/css;'],
  ['user-directive-ignored', '', '', ''],
];

describe(`what nginx ${version} says when it starts`, () => {
  const asRoot = process.getuid?.() === 0;
  const cases = REFUSED.filter(([id]) => id !== 'user-directive-ignored' || !asRoot);

  it.each(
    cases.map(
      ([id, ...parts], n) =>
        [`${id}: ${parts.filter(Boolean).join(' ').slice(0, 70)}`, id, parts, n] as const,
    ),
  )('%s', async (_name, id, [server, httpPart = '', main = ''], n) => {
    const instance = await NginxInstance.create({
      lane: 38_502 + n,
      source: {
        'nginx.conf': `${main || 'events {}'}\nhttp {\n${httpPart}\nserver {\nlisten 127.0.0.1:8080;\nserver_name app.test;\n${server}\n}\n}\n`,
      },
    });
    try {
      const { output } = await instance.test();
      const ids = readEntries(output).entries.map((entry) => {
        const matched = matchMessage(entry);
        return matched?.certainty === 'certain' ? matched.kind.id : null;
      });
      expect(ids, output).toContain(id);
      expect(ids, output).not.toContain(null);
    } finally {
      await instance.stop();
    }
  });
});
