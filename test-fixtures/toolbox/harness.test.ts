import { expect, test } from 'vitest';
import { type HarnessOptions, harness } from './harness.ts';

const OPTIONS: HarnessOptions = {
  tmp: '/t',
  main: 'nginx.conf',
  address: '127.100.1.1',
  users: new Set(['root', 'www-data']),
  logLevel: null,
  client: null,
};

function run(text: string | Record<string, string>, options: Partial<HarnessOptions> = {}) {
  const source = new Map(Object.entries(typeof text === 'string' ? { 'nginx.conf': text } : text));
  const result = harness(source, { ...OPTIONS, ...options });
  return { ...result, main: result.files.get('nginx.conf')! };
}

const inHttp = (text: string) =>
  run(`events {}\nhttp {\n${text}\n}`).main.split('\n').slice(2, -1).join('\n');

test('the harness stands behind the opening of http, and no line moves', () => {
  const source = '# http {\nevents {}\nhttp\n{ # a comment\n    server_tokens off;\n}\n';
  const { main } = run(source);
  const lines = main.split('\n');
  expect(lines.length).toBe(source.split('\n').length);
  expect(lines[3]).toMatch(
    /^\{ client_body_temp_path \/t\/\S+; .*access_log \/t\/access\.log \w+; # a comment$/,
  );
  expect(lines.filter((line) => line.includes('/t/'))).toHaveLength(1);
});

test('a directive of several lines keeps them', () => {
  expect(inHttp('access_log /a\n  main\n  buffer=1k;\ngzip on;')).toBe(
    'access_log /t/access.log nginx502_toolbox\n\n;\ngzip on;',
  );
});

test.each([
  ['server { listen 80; }', 'server { listen 127.100.1.1:80; }'],
  ['server { listen *:80 default_server; }', 'server { listen 127.100.1.1:80 default_server; }'],
  ['server { listen 0.0.0.0; }', 'server { listen 127.100.1.1:80; }'],
  ['server { listen 8000-8010; }', 'server { listen 127.100.1.1:8000-8010; }'],
  ['server { listen [::]:443 ssl ipv6only=on http2; }', 'server { listen unix:/t/ipv6-443.sock ssl http2; }'],
  ['server { listen 127.100.1.1:80; }', 'server { listen 127.100.1.1:80; }'],
  ['server { return 204; }', 'server { listen 127.100.1.1:80; return 204; }'],
  [
    'server { location / { proxy_pass http://x; } }',
    'server { listen 127.100.1.1:80; location / { proxy_pass http://x; } }',
  ],
  ['server { include listen.conf; }', 'server { include listen.conf; }'],
  ['upstream u { server 127.100.1.2:80; }', 'upstream u { server 127.100.1.2:80; }'],
  ['error_log /var/log/nginx/e.log warn;', 'error_log /t/error.log warn;'],
  ['error_log "/var/log/e.log";', 'error_log /t/error.log;'],
  ['access_log /var/log/nginx/a.log main buffer=32k;', 'access_log /t/access.log nginx502_toolbox;'],
  [
    'server { listen 80; access_log off; }',
    'server { listen 127.100.1.1:80; access_log /t/access.log nginx502_toolbox; }',
  ],
  ['# listen 80; error_log x;', '# listen 80; error_log x;'],
  ['add_header x "listen 80; {";', 'add_header x "listen 80; {";'],
  [
    'proxy_cache_path /var/cache/n levels=1:2 keys_zone=a:1m;',
    'proxy_cache_path /t/var/cache/n levels=1:2 keys_zone=a:1m;',
  ],
  ['include /etc/nginx/conf.d/*.conf;', 'include /t/run/conf.d/*.conf;'],
  ['include /etc/nginx/mime.types;', 'include /etc/nginx/mime.types;'],
  [
    'proxy_ssl_trusted_certificate /etc/nginx/certs/ca.crt;',
    'proxy_ssl_trusted_certificate /t/run/certs/ca.crt;',
  ],
])('%s', (source, expected) => {
  expect(inHttp(source)).toBe(expected);
});

test('what the main file says is not said again with -g, and is made harmless', () => {
  const { globals, main } = run(
    'user www-data;\nworker_processes auto;\npid /run/nginx.pid;\nevents {}\nhttp {}\n',
  );
  expect(globals).toBe('daemon off; master_process on;');
  expect(main.split('\n').slice(0, 3)).toEqual([
    'user www-data;',
    'worker_processes 1;',
    'pid /t/nginx.pid;',
  ]);
  expect(run('user nginx nginx;\nevents {}').main).toContain('user root;');
  expect(run('user nginx;\nevents {}', { users: null })).toMatchObject({
    main: 'user nginx;\nevents {}',
    globals: 'daemon off; master_process on; pid /t/nginx.pid; worker_processes 1;',
  });
});

test('files count where they are included, others not at all', () => {
  const { files, globals, main } = run({
    'nginx.conf': 'include top.conf;\nevents {}\nhttp { include conf.d/*.conf; include mime.types; }',
    'top.conf': 'worker_processes 4;',
    'conf.d/a.conf': 'proxy_temp_path /var/p;\nserver { listen 80; }',
    'fixed.conf': 'pid /run/nginx.pid;\nhttp { server { listen 80; } }',
  });
  expect(globals).not.toContain('worker_processes');
  expect(globals).toContain('pid /t/nginx.pid;');
  expect(main).not.toContain('proxy_temp_path');
  expect(files.get('conf.d/a.conf')).toBe('proxy_temp_path /t/var/p;\nserver { listen 127.100.1.1:80; }');
  expect(files.get('fixed.conf')).toBe('pid /run/nginx.pid;\nhttp { server { listen 80; } }');
});

test('names what the distribution ships, and the folders that sockets and temporary files need', () => {
  const { shipped, folders } = run(
    'events {}\nhttp { include mime.types; server { listen unix:/t/run/a/b.sock; location / { include fastcgi_params; } } }',
  );
  expect(shipped).toEqual(['mime.types', 'fastcgi_params']);
  expect(folders).toEqual(['/t/run/a', '/t/var/lib/nginx']);
});

test('a level for all error logs', () => {
  const { main, globals } = run('events {}\nhttp { error_log /var/log/e.log crit; }', { logLevel: 'info' });
  expect(main).toContain('error_log /t/error.log info;');
  expect(globals).toContain('error_log /t/error.log info;');
});
