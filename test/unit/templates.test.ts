import { beforeAll, describe, expect, test } from 'vitest';
import { forgotSemicolon } from '../../server/src/engine/config/forgotten-semicolon.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { editDocument, readDocument } from '../../server/src/engine/syntax/document.ts';
import { coverMarks } from '../../server/src/engine/syntax/template-marks.ts';
import { loadGrammar, modelOfTexts } from '../support/engine.ts';

/** Sources of configurations: nothing is said about what a template engine fills in, and the rest is checked. */

beforeAll(() => loadGrammar());

/** A fault that is surely one, to be found among the marks. */
const FAULT = 'location /ws { proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:3000; }';

const TEMPLATES: Record<string, string> = {
  envsubst: `upstream backend { server \${BACKEND_HOST}:\${BACKEND_PORT}; }
server {
    listen \${NGINX_PORT};
    listen [::]:\${NGINX_PORT} \${EXTRA_LISTEN};
    server_name \${SERVER_NAME};
    resolver \${NGINX_LOCAL_RESOLVERS} valid=10s;
    gzip \${GZIP};
    client_max_body_size \${MAX_BODY};
    \${EXTRA_DIRECTIVES}
    location / { proxy_read_timeout \${TIMEOUT}s; proxy_pass http://\${BACKEND_HOST}:\${BACKEND_PORT}; }
    location \${PREFIX} { proxy_pass \${UPSTREAM_URL}; proxy_buffers 8 \${SIZE}; }
    ${FAULT}
}
`,
  Helm: `server {
    listen {{ .Values.port }};
    server_name {{ .Values.host | quote }};
    {{- if .Values.tls.enabled }}
    listen 443 ssl;
    ssl_certificate {{ .Values.tls.cert }};
    {{- end }}
    {{- range $k, $v := .Values.locations }}
    location {{ $k }} {
        proxy_pass {{ $v }};
    }
    {{- end }}
{{ include "chart.snippet" . | indent 4 }}
    ${FAULT}
}
`,
  Jinja: `{# made by Ansible #}
{% for s in servers %}
upstream {{ s.name }} {
{% for b in s.backends %}
    server {{ b }}:{{ port | default(80) }};
{% endfor %}
}
{% endfor %}
server {
    listen 80{% if ssl %} ssl{% endif %};
    {% if foo == "bar" %}
    root "{{ root }}";
    {% else %}
    root /var/www;
    {% endif %}
    location / { proxy_pass http://{{ s.name }}; proxy_read_timeout {{ t }}; gzip {{ gz }}; }
    ${FAULT}
}
`,
  ERB: `server {
  listen <%= @port %>;
<% if @ssl -%>
  ssl_certificate <%= @cert %>;
<% end -%>
<% @locations.each do |l| -%>
  location <%= l['path'] %> {
    proxy_pass <%= l["url"] %>;
  }
<% end -%>
  server_name <%= @names.join(' ') %>;
  ${FAULT}
}
`,
  mustache: `server {
    listen {{port}};
    gzip {{gzip}};
    {{> partial }}
    {{#tls}}
    listen 443 ssl;
    {{/tls}}
    location / { proxy_pass http://{{host}}:{{port}}; }
    ${FAULT}
}
`,
};

describe.each(Object.entries(TEMPLATES))('%s', (_name, text) => {
  test('the one fault is found, at its place', async () => {
    const model = await modelOfTexts({ '/repo/templates/default.conf.template': text });
    const { findings, problems } = check(model);
    expect(problems).toEqual([]);
    expect(findings.map(({ id, message }) => ({ id, message }))).toEqual([
      { id: 'websocket-headers-missing', message: expect.any(String) },
    ]);
    expect(text.split('\n')[findings[0]!.range.start.line - 1]).toContain('/ws');
  });

  test('words are what stands there, and fixes leave the marks alone', async () => {
    const model = await modelOfTexts({ '/repo/templates/default.conf.template': text });
    const { fixes } = check(model).findings[0]!;
    for (const node of model.nodes) {
      expect(node.directive.name.raw).not.toMatch(/^x+$/);
      expect(text).toContain(node.directive.name.raw);
      for (const word of node.directive.args) expect(text).toContain(word.raw);
    }
    for (const { edits } of fixes) for (const edit of edits) expect(edit.newText).not.toMatch(/xxx|\{\{|<%/);
  });

  test('an edited one is read as a fresh one', () => {
    const options = { forgotSemicolon, keepTree: true };
    let document = readDocument(text, options);
    for (let at = 0; at < text.length; at += 7) {
      for (const [start, oldEnd, put] of [
        [at, at, ';'],
        [at, at + 1, ''],
      ] as const) {
        const next = document.text.slice(0, start) + put + document.text.slice(oldEnd);
        document = editDocument(document, next, [{ start, oldEnd, newEnd: start + put.length }], options);
        const fresh = readDocument(next, options);
        expect(document.items).toEqual(fresh.items);
        expect(document.template).toBe(fresh.template);
      }
    }
  });
});

test('covers are as long as what they cover, and no text without marks is covered', () => {
  for (const text of Object.values(TEMPLATES)) {
    const covered = coverMarks(text);
    expect(covered.length).toBe(text.length);
    expect(covered.split('\n').length).toBe(text.split('\n').length);
    expect(covered).not.toMatch(/\{\{|\{%|<%/);
  }
  for (const text of [
    'location ~ ^/a{2}$ { return 204; }\n',
    'return 200 \'{"a":{"b":1}}\';\n',
    'proxy_pass http://$host${uri};\n',
    'content_by_lua_block { t = {{1, 2}, {3}} }\n',
    'log_format j \'{"a":"$a","b":{"c":{{}}}\';\n',
  ])
    expect(readDocument(text).template, text).toBe(false);
});
