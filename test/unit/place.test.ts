import { describe, expect, test } from 'vitest';
import type { Explanation } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { placeName, whyAlso } from '../../server/src/engine/diagnosis/place-reason.ts';
import { modelOfTexts } from '../support/engine.ts';

/** Places that files and line must tell together; what a real nginx does is in test/nginx/place.test.ts. */

async function explained(
  text: string,
  files: Record<string, string>,
  pathMap: ReadonlyMap<string, string> = new Map(),
): Promise<Explanation> {
  const explainer = new LogExplainer({ model: await modelOfTexts(files), pathMap });
  explainer.push(`${text}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []).groups[0]!.explanation;
}

function refused(
  upstream: string,
  fields = 'server: app.test, request: "GET /x HTTP/1.1"',
  host = 'app.test',
): string {
  return `2026/01/31 03:00:00 [error] 4242#4242: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.9, ${fields}, upstream: "${upstream}", host: "${host}"`;
}

const main = (http: string): Record<string, string> => ({
  '/etc/nginx/nginx.conf': `events {}\nhttp {\n${http}\n}\n`,
});
const at = ({ place }: Explanation): string | null =>
  place && `${place.directive.file.replace('/etc/nginx/', '')}:${place.directive.range.start.line}`;

describe('servers', () => {
  const twins = main(`
server { listen 80; server_name app.test; location / { proxy_pass http://127.0.0.1:3001; } }
server { listen 80; server_name app.test; location / { proxy_pass http://127.0.0.1:3001; } }
server { listen 8443; server_name app.test; location / { proxy_pass http://127.0.0.1:3001; } }`);

  test('of one name at one address the first has the request; at another address each can', async () => {
    const explanation = await explained(refused('http://127.0.0.1:3001/x'), twins);
    expect(at(explanation)).toBe('nginx.conf:4');
    expect(explanation.place?.alternatives.map(({ directive }) => directive.range.start.line)).toEqual([6]);
    expect(explanation.place?.trace.join('\n')).toContain('nginx.conf:5 never gets the host "app.test"');
  });

  test('the port of the host tells between them', async () => {
    const explanation = await explained(
      refused('http://127.0.0.1:3001/x', undefined, 'app.test:8443'),
      twins,
    );
    expect(at(explanation)).toBe('nginx.conf:6');
    expect(explanation.place?.alternatives).toEqual([]);
  });

  test('a name that no block has is said, and the place is found by its address', async () => {
    const explanation = await explained(
      refused('http://127.0.0.1:3001/x', 'server: gone.test, request: "GET /x HTTP/1.1"', 'gone.test'),
      main('server { server_name app.test; location / { proxy_pass http://127.0.0.1:3001; } }'),
    );
    expect(at(explanation)).toBe('nginx.conf:3');
    expect(explanation.place?.trace[0]).toBe('no server block here has gone.test as its first name');
  });
});

describe('targets', () => {
  test('a port is not the beginning of another', async () => {
    const config = main(`server { server_name app.test;
location / { set $a 127.0.0.1:3001; proxy_pass http://$a; }
location /x { set $b 127.0.0.1:30; proxy_pass http://$b; }
}`);
    expect(at(await explained(refused('http://127.0.0.1:30/x'), config))).toBe('nginx.conf:5');
  });

  test('a variable with a group, a scheme and a URI', async () => {
    const config = main(`upstream pool { server 127.0.0.1:3001; }
map $host $to { default other.test; app.test pool; }
server { server_name app.test;
location / { return 404; }
location @a { proxy_pass $scheme://$to$request_uri; }
location /x { set $s 127.0.0.1; set $p 3001; proxy_pass http://$s:$p$request_uri; }
}`);
    const { place } = await explained(refused('http://127.0.0.1:3001/x'), config);
    expect(place?.location?.text).toBe('location /x');
    expect(place?.alternatives.map(({ location }) => location?.text)).toEqual([]);
  });

  test('what Lua chooses can be any address', async () => {
    const config = main(`upstream dynamic { server 0.0.0.1; balancer_by_lua_file b.lua; }
server { server_name app.test; location / { proxy_pass http://dynamic; } location /x { proxy_pass http://dynamic; } }`);
    const { place, notes } = await explained(refused('http://10.0.0.7:8080/x'), config);
    expect(place?.location?.text).toBe('location /x');
    expect(notes.join()).not.toContain('no directive');
  });

  test('of a fragment: a server alone, a location alone, a group alone', async () => {
    const fragment = (text: string) =>
      explained(refused('http://127.0.0.1:3001/x'), { '/etc/nginx/conf.d/a.conf': text });
    const pass = 'location / { proxy_pass http://127.0.0.1:3001; }';
    expect(at(await fragment(`server { server_name app.test; ${pass} }`))).toBe('conf.d/a.conf:1');
    expect(at(await fragment(`\n${pass}`))).toBe('conf.d/a.conf:2');
    const group = await fragment('upstream pool {\n server 127.0.0.1:3001;\n}');
    expect(at(group)).toBe('conf.d/a.conf:2');
    expect(group.place?.trace.at(-1)).toContain('the *_pass to its group is not among these files');
  });

  test('of the stream module', async () => {
    const files = {
      '/etc/nginx/nginx.conf':
        'events {}\nhttp { server { location / { proxy_pass http://127.0.0.1:3001; } } }\nstream {\nupstream db { server 127.0.0.1:3001; }\nserver { listen 5432; proxy_pass db; }\n}',
    };
    const line =
      '2026/01/31 03:00:00 [error] 4242#4242: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.9, server: 0.0.0.0:5432, upstream: "127.0.0.1:3001", bytes from/to client:0/0, bytes from/to upstream:0/0';
    expect(at(await explained(line, files))).toBe('nginx.conf:5');
  });
});

describe('a line that nginx names at start-up', () => {
  const emerg = (file: string, line: number, message = 'host not found in upstream "app:3000"'): string =>
    `nginx: [emerg] ${message} in ${file}:${line}`;
  const text = 'server {\n  location / {\n    proxy_pass http://app:3000;\n  }\n}\n';

  test('by its path, by the map, by the end of its path', async () => {
    const here = {
      '/src/nginx/nginx.conf': 'events {}\nhttp { include conf.d/*.conf; }',
      '/src/nginx/conf.d/app.conf': text,
    };
    const found = await explained(emerg('/etc/nginx/conf.d/app.conf', 3), here);
    expect(found.place?.directive).toMatchObject({
      file: '/src/nginx/conf.d/app.conf',
      range: { start: { line: 3 } },
    });
    expect(found.place?.trace).toContain('/src/nginx/conf.d/app.conf is taken to be that file');
    const mapped = await explained(
      emerg('/opt/x/app.conf', 3),
      here,
      new Map([['/opt/x', '/src/nginx/conf.d']]),
    );
    expect(mapped.place?.directive.file).toBe('/src/nginx/conf.d/app.conf');
  });

  test('not by a name alone', async () => {
    const here = {
      '/src/a.conf': `include one/app.conf; include two/app.conf;`,
      '/src/one/app.conf': text,
      '/src/two/app.conf': text,
    };
    expect((await explained(emerg('/etc/nginx/conf.d/app.conf', 3), here)).place).toBeNull();
  });

  test('a file that has changed since is doubted', async () => {
    const here = { '/etc/nginx/nginx.conf': `events {}\nhttp {\n${text}}` };
    const found = await explained(
      emerg('/etc/nginx/nginx.conf', 5, 'host not found in upstream "web:80"'),
      here,
    );
    expect(found.place?.trace.at(-1)).toBe('"web:80" does not stand there: the file may have changed since');
  });
});

describe('other places that fit', () => {
  const files = main(`
server { listen 80; server_name app.test; location /x { proxy_pass http://127.0.0.1:3001; } }
server { listen 80; server_name b.test; location / { proxy_pass http://$backend; } location /x { proxy_pass http://127.0.0.1:3001; } }
server { listen 80; server_name c.test; location / { proxy_pass http://127.0.0.1:3001; } }`);
  const line = refused('http://127.0.0.1:3001/x', 'request: "GET /x HTTP/1.1"').replace(/, host: .*/, '');

  test('come with what tells them from the first', async () => {
    const { place } = await explained(line, files);
    const reasons = place!.alternatives.map((other) => `${placeName(other)}: ${whyAlso(place!, other)}`);
    expect(reasons).toEqual([
      'location /x in b.test: it fits as well: same address, same request',
      'location / in c.test: location / is the longest prefix of /x',
    ]);
  });
});

describe('a file whose structure breaks', () => {
  const emerg = (message: string, line: number, file = '/etc/nginx/nginx.conf'): string =>
    `2026/01/31 03:00:00 [emerg] 1#1: ${message} in ${file}:${line}`;
  const server = (inner: string): string => `events {}\nhttp {\n    server {\n${inner}\n    }\n}\n`;
  const NO_SEMICOLON = server('        location / {\n            proxy_pass http://10.0.0.6:3000\n        }');
  const UNCLOSED = 'events {}\nhttp {\n    server {\n        listen 80;\n';

  test('a semicolon that is missing is found in the line before the one that nginx names', async () => {
    const files = { '/repo/nginx.conf': NO_SEMICOLON };
    const { place, notes } = await explained(emerg('unexpected "}"', 6), files);
    expect(place?.directive).toMatchObject({
      file: '/repo/nginx.conf',
      text: 'proxy_pass http://10.0.0.6:3000',
      range: { start: { line: 5 } },
    });
    expect(place?.location?.text).toBe('location /');
    expect(place?.alternatives.map(({ directive }) => [directive.range.start.line, directive.text])).toEqual([
      [6, '}'],
    ]);
    expect(notes.join()).toContain('points to line 5: ";" is missing before "}"');
  });

  test('the end of the file leads to the block that is not closed', async () => {
    const { place, notes } = await explained(emerg('unexpected end of file, expecting "}"', 5), {
      '/etc/nginx/nginx.conf': UNCLOSED,
    });
    expect(place?.directive.range.start.line).toBe(3);
    expect(place?.alternatives[0]?.directive).toMatchObject({
      text: 'end of file',
      range: { start: { line: 5 } },
    });
    expect(notes.join()).toContain('never closed');
  });

  test('a lone brace in a file that is sound by now is found, and nothing more is claimed', async () => {
    const { place, notes } = await explained(emerg('unexpected "}"', 6), {
      '/etc/nginx/nginx.conf': server('        location / {\n            return 204;\n        }'),
    });
    expect(place?.directive).toMatchObject({ text: '}', range: { start: { line: 6 } } });
    expect(place?.alternatives).toEqual([]);
    expect(notes).toEqual([]);
  });

  test('in an included file, where the map says', async () => {
    const files = {
      '/repo/nginx.conf': 'events {}\nhttp { include conf.d/a.conf; }\n',
      '/repo/conf.d/a.conf': 'server {\n    listen 80\n}\n',
    };
    const { place } = await explained(emerg('unexpected "}"', 3, '/etc/nginx/conf.d/a.conf'), files);
    expect(place?.directive).toMatchObject({ file: '/repo/conf.d/a.conf', range: { start: { line: 2 } } });
  });
});
