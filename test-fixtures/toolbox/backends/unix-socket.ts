import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseListen } from '../listen.ts';
import { fillBacklog, startSleeper } from '../sleeper.ts';
import type { Backend } from '../types.ts';
import { startEcho } from './echo.ts';

export interface UnixSocketSpec {
  kind: 'unix-socket';
  /** `unix:/absolute/path.sock` */
  listen: string;
  /**
   * - `missing`: nothing is there; the folder exists.
   * - `forbidden`: an echo backend listens, mode 0000. A worker that runs as root connects all the same.
   * - `left-over`: the file is there, and the process that made it was killed.
   * - `full`: somebody listens, accepts nothing, and the queue is full.
   * - `regular-file`: an ordinary file.
   * - `not-a-directory`: a part of the path is an ordinary file.
   */
  state: 'missing' | 'forbidden' | 'left-over' | 'full' | 'regular-file' | 'not-a-directory';
}

/** A unix socket that cannot be connected to. For one that works, give a `unix:` address to any other kind. */
export async function startUnixSocket({ listen, state }: UnixSocketSpec): Promise<Backend> {
  const address = parseListen(listen);
  if (!('path' in address)) throw new Error(`not a unix socket: ${listen}`);
  const { path } = address;
  if (state === 'forbidden') return startEcho({ kind: 'echo', listen, mode: '0000' });
  if (state === 'full') return fillBacklog(address);
  const leftOver = state === 'not-a-directory' ? dirname(path) : path;
  const remove = () => rm(leftOver, { force: true });
  await mkdir(dirname(leftOver), { recursive: true });
  await remove();
  if (state === 'left-over') {
    await (await startSleeper(address)).kill();
    await chmod(path, 0o777);
  } else if (state !== 'missing') await writeFile(leftOver, '', { mode: 0o666 });
  return { received: [], stop: remove };
}
