import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { allProxied } from '../config/proxied.ts';
import { mapPath } from '../config/snapshot.ts';
import type { FoundPlace } from './case.ts';
import { brokenAt } from './locate-syntax.ts';

/** A line of a file, as nginx names it at start-up. */
export interface NamedLine {
  readonly file: string;
  readonly line: number;
}

/**
 * The directive at a line that nginx names: it counts the line on which a directive ends. The file is looked for where
 * the map says, then among the files at hand by the end of its path, for it may lie elsewhere here.
 */
export function atLine(
  model: ConfigModel,
  at: NamedLine,
  message: string,
  pathMap: ReadonlyMap<string, string> | undefined,
): FoundPlace[] {
  const named = mapPath(at.file, pathMap);
  const file = model.snapshot.files.has(named) ? named : fileLike(model, at.file);
  if (file === null) return [];
  const trace = [`nginx names ${at.file}:${at.line}`];
  if (file !== at.file) trace.push(`${file} is taken to be that file`);
  const broken = brokenAt(model, file, at.line, message, trace);
  if (broken.length > 0) return broken;
  const found = directivesAt(model, file, at.line);
  const best = found[0];
  if (!best) return [];
  if (found.length > 1)
    trace.push(`the file is included ${found.length} times: the line is meant in one of them`);
  const doubt = changedSince(best, message);
  if (doubt) trace.push(doubt);
  const outer = [best, ...best.ancestors()];
  const location = outer.find((node) => node.name === 'location') ?? null;
  const place: FoundPlace = {
    node: best,
    location,
    server: outer.find((node) => node.name === 'server' && node.context === 'http') ?? null,
    proxied: location ? (allProxied(model).find((target) => target.pass === best) ?? null) : null,
    fit: doubt ? 0.5 : 1,
    trace,
  };
  return [place];
}

/** Innermost directives at a line, one for each include of the file. */
function directivesAt(model: ConfigModel, file: string, line: number): ConfigNode[] {
  const found = new Map<ConfigNode | null, ConfigNode>();
  for (const node of model.nodes) {
    if (node.file !== file) continue;
    const { start, end } = node.site.range;
    if (start.line <= line && line <= end.line) found.set(node.includedBy, node);
  }
  return [...found.values()];
}

/** The only file at hand whose path ends as the named one does, by its folder's name at least. */
function fileLike(model: ConfigModel, wanted: string): string | null {
  const names = wanted.split('/').filter((name) => name !== '');
  let best: string[] = [];
  let length = 1;
  for (const file of model.snapshot.files.keys()) {
    const own = file.split('/');
    let same = 0;
    while (same < names.length && own.at(-1 - same) === names.at(-1 - same)) same++;
    // The name alone is not enough, but for the main file.
    if (same < 1 || (same < 2 && !(names.at(-1) === 'nginx.conf' && best.length === 0))) continue;
    if (same > length) best = [];
    if (same >= length) best.push(file);
    length = Math.max(length, same);
  }
  return best.length === 1 ? best[0]! : null;
}

/** Why the file may be another than the one that nginx read: it does not hold the word that the message quotes. */
function changedSince(node: ConfigNode, message: string): string | null {
  const word = /"([\w.:/@-]{2,200})"/.exec(message)?.[1];
  if (word === undefined) return null;
  const { text } = node.document;
  const from = text.lastIndexOf('\n', node.at) + 1;
  const to = text.indexOf('\n', node.at + node.directive.headEnd);
  return text.slice(from, to < 0 ? undefined : to).includes(word)
    ? null
    : `"${word}" does not stand there: the file may have changed since`;
}
