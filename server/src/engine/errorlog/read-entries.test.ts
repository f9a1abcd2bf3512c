import { describe, expect, it } from 'vitest';

import type { LogEntry } from './entry.ts';
import { EntryReader, readEntries } from './read-entries.ts';

const TAIL =
  'client: 10.0.0.9, server: app.example, request: "GET /a?b=1 HTTP/1.1", upstream: "http://127.0.0.1:3000/a?b=1", host: "app.example", referrer: "https://app.example/"';
const REFUSED = 'connect() failed (111: Connection refused) while connecting to upstream';
const CLEAN = `2023/07/09 02:39:30 [error] 33#34: *118 ${REFUSED}, ${TAIL}`;

function only(text: string): LogEntry {
  const { entries } = readEntries(text);
  expect(entries).toHaveLength(1);
  return entries[0]!;
}

const FIELDS = {
  client: '10.0.0.9',
  server: 'app.example',
  request: { method: 'GET', uri: '/a?b=1', protocol: 'HTTP/1.1' },
  subrequest: null,
  upstream: {
    raw: 'http://127.0.0.1:3000/a?b=1',
    scheme: 'http',
    address: '127.0.0.1',
    port: 3000,
    socket: null,
    uri: '/a?b=1',
  },
  host: 'app.example',
  referrer: 'https://app.example/',
  resolver: null,
  stream: false,
  mail: false,
  truncated: false,
};

describe('a line as nginx writes it', () => {
  it('is taken apart', () => {
    expect(only(CLEAN)).toEqual({
      guessed: false,
      origin: null,
      raw: CLEAN,
      line: 1,
      time: '2023/07/09 02:39:30',
      level: 'error',
      pid: 33,
      connection: 118,
      message: REFUSED,
      errno: { code: 111, text: 'Connection refused' },
      action: 'connecting to upstream',
      at: null,
      ...FIELDS,
    });
  });

  it('may end in CR LF, and its number is that of its line', () => {
    const { entries, lines } = readEntries(`\r\n${CLEAN}\r\n${CLEAN}\r\n`);
    expect(entries.map((entry) => [entry.line, entry.raw])).toEqual([
      [2, CLEAN],
      [3, CLEAN],
    ]);
    expect(lines).toBe(3);
  });

  it('may have quotes, commas and separators inside its values', () => {
    const uri = '/a",b"?q="x", y';
    const entry = only(
      `2023/07/09 02:39:30 [error] 33#33: *1 ${REFUSED}, client: ::1, server: _, request: "GET ${uri} HTTP/1.1", upstream: "http://10.0.0.1:80${uri}", host: "h", referrer: "http://evil/", host: "x", client: 1.2.3.4, server: y, request: "z"`,
    );
    expect(entry.request?.uri).toBe(uri);
    expect(entry.upstream?.uri).toBe(uri);
    expect(entry).toMatchObject({ client: '::1', server: '_', host: 'h' });
    expect(entry.referrer).toBe('http://evil/", host: "x", client: 1.2.3.4, server: y, request: "z');
  });

  it('may have what looks like fields inside the message', () => {
    const stderr =
      'FastCGI sent in stderr: "PHP message: x, client: 6.6.6.6, server: fake, request: "GET /fake HTTP/1.1", host: "fake""';
    const entry = only(
      `2023/07/09 02:39:30 [error] 33#33: *1 ${stderr} while reading response header from upstream, ${TAIL}`,
    );
    expect(entry).toMatchObject({
      ...FIELDS,
      message: `${stderr} while reading response header from upstream`,
    });
    expect(entry.action).toBe('reading response header from upstream');
  });

  it('has no error number in a quoted value or in a verify code', () => {
    expect(
      only(
        `2023/07/09 02:39:30 [error] 3#3: *1 FastCGI sent in stderr: "failed (2: No such file)" while reading upstream, ${TAIL}`,
      ).errno,
    ).toBeNull();
    expect(
      only(
        `2023/07/09 02:39:30 [error] 3#3: *1 upstream SSL certificate verify error: (18:self-signed certificate) while SSL handshaking to upstream, ${TAIL}`,
      ).errno,
    ).toBeNull();
  });

  it('may quote a whole request with its line ends, as "broken header" did before 1.23.2', () => {
    const head = '2023/07/09 02:39:30 [error] 33#34: *3 broken header: "GET /x HTTP/1.0\r\nHost: a\r\n\r\n';
    const { entries } = readEntries(
      `${head}" while reading PROXY protocol, client: 10.0.0.9, server: 0.0.0.0:8081\n${CLEAN}`,
    );
    expect(entries).toHaveLength(2);
    expect(entries[0]).toMatchObject({
      server: '0.0.0.0:8081',
      action: 'reading PROXY protocol',
      truncated: false,
    });
  });

  it('is marked as cut at the length at which nginx cuts', () => {
    const room = 2047 - CLEAN.indexOf('/a?b');
    const long = `${CLEAN.slice(0, CLEAN.indexOf('/a?b'))}/${'x'.repeat(3000)}`.slice(0, 2047);
    const entry = only(long);
    expect(entry.truncated).toBe(true);
    expect(entry.request).toEqual({ method: 'GET', uri: `/${'x'.repeat(room - 1)}`, protocol: null });
    expect(entry.upstream).toBeNull();
    expect(only(`${CLEAN.slice(0, -1)}${'y'.repeat(4095 - CLEAN.length)}"`).truncated).toBe(true);
    // Bytes count, not characters: 2 for each of these.
    const start = `${CLEAN.slice(0, CLEAN.indexOf('/a?b'))}/`;
    const letters = Math.floor((2046 - start.length) / 2);
    const wide = `${start}${'ü'.repeat(letters)}${'x'.repeat(2046 - start.length - 2 * letters)}"`;
    expect(only(wide).truncated).toBe(true);
    expect(only(`${start}${'x'.repeat(letters)}"`).truncated).toBe(false);
    expect(only(`${CLEAN.slice(0, -1)}${'y'.repeat(2046 - CLEAN.length)}"`).truncated).toBe(false);
    expect(only(`${CLEAN.slice(0, -1)}${'y'.repeat(2047 - CLEAN.length)}"`).truncated).toBe(true);
  });
});

describe('shapes that people paste', () => {
  it('1: message only', () => {
    expect(
      only('connect() to unix:/run/app.sock failed (11: Resource temporarily unavailable)'),
    ).toMatchObject({
      message: 'connect() to unix:/run/app.sock failed (11: Resource temporarily unavailable)',
      errno: { code: 11, text: 'Resource temporarily unavailable' },
      time: null,
      level: null,
      pid: null,
      connection: null,
      client: null,
      upstream: null,
    });
  });

  it('2: begins in the middle of the message', () => {
    expect(only(`failed (113: No route to host) while connecting to upstream, ${TAIL}`)).toMatchObject({
      ...FIELDS,
      message: 'failed (113: No route to host) while connecting to upstream',
      errno: { code: 113 },
      action: 'connecting to upstream',
    });
  });

  it('3: no time, or no star before the connection', () => {
    expect(only(`[error] 46#46: *118 ${REFUSED}, ${TAIL}`)).toMatchObject({
      ...FIELDS,
      time: null,
      level: 'error',
      pid: 46,
      connection: 118,
      message: REFUSED,
    });
    expect(only('15 connect() to 127.0.0.1:2018 failed (13: Permission denied)')).toMatchObject({
      connection: 15,
      message: 'connect() to 127.0.0.1:2018 failed (13: Permission denied)',
    });
    expect(only(`*6 ${REFUSED}`)).toMatchObject({ connection: 6, message: REFUSED });
    expect(only('512 worker_connections are not enough').connection).toBeNull();
  });

  it('4: first characters lost', () => {
    expect(only(CLEAN.slice(1))).toMatchObject({
      ...FIELDS,
      time: null,
      level: 'error',
      pid: 33,
      connection: 118,
    });
    expect(only(CLEAN.slice(CLEAN.indexOf('error]')))).toMatchObject({
      ...FIELDS,
      level: 'error',
      pid: 33,
      connection: 118,
    });
    expect(only(CLEAN.slice(CLEAN.indexOf('33#34')))).toMatchObject({
      ...FIELDS,
      level: null,
      pid: 33,
      connection: 118,
    });
  });

  it.each([
    ['5: compose', 'enju_leaf-nginx-1       | '],
    ['5: doubled', '    nginx         | nginx.1    | '],
    ['6: journald', 'Mar 12 23:19:28 vidar nginx[157907]: '],
    ['6: cloud log stream', 'Oct 13 02:25:57 h-prod_i-xxx error.log '],
    ['7: pod and ISO time', 'ingress-nginx-8p8vj controller 2024-10-21T10:41:45.462803094+02:00 '],
    ['7: docker logs -t', '2017-05-10T06:50:00.434167704Z '],
    ['7: platform', '2026-05-15T15:24:40.863274563Z [err]  '],
    ['12: quoted', '> '],
  ])('%s: a prefix', (_shape, prefix) => {
    expect(only(prefix + CLEAN)).toMatchObject({
      ...FIELDS,
      raw: CLEAN,
      time: '2023/07/09 02:39:30',
      level: 'error',
      pid: 33,
      connection: 118,
      message: REFUSED,
    });
    expect(only(`${prefix + REFUSED}, ${TAIL}`).upstream).toEqual(FIELDS.upstream);
  });

  it('8: table of a console', () => {
    expect(
      only('| 1609878836789 | nginx: [emerg] host not found in upstream "app" in /etc/nginx/nginx.conf:24 |'),
    ).toMatchObject({
      level: 'emerg',
      message: 'host not found in upstream "app" in /etc/nginx/nginx.conf:24',
      at: { file: '/etc/nginx/nginx.conf', line: 24 },
    });
  });

  it('9: JSON', () => {
    expect(only(`"textPayload": ${JSON.stringify(CLEAN).replace('127.0', ' 127.0')},`)).toMatchObject({
      time: '2023/07/09 02:39:30',
      request: FIELDS.request,
      upstream: { scheme: 'http', address: '127.0.0.1', port: 3000 },
    });
    expect(
      only(JSON.stringify({ log: `${CLEAN}\n`, stream: 'stderr', time: '2023-07-09T02:39:30Z' })),
    ).toMatchObject({ ...FIELDS, raw: CLEAN });
    expect(
      only(
        JSON.stringify({
          log: '2023/07/09 02:39:30 [alert] 7#7: 1024 worker_connections are not enough\n',
          stream: 'stderr',
        }),
      ).message,
    ).toBe('1024 worker_connections are not enough');
    expect(only(CLEAN.replaceAll('"', '\\"'))).toMatchObject(FIELDS);
  });

  it('10: HTML entities', () => {
    expect(only(CLEAN.replaceAll('"', '&quot;'))).toMatchObject(FIELDS);
    expect(only(CLEAN.replaceAll('"', '&amp;quot;'))).toMatchObject(FIELDS);
    expect(only(CLEAN.replaceAll('b=1', 'b=1&amp;c=2')).request?.uri).toBe('/a?b=1&amp;c=2');
  });

  it('11: forum mark-up, also over two lines', () => {
    const at = CLEAN.indexOf('refused)');
    const wrapped = `[COLOR=#000000][FONT=Courier New]${CLEAN.slice(0, at)}[/FONT][/COLOR]\n[COLOR=#000000][FONT=Courier New]${CLEAN.slice(at)}[/FONT][/COLOR]`;
    expect(only(wrapped)).toMatchObject({ ...FIELDS, message: REFUSED });
  });

  it('12: Markdown', () => {
    expect(only(`\`${CLEAN}\``)).toMatchObject({ ...FIELDS, raw: CLEAN });
    expect(only(`**${CLEAN}**`)).toMatchObject({ ...FIELDS, raw: CLEAN });
    expect(
      only(
        `> [error] 4610#0: *1 ${REFUSED}, client: 1.1.1.1, server: x, request: "GET / HTTP/1.1", upstream: "[**https**://XX.XXX.XX.XXX:8099/"](https://XX.XXX.XX.XXX:8099/%22), host: "x"`,
      ),
    ).toMatchObject({
      upstream: { scheme: 'https', address: 'XX.XXX.XX.XXX', port: 8099, uri: '/' },
      host: 'x',
    });
    expect(
      only(
        `[error] 4610#0: *1 ${REFUSED}, client: 1.1.1.1, server: x, upstream: "<http://127.0.0.1:4200/>", host: "x"`,
      ).upstream,
    ).toMatchObject({ address: '127.0.0.1', port: 4200 });
  });

  it('13: typographic quotes', () => {
    const entry = only(
      '2020/07/03 12:46:54 [error] 4715#0: *1 upstream timed out (110: Connection timed out) while reading response header from upstream, client: 1.1.1.1, server: x, request: “GET /timeoutmore.php HTTP/1.1”, upstream: “fastcgi://127.0.0.1:9000”。',
    );
    expect(entry).toMatchObject({
      request: { method: 'GET', uri: '/timeoutmore.php' },
      upstream: { scheme: 'fastcgi', address: '127.0.0.1', port: 9000, uri: null },
    });
  });

  it('14: wrapped inside words, at commas and inside quotes', () => {
    expect(
      only(
        '2020/07/03 12:46:54 [error] 4715#0: *1 upstream sent unsupported FastCGI proto\ncol version: 0 while reading upstream, client: 1.1.1.1, server: localhost:\n8000, request: "GET /db/api HTTP/1.1", upstream: "\n  http://127.0.0.1:3000/?new", host: "x"',
      ),
    ).toMatchObject({
      line: 1,
      message: 'upstream sent unsupported FastCGI protocol version: 0 while reading upstream',
      server: 'localhost:8000',
      request: { method: 'GET', uri: '/db/api', protocol: 'HTTP/1.1' },
      upstream: { scheme: 'http', address: '127.0.0.1', port: 3000, uri: '/?new' },
      host: 'x',
      truncated: false,
    });
    expect(only(CLEAN.replaceAll(', ', ',\n'))).toMatchObject({ ...FIELDS, message: REFUSED });
    expect(only(CLEAN.replaceAll(', ', ', \n    '))).toMatchObject({ ...FIELDS, message: REFUSED });
    for (const width of [60, 72, 80, 100]) {
      const wrapped = CLEAN.match(new RegExp(`.{1,${width}}`, 'g'))!.join('\n');
      expect(only(wrapped)).toMatchObject({ ...FIELDS, message: REFUSED });
    }
  });

  it('14: keeps the prose behind a line out of it', () => {
    const { entries, unrecognised } = readEntries(
      `[error] 46#46: *118 ${REFUSED}, client: 10.0.0.9, server: app.example\nPlease help, what is wrong?\n\nIt worked before.`,
    );
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ client: '10.0.0.9', server: 'app.example' });
    expect(unrecognised.map(({ line }) => line)).toEqual([2, 4]);
  });

  it('15: cut by an editor or a pager', () => {
    expect(only(`2023/07/09 02:39:30 [error] 33#33: *1 ${REFUSED}, client: 203.0$`)).toMatchObject({
      client: '203.0',
      server: null,
      truncated: true,
      message: REFUSED,
    });
    expect(only('connect() failed (111: Connection ref$')).toMatchObject({
      errno: { code: 111, text: 'Connection ref' },
      truncated: true,
    });
    expect(
      only(
        `[error] 33#33: *1 ${REFUSED}, client: 1.1.1.1, server: x, request: "GET / HTTP/1.1", upstream: "http:/>`,
      ),
    ).toMatchObject({ upstream: { raw: 'http:/', port: null }, host: null, truncated: true });
    expect(
      only(
        '2017/01/01 01:01:01 [crit] 1#1: *1 connect() to unix:/a failed (2: No such file or home/deploy/app.sock failed (2: No such file or directory) while connecting to upstream, client: 1.1.1.1, server: x',
      ),
    ).toMatchObject({ errno: { code: 2, text: 'No such file or directory' } });
  });

  it('16: elided by hand', () => {
    expect(only(`[error] 33#33: *1 ${REFUSED}, client...`)).toMatchObject({
      message: REFUSED,
      client: null,
      truncated: true,
    });
    expect(
      only(
        '[error] 33#33: *1 upstream timed out (110: Connection timed out) while connecting to upstream, client: , server: , request: "GET /favicon.ico HTTP/1.1", u',
      ),
    ).toMatchObject({
      client: '',
      server: '',
      request: { method: 'GET', uri: '/favicon.ico', protocol: 'HTTP/1.1' },
      upstream: null,
      truncated: true,
    });
    expect(only('SSL_do_handshake() failed ... SSL alert number 40').message).toBe(
      'SSL_do_handshake() failed ... SSL alert number 40',
    );
    expect(only(`[error] 33#33: *1 ${REFUSED}, client:`)).toMatchObject({
      message: REFUSED,
      truncated: true,
    });
  });

  it('17: redacted', () => {
    expect(
      only(
        '2019/10/16 14:MM:SS [crit] 31375#31375: *XXXXXXXX connect() to 10.*.*.207:80 failed (13: Permission denied) while connecting to upstream, client: 10.xxx.xx.xxxx, server: <REDACTED>, request: "GET / HTTP/1.1", upstream: "https://OLD-SERVER-IP:8443/", host: "[MASKED]"',
      ),
    ).toMatchObject({
      time: null,
      level: 'crit',
      pid: 31375,
      connection: null,
      client: '10.xxx.xx.xxxx',
      server: '<REDACTED>',
      upstream: { scheme: 'https', address: 'OLD-SERVER-IP', port: 8443 },
      host: '[MASKED]',
    });
    expect(
      only(
        'YYYY/MM/DD hh:mm:ss [error] 216#216: *60 <service name> could not be resolved (3: Host not found)',
      ),
    ).toMatchObject({ time: null, pid: 216, connection: 60 });
    expect(
      only(
        '[error] 1#1: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 1.1.1.1, server: [адрес сайта]',
      ).server,
    ).toBe('[адрес сайта]');
  });

  it('18: empty and odd values', () => {
    const odd = (tail: string) =>
      only(`2020/07/03 12:46:54 [error] 4715#0: *1 ${REFUSED}, client: 1.1.1.1, ${tail}`);
    expect(odd('server: , request: "GET / HTTP/1.1"').server).toBe('');
    expect(odd('server: _, request: "GET / HTTP/1.1"').server).toBe('_');
    expect(
      odd('server: _, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:1/", host: localhost:8000"')
        .host,
    ).toBe('localhost:8000');
    expect(
      odd('server: _, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:1/", host : "localhost:3080"')
        .host,
    ).toBe('localhost:3080');
    expect(
      odd(
        'server: _, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:1/", host: "a", referrer: "https://a.example"https://a.example/?open=1..."',
      ).referrer,
    ).toBe('https://a.example"https://a.example/?open=1...');
    expect(
      odd(
        'server: _, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:1/", host: "a", referrer: "http://a.example/',
      ),
    ).toMatchObject({ referrer: 'http://a.example/', truncated: true });
    expect(
      odd('server: _, request: "GET / HTTP/1.1", upstream: "uwsgi://unix:///tmp/uwsgi.sock:", host: "a"')
        .upstream,
    ).toMatchObject({ scheme: 'uwsgi', socket: '///tmp/uwsgi.sock', uri: null });
  });

  it('19: several lines, prose, prompts and headings between them', () => {
    const twin = CLEAN.replace('[error]', '[warn]').replace(
      REFUSED,
      'upstream server temporarily disabled while connecting to upstream',
    );
    const { entries, unrecognised } = readEntries(
      `==> error.log <==\n$ sudo tail -f error.log\n${CLEAN}\n${twin}\n\n\`\`\`\nand then\n\`\`\`\n${CLEAN}\n`,
    );
    expect(entries.map((entry) => [entry.line, entry.level])).toEqual([
      [3, 'error'],
      [4, 'warn'],
      [9, 'error'],
    ]);
    expect(unrecognised.map(({ line }) => line)).toEqual([1, 2, 6, 7, 8]);
  });

  it('20, 21, 27: lines of other programs', () => {
    const text = [
      '10.36.0.1 - [10.36.0.1] - - [29/Dec/2018:16:02:02 +0000] "GET /a HTTP/1.1" 502 157 "-" "curl/8" 240 0.002 [ns-svc-80] [] 10.36.0.1:8888, 10.36.0.1:8888 0, 0 0.000, 0.001 502, 502 d22a',
      'app.example:443 203.0.113.9 - - [29/Dec/2018:16:02:02 +0000] "GET / HTTP/2.0" 504 157 "-" "curl/8"',
      '[24-Feb-2026 09:11:59] WARNING: [pool www] child 204869 exited on signal 11 (SIGSEGV - core dumped)',
      "WebSocket connection to 'ws://app.example/socket.io/' failed: Unexpected response code: 502",
      'invalid request block size: 21573 (max 4096)...skip',
      '[Tue Mar 12 23:19:28.1 2024] [proxy_http:error] [pid 1:tid 2] AH01102: error reading status line from remote server',
      '/docker-entrypoint.sh: Configuration complete; ready for start up',
      '{"level":"info","msg":"listening"}',
    ].join('\n');
    const { entries, helpers, unrecognised } = readEntries(text);
    expect(entries).toEqual([]);
    expect(helpers.map((helper) => [helper.line, helper.kind, helper.status, helper.client])).toEqual([
      [1, 'access-log', '502', '10.36.0.1'],
      [2, 'access-log', '504', '203.0.113.9'],
      [3, 'php-fpm', null, null],
      [4, 'browser', '502', null],
      [5, 'uwsgi', null, null],
      [6, 'apache', null, null],
      [7, 'container', null, null],
    ]);
    expect(helpers[0]).toMatchObject({
      time: '29/Dec/2018:16:02:02 +0000',
      request: { method: 'GET', uri: '/a', protocol: 'HTTP/1.1' },
    });
    expect(helpers[2]).toMatchObject({ time: '24-Feb-2026 09:11:59', level: 'WARNING', pool: 'www' });
    expect(unrecognised).toEqual([{ line: 8, text: '{"level":"info","msg":"listening"}' }]);
  });

  it('22: no process id', () => {
    expect(
      only(
        '2026/02/24 09:11:59 [error] recv() failed (104: Connection reset by peer) while reading response header from upstream',
      ),
    ).toMatchObject({
      time: '2026/02/24 09:11:59',
      level: 'error',
      pid: null,
      errno: { code: 104 },
      action: 'reading response header from upstream',
    });
  });

  it('23: stream', () => {
    expect(
      only(
        '2018/10/21 05:57:35 [error] 58#58: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.1, server: 0.0.0.0:9243, upstream: "192.168.200.131:9243", bytes from/to client:0/0, bytes from/to upstream:0/0',
      ),
    ).toMatchObject({
      stream: true,
      client: '192.0.2.1',
      server: '0.0.0.0:9243',
      request: null,
      upstream: { scheme: null, address: '192.168.200.131', port: 9243, socket: null, uri: null },
      truncated: false,
    });
    expect(
      only(
        '2018/10/21 05:57:35 [error] 58#58: *1 recv() failed (111: Connection refused) while proxying and reading from upstream, udp client: 192.0.2.1, server: 0.0.0.0:53, upstream: "192.168.200.131:53", bytes from/to client:0/0, bytes from/to upstream:0/0',
      ),
    ).toMatchObject({ stream: true, client: '192.0.2.1', upstream: { port: 53 } });
  });

  it.each([
    ['61: Connection refused', 61],
    ['60: Operation timed out', 60],
    ['113: Host is unreachable', 113],
    ['10061: No connection could be made because the target machine actively refused it', 10061],
    ['10060: FormatMessage() error:(15105)', 10060],
    ['104: Unknown error', 104],
  ])('24: error numbers of other systems: %s', (words, code) => {
    expect(only(CLEAN.replace('111: Connection refused', words))).toMatchObject({
      ...FIELDS,
      errno: { code, text: words.slice(words.indexOf(' ') + 1) },
    });
  });

  it('25: no upstream field, a subrequest, the field inside the message', () => {
    expect(
      only(
        '2024/10/21 08:41:45 [error] 165#165: *1 app.invalid could not be resolved (3: Host not found), client: 1.1.1.1, server: x, request: "GET / HTTP/1.1", host: "x"',
      ),
    ).toMatchObject({ upstream: null, action: null, errno: { code: 3 }, host: 'x' });
    expect(only(CLEAN.replace(', upstream:', ', subrequest: "/authelia", upstream:'))).toMatchObject({
      ...FIELDS,
      subrequest: '/authelia',
    });
    expect(
      only(`2024/10/21 08:41:45 [error] 165#165: *1 ${REFUSED}: "http://127.0.0.1:3000/"`),
    ).toMatchObject({
      message: REFUSED,
      action: 'connecting to upstream',
      upstream: { address: '127.0.0.1', port: 3000 },
    });
    expect(
      only(`2024/10/21 08:41:45 [error] 165#165: *1 ${REFUSED}(proxy_connect), client: 1.1.1.1, server: x`)
        .action,
    ).toBe('connecting to upstream(proxy_connect)');
  });

  it('26: typed from a screen', () => {
    expect(
      only(
        'failed (111: connection refused) while connecting to upstream, client 172.16.238.1; upstream "172.16.238.5:80/"',
      ),
    ).toMatchObject({
      client: '172.16.238.1',
      upstream: { address: '172.16.238.5', port: 80 },
      errno: { code: 111 },
    });
    expect(
      only('upstream timed out(110: connection timed out) while reading response header from upstream').errno,
    ).toEqual({ code: 110, text: 'connection timed out' });
  });

  it('28: on the side of the client, and stapling', () => {
    expect(
      only(
        '2024/10/21 08:41:45 [warn] 165#165: no resolver defined to resolve ocsp.ca.test while requesting certificate status, responder: ocsp.ca.test, certificate: "/etc/nginx/cert.pem"',
      ),
    ).toMatchObject({
      action: 'requesting certificate status',
      message: 'no resolver defined to resolve ocsp.ca.test while requesting certificate status',
    });
  });

  it('30: start-up errors, also broken before the place', () => {
    const expected = {
      level: 'emerg',
      pid: null,
      time: null,
      message: 'host not found in upstream "x:9000" in /etc/nginx/conf.d/default.conf:2',
      at: { file: '/etc/nginx/conf.d/default.conf', line: 2 },
    };
    expect(
      only('nginx: [emerg] host not found in upstream "x:9000" in /etc/nginx/conf.d/default.conf:2'),
    ).toMatchObject(expected);
    expect(
      only('nginx: [emerg] host not found in upstream "x:9000"\nin /etc/nginx/conf.d/default.conf:2'),
    ).toMatchObject(expected);
    expect(
      only(
        '2020/07/03 12:46:54 [emerg] 1#1: host not found in upstream "x:9000" in /etc/nginx/conf.d/default.conf:2',
      ),
    ).toMatchObject({ at: expected.at, pid: 1 });
    expect(
      only(
        'nginx: [emerg] invalid number of arguments in "proxy_pass" directive in C:\\nginx/conf/nginx.conf:40',
      ).at,
    ).toEqual({ file: 'C:\\nginx/conf/nginx.conf', line: 40 });
  });

  it('colours of a terminal do not matter', () => {
    expect(only(`\u001b[36mweb-1  |\u001b[0m ${CLEAN}`)).toMatchObject({ ...FIELDS, raw: CLEAN });
  });
});

describe('a message of Lua', () => {
  const head = '2026/01/31 03:00:00 [error] 1549#1549: *1 ';
  const tail =
    ', client: 127.0.0.1, server: app.test, request: "GET /a/ HTTP/1.1", upstream: "http://127.0.0.1:3001/a/", host: "app.test"';

  it('goes on with a traceback, and has its fields behind it', () => {
    const text = `${head}lua entry thread aborted: runtime error: access_by_lua(nginx.conf:11):3: attempt to index local 'user' (a nil value)
stack traceback:
coroutine 0:
\t[C]: in function 'error'
\taccess_by_lua(nginx.conf:11): in main chunk${tail}`;
    for (const pasted of [text, text.replaceAll('\t', '')]) {
      expect(only(pasted)).toMatchObject({
        message:
          "lua entry thread aborted: runtime error: access_by_lua(nginx.conf:11):3: attempt to index local 'user' (a nil value)",
        client: '127.0.0.1',
        request: { uri: '/a/' },
        upstream: { port: 3001 },
        action: null,
        line: 1,
      });
    }
    const two = readEntries(`${text}\n${text}\n`);
    expect(two.entries).toHaveLength(2);
    expect(two.unrecognised).toEqual([]);
  });

  it('keeps what nginx was doing, and leaves out where a module was looked for', () => {
    const balancer = `${head}failed to run balancer_by_lua*: balancer_by_lua(nginx.conf:70):1: module 'x' not found:
\tno field package.preload['x']
\tno file './x.lua'
stack traceback:
\t[C]: in function 'require'
\tbalancer_by_lua(nginx.conf:70):1: in main chunk while connecting to upstream${tail}`;
    expect(only(balancer)).toMatchObject({
      message:
        "failed to run balancer_by_lua*: balancer_by_lua(nginx.conf:70):1: module 'x' not found: while connecting to upstream",
      action: 'connecting to upstream',
      request: { uri: '/a/' },
    });
  });

  it('ends with its traceback where nginx has cut it', () => {
    const { entries, unrecognised } = readEntries(
      `${head}lua entry thread aborted: runtime error: a.lua:1: x\nstack traceback:\ncoroutine 0:\n\ta.lua: in fun\n${head}connect() failed (111: Connection refused) while connecting to upstream${tail}\n`,
    );
    expect(entries.map(({ message }) => message.slice(0, 10))).toEqual(['lua entry ', 'connect() ']);
    expect(unrecognised).toEqual([]);
  });
});

describe('EntryReader', () => {
  const text = `${CLEAN}\n\n${CLEAN.replace('*118', '*119')}\nnonsense\n${CLEAN.replaceAll(', ', ',\n')}\n10.0.0.1 - - [29/Dec/2018:16:02:02 +0000] "GET / HTTP/1.1" 502 157\n${REFUSED}`;

  it('gives the same entries whatever the pieces are', () => {
    const whole = readEntries(text);
    for (const size of [1, 2, 7, 64, 1000]) {
      const heard: string[] = [];
      const reader = new EntryReader({
        helper: (helper) => heard.push(helper.text),
        unrecognised: (_line, content) => heard.push(content),
      });
      const entries: LogEntry[] = [];
      for (let from = 0; from < text.length; from += size) {
        entries.push(...reader.push(text.slice(from, from + size)));
      }
      entries.push(...reader.end());
      expect(entries).toEqual(whole.entries);
      expect(reader.lines).toBe(whole.lines);
      expect(reader.unrecognised).toBe(1);
      expect(heard).toHaveLength(2);
    }
  });

  it('gives an entry as soon as its line is complete', () => {
    const reader = new EntryReader();
    expect(reader.push(CLEAN)).toEqual([]);
    expect(reader.push('\n')).toHaveLength(1);
    expect(reader.end()).toEqual([]);
  });

  it('keeps 64 kB of a line and says that it was cut', () => {
    const reader = new EntryReader();
    const head = CLEAN.slice(0, CLEAN.indexOf('/a?b'));
    for (let i = 0; i < 100; i++) {
      reader.push(i === 0 ? head + 'x'.repeat(10_000) : 'x'.repeat(10_000));
    }
    const entries = reader.push(`\n${CLEAN}\n`);
    expect(entries).toHaveLength(2);
    expect(entries[0]).toMatchObject({
      truncated: true,
      client: '10.0.0.9',
      request: { method: 'GET' },
      upstream: null,
    });
    expect(entries[0]!.raw).toHaveLength(65_536);
    expect(entries[1]).toMatchObject({ truncated: false, line: 2 });
  });
});
