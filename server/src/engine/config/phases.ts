import { checkAccess, notedGuards } from './access.ts';
import { enterBlock, errorPagesOf, isInternal, passInEffect } from './block-record.ts';
import { brokenPass, crashes } from './broken-pass.ts';
import { escapeUri, fromBytes } from './bytes.ts';
import { effectiveValue, isPass } from './inheritance.ts';
import { findLocation, type LocationStep, namedLocation } from './location-choice.ts';
import { parseOffset } from './nginx-values.ts';
import type { RequestState } from './request-state.ts';
import { type Finish, runRewrites, shown } from './rewrite.ts';
import { end, type Route } from './route-end.ts';
import { compileScript, runScript } from './script.ts';
import { type Onward, serveFiles, tryFiles } from './static-content.ts';

/** A status that nginx closes the connection for, without an answer. */
const CLOSE = 444;

type Phase = 'server-rewrite' | 'find-location' | 'location-rewrite' | 'access' | 'content';

/**
 * Takes a request from phase to phase (ngx_http_core_run_phases in src/http/ngx_http_core_module.c,
 * ngx_http_special_response_handler in src/http/ngx_http_special_response.c).
 */
export class Walk {
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
    if (node && !state.internal && isInternal(state, node)) {
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
    const limit = parseOffset(effectiveValue(state.model, 'client_max_body_size', state.block!, '1m')) ?? 0;
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
      const handler = isPass(state.handler.name) ? passInEffect(state.handler, state.block!) : state.handler;
      if (!handler) {
        state.step(
          'pass',
          `${state.block!.text} is in effect and has no ${state.handler.name}: nginx finds no upstream and answers 500`,
        );
        this.special(500);
        return;
      }
      state.handler = handler;
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
    state.addUriToAlias = false;
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
