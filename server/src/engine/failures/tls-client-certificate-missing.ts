import type { ConfigModel } from '../config/model.ts';
import type { Proxied } from '../config/proxied.ts';
import { isServerName, sendsServerName, tlsName, tlsSetting } from '../config/upstream-tls.ts';
import type { Fix } from '../contract.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { ALERTS, readSslError, type TlsMeaning } from '../errorlog/openssl.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The backend asks for a client certificate (mutual TLS) and gets none, or none that it accepts. Up to TLS 1.2 it
 * ends the handshake (alert 40, 42 from Go); in TLS 1.3 the handshake is over for nginx by then, and alert 116 meets
 * the request in SSL_read(). Deliberately ignores what an nginx in the backend's place does: it answers 400, which is
 * passed on without a line. Alert 40 has many causes: the missing server name goes first where nginx sends none.
 */
export const tlsClientCertificateMissing: FailureMode = {
  id: 'tls-client-certificate-missing',
  title: 'The backend wants a client certificate',
  what: 'The backend asks nginx for a certificate in the TLS handshake, and nginx has none for it, or one that the backend does not accept.',
  why: 'The backend breaks the connection off, with TLS 1.3 after the handshake. nginx answers 502, and no request arrives.',
  do: 'Set proxy_ssl_certificate and proxy_ssl_certificate_key (grpc_ssl_, uwsgi_ssl_) to a key pair whose CA the backend trusts.',
  status: '502',
  versions: null,
  hits: 'every request to a backend that insists on client certificates',
  signatures: [
    { message: 'ssl-handshake-failed', when: (entry) => POINTS.has(meaningOf(entry)) },
    { message: 'ssl-io-failed', when: (entry) => POINTS.has(meaningOf(entry)) },
  ],
  weigh(failure) {
    const alert = readSslError(failure.entry.message)?.alert ?? null;
    const meaning = meaningOf(failure.entry);
    const because: string[] = [];
    if (alert !== null && alert !== 40)
      because.push(`alert ${alert} (${ALERTS.get(alert)?.name}) is about the client's certificate`);
    const target = failure.model ? bestPlace(failure)?.proxied : null;
    if (!failure.model || !target) {
      if (meaning === 'certificate-wanted') return { certainty: 'certain', because, against: [] };
      return { certainty: because.length > 0 ? 'likely' : 'possible', because, against: [] };
    }
    const own = tlsSetting(failure.model, target, 'certificate');
    if (own.value !== null && own.value !== '') {
      const sent = `nginx has a certificate for this backend: ${own.node!.text}`;
      if (meaning === 'certificate-refused' || alert === 42)
        return { certainty: 'likely', because: [...because, sent], against: [] };
      return { certainty: 'possible', because, against: [sent] };
    }
    if (meaning === 'certificate-refused') {
      const against = ['this file shows no certificate: the running nginx has another configuration'];
      return { certainty: 'likely', because, against };
    }
    because.push(`no ${own.name} is in effect here: nginx has no certificate to show`);
    if (meaning === 'certificate-wanted') return { certainty: 'certain', because, against: [] };
    // Alert 40 and its kin say nothing more: a server name that is not sent explains it as well.
    const name = tlsName(failure.model, target);
    const nameless = !sendsServerName(failure.model, target) && (name === null || isServerName(name));
    return { certainty: nameless ? 'possible' : 'likely', because, against: [] };
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || !target || meaningOf(failure.entry) === 'certificate-refused') return [];
    return pairsElsewhere(failure.model, target);
  },
  remedy: {
    cure: (failure) => {
      const target = failure.model ? bestPlace(failure)?.proxied : null;
      const module = target?.handler ?? (failure.peer?.scheme?.startsWith('grpc') ? 'grpc' : 'proxy');
      const own = target && failure.model ? tlsSetting(failure.model, target, 'certificate').value : null;
      const backend = failure.peer ? peerAddress(failure.peer) : 'the backend';
      if ((own === null || own === '') && meaningOf(failure.entry) === 'certificate-refused')
        return `replace the certificate that the running nginx shows (nginx -T has its ${module}_ssl_certificate) with one whose CA ${backend} trusts and that has not expired`;
      return own === null || own === ''
        ? `set ${module}_ssl_certificate and ${module}_ssl_certificate_key to a key pair whose CA ${backend} trusts`
        : `replace ${own} and its key with a pair whose CA ${backend} trusts and that has not expired`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks,
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_certificate',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_certificate_key',
  ],
};

const POINTS: ReadonlySet<TlsMeaning | null> = new Set([
  'certificate-wanted',
  'certificate-refused',
  'handshake-refused',
  'own-files',
]);

function meaningOf(entry: LogEntry): TlsMeaning | null {
  return readSslError(entry.message)?.meaning ?? null;
}

/** The key pairs that other places show to their backends. Whether this backend trusts them, nobody can see. */
function pairsElsewhere(model: ConfigModel, target: Proxied): Fix[] {
  const { name, value } = tlsSetting(model, target, 'certificate');
  if (value !== null || target.pass.parent?.name !== 'location') return [];
  const seen = new Set<string>();
  return model.nodes.flatMap((node) => {
    const family = /^(proxy|grpc|uwsgi)_ssl_certificate$/.exec(node.name)?.[1];
    const key = family ? node.parent?.first(`${family}_ssl_certificate_key`) : undefined;
    const pair = [node, key].map((one) => one?.directive.args[0]?.raw ?? '');
    if (pair.includes('') || seen.has(pair.join(' '))) return [];
    seen.add(pair.join(' '));
    const lines = [`${name} ${pair[0]};`, `${name}_key ${pair[1]};`];
    const fix = new Editor(model, 'choice')
      .insertBefore(target.pass, lines)
      .fix(`show ${pair[0]} to this backend`);
    return fix ? [fix] : [];
  });
}

function checks(failure: Case): ReturnType<FailureMode['checks']> {
  const { peer, model } = failure;
  if (!peer || peer.host === null || peer.port === null) return [];
  const target = model ? bestPlace(failure)?.proxied : null;
  const name = model && target ? tlsName(model, target) : null;
  const server = name !== null && isServerName(name) ? ` -servername ${shellQuote(name)}` : '';
  return [
    {
      run: `openssl s_client -connect ${shellQuote(`${peer.host}:${peer.port}`)}${server} </dev/null 2>&1 | grep -A1 -E '^(Acceptable client|Requested Sig)'`,
      where: onNginx(failure),
      expect:
        'lines: the backend asks for a client certificate, of one of the CAs that it names. Nothing: it asks for none.',
    },
  ];
}
