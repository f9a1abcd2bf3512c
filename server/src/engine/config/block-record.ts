import { effective, isPass } from './inheritance.ts';
import type { ConfigNode } from './model.ts';
import type { RequestState } from './request-state.ts';

/** Directives that make a block answer by themselves, besides the *_pass ones. */
const CONTENT_HANDLERS = new Set([
  'stub_status',
  'empty_gif',
  'flv',
  'mp4',
  'perl',
  'js_content',
  'echo',
  'content_by_lua',
  'content_by_lua_block',
  'content_by_lua_file',
]);

const handlers = new WeakMap<ConfigNode, ConfigNode | null>();
const limits = new WeakMap<ConfigNode, ConfigNode | null>();

/**
 * The directive of a block that sets its content handler; a limit_except without one takes that of its location
 * (ngx_http_proxy_merge_loc_conf and its siblings; memcached does not).
 */
export function handlerOf(block: ConfigNode): ConfigNode | null {
  let known = handlers.get(block);
  if (known === undefined) {
    known = lastHandler(block);
    if (!known && block.name === 'limit_except' && block.parent) {
      const outer = lastHandler(block.parent);
      if (outer && isPass(outer.name) && outer.name !== 'memcached_pass') known = outer;
    }
    handlers.set(block, known);
  }
  return known;
}

/**
 * The directive that tells a *_pass's handler where to go. The handler may be that of an earlier "if", while the block
 * in effect is a later one: that has its own line or the one of its location, else none, and nginx answers 500 with "no
 * upstream configuration" (ngx_http_upstream_init_request).
 */
export function passInEffect(handler: ConfigNode, block: ConfigNode): ConfigNode | null {
  const own = (holder: ConfigNode | null): ConfigNode | null =>
    holder?.children.findLast(({ name }) => name === handler.name) ?? null;
  return own(block) ?? (block.name === 'if' || block.name === 'limit_except' ? own(block.parent) : null);
}

function lastHandler(block: ConfigNode): ConfigNode | null {
  return block.children.findLast((child) => isPass(child.name) || CONTENT_HANDLERS.has(child.name)) ?? null;
}

/** ngx_http_update_location_config: the limit_except that a method falls into, and the handler of the block. */
export function enterBlock(state: RequestState): void {
  const limit = state.block ? limitOf(state.block) : null;
  if (limit && !allows(limit, state.method)) {
    state.step('limit-except', `${limit.text} does not list ${state.method}: its block holds`);
    state.block = limit;
  }
  const handler = state.block ? handlerOf(state.block) : null;
  if (handler) state.handler = handler;
}

function limitOf(block: ConfigNode): ConfigNode | null {
  let known = limits.get(block);
  if (known === undefined) {
    known = block.name === 'location' ? block.first('limit_except') : null;
    limits.set(block, known);
  }
  return known;
}

/** GET allows HEAD as well (ngx_http_core_limit_except). */
function allows(limit: ConfigNode, method: string): boolean {
  const listed = limit.args.map((name) => name.toUpperCase());
  return listed.includes(method) || (method === 'HEAD' && listed.includes('GET'));
}

/** One `error_page` line for one status. */
export interface ErrorPage {
  readonly node: ConfigNode;
  /** Replaces the status; 0 takes that of the page, null keeps the error's. */
  readonly overwrite: number | null;
  readonly target: string;
}

const errorPages = new WeakMap<ConfigNode, ReadonlyMap<number, ErrorPage> | null>();

/** The error pages in effect at a block, by status; null when there are none at all (ngx_http_core_error_page). */
export function errorPagesOf(state: RequestState, block: ConfigNode): ReadonlyMap<number, ErrorPage> | null {
  let known = errorPages.get(block);
  if (known === undefined) {
    const { nodes } = effective(state.model, 'error_page', block);
    known = nodes.length === 0 ? null : readErrorPages(nodes);
    errorPages.set(block, known);
  }
  return known;
}

/** Codes of nginx's own that reach the client as 400. */
const AS_BAD_REQUEST = new Set([494, 495, 496, 497]);

function readErrorPages(nodes: readonly ConfigNode[]): Map<number, ErrorPage> {
  const pages = new Map<number, ErrorPage>();
  for (const node of nodes) {
    const words = [...node.args];
    const target = words.pop() ?? '';
    const equals = words.at(-1)?.startsWith('=') ? words.pop()! : null;
    const overwrite = equals === null ? null : equals === '=' ? 0 : Number(equals.slice(1));
    for (const word of words) {
      const status = Number(word);
      if (pages.has(status)) continue;
      pages.set(status, {
        node,
        overwrite: overwrite ?? (AS_BAD_REQUEST.has(status) ? 400 : null),
        target,
      });
    }
  }
  return pages;
}

const internals = new WeakMap<ConfigNode, boolean>();

/** Whether a location is for nginx's own redirects only; nested locations take that over. */
export function isInternal(state: RequestState, location: ConfigNode): boolean {
  let known = internals.get(location);
  if (known === undefined) {
    known = effective(state.model, 'internal', location).nodes.length > 0;
    internals.set(location, known);
  }
  return known;
}
