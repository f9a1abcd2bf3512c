import { beforeAll, describe, expect, test } from 'vitest';
import { ConfigModel } from '../../server/src/engine/config/model.ts';
import { loadSnapshot } from '../../server/src/engine/config/snapshot.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { editDocument, readDocument, type SyntaxDocument } from '../../server/src/engine/syntax/document.ts';
import { OverlayHost } from '../../server/src/node-host.ts';
import { loadGrammar } from '../support/engine.ts';

/**
 * What was judged once stays with the blocks, from check to check. Here each step changes something outside of a block
 * that decides over it: a check that goes on from the last one must say what a fresh one says.
 */

const MAIN = '/etc/nginx/nginx.conf';
type Files = Record<string, string>;

/** Checks one version of some files after the other, as an editor does. */
class Session {
  private readonly documents = new Map<string, SyntaxDocument>();

  async check(files: Files, version: string | null): Promise<string[]> {
    const parse = (path: string, text: string): SyntaxDocument => {
      const known = this.documents.get(path);
      const document = known?.text === text ? known : known ? edited(known, text) : readDocument(text);
      this.documents.set(path, document);
      return document;
    };
    const host = new OverlayHost(new Map(Object.entries(files)), null);
    const snapshot = await loadSnapshot(host, [MAIN], { parse });
    const model = new ConfigModel(snapshot, {
      version: version === null ? null : { value: version, from: 'the test' },
    });
    return check(model).findings.map(
      ({ file, range, id, severity, message }) =>
        `${file}:${range.start.line}:${range.start.column} ${severity} ${id}: ${message}`,
    );
  }
}

/** One edit over all that differs. */
function edited(previous: SyntaxDocument, text: string): SyntaxDocument {
  let start = 0;
  while (start < text.length && text[start] === previous.text[start]) start++;
  let tail = 0;
  const most = Math.min(text.length, previous.text.length) - start;
  while (tail < most && text.at(-1 - tail) === previous.text.at(-1 - tail)) tail++;
  const newEnd = text.length - tail;
  return editDocument(previous, text, [{ start, oldEnd: previous.text.length - tail, newEnd }]);
}

const around = (lines: string): string => `events {}\nhttp {\n${lines}\n    include conf.d/*.conf;\n}\n`;
/** Long enough to be taken over from the last version as it stands. */
const server = (n: number, own: string, listen = `listen 127.0.0.1:80${n};`): string => `server {
    ${listen}
    server_name s${n}.test;
    location /a${n}/ {
        proxy_pass http://127.0.0.1:3001;
        proxy_set_header Host $host;
        ${own}
    }
    location /b${n}/ {
        return 204;
    }
}
`;
const two = (own: string, listen?: string): Files => ({
  '/etc/nginx/conf.d/a.conf': server(1, own, listen) + server(2, 'proxy_set_header X-A 1;', listen),
});

interface Step {
  readonly files: Files;
  readonly version?: string;
  /** How many findings there are. */
  readonly findings: number;
}

const CASES: Record<string, readonly Step[]> = {
  'a variable that another file defines': [
    {
      files: { [MAIN]: around('map $uri $mine { default 1; }'), ...two('proxy_set_header X-B $mine;') },
      findings: 0,
    },
    {
      files: { [MAIN]: around('map $uri $other { default 1; }'), ...two('proxy_set_header X-B $mine;') },
      findings: 1,
    },
    {
      files: { [MAIN]: around('map $uri $mine { default 1; }'), ...two('proxy_set_header X-B $mine;') },
      findings: 0,
    },
  ],
  'a release that does not know the directive yet': [
    { files: { [MAIN]: around(''), ...two('http2 on;') }, version: '1.28.0', findings: 1 },
    { files: { [MAIN]: around(''), ...two('proxy_pass_trailers on;') }, version: '1.29.0', findings: 0 },
    { files: { [MAIN]: around(''), ...two('proxy_pass_trailers on;') }, version: '1.22.1', findings: 1 },
  ],
  'a module that may bring a name': [
    { files: { [MAIN]: around(''), ...two('echo_something_new a;') }, findings: 1 },
    {
      files: { [MAIN]: `load_module modules/x.so;\n${around('')}`, ...two('echo_something_new a;') },
      findings: 0,
    },
    { files: { [MAIN]: around(''), ...two('echo_something_new a;') }, findings: 1 },
  ],
  'two default servers of one address': [
    { files: { [MAIN]: around(''), ...two('', 'listen 127.0.0.1:80;') }, findings: 0 },
    {
      files: {
        [MAIN]: around(server(9, '', 'listen 127.0.0.1:80 default_server;')),
        ...two('', 'listen 127.0.0.1:80;'),
      },
      findings: 0,
    },
    {
      files: {
        [MAIN]: around(server(9, '', 'listen 127.0.0.1:80 default_server;')),
        '/etc/nginx/conf.d/a.conf': server(1, '', 'listen 127.0.0.1:80 default_server;') + server(2, ''),
      },
      findings: 1,
    },
  ],
  'a log format that goes': [
    { files: { [MAIN]: around("log_format mine '$uri';"), ...two('access_log /a mine;') }, findings: 0 },
    { files: { [MAIN]: around("log_format other '$uri';"), ...two('access_log /a mine;') }, findings: 1 },
  ],
  'a snippet that is included in a location': [
    {
      files: {
        [MAIN]: around(''),
        ...two('include snippet.conf;'),
        '/etc/nginx/snippet.conf': 'expires 1d;',
      },
      findings: 0,
    },
    {
      files: { [MAIN]: around(''), ...two('include snippet.conf;'), '/etc/nginx/snippet.conf': 'expires;' },
      findings: 1,
    },
    {
      files: {
        [MAIN]: around(''),
        ...two('include snippet.conf;'),
        '/etc/nginx/snippet.conf': 'proxy_pass http://127.0.0.1:3002;',
      },
      findings: 1,
    },
  ],
  'a file that is included elsewhere now': [
    { files: { [MAIN]: around(''), ...two('') }, findings: 0 },
    {
      files: {
        [MAIN]: `events {}\nhttp {\n    server {\n        include conf.d/*.conf;\n    }\n}\n`,
        ...two(''),
      },
      findings: 2,
    },
  ],
  'a file that serves stream now': ['http', 'stream'].map((block, i) => ({
    files: { [MAIN]: `events {}\n${block} {\n    include conf.d/*.conf;\n}\n`, ...two('') },
    // The locations of both.
    findings: 4 * i,
  })),
  'a name that stands twice': [
    {
      files: {
        [MAIN]: around(''),
        '/etc/nginx/conf.d/a.conf': `upstream one { server 127.0.0.1:3001; server 127.0.0.1:3002; zone one 64k; }\n${server(1, '')}`,
      },
      findings: 0,
    },
    {
      files: {
        [MAIN]: around('upstream one { server 127.0.0.1:3009; }'),
        '/etc/nginx/conf.d/a.conf': `upstream one { server 127.0.0.1:3001; server 127.0.0.1:3002; zone one 64k; }\n${server(1, '')}`,
      },
      findings: 1,
    },
  ],
  'a resolver that a name at run time needs': ['resolver 127.0.0.53;', 'server_tokens off;'].map(
    (line, i) => ({
      files: {
        [MAIN]: `events {}
http {
    upstream one {
        zone one 64k;
        server a.test:3001 resolve;
        server b.test:3001 resolve;
    }
    ${line}
}
`,
      },
      version: '1.28.0',
      findings: 2 * i,
    }),
  ),
};

beforeAll(loadGrammar);

describe('a block is judged again when what decides over it changes', () => {
  test.each(Object.entries(CASES))('%s', async (_, steps) => {
    const session = new Session();
    for (const { files, version = null, findings } of steps) {
      const found = await session.check(files, version);
      expect(found).toEqual(await new Session().check(files, version));
      expect(found, found.join('\n')).toHaveLength(findings);
    }
  });
});
