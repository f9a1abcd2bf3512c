import { describe, expect, test } from 'vitest';
import type { Cause, Explanation } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { applyEdits } from '../../server/src/engine/diagnosis/fixes.ts';
import { modelOfTexts } from '../support/engine.ts';

/** What the evidence of a paste makes of failures behind the connection: time-outs, resets, answers that are no good. */

interface Fields {
  readonly at?: string;
  readonly uri?: string;
  readonly method?: string;
  readonly connection?: number;
  readonly level?: string;
  readonly upstream?: string;
}

/** A line of nginx's error log about one request. */
function failed(message: string, fields: Fields = {}): string {
  const { at = '03:00:00', uri = '/x', method = 'GET', connection = 7, level = 'error' } = fields;
  const { upstream = `http://127.0.0.1:3001${uri}` } = fields;
  return `2026/01/31 ${at} [${level}] 4242#4242: *${connection} ${message}, client: 127.0.0.1, server: app.test, request: "${method} ${uri} HTTP/1.1", upstream: "${upstream}", host: "app.test"`;
}

/** A line of its access log in the combined format, with what a log_format adds behind it. */
function answered(
  status: number,
  at: string,
  { uri = '/x', method = 'GET' }: Fields = {},
  rest = '',
): string {
  return `127.0.0.1 - - [31/Jan/2026:${at} +0000] "${method} ${uri} HTTP/1.1" ${status} 157 "-" "curl/8.5.0"${rest}`;
}

const HEADER = 'while reading response header from upstream';
const CLOSED = `upstream prematurely closed connection ${HEADER}`;
const REFUSED = 'connect() failed (111: Connection refused) while connecting to upstream';
const SLOW = `upstream timed out (110: Connection timed out) ${HEADER}`;

const location = (content: string): string =>
  `events {}\nhttp {\n    server {\n        server_name app.test;\n        location / {\n            ${content}\n        }\n    }\n}\n`;

async function explained(lines: readonly string[], config?: string): Promise<Explanation[]> {
  const model = config === undefined ? null : await modelOfTexts({ '/etc/nginx/nginx.conf': config });
  const explainer = new LogExplainer({ model });
  explainer.push(`${lines.join('\n')}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []).groups.map(({ explanation }) => explanation);
}

async function causes(lines: readonly string[], config?: string): Promise<readonly Cause[]> {
  return (await explained(lines, config))[0]!.causes;
}

describe('response-header-too-big', () => {
  const BIG = `upstream sent too big header ${HEADER}`;
  const cure = async (upstream: string, config?: string): Promise<string> =>
    (await causes([failed(BIG, { upstream })], config))[0]!.do;

  test('names the directives of the protocol that the line shows', async () => {
    expect(await cure('http://127.0.0.1:3001/x')).toMatch(
      /^Set proxy_buffer_size 16k and proxy_buffers 8 16k/,
    );
    expect(await cure('fastcgi://127.0.0.1:9000')).toMatch(
      /^Set fastcgi_buffer_size 16k and fastcgi_buffers /,
    );
    expect(await cure('uwsgi://127.0.0.1:3031')).toMatch(/^Set uwsgi_buffer_size /);
    expect(await cure('grpc://127.0.0.1:50051')).toMatch(/^Raise grpc_buffer_size /);
  });

  test('names the next size, and only what has to change', async () => {
    const pass = 'proxy_pass http://127.0.0.1:3001;';
    const said = (lines: string): Promise<string> =>
      cure('http://127.0.0.1:3001/x', location(`${lines} ${pass}`));
    expect(await said('')).toBe(
      'Set proxy_buffer_size 16k and proxy_buffers 8 16k together: the first alone does not pass nginx -t.',
    );
    expect(await said('proxy_buffers 16 16k;')).toBe('Set proxy_buffer_size 16k.');
    expect(await said('proxy_buffer_size 16k; proxy_buffers 8 16k;')).toMatch(
      /^Set proxy_buffer_size 32k and /,
    );
    expect(await said('proxy_buffer_size 64k; proxy_buffers 8 64k;')).toMatch(
      /^Have the backend send less: 64k /,
    );
  });
});

describe('after the answer has begun', () => {
  test('no second peer is asked', async () => {
    const reset = 'recv() failed (104: Connection reset by peer) while';
    const of = async (action: string): Promise<string | null> =>
      (await causes([failed(`${reset} ${action}`)])).find(({ id }) => id === 'backend-reset')?.mitigate ??
      null;
    expect(await of('reading response header from upstream')).toMatch(/second peer/);
    expect(await of('proxying upgraded connection')).toBeNull();
    expect(await of('reading upstream')).toBeNull();
  });
});

describe('what only something speaks against', () => {
  test('gives way to what something speaks for', async () => {
    const config = location(
      'proxy_pass https://app.test:3001; proxy_ssl_server_name on; proxy_ssl_name app.test;',
    );
    const alert =
      'SSL_do_handshake() failed (SSL: error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40) while SSL handshaking to upstream';
    const [first, second] = await causes([failed(alert, { upstream: 'https://127.0.0.1:3001/x' })], config);
    expect(first).toMatchObject({ id: 'tls-client-certificate-missing', certainty: 'likely' });
    expect(second!.id).not.toBe('sni-missing');
    expect(first!.checks[0]!.run).toBe(
      'openssl s_client -brief -connect 127.0.0.1:3001 -servername app.test </dev/null',
    );
    expect(first!.checks[0]!.expect).not.toMatch(/sni-missing/);
  });
});

describe('read-timeout', () => {
  const pass = 'proxy_pass http://127.0.0.1:3001;';

  test('an age in the access log that is the time-out', async () => {
    const access = answered(504, '03:00:00', {}, ' rt=60.001 uct="0.000" uht="-" urt="60.000"');
    const [first] = await causes([failed(SLOW), access], location(pass));
    expect(first).toMatchObject({ id: 'read-timeout', certainty: 'likely', against: [] });
    expect(first!.because.join()).toContain('took 60.001 s: that is proxy_read_timeout');
  });

  test('an age that the file does not explain', async () => {
    const [first] = await causes([failed(SLOW), answered(504, '03:00:00', {}, ' 5.002')], location(pass));
    expect(first!.against.join()).toContain('waits less than this file says');
  });

  test('the distance between the attempts of one request', async () => {
    const lines = [failed(SLOW), failed(SLOW, { at: '03:01:00', upstream: 'http://127.0.0.2:3001/x' })];
    const second = (await explained(lines, location('proxy_pass http://u;')))[1]!;
    expect(second.causes[0]!.because.join()).not.toContain('the attempt before it');
    const group = `upstream u { server 127.0.0.1:3001; server 127.0.0.2:3001; }`;
    const config = location('proxy_pass http://u;').replace('http {', `http { ${group}`);
    const because = (await explained(lines, config)).flatMap((one) => one.causes[0]!.because).join();
    expect(because).toContain(
      'the attempt before it ended 60 s earlier (line 1): that is proxy_read_timeout',
    );
  });

  test('one slow request, or a slow backend', async () => {
    const because = async (uri: string): Promise<string> =>
      (await causes([failed(SLOW), failed(SLOW, { uri })])).flatMap((cause) => cause.because).join();
    expect(await because('/x?page=2')).toContain('2 such lines about this backend, all of one path');
    expect(await because('/y')).toContain('2 such lines about this backend, of 2 different paths');
  });

  test.each([
    { what: 'at the location', before: pass, after: `${pass}\n            proxy_read_timeout 120s;` },
    {
      what: 'in place of its own',
      before: `proxy_read_timeout 90; ${pass}`,
      after: `proxy_read_timeout 120s; ${pass}`,
    },
  ])('waits longer $what', async ({ before, after }) => {
    const text = location(before);
    const fix = (await causes([failed(SLOW)], text))[0]!.fixes[0]!;
    expect(fix.safety).toBe('choice');
    expect(applyEdits(text, fix.edits)).toBe(location(after));
  });

  test('no longer wait is offered where an hour was not enough', async () => {
    const [first] = await causes([failed(SLOW)], location(`proxy_read_timeout 1h; ${pass}`));
    expect(first!.fixes).toEqual([]);
  });
});

describe('backend-reset', () => {
  const RESET = `recv() failed (104: Connection reset by peer) ${HEADER}`;

  test('an answer to another request says that the port is right', async () => {
    const cut = failed('upstream prematurely closed connection while reading upstream', { connection: 9 });
    const all = await explained([failed(RESET), cut]);
    const [first] = all.find(({ message }) => message?.id === 'recv-failed')!.causes;
    expect(first).toMatchObject({ id: 'backend-reset', certainty: 'likely' });
    expect(first!.because.join()).toContain('line 2: it answered another request');
  });

  test('a reset of the connection itself is doubted', async () => {
    const connecting = 'connect() failed (104: Connection reset by peer) while connecting to upstream';
    const [first] = await causes([failed(connecting)]);
    expect(first).toMatchObject({ id: 'backend-reset' });
    expect(first!.against.join()).toContain('no request was sent yet');
    expect(first!.checks.map(({ run }) => run).join()).toContain('TcpExtListenOverflows');
  });

  test('a pipe that broke is no reset', async () => {
    const pipe = 'writev() failed (32: Broken pipe) while sending request to upstream';
    const found = (await causes([failed(pipe, { method: 'POST' })])).find(({ id }) => id === 'backend-reset');
    expect(found!.because).toEqual([
      '127.0.0.1:3001 closed the connection before it had read the whole request',
    ]);
  });
});

describe('response-cut', () => {
  const CUT = 'upstream prematurely closed connection while reading upstream';
  const because = async (lines: readonly string[], content: string): Promise<string> => {
    const [first] = await causes(lines, location(content));
    expect(first).toMatchObject({ id: 'response-cut', certainty: 'likely' });
    return first!.because.join('; ');
  };
  const pass = 'proxy_pass http://127.0.0.1:3001;';

  test.each([
    ['proxy_buffering off;', 'takes the answer only as fast as the client does'],
    ['proxy_max_temp_file_size 0;', 'waits at the backend for the client'],
    ['', null],
  ])('the backend waits for the client: %s', async (setting, words) => {
    const text = await because([failed(CUT)], `${setting} ${pass}`);
    if (words === null) expect(text).toBe('127.0.0.1:3001 ended the answer before it was complete');
    else expect(text).toContain(words);
  });

  test('a download that broke where the temporary file was full', async () => {
    const access = answered(200, '03:00:00').replace(' 157 ', ' 1073815552 ');
    expect(await because([failed(CUT), access], pass)).toContain('beyond proxy_max_temp_file_size (1024m)');
    expect(await because([failed(CUT), answered(200, '03:00:00')], pass)).not.toContain('max_temp_file_size');
  });

  test('an answer in a temporary file is evidence for its own request only', async () => {
    const filed = (uri: string): string =>
      failed(
        'an upstream response is buffered to a temporary file /var/cache/nginx/1 while reading upstream',
        { uri, level: 'warn' },
      );
    const of = async (uri: string): Promise<string> =>
      (await explained([filed(uri), failed(CUT)]))
        .find(({ message }) => message?.id === 'upstream-prematurely-closed')!
        .causes[0]!.because.join();
    expect(await of('/x')).toContain('line 1: the answer is larger than the buffers');
    expect(await of('/other')).not.toContain('line 1');
  });

  test('a pause of the backend is a matter of the read time-out, second', async () => {
    const slow = 'upstream timed out (110: Connection timed out) while reading upstream';
    const found = await causes([failed(slow)], location(`proxy_read_timeout 5s; ${pass}`));
    expect(found.map(({ id, certainty }) => [id, certainty])).toEqual([
      ['response-cut', 'likely'],
      ['read-timeout', 'possible'],
    ]);
    expect(found[0]!.because).toContain('proxy_read_timeout 5s is in effect there');
    expect(found[1]!.fixes).toHaveLength(1);
  });
});

describe('send-timeout', () => {
  const STUCK = 'upstream timed out (110: Connection timed out) while sending request to upstream';

  test('an upload that is passed on as it comes', async () => {
    const config = location('proxy_request_buffering off; proxy_pass http://127.0.0.1:3001;');
    const [first] = await causes([failed(STUCK, { method: 'PUT' })], config);
    expect(first).toMatchObject({ id: 'send-timeout', certainty: 'likely', against: [] });
    expect(first!.because).toContain(
      'proxy_request_buffering is off: the backend is kept waiting while the client uploads',
    );
    expect(applyEdits(config, first!.fixes[0]!.edits)).toContain('proxy_send_timeout 120s;');
  });

  test('a request without a body is doubted', async () => {
    expect((await causes([failed(STUCK)]))[0]!.against.join()).toContain('GET seldom has a body');
  });
});

describe('tls-handshake-timeout', () => {
  const SLOW_TLS = 'upstream timed out (110: Connection timed out) while SSL handshaking to upstream';
  const to = (port: number): Fields => ({ upstream: `https://127.0.0.1:${port}/x` });
  const ids = async (lines: readonly string[], config?: string): Promise<string[]> =>
    (await causes(lines, config)).map(({ id, certainty }) => `${id} ${certainty}`);

  test('nothing tells, and one command does', async () => {
    const [first] = await causes([failed(SLOW_TLS, to(3001))]);
    expect(first).toMatchObject({ id: 'tls-handshake-timeout', certainty: 'possible' });
    expect(first!.against).toEqual(['a plain port that waits for more bytes looks the same']);
    expect(first!.checks[0]!.run).toBe(
      'timeout 20 openssl s_client -brief -connect 127.0.0.1:3001 </dev/null',
    );
  });

  test('a port that usually speaks TLS', async () => {
    for (const port of [443, 6443])
      expect((await ids([failed(SLOW_TLS, to(port))]))[0]).toBe('tls-handshake-timeout likely');
  });

  test('what says that the port is plain goes before', async () => {
    const config = location(
      'proxy_pass https://127.0.0.1:3001; } location /b { proxy_pass http://127.0.0.1:3001;',
    );
    expect(await ids([failed(SLOW_TLS, to(3001))], config)).toEqual([
      'tls-to-plain-backend likely',
      'tls-handshake-timeout possible',
    ]);
  });

  test('an earlier answer over TLS says that it is slow', async () => {
    const later = failed(SLOW, { ...to(3001), connection: 9 });
    const all = await explained([failed(SLOW_TLS, to(3001)), later]);
    const [first] = all.find(({ message }) => message?.phase === 'tls')!.causes;
    expect(first).toMatchObject({ id: 'tls-handshake-timeout', certainty: 'likely' });
    expect(first!.because[0]).toBe('line 2: the handshake with the same backend had gone well');
  });
});

const ids = (found: readonly Cause[]): string[] => found.map(({ id, certainty }) => `${id} ${certainty}`);

describe('backend-worker-timeout', () => {
  const first = async (lines: readonly string[]): Promise<Cause> => (await causes(lines))[0]!;

  test('the age at which gunicorn ends a worker', async () => {
    const cause = await first([failed(CLOSED), answered(502, '03:00:00', {}, ' 30.041 30.040')]);
    expect(cause).toMatchObject({ id: 'backend-worker-timeout', certainty: 'likely' });
    expect(cause.because).toEqual([
      "the access log (line 2) says that the request took 30.041 s: 30 s is gunicorn's default for --timeout",
    ]);
  });

  test('requests that end at one age, round or not', async () => {
    const lines = ['/a', '/b', '/c'].flatMap((uri, i) => {
      const at = `03:0${i}:00`;
      return [failed(CLOSED, { at, uri, connection: i }), answered(502, at, { uri }, ` rt=47.${i}02`)];
    });
    expect((await first(lines)).because).toEqual(['2 more requests ended at the same age, about 47 s']);
  });

  test('php-fpm says so of a reset', async () => {
    const reset = failed(`recv() failed (104: Connection reset by peer) ${HEADER}`, {
      upstream: 'fastcgi://127.0.0.1:9000',
    });
    const says =
      '[31-Jan-2026 03:00:00] WARNING: [pool www] child 31, script "/srv/x.php" (request: "GET /x.php") execution timed out (31.2 sec), terminating';
    const cause = await first([reset, says]);
    expect(cause.id).toBe('backend-worker-timeout');
    expect(cause.do).toContain('request_terminate_timeout of the php-fpm pool');
  });

  test('times until the connection or the header are no age, nor is a youth what the program itself denies', async () => {
    const part = ' uct=0.001, 0.002 uht="0.004" "upstream_connect_time": 0.003';
    expect(ids(await causes([failed(CLOSED), answered(502, '03:00:00', {}, part)]))).toContain(
      'backend-worker-timeout possible',
    );
    const says = '[2026-01-31 03:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)';
    const young = answered(502, '03:00:00', {}, ' rt=0.004');
    expect(ids(await causes([failed(CLOSED), young, says]))[0]).toBe('backend-worker-timeout likely');
  });

  test('a quote that is never closed costs no time', async () => {
    const began = performance.now();
    await causes([failed(CLOSED), answered(502, '03:00:00', {}, ` "${'a('.repeat(60_000)}`)]);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test('a young request is none, any other age says nothing', async () => {
    const young = await causes([failed(CLOSED), answered(502, '03:00:00', {}, ' 0.004')]);
    expect(ids(young)[0]).toBe('backend-closed-early likely');
    expect(ids(young).join()).not.toContain('backend-worker-timeout');
    const odd = await causes([failed(CLOSED), answered(502, '03:00:00', {}, ' 7.331')]);
    expect(ids(odd)).toContain('backend-worker-timeout possible');
  });
});

describe('backend-restarting', () => {
  const gone = failed(CLOSED, { at: '03:00:01', connection: 1 });
  const refused = (at: string, connection: number): string => failed(REFUSED, { at, connection });
  const body = 'upstream timed out (110: Connection timed out) while reading upstream';
  const pass = location('proxy_pass http://127.0.0.1:3001;');
  const closedGroup = async (lines: readonly string[], config?: string): Promise<readonly Cause[]> =>
    (await explained(lines, config)).find(({ message }) => message?.id === 'upstream-prematurely-closed')!
      .causes;

  test('broken off, refused, and then at work again', async () => {
    const lines = [gone, refused('03:00:02', 2), refused('03:00:04', 3), failed(body, { at: '03:00:09' })];
    const found = await closedGroup(lines);
    expect(ids(found)[0]).toBe('backend-restarting likely');
    expect(found[0]!.because).toEqual([
      'it refused or broke off connections for 3 s (3 lines); line 4: it took a request, 5 s after the last of them',
    ]);
  });

  test('what works minutes later may have been repaired', async () => {
    const lines = [refused('03:00:02', 2), refused('03:00:04', 3)];
    const back = (at: string): string => failed(body, { at });
    expect(ids(await causes([...lines, back('03:01:30')]))[0]).toBe('backend-restarting likely');
    expect(ids(await causes([...lines, back('03:05:00')]))[0]).toBe('backend-down likely');
  });

  test('while it does not end, nobody knows', async () => {
    const found = await closedGroup([gone, refused('03:00:02', 2)]);
    expect(ids(found)[0]).toBe('backend-closed-early likely');
    expect(ids(found)).toContain('backend-restarting possible');
  });

  test('single crashes between sound answers are no restart', async () => {
    const later = failed(CLOSED, { at: '03:00:21', connection: 4 });
    const lines = [gone, answered(200, '03:00:11'), later, answered(200, '03:00:31')];
    expect(ids(await closedGroup(lines, pass))[0]).toBe('backend-closed-early likely');
  });

  test('an answer of another server of the group says nothing', async () => {
    const lines = [refused('03:00:01', 1), answered(200, '03:00:01'), answered(200, '03:00:05')];
    expect(ids(await causes(lines))[0]).toBe('backend-down likely');
    const group = pass.replace(
      'http {',
      'http { upstream u { server 127.0.0.1:3001; server 127.0.0.2:3001; }',
    );
    const config = group.replace('http://127.0.0.1:3001', 'http://u');
    expect(ids(await causes([refused('03:00:01', 1), answered(200, '03:00:05')], config))[0]).toBe(
      'backend-down likely',
    );
  });

  test('the backend says so', async () => {
    const says = '[2026-01-31 03:00:03 +0000] [7] [INFO] Starting gunicorn 23.0.0';
    const [first] = await causes([refused('03:00:02', 2), says]);
    expect(first).toMatchObject({ id: 'backend-restarting', certainty: 'likely' });
    expect(first!.because).toEqual(['gunicorn says so in line 2: [INFO] Starting gunicorn']);
    const hoursBefore = says.replace('03:00:03', '01:00:03');
    expect(ids(await causes([refused('03:00:02', 2), hoursBefore]))[0]).toBe('backend-down likely');
  });
});

describe('response-not-http', () => {
  const RAW = `upstream sent no valid HTTP/1.0 header ${HEADER}`;

  test('a sound answer before says that the application writes before its header', async () => {
    const cut = failed('upstream prematurely closed connection while reading upstream', { connection: 9 });
    const all = await explained([failed(RAW), answered(9, '03:00:00'), cut]);
    const { causes: found, verdict } = all.find(({ message }) => message?.id === 'upstream-not-http')!;
    expect(ids(found)[0]).toBe('response-not-http likely');
    expect(found[0]!.because.join()).toContain('line 3: the same backend answered in HTTP');
    expect(found[0]!.do).toContain('writes before its header');
    expect(verdict).not.toContain('configuration');
  });

  test('what a port says goes before', async () => {
    const found = await causes([failed(RAW, { upstream: 'http://127.0.0.1:3306/' })]);
    expect(ids(found)[0]).toBe('non-http-backend likely');
    expect(ids(found)).toContain('response-not-http likely');
  });
});

describe('invalid-response-header', () => {
  const first = async (message: string, more: readonly string[] = [], fields: Fields = {}): Promise<Cause> =>
    (await explained([failed(`${message} ${HEADER}`, fields), ...more])).find(
      (one) => one.message?.id === 'upstream-invalid-header',
    )!.causes[0]!;

  test.each([
    ['X-Bad\\x20...', 'behind "X-Bad" stands a space'],
    ['\\x20...', 'behind the end of a line stands one that begins with a blank'],
    ['X-Ok: a\\x00...', 'behind "X-Ok: a" stands a NUL byte'],
    ['X\\x7f...', 'behind "X" stands the byte \\x7f'],
  ])('the byte that nginx names: %s', async (quoted, because) => {
    const cause = await first(`upstream sent invalid header: "${quoted}"`);
    expect(cause).toMatchObject({ id: 'invalid-response-header', certainty: 'certain', because: [because] });
  });

  test('without the byte it is likely', async () => {
    expect(await first('upstream sent invalid header')).toMatchObject({ certainty: 'likely' });
  });

  test('a header that HTTP/2 finds too large is not malformed', async () => {
    const to = { upstream: 'grpc://127.0.0.1:50051' };
    const large = failed(`upstream sent too large http2 header value length: 6000 ${HEADER}`, to);
    const all = await explained([large, failed(`upstream sent invalid header ${HEADER}`, to)]);
    const bare = all.find(({ message }) => message?.id === 'upstream-invalid-header')!;
    expect(bare.causes[0]!.against.join()).toContain('line 1: the header is too large for nginx');
  });

  test('what another request of the same connection got says nothing of it', async () => {
    const to = { upstream: 'grpc://127.0.0.1:50051' };
    const large = failed(`upstream sent too large http2 header value length: 6000 ${HEADER}`, {
      ...to,
      uri: '/other',
    });
    const all = await explained([large, failed(`upstream sent invalid header ${HEADER}`, to)]);
    const bare = all.find(({ message }) => message?.id === 'upstream-invalid-header')!;
    expect(bare.causes[0]).toMatchObject({ id: 'invalid-response-header', against: [] });
  });
});

describe('ambiguous-response-length', () => {
  test.each([
    [
      'upstream sent duplicate header line: "Content-Length: 3", previous value: "Content-Length: 2"',
      'it sent "Content-Length: 2" and then "Content-Length: 3"',
    ],
    [
      'upstream sent invalid "Content-Length" header: "Content-Length: two"',
      'it sent "Content-Length: two", which is no length',
    ],
    [
      'upstream sent unknown "Transfer-Encoding": "gzip, chunked"',
      'it sent Transfer-Encoding "gzip, chunked"; nginx knows "chunked" alone',
    ],
  ])('%s', async (message, because) => {
    const [first] = await causes([failed(`${message} ${HEADER}`)]);
    expect(first).toMatchObject({
      id: 'ambiguous-response-length',
      certainty: 'certain',
      because: [because],
    });
  });
});

describe('http2-stream-reset', () => {
  const to = { upstream: 'grpc://127.0.0.1:50051', uri: '/shop.Cart/Add', method: 'POST' };

  test('a server that goes away and then is back was restarted', async () => {
    const lines = [
      failed(`upstream rejected request with error 7 ${HEADER}`, to),
      failed(REFUSED, { ...to, at: '03:00:02', connection: 8 }),
      failed(SLOW, { ...to, at: '03:00:09', connection: 9 }),
    ];
    const rejected = (await explained(lines)).find(
      ({ message }) => message?.id === 'upstream-rejected-http2-request',
    )!;
    expect(ids(rejected.causes)).toEqual(['backend-restarting likely', 'http2-stream-reset likely']);
    expect(rejected.causes[1]!.because.join()).toContain('line 2: then nobody listened there');
  });

  test.each([
    ['of the BSDs', [0, 1], '(61: Connection refused)', true],
    ['that came before', [1, 0], '(111: Connection refused)', false],
  ] as const)('a refusal %s', async (_, order, errno, told) => {
    const lines = [
      failed(`upstream rejected request with error 7 ${HEADER}`, to),
      failed(REFUSED.replace('(111: Connection refused)', errno), { ...to, connection: 8 }),
    ];
    const rejected = (await explained(order.map((i) => lines[i]!))).find(
      ({ message }) => message?.id === 'upstream-rejected-http2-request',
    )!;
    const cause = rejected.causes.find(({ id }) => id === 'http2-stream-reset')!;
    expect(cause.because.join().includes('nobody listened')).toBe(told);
  });

  test('the directives are those of the protocol that nginx speaks', async () => {
    const reset = (upstream: string): Promise<readonly Cause[]> =>
      causes([failed(`upstream rejected request with error 1 ${HEADER}`, { ...to, upstream })]);
    const of = (list: readonly Cause[]): string => {
      const { do: cure, mitigate } = list.find(({ id }) => id === 'http2-stream-reset')!;
      return `${cure} ${mitigate}`;
    };
    expect(of(await reset('grpcs://127.0.0.1:443'))).toMatch(/grpc_set_header.*grpc_next_upstream/);
    const http = of(await reset('https://127.0.0.1:443/'));
    expect(http).toMatch(/proxy_set_header.*proxy_next_upstream/);
    expect(http).not.toMatch(/grpc/i);
  });

  test('the number says what to do', async () => {
    const [first] = await causes([failed(`upstream sent goaway with error 11 ${HEADER}`, to)]);
    expect(first!.because).toEqual([
      '127.0.0.1:50051 sent GOAWAY with 11 (ENHANCE_YOUR_CALM), because it was asked too much or too often',
    ]);
    expect(first!.do).toContain('protection against too much load');
  });
});

test('idle connections may hold the children of php-fpm, also where the pool alone is smaller', async () => {
  const config =
    'worker_processes 1;\nevents {}\nhttp {\n    upstream php { server 127.0.0.1:9000; keepalive 4; }\n    server {\n        server_name app.test;\n        location / {\n            fastcgi_keep_conn on;\n            fastcgi_pass php;\n        }\n    }\n}\n';
  const says =
    '[31-Jan-2026 03:00:00] WARNING: [pool www] server reached pm.max_children setting (5), consider raising it';
  const slow = failed(SLOW, { upstream: 'fastcgi://127.0.0.1:9000' });
  const found = (await causes([slow, says], config)).find(({ id }) => id === 'keepalive-starves-workers')!;
  expect(found.against.join()).toContain(
    'php-fpm has 5 children, the pools of 1 nginx worker hold 4 at most',
  );
  expect(found.because[0]).toMatch(/^php-fpm says so/);
});

describe('temporary files', () => {
  const mitigation = async (message: string): Promise<string | null> =>
    (await causes([failed(message, { level: 'crit' })])).find(({ id }) => id === 'temp-files-unwritable')!
      .mitigate;

  test('keeping answers off the disk does nothing for request bodies', async () => {
    const answer = 'open() "/var/cache/nginx/proxy_temp/1/00/0000000001" failed (13: Permission denied)';
    expect(await mitigation(`${answer} while reading upstream`)).toMatch(/^proxy_max_temp_file_size 0/);
    const body = 'open() "/var/cache/nginx/client_temp/0000000001" failed (13: Permission denied)';
    expect(await mitigation(body)).toBeNull();
    expect(await mitigation(`${body} while sending request to upstream`)).toBeNull();
  });
});

test("the containers' logs are read from the minute before on", async () => {
  const line = failed(CLOSED).replace('4242#4242', '7#7');
  const found = (await causes([line])).find(({ id }) => id === 'backend-worker-timeout')!;
  expect(found.checks.map(({ run }) => run).join('\n')).toMatch(
    /docker logs --timestamps --since '?2026-01-31T02:59:00Z'? 2>&1 \| grep -E .* \| tail -n 50/,
  );
});

describe('what other lines and the platform tell', () => {
  test('workers of php-fpm that are all busy', async () => {
    const full =
      '[31-Jan-2026 03:00:00] WARNING: [pool www] server reached pm.max_children setting (5), consider raising it';
    const [first] = await causes([full, failed(SLOW, { upstream: 'fastcgi://127.0.0.1:9000' })]);
    expect(first).toMatchObject({ id: 'read-timeout' });
    expect(first!.do).toMatch(/raise pm\.max_children above 5/);
  });

  test('a name that Docker does not know', async () => {
    const config = `events {}\nhttp {\n server { server_name app.test; resolver 127.0.0.11; location / { set $to http://web:3000; proxy_pass $to; } }\n}\n`;
    const line =
      '2026/01/31 03:00:00 [error] 4242#4242: *7 web could not be resolved (3: Host not found), client: 127.0.0.1, server: app.test, request: "GET /x HTTP/1.1", host: "app.test"';
    const [first] = await causes([line], config);
    expect(first).toMatchObject({ id: 'resolver-failed' });
    expect(first!.do).toMatch(/^Start the container that is called "web"/);
    expect(first!.checks.map(({ where }) => where)).not.toContain("on nginx's machine");
  });

  test('no limit of files is blamed for want of kernel memory', async () => {
    const socket = (error: string): Promise<readonly Cause[]> =>
      causes([failed(`socket() failed (${error}) while connecting to upstream`, { level: 'alert' })]);
    expect(await socket('105: No buffer space available')).toEqual([]);
    expect((await socket('24: Too many open files'))[0]!.id).toBe('open-files-exhausted');
  });
});
