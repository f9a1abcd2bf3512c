import { fromBytes, toBytes } from './bytes.ts';
import { locationMatch } from './location-choice.ts';
import type { ConfigNode } from './model.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, isConstant } from './script.ts';
import { parseUpstreamUrl } from './upstream-url.ts';
import { holdsSince } from './version.ts';

/**
 * A URI that try_files made shorter than its location's name: before 1.29.4 proxy_pass with a URI part then crashes
 * the worker process (ngx_http_proxy_create_request; measured on 1.22.1).
 */
export function crashes(state: RequestState, handler: ConfigNode): boolean {
  if (handler.name !== 'proxy_pass' || !state.validLocation || handler.parent?.name !== 'location')
    return false;
  if (holdsSince(state.model.version, '1.29.4') === 'yes') return false;
  const uri = parseUpstreamUrl('proxy_pass', handler.arg(0) ?? '')?.uri ?? null;
  const { kind, path } = locationMatch(handler.parent);
  if (uri === null || kind === '~' || kind === '~*' || kind === '@') return false;
  return state.uri.length < toBytes(path).length && isConstant(compileScript(handler.arg(0) ?? ''));
}

/** Whether a pass with variables gives an address that nginx refuses at run time (ngx_http_proxy_eval). */
export function brokenPass(state: RequestState, handler: ConfigNode): boolean {
  if (handler.name !== 'proxy_pass') return false;
  const script = compileScript(handler.arg(0) ?? '');
  if (isConstant(script)) return false;
  const { text, known } = state.evaluate(script);
  if (!known || parseUpstreamUrl(handler.name, text)) return false;
  state.step('pass', `${handler.text} gives "${fromBytes(text)}", which is no URL: nginx answers 500`);
  return true;
}
