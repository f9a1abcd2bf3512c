import { describe, expect, test } from 'vitest';
import type { ConfigModel } from '../../server/src/engine/config/model.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { applyEdits, selectFixes } from '../../server/src/engine/diagnosis/fixes.ts';
import { NginxInstance } from '../../test-fixtures/toolbox/nginx.ts';
import { modelOfTexts } from '../support/engine.ts';
import { withFixes } from '../support/fixture.ts';

/** What `--fix=review` makes of awkward configurations, and a real nginx must still start with. */

const HEAD = 'events {}\nhttp {\n    upstream app { server 127.0.0.1:3001; keepalive 2; }\n';
const SERVER = '    server {\n        listen 127.0.0.1:8080;\n';
const END = '    }\n}\n';

const cases: Record<string, Record<string, string>> = {
  'a shipped snippet is shared, and one location has its own version': {
    'nginx.conf': `${HEAD}${SERVER}        location / { proxy_http_version 1.1; include proxy_params; proxy_pass http://app; }\n        location /ws/ {\n            include proxy_params;\n            proxy_pass http://app;\n        }\n${END}`,
    proxy_params: 'proxy_set_header Host $host;\nproxy_set_header X-Real-IP $remote_addr;\n',
  },
  'half of the headers in a shared snippet': {
    'nginx.conf': `${HEAD}${SERVER}        location /a/ { include head.conf; proxy_pass http://app; }\n        location /b/ { include head.conf; proxy_http_version 1.1; proxy_set_header Connection "upgrade"; proxy_pass http://app; }\n        location /c/ { include head.conf; proxy_http_version 1.1; proxy_pass http://app; }\n${END}`,
    'head.conf': 'proxy_set_header Upgrade $http_upgrade;\n',
  },
  'buffers of a sibling depend on the level that would be edited': {
    'nginx.conf': `${HEAD}    proxy_buffers 16 32k;\n    proxy_busy_buffers_size 32k;\n${SERVER}        location /a/ { proxy_pass http://app; }\n        location /b/ { proxy_buffers 8 4k; proxy_busy_buffers_size 8k; proxy_pass http://app; }\n${END}`,
  },
  'a buffer size in a shared snippet': {
    'nginx.conf': `${HEAD}${SERVER}        location /a/ { include buf.conf; proxy_buffers 8 16k; proxy_pass http://app; }\n        location /b/ { include buf.conf; proxy_pass http://app; }\n${END}`,
    'buf.conf': 'proxy_buffer_size 2k;\n',
  },
  'a small size at the server, a location with buffers of its own': {
    'nginx.conf': `${HEAD}${SERVER}        proxy_buffer_size 1k;\n        location /a/ { proxy_pass http://app; }\n        location /b/ { proxy_buffers 4 8k; proxy_pass http://app; }\n${END}`,
  },
  'a WebSocket path with the Connection of a pool': {
    'nginx.conf': `${HEAD}${SERVER}        location /ws/ {\n            proxy_http_version 1.1;\n            proxy_set_header Connection ""; # for the pool\n            proxy_pass http://app;\n        }\n${END}`,
  },
  'comments behind directives, and a suppression': {
    'nginx.conf': `${HEAD}${SERVER}        location /ws/ {\n            proxy_set_header Upgrade $http_upgrade; # the half\n            proxy_pass https://127.0.0.1:8080; # nginx-502: ignore tls-to-plain-backend -- it speaks TLS\n        }\n${END}`,
  },
};

/** Where the sharers of a line need different edits of it, a finding without a fix is the right answer. */
const unfixed: ReadonlySet<string> = new Set([
  'half of the headers in a shared snippet',
  'a buffer size in a shared snippet',
  'a small size at the server, a location with buffers of its own',
]);

const FOLDER = '/etc/nginx/';

async function modelOf(files: Record<string, string>): Promise<ConfigModel> {
  return modelOfTexts(Object.fromEntries(Object.entries(files).map(([name, text]) => [FOLDER + name, text])));
}

describe.concurrent('what --fix=review leaves is a configuration that nginx starts with', () => {
  test.concurrent.each(Object.entries(cases))('%s', async (title, files) => {
    const lane = 2000 + Object.values(cases).indexOf(files);
    const accepted = async (source: Record<string, string>): Promise<string> => {
      const instance = await NginxInstance.create({ source, lane });
      try {
        const result = await instance.test();
        return result.ok ? '' : result.output;
      } finally {
        await instance.stop();
      }
    };
    expect(await accepted(files)).toBe('');
    const now = { ...files };
    let applied = 0;
    for (let pass = 0; pass < 10; pass++) {
      const model = await modelOf(now);
      // The pool of the group is there for what its headers need; whether it is used is another question.
      const findings = check(model).findings.filter(({ id }) => !id.startsWith('keepalive-'));
      const selected = selectFixes(findings, 'review').map(({ fix }) => fix);
      if (selected.length === 0) break;
      applied += selected.length;
      for (const [file, text] of withFixes(selected, (name) => model.snapshot.files.get(name)!.text)) {
        now[file.slice(FOLDER.length)] = text;
      }
    }
    expect(await accepted(now)).toBe('');
    expect(applied, 'fixes applied').toBe(unfixed.has(title) ? 0 : 1);
    // What a comment says stays with the line it was written on.
    for (const [name, text] of Object.entries(files)) {
      for (const line of text.split('\n').filter((l) => l.includes('ignore')))
        expect(now[name]).toContain(line);
    }
  });
});

/** Messages whose fix adds a line to a location, with the `*_pass` of it, which stands in `if`. */
const logged: Record<string, { id: string; pass: string; message: string; fields: string }> = {
  'a longer wait for a WebSocket': {
    id: 'websocket-idle-timeout',
    pass: 'proxy_pass http://127.0.0.1:3001;',
    message: 'upstream timed out (110: Connection timed out) while proxying upgraded connection',
    fields: 'request: "GET /x HTTP/1.1", upstream: "http://127.0.0.1:3001/x"',
  },
  'TLS with a name': {
    id: 'plain-to-tls-backend',
    pass: 'proxy_pass http://localhost:8443;',
    message: 'upstream prematurely closed connection while reading response header from upstream',
    fields: 'request: "GET /x HTTP/1.1", upstream: "http://127.0.0.1:8443/x"',
  },
  'no body for auth_request': {
    id: 'content-length-without-body',
    pass: 'proxy_pass http://127.0.0.1:3001;',
    message: 'upstream timed out (110: Connection timed out) while reading response header from upstream',
    fields: 'request: "POST /app HTTP/1.1", subrequest: "/x", upstream: "http://127.0.0.1:3001/x"',
  },
};

describe.concurrent('the fix of a log line leaves a configuration that nginx starts with', () => {
  test.concurrent.each(Object.entries(logged))('%s', async (title, { id, pass, message, fields }) => {
    const text = `events {}\nhttp {\n${SERVER}        location /app { auth_request /x; }\n        location /x {\n            if ($request_method) {\n                ${pass}\n            }\n        }\n${END}`;
    const model = await modelOf({ 'nginx.conf': text });
    const explainer = new LogExplainer({ model });
    explainer.push(
      `2026/01/31 03:00:00 [info] 42#42: *7 ${message}, client: 127.0.0.1, server: , ${fields}\n`,
    );
    const { causes } = explainer.end({ value: null, from: 'unknown' }, []).groups[0]!.explanation;
    const [fix] = causes.find((cause) => cause.id === id)!.fixes;
    const fixed = applyEdits(text, fix!.edits);
    expect(fixed.length).toBeGreaterThan(text.length);
    const lane = 2100 + Object.keys(logged).indexOf(title);
    const instance = await NginxInstance.create({ source: { 'nginx.conf': fixed }, lane });
    try {
      const result = await instance.test();
      expect(result.ok ? '' : result.output).toBe('');
    } finally {
      await instance.stop();
    }
  });
});
