import { effectiveSettings } from '../config/effective.ts';
import { effective, inheritanceOf } from '../config/inheritance.ts';
import { locationMatch } from '../config/location-choice.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { ClientRequest } from '../config/request-state.ts';
import { parseListen } from '../config/server-choice.ts';
import { serverNames } from '../config/virtual-names.ts';
import { type Answered, answerRequest } from './route-answer.ts';

/** What stands at a place of a file. */
export interface AtPlace {
  readonly node: ConfigNode;
  /** Index of the word under the place: 0 is the name; -1: between words. */
  readonly word: number;
}

/** The directive whose name or arguments hold an offset of a file; of a file included several times, the first. */
export function directiveAt(model: ConfigModel, file: string, offset: number): AtPlace | null {
  for (const node of model.nodes) {
    const { directive } = node;
    const at = offset - node.at;
    if (node.file !== file || at < 0 || at > directive.headEnd) continue;
    const words = [directive.name, ...directive.args];
    return { node, word: words.findIndex((word) => at >= word.at && at <= word.at + word.raw.length) };
  }
  return null;
}

/** The innermost block around an offset of a file. */
export function blockAt(model: ConfigModel, file: string, offset: number): ConfigNode | null {
  let found: ConfigNode | null = null;
  for (const node of model.nodes) {
    const { block } = node.directive;
    if (!block || node.file !== file) continue;
    if (offset >= node.at && offset <= node.at + node.directive.end) found = node;
  }
  return found;
}

/** How a directive's line relates to the levels around it. */
export interface Standing {
  /** Lines of outer levels that this one keeps out: one line of a list drops the whole list. */
  readonly replaces: readonly ConfigNode[];
  /** The lines in effect in its block. */
  readonly inEffect: readonly ConfigNode[];
}

export function standingOf(model: ConfigModel, node: ConfigNode): Standing {
  const { parent } = node;
  if (!parent || inheritanceOf(node.name) === 'none') return { replaces: [], inEffect: [node] };
  const outer = parent.parent ? effective(model, node.name, parent.parent).nodes : [];
  return { replaces: outer, inEffect: effective(model, node.name, parent).nodes };
}

/**
 * A request that a `*_pass` passes on, made up from its location's path and its server's name and address; null where
 * none can be made up that surely comes there.
 */
export function sampleRequest(
  model: ConfigModel,
  pass: ConfigNode,
): (Answered & { request: ClientRequest }) | null {
  const around = [...pass.ancestors()];
  const location = around.find(({ name }) => name === 'location');
  const server = around.find(({ name, context }) => name === 'server' && context === 'http');
  if (!location || !server) return null;
  const { kind, path } = locationMatch(location);
  if (kind !== '=' && kind !== '^~' && kind !== 'prefix') return null;
  const host = serverNames(server).find((name) => /^[\w-]+(?:\.[\w-]+)*$/.test(name)) ?? null;
  const listened = server.first('listen')?.arg(0) ?? '80';
  const [point] = parseListen(listened);
  const listen = listened.startsWith('unix:') ? listened : `${point?.host ?? '*'}:${point?.port ?? 80}`;
  const request: ClientRequest = {
    listen,
    host: host ?? 'localhost',
    target: path.startsWith('/') ? path : `/${path}`,
    method: 'GET',
    http: '1.1',
    headers: null,
    client: null,
    body: null,
  };
  const answered = answerRequest(model, request);
  return answered.route.handler === pass && answered.upstream ? { ...answered, request } : null;
}

/** All that decides how requests of a block reach a backend, by the handler that it has. */
export function settingsAt(model: ConfigModel, block: ConfigNode): ReturnType<typeof effectiveSettings> {
  const pass = [block, ...block.ancestors()]
    .flatMap((level) => level.children)
    .find(({ name }) => name.endsWith('_pass'));
  return effectiveSettings(model, block, pass ? pass.name.replace(/_pass$/, '') : null);
}
