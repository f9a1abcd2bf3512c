import { assumedRelease } from '../config/assumed-release.ts';
import { compareVersions } from '../config/compare-versions.ts';
import { effectiveSetting } from '../config/effective.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { readSslError } from '../errorlog/openssl.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The versions of *_ssl_protocols and those of the backend do not meet: the backend refuses what nginx offers (alert
 * 70), or OpenSSL here what the backend chose (unsupported protocol). TLS 1.3 is among nginx's defaults since 1.23.4,
 * 1.0 and 1.1 are not since 1.27.3. No common cipher or group counts too: it is cured in the same two places.
 * Deliberately last for alert 40, which says nothing of versions, and silent on weak keys (legacy-tls-refused).
 */
export const tlsVersionMismatch: FailureMode = {
  id: 'tls-version-mismatch',
  title: 'nginx and the backend have no TLS version in common',
  what: 'The TLS versions (or ciphers) that nginx offers to the backend are not those that the backend accepts.',
  why: 'The handshake fails before a request is sent, and nginx answers 502.',
  do: 'Let both speak TLS 1.2 or 1.3: proxy_ssl_protocols TLSv1.2 TLSv1.3. By default 1.3 is on since 1.23.4, and 1.0 and 1.1 are off since 1.27.3.',
  status: '502',
  versions: null,
  hits: 'every request to this backend, often from the day on which one side was upgraded',
  signatures: [
    {
      message: 'ssl-handshake-failed',
      when: (entry) => ['protocol-version', 'nothing-in-common'].includes(meaningOf(entry) ?? ''),
    },
  ],
  weigh(failure) {
    const error = readSslError(failure.entry.message);
    const offered = offeredBy(failure);
    const because: string[] = [];
    if (error?.alert === 70)
      because.push('alert 70 (protocol_version): the backend accepts none of the versions offered');
    else if (error?.meaning === 'protocol-version')
      because.push(
        `"${error.reason}": OpenSSL on nginx's machine does not take the version that the backend chose`,
      );
    else if (error?.meaning === 'nothing-in-common')
      because.push(`"${error.reason}": no cipher, group or signature in common`);
    if (because.length === 0) return { certainty: 'possible', because, against: [] };
    if (offered) because.push(offered);
    return {
      certainty: error?.meaning === 'protocol-version' && offered ? 'certain' : 'likely',
      because,
      against: [],
    };
  },
  remedy: {
    cure(failure) {
      const backend = failure.peer ? peerAddress(failure.peer) : 'the backend';
      const module = bestPlace(failure)?.proxied?.handler ?? 'proxy';
      return meaningOf(failure.entry) === 'nothing-in-common'
        ? `give ${backend} ciphers and groups that are in use today, or name its own in ${module}_ssl_ciphers`
        : `set ${module}_ssl_protocols TLSv1.2 TLSv1.3 in this location, and let ${backend} speak one of them`;
    },
    mitigate:
      'for a backend with 1.0 or 1.1 only, in its location: proxy_ssl_protocols TLSv1 TLSv1.1 TLSv1.2 with proxy_ssl_ciphers DEFAULT:@SECLEVEL=0',
    takesEffect: 'nginx -s reload',
  },
  checks(failure) {
    const { peer } = failure;
    if (peer?.host == null || peer.port === null) return [];
    const connect = shellQuote(`${peer.host}:${peer.port}`);
    return [
      {
        run: `for v in tls1 tls1_1 tls1_2 tls1_3; do echo "$v: $(openssl s_client -connect ${connect} -$v -cipher 'DEFAULT:@SECLEVEL=0' </dev/null 2>/dev/null | grep -c 'BEGIN CERTIFICATE')"; done`,
        where: onNginx(failure),
        expect:
          '1 behind each version that the backend speaks, 0 behind the others: proxy_ssl_protocols needs one of the first.',
      },
    ];
  },
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_protocols'],
};

function meaningOf(entry: LogEntry): string | null {
  return readSslError(entry.message)?.meaning ?? null;
}

/** What nginx offers at the place, and who says so. */
function offeredBy(failure: Case): string | null {
  const target = bestPlace(failure)?.proxied;
  if (!failure.model || !target) return null;
  const [setting] = effectiveSetting(failure.model, target.block, `${target.handler}_ssl_protocols`);
  if (!setting) return null;
  if (setting.node) return `nginx offers what ${setting.node.text} says`;
  const { value, from } = assumedRelease(failure.model);
  if (from === 'assumed' || value === null)
    return `no ${setting.directive} is set: the default of nginx's release holds (TLS 1.3 since 1.23.4)`;
  const newest = compareVersions(value, '1.23.4') < 0 ? 'without TLS 1.3' : 'TLS 1.3 among them';
  return `no ${setting.directive} is set: nginx ${value} has its default, ${newest}`;
}
