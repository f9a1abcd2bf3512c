import { describe, expect, it } from 'vitest';

import { catalogue, faultOf, isKnownMessage, matchMessage, phaseOfKind, statusOf } from './catalogue.ts';
import type { LogEntry } from './entry.ts';
import { causesOf } from './message.ts';
import { readEntries } from './read-entries.ts';

/** The ids of the design's table. */
const FAILURE_MODES = new Set(
  `tls-to-plain-backend plain-to-tls-backend grpc-behind-proxy-pass grpc-pass-to-http-backend unsupported-upstream-scheme
  non-http-backend fastcgi-behind-proxy-pass fastcgi-pass-to-http-backend uwsgi-scgi-mismatch http2-upstream-mismatch
  http10-refused proxy-protocol-mismatch http2-stream-reset response-not-http invalid-response-header
  ambiguous-response-length websocket-headers-missing websocket-over-http10 websocket-connection-close
  connection-upgrade-hardcoded websocket-idle-timeout set-header-inheritance-lost content-length-without-body
  keepalive-without-http11 keepalive-connection-header stale-keepalive-connection keepalive-before-balancer
  keepalive-starves-workers backend-down wrong-upstream-port container-localhost backend-loopback-only ipv6-mismatch
  unreachable-host connect-timeout connect-timeout-too-short selinux-denied ephemeral-ports-exhausted proxy-bind-failed
  open-files-exhausted worker-connections-exhausted max-conns-reached unix-socket-missing unix-socket-forbidden
  unix-socket-refused unix-socket-queue-full unix-socket-path-malformed proxy-loop upstream-port-defaulted
  undefined-upstream invalid-upstream-variable host-not-found-at-start resolver-missing resolver-failed
  resolver-name-not-qualified dns-resolved-once read-timeout send-timeout tls-handshake-timeout read-timeout-too-long
  backend-worker-timeout backend-restarting balancer-outlives-nginx response-header-too-big buffers-inconsistent
  request-headers-too-big-for-backend backend-rejects-body temp-files-unwritable backend-closed-early backend-reset
  response-cut backend-sent-5xx sni-missing verify-without-ca verify-name-mismatch upstream-certificate-rejected
  tls-version-mismatch tls-client-certificate-missing shared-tls-session legacy-tls-refused no-live-upstreams
  all-peers-down pool-marked-down-by-one-failure duplicate-peer retry-disabled prefix-stripped prefix-slash-mismatch
  proxy-pass-uri-not-allowed variable-drops-uri regex-needs-quotes nested-under-regex internal-redirect-cycle
  error-page-needs-backend auth-request-failed status-from-config error-log-hides-cause wrong-server-block lua-error`
    .trim()
    .split(/\s+/),
);

function only(text: string): LogEntry {
  const { entries } = readEntries(text);
  expect(entries).toHaveLength(1);
  return entries[0]!;
}

/** A line of a request as nginx lays it out. */
function line(
  message: string,
  more: { upstream?: string | null; method?: string; client?: string; pid?: number; extra?: string } = {},
): string {
  const upstream = more.upstream === undefined ? 'http://10.1.2.3:8080/' : more.upstream;
  return [
    `2026/01/10 08:41:45 [error] ${more.pid ?? 1650}#1650: *18127 ${message}, client: ${more.client ?? '203.0.113.9'}, server: app.test`,
    `request: "${more.method ?? 'GET'} / HTTP/1.1"`,
    ...(more.extra === undefined ? [] : [more.extra]),
    ...(upstream === null ? [] : [`upstream: "${upstream}"`]),
    'host: "app.test"',
  ].join(', ');
}

function explain(text: string) {
  const entry = only(text);
  const matched = matchMessage(entry);
  expect(matched).not.toBeNull();
  const kind = matched!.kind;
  return {
    id: kind.id,
    certainty: matched!.certainty,
    note: matched!.note,
    phase: phaseOfKind(kind, entry),
    status: statusOf(kind, entry).code,
    outcome: statusOf(kind, entry).outcome,
    fault: faultOf(kind, entry),
    meaning: kind.meaning(entry),
    causes: causesOf(kind, entry),
  };
}

describe('catalogue', () => {
  it('has ids that are kebab-case and stand once', () => {
    const ids = catalogue.map((kind) => kind.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    }
  });

  it.each(catalogue.map((kind) => [kind.id, kind] as const))(
    '%s is matched by its own example, and by nothing better',
    (_id, kind) => {
      const entry = only(kind.example);
      const matched = matchMessage(entry);
      expect(matched?.kind.id).toBe(kind.id);
      expect(matched?.certainty).toBe('certain');
      expect(matched?.note).toBeNull();
      const rivals = catalogue.filter((other) => other !== kind && other.text === kind.text);
      for (const rival of rivals) {
        expect(rival.when?.(entry)).toBe(false);
      }
      expect(kind.meaning(entry)).toMatch(/^[A-Za-z0-9"[*].*\.$/);
      expect(kind.meaning(entry)).not.toMatch(/undefined|null|NaN| {2}|\.\.$/);
      for (const id of causesOf(kind, entry)) {
        expect(FAILURE_MODES).toContain(id);
      }
      const status = statusOf(kind, entry);
      expect(status.note).toMatch(/\.$/);
    },
  );

  it.each(catalogue.map((kind) => [kind.id, kind] as const))(
    '%s names only known failure modes for any error number and action',
    (_id, kind) => {
      const example = only(kind.example);
      for (const code of [2, 11, 13, 20, 22, 24, 32, 98, 99, 101, 104, 110, 111, 113, 61, 10061]) {
        for (const action of [
          null,
          'connecting to upstream',
          'SSL handshaking to upstream',
          'reading response header from upstream',
          'reading upstream',
          'proxying upgraded connection',
          'resolving',
        ]) {
          for (const upstream of [
            null,
            { raw: '', scheme: 'http', address: '[::1]', port: 80, socket: null, uri: '/' },
            { raw: '', scheme: 'fastcgi', address: null, port: null, socket: '/a', uri: null },
          ]) {
            const entry: LogEntry = { ...example, errno: { code, text: 'x' }, action, upstream };
            for (const id of causesOf(kind, entry)) {
              expect(FAILURE_MODES).toContain(id);
            }
            expect(kind.meaning(entry)).toMatch(/\.$/);
            expect(statusOf(kind, entry).note).not.toBe('');
            expect(phaseOfKind(kind, entry)).not.toBe('');
            expect(faultOf(kind, entry)).not.toBe('');
          }
        }
      }
    },
  );
});

/** Every row of "Log messages seen": what a real nginx wrote, the kind, and the status seen with it. */
const SEEN: readonly (readonly [
  message: string,
  id: string,
  status: string | null,
  fields?: { upstream?: string | null; extra?: string },
])[] = [
  [
    'FastCGI sent in stderr: "PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function nosuch() in /w/b/www/fatal.php:1"',
    'php-fatal-error',
    '500',
    { upstream: 'fastcgi://127.0.0.1:9000' },
  ],
  [
    'FastCGI sent in stderr: "Primary script unknown" while reading response header from upstream',
    'primary-script-unknown',
    '404',
    { upstream: 'fastcgi://127.0.0.1:9000' },
  ],
  ['30 worker_connections are not enough', 'worker-connections-not-enough', null, { upstream: null }],
  [
    '30 worker_connections are not enough while connecting to upstream',
    'worker-connections-not-enough',
    '500',
  ],
  [
    'app.invalid could not be resolved (110: Operation timed out)',
    'could-not-be-resolved',
    '502',
    { upstream: null },
  ],
  [
    'app.invalid could not be resolved (2: Server failure)',
    'could-not-be-resolved',
    '502',
    { upstream: null },
  ],
  [
    'app.invalid could not be resolved (3: Host not found)',
    'could-not-be-resolved',
    '502',
    { upstream: null },
  ],
  [
    'app.invalid could not be resolved (5: Operation refused)',
    'could-not-be-resolved',
    '502',
    { upstream: null },
  ],
  [
    'SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream',
    'ssl-handshake-failed',
    '502',
  ],
  [
    'SSL_do_handshake() failed (SSL: error:0A00014D:SSL routines::legacy sigalg disallowed or unsupported) while SSL handshaking to upstream',
    'ssl-handshake-failed',
    '502',
  ],
  [
    'SSL_do_handshake() failed (SSL: error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40) while SSL handshaking to upstream',
    'ssl-handshake-failed',
    '502',
  ],
  [
    'SSL_do_handshake() failed (SSL: error:0A00042E:SSL routines::tlsv1 alert protocol version:SSL alert number 70) while SSL handshaking to upstream',
    'ssl-handshake-failed',
    '502',
  ],
  [
    'SSL_do_handshake() failed (SSL: error:0A000458:SSL routines::tlsv1 unrecognized name:SSL alert number 112) while SSL handshaking to upstream',
    'ssl-handshake-failed',
    '502',
  ],
  [
    'SSL_read() failed (SSL: error:0A00045C:SSL routines::tlsv13 alert certificate required:SSL alert number 116) while reading response header from upstream',
    'ssl-io-failed',
    '502',
  ],
  ['accept4() failed (24: Too many open files)', 'accept-failed', null, { upstream: null }],
  [
    'auth request unexpected status: 502 while sending to client',
    'auth-request-unexpected-status',
    '500',
    { upstream: null },
  ],
  [
    'bind(127.0.0.77) failed (99: Cannot assign requested address) while connecting to upstream',
    'bind-failed',
    '500',
  ],
  [
    'client sent invalid request while reading client request line',
    'client-sent-bad-request',
    '400',
    { upstream: null },
  ],
  [
    'client sent too long header line: "Cookie: a=xxxxxxxxxxxxxxxx..."',
    'client-sent-bad-request',
    '400',
    { upstream: null },
  ],
  ['connect() failed (111: Connection refused) while connecting to upstream', 'connect-failed', '502'],
  [
    'connect() to 10.1.2.3:80 failed (101: Network is unreachable) while connecting to upstream',
    'connect-failed',
    '502',
  ],
  [
    'connect() to unix:/a.sock failed (111: Connection refused) while connecting to upstream',
    'connect-failed',
    '502',
    { upstream: 'http://unix:/a.sock:/' },
  ],
  [
    'connect() to unix:/a.sock failed (11: Resource temporarily unavailable) while connecting to upstream',
    'connect-failed',
    '502',
    { upstream: 'http://unix:/a.sock:/' },
  ],
  [
    'connect() to unix:/a.sock failed (13: Permission denied) while connecting to upstream',
    'connect-failed',
    '502',
    { upstream: 'http://unix:/a.sock:/' },
  ],
  [
    'connect() to unix:/a.sock/uri failed (20: Not a directory) while connecting to upstream',
    'connect-failed',
    '502',
    { upstream: 'http://unix:/a.sock/uri:/' },
  ],
  [
    'connect() to 255.255.255.255:80 failed (22: Invalid argument) while connecting to upstream',
    'connect-failed',
    '502',
  ],
  [
    'connect() to unix:/a.sock failed (2: No such file or directory) while connecting to upstream',
    'connect-failed',
    '502',
    { upstream: 'http://unix:/a.sock:/' },
  ],
  [
    'memcached sent invalid response: "HTTP/1.1 400 Bad Request" while reading response header from upstream',
    'memcached-invalid-response',
    '502',
  ],
  ['no live upstreams while connecting to upstream', 'no-live-upstreams', '502', { upstream: 'http://bp/' }],
  ['no resolver defined to resolve app.invalid', 'no-resolver-defined', '502', { upstream: null }],
  [
    'open() "/tmp/w/proxy/1/00/0000000001" failed (13: Permission denied) while reading upstream',
    'file-failed',
    '200',
  ],
  [
    'peer closed connection in SSL handshake (104: Connection reset by peer) while SSL handshaking to upstream',
    'peer-closed-in-handshake',
    '502',
  ],
  [
    'peer closed connection in SSL handshake while SSL handshaking to upstream',
    'peer-closed-in-handshake',
    '502',
  ],
  [
    'recv() failed (104: Connection reset by peer) while reading response header from upstream',
    'recv-failed',
    '502',
  ],
  ['socket() failed (24: Too many open files) while connecting to upstream', 'socket-failed', '500'],
  [
    'upstream SSL certificate does not match "127.0.0.1" while SSL handshaking to upstream',
    'upstream-certificate-name-mismatch',
    '502',
  ],
  [
    'upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking to upstream',
    'upstream-certificate-verify-error',
    '502',
  ],
  [
    'upstream SSL certificate verify error: (18:self-signed certificate) while SSL handshaking to upstream',
    'upstream-certificate-verify-error',
    '502',
  ],
  [
    'upstream SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking to upstream',
    'upstream-certificate-verify-error',
    '502',
  ],
  [
    'upstream SSL certificate verify error: (21:unable to verify the first certificate) while SSL handshaking to upstream',
    'upstream-certificate-verify-error',
    '502',
  ],
  [
    'upstream prematurely closed connection while reading response header from upstream',
    'upstream-prematurely-closed',
    '502',
  ],
  ['upstream prematurely closed connection while reading upstream', 'upstream-prematurely-closed', '200'],
  [
    'upstream prematurely sent response while reading response header from upstream',
    'upstream-prematurely-sent-response',
    '502',
  ],
  [
    'upstream rejected request with error 2 while reading response header from upstream',
    'upstream-rejected-http2-request',
    '502',
  ],
  [
    'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time while reading response header from upstream',
    'upstream-content-length-and-transfer-encoding',
    '502',
  ],
  [
    'upstream sent duplicate header line: "Content-Length: 2", previous value: "Content-Length: 2" while reading response header from upstream',
    'upstream-duplicate-header',
    '502',
  ],
  [
    'upstream sent duplicate header line: "Transfer-Encoding: chunked", previous value: "Transfer-Encoding: chunked" while reading response header from upstream',
    'upstream-duplicate-header',
    '502',
  ],
  [
    'upstream sent duplicate header line: "Date: b", previous value: "Date: a", ignored while reading response header from upstream',
    'upstream-duplicate-header-ignored',
    null,
  ],
  [
    'upstream sent duplicate header line: "ETag: "b"", previous value: "ETag: "a"", ignored while reading response header from upstream',
    'upstream-duplicate-header-ignored',
    null,
  ],
  [
    'upstream sent invalid "Content-Length" header: "Content-Length: -1" while reading response header from upstream',
    'upstream-invalid-content-length',
    '502',
  ],
  [
    'upstream sent invalid "Content-Length" header: "Content-Length: two" while reading response header from upstream',
    'upstream-invalid-content-length',
    '502',
  ],
  ['upstream sent invalid chunked response while reading upstream', 'upstream-invalid-chunked', '200'],
  [
    'upstream sent invalid header while reading response header from upstream',
    'upstream-invalid-header',
    '502',
  ],
  [
    'upstream sent invalid header: "X\\x20Y: 1..." while reading response header from upstream',
    'upstream-invalid-header',
    '502',
  ],
  [
    'upstream sent more data than specified in "Content-Length" header while reading upstream',
    'upstream-more-than-content-length',
    null,
  ],
  [
    'upstream sent no valid HTTP/1.0 header while reading response header from upstream',
    'upstream-not-http',
    '009',
  ],
  [
    'upstream sent too big header while reading response header from upstream',
    'upstream-too-big-header',
    '502',
  ],
  [
    'upstream sent too large http2 frame: 4740180 while reading response header from upstream',
    'upstream-too-large-http2-frame',
    '502',
  ],
  [
    'upstream sent too large http2 header value length: 3000 while reading response header from upstream',
    'upstream-too-large-http2-header',
    '502',
  ],
  [
    'upstream sent unknown "Transfer-Encoding": "gzip, chunked" while reading response header from upstream',
    'upstream-unknown-transfer-encoding',
    '502',
  ],
  [
    'upstream sent unsupported FastCGI protocol version: 72 while reading response header from upstream',
    'fastcgi-unsupported-version',
    '502',
  ],
  [
    'upstream server temporarily disabled while connecting to upstream',
    'upstream-temporarily-disabled',
    null,
  ],
  [
    'upstream server temporarily disabled while reading response header from upstream',
    'upstream-temporarily-disabled',
    null,
  ],
  [
    'upstream timed out (110: Connection timed out) while SSL handshaking to upstream',
    'upstream-timed-out',
    '504',
  ],
  [
    'upstream timed out (110: Connection timed out) while connecting to upstream',
    'upstream-timed-out',
    '504',
  ],
  [
    'upstream timed out (110: Connection timed out) while proxying upgraded connection',
    'upstream-timed-out',
    '101',
  ],
  [
    'upstream timed out (110: Connection timed out) while reading response header from upstream',
    'upstream-timed-out',
    '504',
  ],
  ['upstream timed out (110: Connection timed out) while reading upstream', 'upstream-timed-out', '200'],
  [
    'upstream timed out (110: Connection timed out) while sending request to upstream',
    'upstream-timed-out',
    '504',
  ],
  ['writev() failed (104: Connection reset by peer) while sending request to upstream', 'send-failed', '502'],
];

describe('messages seen on a real nginx', () => {
  it.each(SEEN.map(([message, id, status, fields]) => ({ message, id, status, fields })))(
    '$message',
    ({ message, id, status, fields }) => {
      const found = explain(line(message, fields));
      expect(found.id).toBe(id);
      expect(found.certainty).toBe('certain');
      expect(found.status).toBe(status);
    },
  );

  it('send() to the DNS server has no client, only a resolver', () => {
    const text =
      '2026/01/10 08:41:45 [error] 9#9: send() failed (111: Connection refused) while resolving, resolver: 127.0.0.1:5399';
    expect(only(text)).toMatchObject({
      resolver: '127.0.0.1:5399',
      client: null,
      action: 'resolving',
      message: 'send() failed (111: Connection refused) while resolving',
    });
    expect(explain(text)).toMatchObject({
      id: 'send-failed',
      phase: 'resolve',
      causes: ['resolver-failed'],
      meaning: 'nginx could not send its question to the DNS server 127.0.0.1:5399.',
    });
  });
});

/** The refusals of "Parser facts" about upstreams, resolvers, buffers, sockets and TLS to the backend. */
const REFUSED: readonly (readonly [message: string, id: string, causes: readonly string[]])[] = [
  [
    'invalid URL prefix in /etc/nginx/n.conf:9',
    'invalid-url-prefix',
    ['unsupported-upstream-scheme', 'unix-socket-path-malformed'],
  ],
  [
    'invalid host in upstream "h2://127.0.0.1:8080" in /etc/nginx/n.conf:9',
    'invalid-host-in-upstream',
    ['unsupported-upstream-scheme'],
  ],
  ['invalid host in upstream "127.0.0.1:8080/x" in /etc/nginx/n.conf:9', 'invalid-host-in-upstream', []],
  [
    'invalid host in upstream "/run/php/php8.2-fpm.sock" in /etc/nginx/n.conf:9',
    'invalid-host-in-upstream',
    ['unix-socket-path-malformed', 'unsupported-upstream-scheme'],
  ],
  ['invalid value "2" in /etc/nginx/n.conf:9', 'invalid-value', ['http2-upstream-mismatch']],
  ['invalid value "0" in "keepalive" directive in /etc/nginx/n.conf:9', 'invalid-value', []],
  ['"proxy_http_version" directive is duplicate in /etc/nginx/n.conf:9', 'duplicate-directive', []],
  ['unknown directive "upstream_max_fails" in /etc/nginx/n.conf:9', 'unknown-directive', []],
  ['invalid parameter "max_fails" in /etc/nginx/n.conf:9', 'invalid-parameter', []],
  ['invalid parameter "resolve" in /etc/nginx/n.conf:9', 'invalid-parameter', ['dns-resolved-once']],
  ['no servers in upstream "bp" in /etc/nginx/n.conf:9', 'no-servers-in-upstream', []],
  ['no servers are inside upstream in /etc/nginx/n.conf:9', 'no-servers-in-upstream', []],
  ['"keepalive" directive is not allowed here in /etc/nginx/n.conf:9', 'directive-not-allowed-here', []],
  ['invalid number of arguments in "keepalive" directive in /etc/nginx/n.conf:9', 'wrong-argument-count', []],
  ['upstream "bp" may not have port 8080 in /etc/nginx/n.conf:9', 'upstream-may-not-have-port', []],
  [
    'host not found in upstream "no_such_upstream_block" in /etc/nginx/n.conf:9',
    'host-not-found-in-upstream',
    ['host-not-found-at-start', 'undefined-upstream'],
  ],
  [
    'invalid port in upstream "127.0.0.1:80800" in /etc/nginx/n.conf:9',
    'invalid-port-in-upstream',
    ['wrong-upstream-port'],
  ],
  [
    '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block in /etc/nginx/n.conf:9',
    'proxy-pass-uri-refused',
    ['proxy-pass-uri-not-allowed'],
  ],
  ['unknown "backend" variable', 'unknown-variable', []],
  [
    '"proxy_busy_buffers_size" must be less than the size of all "proxy_buffers" minus one buffer in /etc/nginx/n.conf:9',
    'busy-buffers-inconsistent',
    ['buffers-inconsistent'],
  ],
  [
    '"fastcgi_busy_buffers_size" must be less than the size of all "fastcgi_buffers" minus one buffer in /etc/nginx/n.conf:9',
    'busy-buffers-inconsistent',
    ['buffers-inconsistent'],
  ],
  [
    '"proxy_busy_buffers_size" must be equal to or greater than the maximum of the value of "proxy_buffer_size" and one of the "proxy_buffers" in /etc/nginx/n.conf:9',
    'buffer-sizes-inconsistent',
    ['buffers-inconsistent'],
  ],
  [
    'there must be at least 2 "proxy_buffers" in /etc/nginx/n.conf:9',
    'too-few-buffers',
    ['buffers-inconsistent'],
  ],
  [
    'no proxy_ssl_trusted_certificate for proxy_ssl_verify',
    'verify-without-trusted-certificate',
    ['verify-without-ca'],
  ],
  [
    'SSL_CTX_load_verify_locations("/nonexistent/ca.pem") failed (SSL: error:80000002:system library::No such file or directory:calling fopen(/nonexistent/ca.pem, r) error:10000080:BIO routines::no such file)',
    'certificate-not-loaded',
    [],
  ],
  [
    'no "proxy_ssl_certificate_key" is defined for certificate "/nonexistent/c.pem"',
    'certificate-key-missing',
    ['tls-client-certificate-missing'],
  ],
  [
    'host not found in resolver "ns.invalid" in /etc/nginx/n.conf:9',
    'host-not-found',
    ['host-not-found-at-start'],
  ],
  [
    'resolving names at run time requires upstream "bp" in /etc/nginx/n.conf:9 to be in shared memory',
    'resolve-needs-zone',
    ['dns-resolved-once'],
  ],
  [
    'no resolver defined to resolve names at run time in upstream "bp" in /etc/nginx/n.conf:9',
    'resolve-needs-resolver',
    ['resolver-missing'],
  ],
  [
    'too long path in the unix domain socket in upstream "unix:/tmp/x.sock" in /etc/nginx/n.conf:9',
    'unix-socket-path-refused',
    ['unix-socket-path-malformed'],
  ],
  [
    'no port in upstream "127.0.0.1" in /etc/nginx/n.conf:9',
    'no-port-in-upstream',
    ['invalid-upstream-variable'],
  ],
];

describe('messages of nginx -t', () => {
  it.each(REFUSED)('%s', (message, id, causes) => {
    for (const text of [`nginx: [emerg] ${message}`, `2026/01/10 08:41:45 [emerg] 7#7: ${message}`]) {
      const entry = only(text);
      const found = explain(text);
      expect(found.id).toBe(id);
      expect(found.causes).toEqual(causes);
      expect(found.phase).toBe('start-up');
      expect(found.outcome).toBe('none');
      expect(entry.at).toEqual(message.includes('n.conf:9') ? { file: '/etc/nginx/n.conf', line: 9 } : null);
    }
  });
});

describe('one cause first', () => {
  const first = (text: string) => explain(text).causes[0];
  const refused = 'connect() failed (111: Connection refused) while connecting to upstream';
  const header = 'while reading response header from upstream';

  it('takes what the line itself decides for a refused connection', () => {
    expect(first(line(refused, { upstream: 'http://[::1]:3000/' }))).toBe('ipv6-mismatch');
    expect(first(line(refused, { upstream: 'http://127.0.0.1:3000/' }))).toBe('backend-down');
    expect(first(line(refused, { upstream: 'http://127.0.0.1:3000/', client: '172.18.0.1' }))).toBe(
      'container-localhost',
    );
    expect(first(line(refused, { upstream: 'http://127.0.0.1:3000/', pid: 29 }))).toBe('container-localhost');
    expect(first(line(refused, { upstream: 'http://172.18.0.5:3000/', pid: 29 }))).toBe('backend-down');
    expect(
      first(
        line('connect() to unix:/a.sock failed (111: Connection refused) while connecting to upstream', {
          upstream: 'http://unix:/a.sock:/',
        }),
      ),
    ).toBe('unix-socket-refused');
  });

  it('tells socket and TCP apart, and the numbers of other systems', () => {
    expect(
      explain('connect() to unix:/run/app.sock failed (13: Permission denied) while connecting to upstream')
        .causes[0],
    ).toBe('unix-socket-forbidden');
    expect(
      explain('connect() to 127.0.0.1:2018 failed (13: Permission denied) while connecting to upstream')
        .causes[0],
    ).toBe('selinux-denied');
    expect(
      explain(
        'connect() to unix:/run/app.sock failed (2: No such file or directory) while connecting to upstream',
      ).causes[0],
    ).toBe('unix-socket-missing');
    expect(
      explain(
        'connect() to unix:/run/app.sock failed (11: Resource temporarily unavailable) while connecting to upstream',
      ).causes[0],
    ).toBe('unix-socket-queue-full');
    expect(
      first(
        line('connect() to unix:/a.sock/x failed (20: Not a directory) while connecting to upstream', {
          upstream: 'http://unix:/a.sock/x:/',
        }),
      ),
    ).toBe('unix-socket-path-malformed');
    expect(
      first(
        line('kevent() reported that connect() failed (61: Connection refused) while connecting to upstream'),
      ),
    ).toBe('backend-down');
    expect(
      first(line('connect() failed (10061: FormatMessage() error:(15105)) while connecting to upstream')),
    ).toBe('backend-down');
    expect(first(line('connect() failed (113: Host is unreachable) while connecting to upstream'))).toBe(
      'unreachable-host',
    );
    expect(
      first(
        line('connect() to [2001:db8::1]:80 failed (101: Network unreachable) while connecting to upstream', {
          upstream: 'http://[2001:db8::1]:80/',
        }),
      ),
    ).toBe('ipv6-mismatch');
    expect(
      first(line('connect() to 10.1.2.3:80 failed (99: Address not available) while connecting to upstream')),
    ).toBe('ephemeral-ports-exhausted');
    expect(
      first(
        line(
          'connect() to [::1]:80 failed (99: Cannot assign requested address) while connecting to upstream',
          { upstream: 'http://[::1]:80/' },
        ),
      ),
    ).toBe('ipv6-mismatch');
  });

  it('orders the causes of a connection that ends before the header', () => {
    expect(first(line(`upstream prematurely closed connection ${header}`))).toBe('backend-closed-early');
    expect(first(line(`upstream prematurely closed connection ${header}`, { method: 'POST' }))).toBe(
      'stale-keepalive-connection',
    );
    expect(
      first(line(`upstream prematurely closed connection ${header}`, { upstream: 'http://10.0.0.5:6379/' })),
    ).toBe('non-http-backend');
    expect(
      first(line(`upstream prematurely closed connection ${header}`, { upstream: 'http://10.0.0.5:443/' })),
    ).toBe('plain-to-tls-backend');
    expect(
      first(
        line(`recv() failed (104: Connection reset by peer) ${header}`, {
          upstream: 'http://unix:/run/php/php8.2-fpm.sock:/',
        }),
      ),
    ).toBe('fastcgi-behind-proxy-pass');
    expect(first(line(`recv() failed (104: Connection reset by peer) ${header}`))).toBe('backend-reset');
    expect(first(line('upstream prematurely closed connection while reading upstream'))).toBe('response-cut');
  });

  it('reads the first bytes of an answer that is not HTTP/2', () => {
    const frame = (number: number, upstream: string) =>
      explain(line(`upstream sent too large http2 frame: ${number} ${header}`, { upstream }));
    expect(frame(4740180, 'grpc://10.0.0.5:8080').causes[0]).toBe('grpc-pass-to-http-backend');
    expect(frame(4740180, 'http://10.0.0.5:8080').causes[0]).toBe('http2-upstream-mismatch');
    expect(frame(1377027, 'grpc://10.0.0.5:443').causes[0]).toBe('plain-to-tls-backend');
    expect(frame(5460808, 'grpc://10.0.0.5:22').causes[0]).toBe('non-http-backend');
    expect(frame(4740180, 'grpc://10.0.0.5:8080').meaning).toBe(
      '10.0.0.5:8080 answered with HTTP/1 ("HTT") where nginx expected HTTP/2.',
    );
  });

  it('weighs TLS alerts', () => {
    const failed = (reason: string, upstream: string) =>
      explain(
        line(
          `SSL_do_handshake() failed (SSL: error:0A000000:SSL routines::${reason}) while SSL handshaking to upstream`,
          { upstream },
        ),
      ).causes;
    expect(failed('wrong version number', 'https://10.0.0.5:3000/')).toEqual(['tls-to-plain-backend']);
    expect(failed('wrong version number', 'https://93.184.216.34:443/')).toEqual([
      'tls-to-plain-backend',
      'sni-missing',
    ]);
    expect(failed('sslv3 alert handshake failure:SSL alert number 40', 'https://93.184.216.34:443/')[0]).toBe(
      'sni-missing',
    );
    expect(failed('tlsv1 unrecognized name:SSL alert number 112', 'https://93.184.216.34:443/')).toEqual([
      'sni-missing',
    ]);
    expect(failed('tlsv1 alert protocol version:SSL alert number 70', 'https://10.0.0.5:443/')).toEqual([
      'tls-version-mismatch',
      'sni-missing',
    ]);
    expect(failed('legacy sigalg disallowed or unsupported', 'https://10.0.0.5:443/')).toEqual([
      'legacy-tls-refused',
    ]);
    expect(failed('dh key too small', 'https://10.0.0.5:443/')).toEqual(['legacy-tls-refused']);
  });

  it('tells timeouts apart by what nginx was doing', () => {
    const timed = (action: string) =>
      explain(line(`upstream timed out (110: Connection timed out) while ${action}`)).causes[0];
    expect(timed('connecting to upstream')).toBe('connect-timeout');
    expect(timed('SSL handshaking to upstream')).toBe('tls-handshake-timeout');
    expect(timed('sending request to upstream')).toBe('send-timeout');
    expect(timed('reading response header from upstream')).toBe('read-timeout');
    expect(timed('reading upstream')).toBe('response-cut');
    expect(timed('proxying upgraded connection')).toBe('websocket-idle-timeout');
  });
});

describe('what a line says', () => {
  it('is one plain sentence with the addresses of the line', () => {
    expect(
      explain(
        line('connect() failed (111: Connection refused) while connecting to upstream', {
          upstream: 'http://127.0.0.1:3001/x',
        }),
      ).meaning,
    ).toBe('nginx could not connect to 127.0.0.1:3001: nothing listens there.');
    expect(
      explain(
        line(
          'connect() to unix:/run/a.sock failed (2: No such file or directory) while connecting to upstream',
          { upstream: 'fastcgi://unix:/run/a.sock:' },
        ),
      ).meaning,
    ).toBe('nginx could not connect to the socket /run/a.sock: there is no such file.');
    expect(
      explain(
        line('upstream timed out (110: Connection timed out) while reading response header from upstream'),
      ).meaning,
    ).toBe('10.1.2.3:8080 took the request but did not begin to answer in time.');
    expect(
      explain('upstream prematurely closed connection while reading response header from upstream').meaning,
    ).toBe('The backend took the connection and closed it without an answer.');
  });

  it('is not about the backend when the TLS handshake is with the client', () => {
    const found = explain(
      '2024/10/21 08:41:45 [crit] 165#165: *18127 SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL handshaking, client: 10.0.0.9, server: 0.0.0.0:443',
    );
    expect(found).toMatchObject({
      id: 'client-ssl-handshake-failed',
      phase: 'client',
      fault: 'client',
      causes: [],
    });
  });

  it('has no HTTP status in the stream module', () => {
    const found = explain(
      '2018/10/21 05:57:35 [error] 58#58: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.1, server: 0.0.0.0:9243, upstream: "192.168.200.131:9243", bytes from/to client:0/0, bytes from/to upstream:0/0',
    );
    expect(found).toMatchObject({ status: null, outcome: 'closed' });
  });

  it('does not promise a status for a subrequest', () => {
    const found = explain(
      line('connect() failed (111: Connection refused) while connecting to upstream', {
        extra: 'subrequest: "/auth"',
      }),
    );
    expect(found.status).toBeNull();
  });
});

describe('texts that are not as nginx writes them', () => {
  it.each([
    'upstream sent invalid status line',
    'upstream sent invalid HTTP response',
    'upstream sent invalid HTTP response header',
  ])('%s is matched to the real message and marked', (text) => {
    const found = explain(`${text} while reading response header from upstream`);
    expect(found).toMatchObject({ id: 'upstream-not-http', certainty: 'possible', status: '009' });
    expect(found.note).toContain(`No nginx writes "${text}"`);
  });

  it('recognises a message that was cut', () => {
    const cut = explain('connect() failed (111: Connection ref$');
    expect(cut).toMatchObject({ id: 'connect-failed', certainty: 'likely' });
    expect(explain('SSL_do_handshake() failed ... SSL alert number 40')).toMatchObject({
      id: 'ssl-handshake-failed',
      certainty: 'likely',
      meaning: 'The backend refused the TLS handshake without saying why.',
    });
    expect(explain('2024/10/21 08:41:45 [error] 165#165: *18127 upstream sent no val')).toMatchObject({
      id: 'upstream-not-http',
      certainty: 'likely',
    });
  });

  it('says nothing when too much is possible', () => {
    expect(matchMessage(only('2024/10/21 08:41:45 [error] 165#165: *18127 upstream sent '))).toBeNull();
  });

  it('recognises a message whose beginning is missing', () => {
    expect(
      explain(
        line('failed (113: No route to host) while connecting to upstream').slice(
          line('').indexOf('*18127') + 7,
        ),
      ),
    ).toMatchObject({
      id: 'connect-failed',
      certainty: 'likely',
      causes: ['unreachable-host', 'dns-resolved-once'],
    });
    expect(
      explain('*4 prematurely closed connection while reading response header from upstream'),
    ).toMatchObject({ id: 'upstream-prematurely-closed', certainty: 'likely' });
    expect(
      explain('[error] 7#7: *4 live upstreams while connecting to upstream, client: 10.0.0.1, server: x'),
    ).toMatchObject({ id: 'no-live-upstreams' });
  });

  it('does not take prose for a message', () => {
    for (const text of [
      'my upstream failed',
      'client sent a complaint',
      'exiting',
      'The upstream timed out yesterday',
      'nothing resolved',
      'connect',
    ]) {
      expect(isKnownMessage(text)).toBe(false);
    }
  });
});
