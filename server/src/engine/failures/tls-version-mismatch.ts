import { assumedRelease } from '../config/assumed-release.ts';
import { compareVersions } from '../config/compare-versions.ts';
import { type EffectiveSetting, effectiveSetting } from '../config/effective.ts';
import type { ConfigNode } from '../config/model.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { ALERTS, readSslError } from '../errorlog/openssl.ts';
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
    else if (error?.meaning === 'protocol-version' && error.alert !== null)
      because.push(`alert ${error.alert} (${ALERTS.get(error.alert)?.name}) is about the TLS version`);
    else if (error?.meaning === 'protocol-version')
      because.push(
        `"${error.reason}": OpenSSL on nginx's machine does not take the version that the backend chose`,
      );
    else if (error?.meaning === 'nothing-in-common')
      because.push(`"${error.reason}": no cipher, group or signature in common`);
    if (because.length === 0) return { certainty: 'possible', because, against: [] };
    if (offered) because.push(offered);
    // What nginx offers by default, most backends take: without a line that limits it, more is unknown.
    const sure =
      error?.alert === 70
        ? limitingLine(failure) !== null
        : error?.meaning === 'protocol-version' && error.alert === null && offered !== null;
    return { certainty: sure ? 'certain' : 'likely', because, against: [] };
  },
  remedy: {
    cure(failure) {
      const backend = failure.peer ? peerAddress(failure.peer) : 'the backend';
      const module = bestPlace(failure)?.proxied?.handler ?? 'proxy';
      if (meaningOf(failure.entry) === 'nothing-in-common')
        return `give ${backend} ciphers and groups that are in use today, or name its own in ${module}_ssl_ciphers`;
      const refusedByBackend = readSslError(failure.entry.message)?.alert != null;
      return limitingLine(failure) !== null || (refusedByBackend && failure.model === null)
        ? `set ${module}_ssl_protocols TLSv1.2 TLSv1.3 in this location, and let ${backend} speak one of them`
        : `let ${backend} speak TLS 1.2 or 1.3${refusedByBackend ? `; for 1.3 nginx before 1.23.4 needs ${module}_ssl_protocols TLSv1.2 TLSv1.3` : `: nginx and its OpenSSL offer those by default (1.3 since nginx 1.23.4)`}`;
    },
    mitigate:
      'for a backend with 1.0 or 1.1 only, in its location: proxy_ssl_protocols TLSv1 TLSv1.1 TLSv1.2 with proxy_ssl_ciphers DEFAULT:@SECLEVEL=0',
    takesEffect: 'nginx -s reload; a changed backend: its restart',
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

/** The *_ssl_protocols in effect at the place. */
function protocolsAt({ model, places }: Case): EffectiveSetting | null {
  const target = places[0]?.proxied;
  if (!model || !target) return null;
  return effectiveSetting(model, target.block, `${target.handler}_ssl_protocols`)[0] ?? null;
}

/** The line that keeps TLS 1.2 or 1.3 out of what nginx offers. */
function limitingLine(failure: Case): ConfigNode | null {
  const node = protocolsAt(failure)?.node ?? null;
  return node && !['TLSv1.2', 'TLSv1.3'].every((version) => node.args.includes(version)) ? node : null;
}

/** What nginx offers at the place, and who says so. */
function offeredBy(failure: Case): string | null {
  const setting = protocolsAt(failure);
  if (!failure.model || !setting) return null;
  if (setting.node) return `nginx offers what ${setting.node.text} says`;
  const { value, from } = assumedRelease(failure.model);
  if (from === 'assumed' || value === null)
    return `no ${setting.directive} is set: the default of nginx's release holds (TLS 1.3 since 1.23.4)`;
  const newest = compareVersions(value, '1.23.4') < 0 ? 'without TLS 1.3' : 'TLS 1.3 among them';
  return `no ${setting.directive} is set: nginx ${value} has its default, ${newest}`;
}
