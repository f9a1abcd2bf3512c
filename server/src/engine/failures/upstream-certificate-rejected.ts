import type { ConfigModel } from '../config/model.ts';
import type { Proxied } from '../config/proxied.ts';
import { sendsServerName, sessionSharers, tlsSetting, verifies } from '../config/upstream-tls.ts';
import type { Fix } from '../contract.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { onNginx, showCertificate } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { VERIFY_ERRORS } from '../errorlog/verify-errors.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * With *_ssl_verify on, nginx asks OpenSSL for its verdict on the backend's certificate when the handshake is over
 * (SSL_get_verify_result), and gives the connection up unless it is 0. The number may be about a certificate further
 * up the chain, and it is that of the last error: nginx lets OpenSSL go on after each (ngx_ssl_verify_callback), so a
 * chain that is too long is logged as 20, which its missing end gives, and hardly ever as 22. Deliberately leaves
 * alone the name (verify-name-mismatch: 62, 64, and a message of its own) and a missing CA file (verify-without-ca).
 */
export const upstreamCertificateRejected: FailureMode = {
  id: 'upstream-certificate-rejected',
  title: "nginx does not trust the backend's certificate",
  what: "proxy_ssl_verify (grpc_ssl_verify, uwsgi_ssl_verify) is on, and OpenSSL does not accept the backend's certificate or its chain.",
  why: 'nginx closes the connection before it sends the request and answers 502. Trusted are the certificates of proxy_ssl_trusted_certificate alone, never those of the system, and the chain may hold one intermediate (proxy_ssl_verify_depth 1).',
  do: 'For 10, renew the certificate on the backend. For 18 to 21, put the issuing CA (18: the certificate itself) into proxy_ssl_trusted_certificate, and let the backend send its intermediates. For 20 and 22, raise proxy_ssl_verify_depth where there are more intermediates than it allows (2 for two).',
  status: '502',
  versions: null,
  hits: 'every request through this location, from the first or from the day on which the certificate expires',
  signatures: [
    { message: 'upstream-certificate-verify-error', when: (entry) => !aboutName(entry.message) },
    { message: 'lua-certificate-rejected' },
    { message: 'js-certificate-rejected' },
  ],
  weigh(failure) {
    const code = codeOf(failure);
    if (code === null) return { certainty: 'possible', because: [], against: [] };
    const known = VERIFY_ERRORS.get(code);
    const because = [`OpenSSL says ${code}${known ? `: ${known.says}` : ''}`];
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || !target || scriptOf(failure) !== null)
      return { certainty: trustOpen(code) ? 'likely' : 'certain', because, against: [] };
    const against: string[] = [];
    if (!verifies(failure.model, target))
      against.push(`${tlsSetting(failure.model, target, 'verify').name} is off here in this configuration`);
    because.push(...settingsThatCount(failure.model, target, code));
    const certain = against.length === 0 && (!trustOpen(code) || nothingElse(failure.model, target));
    // Where the result of another check may have come along, that goes before.
    const shared = trustOpen(code) && sessionSharers(failure.model, target).length > 0;
    return { certainty: certain ? 'certain' : 'likely', because, against, general: shared };
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || !target || !verifies(failure.model, target)) return [];
    const code = codeOf(failure);
    return [
      ...(code !== null && trustOpen(code) ? otherCa(failure.model, target) : []),
      ...(code !== null && MAYBE_TOO_LONG.has(code) ? deeper(failure.model, target) : []),
    ];
  },
  remedy: {
    cure,
    mitigate: null,
    takesEffect: 'nginx -s reload; a renewed certificate: with the next request',
  },
  checks: (failure) =>
    scriptOf(failure) === null
      ? showCertificate(failure)
      : [
          {
            run: 'openssl s_client -connect HOST:443 -servername HOST -verify_return_error </dev/null',
            where: onNginx(failure),
            expect:
              'with HOST as in the script: "Verify return code: 0" with the CAs of the system: the file in the directive lacks one. Another number: the server sends a chain that nobody can check.',
          },
        ],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_trusted_certificate',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_verify_depth',
  ],
};

/** What a chain that is longer than the depth comes out as: itself, or the error of its missing end. */
const MAYBE_TOO_LONG = new Set([19, 20, 22]);

function aboutName(message: string): boolean {
  return /verify error: \((?:62|64):/.test(message);
}

function codeOf({ entry }: Case): number | null {
  const code = /certificate verify error: \((\d{1,4}):/.exec(entry.message)?.[1];
  return code === undefined ? null : Number(code);
}

/** Errors about who is trusted: also what another certificate, or the result of another check, gives. */
function trustOpen(code: number): boolean {
  return code === 2 || (code >= 18 && code <= 21);
}

/** Whether neither a missing server name nor a resumed session can have brought another certificate's result. */
function nothingElse(model: ConfigModel, target: Proxied): boolean {
  return sendsServerName(model, target) && sessionSharers(model, target).length === 0;
}

function settingsThatCount(model: ConfigModel, target: Proxied, code: number): string[] {
  const ca = tlsSetting(model, target, 'trusted_certificate').node;
  const depth = tlsSetting(model, target, 'verify_depth');
  const crl = tlsSetting(model, target, 'crl').node;
  const about = VERIFY_ERRORS.get(code)?.about;
  const facts = about === 'trust' && ca ? [`trusted is only what ${ca.text} holds`] : [];
  if (MAYBE_TOO_LONG.has(code))
    facts.push(
      `${depth.node?.text ?? `${depth.name} 1 (the default)`} allows ${intermediates(depth.value)} in the chain`,
    );
  if (about === 'revocation' && crl) facts.push(`${crl.text} is in effect`);
  return facts;
}

function intermediates(depth: string | null): string {
  const allowed = depth ?? '1';
  return allowed === '1' ? 'one intermediate' : `${allowed} intermediates`;
}

/** The directives of a script's own connections; null where nginx itself connects. */
function scriptOf({ matched }: Case): { readonly trusted: string; readonly depth: string } | null {
  switch (matched.kind.id) {
    case 'lua-certificate-rejected':
      return { trusted: 'lua_ssl_trusted_certificate', depth: 'lua_ssl_verify_depth' };
    case 'js-certificate-rejected':
      return { trusted: 'js_fetch_trusted_certificate', depth: 'js_fetch_verify_depth' };
    default:
      return null;
  }
}

function cure(failure: Case): string {
  const target = failure.model ? bestPlace(failure)?.proxied : null;
  const script = scriptOf(failure);
  const module = target?.handler ?? (failure.peer?.scheme?.startsWith('grpc') ? 'grpc' : 'proxy');
  const named =
    target && failure.model ? tlsSetting(failure.model, target, 'trusted_certificate').value : null;
  const file = script
    ? `the file of ${script.trusted}`
    : (named ?? `the file of ${module}_ssl_trusted_certificate`);
  const backend = failure.peer ? peerAddress(failure.peer) : 'the backend';
  const code = codeOf(failure);
  if (code === 18)
    return `add the backend's certificate itself to ${file}, or give ${backend} one of a CA that stands there`;
  const depth = script?.depth ?? `${module}_ssl_verify_depth`;
  if (code === 22) return `raise ${depth} to the number of intermediates in the chain of ${backend}`;
  switch (code === null ? null : VERIFY_ERRORS.get(code)?.about) {
    case 'time':
      return `renew the certificate of ${backend}, and the intermediates that it sends, if one of them is out of date; the clock of nginx's machine must be right`;
    case 'trust':
    case 'chain':
      return `put the root CA of ${backend} into ${file}, and let ${backend} send its intermediates; with more than one of them, raise ${depth}`;
    case 'revocation':
      return `fetch a current revocation list of each CA in the chain for ${module}_ssl_crl; a revoked certificate must be replaced on ${backend}`;
    case 'purpose':
    case 'strength':
      return `replace the certificate on ${backend} with one that is made for a server, with a current key and signature`;
    default:
      return `compare what ${backend} sends with ${file}, and correct the one that is wrong`;
  }
}

/** One more than now is what the chain needs at least. */
function deeper(model: ConfigModel, target: Proxied): Fix[] {
  const { name, node, value } = tlsSetting(model, target, 'verify_depth');
  const verify = tlsSetting(model, target, 'verify').node;
  const now = value === null ? 1 : Number(value);
  if (!verify || !Number.isInteger(now)) return [];
  const line = `${name} ${now + 1}`;
  const editor = new Editor(model, 'review');
  if (node) editor.replaceWord(node, node.directive.args[0]!, `${now + 1}`);
  else editor.insertAfter(verify, [`${line};`]);
  const fix = editor.fix(`set ${line}`);
  return fix ? [fix] : [];
}

/** Files that are trusted elsewhere. Which of them holds the issuer, nobody can see. */
function otherCa(model: ConfigModel, target: Proxied): Fix[] {
  const { name, node } = tlsSetting(model, target, 'trusted_certificate');
  const word = node?.directive.args[0];
  if (!node || !word) return [];
  const paths = model.nodes
    .filter((other) => /^(?:proxy|grpc|uwsgi)_ssl_trusted_certificate$/.test(other.name))
    .map((other) => other.directive.args[0]?.raw ?? '');
  return [...new Set(paths)].flatMap((path) => {
    if (path === '' || path === word.raw) return [];
    const fix = new Editor(model, 'choice').replaceWord(node, word, path).fix(`set ${name} ${path}`);
    return fix ? [fix] : [];
  });
}
