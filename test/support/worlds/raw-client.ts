import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** What came back for one request; all latin1. */
export interface RawAnswer {
  /** Null when the connection was closed without an answer. */
  readonly status: number | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface RawRequest {
  readonly to: NetConnectOpts;
  /** The whole request, latin1. */
  readonly text: string;
  readonly head: boolean;
}

/** Sends requests over kept connections, several at once; answers come in the order of the requests. */
export async function sendAll(requests: readonly RawRequest[], connections = 24): Promise<RawAnswer[]> {
  const answers: RawAnswer[] = new Array(requests.length);
  const byAddress = new Map<string, number[]>();
  for (const [i, { to }] of requests.entries()) {
    const key = JSON.stringify(to);
    const list = byAddress.get(key);
    if (list) list.push(i);
    else byAddress.set(key, [i]);
  }
  const queues = [...byAddress.values()];
  const work = async (): Promise<void> => {
    for (let queue = queues.pop(); queue; queue = queues.pop()) {
      const connection = new Connection(requests[queue[0]!]!.to);
      for (const i of queue) answers[i] = await connection.send(requests[i]!);
      connection.close();
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  return answers;
}

class Connection {
  readonly #to: NetConnectOpts;
  #socket: Socket | null = null;
  #data = '';
  #wake: (() => void) | null = null;
  #ended = true;

  constructor(to: NetConnectOpts) {
    this.#to = to;
  }

  async send({ text, head }: RawRequest): Promise<RawAnswer> {
    const socket = this.#open();
    socket.write(text, 'latin1');
    for (;;) {
      const answer = this.#take(head);
      if (answer) return answer;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    if (this.#socket && !this.#ended) return this.#socket;
    this.#socket?.destroy();
    this.#data = '';
    this.#ended = false;
    const socket = connect(this.#to);
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    const wake = (): void => this.#wake?.();
    socket.on('data', (chunk: string) => {
      if (socket !== this.#socket) return;
      this.#data += chunk;
      wake();
    });
    const end = (): void => {
      if (socket !== this.#socket) return;
      this.#ended = true;
      wake();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
    this.#socket = socket;
    return socket;
  }

  #take(head: boolean): RawAnswer | null {
    const end = this.#data.indexOf('\r\n\r\n');
    if (end < 0) return this.#ended ? { status: null, headers: [], body: this.#data } : null;
    const [first = '', ...lines] = this.#data.slice(0, end).split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
    });
    const field = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
    const rest = this.#data.slice(end + 4);
    const none = head || status === 204 || status === 304;
    const length = none ? 0 : Number(field('content-length') ?? Number.NaN);
    let body: string | null = null;
    let used = 0;
    if (!Number.isNaN(length)) {
      if (rest.length >= length) {
        body = rest.slice(0, length);
        used = length;
      }
    } else if (field('transfer-encoding') === 'chunked') {
      const stop = rest.indexOf('0\r\n\r\n');
      if (stop >= 0) {
        body = rest.slice(0, stop).replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '');
        used = stop + 5;
      }
    }
    if (body === null) {
      if (!this.#ended) return null;
      body = rest;
      used = rest.length;
    }
    this.#data = rest.slice(used);
    if (field('connection') === 'close') this.#ended = true;
    return { status, headers, body };
  }
}
