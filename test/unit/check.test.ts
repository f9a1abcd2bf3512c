import { describe, expect, test } from 'vitest';
import { ConfigModel } from '../../server/src/engine/config/model.ts';
import { loadSnapshot } from '../../server/src/engine/config/snapshot.ts';
import type { Finding } from '../../server/src/engine/contract.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { applyEdits, editsByFile } from '../../server/src/engine/diagnosis/fixes.ts';
import { OverlayHost } from '../../server/src/node-host.ts';
import { loadGrammar } from '../support/engine.ts';

const MAIN = '/etc/nginx/nginx.conf';

async function findings(texts: Record<string, string>): Promise<Finding[]> {
  await loadGrammar();
  const host = new OverlayHost(new Map(Object.entries(texts)), null);
  return check(new ConfigModel(await loadSnapshot(host, [Object.keys(texts)[0]!]))).findings;
}

const http = (content: string): Record<string, string> => ({ [MAIN]: `events {}\nhttp {\n${content}\n}\n` });
const ids = async (texts: Record<string, string>): Promise<string[]> =>
  (await findings(texts)).map((f) => f.id);

/** Applies the first fix of the first finding, and says what is left to find. */
async function fixed(
  texts: Record<string, string>,
): Promise<{ texts: Record<string, string>; left: string[] }> {
  const [finding] = await findings(texts);
  const after = { ...texts };
  for (const [file, edits] of editsByFile([finding!.fixes[0]!]))
    after[file] = applyEdits(texts[file]!, edits);
  return { texts: after, left: await ids(after) };
}

describe('silence', () => {
  test.each([
    ['envsubst', 'server { location / { proxy_pass http://${APP_HOST}:3000; } }'],
    [
      'a variable upstream chosen by map',
      'map $host $u { default a; } upstream a { server 127.0.0.1; } server { location / { proxy_pass http://$u; } }',
    ],
    [
      'a WebSocket word inside another',
      'server { location /browse/ { proxy_pass http://127.0.0.1:1; } location /newsockets { proxy_pass http://127.0.0.1:1; } }',
    ],
    [
      'an https group on TLS ports',
      'upstream t { server 127.0.0.1:8443; } server { location / { proxy_pass https://t; } }',
    ],
    [
      'an https address that nginx itself serves with TLS',
      'server { listen 127.0.0.1:8080 ssl; } server { location / { proxy_pass https://127.0.0.1:8443; } }',
    ],
    [
      'raised together, inherited',
      'proxy_buffers 8 32k; proxy_buffer_size 32k; server { location / { proxy_pass http://127.0.0.1:1; } }',
    ],
  ])('%s', async (_, content) => {
    expect(await ids(http(content))).toEqual([]);
  });

  test('protocol rules never look into stream', async () => {
    const texts = {
      [MAIN]:
        'events {}\nstream {\n upstream ws { server 127.0.0.1:8080; }\n server { listen 1; proxy_pass ws; proxy_buffer_size 1k; }\n}\n',
    };
    expect(await ids(texts)).toEqual([]);
  });

  test('a fragment is not blamed for what its includer may have', async () => {
    expect(
      await ids({ '/x/conf.d/app.conf': 'server { location / { set $b a.test; proxy_pass http://$b; } }' }),
    ).toEqual([]);
  });
});

describe('fixes keep everything else', () => {
  const half = 'proxy_set_header Upgrade $http_upgrade;';

  test('CRLF', async () => {
    const text = `events {}\r\nhttp {\r\n\tserver {\r\n\t\tlocation / {\r\n\t\t\t${half}\r\n\t\t\tproxy_pass http://127.0.0.1:1;\r\n\t\t}\r\n\t}\r\n}\r\n`;
    const { texts, left } = await fixed({ [MAIN]: text });
    expect(left).toEqual([]);
    expect(texts[MAIN]!.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(texts[MAIN]).toContain(
      `\t\t\t${half}\r\n\t\t\tproxy_http_version 1.1;\r\n\t\t\tproxy_set_header Connection $connection_upgrade;\r\n`,
    );
  });

  test('one line', async () => {
    const { texts, left } = await fixed({
      [MAIN]: `events {} http { server { location / { ${half} proxy_pass http://127.0.0.1:1; } } }`,
    });
    expect(left).toEqual([]);
    expect(texts[MAIN]!.split('\n').length).toBe(1);
  });

  test('a snippet in two servers: one map, one edit, to be reviewed', async () => {
    const texts = {
      ...http('server { server_name a; include /s.conf; }\nserver { server_name b; include /s.conf; }'),
      '/s.conf': `location / {\n    ${half}\n    proxy_pass http://127.0.0.1:1;\n}\n`,
    };
    const [finding, ...rest] = await findings(texts);
    expect(rest).toEqual([]);
    expect(finding!.fixes[0]!.safety).toBe('review');
    const after = await fixed(texts);
    expect(after.left).toEqual([]);
    expect(after.texts[MAIN]!.match(/map /g)!.length).toBe(1);
  });

  test('a map that is there is used, a name that is taken is not', async () => {
    const own = await fixed(
      http(
        `map $http_upgrade $my { default upgrade; '' close; }\nserver { location / {\n ${half}\n proxy_pass http://127.0.0.1:1;\n} }`,
      ),
    );
    expect(own.texts[MAIN]).toContain('Connection $my;');
    expect(own.left).toEqual([]);
    const taken = await fixed(
      http(
        `map $arg_x $connection_upgrade { default no; }\nserver { location / {\n ${half}\n proxy_pass http://127.0.0.1:1;\n} }`,
      ),
    );
    expect(taken.texts[MAIN]).toContain('map $http_upgrade $websocket_connection {');
    expect(taken.left).toEqual([]);
  });

  test('an inherited list is copied before it would be lost', async () => {
    const { texts, left } = await fixed(
      http(
        'proxy_set_header Host $host;\nproxy_set_header X-A "a b";\nserver { location /ws {\n proxy_pass http://127.0.0.1:1;\n} }',
      ),
    );
    expect(left).toEqual([]);
    expect(texts[MAIN]).toContain(
      ' proxy_set_header Host $host;\n proxy_set_header X-A "a b";\n proxy_set_header Upgrade',
    );
  });

  test('buffers are changed at the level that owns them', async () => {
    const { texts, left } = await fixed(
      http(
        'proxy_buffer_size 1k;\nserver { proxy_busy_buffers_size 8k;\n location / { proxy_buffers 4 4k;\n proxy_pass http://127.0.0.1:1; } }',
      ),
    );
    expect(left).toEqual([]);
    expect(texts[MAIN]).toContain('proxy_buffer_size 16k;');
    expect(texts[MAIN]).toContain('proxy_buffers 8 16k;');
    expect(texts[MAIN]).toContain('proxy_busy_buffers_size 32k;');
  });
});

test('findings stand in the order of files, positions and ids; one line is one finding', async () => {
  const texts = {
    ...http(
      'include /b.conf;\ninclude /a.conf;\nserver { location /ws { proxy_pass https://127.0.0.1:3000; } }',
    ),
    '/b.conf': 'server { location /ws { proxy_pass http://127.0.0.1:1; } }',
    '/a.conf': 'server { location /ws { proxy_pass http://127.0.0.1:1; } }',
  };
  expect((await findings(texts)).map((f) => [f.file, f.id])).toEqual([
    [MAIN, 'tls-to-plain-backend'],
    [MAIN, 'websocket-headers-missing'],
    ['/b.conf', 'websocket-headers-missing'],
    ['/a.conf', 'websocket-headers-missing'],
  ]);
});

describe('what a sweep over public configurations taught', () => {
  test.each([
    [
      'a variable in the URI only',
      'server { location / { proxy_pass http://127.0.0.1:9292$uri; } location /a { proxy_pass http://127.0.0.1:8080/x$is_args$args; } }',
    ],
    [
      'a group with a capture as its URI',
      'upstream app { server 127.0.0.1:1; } server { location ~ ^/x/(.*)$ { proxy_pass http://app/$1; } location / { proxy_pass http://app$request_uri; } }',
    ],
    [
      'a socket with a variable URI',
      'server { location / { proxy_pass http://unix:/run/a.sock:$request_uri; } }',
    ],
    [
      'a group behind $scheme',
      'upstream app { server 127.0.0.1:1; } upstream o-http { server 127.0.0.1:1; } upstream o-https { server 127.0.0.1:1; } server { location / { proxy_pass $scheme://app; } location /o { proxy_pass $scheme://o-$scheme; } }',
    ],
    [
      'groups by split_clients',
      'upstream a { server 127.0.0.1:1; } upstream b { server 127.0.0.1:2; } split_clients $remote_addr $up { 50% a; * b; } server { location / { proxy_pass http://$up; } }',
    ],
    [
      'an address in a variable of nginx',
      'server { location / { proxy_pass http://$server_addr:8080; } location /a { proxy_pass http://127.0.0.1:$server_port; } }',
    ],
    [
      'placeholders',
      'server { location / { proxy_pass ${SCHEME}://${BACKEND}:${PORT}; } include ${DIR}/x.conf; }',
    ],
    [
      'QUIC and TLS on one port',
      'server { listen 127.0.0.1:8443 quic; listen 127.0.0.1:8443 ssl; location / { proxy_pass https://127.0.0.1:8443; } }',
    ],
    [
      'TLS by another server of the address',
      'server { listen 127.0.0.1:8443 ssl; } server { listen 127.0.0.1:8443; location / { proxy_pass https://127.0.0.1:8443; } }',
    ],
    [
      'a plain sibling on a TLS port',
      'server { location /a { proxy_pass http://127.0.0.1:8443; } location /b { proxy_pass https://127.0.0.1:8443; } }',
    ],
    [
      'a path with ws in a longer word',
      'server { location /aws/ws-icons/ { proxy_pass http://127.0.0.1:1; } }',
    ],
    [
      'raised buffers without buffering',
      'server { location / { proxy_buffering off; proxy_buffers 64 512k; proxy_pass http://127.0.0.1:1; } }',
    ],
  ])('%s', async (_, content) => {
    expect(await ids(http(content))).toEqual([]);
  });

  test('an include that is not in sight may hold anything', async () => {
    const unread = http('include /opt/x/resolver.conf; server { location / { proxy_pass http://$host; } }');
    expect((await findings(unread)).map((f) => [f.id, f.severity])).toEqual([['include-not-found', 'hint']]);
    expect(
      await ids({
        '/c/site.conf':
          'server { location /ws { include /config/proxy.conf; proxy_pass http://127.0.0.1:1; } }',
      }),
    ).toEqual([]);
    expect(
      await ids({
        '/c/site.conf': 'server { location /ws { proxy_pass http://127.0.0.1:1; } include h5bp/basic.conf; }',
      }),
    ).toEqual([]);
    expect(
      await ids({
        '/c/site.conf': 'server { location / { proxy_buffers 64 512k; proxy_pass http://127.0.0.1:1; } }',
      }),
    ).toEqual([]);
  });

  test.each([
    '{% if a %}\nserver { listen 80; }\n{% endif %}',
    'server { listen {{ port }}; }',
    'server { {{- if .x }}\n listen 80;\n {{- end }}\n}',
    'server { <%= x %>\n }',
    'server { listen %{PORT}; listen %{SSL_PORT} ssl; }',
  ])('a template is not judged as what it will become: %s', async (text) => {
    expect(await ids({ '/c/site.conf': text })).toEqual([]);
  });

  test('a main file of includes is a main file, and an opening mark alone is no template', async () => {
    expect(
      await ids({
        [MAIN]: 'include main.conf;\n',
        '/etc/nginx/main.conf':
          'events {}\nhttp { server { location / { set $b b.test; proxy_pass http://$b; } } }\n',
      }),
    ).toEqual(['resolver-missing']);
    expect((await ids({ '/c/x.conf': '{%'.repeat(1000) })).length).toBeGreaterThan(0);
  });

  test('text that nginx refuses is judged though template marks stand in strings and comments', async () => {
    expect(await ids({ [MAIN]: 'events {}\nhttp { # {{ x }}\n add_header A "{{ b }}"\n}\n' })).toEqual([
      'missing-semicolon',
    ]);
  });

  test('a Lua block in broken text, a long closed string, and many faults', async () => {
    expect(await ids({ [MAIN]: 'a b } init_by_lua_block { x = 1; y = { 2 } }' })).toEqual([
      'missing-semicolon',
      'unexpected-brace',
    ]);
    expect(await ids({ [MAIN]: `events {}\nhttp { add_header A "${'x'.repeat(5000)}"; }\n` })).toEqual([
      'token-too-long',
    ]);
    expect((await ids({ [MAIN]: '}'.repeat(200_000) })).length).toBe(1001);
    expect((await ids({ [MAIN]: "a '\n".repeat(30_000) })).length).toBeGreaterThan(0);
    expect(
      (await ids({ [MAIN]: `http {\n${'proxy_pass http://a\n'.repeat(30_000)}}` })).length,
    ).toBeGreaterThan(1000);
  });
});

describe('what public configurations taught', () => {
  const messages = async (location: string): Promise<string[]> =>
    (await findings(http(`server { ${location} }`))).map(({ message }) => message);

  test('the host is named where the scheme is a variable too', async () => {
    const values = 'set $proto http; set $app app.test; set $port 8080;';
    expect(await messages(`location / { ${values} proxy_pass $proto://$app:$port; }`)).toEqual([
      '"app.test:8080" must be resolved for each request, and no resolver is set',
    ]);
  });

  test.each([
    [
      "the first example of nginx's page on upstream",
      'server unix:/tmp/c; server d.test:8080 backup;',
      'info',
    ],
    ['one among several', 'server d.test:8080;', 'warning'],
  ])('a server without a port beside one with 8080: %s', async (_, others, severity) => {
    const group = `upstream b { server a.test weight=5; server b.test:8080; ${others} }`;
    const found = await findings(http(`${group} server { location / { proxy_pass http://b; } }`));
    expect(found.map((f) => `${f.id} ${f.severity}`)).toEqual([`upstream-port-defaulted ${severity}`]);
  });

  test('the path in a message about a pattern is one that the pattern lets through', async () => {
    const [message] = await messages(
      'resolver 127.0.0.11; location ~ (/aria2)?/jsonrpc { set $app app.test; proxy_pass http://$app:6800/jsonrpc; }',
    );
    expect(message).toContain('a request for /jsonrpc?page=2 is sent as /jsonrpc:');
  });
});

describe('what a review taught', () => {
  test.each([
    [
      'the default port of a literal',
      'server { location /f/ { proxy_pass http://localhost; } location /g/ { set $b localhost; proxy_pass http://$b; } }',
      [],
    ],
    [
      'one value of several',
      'upstream app { server 127.0.0.1:1; } map $uri $p { default app; /old dead.test; } server { location / { proxy_pass http://$p; } }',
      ['resolver-missing warning'],
    ],
    [
      'a capture beside groups',
      'upstream app { server 127.0.0.1:1; } server { location ~ ^/(?<svc>\\w+)/ { proxy_pass http://$svc; } }',
      ['resolver-missing info'],
    ],
    [
      'a text around a capture beside groups',
      'upstream a_app { server 127.0.0.1:1; } server { location ~ ^/(?<svc>\\w+)/ { set $u "${svc}_app"; proxy_pass http://$u; } }',
      ['resolver-missing info'],
    ],
    [
      'no host for some keys',
      'map $uri $p { default ""; /a 127.0.0.1; } server { location / { proxy_pass http://$p:8080; } }',
      [],
    ],
    [
      'a path of the request in a variable behind an address',
      'server { location / { set $u http://127.0.0.1:1/x$request_uri; proxy_pass $u; } }',
      [],
    ],
    [
      'a capture of nothing but a group',
      'upstream app { server 127.0.0.1:1; } server { location ~ ^/(?<svc>app)/ { proxy_pass http://$svc; } }',
      [],
    ],
    [
      'TLS that nginx itself serves on a plain port',
      'server { listen 127.0.0.1:8080 ssl; } server { location / { proxy_pass https://127.0.0.1:8080; } }',
      [],
    ],
    [
      "a pool's Connection on a WebSocket path",
      'server { location /ws { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://127.0.0.1:1; } }',
      ['websocket-headers-missing info'],
    ],
    [
      'two suppressions above one line',
      'server {\n# nginx-502: ignore tls-to-plain-backend -- a\n# nginx-502: ignore websocket-headers-missing -- b\nlocation /ws { proxy_pass https://127.0.0.1:8080; } }',
      [],
    ],
  ])('%s', async (_, content, wanted) => {
    expect((await findings(http(content))).map((f) => `${f.id} ${f.severity}`)).toEqual(wanted);
  });

  test('one member that may speak TLS keeps the whole pool from being switched to plain', async () => {
    const [finding] = await findings(
      http(
        'upstream app { server 127.0.0.1:8080; server 127.0.0.1:8443; } server { location / { proxy_pass https://app; } }',
      ),
    );
    expect(finding).toMatchObject({ id: 'tls-to-plain-backend', fixes: [] });
  });

  test('a byte order mark is named and can be removed', async () => {
    const texts = { [MAIN]: '\ufeffevents {}\nhttp {}\n' };
    expect((await findings(texts)).map((f) => f.message)).toEqual([
      'a byte order mark stands at the start of the file: nginx takes it for a part of the first word',
    ]);
    expect((await fixed(texts)).left).toEqual([]);
  });

  test('thousands of includes and of targets come to an end', async () => {
    const fan: Record<string, string> = {
      [MAIN]: `events {}\nhttp { server {\n${'include /f1;\n'.repeat(60)}} }\n`,
    };
    for (let i = 1; i < 4; i++) fan[`/f${i}`] = `include /f${i + 1};\n`.repeat(60);
    fan['/f4'] = 'location /ws { proxy_pass https://127.0.0.1:80; }\n'.repeat(5);
    expect((await ids(fan)).length).toBeGreaterThan(0);
    const members = Array.from({ length: 30 }, (_, i) => `server 127.0.0.1:${9000 + i};`).join(' ');
    const many = Array.from(
      { length: 1500 },
      (_, i) =>
        `location /a${i} { proxy_pass https://app; } location /b${i} { proxy_pass http://127.0.0.2:${i + 1}; }`,
    );
    expect(await ids(http(`upstream app { ${members} }\nserver { ${many.join('\n')} }`))).toEqual([]);
  });
});
