import { createServer } from 'node:net';
import { parseListen } from '../listen.ts';
import type { Backend } from '../types.ts';

export interface RefuseSpec {
  kind: 'refuse';
  /** A TCP address; for unix sockets see the kind `unix-socket`. */
  listen: string;
}

/** Nothing listens here: the kernel refuses each connection. Rejects when something else holds the port. */
export async function startRefuse({ listen }: RefuseSpec): Promise<Backend> {
  const address = parseListen(listen);
  if ('path' in address)
    throw new Error(`a unix socket does not refuse; use the kind unix-socket: ${listen}`);
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(address, () => probe.close(() => resolve()));
  });
  return { received: [], stop: async () => {} };
}
