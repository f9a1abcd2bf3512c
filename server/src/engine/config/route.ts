import { checkAccess, notedGuards } from './access.ts';
import { enterBlock, errorPagesOf } from './block-record.ts';
import { escapeUri, fromBytes, toBytes } from './bytes.ts';
import { effective, effectiveValue } from './inheritance.ts';
import { findLocation, type LocationStep, locationMatch, namedLocation } from './location-choice.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { receiveRequest } from './receive.ts';
import { type ClientRequest, type FileKind, RequestState, type Step } from './request-state.ts';
import { type Finish, runRewrites, shown } from './rewrite.ts';
import { compileScript, isConstant, runScript } from './script.ts';
import { loggedServerName } from './server-choice.ts';
import { type Onward, serveFiles, tryFiles } from './static-content.ts';
import { parseUpstreamUrl } from './upstream-url.ts';
import { readVariable } from './variable-values.ts';
import { holdsSince } from './version.ts';

/** Where a request ends. */
export interface Route {
  readonly server: ConfigNode | null;
  /** The location, `if` or `limit_except` block whose settings hold at the end; the server where no location serves. */
  readonly block: ConfigNode | null;
  /** `location`: a handler or the file system; the rest as the names say. Null status: the backend or a file decides. */
  readonly kind: 'location' | 'server' | 'redirect' | 'return' | 'error';
  readonly status: number | null;
  /** The Location header that the client gets. */
  readonly to: string | null;
  /** Body that a `return` sends. */
  readonly body: string | null;
  /** The *_pass or other directive that answers; null for nginx itself and for files. */
  readonly handler: ConfigNode | null;
  /** The file that answers, where one does. */
  readonly file: string | null;
  /** False when a part of the way could not be worked out; the trace tells which. */
  readonly certain: boolean;
  readonly steps: readonly Step[];
  /** The request as it arrives at the handler. */
  readonly state: RequestState;
}

export interface RouteOptions {
  /** What is on nginx's disk; unknown by default. */
  readonly fileAt?: (path: string) => FileKind;
}

/** A status that nginx closes the connection for, without an answer. */
const CLOSE = 444;

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

type Phase = 'server-rewrite' | 'find-location' | 'location-rewrite' | 'access' | 'content';

class Walk {
  private result: Route | null = null;
  private phase: Phase = 'server-rewrite';

  constructor(private readonly state: RequestState) {}

  run(refused: number | null): Route {
    if (refused !== null) this.special(refused);
    while (!this.result) {
      switch (this.phase) {
        case 'server-rewrite':
          this.serverRewrite();
          break;
        case 'find-location':
          this.findLocation();
          break;
        case 'location-rewrite':
          this.locationRewrite();
          break;
        case 'access':
          this.access();
          break;
        case 'content':
          this.content();
          break;
      }
    }
    return this.result;
  }

  private serverRewrite(): void {
    const { state } = this;
    const finish = runRewrites(state, state.server!);
    if (finish) this.finish(finish);
    else this.phase = 'find-location';
  }

  private findLocation(): void {
    const { state } = this;
    state.handler = null;
    state.uriChanged = false;
    const choice = findLocation(state.server!, state.uri);
    traceLocation(state, choice.steps);
    for (const captures of choice.captures) state.capture(captures);
    const node = choice.location?.node ?? null;
    if (!node) state.step('no-location', 'no location matches: the server block itself serves it');
    state.block = node ?? state.server;
    if (node && !state.internal && effective(state.model, 'internal', node).nodes.length > 0) {
      state.step('internal', `${node.text} is internal: nginx answers 404 to requests from outside`);
      this.special(404);
      return;
    }
    enterBlock(state);
    const { body } = state.request;
    if (body && !body.chunked && this.tooLarge(body.length)) return;
    if (choice.redirect && choice.location) {
      const name = escapeUri(choice.location.path);
      state.redirectTo = state.args === '' ? name : `${name}?${state.args}`;
      this.special(301);
      return;
    }
    // The server's own directives have run already.
    this.phase = node ? 'location-rewrite' : 'access';
  }

  private tooLarge(length: number): boolean {
    const { state } = this;
    const limit = readSize(effectiveValue(state.model, 'client_max_body_size', state.block!, '1m'));
    if (limit === 0 || length <= limit) return false;
    state.step('access', `the body of ${length} bytes exceeds client_max_body_size`);
    this.special(413);
    return true;
  }

  private locationRewrite(): void {
    const { state } = this;
    const finish = runRewrites(state, state.block!);
    if (finish) {
      this.finish(finish);
      return;
    }
    if (!state.uriChanged) {
      this.phase = 'access';
      return;
    }
    if (!this.changed()) return;
    state.block = state.server;
    this.phase = 'find-location';
  }

  /** Counts a change of the URI; false when it was one too many. */
  private changed(): boolean {
    const { state } = this;
    state.uriChanges--;
    if (state.uriChanges > 0) return true;
    state.step('cycle', 'the URI has changed more than ten times: nginx gives up and answers 500');
    this.special(500);
    return false;
  }

  private access(): void {
    const { state } = this;
    const refused = checkAccess(state, state.block!);
    if (refused !== null) {
      this.special(refused);
      return;
    }
    notedGuards(state, state.block!);
    this.phase = 'content';
    this.onward(tryFiles(state));
  }

  private content(): void {
    const { state } = this;
    if (state.handler) {
      const { handler } = state;
      const failed = brokenPass(state, handler);
      if (failed) {
        this.special(500);
        return;
      }
      if (crashes(state, handler)) {
        state.step('crash', 'the URI is shorter than the location: nginx before 1.29.4 crashes here');
        this.result = end(state, 'error', null);
        return;
      }
      state.step(handler.name.endsWith('_pass') ? 'pass' : 'handler', `${handler.text} answers`);
      this.result = end(state, 'location', state.errStatus || null, { handler });
      return;
    }
    this.onward(serveFiles(state));
  }

  private onward(onward: Onward): void {
    switch (onward.kind) {
      case 'next':
        return;
      case 'status':
        // "=200" of try_files sends the page of no status at all.
        this.special(onward.status);
        return;
      case 'named':
        this.toNamed(onward.name);
        return;
      case 'redirect':
        this.toUri(onward.uri, onward.args);
        return;
      case 'file': {
        const { state } = this;
        const known = state.fileAt(onward.path) !== 'unknown';
        const kind = state.block === state.server ? 'server' : 'location';
        this.result = end(state, kind, state.errStatus || (known ? 200 : null), { file: onward.path });
      }
    }
  }

  /** ngx_http_internal_redirect. */
  private toUri(uri: string, args: string): void {
    const { state } = this;
    if (!this.changed()) return;
    state.uri = uri;
    state.args = args;
    state.block = state.server;
    state.internal = true;
    state.validUnparsed = false;
    state.validLocation = true;
    this.phase = 'server-rewrite';
  }

  /** ngx_http_named_location. */
  private toNamed(name: string): void {
    const { state } = this;
    if (!this.changed()) return;
    const entry = state.uri === '' ? null : namedLocation(state.server!, name);
    if (!entry) {
      state.step(
        'named-location',
        `there is no location ${fromBytes(name)} in this server: nginx answers 500`,
      );
      this.special(500);
      return;
    }
    state.step('named-location', `location ${fromBytes(name)} takes over with ${shown(state)}`);
    state.internal = true;
    state.handler = null;
    state.uriChanged = false;
    state.block = entry.node;
    enterBlock(state);
    this.phase = 'location-rewrite';
  }

  private finish(finish: Finish): void {
    if (finish.body === null) {
      this.special(finish.status, finish.node.name === 'return');
      return;
    }
    const { state } = this;
    this.result = end(state, 'return', state.errStatus || finish.status, { body: finish.body });
  }

  /** ngx_http_special_response_handler: an error page if there is one, else nginx's own page. */
  private special(status: number, byReturn = false): void {
    const { state } = this;
    if (status === CLOSE) {
      this.result = end(state, 'return', CLOSE);
      return;
    }
    state.errStatus = status;
    const pages = state.block ? errorPagesOf(state, state.block) : null;
    if (!state.errorPageDone && pages && state.uriChanges > 0) {
      const recursive = effectiveValue(state.model, 'recursive_error_pages', state.block!, 'off') === 'on';
      if (!recursive) state.errorPageDone = true;
      const page = pages.get(status);
      if (page) {
        state.step('error-page', `${page.node.text} takes over the ${status}`);
        if (page.overwrite !== null) state.errStatus = page.overwrite;
        this.errorPage(page.target, page.overwrite);
        return;
      }
    }
    if (status >= 494 && status <= 497) state.errStatus = 400;
    const redirect = status >= 300 && status < 400 && state.redirectTo !== null;
    const kind = redirect ? 'redirect' : byReturn ? 'return' : 'error';
    this.result = end(state, kind, state.errStatus);
  }

  /** ngx_http_send_error_page. */
  private errorPage(target: string, overwrite: number | null): void {
    const { state } = this;
    const script = compileScript(target);
    const text = runScript(script, state);
    if (text.startsWith('/')) {
      const question = text.indexOf('?');
      if (state.method !== 'HEAD') state.method = 'GET';
      if (question < 0) this.toUri(text, '');
      else this.toUri(text.slice(0, question), text.slice(question + 1));
      return;
    }
    if (text.startsWith('@')) {
      this.toNamed(text);
      return;
    }
    if (![301, 302, 303, 307, 308].includes(overwrite ?? -1)) state.errStatus = 302;
    state.redirectTo = text;
    this.result = end(state, 'redirect', state.errStatus);
  }
}

/**
 * A URI that try_files made shorter than its location's name: before 1.29.4 proxy_pass with a URI part then crashes
 * the worker process (ngx_http_proxy_create_request; measured on 1.22.1).
 */
function crashes(state: RequestState, handler: ConfigNode): boolean {
  if (handler.name !== 'proxy_pass' || !state.validLocation || handler.parent?.name !== 'location')
    return false;
  if (holdsSince(state.model.version, '1.29.4') === 'yes') return false;
  const uri = parseUpstreamUrl('proxy_pass', handler.arg(0) ?? '')?.uri ?? null;
  const { kind, path } = locationMatch(handler.parent);
  if (uri === null || kind === '~' || kind === '~*' || kind === '@') return false;
  return state.uri.length < toBytes(path).length && isConstant(compileScript(handler.arg(0) ?? ''));
}

/** Whether a pass with variables gives an address that nginx refuses at run time (ngx_http_proxy_eval). */
function brokenPass(state: RequestState, handler: ConfigNode): boolean {
  if (handler.name !== 'proxy_pass') return false;
  const script = compileScript(handler.arg(0) ?? '');
  if (isConstant(script)) return false;
  const { text, known } = state.evaluate(script);
  if (!known || parseUpstreamUrl(handler.name, text)) return false;
  state.step('pass', `${handler.text} gives "${fromBytes(text)}", which is no URL: nginx answers 500`);
  return true;
}

function traceLocation(state: RequestState, steps: readonly LocationStep[]): void {
  for (const { entry, how } of steps) {
    const text = entry.node.text;
    const nested = entry.node.parent?.name === 'location';
    switch (how) {
      case 'exact':
        state.step('exact-location', `${text} is exactly the URI`);
        break;
      case 'prefix':
        state.step(
          entry.kind === '^~' ? 'no-regex-location' : 'prefix-location',
          `${text} is the longest prefix of ${fromBytes(state.uri)}`,
        );
        break;
      case 'regex':
        state.step('regex-location', `${text} matches: regular expressions win over plain prefixes`);
        break;
      case 'slash':
        state.step('slash-redirect', `${text} is the URI with a slash: nginx redirects to it (301)`);
        break;
      default:
        state.certain = false;
        state.step('unknown', `${text} could not be evaluated here; taken as no match`);
    }
    if (nested) state.step('nested-location', `it stands inside ${entry.node.parent!.text}`);
  }
}

function readSize(text: string): number {
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  if (!match) return 0;
  const unit = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[match[2]!.toLowerCase()] ?? 1;
  return Number(match[1]) * unit;
}

function end(
  state: RequestState,
  kind: Route['kind'],
  status: number | null,
  more: Partial<Pick<Route, 'body' | 'handler' | 'file'>> = {},
): Route {
  return {
    server: state.server,
    block: state.block,
    kind,
    status,
    to: locationHeader(state),
    body: more.body ?? null,
    handler: more.handler ?? null,
    file: more.file ?? null,
    certain: state.certain,
    steps: state.steps,
    state,
  };
}

/** The Location header as sent: paths become absolute unless absolute_redirect is off (ngx_http_header_filter). */
function locationHeader(state: RequestState): string | null {
  const { redirectTo, block, model, point } = state;
  if (redirectTo === null || block === null) return redirectTo;
  if (!redirectTo.startsWith('/')) return redirectTo;
  const setting = (name: string, fallback: string): boolean =>
    effectiveValue(model, name, block, fallback) === 'on';
  if (!setting('absolute_redirect', 'on')) return redirectTo;
  const scheme = point?.ssl ? 'https' : 'http';
  const named = setting('server_name_in_redirect', 'off');
  const host = named && state.server ? toBytes(loggedServerName(state.server)) : redirectHost(state);
  const usual = point?.ssl ? 443 : 80;
  const port = point?.port ?? null;
  const shownPort = port === null || port === usual || !setting('port_in_redirect', 'on') ? '' : `:${port}`;
  return `${scheme}://${host}${shownPort}${redirectTo}`;
}

function redirectHost(state: RequestState): string {
  return state.hostName === '' ? state.variable('server_addr') : state.hostName;
}
