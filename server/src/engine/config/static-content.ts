import { escapeUri, fromBytes } from './bytes.ts';
import { effective } from './inheritance.ts';
import type { ConfigNode } from './model.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, isConstant, runRewriteScript, runScript, type ScriptContext } from './script.ts';
import { fileBase, filePath } from './static-path.ts';

/** Where a request goes on: a status, another URI, a named location, a file, or unchanged. */
export type Onward =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'redirect'; readonly uri: string; readonly args: string }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'next' };

const NEXT: Onward = { kind: 'next' };

/**
 * `try_files` of the block in effect (ngx_http_try_files_handler). Files that nobody can see are taken as absent, and
 * the trace says so.
 */
export function tryFiles(state: RequestState): Onward {
  const node = state.block?.first('try_files');
  if (!node || !state.block) return NEXT;
  const { alias, isAlias } = fileBase(state.model, state.block);
  const root = filePath(state, '');
  if (root === null) return { kind: 'status', status: 500 };
  const base = runScript(fileBase(state.model, state.block).script, state);
  const words = node.args;
  for (const [i, written] of words.entries()) {
    const last = i === words.length - 1;
    const directory = !last && written.endsWith('/');
    const script = compileScript(directory ? written.slice(0, -1) : written);
    let name = runRewriteScript(script, state);
    // With an alias, the location's own name in front is taken off.
    if (isAlias && alias !== null && !isConstant(script) && name.startsWith(state.uri.slice(0, alias)))
      name = name.slice(alias);
    if (last) return lastTry(state, node, written, name);
    const kind = state.fileAt(base + name);
    const text = `${fromBytes(base + name)}${directory ? '/' : ''}`;
    if (kind === 'unknown') state.step('try-files', `try_files looks for ${text}: taken as absent`);
    if (kind !== (directory ? 'dir' : 'file')) continue;
    state.step('try-files', `try_files finds ${text}`);
    if (!isAlias) state.uri = name;
    else if (alias !== null) state.uri = state.uri.slice(0, alias) + name;
    else if (!directory) {
      state.uri = name;
      state.addUriToAlias = true;
    }
    return NEXT;
  }
  return NEXT;
}

function lastTry(state: RequestState, node: ConfigNode, written: string, name: string): Onward {
  if (written.startsWith('=')) {
    const status = Number(written.slice(1));
    state.step('try-files', `${node.text} finds nothing and answers ${status}`);
    return { kind: 'status', status };
  }
  state.step('try-files', `${node.text} finds nothing and goes on to ${fromBytes(name)}`);
  if (name.startsWith('@')) return { kind: 'named', name };
  const question = name.indexOf('?');
  return question < 0
    ? { kind: 'redirect', uri: name, args: '' }
    : { kind: 'redirect', uri: name.slice(0, question), args: name.slice(question + 1) };
}

/**
 * What nginx's own content handlers make of a request without a handler: index, autoindex and files
 * (ngx_http_index_handler, ngx_http_static_handler, ngx_http_core_content_phase).
 */
export function serveFiles(state: RequestState): Onward {
  const plain = ['GET', 'HEAD', 'POST'].includes(state.method);
  if (state.uri.endsWith('/')) {
    if (!plain) return { kind: 'status', status: 405 };
    return serveDirectory(state);
  }
  if (!plain) {
    state.step('static', `files are not served for ${state.method}`);
    return { kind: 'status', status: 405 };
  }
  const path = filePath(state, state.uri);
  if (path === null) return { kind: 'status', status: 500 };
  const kind = state.fileAt(path);
  if (kind === 'none') {
    state.step('static', `there is no file ${fromBytes(path)}`);
    return { kind: 'status', status: 404 };
  }
  if (kind === 'dir') {
    state.step('static', `${fromBytes(path)} is a directory: nginx redirects to it with a slash`);
    const escaped = escapeUri(state.uri);
    state.redirectTo = `${escaped}/${state.args === '' ? '' : `?${state.args}`}`;
    return { kind: 'status', status: 301 };
  }
  state.step('static', `the file ${fromBytes(path)} answers${kind === 'unknown' ? ', if it exists' : ''}`);
  return kind === 'file' && state.method === 'POST'
    ? { kind: 'status', status: 405 }
    : { kind: 'file', path };
}

function serveDirectory(state: RequestState): Onward {
  const names = effective(state.model, 'index', state.block!).nodes.flatMap((node) => node.args);
  const seen: ScriptContext = {
    group: (number) => state.group(number),
    variable: (name) => state.lastVariable(name),
    isKept: (name) => state.isKept(name),
    overflow: () => state.overflow(),
    escapesGroups: state.escapesGroups,
  };
  const directory = filePath(state, state.uri);
  for (const written of names.length === 0 ? ['index.html'] : names) {
    const name = runScript(compileScript(written), seen);
    // A path of the configuration itself needs no directory to be known.
    if (directory === null && !written.startsWith('/')) return { kind: 'status', status: 500 };
    if (name.startsWith('/')) {
      state.step('index', `index ${written} goes on to ${fromBytes(name)}`);
      return { kind: 'redirect', uri: name, args: state.args };
    }
    const onward = tryIndex(state, written, name, directory ?? '');
    if (onward) return onward;
  }
  return directory === null ? { kind: 'status', status: 500 } : listDirectory(state, directory);
}

/** Where one name of `index` leads; null where the next one is tried (ngx_http_index_test_dir). */
function tryIndex(state: RequestState, written: string, name: string, directory: string): Onward | null {
  const kind = state.fileAt(directory + name);
  if (kind === 'none') {
    const place = state.fileAt(directory.replace(/\/$/, ''));
    if (place === 'dir' || place === 'unknown') return null;
    state.step('index', `there is no directory ${fromBytes(directory)}`);
    // An alias without a slash at its end may name a file.
    return { kind: 'status', status: place === 'file' && !directory.endsWith('/') ? 500 : 404 };
  }
  const supposed = kind === 'unknown' ? ', if that file exists' : '';
  state.step('index', `index ${written} goes on to ${fromBytes(state.uri + name)}${supposed}`);
  return { kind: 'redirect', uri: state.uri + name, args: state.args };
}

function listDirectory(state: RequestState, directory: string): Onward {
  const lists = effective(state.model, 'autoindex', state.block!).nodes[0]?.arg(0) === 'on';
  if (lists && state.method !== 'POST') {
    // The last character is cut off, slash or not (ngx_http_autoindex_handler).
    const place = state.fileAt(directory.slice(0, -1));
    return place === 'none' || place === 'file'
      ? { kind: 'status', status: 404 }
      : { kind: 'file', path: directory };
  }
  state.step('index', `${fromBytes(directory)} has no index file, and listing it is forbidden`);
  return { kind: 'status', status: 403 };
}
