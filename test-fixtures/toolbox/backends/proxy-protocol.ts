import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface ProxyProtocolSpec extends Listening {
  kind: 'proxy-protocol';
}

/** Wants a line of the PROXY protocol, version 1, before HTTP, and closes the connection of who sends none. */
export async function startProxyProtocol(spec: ProxyProtocolSpec): Promise<Backend> {
  return serveRaw(spec, {
    preamble: /^PROXY (?:TCP[46]|UNKNOWN)[^\r\n]*\r\n/,
    request: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'),
  });
}
