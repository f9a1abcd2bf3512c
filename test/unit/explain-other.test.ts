import { beforeAll, describe, expect, test } from 'vitest';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { splitPaste } from '../../server/src/engine/diagnosis/pasted-configuration.ts';
import { readErrorPage } from '../../server/src/engine/errorlog/error-page.ts';
import { loadGrammar, modelOfTexts } from '../support/engine.ts';

beforeAll(() => loadGrammar());

/** What people paste in place of a log line, and beside it. */

const PAGE = (title: string, product: string): string =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>${product}</center>\r\n</body>\r\n</html>\r\n`;

describe('error pages', () => {
  test.each([
    ['nginx with its version', PAGE('502 Bad Gateway', 'nginx/1.18.0 (Ubuntu)'), 'nginx', '502', '1.18.0'],
    ['nginx without', PAGE('504 Gateway Time-out', 'nginx'), 'nginx', '504', null],
    ['as a browser shows it', '502 Bad Gateway\nnginx/1.25.3', 'nginx', '502', '1.25.3'],
    ['with the rule between', '502 Bad Gateway\n\n________\n\nnginx', 'nginx', '502', null],
    ['OpenResty', PAGE('502 Bad Gateway', 'openresty/1.19.9.1'), 'OpenResty', '502', '1.19.9'],
    [
      'curl -i',
      'HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\n\r\n',
      'nginx',
      '502',
      '1.22.1',
    ],
    [
      'Cloudflare',
      'Bad gateway Error code 502\nVisit cloudflare.com for more information.\nCloudflare Ray ID: 7d1fa2b3c4d5e6f7',
      'Cloudflare',
      '502',
      null,
    ],
    [
      'Cloudflare, plain',
      'HTTP/2 522\r\nserver: cloudflare\r\ncf-ray: 7d1fa2b3c4d5e6f7-FRA\r\n\r\nerror code: 522',
      'Cloudflare',
      '522',
      null,
    ],
    ['Cloudflare in nginx dress', PAGE('502 Bad Gateway', 'cloudflare'), 'Cloudflare', '502', null],
    [
      'HAProxy',
      '<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>',
      'HAProxy',
      '502',
      null,
    ],
    [
      'Envoy',
      'upstream connect error or disconnect/reset before headers. reset reason: connection failure',
      'Envoy',
      '503',
      null,
    ],
    [
      'Apache',
      '<h1>Proxy Error</h1>\n502 Proxy Error\n<p>The proxy server received an invalid\nresponse from an upstream server.</p>\n<address>Apache/2.4.41 (Ubuntu) Server at a.test Port 443</address>',
      'Apache',
      '502',
      null,
    ],
    ['AWS', 'HTTP/1.1 502 Bad Gateway\r\nServer: awselb/2.0\r\n\r\n', 'an AWS load balancer', '502', null],
    [
      'Google',
      "Error: Server Error\n502. That's an error.\nThe server encountered a temporary error and could not complete your request.\nPlease try again in 30 seconds.",
      'a Google Cloud load balancer',
      '502',
      null,
    ],
    ['Traefik', 'Bad Gateway\n', 'Traefik', '502', null],
    ['nobody known', '<title>502 Bad Gateway</title>', 'an unknown program', '502', null],
  ])('%s', (_name, text, product, status, version) => {
    expect(readErrorPage(text)).toMatchObject({ product, status, version });
  });

  test.each([
    'it says Bad Gateway and nothing else',
    'our app has error 500 sometimes',
    'nginx\n',
    'HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n',
    PAGE('404 Not Found', 'nginx'),
    '',
  ])('%j is none', (text) => {
    expect(readErrorPage(text)).toBeNull();
  });

  test('the reference is given where there is one', () => {
    expect(readErrorPage('Error code 522\nCloudflare Ray ID: 7d1fa2b3c4d5e6f7')).toMatchObject({
      reference: 'Ray ID 7d1fa2b3c4d5e6f7',
      meaning: expect.stringContaining('did not accept the connection in time'),
    });
  });
});

function explained(text: string) {
  const explainer = new LogExplainer({ model: null });
  explainer.push(text);
  return explainer.end({ value: null, from: 'unknown' }, []);
}

describe('texts without a line of error.log', () => {
  test('an error page is one event, and says where the cause is written', () => {
    const result = explained(PAGE('502 Bad Gateway', 'nginx/1.18.0 (Ubuntu)'));
    expect(result).toMatchObject({ events: 1, unrecognised: 0 });
    const [group] = result.groups;
    expect(group!.explanation.message!.id).toBe('error-page');
    expect(group!.explanation.verdict).toBe(
      'This is an error page, not a log line: nginx made this page: it got no usable answer from the backend.',
    );
    expect(group!.explanation.status).toMatchObject({ code: '502', outcome: 'response' });
    expect(group!.explanation.notes.join('\n')).toMatch(/error\.log.*\n.*1\.18\.0/);
  });

  test('lines of an access log are grouped by status; sound ones are nothing', () => {
    const line = (status: number): string =>
      `192.0.2.7 - - [29/Dec/2018:16:02:02 +0000] "GET /a HTTP/1.1" ${status} 157 "-" "curl/8"\n`;
    const result = explained(line(502) + line(200) + line(502) + line(504));
    expect(result.groups.map(({ count, explanation }) => [count, explanation.status.code])).toEqual([
      [2, '502'],
      [1, '504'],
    ]);
    expect(result.groups[0]!.explanation.causes[0]!.id).toBe('backend-sent-5xx');
    expect(explained(line(200)).groups).toEqual([]);
  });

  test('who made an answer, where the line tells it', () => {
    const line = (tail: string): string =>
      `192.0.2.7 - - [29/Dec/2018:16:02:02 +0000] "GET /a HTTP/1.1" 502 ${tail}\n`;
    const cause = (tail: string) => {
      const { certainty, because, against } = explained(line(tail)).groups[0]!.explanation.causes[0]!;
      return [certainty, because.length, against.length];
    };
    expect(cause('812 "-" "curl/8" upstream_status=502 uht=0.004')).toEqual(['likely', 1, 0]);
    expect(cause('157 "-" "curl/8" upstream_status=502 uht=-')).toEqual(['possible', 0, 1]);
    expect(cause('812 "-" "curl/8" upstream_bytes_received=0')).toEqual(['possible', 0, 1]);
    expect(cause('812 "-" "curl/8" uht="-, 0.010"')).toEqual(['likely', 1, 0]);
    expect(cause('812 "-" "curl/8" uht="0.010 : -"')).toEqual(['possible', 0, 1]);
    expect(cause('812 "-" "curl/8" ubr=0, 812')).toEqual(['likely', 1, 0]);
    expect(cause('157 "-" "curl/8"')).toEqual(['possible', 0, 1]);
    expect(cause('812 "-" "curl/8"')).toEqual(['possible', 0, 0]);
  });

  test('beside a line of error.log they are evidence, no events of their own', () => {
    const error =
      '2026/01/31 03:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: a.test, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:3001/", host: "a.test"\n';
    const result = explained(`${PAGE('502 Bad Gateway', 'nginx')}\n${error}`);
    expect(result.groups.map(({ explanation }) => explanation.message!.id)).toEqual(['connect-failed']);
  });

  test('other programs are named', () => {
    const uwsgi = explained('invalid request block size: 21573 (max 4096)...skip\n');
    expect(uwsgi.groups[0]!.explanation.causes[0]!.id).toBe('uwsgi-scgi-mismatch');
    const apache = explained(
      '[proxy:error] [pid 9] AH00957: HTTP: attempt to connect to 127.0.0.1:3000 failed\n',
    );
    expect(apache.groups[0]!.explanation.verdict).toMatch(/Apache/);
  });
});

test('with a configuration, what is wrong in it and gives that status is a cause of an error page', async () => {
  const model = await modelOfTexts({
    '/nginx.conf':
      'events {} http { server { location /a { set $b http://api.test; proxy_pass $b; } location /b { proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:1; } } }',
  });
  const explainer = new LogExplainer({ model });
  explainer.push(PAGE('502 Bad Gateway', 'nginx'));
  const [group] = explainer.end(model.version, []).groups;
  expect(group!.explanation.causes.map(({ id }) => id)).toEqual(['resolver-missing']);
  expect(group!.explanation.causes[0]!.because[0]).toMatch(/:1: /);
});

describe('helper lines decide', () => {
  const RESET =
    'recv() failed (104: Connection reset by peer) while reading response header from upstream, client: 172.18.0.6, server: a, request: "GET / HTTP/1.1", upstream: "uwsgi://unix:/run/a.sock:", host: "a"\n';
  const first = (text: string): string => explained(text).groups[0]!.explanation.causes[0]!.id;
  test.each([
    ['invalid request block size: 4143 (max 4096)...skip', 'request-headers-too-big-for-backend'],
    ['invalid request block size: 21573 (max 4096)...skip', 'uwsgi-scgi-mismatch'],
  ])('%s', (helper, id) => {
    expect(first(`${helper}\n${RESET}`)).toBe(id);
    expect(first(`${RESET}${helper}\n`)).toBe(id);
  });

  test('a worker that died, with its own words as evidence', () => {
    const line =
      '2026/02/24 09:11:59 [error] 9#9: *1 recv() failed (104: Connection reset by peer) while reading response header from upstream, client: 192.0.2.7, server: a, request: "GET / HTTP/1.1", upstream: "fastcgi://127.0.0.1:9000", host: "a"';
    const { causes } = explained(
      `[24-Feb-2026 09:11:59] WARNING: [pool www] child 204869 exited on signal 11 (SIGSEGV - core dumped)\n${line}\n`,
    ).groups[0]!.explanation;
    expect(causes[0]!.because[0]).toMatch(/^php-fpm says so: child 204869 exited on signal 11/);
  });
});

test('a message with words of a person around it is read', () => {
  for (const text of [
    'Got "no live upstreams while connecting to upstream" error in the container',
    'Solution: SSL_do_handshake() failed (SSL: error:14094458:SSL routines:ssl3_read_bytes:tlsv1 unrecognized name:SSL alert number 112) while SSL handshaking to upstream',
    'may see `[warn] 9#9: 1024 worker_connections are not enough, reusing connections`, and therefore',
    'level=ERROR error="nginx: [emerg] host not found in upstream \\"a\\" in /etc/nginx/a.conf:67\\nnginx: configuration file test failed" x=1',
  ]) {
    expect(explained(text).groups[0]?.explanation.message, text).toBeTruthy();
  }
  for (const text of [
    'we connect() to our upstream',
    'it failed (again) while connecting to upstream support',
  ]) {
    expect(explained(text).groups, text).toEqual([]);
  }
});

describe('a paste of configuration and log', () => {
  const CONFIGURATION =
    'server {\n    listen 80; # main\n    location / {\n        proxy_pass "http://a{b";\n    }\n}';
  const LOG =
    '2026/01/31 03:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting';

  test('is parted line by line', () => {
    const paste = `My config:\n\n${CONFIGURATION}\n\nand the log:\n${LOG}\n`;
    const { configuration, rest } = splitPaste(paste);
    expect(configuration!.split('\n').map((line) => line !== '')).toEqual(
      paste.split('\n').map((_line, i) => i >= 2 && i < 8),
    );
    expect(rest.split('\n')).toHaveLength(paste.split('\n').length);
    expect(rest).toContain(LOG);
    expect(rest).not.toContain('proxy_pass');
  });

  test('of which the configuration was cut ends where the log begins', () => {
    const { configuration, rest } = splitPaste(
      `server {\n    location / {\n        proxy_pass http://a;\n${LOG}\n`,
    );
    expect(configuration!.trim().split('\n')).toHaveLength(3);
    expect(rest.trim()).toBe(LOG);
  });

  test.each([LOG, 'the server has been down since noon;', 'return 502;\n', '', '}{}{'])(
    '%j has none',
    (text) => {
      expect(splitPaste(text)).toEqual({ configuration: null, rest: text });
    },
  );
});
