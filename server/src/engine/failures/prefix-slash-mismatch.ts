import { locationMatch } from '../config/location-choice.ts';
import type { ConfigModel } from '../config/model.ts';
import { type PrefixReplacement, prefixReplacements, replaced } from '../config/prefix-replacement.ts';
import type { Fix } from '../contract.ts';
import { Editor } from '../diagnosis/editing.ts';
import { repeatThroughNginx } from '../diagnosis/request-pair.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * nginx puts the URI part of proxy_pass in place of the location's prefix, letter for letter: where only one of them
 * ends with a slash, one is doubled or missing. Deliberately ignores: URI parts that end in another sign or hold a
 * query, which may mean to be continued; a prefix beside which the same one with a slash stands; locations with
 * rewrite.
 */
export const prefixSlashMismatch: FailureMode = {
  id: 'prefix-slash-mismatch',
  title: 'location and proxy_pass differ in the slash at the end',
  what: 'The prefix of a location and the URI part of its proxy_pass do not both end with a slash.',
  why: 'nginx replaces the prefix by the URI letter for letter, so the backend sees a path with two slashes or with two names run together, and answers 404 or with the wrong page. nginx passes that on and logs nothing.',
  do: 'End both with a slash (location /api/, proxy_pass http://b/v1/), or neither.',
  status: null,
  versions: null,
  hits: 'every request below the prefix',
  signatures: [],
  detect: (model) => prefixReplacements(model).flatMap((found) => mismatch(model, found) ?? []),
  remedy: {
    cure: () => 'end the prefix of the location and the URI of proxy_pass both with a slash, or neither',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => repeatThroughNginx(failure),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass'],
};

function mismatch(model: ConfigModel, found: PrefixReplacement): Detection | null {
  const { target, location, prefix, uri } = found;
  const doubled = !prefix.endsWith('/') && uri.endsWith('/');
  const joined = prefix.endsWith('/') && /[A-Za-z0-9]$/.test(uri) && !uri.includes('?');
  if (prefix === '' || (!doubled && !joined) || (doubled && besideSlash(found))) return null;
  const path = `${prefix}${doubled ? '/' : ''}users`;
  return {
    node: target.pass,
    severity: 'warning',
    certainty: 'certain',
    message: `a request for ${path} reaches the backend as ${replaced(found, path)}`,
    related: [
      { ...location.site, message: `the prefix ${prefix} ends ${doubled ? 'without' : 'with'} a slash` },
    ],
    fixes: fixes(model, found, doubled),
  };
}

/** Whether the prefix with a slash has a location of its own, which takes the paths below it. */
function besideSlash({ location, prefix }: PrefixReplacement): boolean {
  const siblings = location.parent?.all('location') ?? [];
  return siblings.some((other) => {
    const { kind, path } = locationMatch(other);
    return path === `${prefix}/` && (kind === 'prefix' || kind === '^~');
  });
}

function fixes(
  model: ConfigModel,
  { target: { pass }, location, prefix, uri }: PrefixReplacement,
  doubled: boolean,
): Fix[] {
  const word = pass.directive.args[0]!;
  const path = location.directive.args.at(-1)!;
  const at = word.raw.lastIndexOf(uri) + uri.length;
  const withUri = (text: string): string => word.raw.slice(0, at - uri.length) + text + word.raw.slice(at);
  const uriFix = (text: string): Fix | null =>
    new Editor(model, 'review').replaceWord(pass, word, withUri(text)).fix(`write ${text} in proxy_pass`);
  const end = path.raw.length - (/["']$/.test(path.raw) ? 1 : 0);
  // The bare prefix is then answered with a redirect to the slash.
  const prefixFix = new Editor(model, 'review')
    .replaceWord(location, path, `${path.raw.slice(0, end)}/${path.raw.slice(end)}`)
    .fix(`write location ${prefix}/`);
  if (!doubled) return [uriFix(`${uri}/`)].filter((fix) => fix !== null);
  const found = uri === '/' ? [prefixFix] : [uriFix(uri.slice(0, -1)), prefixFix];
  return found.filter((fix) => fix !== null);
}
