import { type ListenAddress, listenAddresses } from '../config/listens.ts';
import { allProxied, endpoints } from '../config/proxied.ts';
import type { ConfirmingCommand } from '../contract.ts';
import { bestPlace, type Case, type Weight } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { ownListens } from '../diagnosis/spoken.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { protocolInMessage } from '../errorlog/first-bytes.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A listen with proxy_protocol demands a PROXY header before anything else. A sender without it is cut off: that nginx
 * logs "broken header" with what came instead, and a proxying nginx in front sees a close or a reset (502). proxy_pass
 * of http {} has no way to send the header, so one that leads to such a listen of the same files fails every time.
 * Deliberately says nothing of a close or reset by a backend whose listen is not in the files.
 */
export const proxyProtocolMismatch: FailureMode = {
  id: 'proxy-protocol-mismatch',
  title: 'Only one side speaks the PROXY protocol',
  what: 'A port demands the PROXY protocol (listen ... proxy_protocol), and the sender does not send its header; or the header is sent to a port that does not expect it.',
  why: 'nginx closes the connection at once and logs "broken header". An nginx that proxies to that port answers its own clients with 502; other senders see a closed connection.',
  do: 'Keep proxy_protocol on a listen only if every sender to that port adds the PROXY header. In nginx, stream {} can send it (proxy_protocol on); proxy_pass in http {} cannot and needs a listen without it.',
  status: '502',
  versions: null,
  hits: 'every connection from this sender',
  signatures: [
    { message: 'malformed-proxy-protocol' },
    { message: 'unknown-proxy-protocol-version' },
    { message: 'upstream-prematurely-closed', when: early },
    { message: 'recv-failed', when: early },
    { message: 'send-failed', when: early },
    { message: 'peer-closed-in-handshake', when: early },
    {
      message: 'upstream-too-large-http2-frame',
      when: ({ message }) => protocolInMessage(message)?.protocol === 'proxy-protocol',
    },
  ],
  weigh(failure) {
    const { entry } = failure;
    if (isBroken(entry)) return weighBroken(failure);
    const listens = ownListens(failure);
    const own = listens.find(speaksPP);
    if (own)
      return {
        // Of several addresses on one port the most exact one is met: which, the files need not tell.
        certainty: listens.every(speaksPP) ? 'certain' : 'likely',
        because: [demands(own), ...brokenNear(failure)],
        against: [],
      };
    const answer = protocolInMessage(entry.message);
    if (answer?.protocol === 'proxy-protocol')
      return { certainty: 'likely', because: [`the answer began with ${answer.words}`], against: [] };
    const near = brokenNear(failure);
    if (near.length > 0) return { certainty: 'likely', because: near, against: [] };
    return entry.message.startsWith('peer closed')
      ? { certainty: 'possible', because: [], against: [] }
      : null;
  },
  remedy: {
    cure: (failure) => {
      const own = listenOf(failure);
      const line = own ? `"${own.node.text}"` : 'a listen with proxy_protocol';
      const place = bestPlace(failure)?.node;
      return isBroken(failure.entry)
        ? `let every sender to this port add the PROXY header (send-proxy in HAProxy, the attribute of an AWS target group, proxy_protocol on in stream {}), or take proxy_protocol off ${line}; health checks and people need a port of their own`
        : `let ${place?.text ?? 'proxy_pass'} lead to a listen without proxy_protocol: proxy_pass in http {} cannot send the header that ${line} demands`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload, on the nginx that was changed',
  },
  checks: (failure) => [...withHeader(failure), whereSet(failure)],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#listen',
    'https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_protocol',
  ],
};

function isBroken({ message }: LogEntry): boolean {
  return message.startsWith('broken header') || message.startsWith('unknown PROXY protocol');
}

/** Before a backend has answered anything. */
function early({ action, upstream }: LogEntry): boolean {
  return upstream !== null && !/^reading upstream|^proxying/.test(action ?? '');
}

function speaksPP({ node }: ListenAddress): boolean {
  return node.args.includes('proxy_protocol');
}

function demands({ node }: ListenAddress): string {
  return `"${node.text}" of the same files demands the PROXY header, which proxy_pass cannot send`;
}

/** The log itself says that a connection came without the header; the files say which listen demands it, and who asks. */
function weighBroken(failure: Case): Weight {
  const { entry } = failure;
  const because: string[] = [];
  const against: string[] = [];
  const sent = protocolInMessage(entry.message);
  if (sent?.protocol === 'proxy-protocol') against.push('a PROXY header came, but not a whole or valid one');
  else if (sent) because.push(`the connection began with ${sent.words} in place of a PROXY header`);
  const own = listenOf(failure);
  if (own) {
    because.push(`"${own.node.text}" demands the header`);
    const sender = failure.model ? passTo(failure, own) : null;
    if (sender !== null) because.push(`${sender} of the same files leads there without it`);
  }
  return {
    certainty: sent && own && against.length === 0 ? 'certain' : because.length > 0 ? 'likely' : 'possible',
    because,
    against,
  };
}

/** The listen with proxy_protocol that a line speaks of: by the backend's address, or by `server:` before a request. */
function listenOf(failure: Case): ListenAddress | null {
  const { model, entry } = failure;
  if (!model) return null;
  if (!isBroken(entry)) return ownListens(failure).find(speaksPP) ?? null;
  // The port stands in `server:` as long as there is no request.
  const port = Number(/:(\d{1,5})$/.exec(entry.server ?? '')?.[1]);
  return listenAddresses(model).find((own) => own.port === port && speaksPP(own)) ?? null;
}

/** The *_pass of the files that leads to an address of nginx itself. */
function passTo(failure: Case, own: ListenAddress): string | null {
  const local = (host: string | null): boolean =>
    host !== null && (host === own.host || /^(?:127\.|localhost$|\[::1\])/.test(host));
  const target = allProxied(failure.model!).find((passed) =>
    endpoints(passed).some((end) => end.port === own.port && local(end.host)),
  );
  return target?.pass.text ?? null;
}

/** A line of that port's own in the same paste. */
function brokenNear(failure: Case): string[] {
  const port = failure.peer?.port ?? null;
  const found = failure.neighbours.find(
    (entry) => isBroken(entry) && port !== null && entry.server?.endsWith(`:${port}`) === true,
  );
  return found ? [`line ${found.line}: the listen on port ${port} got no PROXY header`] : [];
}

/** A request with the header in front, as a sender of the PROXY protocol makes it. */
function withHeader(failure: Case): ConfirmingCommand[] {
  const own = listenOf(failure);
  const host = own?.host === '*' || own?.host === '[::]' ? '127.0.0.1' : (own?.host ?? null);
  const address = own && host !== null ? `${host}:${own.port}` : null;
  if (address === null) return [];
  return [
    {
      run: `curl -g -sS -k -o /dev/null -w '%{http_code}\\n' --haproxy-protocol ${shellQuote(`${own!.ssl ? 'https' : 'http'}://${address}/`)}`,
      where: onNginx(failure),
      expect:
        'a status: with the PROXY header the port answers. Without the option curl gets a closed connection.',
    },
  ];
}

/** Who demands the header and who sends it, by the files that nginx would load now. */
function whereSet(failure: Case): ConfirmingCommand {
  return {
    run: "nginx -T 2>/dev/null | grep -nE 'proxy_protocol|listen'",
    where: onNginx(failure),
    expect: 'the listen lines that demand the header, and the servers of stream {} that send it.',
  };
}
