import { describe, expect, test } from 'vitest';
import type { Explanation } from '../../server/src/engine/contract.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

/** Configurations as generators write them, made up with their marks: the answer names what makes the file. */

async function explained(text: string, files?: Record<string, string>): Promise<Explanation> {
  const explainer = new LogExplainer({ model: files ? await modelOfTexts(files) : null });
  explainer.push(`${text}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []).groups[0]!.explanation;
}

const line = (message: string, upstream: string, uri = '/x'): string =>
  `2026/01/31 03:00:00 [error] 4242#4242: *7 ${message}, client: 203.0.113.9, server: app.test, request: "GET ${uri} HTTP/1.1", upstream: "${upstream}", host: "app.test"`;
const TIMEOUT = 'upstream timed out (110: Connection timed out) while reading response header from upstream';
const TOO_BIG = 'upstream sent too big header while reading response header from upstream';
const REFUSED = 'connect() failed (111: Connection refused) while connecting to upstream';
const inHttp = (text: string): string => `events {}\nhttp {\n${text}\n}\n`;

const INGRESS = {
  '/etc/nginx/nginx.conf': `
# Configuration checksum: 1234567890

# setup custom paths that do not require root access
pid /tmp/nginx/nginx.pid;
events { worker_connections 16384; }
http {
	upstream upstream_balancer {
		server 0.0.0.1; # placeholder
		balancer_by_lua_file /etc/nginx/lua/nginx/ngx_conf_balancer.lua;
		keepalive 320;
	}
	## start server app.test
	server {
		server_name app.test;
		listen 80;
		set $proxy_upstream_name "-";
		location /api/ {
			set $namespace      "shop";
			set $ingress_name   "web";
			set $service_name   "api";
			set $service_port   "80";
			set $proxy_upstream_name "shop-api-80";
			proxy_read_timeout 60s;
			proxy_buffer_size 4k;
			proxy_pass http://upstream_balancer;
		}
		location / {
			set $namespace      "shop";
			set $ingress_name   "front";
			set $proxy_upstream_name "shop-front-80";
			proxy_pass http://upstream_balancer;
		}
	}
	## end server app.test
}
`,
};

const NPM = {
  '/etc/nginx/nginx.conf': inHttp('include /data/nginx/proxy_host/*.conf;'),
  '/data/nginx/proxy_host/1.conf': `# ------------------------------------------------------------
# app.test
# ------------------------------------------------------------
server {
  set $forward_scheme http;
  set $server         "10.0.0.7";
  set $port           8080;
  listen 80;
  server_name app.test;
  access_log /data/logs/proxy-host-1_access.log proxy;
  error_log /data/logs/proxy-host-1_error.log warn;
  location / {
    # Proxy!
    include conf.d/include/proxy.conf;
  }
  # Custom
  include /data/nginx/custom/server_proxy[.]conf;
}
`,
  '/etc/nginx/conf.d/include/proxy.conf':
    'add_header X-Served-By $host;\nproxy_set_header Host $host;\nproxy_pass       $forward_scheme://$server:$port$request_uri;\n',
};

const NGINX_PROXY = {
  '/etc/nginx/nginx.conf': inHttp('include /etc/nginx/conf.d/*.conf;'),
  '/etc/nginx/conf.d/default.conf': `# nginx-proxy version : 1.6.0
map $http_x_forwarded_proto $proxy_x_forwarded_proto {
    default $http_x_forwarded_proto;
    '' $scheme;
}
# app.test/
upstream app.test {
    # Container: app
    #     networks:
    #         web (reachable)
    server 172.18.0.5:80;
}
server {
    server_name app.test;
    listen 80;
    location / {
        proxy_pass http://app.test;
    }
}
`,
};

const PLESK = {
  '/etc/nginx/nginx.conf': inHttp('include /var/www/vhosts/system/app.test/conf/nginx.conf;'),
  '/var/www/vhosts/system/app.test/conf/nginx.conf': `#ATTENTION!
#
#DO NOT MODIFY THIS FILE BECAUSE IT WAS GENERATED AUTOMATICALLY,
#SO ALL YOUR CHANGES WILL BE LOST THE NEXT TIME THE FILE IS GENERATED.

server {
	listen 203.0.113.10:443;
	server_name app.test;
	root "/var/www/vhosts/app.test/httpdocs";
	location / {
		proxy_pass https://203.0.113.10:7081;
		proxy_set_header Host $host;
	}
}
`,
};

const HESTIA = {
  '/etc/nginx/nginx.conf': inHttp('include /etc/nginx/conf.d/domains/*.conf;'),
  '/etc/nginx/conf.d/domains/app.test.conf': `#=========================================================================#
# Default Web Domain Template                                             #
# DO NOT MODIFY THIS FILE! CHANGES WILL BE LOST WHEN REBUILDING DOMAINS   #
#=========================================================================#
server {
	listen      203.0.113.10:80;
	server_name app.test;
	location / { proxy_pass http://203.0.113.10:8080; }
	include /home/user/conf/web/app.test/nginx.conf_*;
}
`,
};

const GITLAB = {
  '/var/opt/gitlab/nginx/conf/nginx.conf': inHttp('include service_conf/*.conf;'),
  '/var/opt/gitlab/nginx/conf/service_conf/gitlab-rails.conf': `# This file is managed by gitlab-ctl. Manual changes will be
# erased! To change the contents below, edit /etc/gitlab/gitlab.rb
# and run \`sudo gitlab-ctl reconfigure\`.
upstream gitlab-workhorse { server unix:/var/opt/gitlab/gitlab-workhorse/sockets/socket; }
server { listen *:80; server_name app.test; location / { proxy_pass http://gitlab-workhorse; } }
`,
};

describe('the answer names what makes the file', () => {
  test.each([
    [
      'ingress-nginx',
      INGRESS,
      TIMEOUT,
      'http://10.244.1.5:8080/api/x',
      '/api/x',
      'nginx.ingress.kubernetes.io/proxy-read-timeout',
      'Ingress shop/web',
    ],
    [
      'ingress-nginx',
      INGRESS,
      TOO_BIG,
      'http://10.244.1.5:8080/x',
      '/x',
      'nginx.ingress.kubernetes.io/proxy-buffer-size',
      'Ingress shop/front',
    ],
    [
      'ingress-nginx',
      INGRESS,
      REFUSED,
      'http://10.244.1.5:8080/x',
      '/x',
      'targetPort of the Service',
      'Ingress shop/front',
    ],
    ['Nginx Proxy Manager', NPM, REFUSED, 'http://10.0.0.7:8080/x', '/x', 'Forward Hostname / IP', ''],
    ['Nginx Proxy Manager', NPM, TIMEOUT, 'http://10.0.0.7:8080/x', '/x', 'Advanced tab', ''],
    ['nginx-proxy', NGINX_PROXY, REFUSED, 'http://172.18.0.5:80/x', '/x', 'VIRTUAL_PORT', ''],
    ['nginx-proxy', NGINX_PROXY, TIMEOUT, 'http://172.18.0.5:80/x', '/x', 'vhost.d/DOMAIN_location', ''],
    ['Plesk', PLESK, TOO_BIG, 'https://203.0.113.10:7081/x', '/x', 'Additional nginx directives', ''],
    ['Hestia', HESTIA, TIMEOUT, 'http://203.0.113.10:8080/x', '/x', 'nginx.conf_NAME', ''],
    [
      'GitLab',
      GITLAB,
      TIMEOUT,
      'http://unix:/var/opt/gitlab/gitlab-workhorse/sockets/socket:/x',
      '/x',
      "nginx['proxy_read_timeout']",
      '',
    ],
  ])('%s: %#', async (name, files, message, upstream, uri, where, object) => {
    const { causes, notes, place } = await explained(line(message, upstream, uri), files);
    expect(place).not.toBeNull();
    expect(causes[0]!.do).toContain(where);
    expect(causes[0]!.do).toContain(`${name} writes this file`);
    expect(notes.join('\n')).toContain(`${name} writes this configuration`);
    expect(notes.join('\n')).toContain(object);
    expect(notes.join('\n')).not.toContain('no directive of this configuration');
    expect(causes.flatMap(({ fixes }) => fixes).filter(({ safety }) => safety === 'safe')).toEqual([]);
    expect(causes[0]!.takesEffect ?? '').not.toMatch(name === 'Hestia' ? /^$/ : /^nginx -s reload/);
  });

  test('from the line alone: a socket, a group', async () => {
    const socket = 'http://unix:/var/opt/gitlab/gitlab-workhorse/sockets/socket:/x';
    expect((await explained(line(REFUSED, socket))).notes.join()).toContain('GitLab writes');
    const fpm = 'fastcgi://unix:/var/lib/php8.2-fpm/web12.sock:';
    expect((await explained(line(TIMEOUT, fpm))).causes[0]!.do).toContain('"nginx Directives"');
    const none = 'no live upstreams while connecting to upstream';
    expect((await explained(line(none, 'http://upstream_balancer/x'))).notes.join()).toContain(
      'ingress-nginx writes',
    );
  });

  test('from the access line of ingress-nginx beside it, of that address only', async () => {
    const access = (peer: string): string =>
      `203.0.113.9 - - [31/Jan/2026:03:00:00 +0000] "GET /x HTTP/1.1" 502 150 "-" "curl/8" 240 0.002 [shop-api-80] [] ${peer} 0 0.001 502 d22a`;
    const log = line(REFUSED, 'http://10.244.1.5:8080/x');
    expect((await explained(`${log}\n${access('10.244.1.5:8080')}`)).notes.join()).toContain('shop-api-80');
    expect((await explained(`${log}\n${access('10.244.1.6:8080')}`)).notes.join()).not.toContain(
      'ingress-nginx',
    );
  });
});

describe('nothing is said', () => {
  test.each([
    [
      'of a plain file',
      inHttp('server { server_name app.test; location / { proxy_pass http://10.0.0.7:8080; } }'),
    ],
    [
      'of a map that others copy',
      inHttp(`map $http_x_forwarded_proto $proxy_x_forwarded_proto { default $scheme; }
server { server_name app.test; location / { proxy_pass http://10.0.0.7:8080; } }`),
    ],
    [
      "of Plesk's sentence in another program's file",
      `#DO NOT MODIFY THIS FILE BECAUSE IT WAS GENERATED AUTOMATICALLY,\n${inHttp('server { server_name app.test; location / { proxy_pass http://10.0.0.7:8080; } }')}`,
    ],
    [
      'of $port and $server alone',
      inHttp(
        'server { server_name app.test; location / { set $server 10.0.0.7; set $port 8080; proxy_pass http://$server:$port; } }',
      ),
    ],
  ])('%s', async (_what, text) => {
    const { notes, causes } = await explained(line(TIMEOUT, 'http://10.0.0.7:8080/x'), {
      '/etc/nginx/nginx.conf': text,
    });
    expect(notes.join('\n')).not.toContain('writes this');
    expect(causes.map((cause) => cause.do).join('\n')).not.toContain('writes this');
  });

  test("of a person's file that a generator includes", async () => {
    const files = {
      ...PLESK,
      '/var/www/vhosts/system/app.test/conf/nginx.conf': PLESK[
        '/var/www/vhosts/system/app.test/conf/nginx.conf'
      ].replace('root "', 'include "/var/www/vhosts/system/app.test/conf/vhost_nginx.conf";\n\troot "'),
      '/var/www/vhosts/system/app.test/conf/vhost_nginx.conf':
        'location /own { proxy_pass http://10.0.0.7:8080; }',
    };
    const { place, notes } = await explained(line(TIMEOUT, 'http://10.0.0.7:8080/own', '/own'), files);
    expect(place?.location?.text).toBe('location /own');
    expect(notes.join()).not.toContain('Plesk');
  });
});

test('a check offers no edit of a generated file as safe, and says where to set it', async () => {
  const own = `upstream pool { server api.test:443; }
server { server_name app.test; location / { proxy_pass https://pool } }
server { server_name tls.test; location / { proxy_pass https://pool; proxy_ssl_verify on; } }`;
  const plain = check(await modelOfTexts({ '/etc/nginx/nginx.conf': inHttp(own) })).findings;
  const head = '# This file is managed by gitlab-ctl. Manual changes will be\n';
  const generated = check(await modelOfTexts({ '/etc/nginx/nginx.conf': head + inHttp(own) })).findings;
  expect(plain.flatMap(({ fixes }) => fixes).some(({ safety }) => safety === 'safe')).toBe(true);
  expect(generated.map(({ id }) => id)).toEqual(plain.map(({ id }) => id));
  expect(generated.flatMap(({ fixes }) => fixes).some(({ safety }) => safety === 'safe')).toBe(false);
  expect(generated.map((finding) => finding.do).join()).toContain('GitLab writes this file');
});

describe("F5's NGINX Ingress Controller", () => {
  const FILE = {
    '/etc/nginx/conf.d/shop-web.conf': `
# configuration for shop/web
upstream shop-web-app.test-api-80 { server 10.1.2.3:80; }
server {
	listen 80;
	server_name app.test;
	location / { proxy_pass http://shop-web-app.test-api-80; }
}
`,
  };

  test('names its own annotations', async () => {
    const files = {
      '/etc/nginx/nginx.conf': inHttp('include /etc/nginx/conf.d/*.conf;'),
      ...FILE,
    };
    const [cause] = (await explained(line(TIMEOUT, 'http://10.1.2.3:80/x'), files)).causes;
    expect(cause!.do).toContain('nginx.org/proxy-read-timeout');
  });

  const PLACEHOLDER = 'http://127.0.0.1:8181/x';
  const inCluster = (text: string): string => text.replace('203.0.113.9', '10.244.0.1');

  test('its placeholder stands for a Service without endpoints', async () => {
    const { causes } = await explained(inCluster(line(REFUSED, PLACEHOLDER)));
    expect(causes.map(({ id }) => id)).toEqual(['backend-down']);
    expect(causes[0]!.because).toEqual([expect.stringContaining('without endpoints')]);
    expect(causes[0]!.checks[0]!.run).toBe('kubectl get endpoints -A');
  });

  test('the same address is a backend where nothing speaks of a cluster, and so is another port', async () => {
    for (const text of [line(REFUSED, PLACEHOLDER), inCluster(line(REFUSED, 'http://127.0.0.1:8182/x'))]) {
      const { causes } = await explained(text);
      expect(causes[0]!.because.join()).not.toContain('endpoints');
      expect(causes.map(({ id }) => id)).toContain('wrong-upstream-port');
    }
  });
});
