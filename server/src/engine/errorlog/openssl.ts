/**
 * What OpenSSL says of a failed connection, as nginx quotes it: `(SSL: error:0A00010B:SSL routines::wrong version
 * number:SSL alert number 70)`. The number decides; the words and the layout changed between releases, and LibreSSL
 * and BoringSSL have their own.
 */

/** What a reason or an alert comes down to. */
export type TlsMeaning =
  /** The other side does not speak TLS at all. */
  | 'not-tls'
  | 'protocol-version'
  /** No cipher, group or signature algorithm in common, or refused without saying why. */
  | 'nothing-in-common'
  | 'handshake-refused'
  /** The other side wants a certificate of ours, or none that it got was right. */
  | 'certificate-wanted'
  /** The other side does not trust or like the certificate that it got. */
  | 'certificate-refused'
  /** Our own check of the other side's certificate failed. */
  | 'certificate-untrusted'
  | 'unknown-name'
  | 'no-common-protocol'
  /** Refused by the security level of OpenSSL here: short keys, old signatures, old renegotiation. */
  | 'too-weak'
  | 'internal-error'
  /** Bytes that do not fit together: a broken or hostile path, or a bug. */
  | 'garbled'
  /** The connection ended without a goodbye. */
  | 'ended'
  /** A key or certificate file of nginx's own does not fit. */
  | 'own-files';

export interface SslError {
  /** The number in hexadecimal digits as a number; null when it was cut. */
  readonly code: number | null;
  /** OpenSSL's words for the reason. */
  readonly reason: string;
  /** Number of the alert that the other side sent; null when it sent none. */
  readonly alert: number | null;
  readonly meaning: TlsMeaning | null;
}

export interface Alert {
  /** The name in RFC 8446 and its predecessors. */
  readonly name: string;
  /** What the other side says with it, as the end of "the backend ...". */
  readonly says: string;
  readonly meaning: TlsMeaning;
}

/** Alerts by number. */
export const ALERTS: ReadonlyMap<number, Alert> = new Map<number, Alert>([
  [0, { name: 'close_notify', says: 'closed the connection', meaning: 'ended' }],
  [10, { name: 'unexpected_message', says: 'got a message that it did not expect', meaning: 'garbled' }],
  [20, { name: 'bad_record_mac', says: 'could not decrypt what it got', meaning: 'garbled' }],
  [21, { name: 'decryption_failed', says: 'could not decrypt what it got', meaning: 'garbled' }],
  [22, { name: 'record_overflow', says: 'got a record that is too long', meaning: 'garbled' }],
  [30, { name: 'decompression_failure', says: 'could not decompress what it got', meaning: 'garbled' }],
  [
    40,
    {
      name: 'handshake_failure',
      says: 'refused the TLS handshake without saying why',
      meaning: 'handshake-refused',
    },
  ],
  [41, { name: 'no_certificate', says: 'has no certificate to show', meaning: 'certificate-wanted' }],
  [
    42,
    {
      name: 'bad_certificate',
      says: 'wants a client certificate and got none that it accepts',
      meaning: 'certificate-wanted',
    },
  ],
  [
    43,
    {
      name: 'unsupported_certificate',
      says: 'cannot use the kind of certificate that it got',
      meaning: 'certificate-refused',
    },
  ],
  [
    44,
    {
      name: 'certificate_revoked',
      says: 'got a client certificate that was revoked',
      meaning: 'certificate-refused',
    },
  ],
  [
    45,
    {
      name: 'certificate_expired',
      says: 'got a client certificate that has expired',
      meaning: 'certificate-refused',
    },
  ],
  [
    46,
    {
      name: 'certificate_unknown',
      says: 'does not accept the certificate that it got',
      meaning: 'certificate-refused',
    },
  ],
  [47, { name: 'illegal_parameter', says: 'got a value that makes no sense to it', meaning: 'garbled' }],
  [
    48,
    {
      name: 'unknown_ca',
      says: 'does not know the issuer of the certificate that it got',
      meaning: 'certificate-refused',
    },
  ],
  [
    49,
    {
      name: 'access_denied',
      says: 'accepts the certificate that it got, but not its owner',
      meaning: 'certificate-refused',
    },
  ],
  [50, { name: 'decode_error', says: 'could not read a message of the handshake', meaning: 'garbled' }],
  [51, { name: 'decrypt_error', says: 'could not verify a signature of the handshake', meaning: 'garbled' }],
  [
    60,
    {
      name: 'export_restriction',
      says: 'has no cipher in common with nginx',
      meaning: 'nothing-in-common',
    },
  ],
  [
    70,
    {
      name: 'protocol_version',
      says: 'does not accept the TLS versions that nginx offered',
      meaning: 'protocol-version',
    },
  ],
  [
    71,
    {
      name: 'insufficient_security',
      says: 'wants stronger ciphers than nginx offered',
      meaning: 'nothing-in-common',
    },
  ],
  [
    80,
    {
      name: 'internal_error',
      says: 'broke off the TLS handshake with an internal error',
      meaning: 'internal-error',
    },
  ],
  [
    86,
    {
      name: 'inappropriate_fallback',
      says: 'knows a newer TLS version than the one that was offered again',
      meaning: 'protocol-version',
    },
  ],
  [90, { name: 'user_canceled', says: 'broke off the handshake on purpose', meaning: 'ended' }],
  [100, { name: 'no_renegotiation', says: 'does not negotiate a second time', meaning: 'too-weak' }],
  [
    109,
    {
      name: 'missing_extension',
      says: 'missed something in the handshake that it needs, mostly the server name',
      meaning: 'unknown-name',
    },
  ],
  [
    110,
    {
      name: 'unsupported_extension',
      says: 'got an extension that it had not asked for',
      meaning: 'garbled',
    },
  ],
  [
    111,
    {
      name: 'certificate_unobtainable',
      says: 'could not fetch the certificate',
      meaning: 'certificate-refused',
    },
  ],
  [
    112,
    {
      name: 'unrecognized_name',
      says: 'does not know the server name in the TLS handshake',
      meaning: 'unknown-name',
    },
  ],
  [
    113,
    {
      name: 'bad_certificate_status_response',
      says: 'got a status of the certificate (OCSP) that is no good',
      meaning: 'certificate-refused',
    },
  ],
  [
    114,
    {
      name: 'bad_certificate_hash_value',
      says: 'got a certificate that is not the announced one',
      meaning: 'certificate-refused',
    },
  ],
  [
    115,
    {
      name: 'unknown_psk_identity',
      says: 'does not know the pre-shared key that nginx offered',
      meaning: 'handshake-refused',
    },
  ],
  [
    116,
    {
      name: 'certificate_required',
      says: 'wants a client certificate and got none that it accepts',
      meaning: 'certificate-wanted',
    },
  ],
  [
    120,
    {
      name: 'no_application_protocol',
      says: 'does not speak the protocol that nginx announced in the TLS handshake',
      meaning: 'no-common-protocol',
    },
  ],
]);

/** Reason numbers of OpenSSL's "SSL routines", the same in 1.1.1 and 3.x (`openssl errstr 0A00010B`). */
const REASONS: ReadonlyMap<number, TlsMeaning> = new Map<number, TlsMeaning>([
  [66, 'too-weak'], // bad ecc cert: 1.0.2
  [101, 'nothing-in-common'], // no suitable key share
  [108, 'garbled'], // bad key share
  [110, 'garbled'], // bad extension
  [115, 'garbled'], // bad packet length
  [116, 'not-tls'], // bad protocol version number
  [118, 'too-weak'], // no suitable signature algorithm
  [123, 'garbled'], // bad signature
  [129, 'garbled'], // block cipher pad is wrong
  [134, 'certificate-untrusted'], // certificate verify failed
  [146, 'not-tls'], // data length too long
  [147, 'garbled'], // decryption failed
  [149, 'garbled'], // digest check failed
  [150, 'not-tls'], // encrypted length too long
  [152, 'not-tls'], // excessive message size
  [155, 'not-tls'], // https proxy request
  [156, 'not-tls'], // http request
  [159, 'garbled'], // length mismatch
  [160, 'garbled'], // length too short
  [166, 'protocol-version'], // version too high
  [181, 'nothing-in-common'], // no ciphers available
  [185, 'nothing-in-common'], // no cipher match
  [191, 'protocol-version'], // no protocols available
  [193, 'nothing-in-common'], // no shared cipher
  [198, 'not-tls'], // packet length too long
  [199, 'certificate-wanted'], // peer did not return a certificate
  [205, 'not-tls'], // invalid alert
  [221, 'own-files'], // missing signing cert
  [223, 'handshake-refused'], // psk identity not found
  [226, 'unknown-name'], // clienthello tlsext
  [227, 'garbled'], // parse tlsext
  [229, 'handshake-refused'], // ssl handshake failure
  [235, 'no-common-protocol'], // no application protocol
  [241, 'nothing-in-common'], // insufficient security
  [244, 'garbled'], // unexpected message
  [245, 'garbled'], // unexpected record
  [246, 'not-tls'], // unknown alert type
  [252, 'not-tls'], // unknown protocol
  [258, 'protocol-version'], // unsupported protocol
  [259, 'protocol-version'], // unsupported ssl version
  [260, 'garbled'], // invalid ccs message
  [261, 'nothing-in-common'], // wrong cipher returned
  [266, 'protocol-version'], // wrong ssl version
  [267, 'not-tls'], // wrong version number
  [271, 'garbled'], // bad length
  [275, 'unknown-name'], // serverhello tlsext
  [281, 'garbled'], // decryption failed or bad record mac
  [288, 'own-files'], // private key mismatch
  [291, 'ended'], // application data after close notify
  [292, 'protocol-version'], // bad legacy version
  [294, 'ended'], // unexpected eof while reading
  [295, 'nothing-in-common'], // no suitable groups
  [297, 'too-weak'], // no suitable digest algorithm
  [298, 'not-tls'], // record too small
  [304, 'too-weak'], // bad ecc cert
  [306, 'garbled'], // bad ecpoint
  [319, 'unknown-name'], // ssl3 ext invalid servername
  [332, 'garbled'], // bad handshake length
  [333, 'too-weak'], // legacy sigalg disallowed or unsupported
  [336, 'too-weak'], // renegotiation encoding err
  [337, 'too-weak'], // renegotiation mismatch
  [338, 'too-weak'], // unsafe legacy renegotiation disabled
  [339, 'too-weak'], // no renegotiation
  [370, 'too-weak'], // wrong signature type
  [373, 'protocol-version'], // inappropriate fallback
  [376, 'nothing-in-common'], // no shared signature algorithms
  [377, 'own-files'], // cert cb error
  [378, 'nothing-in-common'], // wrong curve
  [383, 'certificate-refused'], // wrong certificate type
  [394, 'too-weak'], // dh key too small
  [396, 'protocol-version'], // version too low
  [397, 'too-weak'], // ca key too small
  [398, 'too-weak'], // ca md too weak
  [399, 'too-weak'], // ee key too small
  [404, 'garbled'], // length too long
  [410, 'nothing-in-common'], // no shared groups
  [443, 'not-tls'], // bad record type
]);

/** Words of libraries whose numbers are others: BoringSSL ("WRONG_VERSION_NUMBER"), LibreSSL, GOST patches. */
const WORDS: readonly (readonly [words: RegExp, meaning: TlsMeaning])[] = [
  [
    /wrong[ _]version[ _]number|unknown[ _]protocol|packet[ _]length[ _]too[ _]long|data[ _]length[ _]too[ _]long|record layer failure|\bhttps?[ _](?:proxy[ _])?request/i,
    'not-tls',
  ],
  [
    /unsupported[ _]protocol|version[ _]too[ _](?:low|high)|no protocols available|alert protocol version|protocol_version/i,
    'protocol-version',
  ],
  [
    /(?:dh|ee|ca)[ _]key[ _]too[ _]small|legacy sigalg|legacy renegotiation|ca[ _]md[ _]too[ _]weak|dh_p_too_|bad_dh_p_length/i,
    'too-weak',
  ],
  [/certificate[ _]verify[ _]failed/i, 'certificate-untrusted'],
  [/certificate[ _]required|bad[ _]certificate\b/i, 'certificate-wanted'],
  [/unrecognized[ _]name/i, 'unknown-name'],
  [/no[ _]application[ _]protocol/i, 'no-common-protocol'],
  [/no[ _]shared[ _]cipher|no[ _]ciphers|no[ _]common|unsupported[ _]cipher/i, 'nothing-in-common'],
  [/handshake[ _]failure/i, 'handshake-refused'],
  [/unexpected eof|unexpected_eof/i, 'ended'],
  [/bad[ _]record[ _]mac|decryption[ _]failed|bad[ _]decrypt/i, 'garbled'],
  [/internal[ _]error/i, 'internal-error'],
];

/** OpenSSL's library number of "SSL routines". */
const SSL_LIBRARY = 20;

/**
 * Takes the first error of `(SSL: error:... error:...)` apart, also where a person left the beginning out
 * (`... SSL alert number 40`); null when the message has none.
 */
export function readSslError(message: string): SslError | null {
  const from = message.indexOf('(SSL:');
  if (from < 0 && !message.includes('alert number ') && !message.includes('error:')) {
    return null;
  }
  const text = message.slice(from < 0 ? 0 : from + 5);
  const errors = text.split('error:');
  const first = errors[1] ?? '';
  const digits = /^[0-9A-Fa-f]{8}/.exec(first)?.[0] ?? null;
  const code = digits === null ? null : Number.parseInt(digits, 16);
  // OpenSSL 3 leaves the function's name empty, older releases fill it: routines:FUNCTION:reason.
  const parts = first.split(':');
  const reason = (parts[3] ?? parts[parts.length - 1] ?? '').replace(/\).*$/, '').trim();
  const alert = alertOf(text, code);
  return { code, reason, alert, meaning: meaningOf(code, alert, text) };
}

function alertOf(text: string, code: number | null): number | null {
  const at = text.indexOf('alert number ');
  const written = at < 0 ? Number.NaN : Number.parseInt(text.slice(at + 13), 10);
  if (!Number.isNaN(written)) {
    return written;
  }
  // Reasons from 1000 on are alerts that came: the number is there when the words were cut.
  const reason = reasonOf(code);
  return reason !== null && reason >= 1000 && ALERTS.has(reason - 1000) ? reason - 1000 : null;
}

/** Number of the reason in "SSL routines": 3.x has the library in the upper 9 bits, 1.1.1 and LibreSSL in 8. */
function reasonOf(code: number | null): number | null {
  if (code === null) {
    return null;
  }
  if (code >>> 24 === SSL_LIBRARY) {
    return code & 0xfff;
  }
  return code >>> 23 === SSL_LIBRARY ? code & 0x7fffff : null;
}

function meaningOf(code: number | null, alert: number | null, text: string): TlsMeaning | null {
  const known = alert === null ? undefined : ALERTS.get(alert);
  if (known !== undefined) {
    return known.meaning;
  }
  const reason = reasonOf(code);
  const byNumber = reason === null ? undefined : REASONS.get(reason);
  return byNumber ?? WORDS.find(([words]) => words.test(text))?.[1] ?? null;
}
