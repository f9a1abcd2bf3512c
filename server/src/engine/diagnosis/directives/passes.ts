import { effective } from '../../config/inheritance.ts';
import type { ConfigModel } from '../../config/model.ts';
import { allProxied } from '../../config/proxied.ts';
import { parseUpstreamUrl } from '../../config/upstream-url.ts';
import { upstreamNamed } from '../../config/upstreams.ts';
import { type Refusal, rewriteWord } from './refusal.ts';

/** What nginx refuses of `*_pass` lines once it knows the groups and what is inherited. */
export function passRefusals(model: ConfigModel): Refusal[] {
  const found: Refusal[] = [];
  for (const { pass, block, scheme } of allProxied(model)) {
    const word = pass.directive.args[0]!;
    const url = word.value.includes('$') ? null : parseUpstreamUrl(pass.name, word.value);
    const group = url?.host && url.port !== null ? upstreamNamed(model, url.host) : null;
    if (url && group) {
      found.push({
        id: 'invalid-value',
        node: pass,
        word,
        // ngx_http_upstream_add
        says: `upstream "${group.name}" may not have port ${url.port}`,
        do: "Leave the port out: the group's server lines have the ports.",
        related: [{ ...group.node.site, message: 'the group' }],
        fixes: rewriteWord(pass, word, word.value.replace(`:${url.port}`, ''), 'leave the port out'),
      });
    }
    // ngx_http_upstream_init_round_robin: only proxy_pass has a default port.
    if (
      url?.host &&
      url.port === null &&
      pass.name !== 'proxy_pass' &&
      model.isComplete &&
      !upstreamNamed(model, url.host)
    )
      found.push({
        id: 'invalid-value',
        node: pass,
        word,
        says: `no port in upstream "${url.host}"`,
        do: 'Write HOST:PORT, or define an upstream block of that name.',
      });
    if (scheme !== 'https' && scheme !== 'grpcs' && scheme !== 'suwsgi') continue;
    const module = pass.name.slice(0, -'_pass'.length);
    const certificate = effective(model, `${module}_ssl_certificate`, block).nodes[0];
    const key = effective(model, `${module}_ssl_certificate_key`, block).nodes[0];
    if (!certificate || key || model.hasUnreadInclude(block, null)) continue;
    found.push({
      id: 'invalid-value',
      node: certificate,
      word: null,
      // ngx_http_proxy_set_ssl and its twins
      says: `no "${module}_ssl_certificate_key" is defined for certificate "${certificate.arg(0)}"`,
      do: `Set ${module}_ssl_certificate_key beside it.`,
      related: [{ ...pass.site, message: 'uses it' }],
    });
  }
  return found;
}
