import type { MessageKind } from '../message.ts';
import { startUpLine } from './example-line.ts';
import { quoted, quotedFirst, refused, warned } from './start-up-kind.ts';

/** What any module may say of its own directives: for texts that no other kind has. */
export const configurationRefused: MessageKind = refused({
  id: 'configuration-refused',
  text: '<what>',
  source: 'ngx_conf_file.c ngx_conf_log_error, called by any module',
  when: (entry) => entry.level === 'emerg' && entry.at !== null,
  meaning: (entry) =>
    entry.at === null
      ? 'nginx does not accept the configuration.'
      : `nginx does not accept what stands in ${entry.at.file}, line ${entry.at.line}.`,
  example: startUpLine('no scheme handler for "srv" in "my_module" directive'),
});

/** Start-up messages about servers, locations and listen addresses: not about backends, but nothing starts. */
export const serverSettings: readonly MessageKind[] = [
  refused({
    id: 'listen-parameter-refused',
    text: '[invalid backlog "<value>"|invalid fastopen "<value>"|invalid rcvbuf "<value>"|invalid sndbuf "<value>"|invalid setfib "<value>"|invalid ipv6only flags "<value>"|invalid so_keepalive value: "<value>"|accept filters "<value>" are not supported on this platform, ignored|ipv6only is not supported on this platform|multipath is not supported on this platform, ignored|reuseport is not supported on this platform, ignored|the deferred accept is not supported on this platform, ignored|the "so_keepalive" parameter accepts only "on" or "off" on this platform]',
    source: 'ngx_http_core_module.c ngx_http_core_listen',
    meaning: () => 'A listen directive has a parameter or value that nginx does not accept on this system.',
    example: startUpLine('invalid backlog "many"'),
  }),
  refused({
    id: 'module-missing-for-listen',
    text: 'the "<parameter>" parameter requires <module>',
    source: 'ngx_http_core_module.c ngx_http_core_listen',
    meaning: (entry) =>
      `This nginx was built without the module that listen ... ${quotedFirst(entry).slice(1, -1)} needs.`,
    example: startUpLine('the "ssl" parameter requires ngx_http_ssl_module'),
  }),
  refused({
    id: 'location-refused',
    text: '[invalid location modifier "<modifier>"|location "<inner>" cannot be inside the exact location "<outer>"|location "<inner>" cannot be inside the named location "<outer>"|named location "<name>" can be on the server level only|using regex "<regex>" requires PCRE library|invalid method "<method>"|value "<value>" must be between 300 and 599]',
    source:
      'ngx_http_core_module.c ngx_http_core_location, ngx_http_core_regex_location, ngx_http_core_error_page',
    meaning: (entry) => `nginx does not accept ${quotedFirst(entry)} there.`,
    example: startUpLine('invalid location modifier "~="'),
  }),
  refused({
    id: 'server-name-refused',
    text: '[server name "<name>" is invalid|empty regex in server name "<name>"]',
    source: 'ngx_http_core_module.c ngx_http_core_server_name',
    meaning: (entry) => `nginx does not accept ${quoted(entry)} as a server name.`,
    example: startUpLine('server name "a..b" is invalid'),
  }),
  warned({
    id: 'server-name-suspicious',
    text: 'server name "<name>" has suspicious symbols',
    source: 'ngx_http_core_module.c ngx_http_core_server_name',
    meaning: (entry) =>
      `The server name ${quoted(entry)} holds a slash: a URL stands where a name should, and matches no request.`,
    example: startUpLine('server name "http://app.test" has suspicious symbols', 'warn'),
    causes: ['wrong-server-block'],
  }),
  refused({
    id: 'root-refused',
    text: '["<name>" directive is duplicate, "<other>" directive was specified earlier|the "alias" directive cannot be used inside the named location|the $document_root variable cannot be used in the "<name>" directive|the $realpath_root variable cannot be used in the "<name>" directive]',
    source: 'ngx_http_core_module.c ngx_http_core_root',
    meaning: () => 'root or alias stands twice, or where it cannot work.',
    example: startUpLine('"alias" directive is duplicate, "root" directive was specified earlier'),
  }),
  refused({
    id: 'core-setting-refused',
    text: '[the "large_client_header_buffers" size must be equal to or greater than "connection_pool_size"|the pool size must be a multiple of <number>|the pool size must be no less than <number>|invalid "open_file_cache" parameter "<parameter>"|"aio on" is unsupported on this platform|"aio threads" is unsupported on this platform|"<name>" must have "off", "on" or "if_not_owner" parameter|"from=" cannot be used with "off" parameter|duplicate parameters "<parameters>"|without PCRE library "gzip_disable" supports builtin "msie6" and "degradation" mask only]',
    source:
      'ngx_http_core_module.c ngx_http_core_merge_srv_conf, ngx_http_core_pool_size, ngx_http_core_open_file_cache',
    meaning: () => 'A setting of the http module does not fit the system or another setting.',
    example: startUpLine(
      'the "large_client_header_buffers" size must be equal to or greater than "connection_pool_size"',
    ),
  }),
  refused({
    id: 'setting-refused',
    text: '[value must be between <number> and <count>|value must be equal to or greater than <number>|block directives are not supported in -g option|read() returned only <number> bytes instead of <count>|pread() returned only <number> bytes instead of <count>|ReadFile() returned only <number> bytes instead of <count>|duplicate parameter "<parameter>"|"lock_file" could not be changed, ignored|"load_module" is not supported on this platform|"worker_cpu_affinity" supports up to <number> CPUs only|invalid character "<character>" in "worker_cpu_affinity"|gethostname() failed (<errno>)|fcntl(FD_CLOEXEC) "<path>" failed (<errno>)|invalid server name or wildcard "<name>" on <address>|connection limit must be less 65536|invalid number of connections "<value>"|invalid burst value "<value>"|invalid delay value "<value>"|invalid rate "<value>"|"<name>" must have "zone" parameter|<name> "<zone>" is already bound to key "<key>"|conflicting parameter "<name>"|invalid hostname or wildcard "<name>"|invalid number of the map parameters|empty replacement|unexpected "<token>" in condition|invalid return code "<value>"|conflicting variable name "<name>"|the duplicate "<name>" variable|"ssl_ocsp" is not supported on this platform|invalid URL prefix in OCSP responder "<url>" in "ssl_ocsp_responder"|invalid host in OCSP responder "<url>" in "ssl_ocsp_responder"]',
    source:
      'nginx.c, ngx_conf_file.c, ngx_cycle.c, ngx_http.c; limit_req, limit_conn, map, rewrite modules: what the handler of a directive found wrong',
    meaning: () => 'A directive has a value or a place that nginx does not accept.',
    example: startUpLine('invalid rate "10/s"'),
  }),
  refused({
    id: 'shared-zone-conflict',
    text: '[the shared memory zone "<zone>" is already declared for a different use|the size <number> of shared memory zone "<zone>" conflicts with already declared size <count>|limit_req "<zone>" uses the "<key>" key while previously it used the "<other>" key|limit_conn_zone "<zone>" uses the "<key>" key while previously it used the "<other>" key]',
    source: 'ngx_cycle.c ngx_shared_memory_add, ngx_http_limit_req_module.c ngx_http_limit_req_init_zone',
    meaning: (entry) =>
      `The zone ${quotedFirst(entry)} is declared in two ways, or in another way than the running nginx has it; then only a restart helps.`,
    example: startUpLine('the shared memory zone "app_pool" is already declared for a different use'),
  }),
  warned({
    id: 'setting-doubtful',
    text: '[the number of "worker_processes" is not equal to the number of "worker_cpu_affinity" masks, using last mask for remaining worker processes|duplicate value "<value>"|protocol options redefined for <address>|nginx was built with OpenSSL that lacks <what> support, HTTP/2 is not enabled for <address>|duplicate MIME type "<type>"|JIT compiler does not support pattern: "<regex>"|pcre2_jit_compile() failed: <number> in "<regex>", ignored|pcre_study() failed: <reason> in "<regex>"|PCRE library does not support JIT|PCRE2 library does not support JIT|nginx was built without PCRE JIT support|could not build <name>, too large <size>|deleting socket <path>|the "sendfile" parameter of the "aio" directive is deprecated]',
    source: 'nginx.c, ngx_conf_file.c, ngx_http.c ngx_http_add_addresses, ngx_regex.c ngx_regex_module_init',
    meaning: () => 'A setting is doubtful or without effect. No request fails because of it.',
    example: startUpLine('protocol options redefined for 0.0.0.0:443', 'warn'),
  }),
  warned({
    id: 'mime-type-duplicate',
    text: 'duplicate extension "<extension>", content type: "<type>", previous content type: "<previous>"',
    source: 'ngx_http_core_module.c ngx_http_core_type',
    meaning: (entry) => `A types block has the extension ${quotedFirst(entry)} twice.`,
    fault: 'nobody',
    example: startUpLine(
      'duplicate extension "js", content type: "text/javascript", previous content type: "application/javascript"',
      'warn',
    ),
  }),
  configurationRefused,
];
