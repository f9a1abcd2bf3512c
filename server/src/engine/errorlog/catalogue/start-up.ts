import type { LogEntry } from '../entry.ts';
import { errnoMeaning } from '../errno.ts';
import type { MessageKind } from '../message.ts';
import { processLine, startUpLine } from './example-line.ts';
import { NO_ANSWER } from './shared.ts';
import { directive, isRunning, quoted, quotedFirst, refused, warned } from './start-up-kind.ts';

/** Messages of nginx -t, start and reload that are about what stands between nginx and a backend, or hide it. */
export const startUp: readonly MessageKind[] = [
  refused({
    id: 'host-not-found-in-upstream',
    text: 'host not found in upstream "<upstream>"',
    source:
      'ngx_inet.c ngx_inet_resolve_host; ngx_http_upstream.c ngx_http_upstream_add, ngx_http_upstream_server',
    meaning: (entry) =>
      `nginx looked up ${quoted(entry)} while it read its configuration, and the system knows no such host.`,
    example: startUpLine('host not found in upstream "app:9000"'),
    causes: ['host-not-found-at-start', 'undefined-upstream'],
  }),
  refused({
    id: 'host-not-found',
    text: 'host not found in [resolver "<address>"|"<address>" of the "listen" directive|OCSP responder "<address>" in the certificate "<certificate>"]',
    source: 'ngx_resolver.c ngx_resolver_create, ngx_http_core_module.c ngx_http_core_listen',
    meaning: (entry) =>
      `nginx looked up ${quotedFirst(entry)} while it read its configuration, and the system knows no such host.`,
    example: startUpLine('host not found in resolver "ns.invalid"'),
    causes: (entry) => (entry.message.includes('in resolver') ? ['host-not-found-at-start'] : []),
  }),
  refused({
    id: 'unix-socket-path-refused',
    text: '[too long|no] path in the unix domain socket in upstream "<upstream>"',
    source: 'ngx_inet.c ngx_parse_unix_domain_url',
    meaning: (entry) =>
      `nginx cannot use ${quoted(entry)} as a socket: ${entry.message.startsWith('no') ? 'the path is missing' : 'the path is too long'}.`,
    example: startUpLine('too long path in the unix domain socket in upstream "unix:/tmp/x.sock"'),
    causes: ['unix-socket-path-malformed'],
  }),
  refused({
    id: 'invalid-url-prefix',
    text: 'invalid URL prefix',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_pass',
    meaning: () => 'proxy_pass has an address that does not begin with http:// or https://.',
    example: startUpLine('invalid URL prefix'),
    causes: ['unsupported-upstream-scheme', 'unix-socket-path-malformed'],
  }),
  refused({
    id: 'upstream-may-not-have-port',
    text: 'upstream "<upstream>" may not have port <port>',
    source: 'ngx_http_upstream.c ngx_http_upstream_add',
    meaning: (entry) => `${quoted(entry)} is the name of an upstream block, and *_pass adds a port to it.`,
    example: startUpLine('upstream "bp" may not have port 8080'),
  }),
  refused({
    id: 'duplicate-upstream',
    text: 'duplicate upstream "<upstream>"',
    source: 'ngx_http_upstream.c ngx_http_upstream_add',
    meaning: (entry) => `There are two upstream blocks called ${quoted(entry)}.`,
    example: startUpLine('duplicate upstream "bp"'),
  }),
  refused({
    id: 'no-servers-in-upstream',
    text: '[no servers are inside upstream|no servers in upstream "<upstream>"]',
    source:
      'ngx_http_upstream.c ngx_http_upstream, ngx_http_upstream_round_robin.c ngx_http_upstream_init_round_robin',
    meaning: () => 'An upstream block has no server that nginx could use first.',
    example: startUpLine('no servers are inside upstream'),
  }),
  refused({
    id: 'resolve-needs-zone',
    text: 'resolving names at run time requires upstream "<upstream>" in <file> to be in shared memory',
    source: 'ngx_http_upstream_round_robin.c ngx_http_upstream_init_round_robin',
    meaning: (entry) => `A server of ${quoted(entry)} has "resolve", and the upstream has no zone.`,
    since: '1.27.3',
    example:
      'nginx: [emerg] resolving names at run time requires upstream "bp" in /etc/nginx/conf.d/default.conf:7 to be in shared memory',
    causes: ['dns-resolved-once'],
  }),
  refused({
    id: 'resolve-needs-resolver',
    text: 'no resolver defined to resolve names at run time in upstream "<upstream>"',
    source: 'ngx_http_upstream_round_robin.c ngx_http_upstream_init_round_robin',
    meaning: (entry) => `A server of ${quoted(entry)} has "resolve", but no DNS server is configured.`,
    since: '1.27.3',
    example: startUpLine('no resolver defined to resolve names at run time in upstream "bp"'),
    causes: ['resolver-missing'],
  }),
  refused({
    id: 'resolve-unsupported-by-balancer',
    text: 'load balancing method does not support resolving names at run time in upstream "<upstream>"',
    source: 'ngx_http_upstream_round_robin.c ngx_http_upstream_init_round_robin',
    meaning: (entry) => `The load balancing method of ${quoted(entry)} cannot work with "resolve".`,
    since: '1.27.3',
    example: startUpLine(
      'load balancing method does not support resolving names at run time in upstream "bp"',
    ),
  }),
  refused({
    id: 'balancer-parameter-unsupported',
    text: 'balancing method does not support parameter "<parameter>"',
    source: 'ngx_http_upstream.c ngx_http_upstream_server',
    meaning: (entry) =>
      `The load balancing method of this upstream does not allow the server parameter ${quoted(entry)}.`,
    example: startUpLine('balancing method does not support parameter "backup"'),
  }),
  warned({
    id: 'balancer-redefined',
    text: 'load balancing method redefined',
    source: 'ngx_http_upstream_least_conn_module.c ngx_http_upstream_least_conn and its siblings',
    meaning: () =>
      'A load balancing directive stands behind another one, or behind keepalive, and takes its effect away.',
    example: startUpLine('load balancing method redefined', 'warn'),
    causes: ['keepalive-before-balancer'],
  }),
  refused({
    id: 'proxy-pass-uri-refused',
    text: '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_pass',
    meaning: () =>
      'proxy_pass has a URI in a place where nginx could not know which part of the request it replaces.',
    example: startUpLine(
      '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block',
    ),
    causes: ['proxy-pass-uri-not-allowed'],
  }),
  refused({
    id: 'busy-buffers-inconsistent',
    text: '"<module>_busy_buffers_size" must be less than the size of all "<buffers>" minus one buffer',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_merge_loc_conf and its siblings',
    meaning: (entry) =>
      `The buffer sizes do not fit together: ${directive(entry)} is not smaller than all buffers but one.`,
    example: startUpLine(
      '"proxy_busy_buffers_size" must be less than the size of all "proxy_buffers" minus one buffer',
    ),
    causes: ['buffers-inconsistent'],
  }),
  refused({
    id: 'buffer-sizes-inconsistent',
    text: '"<directive>" must be [equal to or greater than the maximum of the value of "<size>" and one of the "<buffers>"|equal to zero to disable temporary files usage or must be equal to or greater than the maximum of the value of "<size>" and one of the "<buffers>"]',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_merge_loc_conf and its siblings',
    meaning: (entry) =>
      `The buffer sizes do not fit together: ${directive(entry)} is smaller than the largest buffer.`,
    example: startUpLine(
      '"proxy_busy_buffers_size" must be equal to or greater than the maximum of the value of "proxy_buffer_size" and one of the "proxy_buffers"',
    ),
    causes: ['buffers-inconsistent'],
  }),
  refused({
    id: 'too-few-buffers',
    text: 'there must be at least 2 "<buffers>"',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_merge_loc_conf and its siblings',
    meaning: (entry) => `${quoted(entry).slice(1, -1)} gives fewer than two buffers.`,
    example: startUpLine('there must be at least 2 "proxy_buffers"'),
    causes: ['buffers-inconsistent'],
  }),
  refused({
    id: 'verify-without-trusted-certificate',
    text: 'no <module>_ssl_trusted_certificate for <other>_ssl_verify',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_set_ssl and its siblings',
    meaning: () =>
      'The certificate of the backend is to be verified, but there is nothing to verify it against.',
    example: 'nginx: [emerg] no proxy_ssl_trusted_certificate for proxy_ssl_verify',
    causes: ['verify-without-ca'],
  }),
  refused({
    id: 'certificate-key-missing',
    text: 'no "<directive>" is defined for certificate "<path>"',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_set_ssl; ngx_http_ssl_module.c',
    meaning: () => 'A certificate is configured without its key.',
    example:
      'nginx: [emerg] no "proxy_ssl_certificate_key" is defined for certificate "/etc/nginx/client.pem"',
    causes: (entry) =>
      /"(proxy|grpc|uwsgi)_ssl/.test(entry.message) ? ['tls-client-certificate-missing'] : [],
  }),
  refused({
    id: 'certificate-not-loaded',
    text: '[cannot load certificate key "<path>": <reason>|cannot load certificate "<path>": <reason>|cannot load CRL "<path>": <reason>|SSL_CTX_load_verify_locations("<path>") failed (<ssl>)|SSL_CTX_use_PrivateKey("<path>") failed (<ssl>)|SSL_CTX_use_PrivateKey_file("<path>") failed (<ssl>)|SSL_CTX_use_certificate("<path>") failed (<ssl>)|SSL_CTX_add_extra_chain_cert("<path>") failed (<ssl>)|SSL_CTX_set0_chain("<path>") failed (<ssl>)|X509_STORE_add_cert("<path>") failed (<ssl>)|X509_STORE_add_crl("<path>") failed (<ssl>)|X509_get_subject_name("<path>") failed (<ssl>)|SSL_load_client_CA_file("<path>") failed (<ssl>)|X509_LOOKUP_load_file("<path>") failed (<ssl>)|PEM_read_bio_X509("<path>") failed (<ssl>)|PEM_read_bio_X509_AUX("<path>") failed (<ssl>)|BIO_new_file("<path>") failed (<ssl>)|PEM_read_bio_DHparams("<path>") failed (<ssl>)|PEM_read_bio_Parameters("<path>") failed (<ssl>)|SSL_CTX_set_tmp_dh("<path>") failed (<ssl>)|SSL_CTX_set0_tmp_dh_pkey("<path>") failed (<ssl>)|SSL_CTX_set0_tmp_dh_pkey(<path>") failed (<ssl>)|OSSL_ECHSTORE_read_pem(<path>) failed (<ssl>)|OSSL_ECHSTORE_num_keys(<path>) failed (<ssl>)]',
    source:
      'ngx_event_openssl.c ngx_ssl_certificate, ngx_ssl_trusted_certificate, ngx_ssl_crl, ngx_ssl_dhparam',
    when: (entry) => !isRunning(entry),
    meaning: (entry) => `nginx could not load ${quotedFirst(entry)}.`,
    example:
      'nginx: [emerg] cannot load certificate "/nonexistent/ca.pem": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory:calling fopen(/nonexistent/ca.pem, r) error:10000080:BIO routines::no such file)',
  }),
  refused({
    id: 'ssl-support-missing',
    text: '[https|grpcs|suwsgi] protocol requires SSL support',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_pass, ngx_http_grpc_module.c ngx_http_grpc_pass',
    meaning: () => 'This nginx was built without TLS.',
    example: startUpLine('https protocol requires SSL support'),
  }),
  refused({
    id: 'unknown-variable',
    text: 'unknown "<name>" variable',
    source: 'ngx_http_variables.c ngx_http_variables_init_vars',
    meaning: (entry) => `The configuration uses $${quoted(entry).slice(1, -1)}, which nothing defines.`,
    example: 'nginx: [emerg] unknown "backend" variable',
  }),
  refused({
    id: 'unknown-directive',
    text: 'unknown directive "<name>"',
    source: 'ngx_conf_file.c ngx_conf_handler',
    meaning: (entry) => `nginx knows no directive ${quoted(entry)}.`,
    example: startUpLine('unknown directive "upstream_max_fails"'),
  }),
  refused({
    id: 'proxy-redirect-default-refused',
    text: '"proxy_redirect default" [should be placed after the "proxy_pass" directive|cannot be used with "proxy_pass" directive with variables]',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_redirect',
    meaning: () =>
      'nginx cannot derive "proxy_redirect default" here: it needs a proxy_pass without variables before it.',
    example: startUpLine('"proxy_redirect default" should be placed after the "proxy_pass" directive'),
  }),
  refused({
    id: 'duplicate-default-of-map',
    text: 'duplicate default map parameter',
    source: 'ngx_http_map_module.c ngx_http_map',
    meaning: () => 'A map has two default entries.',
    example: startUpLine('duplicate default map parameter'),
  }),
  refused({
    id: 'invalid-condition',
    text: 'invalid condition "<condition>"',
    source: 'ngx_http_rewrite_module.c ngx_http_rewrite_if_condition',
    meaning: () => 'nginx cannot read the condition of an if.',
    example: startUpLine('invalid condition "$a"'),
  }),
  refused({
    id: 'directive-not-allowed-here',
    text: '"<name>" directive is not allowed here',
    source: 'ngx_conf_file.c ngx_conf_handler',
    meaning: (entry) => `${directive(entry)} stands in a block where nginx does not allow it.`,
    example: startUpLine('"proxy_pass" directive is not allowed here'),
  }),
  refused({
    id: 'wrong-argument-count',
    text: 'invalid number of arguments in "<name>" directive',
    source: 'ngx_conf_file.c ngx_conf_handler',
    meaning: (entry) =>
      `${directive(entry)} has too many or too few arguments; often a semicolon is missing before it.`,
    example: startUpLine('invalid number of arguments in "proxy_set_header" directive'),
  }),
  refused({
    id: 'duplicate-directive',
    text: '"<name>" directive is duplicate',
    source: 'ngx_conf_file.c ngx_conf_handler',
    meaning: (entry) => `${directive(entry)} stands twice in one block.`,
    example: startUpLine('"proxy_pass" directive is duplicate'),
  }),
  refused({
    id: 'invalid-value',
    text: 'invalid value "<value>"[ in "<name>" directive| in "<name>" directive, it must be "on" or "off"|]',
    source:
      'ngx_conf_file.c ngx_conf_set_enum_slot, ngx_conf_set_flag_slot; ngx_http_upstream_keepalive_module.c',
    meaning: (entry) => `nginx does not accept the value ${quotedFirst(entry)} there.`,
    example: startUpLine('invalid value "2"'),
    // proxy_http_version is the one place where people write a 2 that older releases refuse.
    causes: (entry) =>
      quotedFirst(entry) === '"2"' || quotedFirst(entry) === '"2.0"' ? ['http2-upstream-mismatch'] : [],
  }),
  refused({
    id: 'invalid-parameter',
    text: 'invalid parameter[:| ]<parameter>',
    source: 'ngx_http_upstream.c ngx_http_upstream_server; ngx_resolver.c ngx_resolver_create',
    meaning: (entry) =>
      entry.message.includes('"')
        ? `nginx does not know the parameter ${quotedFirst(entry)} there.`
        : 'nginx does not know a parameter.',
    example: startUpLine('invalid parameter "max_fails"'),
    causes: (entry) => (quotedFirst(entry) === '"resolve"' ? ['dns-resolved-once'] : []),
  }),
  refused({
    id: 'unterminated-directive',
    text: 'directive "<name>" [is not terminated by ";"|has no opening "{"]',
    source: 'ngx_conf_file.c ngx_conf_handler',
    meaning: (entry) => `${directive(entry)} does not end where it should.`,
    example: startUpLine('directive "proxy_pass" is not terminated by ";"'),
    causes: (entry) => (entry.message.startsWith('directive "location"') ? ['regex-needs-quotes'] : []),
  }),
  refused({
    id: 'unexpected-token',
    text: 'unexpected [end of file, expecting <what>|end of parameter, expecting ";"|"<token>"]',
    source: 'ngx_conf_file.c ngx_conf_parse, ngx_conf_read_token',
    meaning: () => 'A brace or a semicolon is missing, or there is one too many.',
    example: startUpLine('unexpected "}"'),
  }),
  refused({
    id: 'too-long-parameter',
    text: 'too long parameter[, probably missing terminating "<quote>" character| "<text>" started]',
    source: 'ngx_conf_file.c ngx_conf_read_token',
    meaning: () => 'A quoted text does not end.',
    example: startUpLine('too long parameter, probably missing terminating """ character'),
  }),
  refused({
    id: 'duplicate-location',
    text: 'duplicate location "<location>"',
    source: 'ngx_http.c ngx_http_add_location',
    meaning: (entry) => `One block has the location ${quoted(entry)} twice.`,
    example: startUpLine('duplicate location "/api"'),
  }),
  refused({
    id: 'location-outside',
    text: 'location "<inner>" is outside location "<outer>"',
    source: 'ngx_http_core_module.c ngx_http_core_location',
    meaning: () => 'A nested location does not begin with the text of the one around it.',
    example: startUpLine('location "/b" is outside location "/a"'),
    causes: ['nested-under-regex'],
  }),
  refused({
    id: 'regex-invalid',
    text: '[pcre2_compile|pcre_compile]() failed: <reason>',
    source: 'ngx_regex.c ngx_regex_compile',
    meaning: () => 'A regular expression of the configuration is broken.',
    example: startUpLine('pcre2_compile() failed: missing closing parenthesis in "^/a{2}("'),
    causes: ['regex-needs-quotes'],
  }),
  refused({
    id: 'include-or-file-missing',
    text: '[open|stat|fstat|read|mkdir|chown|chmod|glob|CreateFile|ReadFile|CreateDirectory|GetFileAttributesEx|GetFileInformationByHandle|FindFirstFile]() "<path>" failed (<errno>)',
    source: 'ngx_conf_file.c ngx_conf_parse, ngx_conf_include; ngx_file.c ngx_create_paths',
    when: (entry) => entry.level === 'emerg',
    meaning: (entry) =>
      errnoMeaning(entry.errno) === 'permission'
        ? `nginx is not allowed to use ${quotedFirst(entry)}.`
        : `nginx could not use ${quotedFirst(entry)} while it started.`,
    example: startUpLine('open() "/etc/nginx/snippets/proxy.conf" failed (2: No such file or directory)'),
    // Folders are made for temporary files and caches only.
    causes: (entry) =>
      /^(?:mkdir|chown|chmod|CreateDirectory)\(\)/.test(entry.message)
        ? ['temp-files-unwritable', ...(errnoMeaning(entry.errno) === 'permission' ? ['selinux-denied'] : [])]
        : [],
  }),
  refused({
    id: 'listen-failed',
    text: '[bind|listen]() to <address> failed (<errno>)',
    source: 'ngx_connection.c ngx_open_listening_sockets',
    fault: 'host-limit',
    meaning: (entry) => {
      const address = entry.message.split(' ', 3)[2]?.replace(/,$/, '') ?? 'an address';
      switch (errnoMeaning(entry.errno)) {
        case 'address-in-use':
          return `nginx could not listen on ${address}: another process does already.`;
        case 'permission':
          return `nginx is not allowed to listen on ${address}.`;
        case 'address-unavailable':
          return `nginx could not listen on ${address}: this machine does not have that address.`;
        default:
          return `nginx could not listen on ${address}.`;
      }
    },
    example: 'nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)',
  }),
  refused({
    id: 'still-could-not-bind',
    text: 'still could not bind()',
    source: 'ngx_connection.c ngx_open_listening_sockets',
    fault: 'host-limit',
    meaning: () => 'nginx gave up after five attempts to take its listen addresses.',
    example: 'nginx: [emerg] still could not bind()',
  }),
  refused({
    id: 'hash-too-small',
    text: 'could not build <name>, you should increase <what>',
    source: 'ngx_hash.c ngx_hash_init',
    meaning: (entry) => `A hash table of the configuration is too small${hashOf(entry)}.`,
    example:
      'nginx: [emerg] could not build server_names_hash, you should increase server_names_hash_bucket_size: 32',
  }),
  warned({
    id: 'hash-not-optimal',
    text: 'could not build optimal <name>, you should increase [either ]<what>',
    source: 'ngx_hash.c ngx_hash_init',
    fault: 'nobody',
    meaning: (entry) => `A hash table of the configuration is larger than it should be${hashOf(entry)}.`,
    example:
      'nginx: [warn] could not build optimal proxy_headers_hash, you should increase either proxy_headers_hash_max_size: 512 or proxy_headers_hash_bucket_size: 64; ignoring proxy_headers_hash_bucket_size',
  }),
  refused({
    id: 'zero-size-zone',
    text: 'zero size shared memory zone "<zone>"',
    source: 'ngx_cycle.c ngx_init_cycle',
    meaning: (entry) => `The zone ${quoted(entry)} is used, but nothing defines it.`,
    example: 'nginx: [emerg] zero size shared memory zone "perip"',
  }),
  refused({
    id: 'module-not-loaded',
    text: '[dlopen() "<path>" failed (<reason>)|dlsym() "<path>", "<symbol>" failed (<reason>)|dlclose() failed (<reason>)|LoadLibrary() "<path>" failed (<reason>)|GetProcAddress() "<path>", "<symbol>" failed (<reason>)|FreeLibrary() failed (<reason>)|module "<path>" version <count> instead of <number>|module "<path>" is not binary compatible|module "<path>" is already loaded|too many modules loaded]',
    source: 'nginx.c ngx_load_module, ngx_module.c ngx_add_module',
    meaning: (entry) => `nginx could not load the module ${quotedFirst(entry)}.`,
    example: startUpLine('module "/usr/lib/nginx/modules/ngx_stream_module.so" is not binary compatible'),
  }),
  refused({
    id: 'user-unknown',
    text: '[getpwnam|getgrnam]("<name>") failed[ (<errno>)]',
    source: 'nginx.c ngx_set_user',
    meaning: (entry) => `The system knows no user or group ${quotedFirst(entry)}.`,
    example: startUpLine('getpwnam("nginx") failed'),
  }),
  refused({
    id: 'events-missing',
    text: 'no "events" section in configuration',
    source: 'ngx_event.c ngx_event_init_conf',
    meaning: () =>
      'The configuration has no events block; often the file is a fragment that belongs into another.',
    example: 'nginx: [emerg] no "events" section in configuration',
  }),
  refused({
    id: 'listen-address-refused',
    text: '[invalid host|invalid port|invalid port range|no host] in "<address>" of the "listen" directive',
    source: 'ngx_http_core_module.c ngx_http_core_listen',
    meaning: (entry) => `nginx cannot listen on ${quotedFirst(entry)}.`,
    example: startUpLine('invalid port in "80a" of the "listen" directive'),
  }),
  refused({
    id: 'duplicate-listen',
    text: '[a duplicate listen <address>|duplicate listen options for <address>|a duplicate default server for <address>]',
    source: 'ngx_http.c ngx_http_add_addresses, ngx_http_core_module.c ngx_http_core_listen',
    meaning: () => 'An address is listed twice with listen, or has two default servers.',
    example: startUpLine('a duplicate default server for 0.0.0.0:80'),
  }),
  warned({
    id: 'conflicting-server-name',
    text: 'conflicting server name "<name>" on <address>, ignored',
    source: 'ngx_http.c ngx_http_server_names',
    meaning: (entry) => `Two servers have the name ${quoted(entry)} on one address; nginx uses the first.`,
    example: 'nginx: [warn] conflicting server name "app.test" on 0.0.0.0:80, ignored',
    causes: ['wrong-server-block'],
  }),
  warned({
    id: 'deprecated-directive',
    text: 'the "<name>" directive is deprecated, use the "<other>" directive instead',
    source: 'ngx_conf_file.c ngx_conf_deprecated, ngx_http_core_module.c ngx_http_core_listen',
    meaning: (entry) => `${directive(entry)} is out of date; it still works.`,
    example: startUpLine(
      'the "listen ... http2" directive is deprecated, use the "http2" directive instead',
      'warn',
    ),
  }),
  warned({
    id: 'user-directive-ignored',
    text: 'the "user" directive makes sense only if the master process runs with super-user privileges, ignored',
    source: 'nginx.c ngx_set_user',
    meaning: () => 'nginx was not started by root, so it stays the user that it is.',
    example: startUpLine(
      'the "user" directive makes sense only if the master process runs with super-user privileges, ignored',
      'warn',
    ),
  }),
  {
    id: 'process-notice',
    text: '[start worker processes|start worker process <pid>|start cache manager process <pid>|start cache loader process <pid>|signal process started|reconfiguring|reopening logs|gracefully shutting down|exiting|exit|using the "<method>" event method|nginx/<version>|openresty/<version>|built by <compiler>|OS: <system>|getrlimit(RLIMIT_NOFILE): <limits>|signal <signal> (<name>) received<from>|worker process <pid> exited with code <code>|cache manager process <pid> exited with code <code>|cache loader process <pid> exited with code <code>|try again to bind() after 500ms|using inherited sockets from "<sockets>"|changing binary|http file cache: <path>|<path> warmed up: <what>]',
    source: 'nginx.c main, os/unix/ngx_process_cycle.c, os/unix/ngx_process.c ngx_signal_handler',
    phase: 'other',
    status: NO_ANSWER,
    fault: 'nobody',
    meaning: () => 'nginx tells what its processes are doing. That is no error.',
    since: null,
    example: processLine('notice', 'start worker process 29'),
    causes: [],
  },
];

/** The name of the table, as a bracket; nothing where the line was cut before it. */
function hashOf({ message }: LogEntry): string {
  const name = /^could not build (?:optimal )?(\w+)/.exec(message)?.[1];
  return name === undefined ? '' : ` (${name})`;
}
