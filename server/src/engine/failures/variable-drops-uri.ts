import { type LocationMatch, locationMatch } from '../config/location-choice.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { allProxied, type Proxied } from '../config/proxied.ts';
import { calledPaths } from '../config/subrequests.ts';
import { hasPlaceholder, possibleValues, variablesIn } from '../config/variables.ts';
import type { Fix } from '../contract.ts';
import { Editor } from '../diagnosis/editing.ts';
import { repeatThroughNginx } from '../diagnosis/request-pair.ts';
import { uriPath } from '../errorlog/uri-path.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * With a variable in proxy_pass nginx takes the URI there as it stands (ngx_http_proxy_create_uri): the location's
 * prefix is not replaced by it, and neither the rest of the path nor the arguments are added. Deliberately ignores:
 * URIs with a variable that carries the path; exact and internal locations, pages (a name with an extension) and what
 * auth_request or mirror call, which mean one URI; placeholders of templates.
 */
export const variableDropsUri: FailureMode = {
  id: 'variable-drops-uri',
  title: 'proxy_pass with a variable and a URI loses the original path',
  what: 'proxy_pass holds a variable and a URI part, so every request goes to that one URI.',
  why: 'With a variable nginx replaces no prefix: the URI part is sent as it stands, without the rest of the path and without the arguments. The backend answers each request with the same page, or with 404.',
  do: 'Leave the URI part out of proxy_pass: then the URI of the request is passed on as it is. To change the path, use rewrite ... break in the location.',
  status: null,
  versions: null,
  hits: 'every request through this location but that for the URI itself',
  signatures: [],
  detect: (model) => allProxied(model).flatMap((target) => dropping(model, target) ?? []),
  remedy: {
    cure: () => 'leave the URI part out of proxy_pass, and change the path by rewrite ... break',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => repeatThroughNginx(failure),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass'],
};

/** Variables that hold no path. */
const ARGUMENTS = new Set(['args', 'query_string', 'is_args']);

function dropping(model: ConfigModel, target: Proxied): Detection | null {
  if (target.handler !== 'proxy' || target.target.kind !== 'variable') return null;
  const uri = uriOf(target) ?? uriInVariable(model, target);
  if (uri === null || !variablesIn(uri).every((name) => ARGUMENTS.has(name))) return null;
  if (hasPlaceholder(model, target.target.text)) return null;
  const location = [target.block, ...target.block.ancestors()].find((block) => block.name === 'location');
  if (!location || meansOneUri(model, location, uri)) return null;
  const match = locationMatch(location);
  const single = isSingle(match, uri);
  const example = sample(match, single ? uri : null);
  // Who adds the arguments knows that nothing is added, and means one resource.
  if (single && variablesIn(uri).length > 0) return null;
  return {
    node: target.pass,
    severity: single ? 'info' : 'warning',
    certainty: single ? 'possible' : 'certain',
    message: `a request for ${example}?page=2 is sent as ${written(uri)}: with a variable in proxy_pass the path and the arguments are lost`,
    related: [],
    fixes: fixes(model, target, location, match),
  };
}

/** What stands behind the host; the scheme may be a variable. */
function uriOf({ target }: Proxied): string | null {
  const rest = target.kind === 'variable' ? target.text.replace(/^[^/]*:\/\//, '') : '';
  const slash = /^unix:/i.test(rest) ? -1 : rest.search(/[/?]/);
  return slash < 0 ? null : rest.slice(slash);
}

/** The URI that a variable with a whole URL brings along, where all its values have one. */
function uriInVariable(model: ConfigModel, { target, pass }: Proxied): string | null {
  if (target.kind !== 'variable' || !/^\$\{?\w+\}?$/.test(target.text)) return null;
  const { values, complete } = possibleValues(model, target.text, pass);
  const uris = values.map((value) => /^https?:\/\/(?!unix:)[^/?]*([/?].*)$/i.exec(value)?.[1]);
  return complete && uris.every((uri) => uri !== undefined) ? (uris[0] ?? null) : null;
}

/** What is sent, as nginx writes it: a URI that begins with its arguments gets a slash. */
function written(uri: string): string {
  return uri.startsWith('?') ? `/${uri}` : uri;
}

function meansOneUri(model: ConfigModel, location: ConfigNode, uri: string): boolean {
  const { kind, path } = locationMatch(location);
  if (kind === '=' || location.first('internal')) return true;
  if (kind === '@') return uri !== '/';
  if (/\.\w+$/.test(uriPath(uri))) return true;
  // A pattern without any choice.
  if ((kind === '~' || kind === '~*') && /^\^[\w/-]*\$$/.test(path)) return true;
  return calledPaths(model).has(path);
}

/** Whether a pattern holds the last name of a URI: it is for that resource. */
function namesIt(pattern: string, uri: string): boolean {
  const name = uriPath(uri).replace(/\/+$/, '').split('/').at(-1);
  return name !== undefined && name !== '' && pattern.includes(name);
}

/** A prefix and a URI that both look like the name of one resource. */
function isSingle({ kind, path }: LocationMatch, uri: string): boolean {
  const prefix = kind === 'prefix' || kind === '^~';
  if (!prefix) return namesIt(path, uri);
  if (uri !== '/' && path.endsWith(uri) && path !== uri) return true;
  return !path.endsWith('/') && !uriPath(uri).endsWith('/');
}

/** A path in the location; of a pattern that is for one resource, `named`, only that resource is known to be in it. */
function sample({ kind, path }: LocationMatch, named: string | null): string {
  if (kind !== 'prefix' && kind !== '^~') return named === null ? '/users' : uriPath(named);
  return `${path.replace(/\/$/, '')}/users`;
}

function fixes(model: ConfigModel, target: Proxied, location: ConfigNode, match: LocationMatch): Fix[] {
  const word = target.pass.directive.args[0];
  const uriPart = uriOf(target);
  const at = word && uriPart !== null ? word.raw.lastIndexOf(uriPart) : -1;
  if (!word || uriPart === null || at < 0) return [];
  const bare = word.raw.slice(0, at) + word.raw.slice(at + uriPart.length);
  const unchanged = (safety: Fix['safety']): Fix | null =>
    new Editor(model, safety)
      .replaceWord(target.pass, word, bare)
      .fix('leave the URI out: the path is passed on as it is');
  const prefix = match.kind === 'prefix' || match.kind === '^~';
  if (prefix && match.path === '/' && uriPart === '/')
    return [unchanged('review')].filter((fix) => fix !== null);
  const found = [
    prefix && target.pass.parent === location ? mapped(model, target, location, match.path, bare) : null,
    unchanged('choice'),
  ];
  return found.filter((fix) => fix !== null);
}

/** The replacement of the prefix that nginx makes without a variable. */
function mapped(
  model: ConfigModel,
  target: Proxied,
  location: ConfigNode,
  path: string,
  bare: string,
): Fix | null {
  const { pass } = target;
  const uriPart = uriOf(target);
  if (uriPart === null || !/^[\w/.~-]*$/.test(path + uriPart)) return null;
  const head = path.replace(/\/$/, '').replaceAll('.', '\\.');
  const rewrite = `rewrite ^${head}${path.endsWith('/') ? '/' : '/?'}(.*)$ ${uriPart.replace(/\/?$/, '/')}$1 break;`;
  const editor = new Editor(model, 'review');
  // break ends the rewrite directives of the location: a set behind it would not run.
  const last = location.children.filter((node) => REWRITING.has(node.name) && node.file === pass.file).at(-1);
  if (last && location.children.indexOf(last) > location.children.indexOf(pass))
    editor.insertAfter(last, [rewrite]);
  else editor.insertBefore(pass, [rewrite]);
  return editor
    .replaceWord(pass, pass.directive.args[0]!, bare)
    .fix(`replace ${path} by ${uriPart} with rewrite`);
}

const REWRITING = new Set(['set', 'if', 'rewrite', 'break', 'return', 'uninitialized_variable_warn']);
