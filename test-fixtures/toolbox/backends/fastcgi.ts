import { type GatewayAnswer, type GatewayProtocol, type GatewayRequest, serveGateway } from '../gateway.ts';
import type { Backend } from '../types.ts';

export interface FastCgiSpec extends GatewayAnswer {
  kind: 'fastcgi';
  /** Sent on the error stream before the answer, as php-fpm sends the errors of a script. */
  stderr?: string;
}

const BEGIN_REQUEST = 1;
const END_REQUEST = 3;
const PARAMS = 4;
const STDIN = 5;
const STDOUT = 6;
const STDERR = 7;
const HEADER_LENGTH = 8;
const MAX_CONTENT = 65_535;

/** A FastCGI responder. As php-fpm does, it resets the connection of a client that speaks something else. */
export async function startFastCgi(spec: FastCgiSpec): Promise<Backend> {
  const protocol: GatewayProtocol = {
    name: 'fastcgi',
    read,
    wrap(response, complete) {
      const stderr = spec.stderr === undefined ? [] : records(STDERR, Buffer.from(spec.stderr));
      // Eight zeros: application status 0, request complete.
      const end = complete ? [record(STDOUT, Buffer.alloc(0)), record(END_REQUEST, Buffer.alloc(8))] : [];
      return Buffer.concat([...stderr, ...records(STDOUT, response), ...end]);
    },
    statusLine: (status) => `Status: ${status}\r\n`,
    onForeign: (socket) => socket.resetAndDestroy(),
  };
  return serveGateway(protocol, spec);
}

function record(type: number, content: Buffer): Buffer {
  // Version 1, request 1: nginx has one request on a connection.
  const header = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 0xff, 0, 0]);
  return Buffer.concat([header, content]);
}

function records(type: number, content: Buffer): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at < content.length; at += MAX_CONTENT) {
    list.push(record(type, content.subarray(at, at + MAX_CONTENT)));
  }
  return list;
}

function read(bytes: Buffer): GatewayRequest | 'incomplete' | 'foreign' {
  const params: Buffer[] = [];
  const body: Buffer[] = [];
  let at = 0;
  let keepAlive = false;
  while (at < bytes.length) {
    if (bytes[at] !== 1) return 'foreign';
    if (at + HEADER_LENGTH > bytes.length) return 'incomplete';
    const type = bytes[at + 1]!;
    if (at === 0 && type !== BEGIN_REQUEST) return 'foreign';
    const from = at + HEADER_LENGTH;
    const to = from + bytes.readUInt16BE(at + 4);
    at = to + bytes[at + 6]!;
    if (at > bytes.length) return 'incomplete';
    const content = bytes.subarray(from, to);
    // Behind the role, two bytes, come the flags; the first says to keep the connection.
    if (type === BEGIN_REQUEST) keepAlive = (content[2]! & 1) === 1;
    else if (type === PARAMS) params.push(content);
    // The empty record ends the body and with it the request.
    else if (type === STDIN && content.length === 0) {
      return { params: readPairs(Buffer.concat(params)), body: Buffer.concat(body), used: at, keepAlive };
    } else if (type === STDIN) body.push(content);
  }
  return 'incomplete';
}

function readPairs(bytes: Buffer): [string, string][] {
  const list: [string, string][] = [];
  let at = 0;
  const readLength = () => {
    const first = bytes[at]!;
    // The high bit says that the length has four bytes.
    const length = first < 0x80 ? first : bytes.readUInt32BE(at) & 0x7fff_ffff;
    at += first < 0x80 ? 1 : 4;
    return length;
  };
  const readText = (length: number) => {
    at += length;
    return bytes.toString('latin1', at - length, at);
  };
  while (at < bytes.length) {
    const nameLength = readLength();
    const valueLength = readLength();
    list.push([readText(nameLength), readText(valueLength)]);
  }
  return list;
}
