import { describe, expect, it } from 'vitest';

import { type ErrnoMeaning, errnoMeaning } from '../../server/src/engine/errorlog/errno.ts';
import {
  protocolOfByte,
  protocolOfFrame,
  protocolOfText,
  requestOfBlockSize,
} from '../../server/src/engine/errorlog/first-bytes.ts';
import { ALERTS, readSslError } from '../../server/src/engine/errorlog/openssl.ts';
import { DNS_CODES, grpcStatusOf, HTTP2_ERRORS } from '../../server/src/engine/errorlog/protocol-codes.ts';
import { VERIFY_ERRORS } from '../../server/src/engine/errorlog/verify-errors.ts';

describe('errors of systems', () => {
  /** One event in the words of Linux, musl, FreeBSD or macOS, Solaris, and Windows. */
  const SAME: readonly (readonly [meaning: ErrnoMeaning, ...errors: readonly string[]])[] = [
    [
      'refused',
      '111: Connection refused',
      '61: Connection refused',
      '146: Connection refused',
      '10061: No connection could be made because the target machine actively refused it',
      '1225: The remote computer refused the network connection',
      '10061: Es konnte keine Verbindung hergestellt werden, da der Zielcomputer die Verbindung verweigerte',
    ],
    [
      'timed-out',
      '110: Connection timed out',
      '110: Operation timed out',
      '60: Operation timed out',
      '145: Connection timed out',
      '10060: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond',
      '121: The semaphore timeout period has expired',
    ],
    [
      'reset',
      '104: Connection reset by peer',
      '54: Connection reset by peer',
      '131: Connection reset by peer',
      '10054: An existing connection was forcibly closed by the remote host',
      '64: The specified network name is no longer available',
    ],
    [
      'aborted',
      '103: Software caused connection abort',
      '103: Connection aborted',
      '53: Software caused connection abort',
      '10053: An established connection was aborted by the software in your host machine',
    ],
    [
      'no-route',
      '113: No route to host',
      '113: Host is unreachable',
      '65: No route to host',
      '10065: A socket operation was attempted to an unreachable host',
    ],
    [
      'net-unreachable',
      '101: Network is unreachable',
      '101: Network unreachable',
      '51: Network is unreachable',
      '10051: A socket operation was attempted to an unreachable network',
    ],
    [
      'host-down',
      '112: Host is down',
      '64: Host is down',
      '10064: A socket operation failed because the destination host was down',
    ],
    [
      'address-unavailable',
      '99: Cannot assign requested address',
      '99: Address not available',
      "49: Can't assign requested address",
      '10049: The requested address is not valid in its context',
    ],
    [
      'address-in-use',
      '98: Address already in use',
      '98: Address in use',
      '48: Address already in use',
      '10048: Only one usage of each socket address (protocol/network address/port) is normally permitted',
    ],
    [
      'again',
      '11: Resource temporarily unavailable',
      '35: Resource temporarily unavailable',
      '10035: A non-blocking socket operation could not be completed immediately',
    ],
    [
      'too-many-files',
      '24: Too many open files',
      '24: No file descriptors available',
      '10024: Too many open sockets',
    ],
    [
      'permission',
      '13: Permission denied',
      '5: Access is denied',
      '10013: An attempt was made to access a socket in a way forbidden by its access permissions',
    ],
    [
      'no-such-file',
      '2: No such file or directory',
      '2: The system cannot find the file specified',
      '3: The system cannot find the path specified',
    ],
    ['no-space', '28: No space left on device', '112: There is not enough space on the disk'],
    ['broken-pipe', '32: Broken pipe'],
  ];

  it.each(SAME)('%s', (meaning, ...errors) => {
    for (const error of errors) {
      const [code, text] = [Number.parseInt(error, 10), error.slice(error.indexOf(': ') + 2)];
      expect([error, errnoMeaning({ code, text })]).toEqual([error, meaning]);
    }
  });

  it.each([
    '61: No data available',
    '54: Exchange full',
    '60: Device not a stream',
    '64: Machine is not on the network',
    '65: Package not installed',
    '51: Level 2 halted',
    '49: Protocol driver not attached',
    '35: Resource deadlock avoided',
    '53: Invalid request descriptor',
    '62: Timer expired',
    '125: Operation canceled',
    '131: State not recoverable',
    '3: Host not found',
    '2: Server failure',
    '1: Format error',
    '5: Operation refused',
    '32: The process cannot access the file because it is being used by another process',
  ])('%s is none of these', (error) => {
    expect(
      errnoMeaning({ code: Number.parseInt(error, 10), text: error.slice(error.indexOf(': ') + 2) }),
    ).toBeNull();
  });
});

describe("OpenSSL's errors", () => {
  it.each([
    ['error:0A00010B:SSL routines::wrong version number', 'not-tls', null],
    ['error:1408F10B:SSL routines:ssl3_get_record:wrong version number', 'not-tls', null],
    ['error:140770FC:SSL routines:SSL23_GET_SERVER_HELLO:unknown protocol', 'not-tls', null],
    ['error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER', 'not-tls', null],
    ['error:0A0000C6:SSL routines::packet length too long', 'not-tls', null],
    [
      'error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40',
      'handshake-refused',
      40,
    ],
    [
      'error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:SSL alert number 40',
      'handshake-refused',
      40,
    ],
    ['error:0A000410:SSL rout', 'handshake-refused', 40],
    ['error:0A00042E:SSL routines::tlsv1 alert protocol version:SSL alert number 70', 'protocol-version', 70],
    ['error:0A000102:SSL routines::unsupported protocol', 'protocol-version', null],
    ['error:0A00018C:SSL routines::version too low', 'protocol-version', null],
    ['error:0A000458:SSL routines::tlsv1 unrecognized name:SSL alert number 112', 'unknown-name', 112],
    [
      'error:0A00045C:SSL routines::tlsv13 alert certificate required:SSL alert number 116',
      'certificate-wanted',
      116,
    ],
    ['error:0A000418:SSL routines::tlsv1 alert unknown ca:SSL alert number 48', 'certificate-refused', 48],
    ['error:0A000438:SSL routines::tlsv1 alert internal error:SSL alert number 80', 'internal-error', 80],
    ['error:0A00018A:SSL routines::dh key too small', 'too-weak', null],
    ['error:0A00014D:SSL routines::legacy sigalg disallowed or unsupported', 'too-weak', null],
    ['error:0A000152:SSL routines::unsafe legacy renegotiation disabled', 'too-weak', null],
    ['error:0A000126:SSL routines::unexpected eof while reading', 'ended', null],
    ['error:0A000086:SSL routines::certificate verify failed', 'certificate-untrusted', null],
    ['error:0A0000C1:SSL routines::no shared cipher', 'nothing-in-common', null],
    ['error:0A0000EB:SSL routines::no application protocol', 'no-common-protocol', null],
    ['error:0A000119:SSL routines::decryption failed or bad record mac', 'garbled', null],
    ['error:80000002:system library::No such file or directory', null, null],
  ] as const)('%s', (text, meaning, alert) => {
    const read = readSslError(`SSL_do_handshake() failed (SSL: ${text})`);
    expect(read?.meaning).toBe(meaning);
    expect(read?.alert).toBe(alert);
  });

  it('knows the alerts that OpenSSL sends', () => {
    for (const alert of [
      40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 86, 90, 109, 110, 112, 113, 115, 116, 120,
    ]) {
      expect(ALERTS.get(alert)?.says).toMatch(/^[a-z].*[a-z]$/);
    }
  });

  it('finds no error where there is none', () => {
    expect(readSslError('peer closed connection in SSL handshake')).toBeNull();
  });

  it('says why a certificate is not trusted', () => {
    for (const code of [9, 10, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 62, 64, 66, 67, 68, 79]) {
      expect(VERIFY_ERRORS.get(code)?.says).toMatch(/^(it|its|nginx|the|one) /);
    }
  });
});

describe('codes of other protocols', () => {
  it('has names for those of DNS and HTTP/2', () => {
    expect([1, 2, 3, 4, 5].map((code) => DNS_CODES.get(code)?.name)).toEqual([
      'FORMERR',
      'SERVFAIL',
      'NXDOMAIN',
      'NOTIMP',
      'REFUSED',
    ]);
    expect(HTTP2_ERRORS).toHaveLength(14);
    expect(HTTP2_ERRORS[7]?.name).toBe('REFUSED_STREAM');
    expect(HTTP2_ERRORS[13]?.name).toBe('HTTP_1_1_REQUIRED');
  });

  it('knows what a gRPC client makes of a status', () => {
    expect(grpcStatusOf('502')).toBe('UNAVAILABLE (14)');
    expect(grpcStatusOf('500')).toBe('UNKNOWN (2)');
    expect(grpcStatusOf('404')).toBe('UNIMPLEMENTED (12)');
  });
});

describe('first bytes', () => {
  it.each([
    [4740180, 'http'],
    [0x150301, 'tls-alert'],
    [1377027, 'tls-alert'],
    [0x160303, 'tls-handshake'],
    [0x535348, 'ssh'],
    [0x323230, 'smtp'],
    [0x2d4552, 'redis'],
    [0x2b4f4b, 'pop3'],
    [0x505249, 'http2'],
    [0x3c2144, 'html'],
    [0x3c6874, 'html'],
    [0x7b2265, 'json'],
    [0x455252, 'memcached'],
    [0x414d51, 'amqp'],
    [0x4a0000, 'mysql'],
    [0x450000, 'postgresql'],
    [0x010300, 'fastcgi'],
  ] as const)('a frame of %i bytes is %s', (length, protocol) => {
    expect(protocolOfFrame(length)?.protocol).toBe(protocol);
  });

  it('says nothing of a length that may be one', () => {
    expect(protocolOfFrame(16385)).toBeNull();
    expect(protocolOfFrame(0x123456)).toBeNull();
    expect(protocolOfFrame(Number.NaN)).toBeNull();
  });

  it('spells what can be spelt', () => {
    expect(protocolOfFrame(4740180)?.words).toBe('HTTP/1 ("HTT")');
    expect(protocolOfFrame(1377025)?.words).toBe('a TLS alert');
    expect(protocolOfByte(72)?.words).toBe('HTTP ("H" is 72)');
    expect(requestOfBlockSize(21573)?.words).toBe('HTTP ("ET" of GET)');
  });

  it.each([
    ['HTTP/1.1 400 Bad Request', 'http'],
    ['SSH-2.0-OpenSSH_9.2', 'ssh'],
    ['220 mail.test ESMTP', 'smtp'],
    ['-ERR unknown command', 'redis'],
    ['\x15\x03\x01\x00\x02\x02P', 'tls-alert'],
    ['PRI * HTTP/2.0', 'http2'],
  ] as const)('%j is %s', (text, protocol) => {
    expect(protocolOfText(text)?.protocol).toBe(protocol);
  });

  it('takes no text for a protocol without a sign', () => {
    expect(protocolOfText('')).toBeNull();
    expect(protocolOfText('VALUE a 0 2')).toBeNull();
    expect(protocolOfByte(1)).toBeNull();
    expect(requestOfBlockSize(21574)).toBeNull();
  });

  it.each([
    [21573, 'http'],
    [21327, 'http'],
    [16709, 'http'],
    [259, 'tls-handshake'],
  ] as const)('a block of %i bytes for uWSGI is %s', (size, protocol) => {
    expect(requestOfBlockSize(size)?.protocol).toBe(protocol);
  });
});
