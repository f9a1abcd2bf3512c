import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mountedTemplates, templateInclude } from '../../server/src/engine/config/image-templates.ts';
import { Program } from './cli-run.ts';

/** Templates that the nginx image makes files of conf.d from, as parts of the configuration that includes those. */

let program: Program;
beforeAll(() => {
  program = new Program();
});
afterAll(() => program.remove());

const MAIN =
  'events {}\nhttp {\n    include /etc/nginx/mime.types;\n    include /etc/nginx/conf.d/*.conf;\n}\n';
const TEMPLATE = `upstream app { server \${APP_HOST}:\${APP_PORT}; }
server {
    listen \${NGINX_PORT};
    server_name \${SERVER_NAME};
    resolver \${NGINX_LOCAL_RESOLVERS} valid=10s;
    client_max_body_size \${MAX_BODY};
    \${EXTRA_DIRECTIVES}
    location / { proxy_pass http://app; proxy_read_timeout \${TIMEOUT}s; }
    location /api/ { proxy_pass http://\${API_HOST}:\${API_PORT}/; }
    location /any/ { set $any \${ANY}; proxy_pass http://$any; proxy_set_header X-Any \${ANY}; }
}
`;
const FAULT =
  'server {\n    listen 80;\n    location /ws {\n        proxy_set_header Upgrade $http_upgrade;\n' +
  '        proxy_pass http://127.0.0.1:3000;\n    }\n}\n';
const LINE =
  '2026/01/31 03:00:00 [error] 31#31: *7 connect() failed (111: Connection refused) while connecting to upstream, ' +
  'client: 10.0.0.9, server: _, request: "GET /ws HTTP/1.1", upstream: "http://127.0.0.1:3000/ws", host: "app.test"';

describe.concurrent('where they are', () => {
  /** Files of the configuration below the folder, in nginx's order. */
  async function filesOf(files: Record<string, string>, main = 'nginx.conf', args: string[] = []) {
    // A checkout: what this machine has in /etc/nginx is not meant.
    const cwd = program.folder({ '.git/HEAD': '', ...files });
    const { json } = await program.check([main, ...args], { cwd });
    expect(json.problems).toEqual([]);
    return json.files.map((file) => path.relative(cwd, file)).slice(1);
  }

  test('beside the main file, for absolute, relative and single includes, in the order of what is made', async () => {
    const templates = {
      'templates/b.conf.template': '',
      'templates/a.conf.template': '',
      'templates/a.conf.stream-template': '',
      'templates/notes.txt': '',
    };
    const both = ['templates/a.conf.template', 'templates/b.conf.template'];
    expect(await filesOf({ 'nginx.conf': MAIN, ...templates })).toEqual(both);
    expect(
      await filesOf({ 'nginx.conf': MAIN.replaceAll('/etc/nginx/', ''), 'mime.types': '', ...templates }),
    ).toEqual(['mime.types', ...both]);
    const single = MAIN.replace('*.conf', 'b.conf');
    expect(await filesOf({ 'nginx.conf': single, ...templates })).toEqual(['templates/b.conf.template']);
    const stream = MAIN.replace('http', 'stream').replace('conf.d', 'stream-conf.d');
    expect(await filesOf({ 'nginx.conf': stream, ...templates })).toEqual([
      'templates/a.conf.stream-template',
    ]);
  });

  test('where a path map, a compose file or a Dockerfile says', async () => {
    const files = { 'nginx/nginx.conf': MAIN, 'made/templates/a.conf.template': FAULT };
    const found = ['made/templates/a.conf.template'];
    expect(await filesOf(files, 'nginx/nginx.conf')).toEqual([]);
    expect(await filesOf(files, 'nginx/nginx.conf', ['--map', '/etc/nginx=made'])).toEqual(found);
    const compose =
      'services:\n  web:\n    image: nginx:1.29\n    volumes:\n      - ./made/templates:/etc/nginx/templates:ro\n';
    expect(await filesOf({ ...files, 'compose.yaml': compose }, 'nginx/nginx.conf')).toEqual(found);
    const image = 'FROM nginx:1.29\nCOPY made/templates/ /etc/nginx/templates/\n';
    expect(await filesOf({ ...files, Dockerfile: image }, 'nginx/nginx.conf')).toEqual(found);
  });

  test('not where the files themselves are, nor what is no template', async () => {
    const files = { 'nginx.conf': MAIN, 'templates/a.conf.template': FAULT };
    expect(await filesOf({ ...files, 'conf.d/a.conf': '' })).toEqual(['conf.d/a.conf']);
    expect(await filesOf({ 'nginx.conf': MAIN, 'templates/index.html': '<p>' })).toEqual([]);
    expect(await filesOf({ ...files, 'nginx.conf': MAIN.replace('conf.d', 'sites-enabled') })).toEqual([]);
  });
});

describe.concurrent('what is said of them', () => {
  test('nothing about what envsubst fills in', async () => {
    const cwd = program.folder({ 'nginx.conf': MAIN, 'templates/default.conf.template': TEMPLATE });
    const { json } = await program.check([], { cwd });
    expect(json.findings).toEqual([]);
    const plain = TEMPLATE.replace('    ${EXTRA_DIRECTIVES}\n', '');
    const other = program.folder({ 'nginx.conf': MAIN, 'templates/default.conf.template': plain });
    expect((await program.check([], { cwd: other })).json.findings).toEqual([]);
  });

  test('nothing is called absent where envsubst may bring it, and all the same where it cannot', async () => {
    const idsOf = async (text: string): Promise<string[]> => {
      const cwd = program.folder({ 'nginx.conf': MAIN, 'templates/default.conf.template': text });
      return (await program.check([], { cwd })).json.findings.map(({ id }) => id);
    };
    const server =
      'server {\n    listen 80;\n    set $app http://app.test;\n    location / { proxy_pass $app; }\n}\n';
    expect(await idsOf(server)).toEqual(['resolver-missing']);
    expect(await idsOf(server.replace('80;\n', '80;\n    ${RESOLVER}\n'))).toEqual([]);
  });

  test('the faults of the rest, in the template, and which file it stands for', async () => {
    const cwd = program.folder({ 'nginx.conf': MAIN, 'templates/default.conf.template': FAULT });
    const { json } = await program.check([], { cwd });
    expect(json.findings.map(({ id, file }) => [id, path.relative(cwd, file)])).toEqual([
      ['websocket-headers-missing', 'templates/default.conf.template'],
    ]);
    const { stdout } = await program.run(['check'], { cwd });
    expect(stdout.replaceAll('\n', ' ')).toContain(
      '/etc/nginx/conf.d/default.conf is not here; its template /',
    );
  });

  test('explain finds the place of a request, and of a line that nginx names by the file it was made to', async () => {
    const cwd = program.folder({ 'nginx.conf': MAIN, 'templates/default.conf.template': FAULT });
    const file = path.join(cwd, 'templates/default.conf.template');
    const asked = await program.explain(['--config', 'nginx.conf', '-'], { cwd, input: LINE });
    const place = asked.json.groups[0]!.explanation.place!;
    expect([place.directive.file, place.directive.range.start.line]).toEqual([file, 5]);
    const emerg =
      '2026/01/31 03:00:00 [emerg] 1#1: host not found in upstream "app" in /etc/nginx/conf.d/default.conf:5';
    const named = await program.explain(['--config', 'nginx.conf', '-'], { cwd, input: emerg });
    const at = named.json.groups[0]!.explanation.place!;
    expect([at.directive.file, at.directive.range.start.line]).toEqual([file, 5]);
  });
});

describe('what is read of others', () => {
  test('an include of what the image makes, and no other', () => {
    expect(templateInclude('/etc/nginx/conf.d/*.conf')?.argument).toBe(
      '/etc/nginx/templates/*.conf.template',
    );
    expect(templateInclude('conf.d/sub/a.conf')?.argument).toBe('templates/sub/a.conf.template');
    expect(templateInclude('/etc/nginx/snippets/a.conf')).toBeNull();
    expect(templateInclude('/opt/conf.d/a.conf')).toBeNull();
  });

  test('lines of container files that bring a folder there', () => {
    const of = (text: string): string[] => mountedTemplates([{ path: '/w/x/compose.yaml', text }]);
    expect(of('      - "../t:/etc/nginx/templates"')).toEqual(['/w/t']);
    expect(of('COPY ./nginx/t /etc/nginx/templates')).toEqual(['/w/x/nginx/t']);
    for (const other of [
      '- /srv/t:/etc/nginx/templates',
      '- ./t:/etc/nginx/templates-old',
      '# COPY t /etc/nginx/templates',
      'COPY --from=build t /etc/nginx/templates',
      '- named:/var/x # /etc/nginx/templates',
    ])
      expect(of(other), other).toEqual([]);
  });
});
