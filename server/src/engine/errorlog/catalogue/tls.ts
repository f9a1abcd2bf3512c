import type { LogEntry } from '../entry.ts';
import { errnoMeaning } from '../errno.ts';
import type { MessageKind, Phase } from '../message.ts';
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
    causes: (entry) =>
      isPrivate(peerHost(entry))
        ? ['tls-to-plain-backend', 'sni-missing', 'tls-version-mismatch', 'proxy-protocol-mismatch']
        : ['sni-missing', 'tls-version-mismatch', 'tls-to-plain-backend'],
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
    causes: (entry) =>
      verifyCode(entry) === 20
        ? ['upstream-certificate-rejected', 'shared-tls-session']
        : ['upstream-certificate-rejected'],
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
    causes: ['verify-name-mismatch'],
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
    fault: 'backend',
    meaning: (entry) => {
      const alert = alertNumber(entry);
      return alert === 116 || alert === 42
        ? `${sentence(peer(entry))} wants a client certificate and got none that it accepts.`
        : `The TLS connection to ${peer(entry)} failed after the handshake: ${sslReason(entry)}.`;
    },
    since: null,
    example:
      '2026/02/10 08:41:45 [error] 165#165: *18127 SSL_read() failed (SSL: error:0A00045C:SSL routines::tlsv13 alert certificate required:SSL alert number 116) while reading response header from upstream, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", upstream: "https://127.0.0.1:3001/", host: "app.test"',
    causes: (entry) => {
      const alert = alertNumber(entry);
      if (alert === 116 || alert === 42 || alert === 40) {
        return ['tls-client-certificate-missing'];
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
    text: 'handshake rejected',
    source: 'ngx_event_openssl.c ngx_ssl_handshake',
    phase: 'client',
    status: CLIENT_TLS,
    fault: 'client',
    meaning: () => 'nginx refused the TLS handshake of a client (ssl_reject_handshake).',
    since: null,
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

/** `error:0A00010B:SSL routines::wrong version number` -> `wrong version number`. */
function sslReason(entry: LogEntry): string {
  const from = entry.message.indexOf('(SSL:');
  if (from < 0) {
    return 'no reason given';
  }
  const first = entry.message.slice(from + 5).split('error:')[1] ?? '';
  // OpenSSL 3 leaves the function's name empty, older releases fill it: routines:FUNCTION:reason.
  const parts = first.split(':');
  const reason = parts[3] ?? parts[parts.length - 1] ?? '';
  return reason.replace(/\).*$/, '').trim() || 'no reason given';
}

function alertNumber(entry: LogEntry): number | null {
  const from = entry.message.indexOf('alert number ');
  const number = from < 0 ? Number.NaN : Number.parseInt(entry.message.slice(from + 13), 10);
  return Number.isNaN(number) ? null : number;
}

/** What arrives when the other side does not speak TLS; the words changed between OpenSSL releases. */
function saysPlain(entry: LogEntry): boolean {
  return /wrong version number|unknown protocol|packet length too long|record layer failure|http request/.test(
    entry.message,
  );
}

function handshakeMeaning(entry: LogEntry): string {
  const target = peer(entry);
  const backend = sentence(target);
  if (saysPlain(entry)) {
    return `nginx began a TLS handshake with ${target}, and what came back was not TLS.`;
  }
  switch (alertNumber(entry)) {
    case 40:
      return `${backend} refused the TLS handshake without saying why.`;
    case 42:
    case 116:
      return `${backend} wants a client certificate and got none that it accepts.`;
    case 70:
      return `${backend} does not accept the TLS versions that nginx offered.`;
    case 80:
      return `${backend} broke off the TLS handshake with an internal error.`;
    case 112:
      return `${backend} does not know the server name in the TLS handshake.`;
    case 120:
      return `${backend} does not speak the protocol that nginx announced in the TLS handshake.`;
    default:
      return `The TLS handshake between nginx and ${target} failed: ${sslReason(entry)}.`;
  }
}

function handshakeCauses(entry: LogEntry): readonly string[] {
  if (saysPlain(entry)) {
    const port = entry.upstream?.port ?? null;
    return port === 443 && !isPrivate(peerHost(entry))
      ? ['tls-to-plain-backend', 'sni-missing']
      : ['tls-to-plain-backend'];
  }
  switch (alertNumber(entry)) {
    case 40:
      return ['sni-missing', 'tls-client-certificate-missing', 'tls-version-mismatch'];
    case 42:
    case 116:
      return ['tls-client-certificate-missing'];
    case 70:
      return ['tls-version-mismatch'];
    case 80:
    case 112:
      return ['sni-missing'];
    case 120:
      return isGrpc(entry) ? ['grpc-pass-to-http-backend'] : ['http2-upstream-mismatch'];
  }
  if (
    /dh key too small|legacy sigalg|unsafe legacy renegotiation|ee key too small|ca md too weak/.test(
      entry.message,
    )
  ) {
    return ['legacy-tls-refused'];
  }
  if (
    /unsupported protocol|version too low|no protocols available|tlsv1 alert protocol version/.test(
      entry.message,
    )
  ) {
    return ['tls-version-mismatch'];
  }
  if (/handshake failure/.test(entry.message)) {
    return ['sni-missing', 'tls-client-certificate-missing', 'tls-version-mismatch'];
  }
  if (/certificate verify failed/.test(entry.message)) {
    return ['upstream-certificate-rejected'];
  }
  return errnoMeaning(entry.errno) === 'reset'
    ? ['tls-to-plain-backend', 'sni-missing']
    : ['tls-version-mismatch', 'sni-missing'];
}

function verifyCode(entry: LogEntry): number | null {
  const code = Number.parseInt(entry.message.slice(entry.message.indexOf('(') + 1), 10);
  return Number.isNaN(code) ? null : code;
}

function verifyReason(entry: LogEntry): string {
  switch (verifyCode(entry)) {
    case 9:
      return 'it is not valid yet';
    case 10:
      return 'it has expired';
    case 18:
      return 'it signed itself and is not in the trusted file';
    case 19:
      return 'its chain ends in a self-signed certificate that is not in the trusted file';
    case 20:
      return 'its issuer is not in the trusted file';
    case 21:
      return 'the chain cannot be built from what the backend sent and the trusted file';
    case 22:
      return 'its chain is longer than the depth that is allowed';
    case 23:
      return 'it was revoked';
    default:
      return between(entry.message, ':', ')', entry.message.indexOf('(')) ?? 'no reason given';
  }
}
