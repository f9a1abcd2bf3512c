import { describe, expect, test } from 'vitest';
import type { Explanation, StatusVerdict } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

/** What the client got, by the line alone and by the configuration. */

const CLOSED = 'upstream prematurely closed connection while reading response header from upstream';
const REFUSED = 'connect() failed (111: Connection refused) while connecting to upstream';
const SLOW = 'upstream timed out (110: Connection timed out) while reading response header from upstream';

interface Fields {
  readonly method?: string;
  readonly upstream?: string | null;
  readonly subrequest?: string;
}

function line(message: string, fields: Fields = {}): string {
  const { method = 'GET', upstream = 'http://127.0.0.1:3001/x', subrequest } = fields;
  const inner = subrequest === undefined ? '' : `, subrequest: "${subrequest}"`;
  const to = upstream === null ? '' : `, upstream: "${upstream}"`;
  return `2026/01/31 03:00:00 [error] 4242#4242: *7 ${message}, client: 192.0.2.7, server: app.test, request: "${method} /x HTTP/1.1"${inner}${to}, host: "app.test"`;
}

async function explained(lines: readonly string[], http?: string): Promise<Explanation> {
  const model =
    http === undefined
      ? null
      : await modelOfTexts({ '/etc/nginx/nginx.conf': `events {}\nhttp {\n${http}\n}\n` });
  const explainer = new LogExplainer({ model });
  explainer.push(`${lines.join('\n')}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []).groups[0]!.explanation;
}

async function status(text: string, http?: string): Promise<StatusVerdict> {
  return (await explained([text], http)).status;
}

const server = (content: string): string =>
  `server { listen 127.0.0.1:80; server_name app.test; ${content} }`;
const group = (peers: string): string => `upstream app { ${peers} }`;
const PASS = 'location / { proxy_pass http://app; }';

describe('another attempt', () => {
  test('none after "no live upstreams", which is in no proxy_next_upstream', async () => {
    const { code, note } = await status(
      line('no live upstreams while connecting to upstream', { upstream: 'http://app/x' }),
    );
    expect(code).toBe('502');
    expect(note).toMatch(/no server was left/);
    expect(note).not.toMatch(/unless/);
  });

  test.each([
    ['POST', CLOSED, /^502: nginx sends no POST a second time, unless .*non_idempotent/],
    ['PATCH', SLOW, /^504, not 502: nginx sends no PATCH a second time/],
    ['POST', REFUSED, /^502, unless another server/],
    ['GET', CLOSED, /^502, unless another server/],
    ['PUT', CLOSED, /^502, unless another server/],
  ])('%s after %s', async (method, message, note) => {
    expect((await status(line(message, { method }))).note).toMatch(note);
  });

  test('a group with one address', async () => {
    const one = await status(line(REFUSED), group('server 127.0.0.1:3001;') + server(PASS));
    expect(one).toMatchObject({ code: '502', certainty: 'certain' });
    expect(one.note).toMatch(/the only one of upstream app/);
    for (const peers of [
      'server 127.0.0.1:3001; server 127.0.0.1:3002 backup;',
      // A name may have several addresses.
      'server localhost:3001;',
    ])
      expect((await status(line(REFUSED), group(peers) + server(PASS))).certainty, peers).toBe('likely');
  });

  test('a kept connection is tried again with the only peer', async () => {
    const kept = group('server 127.0.0.1:3001; keepalive 8;');
    const passes = server(
      'location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }',
    );
    expect((await status(line(CLOSED), kept + passes)).certainty).toBe('likely');
    expect((await status(line(REFUSED), kept + passes)).certainty).toBe('certain');
  });

  test('proxy_next_upstream off', async () => {
    const two = group('server 127.0.0.1:3001; server 127.0.0.1:3002;');
    const off = await status(
      line(REFUSED),
      two + server('location / { proxy_pass http://app; proxy_next_upstream off; }'),
    );
    expect(off).toMatchObject({ code: '502', certainty: 'certain' });
    expect(off.note).toBe('502: "proxy_next_upstream off" lets nginx try no other server');
  });
});

describe('a subrequest', () => {
  const failed = line(REFUSED, { subrequest: '/auth' });
  const calls = (directive: string): string =>
    server(`location / { ${directive}; return 204; } location = /auth { proxy_pass http://127.0.0.1:3001; }`);

  test('is open without the configuration', async () => {
    expect((await status(failed)).code).toBeNull();
  });

  test('of auth_request is a 500', async () => {
    const asked = await status(failed, calls('auth_request /auth'));
    expect(asked).toMatchObject({ code: '500', certainty: 'likely' });
    expect(asked.note).toMatch(/auth_request asked for \/auth/);
  });

  test('of mirror changes nothing', async () => {
    expect(await status(failed, calls('mirror /auth'))).toMatchObject({ code: null, certainty: 'likely' });
  });

  test('is of auth_request where the next line says so', async () => {
    const next = line('auth request unexpected status: 502 while sending to client', { upstream: null });
    const lines = [failed, next];
    expect((await explained(lines)).status.code).toBe('500');
  });
});

test('a client that leaves while nginx reads its request', async () => {
  const left = (action: string): Promise<StatusVerdict> =>
    status(line(`client prematurely closed connection while ${action}`, { upstream: null }));
  expect((await left('reading client request headers')).code).toBe('400');
  expect((await left('reading client request line')).code).toBe('400');
  expect((await left('sending request to upstream')).code).toBe('499');
  // While it reads a body, nginx names no action.
  const body = await status(line('client prematurely closed connection', { upstream: null }));
  expect(body).toMatchObject({ code: '400', certainty: 'possible' });
});

describe('several attempts of one request', () => {
  const slow = line(SLOW, { upstream: 'http://127.0.0.1:3001/x' });
  const refused = line(REFUSED, { upstream: 'http://127.0.0.1:3002/x' });

  test('the last one decides', async () => {
    const explainer = new LogExplainer({ model: null });
    explainer.push(`${slow}\n${refused}\n`);
    const { groups } = explainer.end({ value: null, from: 'unknown' }, []);
    expect(groups.map(({ explanation }) => explanation.status)).toEqual([
      expect.objectContaining({
        code: '502',
        note: '502: nginx tried 2 servers for this request, this one last.',
      }),
      expect.objectContaining({
        code: '502',
        note: '502: nginx tried 2 servers for this request, and line 2, the last one, decides.',
      }),
    ]);
  });

  test('one peer twice is two requests', async () => {
    expect((await explained([refused, refused])).status.note).toMatch(/unless another server/);
  });
});

describe('what is no request to a backend', () => {
  test('a session of the mail module', async () => {
    const mail =
      '2026/01/31 03:00:00 [error] 4242#4242: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: 0.0.0.0:143, login: "a@app.test", upstream: 10.0.0.5:143';
    expect(await status(mail)).toMatchObject({ code: null, outcome: 'closed' });
  });

  test('a header that nginx leaves out, and one that it refuses', async () => {
    const sent = (header: string): Promise<StatusVerdict> =>
      status(
        line(`client sent invalid header line: "${header}" while reading client request headers`, {
          upstream: null,
        }),
      );
    expect((await sent('x_y: 1')).code).toBeNull();
    expect((await sent('x\\x00...')).code).toBe('400');
  });

  test('a connection of HTTP/2 that ends as a whole', async () => {
    const text = 'client sent stream with invalid id 3 while processing HTTP/2 connection';
    expect(await status(line(text, { upstream: null }))).toMatchObject({ code: null, outcome: 'closed' });
  });

  test('a warning about a hash table', async () => {
    const warning =
      'nginx: [warn] could not build optimal proxy_headers_hash, you should increase either proxy_headers_hash_max_size: 512 or proxy_headers_hash_bucket_size: 64; ignoring proxy_headers_hash_bucket_size';
    expect((await status(warning)).note).not.toMatch(/does not start/);
    const refusal =
      'nginx: [emerg] could not build server_names_hash, you should increase server_names_hash_bucket_size: 32';
    expect((await status(refusal)).note).toMatch(/does not start/);
  });
});
