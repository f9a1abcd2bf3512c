import type { ConfigModel } from './model.ts';
import { Walk } from './phases.ts';
import { receiveRequest } from './receive.ts';
import { type ClientRequest, type FileKind, RequestState } from './request-state.ts';
import { end, type Route } from './route-end.ts';
import { readVariable } from './variable-values.ts';

export type { Route } from './route-end.ts';

export interface RouteOptions {
  /** What is on nginx's disk; unknown by default. */
  readonly fileAt?: (path: string) => FileKind;
}

/**
 * The way of a request through the phases of nginx: server and location choice, rewriting, access, try_files, content
 * and error pages (src/http/ngx_http_core_module.c, ngx_http_special_response.c).
 */
export function route(model: ConfigModel, request: ClientRequest, options: RouteOptions = {}): Route {
  const state = new RequestState(model, request, readVariable, options.fileAt ?? (() => 'unknown'));
  const refused = receiveRequest(state);
  if (state.point === null || state.server === null) return end(state, 'error', null);
  const walk = new Walk(state);
  return walk.run(refused);
}
