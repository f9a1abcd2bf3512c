import { toBytes } from './bytes.ts';
import { effective } from './inheritance.ts';
import { locationMatch } from './location-choice.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import type { RequestState } from './request-state.ts';
import { compileScript, isConstant, type Script } from './script.ts';

/** Where the files of a block are: `root` or `alias` in effect. */
export interface FileBase {
  readonly script: Script;
  /** Bytes of the URI that an alias replaces; null for the whole URI, as in a regular expression. */
  readonly alias: number | null;
  readonly isAlias: boolean;
}

const bases = new WeakMap<ConfigNode, FileBase>();

/** `root` or `alias` in effect at a block (ngx_http_core_root and ngx_http_core_merge_loc_conf). */
export function fileBase(model: ConfigModel, block: ConfigNode): FileBase {
  let known = bases.get(block);
  if (!known) {
    known = readBase(model, block);
    bases.set(block, known);
  }
  return known;
}

function readBase(model: ConfigModel, block: ConfigNode): FileBase {
  for (const level of [block, ...block.ancestors()]) {
    const own = level.children.find((child) => child.name === 'root' || child.name === 'alias');
    if (!own) continue;
    const script = compileScript(trimSlash(own));
    if (own.name === 'root') return { script, alias: 0, isAlias: false };
    const location = [level, ...level.ancestors()].find((node) => node.name === 'location');
    const match = location ? locationMatch(location) : null;
    const whole = match !== null && (match.kind === '~' || match.kind === '~*') && level === location;
    return { script, alias: whole ? null : toBytes(match?.path ?? '').length, isAlias: true };
  }
  const loose = effective(model, 'root', block).nodes[0];
  return { script: compileScript(loose?.arg(0) ?? 'html'), alias: 0, isAlias: false };
}

/** nginx drops one slash at the end of a root, not of an alias. */
function trimSlash(node: ConfigNode): string {
  const path = node.arg(0) ?? '';
  return node.name === 'root' && path.endsWith('/') ? path.slice(0, -1) : path;
}

export function documentRoot(state: RequestState): string {
  if (!state.block) return '';
  const { script } = fileBase(state.model, state.block);
  if (!isConstant(script)) state.forgetLast();
  return state.evaluate(script).text;
}

/** The file that a URI stands for (ngx_http_map_uri_to_path); null where nginx answers 500 instead. */
export function filePath(state: RequestState, uri: string): string | null {
  if (!state.block) return null;
  const { script, alias, isAlias } = fileBase(state.model, state.block);
  if (isAlias && !state.validLocation) return null;
  if (isAlias && alias !== null && alias > uri.length) {
    state.certain = false;
    state.step(
      'crash',
      'the URI is shorter than the location of the alias: nginx reads beyond it, and may crash',
    );
    return null;
  }
  if (!isConstant(script)) state.forgetLast();
  const base = state.evaluate(script).text;
  if (alias === null) return state.addUriToAlias ? base + uri : base;
  return base + uri.slice(alias);
}

export function fileName(state: RequestState): string | null {
  return filePath(state, state.uri);
}
