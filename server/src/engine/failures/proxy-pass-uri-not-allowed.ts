import type { ConfigModel } from '../config/model.ts';
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
 * A URI part of proxy_pass replaces the prefix that the location matched. Where there is none, in a location given
 * by a regular expression or a name, in if and in limit_except, nginx refuses it, were it a single slash
 * (ngx_http_proxy_pass). Deliberately leaves alone: addresses with variables, where a URI is allowed and replaces the
 * whole URI (variable-drops-uri).
 */
export const proxyPassUriNotAllowed: FailureMode = {
  id: 'proxy-pass-uri-not-allowed',
  title: 'proxy_pass has a URI part where none is allowed',
  what: 'proxy_pass with a URI part, even a single slash, stands in a location given by a regular expression or a name, in if or in limit_except.',
  why: 'The URI part stands for the prefix that the location matched, and here is none. nginx refuses the whole configuration: a start fails, a reload leaves the old configuration running.',
  do: 'Remove the URI part, even a single slash. To change the path, use rewrite ... break, or move proxy_pass into a prefix location.',
  status: null,
  versions: null,
  hits: WHOLE_START,
  signatures: [{ message: 'proxy-pass-uri-refused' }],
  detect: (model) => refusedUris(model),
  weigh: (failure) => weighRefusal(refusedUris, failure),
  fix: (failure) => fixesOfRefusal(refusedUris, failure),
  remedy: {
    cure: () => 'take the URI part off proxy_pass; to change the path, use rewrite ... break above it',
    mitigate: KEEP_RUNNING,
    takesEffect: LOADS,
  },
  checks: testConfiguration,
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#rewrite',
  ],
};

function refusedUris(model: ConfigModel): Detection[] {
  return allProxied(model).flatMap((target) => {
    const { pass, target: to, uriPart } = target;
    // Only the block in which the line stands has a say: an if takes the address over without reading it anew.
    if (pass.name !== 'proxy_pass' || pass.parent !== target.block) return [];
    if (to.kind === 'variable' || to.kind === 'invalid' || uriPart === null) return [];
    const place = placeWithoutPrefix(target);
    if (place === null) return [];
    return {
      node: pass,
      severity: 'error',
      certainty: 'certain',
      message: `proxy_pass has the URI part "${uriPart}" ${place}, where nginx takes none`,
      related: [],
      fixes: withoutUri(model, target, uriPart),
    };
  });
}

function placeWithoutPrefix({ block }: Proxied): string | null {
  if (block.name === 'if') return 'inside if';
  if (block.name === 'limit_except') return 'inside limit_except';
  if (block.name !== 'location') return null;
  const first = block.arg(0) ?? '';
  if (first.startsWith('~')) return 'in a location given by a regular expression';
  return first.startsWith('@') && block.args.length === 1 ? 'in a named location' : null;
}

/** A single slash means nothing there; any other URI was meant to change the path. */
function withoutUri(model: ConfigModel, { pass }: Proxied, uri: string): Fix[] {
  const url = pass.arg(0)!.slice(0, -uri.length).replace(/:$/, '');
  const word = pass.directive.args[0]!;
  const plain = new Editor(model, uri === '/' ? 'review' : 'choice')
    .replaceWord(pass, word, url)
    .fix(`write proxy_pass ${url}`);
  if (uri === '/' || uri.includes('?')) return plain ? [plain] : [];
  const before = uri.replace(/\/$/, '');
  const moved = new Editor(model, 'choice')
    .insertBefore(pass, [`rewrite ^(.*)$ ${before}$1 break;`])
    .replaceWord(pass, word, url)
    .fix(`put ${before} before the path with rewrite`);
  return [plain, moved].filter((fix) => fix !== null);
}
