import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { allProxied } from '../config/proxied.ts';
import { holdsSince } from '../config/version.ts';
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
 * proxy_pass takes http:// and https:// and nothing else (ngx_http_proxy_pass: "invalid URL prefix"); grpc_pass and
 * uwsgi_pass take their own two or none, the other *_pass and the server lines of an upstream take none, and read
 * what they do not know as a host name ("invalid host in upstream"). Schemes are compared without case. Deliberately
 * leaves alone: addresses with variables, which nginx judges per request (invalid-upstream-variable), and paths of
 * sockets without "unix:" (unix-socket-path-malformed).
 */
export const unsupportedUpstreamScheme: FailureMode = {
  id: 'unsupported-upstream-scheme',
  title: 'The address carries a scheme that this directive does not know',
  what: 'An address begins with a scheme such as ws://, h2:// or http2://, or with none where one must stand.',
  why: 'nginx knows http:// and https:// in proxy_pass, grpc:// and grpcs:// in grpc_pass, uwsgi:// and suwsgi:// in uwsgi_pass, and none elsewhere. It refuses the whole configuration: a start fails, a reload leaves the old configuration running.',
  do: 'Write http:// or https:// in proxy_pass (for WebSocket too), grpc:// or grpcs:// in grpc_pass, and no scheme in fastcgi_pass and in server lines. HTTP/2 to a backend is proxy_http_version 2 (since 1.29.4) or grpc_pass.',
  status: null,
  versions: null,
  hits: WHOLE_START,
  signatures: [
    { message: 'invalid-url-prefix' },
    { message: 'invalid-host-in-upstream', when: (entry) => entry.message.includes('://') },
  ],
  detect: (model) => wrongSchemes(model),
  weigh: (failure) => weighRefusal(wrongSchemes, failure),
  fix: (failure) => fixesOfRefusal(wrongSchemes, failure),
  remedy: {
    cure: () => 'write a scheme that the directive knows, or none where it takes none',
    mitigate: KEEP_RUNNING,
    takesEffect: LOADS,
  },
  checks: testConfiguration,
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_grpc_module.html#grpc_pass',
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server',
  ],
};

/** Schemes that each directive takes; null stands for none at all. */
const TAKES: Readonly<Record<string, readonly (string | null)[]>> = {
  proxy_pass: ['http', 'https'],
  grpc_pass: ['grpc', 'grpcs', null],
  uwsgi_pass: ['uwsgi', 'suwsgi', null],
};

function wrongSchemes(model: ConfigModel): Detection[] {
  const passes = allProxied(model).map(({ pass }) => pass);
  const servers = model.named('server').filter(({ context }) => context === 'upstream');
  return [...new Set([...passes, ...servers])].flatMap((node) => wrongScheme(model, node) ?? []);
}

function wrongScheme(model: ConfigModel, node: ConfigNode): Detection | null {
  const text = node.arg(0) ?? '';
  if (text.includes('$') || /^unix:|^\//i.test(text)) return null;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? null;
  const takes = TAKES[node.name] ?? [null];
  if (takes.includes(scheme)) return null;
  const known = takes.filter((one) => one !== null).map((one) => `${one}://`);
  const expected = known.length > 0 ? `${known.join(' or ')}` : 'no scheme';
  return {
    node,
    severity: 'error',
    certainty: 'certain',
    message:
      scheme === null
        ? `${node.name} ${text} has no scheme: nginx wants ${expected}`
        : `nginx knows no ${scheme}:// in ${node.name}: it wants ${expected}`,
    related: [],
    fixes: rewritten(model, node, text, scheme),
  };
}

/** What a scheme becomes in each directive; the second name is that of the directive to use. */
const MEANT: Readonly<
  Record<string, Readonly<Record<string, readonly [scheme: string, directive?: string]>>>
> = {
  proxy_pass: {
    '': ['http://'],
    ws: ['http://'],
    wss: ['https://'],
    grpc: ['grpc://', 'grpc_pass'],
    grpcs: ['grpcs://', 'grpc_pass'],
    fastcgi: ['', 'fastcgi_pass'],
    uwsgi: ['uwsgi://', 'uwsgi_pass'],
    scgi: ['', 'scgi_pass'],
    memcached: ['', 'memcached_pass'],
  },
  grpc_pass: {
    http: ['grpc://'],
    h2c: ['grpc://'],
    https: ['grpcs://'],
    h2: ['grpcs://'],
    http2: ['grpc://'],
  },
};

function rewritten(model: ConfigModel, node: ConfigNode, text: string, scheme: string | null): Fix[] {
  const address = scheme === null ? text : text.slice(scheme.length + 3);
  const http2 = node.name === 'proxy_pass' && /^(?:http2|h2|h2c)$/.test(scheme ?? '');
  if (http2) return plainHttp(model, node, address, scheme === 'h2' ? 'https' : 'http');
  const table = MEANT[node.name];
  const meant = table ? table[scheme ?? ''] : ([''] as const);
  if (!meant) return [];
  const [newScheme, directive = node.name] = meant;
  // Only proxy_pass has a URI part; without a path to lose, a final slash goes.
  const target = directive === 'proxy_pass' ? address : address.replace(/\/$/, '');
  if (directive !== 'proxy_pass' && /[/?]/.test(target)) return [];
  const rest = node.args
    .slice(1)
    .map((word) => ` ${word}`)
    .join('');
  const head = `${directive} ${newScheme}${target}${rest}`;
  const fix = new Editor(model, 'review')
    .replaceHead(node, head)
    .fix(`write ${directive} ${newScheme}${target}`);
  return fix ? [fix] : [];
}

/** HTTP/2 to the backend where the release can do that, else HTTP/1.1: what the backend speaks, nobody can see. */
function plainHttp(model: ConfigModel, node: ConfigNode, address: string, scheme: string): Fix[] {
  const url = `${scheme}://${address}`;
  const plain = new Editor(model, 'choice').replaceHead(node, `proxy_pass ${url}`).fix(`write ${url}`);
  const version = new Editor(model, 'choice').replaceHead(node, `proxy_pass ${url}`);
  const newer = holdsSince(model.version, '1.29.4') === 'yes' && !node.parent?.first('proxy_http_version');
  const second = newer
    ? version.insertAfter(node, ['proxy_http_version 2;']).fix(`write ${url} with proxy_http_version 2`)
    : null;
  return [plain, second].filter((fix) => fix !== null);
}
