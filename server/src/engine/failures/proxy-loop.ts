import { effective } from '../config/inheritance.ts';
import type { ConfigModel } from '../config/model.ts';
import { loopThrough, ownPoint, type ProxyLoop, proxyLoops } from '../config/proxy-loops.ts';
import { loggedServerName } from '../config/server-choice.ts';
import { serverNames } from '../config/virtual-names.ts';
import type { Fix } from '../contract.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { isLoopback, whoListens } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { HeaderEdits } from '../diagnosis/header-edits.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * A request that nginx sends to an address on which it listens itself, with a Host that chooses the same server, comes
 * back to the same location, each round with two more connections, until a worker has none left. If that one is needed
 * to accept, nginx closes the connection to itself (502); if it is needed to connect, the answer is 500. Deliberately
 * leaves alone: names that DNS leads back to nginx, variables, and locations that a condition on a header may leave.
 */
export const proxyLoop: FailureMode = {
  id: 'proxy-loop',
  title: 'nginx proxies to itself',
  what: 'proxy_pass leads to an address on which nginx itself listens, and the Host that it sends chooses the same server again.',
  why: 'Each round takes two more connections, until worker_connections is used up: one request is enough. The client gets 502 where the last round could not be accepted, 500 where it could not be sent, and other clients are turned away meanwhile.',
  do: 'Point proxy_pass at the backend, not at an address on which nginx itself listens. If another server block is meant, its server_name must match the Host that is sent.',
  status: null,
  versions: null,
  hits: 'every request to this location, and what else the worker has to do',
  signatures: [
    { message: 'worker-connections-not-enough', when: ({ upstream }) => upstream !== null },
    { message: 'socket-failed', when: ({ errno }) => errno?.code === 24 },
    { message: 'recv-failed', when: isReading },
    { message: 'upstream-prematurely-closed', when: isReading },
  ],
  detect: (model) => proxyLoops(model).map((loop) => detection(model, loop)),
  weigh(failure) {
    const { model, peer, entry } = failure;
    if (!peer) return null;
    const loop = loggedLoop(failure);
    if (loop) return { certainty: 'certain', because: [messageOf(loop)], against: [] };
    // How a loop ends that is not seen in the configuration; without the alert it is no sign.
    if (failure.matched.kind.id !== 'worker-connections-not-enough') return null;
    if (model) {
      const own = ownPoint(model, peer);
      return own
        ? { certainty: 'likely', because: [`nginx itself listens on ${peerAddress(peer)}`], against: [] }
        : null;
    }
    // The default Host is the address of proxy_pass: it comes back as the client's.
    const same = entry.host !== null && entry.host.toLowerCase() === peerAddress(peer).toLowerCase();
    if (!same || !isLoopback(peer) || entry.client !== peer.host) return null;
    const because = [
      `the request came from ${entry.client} for ${entry.host}, and goes to ${entry.host} again`,
    ];
    return { certainty: 'likely', because, against: [] };
  },
  fix(failure) {
    const loop = loggedLoop(failure);
    return failure.model && loop ? sendOtherHost(failure.model, loop) : [];
  },
  remedy: {
    cure: (failure) =>
      failure.peer
        ? `point proxy_pass at the backend: nginx itself listens on ${peerAddress(failure.peer)}; if another server block is meant there, send a Host that its server_name matches`
        : 'point proxy_pass at the backend, or send a Host that the server_name of the block that is meant matches',
    mitigate:
      'return 503 in that location, so that the loop does not take the connections of everything else',
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) =>
    whoListens(failure).map((command) => ({
      ...command,
      expect: 'a LISTEN line with nginx: it is its own backend. Another program: there is no loop.',
    })),
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/request_processing.html',
  ],
};

function isReading({ action }: LogEntry): boolean {
  return /reading response header/.test(action ?? '');
}

function messageOf({ target, endpoint, server, host }: ProxyLoop): string {
  const at = endpoint.socket ?? `${endpoint.host}:${endpoint.port}`;
  const name = loggedServerName(server);
  const whose = name === '' ? 'a server without server_name' : `the server ${name}`;
  return `${target.pass.text} sends Host ${host} to ${at}, where nginx itself listens and ${whose} sends it round again`;
}

function detection(model: ConfigModel, loop: ProxyLoop): Detection {
  const { target, endpoint, server, passes } = loop;
  const others = passes.filter((pass) => pass !== target.pass);
  return {
    node: endpoint.node,
    severity: 'warning',
    certainty: 'certain',
    message: messageOf(loop),
    related: [
      ...(endpoint.node === target.pass ? [] : [{ ...target.pass.site, message: 'leads to it' }]),
      { ...(server.first('listen') ?? server).site, message: 'the server that takes the request' },
      ...others.map((pass) => ({ ...pass.site, message: 'is a part of the loop' })),
    ],
    fixes: sendOtherHost(model, loop),
  };
}

/** Where one other server shares the address, it may be the one that is meant. */
function sendOtherHost(model: ConfigModel, { target, point, server }: ProxyLoop): Fix[] {
  const others = point.servers.filter((other) => other !== server);
  const name = serverNames(others[0] ?? server).find((text) => /^[a-z\d][a-z\d.-]*$/i.test(text));
  // A list of headers that others share is not for one location to change.
  if (others.length !== 1 || !name || effective(model, 'proxy_set_header', target.block).inherited) return [];
  const editor = new Editor(model, 'choice');
  new HeaderEdits(model, editor).send(target, false, [['Host', name]]);
  const fix = editor.fix(`send Host ${name}`);
  return fix ? [fix] : [];
}

function loggedLoop(failure: Case): ProxyLoop | null {
  const pass = bestPlace(failure)?.proxied?.pass;
  if (!failure.model || !pass) return null;
  return loopThrough(failure.model, pass);
}
