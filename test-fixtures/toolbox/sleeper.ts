import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from './listen.ts';
import type { Backend } from './types.ts';

// Node always accepts what it listens for, so a listener that does not accept must be a process that is stopped.
const LISTENER = `
  const options = JSON.parse(process.argv[1]);
  const answer = 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok';
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end(answer));
  });
  server.listen(options, () => process.stdout.write('ready'));
`;

/** A process of its own that listens, and answers whatever it accepts. */
export interface Sleeper {
  /** Halts it: it listens on, and accepts no more. */
  halt(): void;
  /** Lets it go on. */
  wake(): void;
  /** Kills it without a chance to tidy up; a unix socket stays behind as a file. */
  kill(): Promise<void>;
}

/** Starts a listening process. Rejects when it cannot listen. */
export async function startSleeper(address: Address, backlog = 511): Promise<Sleeper> {
  const child = spawn(process.execPath, ['-e', LISTENER, JSON.stringify({ ...address, backlog })], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  child.once('exit', () => process.off('exit', killAtExit));
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error(`cannot listen on ${JSON.stringify(address)}`))),
  ]);
  return {
    halt: () => child.kill('SIGSTOP'),
    wake: () => child.kill('SIGCONT'),
    kill: () => killed(child),
  };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** A listener with a queue of one, halted and filled up from here; `frees` as in the kind `full-backlog`. */
export async function fillBacklog(address: Address, frees?: number): Promise<Backend> {
  if ('path' in address) {
    await mkdir(dirname(address.path), { recursive: true });
    await rm(address.path, { force: true });
  }
  const sleeper = await startSleeper(address, 1);
  if ('path' in address) await chmod(address.path, 0o777);
  sleeper.halt();
  const fillers: Socket[] = [];
  // Linux queues one more than the backlog says; the surplus hangs or fails, which does no harm.
  for (let i = 0; i < 4; i++) {
    const socket = connect(address);
    socket.on('error', () => {});
    fillers.push(socket);
  }
  await sleep(50);
  let stopped = false;
  const free = async (after: number): Promise<void> => {
    const own = knocking(address);
    while (!stopped && knocking(address) <= own) await sleep(20);
    await sleep(after);
    if (!stopped) sleeper.wake();
  };
  if (frees !== undefined) void free(frees);
  return {
    received: [],
    async stop() {
      stopped = true;
      for (const socket of fillers) socket.destroy();
      await sleeper.kill();
      if ('path' in address) await rm(address.path, { force: true });
    },
  };
}

/** How many connections to an IPv4 address wait for the answer to their SYN. */
function knocking(address: Address): number {
  if ('path' in address) return 0;
  const bytes = address.host.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  const port = address.port.toString(16).padStart(4, '0');
  // Linux writes the address as it lies in the memory of a little-endian machine; 02 is SYN_SENT.
  const waiting = ` ${bytes.reverse().join('')}:${port} 02 `.toUpperCase();
  return readFileSync('/proc/net/tcp', 'latin1').split(waiting).length - 1;
}
