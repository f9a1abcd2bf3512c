import type { ConfigModel, ConfigNode } from './model.ts';

/** A number that limits a worker process, and the line that sets it. */
export interface WorkerLimit {
  readonly value: number;
  readonly node: ConfigNode;
}

/** nginx's default for worker_connections (DEFAULT_CONNECTIONS in ngx_event.c). */
export const DEFAULT_WORKER_CONNECTIONS = 512;

/** Connections that a worker may have, to clients, backends and for its own listening sockets. */
export function workerConnections(model: ConfigModel): { value: number; node: ConfigNode | null } {
  const events = model.top.find(({ name, isBlock }) => name === 'events' && isBlock);
  const node = events?.first('worker_connections') ?? null;
  const value = Number(node?.arg(0));
  return node && value > 0 ? { value, node } : { value: DEFAULT_WORKER_CONNECTIONS, node: null };
}

/** worker_rlimit_nofile; null where the limit is the one that nginx was started with. */
export function fileLimit(model: ConfigModel): WorkerLimit | null {
  const node = model.top.find(({ name }) => name === 'worker_rlimit_nofile');
  const value = Number(node?.arg(0));
  return node && value > 0 ? { value, node } : null;
}
