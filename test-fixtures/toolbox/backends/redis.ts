import { serveLines } from '../line-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface RedisSpec extends Listening {
  kind: 'redis';
}

/**
 * Behaves towards HTTP as Redis does: it takes lines as inline commands, and on `POST` or `Host:` it closes the
 * connection at once and drops what it was about to answer, against cross-protocol scripting.
 */
export async function startRedis(spec: RedisSpec): Promise<Backend> {
  return serveLines(spec, 'redis', (socket, line) => {
    const command = line.split(' ')[0]!.toUpperCase();
    if (command === 'POST' || command === 'HOST:') socket.destroy();
    else if (command === 'PING') socket.write('+PONG\r\n');
    // Redis answers when it has read all there is, hence only if no such line follows.
    else if (command === 'GET') setImmediate(() => socket.writable && socket.write(WRONG_ARGUMENTS));
    else socket.write(`-ERR unknown command '${line.split(' ')[0]}'\r\n`);
  });
}

const WRONG_ARGUMENTS = "-ERR wrong number of arguments for 'get' command\r\n";
