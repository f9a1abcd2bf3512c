import { describe, expect, it } from 'vitest';

import { matchMessage, statusOf } from '../../server/src/engine/errorlog/catalogue.ts';
import { causesOf } from '../../server/src/engine/errorlog/message.ts';
import { readEntries } from '../../server/src/engine/errorlog/read-entries.ts';

// Whole lines from other systems, other releases of OpenSSL and other protocols, and what the catalogue makes of them.

const FIELDS = 'client: 198.51.100.7, server: app.test, request: "GET /a HTTP/1.1"';

function explained(message: string, upstream: string, level = 'error') {
  const line = `2026/01/10 08:41:45 [${level}] 165#165: *18127 ${message}, ${FIELDS}, upstream: "${upstream}", host: "app.test"`;
  const entry = readEntries(line).entries[0]!;
  const matched = matchMessage(entry);
  expect(matched?.certainty).toBe('certain');
  const kind = matched!.kind;
  return {
    id: kind.id,
    status: statusOf(kind, entry).code,
    note: statusOf(kind, entry).note,
    meaning: kind.meaning(entry),
    causes: causesOf(kind, entry),
  };
}

describe('lines of other systems', () => {
  it.each([
    [
      'connect() failed (61: Connection refused) while connecting to upstream',
      'connect-failed',
      'backend-down',
    ],
    [
      'connect() failed (10061: No connection could be made because the target machine actively refused it) while connecting to upstream',
      'connect-failed',
      'backend-down',
    ],
    [
      'kevent() reported that connect() failed (61: Connection refused) while connecting to upstream',
      'connect-failed',
      'backend-down',
    ],
    [
      'connect() failed (113: Host is unreachable) while connecting to upstream',
      'connect-failed',
      'unreachable-host',
    ],
    [
      'connect() failed (65: No route to host) while connecting to upstream',
      'connect-failed',
      'unreachable-host',
    ],
    [
      'upstream timed out (60: Operation timed out) while reading response header from upstream',
      'upstream-timed-out',
      'read-timeout',
    ],
    [
      'upstream timed out (10060: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond) while connecting to upstream',
      'upstream-timed-out',
      'connect-timeout',
    ],
    [
      'WSARecv() failed (10054: An existing connection was forcibly closed by the remote host) while reading response header from upstream',
      'recv-failed',
      'backend-reset',
    ],
    [
      'WSASend() failed (10053: An established connection was aborted by the software in your host machine) while sending request to upstream',
      'send-failed',
      'stale-keepalive-connection',
    ],
    [
      'recv() failed (54: Connection reset by peer) while reading response header from upstream',
      'recv-failed',
      'backend-reset',
    ],
  ])('%s', (message, id, cause) => {
    const { id: found, causes } = explained(message, 'http://192.0.2.7:8080/a');
    expect(found).toBe(id);
    expect(causes).toContain(cause);
  });

  it('reads what Windows says of files', () => {
    const entry = readEntries(
      '2026/01/10 08:41:45 [error] 165#2212: *1 CreateFile() "C:\\nginx/html/a" failed (2: The system cannot find the file specified), client: 127.0.0.1, server: localhost, request: "GET /a HTTP/1.1", host: "localhost"',
    ).entries[0]!;
    expect(matchMessage(entry)?.kind.id).toBe('file-failed');
  });
});

describe('TLS, whoever wrote the library', () => {
  const handshake = (error: string) =>
    explained(
      `SSL_do_handshake() failed (SSL: ${error}) while SSL handshaking to upstream`,
      'https://10.1.2.3:8443/a',
    );

  it.each([
    ['error:0A00010B:SSL routines::wrong version number', 'tls-to-plain-backend'],
    ['error:1408F10B:SSL routines:ssl3_get_record:wrong version number', 'tls-to-plain-backend'],
    ['error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER', 'tls-to-plain-backend'],
    ['error:140770FC:SSL routines:SSL23_GET_SERVER_HELLO:unknown protocol', 'tls-to-plain-backend'],
    [
      'error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:SSL alert number 40',
      'sni-missing',
    ],
    [
      'error:14094458:SSL routines:ssl3_read_bytes:tlsv1 unrecognized name:SSL alert number 112',
      'sni-missing',
    ],
    ['error:0A000438:SSL routines::tlsv1 alert internal error:SSL alert number 80', 'sni-missing'],
    ['error:0A00042E:SSL routines::tlsv1 alert protocol version:SSL alert number 70', 'tls-version-mismatch'],
    ['error:0A000102:SSL routines::unsupported protocol', 'tls-version-mismatch'],
    [
      'error:0A000412:SSL routines::sslv3 alert bad certificate:SSL alert number 42',
      'tls-client-certificate-missing',
    ],
    [
      'error:0A000418:SSL routines::tlsv1 alert unknown ca:SSL alert number 48',
      'tls-client-certificate-missing',
    ],
    ['error:141A318A:SSL routines:tls_process_ske_dhe:dh key too small', 'legacy-tls-refused'],
    ['error:0A000152:SSL routines::unsafe legacy renegotiation disabled', 'legacy-tls-refused'],
    ['error:0A000460:SSL routines::reason(1120):SSL alert number 120', 'http2-upstream-mismatch'],
  ])('%s', (error, cause) => {
    const { causes, status } = handshake(error);
    expect(causes[0]).toBe(cause);
    expect(status).toBe('502');
  });

  it.each([
    ['10:certificate has expired', 'it has expired', 'upstream-certificate-rejected'],
    ['18:self signed certificate', 'it signed itself', 'upstream-certificate-rejected'],
    ['62:hostname mismatch', 'not made out for the name', 'verify-name-mismatch'],
    ['66:EE certificate key too weak', 'its key is too short', 'upstream-certificate-rejected'],
  ])('verify error %s', (error, words, cause) => {
    const { meaning, causes } = explained(
      `upstream SSL certificate verify error: (${error}) while SSL handshaking to upstream`,
      'https://10.1.2.3:8443/a',
    );
    expect(meaning).toContain(words);
    expect(causes[0]).toBe(cause);
  });
});

describe('bytes of other protocols', () => {
  const frame = (length: number, upstream: string) =>
    explained(
      `upstream sent too large http2 frame: ${length} while reading response header from upstream`,
      upstream,
    );

  it('tells by the length of a frame who answered', () => {
    expect(frame(4740180, 'grpc://10.1.2.3:8080')).toMatchObject({
      causes: ['grpc-pass-to-http-backend', 'http2-upstream-mismatch'],
      meaning: '10.1.2.3:8080 answered with HTTP/1 ("HTT") where nginx expected HTTP/2.',
    });
    expect(frame(4740180, 'http://10.1.2.3:8080').causes).toEqual(['http2-upstream-mismatch']);
    expect(frame(1377025, 'grpc://10.1.2.3:8443').causes).toEqual(['plain-to-tls-backend']);
    expect(frame(0x535348, 'grpc://10.1.2.3:22').causes).toEqual(['non-http-backend']);
  });

  it('says what a gRPC client sees', () => {
    expect(
      explained(
        'connect() failed (111: Connection refused) while connecting to upstream',
        'grpc://10.1.2.3:1',
      ).note,
    ).toContain('UNAVAILABLE (14)');
  });

  it('tells by the number of an HTTP/2 error what the backend means', () => {
    const rejected = (error: number) =>
      explained(
        `upstream rejected request with error ${error} while reading response header from upstream`,
        'grpc://10.1.2.3:1',
      );
    expect(rejected(2).meaning).toContain('2 (INTERNAL_ERROR)');
    expect(rejected(7).causes).toContain('backend-restarting');
    expect(rejected(13).causes).toEqual(['grpc-pass-to-http-backend']);
  });

  it('tells by the version of FastCGI who answered', () => {
    const version = (byte: number) =>
      explained(
        `upstream sent unsupported FastCGI protocol version: ${byte} while reading response header from upstream`,
        'fastcgi://10.1.2.3:9000',
      );
    expect(version(72).meaning).toContain('HTTP ("H" is 72)');
    expect(version(72).causes).toEqual(['fastcgi-pass-to-http-backend']);
    expect(version(21).causes[0]).toBe('plain-to-tls-backend');
    // "S" of "Status:".
    expect(version(83).causes).toEqual([
      'uwsgi-scgi-mismatch',
      'non-http-backend',
      'fastcgi-pass-to-http-backend',
    ]);
  });
});

describe('start-up errors of modules that nobody knows', () => {
  it('are refusals with a place', () => {
    const entry = readEntries('nginx: [emerg] brotli: bad window in /etc/nginx/conf.d/a.conf:12').entries[0]!;
    const matched = matchMessage(entry);
    expect(matched?.kind.id).toBe('configuration-refused');
    expect(matched?.kind.meaning(entry)).toBe(
      'nginx does not accept what stands in /etc/nginx/conf.d/a.conf, line 12.',
    );
  });

  it('and nothing where there is no place', () => {
    const entry = readEntries('nginx: [emerg] brotli: bad window').entries[0];
    expect(entry === undefined ? null : matchMessage(entry)).toBeNull();
  });
});
