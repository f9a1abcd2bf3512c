import path from 'node:path';
import type { ConfigModel } from '../engine/config/model.ts';
import { guessedPaths } from '../engine/config/snapshot.ts';
import type { NodeHost } from '../node-host.ts';
import { type Input, type InputOptions, loadModel, openInput } from './input.ts';
import type { Io } from './io.ts';

/** One whole configuration that a log may be judged by. */
export interface Configuration {
  readonly root: string;
  readonly input: Input;
  readonly model: ConfigModel;
  readonly pathMap: ReadonlyMap<string, string>;
}

/** Main files below the named folder; a person's environments are few. */
const MAX_MAINS = 20;
/** Names in it that are tried as folders. */
const MAX_NAMES = 500;

/**
 * The configurations behind `--config`: one, but for a folder that holds several main files, be it side by side
 * (prod.conf, staging.conf) or each as the nginx.conf of a folder of its own. Never empty.
 */
export async function openConfigurations(
  argument: string,
  options: InputOptions,
  disk: NodeHost,
  readStdin: Io['readStdin'],
  cwd: string,
): Promise<Configuration[]> {
  const open = (name: string): Promise<Input> => openInput(name, options, disk, readStdin, cwd);
  const input = await open(argument);
  if (input.roots.length === 0 && input.virtual === null) {
    const below = await mainsBelow(path.resolve(cwd, argument), disk);
    const found: Configuration[] = [];
    for (const main of below) found.push(await load(await open(main)));
    if (found.length > 0) return found;
  }
  const all = await load(input);
  const mains = input.roots.filter((root) => isMain(all.model, root));
  if (mains.length < 2) return [all];
  const each: Configuration[] = [];
  for (const root of mains) each.push(await load({ ...input, roots: [root] }));
  return each;
}

async function load(input: Input): Promise<Configuration> {
  const model = await loadModel(input);
  const pathMap = new Map([...guessedPaths(model.snapshot), ...input.pathMap]);
  return { root: input.roots[0] ?? '', input, model, pathMap };
}

/** Whether a file is one that nginx can be started with, and no part of another. */
function isMain(model: ConfigModel, file: string): boolean {
  return model.nodes.some(
    (node) =>
      node.file === file &&
      node.parent === null &&
      node.includedBy === null &&
      (node.name === 'events' || node.name === 'http'),
  );
}

async function mainsBelow(folder: string, disk: NodeHost): Promise<string[]> {
  const mains: string[] = [];
  for (const name of [...((await disk.list(folder)) ?? [])].sort().slice(0, MAX_NAMES)) {
    if (mains.length >= MAX_MAINS) break;
    const names = name.startsWith('.') ? null : await disk.list(path.join(folder, name));
    if (names?.includes('nginx.conf')) mains.push(path.join(folder, name, 'nginx.conf'));
  }
  return mains;
}
