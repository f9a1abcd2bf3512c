import { describe, expect, test } from 'vitest';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

const REFUSED =
  '2026/01/31 03:00:00 [error] 4242#4242: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.5, server: app.test, request: "GET /x HTTP/1.1", upstream: "http://127.0.0.1:3001/x", host: "app.test"';

async function first(paste: string, config?: string): Promise<string> {
  const model = config === undefined ? null : await modelOfTexts({ '/etc/nginx/nginx.conf': config });
  const explainer = new LogExplainer({ model });
  explainer.push(`${paste}\n`);
  const [cause] = explainer.end({ value: null, from: '' }, []).groups[0]!.explanation.causes;
  return `${cause!.id}: ${cause!.because[0] ?? ''}`;
}

async function all(paste: string, config?: string): Promise<string[]> {
  const model = config === undefined ? null : await modelOfTexts({ '/etc/nginx/nginx.conf': config });
  const explainer = new LogExplainer({ model });
  explainer.push(`${paste}\n`);
  const { causes } = explainer.end({ value: null, from: '' }, []).groups[0]!.explanation;
  return causes.map(({ id, certainty, because }) => `${id} ${certainty}: ${because[0] ?? ''}`);
}

const http = (content: string): string =>
  `events {}\nhttp {\n${content}\nserver { server_name app.test; location / { proxy_pass http://app; } }\n}\n`;

describe('another port than the one that refused', () => {
  test.each([
    ['LISTEN 0      511        127.0.0.1:3000      0.0.0.0:*    users:(("node",pid=71,fd=18))', 'node'],
    ['tcp        0      0 0.0.0.0:3000      0.0.0.0:*     LISTEN      71/node', 'node'],
    ['[2026-01-31 02:59:00 +0000] [7] [INFO] Listening at: http://127.0.0.1:3000 (7)', 'a program'],
  ])('told by %s', async (line, who) => {
    expect(await first(`${line}\n${REFUSED}`)).toBe(
      `wrong-upstream-port: the paste shows ${who} listening on port 3000`,
    );
  });

  test.each([
    'LISTEN 0 511 127.0.0.1:3001 0.0.0.0:* users:(("node",pid=71,fd=18))',
    'LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))',
    'LISTEN 0 511 10.0.0.9:3000 0.0.0.0:* users:(("node",pid=71,fd=18))',
  ])('not told by %s', async (line) => {
    expect(await first(`${line}\n${REFUSED}`)).toMatch(/^backend-down/);
  });

  test('a list that holds nginx itself: one loopback for both, in a container too', async () => {
    const inContainer = REFUSED.replace('4242#4242', '46#46').replace('203.0.113.5', '172.17.0.1');
    const list = (nginx: string) =>
      `tcp   0   0 0.0.0.0:80   0.0.0.0:*   LISTEN   0   20897220   ${nginx}\ntcp   0   0 127.0.0.1:8082   0.0.0.0:*   LISTEN   0   20901611   22/java`;
    expect((await all(inContainer))[0]).toMatch(/^container-localhost likely/);
    const beside = await all(`${list('43/nginx: master pr')}\n${inContainer}`);
    expect(beside[0]).toBe('wrong-upstream-port likely: the paste shows java listening on port 8082');
    expect(beside.at(-1)).toMatch(/^container-localhost possible/);
    // A list of another machine or container says nothing of this one's loopback.
    expect((await all(`${list('43/apache2')}\n${inContainer}`))[0]).toMatch(/^container-localhost likely/);
  });

  test('only possible where nothing says that it is the same program', async () => {
    const said = 'wrong-upstream-port possible: the paste shows a program listening on port 4000';
    const containers = `api-1  | Server listening on port 4000\n${REFUSED.replace('127.0.0.1:3001', '172.18.0.5:3000')}`;
    expect((await all(containers))[0]).toMatch(/^backend-down/);
    expect(await all(containers)).toContain(said);
    const none = http('upstream app { server 127.0.0.1; }');
    const unwritten = await all(REFUSED.replace(':3001', ':80'), none);
    expect(unwritten[0]).toMatch(/^backend-down/);
    expect(unwritten).toContain(
      'wrong-upstream-port possible: server 127.0.0.1 names no port: nginx takes 80',
    );
  });

  test('told by the other servers of the group, and by an own listen', async () => {
    const group = http(
      'upstream app { server 127.0.0.1:3001; server 127.0.0.2:3000; server 127.0.0.3:3000; }',
    );
    expect(await first(REFUSED, group)).toBe(
      'wrong-upstream-port: the other 2 servers of the group have port 3000',
    );
    const own = http(
      'upstream app { server 127.0.0.1:3001; }\nserver { listen 127.0.0.1:3000; location / { root /srv; } }',
    );
    expect(await first(REFUSED, own)).toBe(
      'wrong-upstream-port: listen 127.0.0.1:3000 stands in the configuration, and nothing leads there',
    );
    const status = own.replace('root /srv', 'stub_status');
    expect(await first(REFUSED, status)).toMatch(/^backend-down/);
    const alone = http('upstream app { server 127.0.0.1:3001; server 127.0.0.1:3000; }');
    expect(await first(REFUSED, alone)).toMatch(/^backend-down/);
  });
});

test('a program that names itself where it says its port is the backend', async () => {
  expect(await first(`Shop-server is running on port 3000\n${REFUSED}`)).toBe(
    'wrong-upstream-port: the paste shows Shop-server listening on port 3000',
  );
  // Nobody in particular: it may be any program.
  expect(await first(`Server running on port 3000\n${REFUSED}`)).toMatch(/^backend-down: /);
});

describe('the port of a request to a proxy', () => {
  const asked = (url: string, upstream: string): string =>
    REFUSED.replace('GET /x ', `GET ${url} `).replace('http://127.0.0.1:3001/x', upstream);

  test('is lost where the name was looked up', async () => {
    expect(await first(asked('http://shop:8446/a?b', 'http://172.18.0.2:80/a?b'))).toBe(
      'wrong-upstream-port: the request asks a proxy for shop:8446, and nginx went to port 80',
    );
  });

  test.each([
    ['http://shop:8446/a', 'http://172.18.0.2:3000/a'],
    ['http://shop:8446/a', 'http://172.18.0.2:80/other'],
    ['http://shop:8446/a', 'http://127.0.0.1:80/a'],
    ['http://192.0.2.4:8446/a', 'http://172.18.0.2:80/a'],
  ])('says nothing otherwise: %s, %s', async (url, upstream) => {
    expect(await first(asked(url, upstream))).toMatch(/^backend-down: /);
  });
});

test('of a container that refuses, the port and the address are asked before where it listens', async () => {
  const causes = await all(REFUSED.replace('127.0.0.1:3001', '172.19.0.4:3001'));
  expect(causes.slice(0, 3).map((cause) => cause.split(' ')[0])).toEqual([
    'backend-down',
    'wrong-upstream-port',
    'dns-resolved-once',
  ]);
});
