import { parseListen } from '../listen.ts';
import { fillBacklog } from '../sleeper.ts';
import type { Backend } from '../types.ts';

export interface FullBacklogSpec {
  kind: 'full-backlog';
  listen: string;
  /** TCP on Linux: milliseconds after the first connection in vain until all are accepted and answered with 200. */
  frees?: number;
}

/** A listener that accepts nothing and whose queue is full: TCP connects hang, unix connects fail with EAGAIN. */
export async function startFullBacklog({ listen, frees }: FullBacklogSpec): Promise<Backend> {
  return fillBacklog(parseListen(listen), frees);
}
