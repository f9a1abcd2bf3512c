import { describe, expect, test } from 'vitest';
import { ConfigModel } from '../../server/src/engine/config/model.ts';
import { loadSnapshot } from '../../server/src/engine/config/snapshot.ts';
import type { Explain } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { OverlayHost } from '../../server/src/node-host.ts';

async function modelOf(files: Record<string, string>): Promise<ConfigModel> {
  const host = new OverlayHost(new Map(Object.entries(files)), null);
  return new ConfigModel(await loadSnapshot(host, [Object.keys(files)[0]!], { hasNeighbours: false }));
}

function explained(paste: string, model: ConfigModel | null = null): Explain {
  const explainer = new LogExplainer({ model });
  explainer.push(paste);
  return explainer.end(model?.version ?? { value: null, from: 'unknown' }, []);
}

function runs(paste: string, model: ConfigModel | null = null): string[] {
  return explained(paste, model).groups[0]!.explanation.causes.flatMap((c) => c.checks.map(({ run }) => run));
}

function line({
  message = 'upstream prematurely closed connection while reading response header from upstream',
  request = 'GET /api/users?page=2 HTTP/1.1',
  upstream = 'http://10.0.0.6:3000/users?page=2',
  pid = 1733,
  more = '',
}): string {
  return `2026/01/31 03:00:00 [error] ${pid}#${pid}: *1 ${message}, client: 203.0.113.5, server: app.test, request: "${request}", upstream: "${upstream}", host: "app.test"${more}\n`;
}

describe('what stands where an option could', () => {
  test.each([
    ['http://-f:80/', 'connect() failed (110: Connection timed out) while connecting to upstream'],
    ['http://-i:80/', 'connect() failed (113: No route to host) while connecting to upstream'],
  ])('%s', (upstream, message) => {
    for (const run of runs(line({ message, upstream })))
      expect(run, run).not.toMatch(/(?:ping|getent|route get|neigh show to)[^|;]* '?-[if]/);
  });

  test('a socket', () => {
    const message = 'connect() to unix:-rf failed (13: Permission denied) while connecting to upstream';
    const asked = runs(line({ message, upstream: 'http://unix:-rf:/' }));
    expect(asked).toContain('namei -l ./-rf');
  });

  test('a name to look up', () => {
    const message = '-x could not be resolved (3: Host not found)';
    expect(runs(line({ message, upstream: '' })).filter((run) => run.startsWith('dig'))).toEqual([
      'dig ./-x',
    ]);
  });
});

describe('a system that is not Linux', () => {
  test.each([
    ['10061: No connection could be made', 'netstat -ano | findstr ":3001 "'],
    ['61: Connection refused', 'lsof -nP -iTCP:3001 -sTCP:LISTEN'],
    ['111: Connection refused', 'ss -ltnp'],
  ])('%s', (error, command) => {
    const message = `connect() failed (${error}) while connecting to upstream`;
    expect(runs(line({ message, upstream: 'http://127.0.0.1:3001/' }))).toContain(command);
  });
});

describe('where nginx runs', () => {
  const small = line({ pid: 33, upstream: 'http://172.19.0.3:3000/' });
  test.each([
    ['a service and its number', `nginx-1  | ${small}`, 'docker compose exec nginx curl '],
    [
      'a project in front',
      `web-nginx-1  | ${small}`,
      `docker exec "$(docker ps -qf 'name=web-nginx-1$')" curl `,
    ],
    ['a container with a name of its own', `proxy  | ${small}`, 'docker exec proxy curl '],
    [
      'kubectl --prefix',
      `[pod/edge-7c9f-x2x4q/nginx] ${small}`,
      'kubectl exec edge-7c9f-x2x4q -c nginx -- curl ',
    ],
    ['stern', `edge-7c9f-x2x4q controller ${small}`, 'kubectl exec edge-7c9f-x2x4q -c controller -- curl '],
    ['docker logs', `$ docker logs -f --tail 50 front\n${small}`, 'docker exec front curl '],
    [
      'docker compose logs',
      `~/app$ docker compose -f a.yml logs -f web\n${small}`,
      'docker compose exec web curl ',
    ],
    [
      'kubectl logs',
      `# kubectl logs -n edge pod/front-1 -c nginx\n${small}`,
      'kubectl exec -n edge pod/front-1 -c nginx -- curl ',
    ],
    [
      'docker ps',
      `3f2a1b4c5d6e   nginx:1.25   "/docker-entrypoint.…"   2 hours ago   Up 2 hours   80/tcp   edge\n${small}`,
      'docker exec edge curl ',
    ],
  ])('%s', (_, paste, wanted) => {
    expect(runs(paste).some((run) => run.startsWith(wanted))).toBe(true);
  });

  test('the journal: no container, however small the pid; its unit has the log', () => {
    const message = 'no live upstreams while connecting to upstream';
    const paste = `Jan 31 03:00:00 vm nginx[33]: ${line({ message, pid: 33, upstream: 'http://app/' })}`;
    const found = runs(paste);
    expect(found.some((run) => run.startsWith('journalctl -u nginx --no-pager | grep'))).toBe(true);
    expect(found.join()).not.toContain('docker');
  });

  test('a word of prose is no container, and nothing of the paste leaves its quotes', () => {
    for (const before of [
      'docker logs show this:',
      'docker logs and more',
      '$ docker logs a;reboot',
      '$ docker logs $(x)',
    ]) {
      const found = runs(`${before}\n${small}`).join('\n');
      expect(found).not.toMatch(/docker exec (?:show|and)|reboot|\$\(x\)/);
    }
  });

  test('sockets are listed with the tool of the host', () => {
    const message = 'connect() failed (111: Connection refused) while connecting to upstream';
    const found = runs(`front  | ${line({ message, pid: 33, upstream: 'http://127.0.0.1:3000/' })}`);
    expect(found).toContain(`sudo nsenter -n -t "$(docker inspect -f '{{.State.Pid}}' front)" ss -ltnp`);
  });

  test("the backend's own unit, where the paste speaks of it", () => {
    const paste = `Jan 31 03:00:00 vm systemd[1]: shop.service: Main process exited, code=killed, status=9/KILL\n${line({})}`;
    expect(runs(paste).some((run) => run.startsWith('journalctl -u shop '))).toBe(true);
  });
});

describe('where the backend is looked at', () => {
  const refused = (upstream: string, pid: number): string =>
    line({
      message: 'connect() failed (111: Connection refused) while connecting to upstream',
      upstream,
      pid,
    });
  const wheres = (paste: string, model: ConfigModel | null = null): string[] =>
    explained(paste, model).groups[0]!.explanation.causes.flatMap((cause) =>
      cause.checks.filter(({ run }) => run.startsWith('ss ')).map(({ where }) => where),
    );

  test('a pod has an address of any private network', () => {
    for (const host of ['10.42.0.7', '172.20.1.5', '192.168.7.9', '100.64.3.4'])
      expect(wheres(`[pod/edge-7c9f-x2x4q/nginx] ${refused(`http://${host}:3000/`, 33)}`), host).toContain(
        "inside the backend's pod",
      );
    expect(wheres(`[pod/edge-7c9f-x2x4q/nginx] ${refused('http://203.0.113.7:3000/', 33)}`)).toContain(
      "on the backend's machine",
    );
  });

  test('a name of the cluster, in the line or in the configuration, tells where both are', async () => {
    expect(wheres(refused('http://app.shop.svc.cluster.local:3000/', 33))).toContain(
      "inside the backend's pod",
    );
    const model = await modelOf({
      '/nginx.conf':
        'events {} http { server { listen 80; server_name app.test; location / { proxy_pass http://app.shop.svc.cluster.local:3000; } } }',
    });
    expect(wheres(refused('http://10.42.0.7:3000/', 33), model)).toContain("inside the backend's pod");
    expect(wheres(refused('http://10.42.0.7:3000/', 33))).toContain("on the backend's machine");
  });
});

const CONFIG = `events {} http { upstream app { server 10.0.0.5:3000; server 10.0.0.6:3000; }
server { listen 80; server_name app.test; return 301 https://$host$request_uri; }
server { listen 8443 ssl; listen unix:/run/n.sock; server_name app.test;
location /api/ { proxy_pass http://app/; proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto $scheme; }
location ~ \\.php$ { fastcgi_pass unix:/run/php.sock; fastcgi_param SCRIPT_FILENAME /srv$fastcgi_script_name; fastcgi_param REQUEST_METHOD $request_method; }
location /g. { grpc_pass grpc://10.0.0.9:50051; } } }`;

describe('the pair', () => {
  test('nginx sends this: peer and URI of the line, headers and version of the configuration', async () => {
    const found = runs(line({}), await modelOf({ '/nginx.conf': CONFIG }));
    const direct = found.find((run) => run.includes('10.0.0.6:3000'))!;
    expect(direct).toContain('--http1.1 --connect-to app:80:10.0.0.6:3000');
    expect(direct).toContain("-H 'Host: app.test' -H 'X-Forwarded-Proto: https'");
    expect(direct).toMatch(/'http:\/\/app\/users\?page=2'$/);
    const through = found.find((run) => run.includes('--resolve'))!;
    expect(through).toContain('--resolve app.test:8443:127.0.0.1');
    expect(through).toMatch(/-k .*'https:\/\/app\.test:8443\/api\/users\?page=2'$/);
  });

  test('without a configuration the line says it', () => {
    const found = runs(line({ more: ', referrer: "https://app.test/"' }));
    expect(found).toContain(
      "curl -g -sS -v --path-as-is -o /dev/null --max-time 75 -k --resolve app.test:443:127.0.0.1 'https://app.test/api/users?page=2'",
    );
    expect(found.some((run) => run.endsWith("'http://10.0.0.6:3000/users?page=2'"))).toBe(true);
  });

  test('a method that changes things is not sent a second time, and the command says so', async () => {
    const php = line({ request: 'POST /x.php?do=1 HTTP/1.1', upstream: 'fastcgi://unix:/run/php.sock:' });
    const rpc = line({ request: 'POST /g.S/Pay HTTP/2.0', upstream: 'grpc://10.0.0.9:50051' });
    for (const model of [null, await modelOf({ '/nginx.conf': CONFIG })]) {
      for (const paste of [php, rpc]) {
        const [cause] = explained(paste, model).groups[0]!.explanation.causes;
        for (const { run } of cause!.checks) expect(run).not.toMatch(/POST|do=1|S\/Pay$(?<!https.*)/);
        expect(cause!.checks.some(({ expect: text }) => text.includes('HEAD in place of POST'))).toBe(true);
      }
      expect(
        runs(php, model).some((run) => /REQUEST_METHOD=HEAD.*cgi-fcgi.*\/run\/php\.sock/.test(run)),
      ).toBe(true);
      expect(runs(rpc, model)).toContain('grpcurl -plaintext 10.0.0.9:50051 grpc.health.v1.Health/Check');
    }
  });

  test('every cause of a request has both halves once', () => {
    for (const cause of explained(line({})).groups[0]!.explanation.causes) {
      expect(cause.checks.filter(({ run }) => run.includes('--resolve'))).toHaveLength(1);
      expect(cause.checks.filter(({ run }) => run.endsWith("10.0.0.6:3000/users?page=2'"))).toHaveLength(1);
    }
  });
});

describe('several causes', () => {
  test('the first command has an answer for each that remains', () => {
    const { causes } = explained(line({})).groups[0]!.explanation;
    expect(causes[0]!.checks[0]!.expect).toContain('tells the causes apart');
    for (const { id } of causes.slice(0, 3)) expect(causes[0]!.checks[0]!.expect).toContain(id);
  });

  test('nothing is said where one is certain', () => {
    const message =
      'connect() to unix:/run/a.sock failed (2: No such file or directory) while connecting to upstream';
    const { causes } = explained(line({ message, upstream: 'http://unix:/run/a.sock:/' })).groups[0]!
      .explanation;
    expect(causes[0]!.certainty).toBe('certain');
    expect(causes[0]!.checks.map((check) => check.expect).join()).not.toMatch(/apart|go on with/);
  });
});

describe('the version that was pasted', () => {
  test.each([
    ['nginx -v', 'nginx version: nginx/1.18.0 (Ubuntu)', '1.18.0'],
    ['a fork', 'nginx version: openresty/1.21.4.1', '1.21.4'],
    ['a start-up line', '2026/01/31 02:00:00 [notice] 1#1: nginx/1.25.3', '1.25.3'],
    ['a Server header', '< Server: nginx/1.22.1', '1.22.1'],
    ['an error page', '<hr><center>nginx/1.22.1</center>', '1.22.1'],
    ['a compose file', '    image: nginx:1.25-alpine', '1.25'],
    ['a Dockerfile', 'FROM nginx:1.27.4', '1.27.4'],
    [
      'what nginx says of itself before a page',
      '<center>nginx/1.22.1</center>\nnginx version: nginx/1.28.0',
      '1.28.0',
    ],
    ['pages of two machines', '<center>nginx/1.22.1</center>\n<center>nginx/1.26.1</center>', null],
    ['a word in prose', 'we use nginx/1.22.1 here', null],
  ])('%s', (_, text, wanted) => {
    const { nginxVersion } = explained(`${text}\n${line({})}`);
    expect(nginxVersion.value).toBe(wanted);
    if (wanted !== null) expect(nginxVersion.from).toContain('pasted');
  });

  test('goes before what the directives need, and behind what stands beside the configuration', async () => {
    const text = `nginx version: nginx/1.28.0\n${line({})}`;
    const bare = await modelOf({ '/nginx.conf': CONFIG.replace('listen 80;', 'listen 80; http2 on;') });
    expect(bare.version.from).toContain('1.25.1 or newer');
    expect(explained(text, bare).nginxVersion.value).toBe('1.28.0');
    const stated = new ConfigModel(bare.snapshot, { version: { value: '1.26.0', from: '--nginx-version' } });
    expect(explained(text, stated).nginxVersion).toEqual({ value: '1.26.0', from: '--nginx-version' });
  });
});
