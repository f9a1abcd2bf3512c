import type { MessageKind } from '../message.ts';
import { requestLine, startUpLine, upstreamLine } from './example-line.ts';
import { internalError, NO_ANSWER, phaseOf, UNCHANGED, upstreamFailure, verdict } from './shared.ts';
import { isRunning, quoted, quotedFirst, refused, warned } from './start-up-kind.ts';

const SERVER_TLS = verdict(
  null,
  null,
  'possible',
  'This is about TLS towards clients; it changes no answer of a backend.',
);

const SSL = '(SSL: error:0A00018E:SSL routines::ca md too weak)';

/** Keys, certificates and settings of TLS: at start-up, and where variables name them, for each request. */
export const tlsFiles: readonly MessageKind[] = [
  {
    id: 'certificate-not-loaded-for-request',
    text: '[cannot load certificate key "<path>": <reason>|cannot load certificate "<path>": <reason>|SSL_use_certificate("<path>") failed (<ssl>)|SSL_set0_chain("<path>") failed (<ssl>)|SSL_use_PrivateKey("<path>") failed (<ssl>)]',
    source:
      'ngx_event_openssl.c ngx_ssl_connection_certificate, ngx_http_upstream.c ngx_http_upstream_ssl_certificate',
    when: isRunning,
    phase: (entry) => (entry.upstream === null ? 'client' : 'prepare'),
    status: (entry) =>
      entry.upstream === null
        ? verdict(
            null,
            'closed',
            'likely',
            'nginx broke off the TLS handshake with the client: no backend was asked.',
          )
        : internalError(entry),
    fault: 'configuration',
    meaning: (entry) =>
      entry.upstream === null
        ? `nginx could not load ${quotedFirst(entry)}, the certificate or key for this client.`
        : `nginx could not load ${quotedFirst(entry)}, the client certificate or key for this backend.`,
    since: null,
    example: upstreamLine(
      'error',
      'cannot load certificate "/etc/nginx/client/app.pem": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory:calling fopen(/etc/nginx/client/app.pem, r) error:10000080:BIO routines::no such file)',
      'connecting to upstream',
      'https://127.0.0.1:3001/',
    ),
    causes: (entry) => (entry.upstream === null ? [] : ['tls-client-certificate-missing']),
  },
  {
    id: 'tls-connection-not-created',
    text: '[SSL_new|SSL_set_fd|SSL_set_ex_data|SSL_set_session]() failed (<ssl>)',
    source: 'ngx_event_openssl.c ngx_ssl_create_connection, ngx_ssl_set_session',
    phase: (entry) => (entry.upstream === null ? 'client' : 'prepare'),
    status: (entry) => (entry.upstream === null ? SERVER_TLS : internalError(entry)),
    fault: 'host-limit',
    meaning: () => 'OpenSSL could not set up a TLS connection, most often because memory ran out.',
    since: null,
    example: upstreamLine(
      'alert',
      'SSL_new() failed (SSL: error:0A080041:SSL routines::malloc failure)',
      'connecting to upstream',
      'https://127.0.0.1:3001/',
    ),
    causes: [],
  },
  {
    id: 'stale-ssl-error',
    text: 'ignoring stale global SSL error[ (<ssl>)]',
    source: 'ngx_event_openssl.c ngx_ssl_clear_error',
    phase: 'other',
    status: UNCHANGED,
    fault: 'nobody',
    meaning: () => 'OpenSSL had an error left from something before; nginx dropped it.',
    since: null,
    example: upstreamLine(
      'alert',
      'ignoring stale global SSL error (SSL: error:0A000086:SSL routines::certificate verify failed)',
      'SSL handshaking to upstream',
      'https://127.0.0.1:3001/',
    ),
    causes: [],
  },
  {
    id: 'ssl-renegotiation-disabled',
    text: 'SSL renegotiation disabled',
    source: 'ngx_event_openssl.c ngx_ssl_handle_recv',
    phase: (entry) => phaseOf(entry, 'client'),
    status: upstreamFailure('client'),
    fault: 'unknown',
    meaning: () =>
      'The other side wanted to negotiate TLS a second time; nginx never does, and closed the connection.',
    since: null,
    example:
      '2026/01/10 08:41:45 [notice] 165#165: *18127 SSL renegotiation disabled while keepalive, client: 10.0.0.9, server: 0.0.0.0:443',
    causes: (entry) =>
      entry.upstream === null ? [] : ['tls-client-certificate-missing', 'legacy-tls-refused'],
  },
  {
    id: 'ssl-session-not-stored',
    text: 'could not allocate new session<place>',
    source: 'ngx_event_openssl.c ngx_ssl_new_session',
    phase: 'client',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: () =>
      'The cache of TLS sessions (ssl_session_cache) is full; clients make a full handshake next time.',
    since: null,
    example:
      '2026/01/10 08:41:45 [warn] 165#165: *18127 could not allocate new session in SSL session shared cache "SSL" while SSL handshaking, client: 10.0.0.9, server: 0.0.0.0:443',
    causes: [],
  },
  {
    id: 'client-certificate-unreadable',
    text: '[BIO_new|PEM_write_bio_X509|X509_NAME_print_ex|X509_NAME_oneline|X509_digest|X509_get_ex_data|SSL_get_peer_certificate|i2d_X509|EVP_EncryptInit_ex|EVP_DecryptInit_ex|HMAC_Init_ex|RAND_bytes]() failed[ (<ssl>)]',
    source:
      'ngx_event_openssl.c ngx_ssl_get_raw_certificate, ngx_ssl_get_subject_dn, ngx_ssl_get_fingerprint, ngx_ssl_ticket_key_callback',
    when: isRunning,
    phase: 'client',
    status: SERVER_TLS,
    fault: 'unknown',
    meaning: () =>
      'OpenSSL could not work out something about the TLS connection to a client: a variable of its certificate, or a session ticket.',
    since: null,
    example: requestLine('alert', 'BIO_new() failed (SSL: error:0A080041:SSL routines::malloc failure)'),
    causes: [],
  },
  {
    id: 'file-shrank-while-sent',
    text: '[SSL_sendfile|sendfile]() reported that "<path>" was truncated at <number>',
    source: 'os/unix/ngx_linux_sendfile_chain.c ngx_linux_sendfile, ngx_event_openssl.c ngx_ssl_sendfile',
    phase: (entry) => phaseOf(entry, 'client'),
    status: verdict(
      '200',
      'cut',
      'likely',
      'The header had been sent with the old length; the answer ends early.',
    ),
    fault: 'unknown',
    meaning: (entry) =>
      `The file ${quotedFirst(entry)} became shorter while nginx sent it: something wrote over it in place.`,
    since: null,
    example: requestLine('alert', 'sendfile() reported that "/srv/www/app.js" was truncated at 32768'),
    causes: [],
  },
  refused({
    id: 'tls-setting-refused',
    text: '[SSL_CTX_set_cipher_list("<value>") failed (<ssl>)|SSL_CONF_cmd("<command>", "<value>") failed (<ssl>)|SSL_CTX_set1_curves_list("<value>") failed (<ssl>)|OBJ_sn2nid("<value>") failed: unknown curve (<ssl>)|EC_KEY_new_by_curve_name("<value>") failed (<ssl>)|ENGINE_by_id("<value>") failed (<ssl>)|ENGINE_set_default("<value>", ENGINE_METHOD_ALL) failed (<ssl>)]',
    source:
      'ngx_event_openssl.c ngx_ssl_ciphers, ngx_ssl_conf_commands, ngx_ssl_ecdh_curve, ngx_openssl_engine',
    meaning: (entry) => `OpenSSL does not accept ${quotedFirst(entry)} as a setting of TLS.`,
    example:
      'nginx: [emerg] SSL_CTX_set_cipher_list("NOSUCH") failed (SSL: error:0A0000B9:SSL routines::no cipher match)',
  }),
  refused({
    id: 'tls-not-set-up',
    text: '[SSL_CTX_new|SSL_CTX_set_ex_data|SSL_CTX_get_cert_store|SSL_CONF_CTX_new|SSL_CONF_finish|SSL_CTX_set_session_id_context|SSL_CTX_set_alpn_protos|SSL_CTX_add_cert_compression_alg|SSL_CTX_set1_echstore|OSSL_ECHSTORE_new|OSSL_ECHSTORE_num_keys|EVP_DigestInit_ex|EVP_DigestUpdate|EVP_DigestFinal_ex|X509_NAME_digest|X509_digest|X509_set_ex_data|OPENSSL_INIT_new|OPENSSL_INIT_set_config_appname|OPENSSL_init_ssl|SSL_CTX_get_ex_new_index|SSL_get_ex_new_index|X509_get_ex_new_index|X509_STORE_add_lookup|OPENSSL_init_crypto|OPENSSL_config|EVP_MD_CTX_create]() failed[ (<ssl>)]',
    source:
      'ngx_event_openssl.c ngx_ssl_init, ngx_ssl_create, ngx_ssl_session_id_context; ngx_http_grpc_module.c ngx_http_grpc_set_ssl',
    when: (entry) => !isRunning(entry),
    fault: 'host-limit',
    meaning: () =>
      'OpenSSL could not be set up: its own configuration (openssl.cnf), memory, or a provider that is missing.',
    example: `nginx: [emerg] SSL_CTX_new() failed ${SSL}`,
  }),
  refused({
    id: 'tls-file-broken',
    text: '[too long line in "<path>"|"<path>" must be 48 or 80 bytes|"<path>" must be 48 bytes|read() "<path>" returned only <number> bytes instead of <count>|pread() "<path>" returned only <number> bytes instead of <count>|ReadFile() "<path>" returned only <number> bytes instead of <count>]',
    source: 'ngx_event_openssl.c ngx_ssl_read_password_file, ngx_ssl_session_ticket_keys',
    meaning: (entry) =>
      `${quotedFirst(entry)} does not have the form that a file of passwords or ticket keys must have.`,
    example: startUpLine('"/etc/nginx/ticket.key" must be 48 or 80 bytes'),
  }),
  warned({
    id: 'tls-setting-ignored',
    text: '["<name>" is not supported on this platform, ignored|"<name>" ignored, not supported|nginx was built with <feature> support, however, now it is linked dynamically to an OpenSSL library which has no tlsext support, therefore <other> not available]',
    source:
      'ngx_event_openssl.c ngx_ssl_early_data, ngx_ssl_session_ticket_keys, ngx_ssl_certificate_compression',
    meaning: (entry) => `This nginx or its OpenSSL cannot do what ${quoted(entry).slice(1, -1)} asks for.`,
    example: startUpLine('"ssl_early_data" is not supported on this platform, ignored', 'warn'),
  }),
  warned({
    id: 'certificate-compression-failed',
    text: '[SSL_CTX_compress_certs() failed, ignored (<ssl>)|deflateInit() failed: <result>|deflate(Z_FINISH) failed: <result>|deflateEnd() failed: <result>]',
    source: 'ngx_event_openssl.c ngx_ssl_certificate_compression, ngx_ssl_cert_compression_callback',
    meaning: () => 'nginx serves its certificates uncompressed. No request fails because of it.',
    fault: 'nobody',
    status: NO_ANSWER,
    since: '1.29.1',
    example: startUpLine(`SSL_CTX_compress_certs() failed, ignored ${SSL}`, 'warn'),
  }),
  {
    id: 'key-password-truncated',
    text: 'password is truncated to <number> bytes',
    source: 'ngx_event_openssl_cache.c ngx_ssl_cache_pkey_password_callback',
    phase: (entry) => (entry.client === null ? 'start-up' : 'prepare'),
    status: UNCHANGED,
    fault: 'configuration',
    meaning: () =>
      'A password of *_ssl_password_file is longer than OpenSSL takes; with the rest cut off the key may not open.',
    since: null,
    example: startUpLine('password is truncated to 1024 bytes', 'error'),
    causes: [],
  },
];
