import { describe, expect, test } from 'vitest';
import type { Finding } from '../../server/src/engine/contract.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { findNginx, nginxVersion } from '../../test-fixtures/toolbox/nginx.ts';
import { modelOfTexts } from '../support/engine.ts';
import { verdicts } from '../support/nginx-verdict.ts';

/**
 * Short configurations about upstreams that people write, with what `nginx -t` said of each, seen on 1.22.1 and on
 * 1.31.4. The nginx of this machine says it again; the check is asked for both.
 */

const nginx = findNginx();
if (!nginx) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
const version = nginxVersion(nginx);

interface Snippet {
  readonly what: string;
  readonly text: string;
  /** A part of nginx 1.22.1's message; null when it takes the snippet. */
  readonly old: string | null;
  /** The same of 1.31.4. */
  readonly new: string | null;
  /** Nothing in the text tells: a file or a name is missing on the machine. */
  readonly machine?: boolean;
}

const main = (text: string): string => `events {}\nhttp {\n${text}\n}\n`;
const server = (text: string): string =>
  main(`    server {\n        listen 127.0.0.1:8080;\n        ${text}\n    }`);
const location = (text: string): string => server(`location / { ${text} }`);
const group = (text: string, pass = 'proxy_pass http://bp;'): string =>
  main(
    `    upstream bp { ${text} }\n    server {\n        listen 127.0.0.1:8080;\n        location / { ${pass} }\n    }`,
  );

/** Refused by both versions with these words, or taken by both. */
const both = (what: string, text: string, says: string | null = null): Snippet => ({
  what,
  text,
  old: says,
  new: says,
});
const onlyNew = (what: string, text: string, says: string): Snippet => ({ what, text, old: says, new: null });

const PREFIX = 'invalid URL prefix';
const HOST = 'invalid host in upstream';
const URI = '"proxy_pass" cannot have URI part in location given by regular expression';
const ALL_BUFFERS = '_busy_buffers_size" must be less than the size of all';
const A = '127.0.0.1:8080';

const SNIPPETS: readonly Snippet[] = [
  ...['http2', 'h2', 'h2c', 'ws', 'wss', 'grpc', 'tcp', 'fastcgi'].map((scheme) =>
    both(`proxy_pass ${scheme}://`, location(`proxy_pass ${scheme}://${A};`), PREFIX),
  ),
  both('proxy_pass without scheme', location(`proxy_pass ${A};`), PREFIX),
  both('proxy_pass HTTP:// (upper case)', location(`proxy_pass HTTP://${A};`)),
  both('grpc_pass h2://', location(`grpc_pass h2://${A};`), HOST),
  both('grpc_pass h2://name', group('server 127.0.0.1:8080;', 'grpc_pass h2://bp;'), HOST),
  both('grpc_pass http://', location(`grpc_pass http://${A};`), HOST),
  both('grpc_pass https://', location(`grpc_pass https://${A};`), HOST),
  both('grpc_pass without scheme', location(`grpc_pass ${A};`)),
  both('grpc_pass grpcs://', location(`grpc_pass grpcs://${A};`)),
  both('grpc_pass with URI', location(`grpc_pass ${A}/x;`), HOST),
  both('fastcgi_pass http://', location('fastcgi_pass http://127.0.0.1:9000;'), HOST),
  both('uwsgi_pass uwsgi://', location('uwsgi_pass uwsgi://127.0.0.1:9000;')),
  both('uwsgi_pass http://', location('uwsgi_pass http://127.0.0.1:9000;'), HOST),
  onlyNew(
    'proxy_http_version 2',
    location(`proxy_http_version 2; proxy_pass http://${A};`),
    'invalid value "2"',
  ),
  ...['2.0', '3', '0.9', '1'].map((value) =>
    both(
      `proxy_http_version ${value}`,
      location(`proxy_http_version ${value}; proxy_pass http://${A};`),
      `invalid value "${value}"`,
    ),
  ),
  both(
    'proxy_http_version 1.1 twice',
    location(`proxy_http_version 1.1; proxy_http_version 1.1; proxy_pass http://${A};`),
    '"proxy_http_version" directive is duplicate',
  ),
  onlyNew(
    'proxy_http_version 2 with upstream keepalive',
    group('server 127.0.0.1:8080; keepalive 4;', 'proxy_http_version 2; proxy_pass http://bp;'),
    'invalid value "2"',
  ),
  onlyNew(
    'proxy_http_version 2 with upgrade headers',
    location(
      `proxy_http_version 2; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_pass http://${A};`,
    ),
    'invalid value "2"',
  ),
  both(
    'upstream_max_fails',
    group('server 127.0.0.1:8080; upstream_max_fails 3;'),
    'unknown directive "upstream_max_fails"',
  ),
  both('max_fails without value', group('server 127.0.0.1:8080 max_fails;'), 'invalid parameter "max_fails"'),
  both(
    'max_fails on the next line',
    group('server 127.0.0.1:8080\n        max_fails=3\n        fail_timeout=30s;'),
  ),
  both(
    'max_fails as directive',
    group('server 127.0.0.1:8080; max_fails 3;'),
    'unknown directive "max_fails"',
  ),
  both('only a backup server', group('server 127.0.0.1:8080 backup;'), 'no servers in upstream "bp"'),
  both('empty upstream', group(''), 'no servers are inside upstream'),
  both('health_check', location(`proxy_pass http://${A}; health_check;`), 'unknown directive "health_check"'),
  both('queue', group('server 127.0.0.1:8080; queue 100;'), 'unknown directive "queue"'),
  both('slow_start', group('server 127.0.0.1:8080 slow_start=10s;'), 'invalid parameter "slow_start=10s"'),
  both('keepalive before server', group('keepalive 4; server 127.0.0.1:8080;')),
  both('keepalive before least_conn', group('server 127.0.0.1:8080; keepalive 4; least_conn;')),
  both('least_conn before keepalive', group('least_conn; server 127.0.0.1:8080; keepalive 4;')),
  onlyNew(
    'keepalive 0',
    group('server 127.0.0.1:8080; keepalive 0;'),
    'invalid value "0" in "keepalive" directive',
  ),
  both('keepalive in location', location('keepalive 4;'), '"keepalive" directive is not allowed here'),
  both(
    'keepalive twice',
    group('server 127.0.0.1:8080; keepalive 4; keepalive 4;'),
    '"keepalive" directive is duplicate',
  ),
  onlyNew(
    'keepalive local',
    group('server 127.0.0.1:8080; keepalive 4 local;'),
    'invalid number of arguments in "keepalive" directive',
  ),
  both(
    'upstream name with port in proxy_pass',
    group('server 127.0.0.1:8080;', 'proxy_pass http://bp:8080;'),
    'upstream "bp" may not have port 8080',
  ),
  both('upstream with scheme in server', group('server http://127.0.0.1:8080;'), HOST),
  both('upstream server with path', group('server 127.0.0.1:8080/app;'), HOST),
  {
    ...both(
      'undefined upstream name',
      location('proxy_pass http://no_such_upstream_block;'),
      'host not found in upstream "no_such_upstream_block"',
    ),
    machine: true,
  },
  both('port out of range', location('proxy_pass http://127.0.0.1:80800;'), 'invalid port in upstream'),
  both('port 0', location('proxy_pass http://127.0.0.1:0;'), 'invalid port in upstream'),
  both('port not a number', location('proxy_pass http://127.0.0.1:http;'), 'invalid port in upstream'),
  both('proxy_pass with URI in regex location', server(`location ~ ^/a { proxy_pass http://${A}/b; }`), URI),
  both('proxy_pass with URI in named location', server(`location @a { proxy_pass http://${A}/b; }`), URI),
  both('proxy_pass with URI in if', location(`if ($arg_a) { proxy_pass http://${A}/b; }`), URI),
  both(
    'proxy_pass at server level',
    server(`proxy_pass http://${A};`),
    '"proxy_pass" directive is not allowed here',
  ),
  both(
    'two proxy_pass',
    location(`proxy_pass http://${A}; proxy_pass http://127.0.0.1:1;`),
    '"proxy_pass" directive is duplicate',
  ),
  both('proxy_pass and grpc_pass', location(`proxy_pass http://${A}; grpc_pass ${A};`)),
  both('proxy_pass and return', location(`proxy_pass http://${A}; return 200;`)),
  both('map in server', server('map $host $x { default 1; }'), '"map" directive is not allowed here'),
  both(
    'map defined after use',
    main(
      `    server { listen 127.0.0.1:8080; location / { proxy_pass http://$x; } }\n    map $host $x { default ${A}; }`,
    ),
  ),
  both('two maps of one variable', main('    map $host $x { default 1; }\n    map $uri $x { default 2; }')),
  both(
    'unknown variable in proxy_pass',
    location('proxy_pass http://$backend;'),
    'unknown "backend" variable',
  ),
  both('proxy_buffer_size 8k alone', location(`proxy_buffer_size 8k; proxy_pass http://${A};`)),
  both(
    'proxy_buffer_size 16k alone',
    location(`proxy_buffer_size 16k; proxy_pass http://${A};`),
    ALL_BUFFERS,
  ),
  both(
    'proxy_buffer_size 32k alone',
    location(`proxy_buffer_size 32k; proxy_pass http://${A};`),
    ALL_BUFFERS,
  ),
  both(
    'proxy_buffer_size 16k, buffers 4 16k',
    location(`proxy_buffer_size 16k; proxy_buffers 4 16k; proxy_pass http://${A};`),
  ),
  both(
    'proxy_buffer_size 128k, buffers 4 256k, busy 256k',
    location(
      `proxy_buffer_size 128k; proxy_buffers 4 256k; proxy_busy_buffers_size 256k; proxy_pass http://${A};`,
    ),
  ),
  both(
    'proxy_buffer_size 64k, buffers 8 4k',
    location(`proxy_buffer_size 64k; proxy_buffers 8 4k; proxy_pass http://${A};`),
    ALL_BUFFERS,
  ),
  both(
    'busy 8k under buffer_size 16k',
    location(
      `proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_busy_buffers_size 8k; proxy_pass http://${A};`,
    ),
    '"proxy_busy_buffers_size" must be equal to or greater than the maximum',
  ),
  both(
    'proxy_buffers 1 8k',
    location(`proxy_buffers 1 8k; proxy_pass http://${A};`),
    'there must be at least 2 "proxy_buffers"',
  ),
  both(
    'fastcgi_buffer_size 16k alone',
    location('fastcgi_buffer_size 16k; fastcgi_pass 127.0.0.1:9000;'),
    ALL_BUFFERS,
  ),
  both('grpc_buffer_size 16k alone', location(`grpc_buffer_size 16k; grpc_pass ${A};`)),
  both(
    'proxy_buffering off, buffer_size 16k',
    location(`proxy_buffering off; proxy_buffer_size 16k; proxy_pass http://${A};`),
    ALL_BUFFERS,
  ),
  both(
    'proxy_ssl_verify on without CA',
    location(`proxy_ssl_verify on; proxy_pass https://${A};`),
    'no proxy_ssl_trusted_certificate for proxy_ssl_verify',
  ),
  both(
    'proxy_ssl_verify on without CA, http:// target',
    location(`proxy_ssl_verify on; proxy_pass http://${A};`),
  ),
  {
    what: 'proxy_ssl_trusted_certificate missing file',
    text: location(
      `proxy_ssl_verify on; proxy_ssl_trusted_certificate /nonexistent/ca.pem; proxy_pass https://${A};`,
    ),
    old: '/nonexistent/ca.pem',
    new: '/nonexistent/ca.pem',
    machine: true,
  },
  {
    ...both(
      'proxy_ssl_certificate without key',
      location(`proxy_ssl_certificate /nonexistent/c.pem; proxy_pass https://${A};`),
      'no "proxy_ssl_certificate_key" is defined for certificate "/nonexistent/c.pem"',
    ),
  },
  both(
    'resolver without address',
    server('resolver;'),
    'invalid number of arguments in "resolver" directive',
  ),
  {
    ...both('resolver by name', server('resolver ns.invalid;'), 'host not found in resolver "ns.invalid"'),
    machine: true,
  },
  onlyNew(
    'resolver in upstream',
    group('server 127.0.0.1:8080; resolver 127.0.0.1;'),
    '"resolver" directive is not allowed here',
  ),
  {
    what: 'server ... resolve without zone',
    text: group('server a.test resolve; resolver 127.0.0.1;'),
    old: 'invalid parameter "resolve"',
    new: 'resolving names at run time requires upstream "bp"',
  },
  {
    what: 'server ... resolve without resolver',
    text: group('zone bp 64k; server a.test resolve;'),
    old: 'invalid parameter "resolve"',
    new: 'no resolver defined to resolve names at run time in upstream "bp"',
  },
  both(
    'unix socket path too long',
    location(`proxy_pass http://unix:/tmp/${'x'.repeat(120)}.sock:/;`),
    'too long path in the unix domain socket in upstream',
  ),
  both('unix: without http://', location('proxy_pass unix:/run/a.sock;'), PREFIX),
  both('fastcgi_pass unix without unix:', location('fastcgi_pass /run/php/php8.2-fpm.sock;'), HOST),
  both('listen ... http2', main('    server { listen 127.0.0.1:8080 http2; }')),
  onlyNew('http2 on', server('http2 on;'), 'unknown directive "http2"'),
  ...['http_502 non_idempotent', 'updating', 'invalid_header'].flatMap((words) =>
    words === 'updating'
      ? []
      : [
          both(
            `proxy_next_upstream ${words}`,
            location(`proxy_next_upstream ${words}; proxy_pass http://${A};`),
          ),
        ],
  ),
  both(
    'proxy_next_upstream http_501',
    location(`proxy_next_upstream http_501; proxy_pass http://${A};`),
    'invalid value "http_501"',
  ),
  both('proxy_next_upstream updating', location(`proxy_next_upstream updating; proxy_pass http://${A};`)),
  both('proxy_read_timeout without unit', location(`proxy_read_timeout 60; proxy_pass http://${A};`)),
  both(
    'proxy_read_timeout "60 s"',
    location(`proxy_read_timeout 60 s; proxy_pass http://${A};`),
    'invalid number of arguments in "proxy_read_timeout" directive',
  ),
  both('proxy_connect_timeout 100s', location(`proxy_connect_timeout 100s; proxy_pass http://${A};`)),
  both(
    'proxy_set_header one argument',
    location(`proxy_set_header Host; proxy_pass http://${A};`),
    'invalid number of arguments in "proxy_set_header" directive',
  ),
  onlyNew(
    'early_hints',
    location(`early_hints $http_x; proxy_pass http://${A};`),
    'unknown directive "early_hints"',
  ),
  both(
    'error_page 502 with internal',
    server(
      `error_page 502 /502.html; location = /502.html { internal; } location / { proxy_pass http://${A}; }`,
    ),
  ),
  both(
    'multi_accept, use epoll, worker_rlimit_nofile in http',
    'events { multi_accept on; use epoll; }\nhttp {\n    worker_rlimit_nofile 1000;\n}\n',
    '"worker_rlimit_nofile" directive is not allowed here',
  ),
];

/** What the check says that nginx refuses; what it names by another version or product counts as well. */
async function refusals(text: string, target: string): Promise<Finding[]> {
  const model = await modelOfTexts({ '/snippet/nginx.conf': text }, { value: target, from: 'the test' });
  const { findings } = check(model);
  return findings.filter(
    ({ severity, message }) => severity === 'error' || /^unknown|^invalid/.test(message),
  );
}

describe('short configurations', () => {
  test(`nginx ${version} says what is written here`, async () => {
    const answers = await verdicts(
      nginx,
      SNIPPETS.map(({ text }) => text),
    );
    const newer = version !== '1.22.1';
    const differing = SNIPPETS.flatMap(({ what, old, new: recent }, i) => {
      const expected = newer ? recent : old;
      const { ok, says } = answers[i]!;
      const same = expected === null ? ok : says.includes(expected);
      return same ? [] : [`${what}: ${ok ? 'taken' : says}`];
    });
    expect(differing).toEqual([]);
  });

  test.each(['1.22.1', '1.31.4'])('the check agrees for %s', async (target) => {
    const differing: string[] = [];
    for (const { what, text, old, new: recent, machine } of SNIPPETS) {
      const expected = target === '1.22.1' ? old : recent;
      const found = await refusals(text, target);
      const refused = expected !== null && !machine;
      if (refused !== found.length > 0)
        differing.push(`${what}: ${found.map(({ message }) => message).join(', ') || 'silent'}`);
    }
    expect(differing).toEqual([]);
  });
});
