import { escapeUri } from './bytes.ts';
import { buildParams } from './gateway-params.ts';
import { grpcRequest } from './grpc-request.ts';
import { proxyRequest } from './proxy-request.ts';
import type { Route } from './route.ts';
import { compileScript, runScript } from './script.ts';
import { plain, targetOf, type UpstreamRequest } from './sent-request.ts';

export type { SentHeader, UpstreamRequest } from './sent-request.ts';

/** The request that a route's handler sends; null where none is sent. */
export function upstreamRequest(route: Route): UpstreamRequest | null {
  const { handler, state, block } = route;
  if (!handler || !block || !handler.name.endsWith('_pass')) return null;
  switch (handler.name) {
    case 'proxy_pass':
      return proxyRequest(state, block, handler);
    case 'grpc_pass':
      return grpcRequest(state, block, handler);
    case 'memcached_pass': {
      const key = runScript(compileScript('$memcached_key'), state);
      const target = targetOf(state, handler);
      return {
        ...plain(target, 'memcached'),
        method: 'get',
        uri: key,
        requestLine: `get ${escapeUri(key)}`,
        headers: [],
      };
    }
    case 'fastcgi_pass':
    case 'uwsgi_pass':
    case 'scgi_pass': {
      const protocol = ({ fastcgi_pass: 'FastCGI', uwsgi_pass: 'uwsgi', scgi_pass: 'SCGI' } as const)[
        handler.name
      ];
      const target = targetOf(state, handler);
      const headers = buildParams(state, block, handler.name.slice(0, -'_pass'.length));
      const of = (name: string, fallback: string): string =>
        headers.find((header) => header.name === name)?.value ?? fallback;
      const method = of('REQUEST_METHOD', state.method);
      const uri = of('REQUEST_URI', state.unparsedUri);
      const requestLine = `${method} ${uri} ${of('SERVER_PROTOCOL', protocol)}`;
      return { ...plain(target, protocol), method, uri, requestLine, headers };
    }
    default:
      return null;
  }
}
