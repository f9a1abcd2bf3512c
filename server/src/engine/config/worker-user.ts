import type { ConfigModel, ConfigNode } from './model.ts';

/** The `user` line: whom the workers run as when nginx was started by root; null where the build's default holds. */
export function workerUser(model: ConfigModel): ConfigNode | null {
  return model.top.find((node) => node.name === 'user' && node.context === 'main') ?? null;
}
