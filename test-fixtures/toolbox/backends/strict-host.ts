import { headerOf } from '../http-message.ts';
import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface StrictHostSpec extends Listening {
  kind: 'strict-host';
  /** The only values of Host it takes. When absent, every value without an underscore. */
  hosts?: string[];
  /** The answer to another Host; 400 when absent. */
  status?: number;
}

/** A server that looks at Host: Tomcat and others refuse an underscore, virtual hosts refuse names they do not know. */
export async function startStrictHost({ hosts, status = 400, ...spec }: StrictHostSpec): Promise<Backend> {
  return serveRaw(spec, {
    request(socket, { record }) {
      const host = headerOf(record.headers, 'host') ?? '';
      const ok = hosts ? hosts.includes(host) : !host.includes('_');
      socket.end(
        `HTTP/1.1 ${ok ? '200 OK' : `${status} Refused`}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
    },
  });
}
