import type { ConfigModel, ConfigNode } from './model.ts';

/** A program that writes nginx configurations, and writes them again over what is edited there. */
export type GeneratorId =
  | 'ingress-nginx'
  | 'nginx-ingress'
  | 'nginx-proxy'
  | 'nginx-proxy-manager'
  | 'plesk'
  | 'cpanel'
  | 'hestia'
  | 'vesta'
  | 'ispconfig'
  | 'gitlab';

/** Characters at the head of a file in which a generator names itself. */
const HEAD = 2_000;

interface Mark {
  readonly id: GeneratorId;
  readonly in: (head: string, text: string, file: string) => boolean;
}

/**
 * What only that generator writes. Sources, as read in their repositories: ingress-nginx rootfs/etc/nginx/template/
 * nginx.tmpl; F5's kubernetes-ingress internal/configs/version1/nginx.ingress.tmpl; nginx-proxy nginx.tmpl (the first line since 1.0, the comments on networks before); nginx-proxy-manager
 * backend/templates/proxy_host.conf and docker/rootfs/etc/nginx/conf.d/include/proxy.conf; ea-nginx SOURCES/cpanel/
 * ea-nginx/server.conf.tt; hestiacp and vesta install/.../templates/web/nginx/default.tpl; omnibus-gitlab
 * files/gitlab-cookbooks/nginx/templates/default/nginx.conf.erb; ISPConfig server/plugins-available/
 * nginx_plugin.inc.php (pools are named web and a number). Plesk's sentence stands in many dumps of its files and in
 * other programs' too, so its folder has to be there as well. A file that people write and a generator includes
 * (Plesk's vhost_nginx.conf, vhost.d, nginx.conf_*) bears none of these marks. linuxserver's SWAG is no generator: its
 * samples are there to be edited.
 */
const MARKS: readonly Mark[] = [
  {
    id: 'ingress-nginx',
    in: (head, text) =>
      head.includes('# Configuration checksum:') && text.includes('upstream upstream_balancer'),
  },
  {
    id: 'nginx-ingress',
    in: (head) => /^\s{0,20}# configuration for [a-z0-9.-]{1,253}\/[a-z0-9.-]{1,253}\s/.test(head),
  },
  {
    id: 'nginx-proxy',
    in: (head, text) =>
      text.includes('$proxy_x_forwarded_proto') &&
      (/^# nginx-proxy(?: version : |\r?\n)/.test(head) ||
        /^\s{0,40}## Can be connect(?:ed)? with "/m.test(text)),
  },
  {
    id: 'nginx-proxy-manager',
    in: (_head, text) =>
      text.includes('$forward_scheme://$server:$port') ||
      (/^\s{0,20}set \$forward_scheme\s/m.test(text) && text.includes('/data/logs/proxy-host-')),
  },
  {
    id: 'plesk',
    in: (head, text, file) =>
      /DO NOT MODIFY THIS FILE BECAUSE IT WAS GENERATED AUTOMATICALLY/.test(head) &&
      (text.includes('/var/www/vhosts/') || /\/(?:vhosts\/system|plesk\.conf\.d)\//.test(file)),
  },
  { id: 'cpanel', in: (_head, text) => text.includes('$CPANEL_APACHE_PROXY_PASS') },
  {
    id: 'hestia',
    in: (head, text) =>
      /DO NOT MODIFY THIS FILE! CHANGES WILL BE LOST WHEN REBUILDING DOMAINS/.test(head) ||
      /^\s{0,20}include\s{1,20}\/home\/[^\s/]{1,100}\/conf\/web\/[^\s/]{1,255}\/nginx\.(?:ssl\.)?conf_\*;/m.test(
        text,
      ),
  },
  {
    id: 'vesta',
    in: (_head, text) =>
      /^\s{0,20}include\s{1,20}\/home\/[^\s/]{1,100}\/conf\/web\/s?nginx\.[^\s/]{1,255}\.conf\*;/m.test(text),
  },
  { id: 'ispconfig', in: (_head, text) => ISPCONFIG_POOL.test(text) },
  { id: 'gitlab', in: (head) => head.includes('# This file is managed by gitlab-ctl.') },
];

const ISPCONFIG_POOL = /unix:\/var\/lib\/php[\w.-]{0,20}fpm\/web\d{1,9}\.sock/;

const cache = new WeakMap<ConfigModel, Map<string, GeneratorId | null>>();

/** Who has written a file of the configuration; null where nothing says so. */
export function generatorOf(model: ConfigModel, file: string): GeneratorId | null {
  let known = cache.get(model);
  if (!known) {
    known = new Map();
    cache.set(model, known);
  }
  let id = known.get(file);
  if (id === undefined) {
    const text = model.snapshot.files.get(file)?.text ?? '';
    const head = text.slice(0, HEAD);
    id = MARKS.find((mark) => mark.in(head, text, file))?.id ?? null;
    known.set(file, id);
  }
  return id;
}

/** Who has written a log line's nginx configuration, by a socket that only that program makes. */
export function generatorOfSocket(socket: string): GeneratorId | null {
  if (socket.startsWith('/var/opt/gitlab/')) return 'gitlab';
  if (socket.startsWith('/var/www/vhosts/system/')) return 'plesk';
  if (socket.startsWith('/opt/cpanel/ea-php')) return 'cpanel';
  return ISPCONFIG_POOL.test(`unix:${socket}`) ? 'ispconfig' : null;
}

/** The Ingress that ingress-nginx made a location of, as `namespace/name`; null without. */
export function ingressOf(location: ConfigNode): string | null {
  const value = (name: string): string | null => {
    const text =
      location
        .all('set')
        .find((node) => node.arg(0) === name)
        ?.arg(1) ?? '';
    return /^[a-z0-9][a-z0-9.-]{0,252}$/.test(text) ? text : null;
  };
  const namespace = value('$namespace');
  const name = value('$ingress_name');
  return namespace === null || name === null ? null : `${namespace}/${name}`;
}
