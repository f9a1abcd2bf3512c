import { serveLines } from '../line-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface MemcachedSpec extends Listening {
  kind: 'memcached';
  /** What `get` finds; all other keys are missing. */
  values?: Record<string, string>;
}

/** Answers `get` as memcached does, enough for memcached_pass. As memcached does, it closes on `GET` and `POST`. */
export async function startMemcached({ values = {}, ...spec }: MemcachedSpec): Promise<Backend> {
  return serveLines(spec, 'memcached', (socket, line) => {
    const [command, key = ''] = line.split(' ');
    if (command === 'GET' || command === 'POST') socket.destroy();
    else if (command !== 'get') socket.write('ERROR\r\n');
    else {
      const value = Object.hasOwn(values, key) ? Buffer.from(values[key]!) : null;
      if (value)
        socket.write(Buffer.concat([Buffer.from(`VALUE ${key} 0 ${value.length}\r\n`), value, LINE_END]));
      socket.write('END\r\n');
    }
  });
}

const LINE_END = Buffer.from('\r\n');
