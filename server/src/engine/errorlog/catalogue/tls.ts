import type { LogEntry } from '../entry.ts';
import { errnoMeaning } from '../errno.ts';
import type { MessageKind, Phase } from '../message.ts';
import { ALERTS, readSslError } from '../openssl.ts';
import { VERIFY_ERRORS } from '../verify-errors.ts';
import {
  between,
  internalError,
  isGrpc,
  isPrivate,
  isTls,
  peer,
  peerHost,
  phaseOf,
  phaseOr,
  sentence,
  upstreamFailure,
  verdict,
} from './shared.ts';

const UPSTREAM_PHASES: ReadonlySet<Phase> = new Set(['connect', 'tls', 'send', 'header', 'body', 'upgraded']);

/** TLS texts are the same on both sides of nginx; the action tells which side. */
function isUpstreamSide(entry: LogEntry): boolean {
  // During the handshake with a client there is no request yet; with one it is a backend, whoever connected to it.
  if (entry.request !== null) {
    return true;
  }
  return UPSTREAM_PHASES.has(
    phaseOf(entry, entry.upstream === null && entry.client !== null ? 'client' : 'tls'),
  );
}

const CLIENT_TLS = verdict(
  null,
  'closed',
  'likely',
  'The failure is between the client and nginx; no backend was asked. The client got no HTTP answer.',
);

/** TLS between nginx and the backend, and the look-alikes of the client's side. */
export const tls: readonly MessageKind[] = [
  {
    id: 'ssl-handshake-failed',
    text: 'SSL_do_handshake() failed (<ssl>)[ (<errno>)]',
    source: 'ngx_event_openssl.c ngx_ssl_handshake',
    phase: 'tls',
    when: isUpstreamSide,
    status: upstreamFailure('tls'),
    fault: 'configuration',
    meaning: handshakeMeaning,
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "https://127.0.0.1:3001/", host: "app.test"',
    causes: handshakeCauses,
  },
  {
    id: 'client-ssl-handshake-failed',
    text: 'SSL_do_handshake() failed (<ssl>)[ (<errno>)]',
    source: 'ngx_event_openssl.c ngx_ssl_handshake',
    phase: 'client',
    when: (entry) => !isUpstreamSide(entry),
    status: CLIENT_TLS,
    fault: 'client',
    meaning: (entry) =>
      `The TLS handshake between ${entry.client ?? 'a client'} and nginx failed; no backend was asked.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [info] 165#165: *18127 SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL handshaking, client: 10.0.0.9, server: 0.0.0.0:443',
    causes: [],
  },
  {
    id: 'peer-closed-in-handshake',
    text: 'peer closed connection in SSL handshake[ (<errno>)]',
    source: 'ngx_event_openssl.c ngx_ssl_handshake',
    phase: 'tls',
    when: isUpstreamSide,
    status: upstreamFailure('tls'),
    fault: 'unknown',
    meaning: (entry) =>
      entry.errno === null
        ? `${sentence(peer(entry))} closed the connection in the middle of the TLS handshake.`
        : `${sentence(peer(entry))} reset the connection in the middle of the TLS handshake.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 peer closed connection in SSL handshake (104: Connection reset by peer) while SSL handshaking to upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "https://127.0.0.1:3001/", host: "app.test"',
    causes: endedCauses,
  },
  {
    id: 'client-closed-in-handshake',
    text: 'peer closed connection in SSL handshake[ (<errno>)]',
    source: 'ngx_event_openssl.c ngx_ssl_handshake',
    phase: 'client',
    when: (entry) => !isUpstreamSide(entry),
    status: CLIENT_TLS,
    fault: 'client',
    meaning: (entry) =>
      `${sentence(entry.client ?? 'the client')} left in the middle of the TLS handshake with nginx; no backend was asked.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [info] 165#165: *18127 peer closed connection in SSL handshake while SSL handshaking, client: 10.0.0.9, server: 0.0.0.0:443',
    causes: [],
  },
  {
    id: 'upstream-certificate-verify-error',
    text: 'upstream SSL certificate verify error: (<code>:<reason>)',
    source: 'ngx_http_upstream.c ngx_http_upstream_ssl_handshake',
    phase: 'tls',
    status: upstreamFailure('tls'),
    fault: 'configuration',
    meaning: (entry) =>
      `nginx checked the certificate of ${peer(entry)} and rejected it: ${verifyReason(entry)}.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 upstream SSL certificate verify error: (18:self-signed certificate) while SSL handshaking to upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "https://127.0.0.1:3001/", host: "app.test"',
    causes: verifyCauses,
  },
  {
    id: 'upstream-certificate-name-mismatch',
    text: 'upstream SSL certificate does not match "<name>"',
    source: 'ngx_http_upstream.c ngx_http_upstream_ssl_handshake',
    phase: 'tls',
    status: upstreamFailure('tls'),
    fault: 'configuration',
    meaning: (entry) => {
      const name = between(entry.message, '"', '"', 0) ?? '';
      return `The certificate of ${peer(entry)} is not made out for "${name}", the name that nginx checked.`;
    },
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 upstream SSL certificate does not match "127.0.0.1" while SSL handshaking to upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "https://127.0.0.1:3001/", host: "app.test"',
    causes: ['verify-name-mismatch', 'sni-missing'],
  },
  {
    id: 'upstream-prematurely-sent-response',
    text: 'upstream prematurely sent response',
    source: 'ngx_http_upstream.c ngx_http_upstream_process_header',
    phase: phaseOr('header'),
    status: upstreamFailure('header'),
    fault: 'configuration',
    meaning: (entry) =>
      isTls(entry)
        ? `${sentence(peer(entry))} sent unencrypted bytes before the TLS handshake was over.`
        : `${sentence(peer(entry))} sent an answer before nginx had sent the request.`,
    since: '1.29.5',
    backported: ['1.28.2'],
    example:
      '2026/02/10 08:41:45 [error] 165#165: *18127 upstream prematurely sent response while reading response header from upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "https://127.0.0.1:2222/", host: "app.test"',
    causes: (entry) =>
      isTls(entry)
        ? ['tls-to-plain-backend', 'non-http-backend']
        : ['non-http-backend', 'stale-keepalive-connection'],
  },
  {
    id: 'ssl-io-failed',
    text: '<function>() failed (<ssl>)[ (<errno>)]',
    source:
      'ngx_event_openssl.c ngx_ssl_connection_error, called by ngx_ssl_recv, ngx_ssl_write and ngx_ssl_shutdown',
    phase: phaseOr('header'),
    when: (entry) =>
      isUpstreamSide(entry) &&
      /^SSL_(read|write|sendfile|shutdown|peek|read_early_data|write_early_data)\(/.test(entry.message),
    status: upstreamFailure('header'),
    // The handshake is over for nginx before a TLS 1.3 backend has looked at its certificate.
    fault: (entry) =>
      readSslError(entry.message)?.meaning === 'certificate-wanted' ? 'configuration' : 'backend',
    meaning: (entry) => {
      const alert = ALERTS.get(readSslError(entry.message)?.alert ?? -1);
      return alert === undefined
        ? `The TLS connection to ${peer(entry)} failed after the handshake: ${sslReason(entry)}.`
        : `${sentence(peer(entry))} ${alert.says}.`;
    },
    since: null,
    example:
      '2026/02/10 08:41:45 [error] 165#165: *18127 SSL_read() failed (SSL: error:0A00045C:SSL routines::tlsv13 alert certificate required:SSL alert number 116) while reading response header from upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "https://127.0.0.1:3001/", host: "app.test"',
    causes: (entry) => {
      // TLS 1.3 is over for the client before the backend has looked at its certificate.
      switch (readSslError(entry.message)?.meaning) {
        case 'certificate-wanted':
        case 'certificate-refused':
        case 'handshake-refused':
          return ['tls-client-certificate-missing'];
        case 'no-common-protocol':
          return isGrpc(entry) ? ['grpc-pass-to-http-backend'] : ['http2-upstream-mismatch'];
      }
      return phaseOf(entry, 'header') === 'body' ? ['response-cut'] : ['backend-closed-early'];
    },
  },
  {
    id: 'client-ssl-io-failed',
    text: '<function>() failed (<ssl>)[ (<errno>)]',
    source: 'ngx_event_openssl.c ngx_ssl_connection_error',
    phase: 'client',
    when: (entry) =>
      !isUpstreamSide(entry) &&
      /^SSL_(read|write|sendfile|shutdown|peek|read_early_data|write_early_data)\(/.test(entry.message),
    status: CLIENT_TLS,
    fault: 'client',
    meaning: (entry) => `The TLS connection between ${entry.client ?? 'a client'} and nginx failed.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [info] 165#165: *18127 SSL_read() failed (SSL: error:0A000119:SSL routines::decryption failed or bad record mac) while waiting for request, client: 10.0.0.9, server: 0.0.0.0:443',
    causes: [],
  },
  {
    id: 'ssl-name-not-set',
    text: '<function>(<argument>) failed (<ssl>)',
    source: 'ngx_http_upstream.c ngx_http_upstream_ssl_name, ngx_http_upstream_ssl_init_connection',
    phase: 'prepare',
    when: (entry) => /^SSL_set_(tlsext_host_name|alpn_protos)\(/.test(entry.message),
    status: internalError,
    fault: 'configuration',
    meaning: () =>
      'OpenSSL did not take the name or the protocol that nginx wanted to announce to the backend.',
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 SSL_set_tlsext_host_name("a.test") failed (SSL: error:0A00014D:SSL routines::ssl3 ext invalid servername) while connecting to upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "https://127.0.0.1:3001/", host: "app.test"',
    causes: [],
  },
  {
    id: 'handshake-rejected',
    text: 'handshake rejected[ (<errno>)]',
    source: 'ngx_event_openssl.c ngx_ssl_handshake',
    phase: 'client',
    status: CLIENT_TLS,
    fault: 'client',
    meaning: () => 'nginx refused the TLS handshake of a client (ssl_reject_handshake).',
    since: '1.19.4',
    example:
      '2024/10/21 08:41:45 [info] 165#165: *18127 handshake rejected while SSL handshaking, client: 10.0.0.9, server: 0.0.0.0:443',
    causes: [],
  },
  {
    id: 'stapling-no-resolver',
    text: 'no resolver defined to resolve <name>',
    source: 'ngx_event_openssl_stapling.c ngx_ssl_ocsp_request',
    phase: 'client',
    when: (entry) => entry.action === 'requesting certificate status',
    status: verdict(
      null,
      'none',
      'certain',
      'This is about OCSP stapling towards clients; requests are served all the same.',
    ),
    fault: 'nobody',
    meaning: () =>
      'nginx could not ask for the status of its own certificate (OCSP stapling): no DNS server is configured. No request fails because of it.',
    since: null,
    example:
      '2024/10/21 08:41:45 [warn] 165#165: no resolver defined to resolve ocsp.ca.test while requesting certificate status, responder: ocsp.ca.test, certificate: "/etc/nginx/cert.pem"',
    causes: [],
  },
  {
    id: 'stapling-not-resolved',
    text: '<name> could not be resolved (<errno>)',
    source: 'ngx_event_openssl_stapling.c ngx_ssl_ocsp_resolve_handler',
    phase: 'client',
    when: (entry) => entry.action === 'requesting certificate status',
    status: verdict(
      null,
      'none',
      'certain',
      'This is about OCSP stapling towards clients; requests are served all the same.',
    ),
    fault: 'nobody',
    meaning: () =>
      'nginx could not look up the OCSP responder of its own certificate. No request fails because of it.',
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: ocsp.ca.test could not be resolved (110: Operation timed out) while requesting certificate status, responder: ocsp.ca.test, certificate: "/etc/nginx/cert.pem"',
    causes: [],
  },
  ...[
    'timed out (<errno>)',
    'prematurely closed connection',
    'sent invalid response',
    'sent invalid "Content-Type" header: "<line>"',
  ].map(
    (what): MessageKind => ({
      id: `stapling-responder-${what
        .split(' ')
        .slice(0, 3)
        .join('-')
        .toLowerCase()
        .replace(/[^a-z-]/g, '')
        .replace(/-+$/, '')}`,
      text: `OCSP responder ${what}`,
      source: 'ngx_event_openssl_stapling.c ngx_ssl_ocsp_read_handler, ngx_ssl_ocsp_process_headers',
      phase: 'client',
      status: verdict(
        null,
        'none',
        'certain',
        'This is about OCSP stapling towards clients; requests are served all the same.',
      ),
      fault: 'nobody',
      meaning: () =>
        'nginx did not get the status of its own certificate from the OCSP responder. No request fails because of it.',
      since: null,
      example: `2024/10/21 08:41:45 [error] 165#165: OCSP responder ${what.replace('<errno>', '110: Connection timed out').replace('<line>', 'text/html')} while requesting certificate status, responder: ocsp.ca.test, peer: 192.0.2.9:80, certificate: "/etc/nginx/cert.pem"`,
      causes: [],
    }),
  ),
  {
    id: 'stapling-response-refused',
    text: '[OCSP response not successful (<what>)|certificate status "<what>" in the OCSP response|certificate status not found in the OCSP response|invalid nextUpdate time in certificate status|could not allocate new entry<place>|empty host in OCSP responder in certificate|no OCSP responder URL in certificate|invalid URL prefix in OCSP responder "<url>" in certificate|invalid host in OCSP responder "<url>" in certificate|OCSP_<function>() failed (<ssl>)|d2i_OCSP_<function>) failed (<ssl>)|i2d_OCSP_<function>) failed (<ssl>)|X509_STORE_CTX_<function>() failed (<ssl>)|X509_verify_cert() failed (<ssl>)|OPENSSL_malloc() failed (<ssl>)]',
    source:
      'ngx_event_openssl_stapling.c ngx_ssl_ocsp_verify, ngx_ssl_ocsp_responder, ngx_ssl_ocsp_create_request',
    phase: 'client',
    status: verdict(
      null,
      'none',
      'likely',
      'This is about OCSP towards clients; with ssl_ocsp on a client with a certificate gets 400, else requests are served all the same.',
    ),
    fault: 'nobody',
    meaning: () =>
      'nginx could not use what an OCSP responder said of a certificate. No backend is concerned.',
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: OCSP response not successful (6: unauthorized) while requesting certificate status, responder: ocsp.ca.test, peer: 192.0.2.9:80, certificate: "/etc/nginx/cert.pem"',
    causes: [],
  },
  {
    id: 'stapling-ignored',
    text: '"ssl_stapling" ignored, <reason>',
    source: 'ngx_event_openssl_stapling.c ngx_ssl_stapling_issuer, ngx_ssl_stapling_responder',
    phase: 'start-up',
    status: verdict(null, 'none', 'certain', 'nginx starts; only stapling is off.'),
    fault: 'nobody',
    meaning: () => 'nginx serves without OCSP stapling. No request fails because of it.',
    since: null,
    example:
      '2024/10/21 08:41:45 [warn] 165#165: "ssl_stapling" ignored, issuer certificate not found for certificate "/etc/nginx/cert.pem"',
    causes: [],
  },
];

/** OpenSSL's words for what failed. */
function sslReason(entry: LogEntry): string {
  return readSslError(entry.message)?.reason || 'no reason given';
}

function handshakeMeaning(entry: LogEntry): string {
  const target = peer(entry);
  const error = readSslError(entry.message);
  const alert = error?.alert === null || error === null ? undefined : ALERTS.get(error.alert);
  if (alert !== undefined) {
    return `${sentence(target)} ${alert.says}.`;
  }
  switch (error?.meaning) {
    case 'not-tls':
      return `nginx began a TLS handshake with ${target}, and what came back was not TLS.`;
    case 'protocol-version':
      return `nginx and ${target} have no TLS version in common: ${sslReason(entry)}.`;
    case 'too-weak':
      return `OpenSSL on nginx's machine refuses the TLS of ${target} as too weak: ${sslReason(entry)}.`;
    case 'ended':
      return `${sentence(target)} closed the connection in the middle of the TLS handshake.`;
    default:
      return `The TLS handshake between nginx and ${target} failed: ${sslReason(entry)}.`;
  }
}

/** What may be wrong when a backend ends the handshake without a word. */
function endedCauses(entry: LogEntry): readonly string[] {
  return isPrivate(peerHost(entry))
    ? ['tls-to-plain-backend', 'sni-missing', 'tls-version-mismatch', 'proxy-protocol-mismatch']
    : ['sni-missing', 'tls-version-mismatch', 'tls-to-plain-backend'];
}

function handshakeCauses(entry: LogEntry): readonly string[] {
  switch (readSslError(entry.message)?.meaning) {
    case 'not-tls':
      return entry.upstream?.port === 443 && !isPrivate(peerHost(entry))
        ? ['tls-to-plain-backend', 'sni-missing']
        : ['tls-to-plain-backend'];
    case 'handshake-refused':
      return ['sni-missing', 'tls-client-certificate-missing', 'tls-version-mismatch'];
    case 'certificate-wanted':
    case 'certificate-refused':
    case 'own-files':
      return ['tls-client-certificate-missing'];
    case 'certificate-untrusted':
      return ['upstream-certificate-rejected'];
    case 'protocol-version':
    case 'nothing-in-common':
      // Without a name the server takes its first host, with that host's protocols.
      return ['tls-version-mismatch', 'sni-missing'];
    case 'unknown-name':
      return ['sni-missing'];
    case 'internal-error':
      return ['sni-missing', 'tls-version-mismatch'];
    case 'no-common-protocol':
      return isGrpc(entry) ? ['grpc-pass-to-http-backend'] : ['http2-upstream-mismatch'];
    case 'too-weak':
      return ['legacy-tls-refused'];
    case 'ended':
      return endedCauses(entry);
    default:
      return errnoMeaning(entry.errno) === 'reset'
        ? ['tls-to-plain-backend', 'sni-missing']
        : ['tls-version-mismatch', 'sni-missing'];
  }
}

function verifyCode(entry: LogEntry): number | null {
  const code = Number.parseInt(entry.message.slice(entry.message.indexOf('(') + 1), 10);
  return Number.isNaN(code) ? null : code;
}

function verifyReason(entry: LogEntry): string {
  const known = VERIFY_ERRORS.get(verifyCode(entry) ?? -1);
  return known?.says ?? between(entry.message, ':', ')', entry.message.indexOf('(')) ?? 'no reason given';
}

/** Without a server name the backend shows the certificate of its first host, which nobody meant. */
function verifyCauses(entry: LogEntry): readonly string[] {
  const code = verifyCode(entry);
  if (code !== null && code >= 18 && code <= 21) {
    return ['upstream-certificate-rejected', 'sni-missing', 'shared-tls-session'];
  }
  return VERIFY_ERRORS.get(code ?? -1)?.about === 'name' && (code === 62 || code === 64)
    ? ['verify-name-mismatch']
    : ['upstream-certificate-rejected'];
}
