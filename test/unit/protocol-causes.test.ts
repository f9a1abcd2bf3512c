import { describe, expect, test } from 'vitest';
import type { Cause } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

/** What the files and the other lines make of one line: which cause is first, how sure, and what is ruled out. */
async function causes(
  lines: string | readonly string[],
  content?: string,
  version: string | null = null,
): Promise<readonly Cause[]> {
  const config = `events {}\nhttp {\n${content}\n}\n`;
  const stated = version === null ? null : { value: version, from: 'a test' };
  const model =
    content === undefined ? null : await modelOfTexts({ '/etc/nginx/nginx.conf': config }, stated);
  const explainer = new LogExplainer({ model });
  explainer.push(`${typeof lines === 'string' ? lines : lines.join('\n')}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []).groups[0]!.explanation.causes;
}

function line(message: string, upstream: string, method = 'GET', connection = 7): string {
  return `2026/01/31 03:00:00 [error] 4242#4242: *${connection} ${message}, client: 127.0.0.1, server: app.test, request: "${method} /x HTTP/1.1", upstream: "${upstream}", host: "app.test"`;
}

const HEADER = 'while reading response header from upstream';
const CLOSED = `upstream prematurely closed connection ${HEADER}`;
const server = (content: string): string => `server { server_name app.test; ${content} }`;
const find = (list: readonly Cause[], id: string): Cause | undefined => list.find((cause) => cause.id === id);

describe('a connection that was closed before the header', () => {
  const pool = (settings: string, keepalive = ''): string =>
    `upstream app { server 127.0.0.1:3001; ${keepalive} } ${server(`location / { proxy_pass http://app; ${settings} }`)}`;
  const post = line(CLOSED, 'http://127.0.0.1:3001/x', 'POST');

  test('a POST on a pool is stale, and where no connection is kept it is not', async () => {
    const kept = pool('proxy_http_version 1.1; proxy_set_header Connection "";', 'keepalive 8;');
    expect((await causes(post, kept))[0]).toMatchObject({
      id: 'stale-keepalive-connection',
      certainty: 'likely',
    });
    expect((await causes(post, pool(''), '1.30.0'))[0]!.id).toBe('stale-keepalive-connection');
    for (const without of [
      await causes(post, pool(''), '1.28.0'),
      await causes(post, pool('', 'keepalive 0;'), '1.30.0'),
      await causes(post, pool('proxy_set_header Connection close;'), '1.30.0'),
      await causes(post, server('location / { proxy_pass http://127.0.0.1:3001; }'), '1.30.0'),
    ]) {
      expect(without[0]!.id).toBe('backend-closed-early');
      expect(find(without, 'stale-keepalive-connection')).toBeUndefined();
    }
  });

  test('what nginx repeats is no more than possible, and not at all when the second connection failed too', async () => {
    const kept = pool('proxy_http_version 1.1; proxy_set_header Connection "";', 'keepalive 8;');
    const get = line(CLOSED, 'http://127.0.0.1:3001/x');
    expect(find(await causes(get, kept), 'stale-keepalive-connection')).toMatchObject({
      certainty: 'possible',
    });
    expect((await causes([get, get], kept))[0]!.id).toBe('backend-closed-early');
    const off = kept.replace('proxy_http_version', 'proxy_next_upstream off; proxy_http_version');
    expect((await causes(get, off))[0]!.id).toBe('stale-keepalive-connection');
  });

  test('a stale connection fails at once', async () => {
    const kept = pool('proxy_http_version 1.1; proxy_set_header Connection "";', 'keepalive 8;');
    const access = (seconds: string): string =>
      `127.0.0.1 - - [31/Jan/2026:03:00:00 +0000] "POST /x HTTP/1.1" 502 157 "-" "curl" rt=${seconds}`;
    expect((await causes([post, access('0.004')], kept))[0]!.id).toBe('stale-keepalive-connection');
    const slow = await causes([post, access('12.345')], kept);
    expect(slow[0]!.id).not.toBe('stale-keepalive-connection');
    expect(find(slow, 'stale-keepalive-connection')?.certainty ?? 'possible').toBe('possible');
  });

  test('a backend that answered in HTTP before speaks no other protocol', async () => {
    const before = line(
      'upstream timed out (110: Connection timed out) while reading upstream',
      'http://10.0.0.5:6379/a',
    );
    const list = await causes([line(CLOSED, 'http://10.0.0.5:6379/x'), before]);
    expect(list[0]!.id).not.toBe('non-http-backend');
  });

  test('another line of the files tells what the address speaks', async () => {
    const files = (other: string): string =>
      `upstream b { server 127.0.0.1:3001; } ${server(`location / { proxy_pass http://b; } location /o { ${other} }`)}`;
    const closed = line(CLOSED, 'http://127.0.0.1:3001/x');
    for (const [other, id] of [
      ['proxy_pass https://127.0.0.1:3001;', 'plain-to-tls-backend'],
      ['fastcgi_pass b;', 'fastcgi-behind-proxy-pass'],
      ['uwsgi_pass 127.0.0.1:3001;', 'uwsgi-scgi-mismatch'],
    ] as const)
      expect((await causes(closed, files(other)))[0], other).toMatchObject({ id, certainty: 'likely' });
  });

  test('an own listen with proxy_protocol is certain, beside one without it is not', async () => {
    const files = (listens: string): string =>
      `${server('location / { proxy_pass http://127.0.0.1:8081; }')} server { ${listens} server_name b; }`;
    const closed = line(CLOSED, 'http://127.0.0.1:8081/x');
    const first = async (listens: string): Promise<Cause> => (await causes(closed, files(listens)))[0]!;
    expect(await first('listen 8081 proxy_protocol;')).toMatchObject({
      id: 'proxy-protocol-mismatch',
      certainty: 'certain',
    });
    expect(await first('listen 8081; listen 127.0.0.1:8081 proxy_protocol;')).toMatchObject({
      certainty: 'likely',
    });
    expect((await first('listen 8081;')).id).not.toBe('proxy-protocol-mismatch');
  });
});

describe('what is never certain', () => {
  test('HTTP/1 from a port that usually speaks TLS', async () => {
    const frame = `upstream sent too large http2 frame: 4740180 ${HEADER}`;
    const files = server(
      'location / { grpc_pass grpc://127.0.0.1:443; } location /o { proxy_pass http://127.0.0.1:443; }',
    );
    const [first] = await causes(line(frame, 'grpc://127.0.0.1:443'), files);
    expect(first).toMatchObject({ id: 'grpc-pass-to-http-backend', certainty: 'likely' });
    expect(first!.against[0]).toContain('port 443');
    const http = await causes(
      line(frame, 'http://127.0.0.1:3001'),
      server('location / { proxy_pass http://127.0.0.1:3001; proxy_http_version 2; }'),
    );
    expect(http[0]).toMatchObject({ id: 'http2-upstream-mismatch', certainty: 'likely' });
  });

  test('a slow answer where the body is dropped, unless the request has one', async () => {
    const slow = `upstream timed out (110: Connection timed out) ${HEADER}`;
    const files = server('location / { proxy_pass http://127.0.0.1:3001; proxy_pass_request_body off; }');
    const first = async (method: string, text: string): Promise<string> =>
      (await causes(line(slow, 'http://127.0.0.1:3001/x', method), text))[0]!.id;
    expect(await first('POST', files)).toBe('content-length-without-body');
    expect(await first('GET', files)).toBe('read-timeout');
    const cleared = files.replace('off;', 'off; proxy_set_header Content-Length "";');
    expect(await first('POST', cleared)).toBe('read-timeout');
    expect(await first('POST', files.replace('proxy_pass_request_body off;', ''))).toBe('read-timeout');
  });
});

describe('a body that the backend does not want', () => {
  const upstream = 'http://127.0.0.1:3001/x';
  const ALONE = server('client_max_body_size 8m; location / { proxy_pass http://127.0.0.1:3001; }');
  const SENT = 'writev() failed (104: Connection reset by peer) while sending request to upstream';
  const AWAITED = `recv() failed (104: Connection reset by peer) ${HEADER}`;
  const twin = line(
    'a client request body is buffered to a temporary file /var/lib/nginx/body/0000000001',
    '',
    'POST',
  )
    .replace('[error]', '[warn]')
    .replace(' upstream: "",', '');
  const about = async (lines: readonly string[], config?: string): Promise<Cause | undefined> =>
    find(await causes([...lines].reverse(), config), 'backend-rejects-body');

  test('is likely where the body was large, and nothing without that', async () => {
    for (const message of [SENT, AWAITED]) {
      const failed = line(message, upstream, 'POST');
      const cause = await about([twin, failed], ALONE);
      expect(cause).toMatchObject({ certainty: 'likely' });
      expect(cause!.because).toContain('nginx lets bodies of up to 8m through (client_max_body_size)');
    }
    expect((await about([line(SENT, upstream, 'POST')], ALONE))?.certainty).toBe('possible');
    expect(await about([line(AWAITED, upstream, 'POST')], ALONE)).toBeUndefined();
    const sendfile = 'sendfile() failed (32: Broken pipe) while sending request to upstream';
    expect((await about([line(sendfile, upstream, 'PUT')], ALONE))?.certainty).toBe('likely');
  });

  test('is of its own connection, and of a request that has a body', async () => {
    expect(await about([twin, line(AWAITED, upstream, 'POST', 8)], ALONE)).toBeUndefined();
    const causesOfGet = await causes(line(SENT, upstream), ALONE);
    expect(find(causesOfGet, 'backend-rejects-body')?.because ?? []).toEqual([]);
  });

  test('is no more than possible on a connection that may be an old one', async () => {
    const pool = `upstream app { server 127.0.0.1:3001; keepalive 8; } ${server('location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }')}`;
    expect(await about([twin, line(SENT, upstream, 'POST')], pool)).toMatchObject({ certainty: 'possible' });
  });

  test('is surer of its limit when an access log shows a request that was served', async () => {
    const served = '127.0.0.1 - - [31/Jan/2026:03:00:00 +0000] "POST /x HTTP/1.1" 200 2 "-" "curl"';
    const cause = await about([twin, served, line(AWAITED, upstream, 'POST')], ALONE);
    expect(cause!.because).toContain('another POST /x was served: not every body is refused');
  });
});
