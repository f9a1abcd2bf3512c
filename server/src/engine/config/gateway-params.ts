import { assumedRelease } from './assumed-release.ts';
import { toBytes } from './bytes.ts';
import { effective, effectiveValue } from './inheritance.ts';
import type { ConfigNode } from './model.ts';
import { searchPattern } from './pcre.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, runScript } from './script.ts';
import type { SentHeader } from './sent-request.ts';
import { holdsSince } from './version.ts';

/**
 * The parameters that FastCGI, uwsgi and SCGI backends get: those of `*_param` in their order, then the client's
 * headers as HTTP_X unless a parameter has that name (ngx_http_fastcgi_create_request, ngx_http_uwsgi_create_request,
 * ngx_http_scgi_create_request).
 */
export function buildParams(state: RequestState, block: ConfigNode, module: string): SentHeader[] {
  setScriptName(state, block);
  const params: SentHeader[] = [];
  const names = new Set<string>();
  if (module === 'scgi') {
    const length = String(state.request.body?.length ?? 0);
    params.push({ name: 'CONTENT_LENGTH', value: length, node: null, fromClient: false });
  }
  for (const node of effective(state.model, `${module}_param`, block).nodes) {
    const name = toBytes(node.arg(0) ?? '');
    const written = node.arg(1) ?? '';
    if (name.length > 5 && name.startsWith('HTTP_')) {
      names.add(name.toUpperCase());
      // Set to nothing, the client's header is kept back.
      if (written === '') continue;
    }
    const value = runScript(compileScript(written), state);
    if (value === '' && node.arg(2) === 'if_not_empty') continue;
    params.push({ name, value, node, fromClient: false });
  }
  // The host that the request is for, since 1.29.5 and unless a parameter sets it.
  if (!names.has('HTTP_HOST') && holdsSince(assumedRelease(state.model), '1.29.5') === 'yes') {
    names.add('HTTP_HOST');
    const value = runScript(compileScript('$host$is_request_port$request_port'), state);
    if (value !== '') params.push({ name: 'HTTP_HOST', value, node: null, fromClient: false });
  }
  if (effectiveValue(state.model, `${module}_pass_request_headers`, block, 'on') === 'off') return params;
  const joined = new Map<string, number>();
  const joins = holdsSince(state.model.version, '1.23.0') !== 'no';
  for (const { name: header, lower, value } of state.headers) {
    const name = `HTTP_${header.toUpperCase().replaceAll('-', '_')}`;
    if (names.has(name)) continue;
    const earlier = joins ? joined.get(name) : undefined;
    if (earlier !== undefined) {
      const first = params[earlier]!;
      params[earlier] = { ...first, value: `${first.value}${lower === 'cookie' ? '; ' : ', '}${value}` };
      continue;
    }
    joined.set(name, params.length);
    params.push({ name, value, node: null, fromClient: true });
  }
  return params;
}

/** $fastcgi_script_name and $fastcgi_path_info (ngx_http_fastcgi_split, ngx_http_fastcgi_script_name_variable). */
function setScriptName(state: RequestState, block: ConfigNode): void {
  const pattern = effective(state.model, 'fastcgi_split_path_info', block).nodes[0]?.arg(0) ?? null;
  const index = effective(state.model, 'fastcgi_index', block).nodes[0]?.arg(0) ?? '';
  const split = pattern === null ? null : splitPath(pattern, state.uri);
  const script = split ? split.script : state.uri;
  state.keep('fastcgi_script_name', script.endsWith('/') ? script + toBytes(index) : script);
  state.keep('fastcgi_path_info', split ? split.info : '');
}

function splitPath(pattern: string, uri: string): { script: string; info: string } | null {
  const captures = searchPattern(pattern, uri, false);
  if (captures === null || captures === 'unknown') return null;
  return { script: captures.groups[1] ?? '', info: captures.groups[2] ?? '' };
}
