import { type GatewayAnswer, type GatewayProtocol, type GatewayRequest, serveGateway } from '../gateway.ts';
import type { Backend } from '../types.ts';

export interface UwsgiSpec extends GatewayAnswer {
  kind: 'uwsgi';
  /** Largest block of parameters in bytes; 4096 when absent, uWSGI's default `buffer-size`. */
  bufferSize?: number;
}

const HEADER_LENGTH = 4;

/**
 * A server of the uwsgi protocol. As uWSGI does, it closes the connection when the block of parameters is larger than
 * its buffer, which is also what it makes of HTTP: the "ET" of GET reads as a size of 21573.
 */
export async function startUwsgi(spec: UwsgiSpec): Promise<Backend> {
  const protocol: GatewayProtocol = {
    name: 'uwsgi',
    read: (bytes) => read(bytes, spec.bufferSize ?? 4096),
    wrap: (response) => response,
    statusLine: (status) => `HTTP/1.1 ${status} Answer\r\n`,
    onForeign: (socket) => socket.end(),
  };
  return serveGateway(protocol, spec);
}

function read(bytes: Buffer, bufferSize: number): GatewayRequest | 'incomplete' | 'foreign' {
  if (bytes.length < HEADER_LENGTH) return 'incomplete';
  const size = bytes.readUInt16LE(1);
  if (size > bufferSize) return 'foreign';
  const bodyAt = HEADER_LENGTH + size;
  if (bytes.length < bodyAt) return 'incomplete';
  const params: [string, string][] = [];
  let at = HEADER_LENGTH;
  const readText = () => {
    const from = at + 2;
    at = from + bytes.readUInt16LE(at);
    return bytes.toString('latin1', from, at);
  };
  while (at < bodyAt) params.push([readText(), readText()]);
  const used = bodyAt + Number(params.find(([name]) => name === 'CONTENT_LENGTH')?.[1] ?? 0);
  return bytes.length < used
    ? 'incomplete'
    : { params, body: bytes.subarray(bodyAt, used), used, keepAlive: false };
}
