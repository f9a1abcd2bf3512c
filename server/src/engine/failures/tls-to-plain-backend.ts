import { defaultedPorts } from '../config/defaulted-ports.ts';
import { type ListenAddress, listensOn } from '../config/listens.ts';
import type { ConfigModel } from '../config/model.ts';
import { allProxied, type Endpoint, endpoints, type Proxied, passSpeaking } from '../config/proxied.ts';
import type { Fix } from '../contract.ts';
import { bestPlace } from '../diagnosis/case.ts';
import { speaksTls } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * nginx opens TLS towards a port that answers in plain text: its ClientHello is met by an HTTP error or by silence.
 * Deliberately ignores members of an upstream without a port (upstream-port-defaulted), ports that either protocol
 * is used on, and unix sockets. A port alone is a guess and stays information; a second fact that agrees (the same
 * address is spoken to in plain elsewhere, or nginx itself listens there without ssl) makes it a warning.
 */
export const tlsToPlainBackend: FailureMode = {
  id: 'tls-to-plain-backend',
  title: 'TLS is spoken to a backend that speaks plain text',
  what: 'proxy_pass https:// (or grpc_pass grpcs://) leads to a port that does not speak TLS.',
  why: 'The TLS handshake fails and every request through this location is answered with 502; where the backend waits for more bytes instead of answering, it is 504 after proxy_connect_timeout.',
  do: 'Write http:// in proxy_pass (grpc:// in grpc_pass), or use the port on which the backend speaks TLS.',
  status: '502',
  versions: null,
  hits: 'every request through this location',
  signatures: [
    {
      message: 'ssl-handshake-failed',
      when: (entry) => TLS_MISMATCH.test(entry.message),
    },
  ],
  detect(model) {
    const found: Detection[] = [];
    for (const target of allProxied(model)) {
      if (!speaksTlsTo(target)) continue;
      for (const endpoint of endpoints(target)) {
        const detection = plainEndpoint(model, target, endpoint);
        if (detection) found.push(detection);
      }
    }
    return found;
  },
  weigh(failure) {
    const target = bestPlace(failure)?.proxied;
    const noTls = TLS_MISMATCH.test(failure.entry.message);
    const because = noTls ? ['the first bytes that came back are no TLS record'] : [];
    const port = failure.peer?.port ?? null;
    if (port !== null && PLAIN_PORTS.has(port)) because.push(`port ${port} usually speaks plain HTTP`);
    if (failure.model && target) {
      for (const endpoint of endpoints(target)) {
        if (endpoint.port === port)
          because.push(...plainEvidence(failure.model, endpoint).map((fact) => fact.message));
      }
    }
    if (failure.model && port === 80 && target?.target.kind === 'upstream') {
      const { upstream } = target.target;
      if (defaultedPorts(failure.model).some(({ group }) => group === upstream))
        return { certainty: 'possible', because, against: ['port 80 is written nowhere: it is the default'] };
    }
    if (target && target.scheme !== null && !speaksTlsTo(target)) {
      return {
        certainty: 'possible',
        because,
        against: [`${target.pass.text} does not speak TLS in this file`],
      };
    }
    if (!noTls) return { certainty: because.length > 0 ? 'likely' : 'possible', because, against: [] };
    if (because.length > 1) return { certainty: 'certain', because, against: [] };
    // On port 443 a plain answer to a handshake without a name is met too (sni-missing).
    return { certainty: 'likely', because, against: [], general: port === 443 };
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied;
    const fix = failure.model && target && speaksTlsTo(target) ? speakPlain(failure.model, target) : null;
    return fix ? [fix] : [];
  },
  remedy: {
    cure: (failure) => {
      const scheme = failure.peer?.scheme === 'grpcs' ? ['grpcs', 'grpc'] : ['https', 'http'];
      return `write ${scheme[1]}:// instead of ${scheme[0]}:// in ${scheme[1] === 'grpc' ? 'grpc_pass' : 'proxy_pass'}, or the port on which the backend speaks TLS`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => speaksTls(failure),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass'],
};

/** What OpenSSL says when the answer is no TLS record. */
const TLS_MISMATCH = /wrong version number|unknown protocol|packet length too long|http request/i;

/** Ports on which TLS is the exception: HTTP's own and the defaults of development servers. */
const PLAIN_PORTS = new Set([80, 3000, 5000, 8000, 8080]);

function speaksTlsTo(target: Proxied): boolean {
  return target.scheme === 'https' || target.scheme === 'grpcs';
}

interface Fact {
  readonly message: string;
  readonly at: { readonly file: string; readonly range: Detection['node']['site']['range'] };
}

/** What in the configuration says that an address speaks plain text. */
function plainEvidence(model: ConfigModel, endpoint: Endpoint): Fact[] {
  const facts: Fact[] = [];
  // On TLS's own ports a plain sibling is the likelier fault.
  if (endpoint.port !== 443 && endpoint.port !== 8443) {
    const other = passSpeaking(model, endpoint, 'http', 'grpc');
    if (other)
      facts.push({
        message: `${other.pass.text} speaks plain text to the same address`,
        at: other.pass.site,
      });
  }
  // One `ssl` on an address makes it speak TLS for all servers there.
  const listens: readonly ListenAddress[] = listensOn(model, endpoint.host, endpoint.port);
  const own = listens.every((listen) => !listen.ssl) ? listens[0] : undefined;
  if (own)
    facts.push({ message: `nginx itself listens there without ssl: ${own.node.text}`, at: own.node.site });
  return facts;
}

function plainEndpoint(model: ConfigModel, target: Proxied, endpoint: Endpoint): Detection | null {
  if (endpoint.port === null || endpoint.host === null) return null;
  // Port 80 of an upstream member may be nginx's default and not what the writer meant.
  if (endpoint.node !== target.pass && !/:\d+$/.test(endpoint.node.arg(0) ?? '')) return null;
  const facts = plainEvidence(model, endpoint);
  const ownTls = listensOn(model, endpoint.host, endpoint.port).some((listen) => listen.ssl);
  const byPort = PLAIN_PORTS.has(endpoint.port) && !ownTls;
  if (facts.length === 0 && !byPort) return null;
  const fix = speakPlain(model, target);
  const address = `${endpoint.host}:${endpoint.port}`;
  const related = facts.map((fact) => ({ ...fact.at, message: fact.message }));
  if (endpoint.node !== target.pass)
    related.push({ ...endpoint.node.site, message: `${address} is a member of the group` });
  return {
    node: target.pass,
    severity: facts.length > 0 ? 'warning' : 'info',
    certainty: facts.some((fact) => fact.message.startsWith('nginx itself'))
      ? 'certain'
      : facts.length > 0
        ? 'likely'
        : 'possible',
    message:
      facts.length > 0
        ? `TLS is spoken to ${address}, which speaks plain text`
        : `TLS is spoken to ${address}, a port that usually speaks plain text`,
    related,
    fixes: fix ? [fix] : [],
  };
}

function speakPlain(model: ConfigModel, target: Proxied): Fix | null {
  const word = target.pass.directive.args[0];
  if (!word || target.scheme === null) return null;
  // One member that may speak TLS would lose it.
  const ends = endpoints(target);
  const plain = (end: Endpoint): boolean =>
    (end.port !== null && PLAIN_PORTS.has(end.port)) || plainEvidence(model, end).length > 0;
  if (ends.length > 1 && !ends.every(plain)) return null;
  const scheme = target.scheme === 'grpcs' ? 'grpc' : 'http';
  const at = word.raw.toLowerCase().indexOf(`${target.scheme}://`);
  if (at < 0) return null;
  const newText = word.raw.slice(0, at) + scheme + word.raw.slice(at + target.scheme.length);
  return new Editor(model, 'review')
    .replaceWord(target.pass, word, newText)
    .fix(`speak plain text: ${scheme}://`);
}
