import { createSocket } from 'node:dgram';
import { parseListen } from '../listen.ts';
import type { Backend, ReceivedRequest } from '../types.ts';

/** Addresses (IPv4 and IPv6 as they come), an error, or no answer at all. */
export type DnsAnswer = string[] | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'timeout';

export interface DnsSpec {
  kind: 'dns';
  /** A UDP address such as `127.0.0.53:53`. */
  listen: string;
  /** By name, in lower case, without the dot at the end. `*.example.test` holds for all names below it. */
  names?: Record<string, DnsAnswer>;
  /** For all other names; when absent, the `.1` of the network that the stub listens in. */
  otherwise?: DnsAnswer;
  /** Seconds an answer may be kept; 30 when absent. */
  ttl?: number;
}

const RCODE = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const TYPE_A = 1;
const TYPE_AAAA = 28;

/** A DNS server for nginx's `resolver`. Queries are recorded as `A name` or `AAAA name`. */
export async function startDns(spec: DnsSpec): Promise<Backend> {
  const address = parseListen(spec.listen);
  if ('path' in address) throw new Error(`DNS needs a UDP address: ${spec.listen}`);
  const otherwise = spec.otherwise ?? [address.host.replace(/\d+$/, '1')];
  const received: ReceivedRequest[] = [];
  const socket = createSocket(address.host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (query, peer) => {
    const question = readQuestion(query);
    if (!question) return;
    const type =
      question.type === TYPE_A ? 'A' : question.type === TYPE_AAAA ? 'AAAA' : `TYPE${question.type}`;
    const requestLine = `${type} ${question.name}`;
    received.push({ requestLine, headers: [], body: '', protocol: 'dns', connection: received.length + 1 });
    const answer = lookUp(spec.names ?? {}, question.name) ?? otherwise;
    if (answer !== 'timeout')
      socket.send(respond(query, question, answer, spec.ttl ?? 30), peer.port, peer.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(address.port, address.host, () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve();
    });
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= new Promise((resolve) => socket.close(resolve));
    return stopped;
  };
  return { received, stop };
}

function lookUp(names: Record<string, DnsAnswer>, name: string): DnsAnswer | undefined {
  if (names[name]) return names[name];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const wild = names[`*${name.slice(dot)}`];
    if (wild) return wild;
  }
  return undefined;
}

interface Question {
  name: string;
  type: number;
  /** Offset behind the question. */
  end: number;
}

function readQuestion(query: Buffer): Question | null {
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = query[at];
    if (length === undefined) return null;
    if (length === 0) break;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  if (at + 5 > query.length) return null;
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function respond(
  query: Buffer,
  question: Question,
  answer: Exclude<DnsAnswer, 'timeout'>,
  ttl: number,
): Buffer {
  const rcode = typeof answer === 'string' ? RCODE[answer] : 0;
  const records = typeof answer === 'string' ? [] : addressRecords(answer, question.type, ttl);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // A response, recursion desired and available.
  header.writeUInt16BE(0x8180 | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(12, question.end), ...records]);
}

function addressRecords(addresses: string[], type: number, ttl: number): Buffer[] {
  return addresses
    .filter((address) => type === (address.includes(':') ? TYPE_AAAA : TYPE_A))
    .map((address) => {
      const data = address.includes(':') ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number));
      const head = Buffer.alloc(12);
      // A pointer to the name in the question, at offset 12.
      head.writeUInt16BE(0xc00c, 0);
      head.writeUInt16BE(type, 2);
      head.writeUInt16BE(1, 4);
      head.writeUInt32BE(ttl, 6);
      head.writeUInt16BE(data.length, 10);
      return Buffer.concat([head, data]);
    });
}

function ipv6Bytes(address: string): Buffer {
  const [left = '', right] = address.split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const head = groups(left);
  const tail = groups(right ?? '');
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  const bytes = Buffer.alloc(16);
  all.forEach((group, i) => {
    bytes.writeUInt16BE(group, i * 2);
  });
  return bytes;
}
