import { peerAddress } from '../diagnosis/case.ts';
import { speaksTls } from '../diagnosis/commands.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { readSslError } from '../errorlog/openssl.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * OpenSSL on nginx's machine breaks the handshake off, because the backend's part of it is weaker than its security
 * level allows (level 1 in OpenSSL 3, 2 on Debian and Red Hat): short Diffie-Hellman or RSA keys, SHA-1 signatures,
 * renegotiation without RFC 5746. The same backend worked before nginx's machine was upgraded. Deliberately ignores
 * refusals by the backend, which come as alerts (tls-version-mismatch), and its certificate's chain.
 */
export const legacyTlsRefused: FailureMode = {
  id: 'legacy-tls-refused',
  title: 'The TLS of the backend is too old for OpenSSL 3',
  what: 'The keys, signatures or renegotiation that the backend uses in the handshake are weaker than OpenSSL on the machine of nginx allows.',
  why: 'OpenSSL breaks the handshake off, so nginx answers 502. Often it begins with an upgrade of the machine or image of nginx: the backend has not changed.',
  do: 'Renew the TLS of the backend: ECDHE or DH with 2048 bits, SHA-256 signatures, secure renegotiation.',
  status: '502',
  versions: null,
  hits: 'every request to this backend',
  signatures: [{ message: 'ssl-handshake-failed', when: (entry) => meaningOf(entry) === 'too-weak' }],
  weigh(failure) {
    if (meaningOf(failure.entry) !== 'too-weak') return { certainty: 'possible', because: [], against: [] };
    const weak = weaknessOf(failure.entry);
    const reason = readSslError(failure.entry.message)?.reason ?? '';
    return {
      certainty: 'certain',
      because: [weak ? `"${reason}": ${weak.says}` : `OpenSSL refuses it as too weak: ${reason}`],
      against: [],
    };
  },
  remedy: {
    cure(failure) {
      const backend = failure.peer ? peerAddress(failure.peer) : 'the backend';
      return (
        weaknessOf(failure.entry)?.cure(backend) ??
        `renew the TLS of ${backend}: TLS 1.2 or 1.3 with ECDHE and SHA-256`
      );
    },
    mitigate:
      'in this location only: proxy_ssl_ciphers DEFAULT:@SECLEVEL=1 (0 for SHA-1); for unsafe legacy renegotiation proxy_ssl_conf_command Options UnsafeLegacyServerConnect',
    takesEffect: 'on the backend; directives: nginx -s reload',
  },
  checks: (failure) =>
    speaksTls(failure).map(({ run, where }) => ({
      run: run.replace(' -brief', " -legacy_server_connect -cipher 'DEFAULT:@SECLEVEL=0'"),
      where,
      expect:
        'a handshake, with "Peer signing digest" and "Server Temp Key": this is what the backend offers. SHA1, or DH below 2048 bits, is what OpenSSL refuses.',
    })),
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_ciphers',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_conf_command',
  ],
};

interface Weakness {
  readonly words: RegExp;
  readonly says: string;
  readonly cure: (backend: string) => string;
}

const WEAKNESSES: readonly Weakness[] = [
  {
    words: /dh key too small/i,
    says: 'the Diffie-Hellman parameters of the backend are too short',
    cure: (backend) => `give ${backend} DH parameters of 2048 bits, or let it prefer ECDHE`,
  },
  {
    words: /(?:ee|ca) key too small/i,
    says: 'the key in a certificate of the backend is too short',
    cure: (backend) => `give ${backend} a certificate with an RSA key of 2048 bits or an EC key`,
  },
  {
    words: /ca md too weak|wrong signature type|legacy sigalg|signature (?:algorithm|type)|digest/i,
    says: 'the backend signs with SHA-1 or MD5, as TLS 1.0 and 1.1 always do',
    cure: (backend) => `let ${backend} speak TLS 1.2 or 1.3, with signatures by SHA-256`,
  },
  {
    words: /legacy renegotiation|renegotiation/i,
    says: 'the backend does not know secure renegotiation (RFC 5746)',
    cure: (backend) => `update the TLS of ${backend} to one with secure renegotiation (RFC 5746)`,
  },
];

function meaningOf(entry: LogEntry): string | null {
  return readSslError(entry.message)?.meaning ?? null;
}

function weaknessOf(entry: LogEntry): Weakness | null {
  const reason = readSslError(entry.message)?.reason ?? '';
  return WEAKNESSES.find(({ words }) => words.test(reason)) ?? null;
}
