import type { ConfigModel } from '../config/model.ts';
import { type PrefixReplacement, prefixReplacements, replaced } from '../config/prefix-replacement.ts';
import { requestHeaders } from '../config/request-headers.ts';
import { Editor } from '../diagnosis/editing.ts';
import { repeatThroughNginx } from '../diagnosis/request-pair.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * The slash behind the address in proxy_pass is a URI part: it takes the place of the location's prefix. Often that is
 * meant, so it is a hint that shows what the backend sees; it is wrong where the application expects the whole path,
 * and brittle where its pages link to absolute paths. Deliberately ignores: any other URI part, which nobody writes
 * by accident; `location /`, where nothing is lost; a prefix without a slash (prefix-slash-mismatch); locations that
 * tell the backend its prefix or put it back into answers.
 */
export const prefixStripped: FailureMode = {
  id: 'prefix-stripped',
  title: 'The backend gets the path without the prefix of the location',
  what: 'proxy_pass ends with a slash, so the prefix of the location is cut off the path.',
  why: 'A backend that expects the whole path answers 404. One that does not know its prefix links and redirects to paths outside of this location. nginx passes that on and logs nothing.',
  do: 'If the backend expects the whole path, leave the slash at the end of proxy_pass out. If not, nothing is wrong.',
  status: null,
  versions: null,
  hits: 'every request below the prefix',
  signatures: [],
  detect: (model) => prefixReplacements(model).flatMap((found) => stripped(model, found) ?? []),
  remedy: {
    cure: () => 'leave the slash at the end of proxy_pass out, if the backend expects the whole path',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => repeatThroughNginx(failure),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass'],
};

function stripped(model: ConfigModel, found: PrefixReplacement): Detection | null {
  const { target, prefix, uri } = found;
  if (uri !== '/' || prefix.length < 2 || !prefix.endsWith('/') || knowsPrefix(model, found)) return null;
  const path = `${prefix}users`;
  const word = target.pass.directive.args[0]!;
  const at = word.raw.lastIndexOf('/');
  // Behind the path of a unix socket the colon goes with the URI.
  const from = target.target.kind === 'unix' ? word.raw.lastIndexOf(':', at) : at;
  const fix = new Editor(model, 'choice')
    .replaceWord(target.pass, word, word.raw.slice(0, from) + word.raw.slice(at + 1))
    .fix('leave the slash out: the path is passed on as it is');
  return {
    node: target.pass,
    severity: 'hint',
    certainty: 'certain',
    message: `a request for ${path} reaches the backend as ${replaced(found, path)}`,
    related: [],
    fixes: fix ? [fix] : [],
  };
}

/** Whether the location shows that the prefix is cut off on purpose. */
function knowsPrefix(model: ConfigModel, { location }: PrefixReplacement): boolean {
  if (MENDING.some((name) => location.first(name) !== null)) return true;
  return [...requestHeaders(model, location).keys()].some((name) => /prefix|script-name/.test(name));
}

/** What puts a prefix back into answers. */
const MENDING = ['proxy_redirect', 'proxy_cookie_path', 'sub_filter'];
