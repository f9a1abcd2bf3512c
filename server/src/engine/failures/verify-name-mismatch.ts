import { isServerName, sendsServerName, tlsName, tlsSetting } from '../config/upstream-tls.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * With *_ssl_verify on, nginx also compares the certificate with one name (ngx_ssl_check_host): that of *_ssl_name,
 * else the host of the pass without its port, also where that is the name of an upstream block. Only DNS names of the
 * certificate count: an address does not match even where it stands in it. Deliberately ignores whether the
 * certificate is trusted (upstream-certificate-rejected): nginx asks that first.
 */
export const verifyNameMismatch: FailureMode = {
  id: 'verify-name-mismatch',
  title: 'The certificate is checked against the wrong name',
  what: "The backend's certificate is trusted, but it is not made out for the name that nginx checks.",
  why: 'nginx closes the connection before it sends the request and answers 502. The name is that of the upstream block or an address, unless proxy_ssl_name says another.',
  do: 'Set proxy_ssl_name to a name that stands in the certificate, and proxy_ssl_server_name on. Without proxy_ssl_name, nginx checks the host of proxy_pass, even if that is a pool or an address.',
  status: '502',
  versions: null,
  hits: 'every request through this location',
  signatures: [
    { message: 'upstream-certificate-name-mismatch' },
    { message: 'upstream-certificate-verify-error', when: (entry) => /\((?:62|64):/.test(entry.message) },
  ],
  weigh(failure) {
    const name = checkedName(failure);
    const because = [
      name === null ? 'the name does not stand in the certificate' : `nginx checked "${name}"`,
    ];
    const target = failure.model ? bestPlace(failure)?.proxied : null;
    if (!failure.model || !target) {
      const sure = name !== null && !isServerName(name);
      if (sure) because.push('it is an address, and only DNS names are compared');
      return { certainty: sure ? 'certain' : 'likely', because, against: [] };
    }
    const own = tlsSetting(failure.model, target, 'name');
    const now = tlsName(failure.model, target);
    if (name !== null && now !== null && now !== name)
      return { certainty: 'likely', because, against: [`this configuration has nginx check "${now}"`] };
    if (own.node) because.push(`${own.node.text} says so`);
    else if (target.target.kind === 'upstream')
      because.push(`it is the name of the upstream block, for no ${own.name} is set`);
    else if (name !== null && !isServerName(name))
      because.push(`it is the address in ${target.pass.text}, for no ${own.name} is set`);
    const chosen = sendsServerName(failure.model, target);
    if (!chosen) because.push('nginx sends no server name, so the backend shows its default certificate');
    // A default certificate may be the only fault where the name is a real one.
    const fault = target.target.kind === 'upstream' ? !own.node : name !== null && !isServerName(name);
    return { certainty: fault || chosen ? 'certain' : 'likely', because, against: [] };
  },
  remedy: {
    cure(failure) {
      const module = bestPlace(failure)?.proxied?.handler ?? 'proxy';
      const backend = failure.peer ? peerAddress(failure.peer) : 'the backend';
      return `set ${module}_ssl_name to a DNS name that stands in the certificate of ${backend}, and ${module}_ssl_server_name on, so that it shows this one`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks(failure) {
    const { peer } = failure;
    if (peer?.host == null || peer.port === null) return [];
    const target = failure.model ? bestPlace(failure)?.proxied : null;
    const name = checkedName(failure);
    const sends = failure.model && target ? sendsServerName(failure.model, target) : false;
    const server = sends && name !== null && isServerName(name) ? ` -servername ${shellQuote(name)}` : '';
    return [
      {
        run: `openssl s_client -connect ${shellQuote(`${peer.host}:${peer.port}`)}${server} </dev/null 2>/dev/null | openssl x509 -noout -subject -ext subjectAltName`,
        where: onNginx(failure),
        expect:
          'the DNS names of the certificate: proxy_ssl_name must be one of them (a wildcard stands for one label).',
      },
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_name',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_verify',
  ],
};

function checkedName({ entry }: Case): string | null {
  return /does not match "([^"]*)"/.exec(entry.message)?.[1] ?? null;
}
