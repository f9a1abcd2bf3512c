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
