import { chmod, mkdir, rm } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Backend, Listening, ReceivedRequest } from './types.ts';

/** An address that node's `listen` and `connect` take. */
export type Address = { host: string; port: number } | { path: string };

/**
 * Reads `127.0.0.1:3001`, `[::1]:3001` or `unix:/path`.
 * Throws for every other address: nothing in the toolbox may be reachable from outside this machine.
 */
export function parseListen(listen: string): Address {
  if (listen.startsWith('unix:/')) return { path: listen.slice('unix:'.length) };
  const match = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]):(\d{1,5})$/.exec(listen);
  if (!match) throw new Error(`not a loopback address with a port, nor unix:/path: "${listen}"`);
  const host = match[1]!.replace(/[[\]]/g, '');
  const port = Number(match[2]);
  if (port < 1 || port > 65_535 || host.split('.').some((part) => Number(part) > 255))
    throw new Error(`no such address: "${listen}"`);
  return { host, port };
}

/**
 * Starts a net, http, https or http2 server on a loopback address and makes a backend of it.
 *
 * Rejects when the address is taken or not loopback.
 */
export async function serve(
  server: Server,
  { listen, mode = '0666' }: Listening,
  received: ReceivedRequest[],
): Promise<Backend> {
  const address = parseListen(listen);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A peer that goes away is the daily bread of these servers, and an 'error' without a handler ends the process.
    socket.on('error', () => {});
  });
  if ('path' in address) {
    await mkdir(dirname(address.path), { recursive: true });
    await rm(address.path, { force: true });
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
  if ('path' in address) await chmod(address.path, Number.parseInt(mode, 8));
  return {
    received,
    async stop() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
