import type { MessageKind } from '../message.ts';
import { startUpLine } from './example-line.ts';
import { quoted, quotedFirst, refused, warned } from './start-up-kind.ts';

/** Start-up messages about upstream blocks and the *_pass family that no rarer kind tells better. */
export const upstreamSettings: readonly MessageKind[] = [
  refused({
    id: 'upstream-service-refused',
    text: '[service is empty|service upstream "<upstream>" may not have port|service upstream "<upstream>" requires "resolve" parameter|service upstream "<upstream>" requires domain name]',
    source: 'ngx_http_upstream.c ngx_http_upstream_server, ngx_stream_upstream.c ngx_stream_upstream_server',
    meaning: () => 'A server with "service=" needs a domain name without port, and "resolve".',
    since: '1.27.3',
    example: startUpLine('service upstream "app.test:80" may not have port'),
    causes: ['dns-resolved-once'],
  }),
  refused({
    id: 'upstream-route-refused',
    text: '[route is empty|route is longer than <number>]',
    source: 'ngx_http_upstream.c ngx_http_upstream_server',
    meaning: () => 'The route of an upstream server is empty or too long.',
    since: '1.29.6',
    example: startUpLine('route is longer than 32'),
  }),
  refused({
    id: 'upstream-zone-refused',
    text: '[invalid zone name "<zone>"|invalid zone size "<zone>"|zone "<zone>" is too small]',
    source:
      'ngx_http_upstream_zone_module.c ngx_http_upstream_zone, ngx_stream_upstream_zone_module.c ngx_stream_upstream_zone',
    meaning: (entry) => `nginx does not accept ${quotedFirst(entry)} as the shared memory of an upstream.`,
    example: startUpLine('zone "app_pool" is too small'),
  }),
  refused({
    id: 'sticky-refused',
    text: '[unknown parameter "<name>"|sticky zone "<zone>" is already used in upstream "<upstream>"|sticky zone "<zone>" is used in upstream "<upstream>" while previously it was used in upstream "<other>"]',
    source: 'ngx_http_upstream_sticky_module.c ngx_http_upstream_sticky, ngx_http_upstream_sticky_learn',
    meaning: () => 'The sticky directive of an upstream has something that nginx does not accept.',
    since: '1.29.6',
    example: startUpLine('unknown parameter "cookies"'),
  }),
  refused({
    id: 'bind-address-refused',
    text: '[invalid address "<address>"|transparent proxying is not supported on this platform, ignored]',
    source:
      'ngx_http_upstream.c ngx_http_upstream_bind_set_slot, ngx_stream_proxy_module.c ngx_stream_proxy_bind',
    meaning: (entry) =>
      entry.message.startsWith('invalid')
        ? `*_bind has ${quotedFirst(entry)}, which is no address.`
        : '*_bind ... transparent does not exist on this system.',
    example: startUpLine('invalid address "eth0"'),
    causes: ['proxy-bind-failed'],
  }),
  refused({
    id: 'resolver-refused',
    text: '["ipv4" and "ipv6" cannot both be "off"|no name servers defined|invalid host in resolver "<address>"|no host in resolver "<address>"|invalid port in resolver "<address>"|invalid IPv6 address in resolver "<address>"]',
    source: 'ngx_resolver.c ngx_resolver_create',
    meaning: () => 'The resolver directive has no DNS server that nginx could use.',
    example: startUpLine('no name servers defined'),
    causes: ['resolver-missing'],
  }),
  refused({
    id: 'address-family-missing',
    text: '[the unix domain sockets are not supported on this platform|the INET6 sockets are not supported on this platform] in upstream "<upstream>"',
    source: 'ngx_inet.c ngx_parse_unix_domain_url, ngx_parse_inet6_url',
    meaning: (entry) => `This nginx was built without support for the kind of address in ${quoted(entry)}.`,
    example: startUpLine(
      'the unix domain sockets are not supported on this platform in upstream "unix:/run/app.sock"',
    ),
  }),
  refused({
    id: 'certificate-cache-without-max',
    text: '"<directive>" must have the "max" parameter',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_ssl_certificate_cache and its siblings',
    meaning: (entry) => `${quotedFirst(entry).slice(1, -1)} needs to know how much it may hold.`,
    example: startUpLine('"proxy_ssl_certificate_cache" must have the "max" parameter'),
  }),
  refused({
    id: 'split-path-info-refused',
    text: '["<directive>" requires PCRE library|pattern "<regex>" must have 2 captures]',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_split_path_info',
    meaning: () => 'fastcgi_split_path_info needs a regular expression with two groups in brackets.',
    example: startUpLine('pattern "^(.+\\.php)$" must have 2 captures'),
  }),
  refused({
    id: 'send-lowat-refused',
    text: '"<directive>" must be less than <number> (sysctl net.inet.tcp.sendspace)',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_lowat_check and its siblings',
    meaning: (entry) => `${quotedFirst(entry).slice(1, -1)} is more than the system's send buffer holds.`,
    example: startUpLine('"proxy_send_lowat" must be less than 32768 (sysctl net.inet.tcp.sendspace)'),
  }),
  warned({
    id: 'setting-not-supported-ignored',
    text: '["<directive>" is not supported, ignored|min_free is not supported on this platform, ignored]',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_lowat_check and its siblings',
    meaning: (entry) => `${quotedFirst(entry).slice(1, -1)} has no effect on this system.`,
    example: startUpLine('"proxy_send_lowat" is not supported, ignored', 'warn'),
  }),
  refused({
    id: 'variable-name-refused',
    text: '[invalid variable name "<name>"|invalid variable name|the closing bracket in "<text>" variable is missing|using variable "$<name>" requires PCRE library]',
    source:
      'ngx_http_script.c ngx_http_script_compile, ngx_http_auth_request_module.c ngx_http_auth_request_set',
    meaning: () => 'A dollar sign is followed by something that cannot be the name of a variable.',
    example: startUpLine('the closing bracket in "backend" variable is missing'),
    causes: ['invalid-upstream-variable'],
  }),
  refused({
    id: 'ssl-setting-unsupported',
    text: '[SSL_CONF_cmd() is not available on this platform|the "<directive>" directive requires OpenSSL with ALPN support|"<directive>" directive is not supported|"<directive>" directive is not supported on this platform]',
    source:
      'ngx_event_openssl.c ngx_ssl_conf_commands, ngx_http_proxy_module.c ngx_http_proxy_ssl_conf_command_check',
    meaning: () => 'The OpenSSL that nginx was built with cannot do this.',
    example: startUpLine('SSL_CONF_cmd() is not available on this platform'),
  }),
  refused({
    id: 'store-path-empty',
    text: 'empty path',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_store and its siblings',
    meaning: () => '*_store has an empty path.',
    since: '1.27.3',
    example: startUpLine('empty path'),
  }),
  refused({
    id: 'directive-refused',
    text: '"<name>" directive <reason>',
    source: 'ngx_conf_file.c ngx_conf_handler, with what the directive itself found wrong',
    when: (entry) => entry.level === 'emerg' || entry.level === null,
    meaning: (entry) =>
      `nginx does not accept ${quotedFirst(entry).slice(1, -1)} as it stands: ${reasonOf(entry.message)}.`,
    example: startUpLine('"proxy_store" directive is incompatible with "proxy_cache"'),
  }),
];

/** What stands behind `"NAME" directive`, without the place. */
function reasonOf(message: string): string {
  const from = message.indexOf('" directive ');
  return from < 0 ? 'no reason given' : message.slice(from + 12).replace(/ in \S+:\d+$/, '');
}
