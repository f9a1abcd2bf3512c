import { type GatewayAnswer, type GatewayProtocol, type GatewayRequest, serveGateway } from '../gateway.ts';
import type { Backend } from '../types.ts';

export interface ScgiSpec extends GatewayAnswer {
  kind: 'scgi';
}

/** An SCGI server. It closes the connection of a client that speaks something else. */
export async function startScgi(spec: ScgiSpec): Promise<Backend> {
  const protocol: GatewayProtocol = {
    name: 'scgi',
    read,
    wrap: (response) => response,
    statusLine: (status) => `Status: ${status}\r\n`,
    onForeign: (socket) => socket.end(),
  };
  return serveGateway(protocol, spec);
}

/** The parameters are a netstring: `24:NAME\0value\0NAME\0value\0,`. The body follows. */
function read(bytes: Buffer): GatewayRequest | 'incomplete' | 'foreign' {
  const colon = bytes.indexOf(':');
  if (!/^\d{0,9}$/.test(bytes.toString('latin1', 0, colon < 0 ? 10 : colon))) return 'foreign';
  if (colon < 0) return 'incomplete';
  const end = colon + 1 + Number(bytes.toString('latin1', 0, colon));
  if (bytes.length <= end) return 'incomplete';
  const words = bytes.toString('latin1', colon + 1, end).split('\0');
  const params: [string, string][] = [];
  for (let i = 0; i + 1 < words.length; i += 2) params.push([words[i]!, words[i + 1]!]);
  const bodyAt = end + 1;
  const used = bodyAt + Number(params.find(([name]) => name === 'CONTENT_LENGTH')?.[1] ?? 0);
  return bytes.length < used
    ? 'incomplete'
    : { params, body: bytes.subarray(bodyAt, used), used, keepAlive: false };
}
