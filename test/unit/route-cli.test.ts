import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteAnswer, RouteOverview } from '../../server/src/engine/contract.ts';
import { ROOT } from '../support/engine.ts';
import { Program } from './cli-run.ts';

const schema = JSON.parse(
  readFileSync(path.join(ROOT, 'server/schemas/route.schema.json'), 'utf8'),
) as Record<string, unknown>;
const isRoute = new Ajv2020({
  strict: true,
  strictRequired: true,
  allowUnionTypes: true,
  allErrors: true,
}).compile(schema);

const CONFIGURATION = `events {}
http {
    upstream pool {
        server 127.0.0.7:9001 down;
        server 127.0.0.8:9002;
    }
    upstream named { server app.test:9003; }
    server {
        listen 127.0.0.1:8080;
        server_name a.test *.a.test;
        proxy_set_header X-Outer o;
        location / { root /srv; try_files $uri @app; }
        location /api/ { proxy_set_header Host $host; proxy_pass http://pool/v1/; }
        location /named/ { proxy_pass http://named; }
        location /tls/ { proxy_pass https://127.0.0.1; }
        location /sock/ { proxy_pass http://unix:/run/app.sock:/x/; }
        location /old { return 301 /new; }
        location /guess { proxy_pass http://$arg_b; }
        location ~ \\.php$ { fastcgi_param SCRIPT_FILENAME /srv$fastcgi_script_name; fastcgi_pass 127.0.0.1:9000; }
        location /pkg.Svc/ { grpc_pass grpc://127.0.0.1:50051; }
        location /scgi/ { scgi_param SCGI 1; scgi_pass 127.0.0.1:4000; }
        location @app { proxy_pass http://127.0.0.1:3000; }
    }
}
`;

let program: Program;
let cwd: string;
beforeAll(() => {
  program = new Program();
  cwd = program.folder({ 'nginx.conf': CONFIGURATION });
});
afterAll(() => program.remove());

async function answer(...args: string[]): Promise<RouteAnswer> {
  const { stdout, code } = await program.run(['route', ...args, '--format', 'json'], { cwd });
  expect(code).toBe(0);
  const json = JSON.parse(stdout) as RouteAnswer;
  expect(isRoute(json), JSON.stringify(isRoute.errors)).toBe(true);
  return json;
}

describe('one URL', () => {
  test('the answer names server, location, handler, the request sent and where each header comes from', async () => {
    const json = await answer('http://x.a.test:8080/api/users?q=1');
    expect(json.server).toMatchObject({ names: ['a.test', '*.a.test'], range: { start: { line: 8 } } });
    expect(json.location).toMatchObject({ text: '/api/', range: { start: { line: 13 } } });
    expect(json.outcome).toEqual({ kind: 'location', status: null, to: null });
    expect(json.handler).toEqual({ kind: 'proxy', target: 'http://pool/v1/' });
    expect(json.sends?.requestLine).toBe('GET /v1/users?q=1 HTTP/1.0');
    expect(json.sends?.headers).toEqual([
      { name: 'Host', value: 'x.a.test', from: expect.objectContaining({ file: `${cwd}/nginx.conf` }) },
      { name: 'Connection', value: 'close', from: 'default' },
    ]);
    expect(json.effective).toContainEqual({ directive: 'proxy_read_timeout', value: '60s', from: 'default' });
    expect(json.trace.length).toBeGreaterThan(1);
  });

  test('the version changes the request', async () => {
    const json = await answer('http://a.test:8080/named/', '--nginx-version', '1.29.7');
    expect(json.sends?.requestLine).toBe('GET /named/ HTTP/1.1');
    expect(json.sends?.headers.map(({ name }) => name)).toEqual(['X-Outer', 'Host']);
  });

  test('what nginx answers by itself', async () => {
    expect((await answer('http://a.test:8080/old')).outcome).toEqual({
      kind: 'redirect',
      status: '301',
      to: 'http://a.test:8080/new',
    });
    expect((await answer('http://a.test:8080/api')).outcome).toEqual({
      kind: 'redirect',
      status: '301',
      to: 'http://a.test:8080/api/',
    });
    expect((await answer('http://a.test:8080/')).location).toMatchObject({ text: '@app' });
    const closed = await answer('http://a.test:81/');
    expect(closed).toMatchObject({ server: null, location: null, outcome: { kind: 'error', status: null } });
  });

  test('headers of the client count, and Host may be another', async () => {
    const json = await answer('http://127.0.0.1:8080/api/', '--header', 'Host: a.test', '--header', 'X-Y: z');
    expect(json.server?.names).toContain('a.test');
    expect(json.sends?.headers).toContainEqual({ name: 'X-Y', value: 'z', from: 'default' });
  });

  test('the text fits the terminal', async () => {
    const { stdout, code } = await program.run(['route', 'http://a.test:8080/api/users'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^GET http:\/\/a\.test:8080\/api\/users\n\nServer {4}a\.test .*nginx\.conf:8\n/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('as a command', () => {
  const commands: [path: string, command: RegExp][] = [
    [
      '/api/x',
      /^curl -g .* --http1\.0 --resolve pool:80:127\.0\.0\.8|--connect-to pool:80:127\.0\.0\.8:9002 /,
    ],
    ['/api/x', / -H 'Host: a\.test' .*http:\/\/pool\/v1\/x\n$/],
    ['/named/', / --connect-to named:80:app\.test:9003 /],
    ['/tls/', / -k .* https:\/\/127\.0\.0\.1\/tls\/\n$/],
    ['/sock/y', / --unix-socket \/run\/app\.sock .* http:\/\/localhost\/x\/y\n$/],
    [
      '/x.php',
      /^env -i PATH="\$PATH" .*SCRIPT_FILENAME=\/srv\/x\.php .*cgi-fcgi -bind -connect 127\.0\.0\.1:9000\n$/,
    ],
    ['/pkg.Svc/Call', /^grpcurl -plaintext 127\.0\.0\.1:50051 pkg\.Svc\/Call\n$/],
    ['/scgi/', /^printf '\d+:CONTENT_LENGTH\\0000\\000SCGI\\0001\\000.*,' \| nc 127\.0\.0\.1 4000\n$/],
  ];

  test.each(commands)('%s', async (uri, command) => {
    const { stdout, code } = await program.run(['route', `http://a.test:8080${uri}`, '--format', 'curl'], {
      cwd,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(command);
  });

  test('where nothing is sent, or the address is not known, it says so', async () => {
    for (const uri of ['/old', '/guess']) {
      const result = await program.run(['route', `http://a.test:8080${uri}`, '--format', 'curl'], { cwd });
      expect(result.code, uri).toBe(2);
      expect(result.stdout).toBe('');
    }
  });

  test('a hostile path stays one word', async () => {
    const url = "http://a.test:8080/api/'$(touch${IFS}x)';`y`";
    const { stdout } = await program.run(['route', url, '--format', 'curl'], { cwd });
    const printed = execFileSync('sh', ['-c', stdout.replace(/^curl/, 'printf "%s\\n"')], {
      encoding: 'utf8',
    });
    expect(printed.trimEnd().split('\n').at(-1)).toContain("/v1/'$(touch${IFS}x)';`y`");
  });
});

describe('many requests', () => {
  test('one answer a line, a bad line says so and decides the exit status', async () => {
    const lines = [
      JSON.stringify({ listen: '127.0.0.1:8080', host: 'a.test', target: '/api/1' }),
      'no json',
      JSON.stringify({ listen: '127.0.0.1:8080', host: null, target: '/old', http: '1.0', method: 'HEAD' }),
      JSON.stringify({ listen: 'nowhere', host: 'a.test', target: '/' }),
      JSON.stringify({ host: 'a.test' }),
      '[1]',
      JSON.stringify({
        listen: '127.0.0.1:8080',
        host: 'a.test',
        target: '/api/é',
        headers: [['X', 'é\u202e']],
      }),
    ];
    const result = await program.run(['route', '-'], { cwd, input: `${lines.join('\n')}\n` });
    expect(result.code).toBe(2);
    const answers = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(answers).toHaveLength(lines.length);
    for (const json of answers) expect(isRoute(json), JSON.stringify(isRoute.errors)).toBe(true);
    expect(answers.map((json) => 'error' in json)).toEqual([false, true, false, true, true, true, false]);
    expect(answers[6]).toMatchObject({ sends: { requestLine: 'GET /v1/é HTTP/1.0' } });
  });

  test('good lines alone exit with 0, long output waits for its reader', async () => {
    const line = JSON.stringify({ listen: '127.0.0.1:8080', host: 'a.test', target: '/api/1' });
    const result = await program.run(['route', '-'], { cwd, input: `${line}\n`.repeat(5000) });
    expect(result.code).toBe(0);
    expect(result.stdout.split('\n')).toHaveLength(5001);
  });
});

test('--all lists servers, locations, handlers and settings', async () => {
  const { stdout } = await program.run(['route', '--all', '--format', 'json'], { cwd });
  const json = JSON.parse(stdout) as RouteOverview;
  expect(isRoute(json), JSON.stringify(isRoute.errors)).toBe(true);
  expect(json.servers[0]!.locations.map(({ text }) => text)).toContain('@app');
  const api = json.servers[0]!.locations.find(({ text }) => text === '/api/')!;
  expect(api.handler).toEqual({ kind: 'proxy', target: 'http://pool/v1/' });
  expect(api.effective.filter(({ directive }) => directive === 'proxy_set_header')).toHaveLength(1);
  const text = await program.run(['route', '--all'], { cwd });
  expect(text.stdout).toContain('proxy http://pool/v1/');
  for (const line of text.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

describe('calls that cannot be carried out', () => {
  test.each<readonly string[]>([
    [],
    ['a.test/x'],
    ['http://a.test/', 'http://b.test/'],
    ['--all', 'http://a.test/'],
    ['http://a.test/', '--format', 'yaml'],
    ['-', '--format', 'curl'],
    ['-', '--config', '-'],
    ['http://a.test/', '--listen', 'x:y'],
    ['http://a.test/', '--header', 'no colon'],
    ['http://a.test/', '--frobnicate'],
  ])('route %s', async (...args) => {
    await program.usageError(['route', ...args], { cwd });
  });
});
