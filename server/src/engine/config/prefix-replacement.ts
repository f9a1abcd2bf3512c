import { locationMatch } from './location-choice.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { allProxied, type Proxied } from './proxied.ts';
import { calledPaths } from './subrequests.ts';

/** A proxy_pass whose URI part takes the place of the location's prefix. */
export interface PrefixReplacement {
  readonly target: Proxied;
  readonly location: ConfigNode;
  /** The prefix of the location. */
  readonly prefix: string;
  /** What replaces it. */
  readonly uri: string;
}

/**
 * Every prefix location whose proxy_pass has a URI part without variables: nginx replaces the prefix by it
 * (ngx_http_proxy_create_request). Where a rewrite may have changed the URI it does not, so these are left out, and so
 * are locations for subrequests and internal redirects, which know where they lead.
 */
export function prefixReplacements(model: ConfigModel): PrefixReplacement[] {
  return allProxied(model).flatMap((target) => {
    const { handler, uriPart: uri, block: location } = target;
    if (handler !== 'proxy' || uri === null || target.target.kind === 'variable') return [];
    if (location.name !== 'location' || location.first('rewrite') || location.first('internal')) return [];
    const { kind, path: prefix } = locationMatch(location);
    if ((kind !== 'prefix' && kind !== '^~') || calledPaths(model).has(prefix)) return [];
    return [{ target, location, prefix, uri }];
  });
}

/** What the backend sees of a request for a path below the prefix. */
export function replaced({ prefix, uri }: PrefixReplacement, path: string): string {
  return uri + path.slice(prefix.length);
}
