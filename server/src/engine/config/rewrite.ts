import { enterBlock } from './block-record.ts';
import { fromBytes, toBytes, unescapeRedirect } from './bytes.ts';
import type { ConfigNode } from './model.ts';
import { searchPattern } from './pcre.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, runRewriteScript, type Script } from './script.ts';

/** What ended a request in the rewrite module. */
export interface Finish {
  readonly status: number;
  /** Body of a `return`, which is sent as it is; null where nginx's own page, or an error_page, follows. */
  readonly body: string | null;
  readonly node: ConfigNode;
}

interface Engine {
  readonly state: RequestState;
  /** Groups in values are escaped until a rewrite has matched, an oddity of nginx. */
  quote: boolean;
}

type Signal = 'next' | 'stop' | Finish;

/**
 * Runs `set`, `if`, `rewrite`, `return` and `break` of a block in their order (ngx_http_rewrite_handler in
 * src/http/modules/ngx_http_rewrite_module.c, and the codes in src/http/ngx_http_script.c). Null when the request
 * goes on.
 */
export function runRewrites(state: RequestState, block: ConfigNode): Finish | null {
  const signal = runCodes({ state, quote: true }, block.children, true);
  return typeof signal === 'string' ? null : signal;
}

function runCodes(engine: Engine, nodes: readonly ConfigNode[], outer: boolean): Signal {
  for (const node of nodes) {
    let signal: Signal = 'next';
    switch (node.name) {
      case 'set':
        runSet(engine, node);
        break;
      case 'rewrite':
        signal = runRewrite(engine, node);
        break;
      case 'return':
        signal = runReturn(engine.state, node);
        break;
      case 'break':
        runBreak(engine.state);
        return 'stop';
      case 'if':
        // nginx knows no if within if.
        if (outer && node.isBlock && isTrue(engine, node)) signal = runCodes(engine, node.children, false);
        break;
    }
    if (engine.state.overflowed) return overflow(engine.state, node);
    if (signal !== 'next') return signal;
  }
  return 'next';
}

/** ngx_http_script_check_length: since the fix of CVE-2026-42533, elsewhere memory is overwritten. */
function overflow(state: RequestState, node: ConfigNode): Finish {
  state.overflowed = false;
  state.step('return', `a map changes the groups while ${node.text} is put together: nginx answers 500`);
  return { status: 500, body: null, node };
}

function runSet({ state, quote }: Engine, node: ConfigNode): void {
  const name = (node.arg(0) ?? '').replace(/^\$/, '').toLowerCase();
  const { text, known } = state.evaluate(compileScript(node.arg(1) ?? ''), (script) =>
    runRewriteScript(script, state, quote),
  );
  state.step('set', `set ${node.arg(0)} gives "${fromBytes(text)}"`);
  if (name === 'args') {
    state.args = text;
    state.validUnparsed = false;
  } else state.keep(name, text, known);
}

function runBreak(state: RequestState): void {
  state.step('break', 'break ends the rewriting here');
  if (!state.uriChanged) return;
  state.validLocation = false;
  state.uriChanged = false;
}

function runReturn(state: RequestState, node: ConfigNode): Finish {
  const first = node.arg(0) ?? '';
  const isCode = /^\d+$/.test(first);
  const status = isCode ? Number(first) : 302;
  const written = isCode ? node.arg(1) : first;
  state.step('return', status === 444 ? `${node.text} closes the connection` : `${node.text} answers`);
  if (written === null && status >= 400) return { status, body: null, node };
  const { text } = state.evaluate(compileScript(written ?? ''));
  if ([301, 302, 303, 307, 308].includes(status)) {
    state.redirectTo = text;
    return { status, body: null, node };
  }
  // An empty text counts as none.
  return { status, body: written === '' && status >= 400 ? null : text, node };
}

/** A replacement of `rewrite`, read once. */
interface Replacement {
  readonly redirect: 301 | 302 | null;
  readonly path: Script;
  /** Behind the first "?"; null where there is none. Redirects are not split. */
  readonly args: Script | null;
  readonly hasQuestion: boolean;
  /** The request's own arguments are added. */
  readonly addArgs: boolean;
  readonly flag: string | null;
}

const replacements = new WeakMap<ConfigNode, Replacement>();

function replacementOf(node: ConfigNode): Replacement {
  let known = replacements.get(node);
  if (!known) {
    known = readReplacement(node.arg(1) ?? '', node.arg(2));
    replacements.set(node, known);
  }
  return known;
}

/** ngx_http_rewrite. */
function readReplacement(written: string, flag: string | null): Replacement {
  const addArgs = !written.endsWith('?');
  const text = addArgs ? written : written.slice(0, -1);
  const absolute = /^(?:https?:\/\/|\$scheme)/.test(text);
  const redirect = flag === 'permanent' ? 301 : flag === 'redirect' || absolute ? 302 : null;
  const question = text.indexOf('?');
  const split = redirect === null && question >= 0;
  return {
    redirect,
    path: compileScript(split ? text.slice(0, question) : text),
    args: split ? compileScript(text.slice(question + 1)) : null,
    hasQuestion: question >= 0,
    addArgs,
    flag,
  };
}

function runRewrite(engine: Engine, node: ConfigNode): Signal {
  const { state } = engine;
  const captures = searchPattern(node.arg(0) ?? '', state.uri, false);
  if (captures === 'unknown') {
    state.certain = false;
    state.step('unknown', `the pattern of ${node.text} cannot be evaluated here; taken as no match`);
    return 'next';
  }
  if (!captures) {
    state.captures = null;
    return 'next';
  }
  state.capture(captures);
  const { redirect, path, args, hasQuestion, addArgs, flag } = replacementOf(node);
  state.internal = true;
  state.validUnparsed = false;
  state.uriChanged = flag !== 'break';
  if (flag === 'break') state.validLocation = false;
  engine.quote = false;
  if (redirect !== null) {
    const to = unescapeRedirect(runRewriteScript(path, state, true));
    const more = addArgs && state.args !== '' ? (hasQuestion ? '&' : '?') + state.args : '';
    state.redirectTo = to + more;
    state.step('rewrite-redirect', `${node.text} redirects to ${fromBytes(state.redirectTo)}`);
    return { status: redirect, body: null, node };
  }
  const uri = runRewriteScript(path, state);
  if (args !== null) {
    const own = runRewriteScript(args, state, true);
    state.args = addArgs && state.args !== '' ? `${own}&${state.args}` : own;
  } else if (!addArgs) state.args = '';
  state.uri = uri;
  state.step('rewrite', `${node.text} makes it ${shown(state)}`);
  if (uri === '') {
    state.step('rewrite', 'the rewritten URI is empty: nginx answers 500');
    return { status: 500, body: null, node };
  }
  return flag === 'last' || flag === 'break' ? 'stop' : 'next';
}

/** URI and arguments as a message shows them. */
export function shown(state: RequestState): string {
  return fromBytes(state.args === '' ? state.uri : `${state.uri}?${state.args}`);
}

/** A condition in its parts, without the parentheses. */
function conditionWords(node: ConfigNode): string[] {
  const words = [...node.args];
  const first = words[0] ?? '';
  if (first === '(') words.shift();
  else if (first.startsWith('(')) words[0] = first.slice(1);
  const last = words.at(-1) ?? '';
  if (last === ')') words.pop();
  else if (last.endsWith(')')) words[words.length - 1] = last.slice(0, -1);
  return words;
}

/** ngx_http_rewrite_if_condition and ngx_http_script_if_code: enters the block of an `if` that is true. */
function isTrue(engine: Engine, node: ConfigNode): boolean {
  const { state } = engine;
  const words = conditionWords(node);
  const before = state.unknowns;
  const found = evaluateCondition(engine, words);
  const known = state.unknowns === before;
  // Files that nobody can see are taken as absent, everything else that is not known as false.
  const held = found && (known || /^!?-/.test(words[0] ?? ''));
  const text = node.args.join(' ');
  if (known) state.step('if', `if ${text} is ${held}`);
  else {
    state.certain = false;
    state.step('unknown', `if ${text} depends on what is not known here; taken as ${held}`);
  }
  if (held && node.parent?.name === 'location') {
    state.block = node;
    enterBlock(state);
  }
  return held;
}

function evaluateCondition(engine: Engine, words: readonly string[]): boolean {
  const { state } = engine;
  const [subject = '', operator, operand = ''] = words;
  if (/^!?-[fdex]$/.test(subject)) return testFile(engine, subject, operator ?? '');
  const value = state.variable(subject.replace(/^\$/, '').toLowerCase());
  if (operator === undefined) return value !== '' && value !== '0';
  if (operator === '=' || operator === '!=') {
    const wanted = runRewriteScript(compileScript(operand), state, engine.quote);
    return (value === wanted) === (operator === '=');
  }
  const captures = searchPattern(toBytes(operand), value, operator.endsWith('*'));
  if (captures === 'unknown') {
    state.markUnknown(operand);
    return false;
  }
  if (captures) state.capture(captures);
  else state.captures = null;
  return (captures !== null) !== operator.startsWith('!');
}

function testFile({ state, quote }: Engine, test: string, operand: string): boolean {
  const path = runRewriteScript(compileScript(operand), state, quote);
  const kind = state.fileAt(path);
  if (kind === 'unknown') state.markUnknown(path);
  const exists = kind === 'file' || kind === 'dir';
  const held = test.endsWith('f') ? kind === 'file' : test.endsWith('d') ? kind === 'dir' : exists;
  return held !== test.startsWith('!');
}
