import { isServerName, sendsServerName, tlsName, tlsSetting } from '../config/upstream-tls.ts';
import type { ConfirmingCommand } from '../contract.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { ALERTS, readSslError, type TlsMeaning } from '../errorlog/openssl.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx names no server in the handshake unless *_ssl_server_name is on, and then the name of *_ssl_name, which is
 * that of the upstream block where there is one; an address is never sent. A backend that chooses its certificate by
 * the name ends the handshake (alerts 40, 80, 112), closes, or shows the certificate of another site, which a check
 * then refuses. Deliberately behind everything that OpenSSL itself says of versions and keys.
 */
export const sniMissing: FailureMode = {
  id: 'sni-missing',
  title: 'The backend is not told the server name (SNI)',
  what: 'The backend chooses its certificate by the server name in the TLS handshake, and nginx sends none, or one that the backend does not know.',
  why: 'The backend ends the handshake, and nginx answers 502; others show a wrong certificate, or answer 421.',
  do: 'Set proxy_ssl_server_name on, and proxy_ssl_name to the real name where proxy_pass holds a pool or an address. Many such backends want that name in proxy_set_header Host too.',
  status: '502',
  versions: null,
  hits: 'every request to a backend with several sites on one address (CDN, PaaS, Kubernetes ingress)',
  signatures: [
    { message: 'ssl-handshake-failed', when: (entry) => POINTS.has(meaningOf(entry)) },
    { message: 'upstream-certificate-name-mismatch' },
  ],
  weigh(failure) {
    const error = readSslError(failure.entry.message);
    // BoringSSL has the alert in words only.
    const unknown = error?.alert === 112 || /unrecognized[ _]name/i.test(error?.reason ?? '');
    const named = unknown || (error?.meaning === 'unknown-name' && error.alert !== null);
    const about = named ? [aboutName(error?.alert ?? null)] : [];
    const mismatch = failure.matched.kind.id === 'upstream-certificate-name-mismatch';
    const target = failure.model ? bestPlace(failure)?.proxied : null;
    if (!failure.model || !target)
      return mismatch ? null : { certainty: named ? 'likely' : 'possible', because: about, against: [] };
    const on = tlsSetting(failure.model, target, 'server_name');
    const name = tlsName(failure.model, target);
    if (!sendsServerName(failure.model, target)) {
      // With the name of a pool or an address, the check fails whatever is sent.
      if (mismatch && (name === null || !isServerName(name) || target.target.kind === 'upstream'))
        return null;
      const because = [
        ...about,
        `${on.name} is ${on.node ? 'off' : 'off, the default'}: nginx sends no server name`,
      ];
      // On a port that always speaks TLS, no TLS at all is the answer of a CDN that does not know for whom it is.
      const plain =
        error?.meaning === 'not-tls' && failure.peer?.port === 443 && name !== null && isServerName(name);
      if (plain)
        because.push('port 443 usually speaks TLS, and a CDN may answer in plain text without a name');
      // Off is the default: where the backend said nothing, that is no more than a hint.
      const said = mismatch || named || plain || (error?.alert != null && POINTS.has(error.meaning));
      return { certainty: unknown ? 'certain' : said ? 'likely' : 'possible', because, against: [] };
    }
    if (mismatch || failure.matched.kind.id === 'upstream-certificate-verify-error') return null;
    if (name !== null && !isServerName(name))
      return {
        certainty: 'likely',
        because: [...about, `${name} is an address: nginx sends no server name`],
        against: [],
      };
    const sent = `${on.node!.text}: nginx sends ${name ?? 'the name in a variable'}`;
    if (unknown)
      return {
        certainty: 'likely',
        because: [...about, `${sent}, which the backend does not know`],
        against: [],
      };
    if (target.target.kind === 'upstream' && name === target.target.upstream.name)
      return { certainty: 'likely', because: [`${sent}, the name of the upstream block`], against: [] };
    return { certainty: 'possible', because: about, against: [sent] };
  },
  remedy: {
    cure(failure) {
      const target = failure.model ? bestPlace(failure)?.proxied : null;
      const module = target?.handler ?? (failure.peer?.scheme?.startsWith('grpc') ? 'grpc' : 'proxy');
      const name = failure.model && target ? tlsName(failure.model, target) : null;
      const real = target?.target.kind === 'host' && name !== null && isServerName(name) ? name : null;
      return `set ${module}_ssl_server_name on${real ? ` (nginx then sends ${real})` : `, and ${module}_ssl_name to the name that the backend's certificate is for`}; such backends mostly want that name in the Host header too`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks,
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_server_name',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_name',
  ],
};

const POINTS: ReadonlySet<TlsMeaning | null> = new Set([
  'unknown-name',
  'internal-error',
  'handshake-refused',
]);

function meaningOf(entry: LogEntry): TlsMeaning | null {
  return readSslError(entry.message)?.meaning ?? null;
}

function aboutName(alert: number | null): string {
  const name = ALERTS.get(alert ?? 112)?.name;
  if (alert === null) return `"${name}" is about the server name`;
  return `alert ${alert} (${name}) is ${alert === 112 ? '' : 'mostly '}about the server name`;
}

/** The handshake without a name and with one: only the second may work. */
function checks(failure: Case): ConfirmingCommand[] {
  const { peer, model } = failure;
  if (peer?.host == null || peer.port === null) return [];
  const target = model ? bestPlace(failure)?.proxied : null;
  const own = model && target && target.target.kind !== 'upstream' ? tlsName(model, target) : null;
  const name = own !== null && isServerName(own) ? own : 'NAME';
  const connect = `openssl s_client -brief -connect ${shellQuote(`${peer.host}:${peer.port}`)}`;
  const where = onNginx(failure);
  return [
    {
      run: `${connect} -noservername </dev/null`,
      where,
      expect: 'the same failure as in the line: the backend ends handshakes without a server name.',
    },
    {
      run: `${connect} -servername ${shellQuote(name)} </dev/null`,
      where,
      expect: `"CONNECTION ESTABLISHED": the name is all that was missing.${name === 'NAME' ? " NAME: the name of the backend's site." : ''}`,
    },
  ];
}
