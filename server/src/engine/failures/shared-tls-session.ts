import type { ConfigModel } from '../config/model.ts';
import type { Proxied } from '../config/proxied.ts';
import { sessionSharers, tlsSetting, verifies } from '../config/upstream-tls.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { showCertificate } from '../diagnosis/commands.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx keeps TLS sessions with the server of the group, not with the location, and a literal https:// address is one
 * group for all that name it. A resumed session brings the result of the check that made it (SSL_get_verify_result):
 * one made where nothing is trusted fails where the certificate is checked, with 18 to 21. It strikes only after the
 * other location was used. Deliberately silent without a configuration: the line is that of
 * upstream-certificate-rejected, and only the files tell.
 */
export const sharedTlsSession: FailureMode = {
  id: 'shared-tls-session',
  title: 'Two locations share a TLS session, and only one verifies',
  what: 'A location with proxy_ssl_verify resumes a TLS session that another location made, which does not verify or trusts another CA.',
  why: "nginx takes over the result of the other location's check, which trusted nobody, and answers 502 although certificate and CA are right; sometimes, for it depends on who asked first.",
  do: 'Set proxy_ssl_session_reuse off in the location that verifies, or verify in both. An upstream block of its own helps too, with proxy_ssl_name and Host set to the real name.',
  status: '502',
  versions: null,
  hits: 'requests through the location that verifies, after one through the other',
  signatures: [
    {
      message: 'upstream-certificate-verify-error',
      when: (entry) => /\((?:18|19|20|21):/.test(entry.message),
    },
  ],
  weigh(failure) {
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || !target || !verifies(failure.model, target)) return null;
    const other = otherChecks(failure.model, target)[0];
    if (!other) return null;
    return {
      certainty: 'likely',
      because: [
        `${place(other)} makes sessions with the same server, and ${verifies(failure.model, other) ? 'trusts another CA' : 'does not verify'}`,
        `neither of them has ${target.handler}_ssl_session_reuse off: a resumed session brings the result of its check`,
      ],
      against: [],
    };
  },
  remedy: {
    cure(failure: Case) {
      const target = bestPlace(failure)?.proxied;
      const other = failure.model && target ? otherChecks(failure.model, target)[0] : undefined;
      const module = target?.handler ?? 'proxy';
      return `set ${module}_ssl_session_reuse off in ${target ? place(target) : 'the location that verifies'}, or verify in ${other ? `${place(other)} too, with the same CA` : 'both locations'}`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) =>
    showCertificate(failure).map(({ run, where }) => ({
      run,
      where,
      expect:
        '"Verify return code: 0": certificate and CA are right, so the refused result came with a resumed session. Another number: it is the certificate (upstream-certificate-rejected).',
    })),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_session_reuse'],
};

/** Passes that share sessions and check otherwise. */
function otherChecks(model: ConfigModel, target: Proxied): Proxied[] {
  const ca = (one: Proxied): string | null => tlsSetting(model, one, 'trusted_certificate').value;
  return sessionSharers(model, target).filter((other) => !verifies(model, other) || ca(other) !== ca(target));
}

function place({ block, pass }: Proxied): string {
  return block.name === 'location' ? block.text : pass.text;
}
