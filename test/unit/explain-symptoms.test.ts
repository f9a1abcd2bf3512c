import { describe, expect, test } from 'vitest';
import type { Cause } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

/** Lines that only follow from others: the cause of those goes first. */

const config = `events {}
http {
  upstream pool { server 127.0.0.1:3001; server 127.0.0.1:3002; }
  server {
    server_name app.test;
    location / { proxy_pass http://pool; }
    location /other/ { proxy_pass http://127.0.0.1:3009; }
    location /guarded/ { auth_request /auth; proxy_pass http://127.0.0.1:3005; }
    location = /auth { proxy_pass http://127.0.0.1:3006; }
  }
}
`;

function line(message: string, fields: string, connection = 7): string {
  return `2026/01/31 03:00:00 [error] 4242#4242: *${connection} ${message}, client: 127.0.0.1, server: app.test, ${fields}, host: "app.test"`;
}

/** Causes of the last line. */
async function causes(...lines: string[]): Promise<readonly Cause[]> {
  const model = await modelOfTexts({ '/etc/nginx/nginx.conf': config });
  const explainer = new LogExplainer({ model });
  explainer.push(`${lines.join('\n')}\n`);
  const { groups } = explainer.end(model.version, []);
  return groups.find(({ sample }) => sample === lines.at(-1))!.explanation.causes;
}

const REFUSED = 'connect() failed (111: Connection refused) while connecting to upstream';
const NO_LIVE = line(
  'no live upstreams while connecting to upstream',
  'request: "GET /b HTTP/1.1", upstream: "http://pool/b"',
  9,
);

describe('no live upstreams', () => {
  test('follows from what the servers of the group failed with before', async () => {
    const [first, second] = await causes(
      line(REFUSED, 'request: "GET /a HTTP/1.1", upstream: "http://127.0.0.1:3001/a"'),
      line(REFUSED, 'request: "GET /a HTTP/1.1", upstream: "http://127.0.0.1:3002/a"'),
      NO_LIVE,
    );
    expect(first).toMatchObject({ id: 'backend-down', certainty: 'likely' });
    expect(first!.because[0]).toMatch(
      /^an earlier line tells it of http:\/\/127\.0\.0\.1:3001\/a: connect\(\)/,
    );
    expect(second!.id).toBe('no-live-upstreams');
  });

  test('does not follow from the failure of another backend, nor from what came later', async () => {
    const other = line(REFUSED, 'request: "GET /other/ HTTP/1.1", upstream: "http://127.0.0.1:3009/other/"');
    expect((await causes(other, NO_LIVE))[0]!.id).toBe('no-live-upstreams');
  });
});

describe('auth_request', () => {
  const fields = 'request: "GET /guarded/ HTTP/1.1"';
  const unexpected = line('auth request unexpected status: 502 while sending to client', fields);
  const failed = (connection: number): string =>
    line(REFUSED, `${fields}, subrequest: "/auth", upstream: "http://127.0.0.1:3006/auth"`, connection);

  test('follows from the subrequest of the same connection', async () => {
    expect((await causes(failed(7), unexpected)).map(({ id }) => id)).toEqual([
      'backend-down',
      'auth-request-failed',
    ]);
  });

  test('does not follow from that of another', async () => {
    expect((await causes(failed(8), unexpected))[0]!.id).toBe('auth-request-failed');
    const before = failed(7).replace('GET /guarded/ ', 'GET /guarded/before ');
    expect((await causes(before, unexpected))[0]!.id).toBe('auth-request-failed');
  });

  test('does not follow from anything, where no failure of a backend makes the status', async () => {
    const [first, second] = await causes(failed(7), unexpected.replace(': 502', ': 404'));
    expect(first!.id).toBe('auth-request-failed');
    expect(first!.because.join()).toContain('the service itself seems to have answered');
    expect(second).toBeUndefined();
  });
});

describe('a page of error_page that nginx cannot serve', () => {
  const request = 'request: "GET /a HTTP/1.1"';
  const socket =
    'connect() to unix:/run/app.sock failed (13: Permission denied) while connecting to upstream';
  const failed = line(socket, `${request}, upstream: "http://unix:/run/app.sock:/a"`);
  const page = (fields: string): string =>
    line('open() "/srv/50x.html" failed (2: No such file or directory)', fields);
  // nginx names the backend there too, with the path of the internal redirect.
  const missing = page(`${request}, upstream: "http://unix:/run/app.sock"`);

  function groups(...lines: string[]) {
    const explainer = new LogExplainer({ model: null });
    explainer.push(`${lines.join('\n')}\n`);
    return explainer.end({ value: null, from: 'unknown' }, []).groups;
  }

  test('comes after the failure, which is told with the status that the client got', () => {
    const [first, second] = groups(failed, missing).map(({ explanation }) => explanation);
    expect(first!.causes[0]!.id).toBe('unix-socket-forbidden');
    expect(first!.status).toMatchObject({ code: '404', certainty: 'likely' });
    expect(first!.status.note).toContain('404 in place of 502');
    expect(first!.attempts).toEqual([]);
    expect(second!.message!.id).toBe('file-failed');
    expect(second!.attempts).toEqual([]);
  });

  test('a file of another request is a failure of its own', () => {
    const other = missing.replace('GET /a ', 'GET /b ');
    const [first, second] = groups(failed, other, other).map(({ explanation }) => explanation);
    expect(first!.message!.id).toBe('file-failed');
    expect(second!.status.code).toBe('502');
  });

  test('a file that was asked for without a backend says nothing of it', () => {
    const [first] = groups(failed, page(request)).map(({ explanation }) => explanation);
    expect(first!.status.code === '404' && first!.message!.id === 'connect-failed').toBe(false);
  });
});
