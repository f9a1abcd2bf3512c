import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureVersion } from 'node:tls';
import { type CertificateName, certificates } from '../certificates.ts';
import { answerAndRecord, type HttpAnswers } from '../http-answer.ts';
import { serve } from '../listen.ts';
import type { Backend, Listening, ReceivedRequest } from '../types.ts';
import { LENIENT } from './echo.ts';

export interface TlsSpec extends Listening, HttpAnswers {
  kind: 'tls';
  /** Which certificate it shows; `good` when absent. */
  certificate?: CertificateName;
  minVersion?: SecureVersion;
  maxVersion?: SecureVersion;
  /** OpenSSL cipher list. `DEFAULT:@SECLEVEL=0` is needed for TLS 1.0 and 1.1. */
  ciphers?: string;
  /** Ends the handshake of clients without a certificate of the root. */
  requestCert?: boolean;
  /** Has a certificate only for clients that name `backend.internal` in the handshake. */
  sniRequired?: boolean;
  /**
   * What a client gets that talks plain HTTP: the connection closed (when absent; Node, openssl s_server),
   * a readable 400 (nginx, Go, Apache), or a TLS alert in plain (Java, OpenSSL-based servers).
   */
  toPlain?: 'close' | '400' | 'alert';
}

/** An https server that works, with the certificate and the limits asked for. Records the name seen in SNI. */
export async function startTls(spec: TlsSpec): Promise<Backend> {
  const all = await certificates();
  const pair = await all.read(spec.certificate ?? 'good');
  const options: ServerOptions = { ...LENIENT };
  if (!spec.sniRequired) Object.assign(options, pair);
  else {
    const context = createSecureContext(pair);
    options.SNICallback = (name, answer) =>
      name === 'backend.internal' ? answer(null, context) : answer(new Error(`no certificate for ${name}`));
  }
  if (spec.minVersion) options.minVersion = spec.minVersion;
  if (spec.maxVersion) options.maxVersion = spec.maxVersion;
  if (spec.ciphers) options.ciphers = spec.ciphers;
  if (spec.requestCert)
    Object.assign(options, { requestCert: true, rejectUnauthorized: true, ca: await all.ca() });

  const received: ReceivedRequest[] = [];
  const https = createHttpsServer(options, answerAndRecord(spec, received));
  https.on('tlsClientError', () => {});
  return serve(sortOutPlain(https, spec.toPlain ?? 'close'), spec, received);
}

const TLS_HANDSHAKE = 0x16;
const PLAIN_ANSWERS = {
  close: '',
  '400': 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
  // Record type alert, TLS 1.0, two bytes: fatal, protocol version.
  alert: Buffer.from([0x15, 3, 1, 0, 2, 2, 70]),
} as const;

/** Looks at the first byte of each connection and hands on only what begins a TLS handshake. */
function sortOutPlain(https: ReturnType<typeof createHttpsServer>, toPlain: keyof typeof PLAIN_ANSWERS) {
  return createServer({ allowHalfOpen: true }, (socket: Socket) => {
    socket.once('data', (first) => {
      if (first[0] === TLS_HANDSHAKE) {
        socket.pause();
        socket.unshift(first);
        https.emit('connection', socket);
      } else socket.end(PLAIN_ANSWERS[toPlain]);
    });
    socket.on('end', () => socket.end());
  }).on('close', () => https.close());
}
