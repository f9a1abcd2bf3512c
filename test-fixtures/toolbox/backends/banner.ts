import { createServer } from 'node:net';
import { serve } from '../listen.ts';
import { recordRaw } from '../raw-server.ts';
import type { Backend, Listening, ReceivedRequest } from '../types.ts';

export interface BannerSpec extends Listening {
  kind: 'banner';
  service: 'ssh' | 'mysql' | 'smtp' | 'amqp';
}

/** What each service says on accept, and what it says before it hangs up on bytes it does not understand. */
const SERVICES: Record<BannerSpec['service'], { greeting: Buffer; farewell: Buffer }> = {
  ssh: {
    greeting: Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n'),
    farewell: Buffer.from('Invalid SSH identification string.\r\n'),
  },
  mysql: {
    // Length 74, packet 0, protocol 10, version, and the rest of the handshake.
    greeting: Buffer.concat([Buffer.from([0x4a, 0, 0, 0, 10]), Buffer.from('8.0.36\0'), Buffer.alloc(66, 1)]),
    farewell: Buffer.alloc(0),
  },
  smtp: {
    greeting: Buffer.from('220 mail.test ESMTP\r\n'),
    farewell: Buffer.from('502 5.5.2 Error: command not recognized\r\n'),
  },
  amqp: { greeting: Buffer.alloc(0), farewell: Buffer.from([...Buffer.from('AMQP'), 0, 0, 9, 1]) },
};

/** A service that is no HTTP server, as far as an HTTP client gets with it. All but AMQP talk first. */
export async function startBanner(spec: BannerSpec): Promise<Backend> {
  const { greeting, farewell } = SERVICES[spec.service];
  const received: ReceivedRequest[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    const connection = ++connections;
    if (greeting.length > 0) socket.write(greeting);
    socket.on('data', (chunk) => {
      recordRaw(received, connection, chunk);
      if (socket.writable) socket.end(farewell);
    });
  });
  return serve(server, spec, received);
}
