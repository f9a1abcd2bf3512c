import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConfigModel } from '../../server/src/engine/config/model.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { http1 } from '../../test-fixtures/toolbox/client.ts';
import { NginxInstance } from '../../test-fixtures/toolbox/nginx.ts';
import { modelOfTexts } from '../support/engine.ts';

/**
 * A real nginx logs failures whose request line does not show the location: every location leads to the same closed
 * port, so that only the way of the request tells them apart. Each location names itself in the answer, and so nginx
 * says what is right.
 */

const DEAD = 'http://127.0.0.1:4099';

/** A name as a header can have it and as nginx reads no variable in it. */
const said = (text: string): string => text.replace(/[^\w@/.= -]/g, '').trim();

/** A location that says its name; `more` stands before the *_pass. */
const location = (text: string, more = '', pass = `proxy_pass ${DEAD};`): string =>
  `    location ${text} { add_header Place "${said(text)}" always; ${more} ${pass} }\n`;

const MAIN = `events {}
http {
  upstream pool { server 127.0.0.1:4099 max_fails=0; server 127.0.0.1:4098 max_fails=0; }
  map $arg_to $mapped { default 127.0.0.1:4097; group pool; }
  server {
    listen 127.0.0.1:8080; server_name app.test;
${location('/')}${location('/api/', '', `proxy_pass ${DEAD}/v1/;`)}${location('= /exact')}
${location('/files/', 'root /nowhere; try_files $uri /index.php;', '')}${location('~ \\.php$')}
${location('/named/', 'root /nowhere; try_files $uri @app;', '')}${location('@app')}
${location('/old/', 'rewrite ^/old/(.*)$ /new/$1;')}${location('/new/')}
${location('/fails/', 'error_page 502 = @spare;')}${location('@spare', '', 'proxy_pass http://pool;')}
${location('/page/', 'error_page 502 /errors/502;')}${location('/errors/')}
${location('/download/', '', 'proxy_pass http://127.0.0.1:8081;')}${location('/protected/', 'internal;')}
${location('/secret/', 'auth_request /auth;')}${location('= /auth', 'internal;', `proxy_pass ${DEAD}/check;`)}
${location('/copied/', 'mirror /copy;', 'return 204;')}
${location('/var/', 'set $backend 127.0.0.1:4099;', 'proxy_pass http://$backend;')}
${location('/mapped/', '', 'proxy_pass http://$mapped;')}
${location('/socket/', '', 'fastcgi_pass unix:/run/app.sock;')}
${location('/outer/', '', `${location('/outer/inner/')} proxy_pass ${DEAD};`)}
    location /if/ { add_header Place "/if/" always; if ($arg_x) { proxy_pass ${DEAD}; } }
  }
  server {
    listen 127.0.0.1:8080; server_name app.test;
${location('/shadow')}
  }
  server {
    listen 127.0.0.2:8080; server_name app.test;
${location('/second/')}
  }
  server {
    listen 127.0.0.1:8080; server_name 127.0.0.9 other.test;
${location('/by-address')}
  }
  server {
    listen 127.0.0.1:8080; server_name "";
${location('/without')}
  }
  server { listen 127.0.0.1:8081; location / { add_header X-Accel-Redirect /protected/f; return 200; } }
}
`;

interface Asked {
  readonly path: string;
  /**
   * Location of each line, with what is as likely behind "|"; the last is compared with what nginx says unless it is
   * `quiet`.
   */
  readonly places: readonly string[];
  readonly host?: string | null;
  readonly version?: '1.0';
  readonly to?: string;
  /** The answer is not of the location that failed. */
  readonly quiet?: boolean;
}

const ASKED: readonly Asked[] = [
  { path: '/x', places: ['/'] },
  { path: '/api/users', places: ['/api/'] },
  { path: '/api/../exact', places: ['= /exact'] },
  { path: '/files/a', places: ['~ \\.php$'] },
  { path: '/a.php?x=1', places: ['~ \\.php$'] },
  { path: '/named/a', places: ['@app'] },
  { path: '/old/a', places: ['/new/'] },
  { path: '/fails/a', places: ['/fails/ | @spare', '/fails/ | @spare', '@spare'] },
  { path: '/page/a', places: ['/page/', '/errors/'] },
  { path: '/download/a', places: ['/protected/'] },
  { path: '/secret/a', places: ['= /auth', '/secret/'], quiet: true },
  { path: '/var/a', places: ['/var/'] },
  { path: '/mapped/a', places: ['/mapped/'] },
  { path: '/mapped/a?to=group', places: ['/mapped/', '/mapped/'] },
  { path: '/socket/a', places: ['/socket/'] },
  { path: '/outer/inner/a', places: ['/outer/inner/'] },
  { path: '/outer/a', places: ['/outer/'] },
  { path: '/if/?x=1', places: ['/if/'] },
  { path: '/second/a', places: ['/ | /second/'], to: '127.0.0.2:8080' },
  { path: '/shadow', places: ['/'] },
  { path: '/by-address', places: ['/by-address'], host: '127.0.0.9:8080' },
  { path: 'http://other.test/by-address', places: ['/by-address'], host: 'app.test' },
  { path: '/without', places: ['/without'], host: null, version: '1.0' },
];

let instance: NginxInstance;
let model: ConfigModel;

beforeAll(async () => {
  instance = await NginxInstance.create({ lane: 38_611, logLevel: 'error', source: { 'nginx.conf': MAIN } });
  model = await modelOfTexts({ '/etc/nginx/nginx.conf': MAIN });
  expect(await instance.start()).toEqual({ ok: true });
});

afterAll(async () => {
  await instance.stop();
});

it.each(ASKED)(
  '$path',
  async ({ path, places, host = 'app.test', version, to = '127.0.0.1:8080', quiet }) => {
    const before = instance.logLines().length;
    const answer = await http1(instance.map(to), {
      path,
      ...(host === null ? { headers: { Host: null } } : { host: instance.map(host) }),
      ...(version && { version }),
    });
    await sleep(60);
    const lines = instance.logLines().slice(before);
    const found = lines.map((line) => {
      const explainer = new LogExplainer({ model });
      explainer.push(`${instance.unmap(line)}\n`);
      const { place } = explainer.end({ value: null, from: 'unknown' }, []).groups[0]!.explanation;
      const all = place ? [place, ...place.alternatives] : [];
      return all.map((one) => one.location?.text.replace(/^location /, '') ?? '').join(' | ');
    });
    expect(found, lines.join('\n')).toEqual(places);
    if (quiet) return;
    const own = answer.headers.find(([name]) => name.toLowerCase() === 'place')?.[1];
    expect(places.at(-1)!.split(' | ').map(said)).toContain(own);
  },
);
