import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from './listen.ts';
import type { Backend } from './types.ts';

// Node always accepts what it listens for, so a listener that does not accept must be a process that is stopped.
const LISTENER = `
  const options = JSON.parse(process.argv[1]);
  require('node:net').createServer(() => {}).listen(options, () => process.stdout.write('ready'));
`;

/** A process of its own that listens and does nothing else. */
export interface Sleeper {
  /** Halts it: it listens on, and accepts no more. */
  halt(): void;
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
  return { halt: () => child.kill('SIGSTOP'), kill: () => killed(child) };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** A listener with a queue of one, halted and filled up from here. */
export async function fillBacklog(address: Address): Promise<Backend> {
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
  return {
    received: [],
    async stop() {
      for (const socket of fillers) socket.destroy();
      await sleeper.kill();
      if ('path' in address) await rm(address.path, { force: true });
    },
  };
}
