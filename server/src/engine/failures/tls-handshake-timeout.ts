import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { speaksTls } from '../diagnosis/commands.ts';
import { agesOf } from '../diagnosis/request-age.ts';
import { aboutSamePeer, spread } from '../diagnosis/same-peer.ts';
import { inEffect, timeoutOf } from '../diagnosis/timeouts.ts';
import { phaseOfAction } from '../errorlog/action.ts';
import { TLS_PORTS } from '../errorlog/well-known-ports.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The TCP connection stands, nginx has sent its ClientHello, and *_connect_timeout passes without the end of the
 * handshake: that directive holds for connection and handshake, each. Always 504. A plain port that waits for more
 * bytes looks the same, so whatever says "plain" goes first (tls-to-plain-backend). Deliberately not a handshake that
 * is refused or broken off: those have messages of their own.
 */
export const tlsHandshakeTimeout: FailureMode = {
  id: 'tls-handshake-timeout',
  title: 'The TLS handshake with the backend took too long',
  what: 'The backend accepted the connection and did not finish the TLS handshake within *_connect_timeout (60s by default).',
  why: 'nginx closes the connection and answers 504, not 502. Either the port does not speak TLS and waits for something else, or the backend has no worker free for the handshake.',
  do: 'Check that this port speaks TLS (openssl s_client -connect HOST:PORT); if not, write http:// or name the TLS port. If it does, see why the backend is slow; the limit is proxy_connect_timeout.',
  status: '504',
  versions: null,
  hits: 'every request when the port does not speak TLS; some when the backend is overloaded',
  signatures: [
    { message: 'upstream-timed-out', when: ({ action }) => phaseOfAction(action ?? '') === 'tls' },
  ],
  weigh(failure) {
    const { peer } = failure;
    const timeout = timeoutOf(failure, 'connect');
    const because: string[] = [];
    const tls = spokeTls(failure);
    if (tls !== null) because.push(tls);
    else if (peer?.port != null && TLS_PORTS.has(peer.port))
      because.push(`port ${peer.port} usually speaks TLS`);
    // What follows tells how long it waited, not why.
    const told = because.length > 0;
    because.push(...inEffect(timeout), ...agesOf(failure).map(({ text }) => text), ...spread(failure));
    const against = told ? [] : ['a plain port that waits for more bytes looks the same'];
    return { certainty: told ? 'likely' : 'possible', because, against, general: true };
  },
  remedy: {
    cure: (failure) => {
      const { directive, value, ms } = timeoutOf(failure, 'connect');
      const where = failure.peer ? peerAddress(failure.peer) : 'the backend';
      const short = ms !== null && ms < 3000;
      return `ask ${where} with openssl s_client (below). No TLS there: write http:// (grpc:// in grpc_pass) or name its TLS port. TLS, but slow: see what keeps the backend busy${short ? `, and raise ${directive}, which is only ${value}` : ''}`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload; a repaired backend: with the next request',
  },
  checks: (failure) =>
    speaksTls(failure).map((command) => ({
      ...command,
      run: `timeout 20 ${command.run}`,
      expect: `${command.expect} Nothing for 20 seconds: it waits for something else, or no worker is free.`,
    })),
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_connect_timeout',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
  ],
};

/** Another line that proves TLS with the same backend: it is past the handshake, over the same scheme. */
function spokeTls(failure: Case): string | null {
  const scheme = failure.peer?.scheme ?? bestPlace(failure)?.proxied?.scheme ?? null;
  const past = aboutSamePeer(failure).find(
    ({ action, upstream }) =>
      upstream?.scheme === scheme &&
      ['send', 'header', 'body', 'upgraded'].includes(phaseOfAction(action ?? '') ?? ''),
  );
  return past ? `line ${past.line}: the handshake with the same backend had gone well` : null;
}
