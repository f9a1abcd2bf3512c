import type { GeneratorId } from '../config/generators.ts';

/** What a remedy sets in nginx, whoever writes the file. */
export type Family =
  | 'connect-timeout'
  | 'read-timeout'
  | 'send-timeout'
  | 'buffers'
  | 'protocol'
  | 'target'
  | 'tls'
  | 'keepalive'
  | 'next-upstream'
  | 'workers'
  | 'other';

export interface GeneratorRemedies {
  readonly name: string;
  /** Where a setting of that family is made; `other` for those that are not named. */
  readonly where: Readonly<Partial<Record<Family, string>> & { readonly other: string }>;
  readonly takesEffect: string;
}

const annotation = (name: string): string =>
  `set the annotation nginx.ingress.kubernetes.io/${name} on the Ingress`;
const f5 = (name: string): string => `set the annotation nginx.org/${name} on the Ingress`;
const plesk = 'in Plesk, Apache & nginx Settings of the domain, "Additional nginx directives"';
const npmAdvanced = 'in the proxy host\'s Advanced tab ("Custom Nginx Configuration")';

/**
 * Where to change what, by generator. Sources: ingress-nginx docs/user-guide/nginx-configuration/annotations.md and
 * configmap.md; nginx-proxy docs/README.md; nginx-proxy-manager backend/templates/proxy_host.conf (advanced_config
 * stands in the server block); F5's kubernetes-ingress, Advanced configuration with annotations and ConfigMap
 * resources; ea-nginx README.md and ea-nginx.conf.tt; hestiacp and vesta default.tpl (their
 * includes stand in the server block); omnibus-gitlab nginx-gitlab-rails.conf.erb and gitlab.rb.template; Plesk's
 * administrator guide (Apache and nginx web servers; configuration templates); ISPConfig nginx_plugin.inc.php.
 */
export const GENERATORS: Readonly<Record<GeneratorId, GeneratorRemedies>> = {
  'ingress-nginx': {
    name: 'ingress-nginx',
    where: {
      'connect-timeout': `${annotation('proxy-connect-timeout')} (seconds, without a unit), or proxy-connect-timeout in the ConfigMap for all`,
      'read-timeout': `${annotation('proxy-read-timeout')} (seconds, without a unit), or proxy-read-timeout in the ConfigMap for all`,
      'send-timeout': `${annotation('proxy-send-timeout')} (seconds, without a unit), or proxy-send-timeout in the ConfigMap for all`,
      buffers: `${annotation('proxy-buffer-size')} (with proxy-buffers-number), or proxy-buffer-size in the ConfigMap for all`,
      protocol: `${annotation('backend-protocol')} to what the pods speak: HTTP, HTTPS, GRPC, GRPCS or FCGI`,
      target:
        'the address is a pod of the Service, so compare service.port of the Ingress, targetPort of the Service and the port of the pod; the Endpoints show what nginx tries',
      tls: `${annotation('proxy-ssl-server-name')}, proxy-ssl-name, proxy-ssl-secret, proxy-ssl-verify or proxy-ssl-protocols`,
      keepalive: 'set upstream-keepalive-timeout or upstream-keepalive-connections in the ConfigMap',
      'next-upstream': `${annotation('proxy-next-upstream')} or proxy-next-upstream-tries`,
      workers: 'set max-worker-connections or max-worker-open-files in the ConfigMap',
      other:
        'look for its annotation (nginx.ingress.kubernetes.io/...) or its key of the ConfigMap; configuration-snippet only where snippets are allowed',
    },
    takesEffect: 'the controller writes the file again and reloads nginx by itself',
  },
  'nginx-ingress': {
    name: "F5's NGINX Ingress Controller",
    where: {
      'connect-timeout': `${f5('proxy-connect-timeout')}, or proxy-connect-timeout in the ConfigMap for all`,
      'read-timeout': `${f5('proxy-read-timeout')}, or proxy-read-timeout in the ConfigMap for all`,
      'send-timeout': `${f5('proxy-send-timeout')}, or proxy-send-timeout in the ConfigMap for all`,
      buffers: `${f5('proxy-buffer-size')} (with nginx.org/proxy-buffers), or proxy-buffer-size in the ConfigMap for all`,
      protocol: `name the Service in the annotation nginx.org/ssl-services, nginx.org/grpc-services or nginx.org/websocket-services of the Ingress (those of nginx.ingress.kubernetes.io are another controller's)`,
      target:
        'the address is a pod of the Service, so compare service.port of the Ingress, targetPort of the Service and the port of the pod; the EndpointSlices show what nginx tries',
      keepalive: f5('keepalive'),
      workers: 'set worker-connections or worker-rlimit-nofile in the ConfigMap',
      other: `${f5('location-snippets')} where snippets are allowed, or look for its own annotation (nginx.org/...) or key of the ConfigMap`,
    },
    takesEffect: 'the controller writes the file again and reloads nginx by itself',
  },
  'nginx-proxy': {
    name: 'nginx-proxy',
    where: {
      protocol: "set VIRTUAL_PROTO (http, https, uwsgi, fastcgi) in the backend container's environment",
      target:
        "set VIRTUAL_PORT in the backend container's environment to the port it listens on, and have both containers in one network",
      other:
        'put the directive into /etc/nginx/vhost.d/DOMAIN_location, or into /etc/nginx/conf.d/NAME.conf for all hosts',
    },
    takesEffect:
      'nginx-proxy writes its file again when a container starts or stops; a new file of vhost.d counts from then on',
  },
  'nginx-proxy-manager': {
    name: 'Nginx Proxy Manager',
    where: {
      protocol: 'set Scheme of the proxy host (http or https)',
      target: 'set Forward Hostname / IP and Forward Port of the proxy host',
      workers: 'put it into /data/nginx/custom/events.conf or root.conf',
      other: `set it ${npmAdvanced}`,
    },
    takesEffect: 'saving the proxy host writes the file again and reloads nginx',
  },
  plesk: {
    name: 'Plesk',
    where: {
      target:
        "the address is that of Plesk's Apache (ports 7080 and 7081) or of the domain's PHP-FPM: see whether that runs, and have the files made again with `plesk repair web DOMAIN`",
      workers: 'set it in /etc/nginx/nginx.conf, which Plesk does not write again for a domain',
      other: `set it ${plesk}`,
    },
    takesEffect: 'saving the page writes the file again and reloads nginx',
  },
  cpanel: {
    name: "cPanel's ea-nginx",
    where: {
      target:
        "the address is that of cPanel's Apache or PHP-FPM: see whether that runs; its ports are settings of WHM",
      keepalive:
        'set keepalive in /etc/nginx/ea-nginx/settings.json and run /usr/local/cpanel/scripts/ea-nginx config --all',
      other:
        'put it into a file of your own, /etc/nginx/conf.d/users/USER/DOMAIN/NAME.conf; what the location sets itself wins over that',
    },
    takesEffect: 'nginx -s reload',
  },
  hestia: {
    name: 'Hestia',
    where: {
      target:
        'the address comes from the template of the domain: see whether Apache or PHP-FPM runs, or choose another template in the panel',
      other:
        'put it into /home/USER/conf/web/DOMAIN/nginx.conf_NAME (nginx.ssl.conf_NAME for TLS), or copy the template and choose the copy in the panel',
    },
    takesEffect: 'nginx -s reload; v-rebuild-web-domain USER DOMAIN for a template',
  },
  vesta: {
    name: 'VestaCP',
    where: {
      target:
        'the address comes from the template of the domain: see whether Apache or PHP-FPM runs, or choose another template in the panel',
      other:
        'put it into /home/USER/conf/web/nginx.DOMAIN.conf_NAME (snginx.DOMAIN.conf_NAME for TLS), or copy the template and choose the copy in the panel',
    },
    takesEffect: 'nginx -s reload; v-rebuild-web-domains USER for a template',
  },
  ispconfig: {
    name: 'ISPConfig',
    where: {
      target:
        "the socket is that of the site's own PHP-FPM pool: see whether PHP-FPM runs and has that pool, and which PHP version the site is set to",
      other: 'set it in the site\'s Options tab, "nginx Directives"',
    },
    takesEffect: 'saving the site writes the file again and reloads nginx, within a minute',
  },
  gitlab: {
    name: 'GitLab',
    where: {
      'connect-timeout': "set nginx['proxy_connect_timeout'] in /etc/gitlab/gitlab.rb",
      'read-timeout': "set nginx['proxy_read_timeout'] in /etc/gitlab/gitlab.rb",
      target:
        "the backend is GitLab's own Workhorse: look at `gitlab-ctl status` and `gitlab-ctl tail gitlab-workhorse`; after a start it can take minutes until it answers",
      workers: "set nginx['worker_connections'] in /etc/gitlab/gitlab.rb",
      other: "set it in nginx['custom_gitlab_server_config'] of /etc/gitlab/gitlab.rb",
    },
    takesEffect: 'sudo gitlab-ctl reconfigure',
  },
};

/** The family of a remedy, by the cause's id; null where nothing of nginx is to be changed. */
export function familyOf(id: string): Family | null {
  return FAMILIES.get(id) ?? null;
}

const FAMILIES: ReadonlyMap<string, Family> = new Map(
  Object.entries({
    'connect-timeout': ['connect-timeout'],
    'read-timeout': ['read-timeout', 'websocket-idle-timeout'],
    'send-timeout': ['send-timeout'],
    buffers: ['response-header-too-big', 'buffers-inconsistent'],
    protocol: [
      'tls-to-plain-backend',
      'plain-to-tls-backend',
      'grpc-behind-proxy-pass',
      'grpc-pass-to-http-backend',
      'http2-upstream-mismatch',
      'fastcgi-behind-proxy-pass',
      'fastcgi-pass-to-http-backend',
      'uwsgi-scgi-mismatch',
      'unsupported-upstream-scheme',
    ],
    target: [
      'backend-down',
      'wrong-upstream-port',
      'upstream-port-defaulted',
      'container-localhost',
      'unreachable-host',
      'unix-socket-missing',
      'unix-socket-refused',
    ],
    tls: [
      'sni-missing',
      'verify-without-ca',
      'verify-name-mismatch',
      'tls-version-mismatch',
      'tls-client-certificate-missing',
      'upstream-certificate-rejected',
      'legacy-tls-refused',
    ],
    keepalive: ['stale-keepalive-connection', 'keepalive-without-http11', 'keepalive-connection-header'],
    'next-upstream': ['retry-disabled'],
    workers: ['worker-connections-exhausted', 'open-files-exhausted'],
  } satisfies Partial<Record<Family, readonly string[]>>).flatMap(([family, ids]) =>
    ids.map((id) => [id, family as Family] as const),
  ),
);
