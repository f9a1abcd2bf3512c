import { effective, effectiveValue } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { allProxied, type Proxied } from '../config/proxied.ts';
import type { Fix } from '../contract.ts';
import { Editor } from '../diagnosis/editing.ts';
import {
  fixesOfRefusal,
  KEEP_RUNNING,
  LOADS,
  testConfiguration,
  WHOLE_START,
  weighRefusal,
} from '../diagnosis/refused.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * nginx does not use the certificates of the system by itself: proxy_ssl_verify on needs
 * proxy_ssl_trusted_certificate (ngx_http_proxy_set_ssl; gRPC and uwsgi alike). nginx says so without a line, and
 * only for locations that speak TLS to their backend; one with a variable address counts as such. Deliberately leaves
 * alone: proxy_ssl_verify on beside http:// only, which nginx takes, and stream.
 */
export const verifyWithoutCa: FailureMode = {
  id: 'verify-without-ca',
  title: 'proxy_ssl_verify is on, but no CA is named',
  what: 'proxy_ssl_verify (grpc_ssl_verify, uwsgi_ssl_verify) is on where a location speaks TLS to its backend, and no *_ssl_trusted_certificate is in effect there.',
  why: 'There is nothing to verify the certificate against: nginx does not use the store of the system by itself. It refuses the whole configuration, without naming a line.',
  do: 'Name the CA in proxy_ssl_trusted_certificate; for public certificates the bundle of the system, such as /etc/ssl/certs/ca-certificates.crt.',
  status: null,
  versions: null,
  hits: WHOLE_START,
  signatures: [{ message: 'verify-without-trusted-certificate' }],
  detect: (model) => unverifiable(model),
  weigh: (failure) => weighRefusal(unverifiable, failure),
  fix: (failure) => fixesOfRefusal(unverifiable, failure),
  remedy: {
    cure: () => 'set proxy_ssl_trusted_certificate to the CA that signed the certificate of the backend',
    mitigate: KEEP_RUNNING,
    takesEffect: LOADS,
  },
  checks: testConfiguration,
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_verify',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_trusted_certificate',
  ],
};

function unverifiable(model: ConfigModel): Detection[] {
  const byLine = new Map<ConfigNode, { target: Proxied; module: string }[]>();
  for (const target of allProxied(model)) {
    const module = target.handler;
    if (target.pass.parent !== target.block || !speaksTls(target)) continue;
    if (effectiveValue(model, `${module}_ssl_verify`, target.block, 'off').toLowerCase() !== 'on') continue;
    const verify = effective(model, `${module}_ssl_verify`, target.block).nodes[0];
    if (!verify || effective(model, `${module}_ssl_trusted_certificate`, target.block).nodes.length > 0)
      continue;
    // A file that is not here, or whoever includes this fragment, may name the CA.
    if (model.hasUnreadInclude(target.block, null) || !inHttp(target.block)) continue;
    const line =
      [...byLine.keys()].find((node) => node.file === verify.file && node.at === verify.at) ?? verify;
    byLine.set(line, [...(byLine.get(line) ?? []), { target, module }]);
  }
  return [...byLine].map(([verify, users]) => ({
    node: verify,
    severity: 'error',
    certainty: 'certain',
    message: `${verify.name} is on, and no ${users[0]!.module}_ssl_trusted_certificate names the CA`,
    related: users.map(({ target }) => ({
      ...target.pass.site,
      message: `${target.pass.text} would be verified`,
    })),
    fixes: withKnownCa(model, verify, users[0]!.module),
  }));
}

/** With a variable address nginx makes a TLS context in any case. */
function speaksTls({ scheme, target, handler }: Proxied): boolean {
  if (scheme === 'https' || scheme === 'grpcs' || scheme === 'suwsgi') return true;
  return target.kind === 'variable' && ['proxy', 'grpc', 'uwsgi'].includes(handler);
}

function inHttp(node: ConfigNode): boolean {
  return [...node.ancestors()].some(({ name }) => name === 'http');
}

/** A CA that the files name for the same purpose elsewhere. Which one signed this backend's, nobody can see. */
function withKnownCa(model: ConfigModel, verify: ConfigNode, module: string): Fix[] {
  const paths = model
    .named(...['proxy', 'grpc', 'uwsgi'].map((family) => `${family}_ssl_trusted_certificate`))
    .map((node) => node.directive.args[0]?.raw ?? '');
  return [...new Set(paths)].flatMap((path) => {
    const line = `${module}_ssl_trusted_certificate ${path}`;
    const fix =
      path === '' ? null : new Editor(model, 'review').insertAfter(verify, [`${line};`]).fix(`set ${line}`);
    return fix ? [fix] : [];
  });
}
