import { effectiveValue } from '../config/inheritance.ts';
import type { ConfigModel } from '../config/model.ts';
import { endpoints, type Proxied } from '../config/proxied.ts';
import type { Fix } from '../contract.ts';
import { bestPlace, type Case, peerAddress, type Weight } from '../diagnosis/case.ts';
import { speaksTls } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { againstOtherProtocol, spokenElsewhere } from '../diagnosis/spoken.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { protocolInMessage } from '../errorlog/first-bytes.ts';
import { otherServiceOn, TLS_PORTS } from '../errorlog/well-known-ports.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx sends a request in plain text to a port that waits for a ClientHello. What comes back depends on the server:
 * a close or a reset (502), a plain TLS alert, whose bytes nginx passes on as HTTP/0.9 or reads as the length of an
 * HTTP/2 frame, or a readable 400 that leaves no line at all. A port alone makes it likely, never certain.
 * Deliberately ignores: upstreams that speak TLS already, and servers of nginx itself (they answer 400).
 */
export const plainToTlsBackend: FailureMode = {
  id: 'plain-to-tls-backend',
  title: 'Plain text is spoken to a port that expects TLS',
  what: 'proxy_pass http:// (or grpc_pass grpc://) leads to a port on which the backend expects TLS.',
  why: 'The backend closes the connection (502), answers 400 in plain text, which nginx passes on without a line in the log, or sends a TLS alert, which reaches the client as raw bytes (009 in the access log). With grpc_pass all of them are 502.',
  do: 'Write https:// in proxy_pass (grpcs:// in grpc_pass). For a backend that is chosen by name, also set proxy_ssl_server_name on (grpc_ssl_server_name on).',
  status: null,
  versions: null,
  hits: 'every request through this location',
  signatures: [
    { message: 'upstream-prematurely-closed', when: plainHeader },
    { message: 'recv-failed', when: plainHeader },
    { message: 'upstream-not-http', when: ({ upstream }) => TLS_PORTS.has(upstream?.port ?? 0) },
    { message: 'upstream-too-large-http2-frame', when: tlsBytes },
    { message: 'fastcgi-unsupported-version', when: tlsBytes },
  ],
  weigh(failure) {
    const { entry, peer } = failure;
    if (secureScheme(peer?.scheme ?? null)) return null;
    const because = evidence(failure);
    const against = againstOtherProtocol(failure);
    if (against.length > 0) return { certainty: 'possible', because, against, refuted: true };
    const plain = spokenElsewhere(failure, 'http', 'grpc');
    const here = bestPlace(failure)?.proxied;
    if (plain && plain.pass !== here?.pass)
      against.push(`${plain.pass.text} speaks plain text to the same address`);
    if (here && secureScheme(here.scheme)) against.push(`${here.pass.text} speaks TLS in this file`);
    // A port that is another service's names that one.
    if (because.length === 0 && peer?.port != null && otherServiceOn(peer.port)) return null;
    return weight(entry, because, against);
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || !target || evidence(failure).length === 0) return [];
    const fix = speakTls(failure.model, target, failure.peer?.port ?? null);
    return fix ? [fix] : [];
  },
  remedy: {
    cure: (failure) => {
      const grpc = failure.peer?.scheme === 'grpc';
      const address = failure.peer ? peerAddress(failure.peer) : 'HOST:PORT';
      return grpc
        ? `write grpcs:// in grpc_pass for ${address}, and grpc_ssl_server_name on for a backend that is chosen by name`
        : `write https:// in proxy_pass for ${address}, and proxy_ssl_server_name on for a backend that is chosen by name`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => speaksTls(failure),
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_server_name',
    'https://nginx.org/en/docs/http/ngx_http_grpc_module.html#grpc_pass',
  ],
};

function weight(entry: LogEntry, because: readonly string[], against: readonly string[]): Weight | null {
  if (because.length > 0)
    return {
      certainty: tlsBytes(entry) && because.length > 1 && against.length === 0 ? 'certain' : 'likely',
      because,
      against,
    };
  return plainHeader(entry) ? { certainty: 'possible', because, against } : null;
}

/** What speaks for TLS on the port: the bytes of the answer, the port, another line of the files. */
function evidence(failure: Case): string[] {
  const { entry, peer } = failure;
  const because: string[] = [];
  if (tlsBytes(entry)) because.push(`the answer began with ${protocolInMessage(entry.message)!.words}`);
  if (peer?.port != null && TLS_PORTS.has(peer.port)) because.push(`port ${peer.port} usually speaks TLS`);
  const other = spokenElsewhere(failure, 'https', 'grpcs');
  if (other && other.pass !== bestPlace(failure)?.proxied?.pass)
    because.push(`${other.pass.text} speaks TLS to the same address`);
  return because;
}

function tlsBytes({ message }: LogEntry): boolean {
  const protocol = protocolInMessage(message)?.protocol;
  return protocol === 'tls-alert' || protocol === 'tls-handshake';
}

/** A plain request that failed before the response header was whole. */
function plainHeader({ action, upstream }: LogEntry): boolean {
  const scheme = upstream?.scheme ?? null;
  return (
    (action === null || action.startsWith('reading response header')) &&
    (scheme === null || scheme === 'http' || scheme === 'grpc')
  );
}

function secureScheme(scheme: string | null): boolean {
  return scheme === 'https' || scheme === 'grpcs' || scheme === 'suwsgi';
}

/** The secure scheme in the place of the plain one, and the name in the handshake where a name is written. */
function speakTls(model: ConfigModel, target: Proxied, port: number | null): Fix | null {
  const { pass, block, scheme } = target;
  const word = pass.directive.args[0];
  if (!word || (scheme !== 'http' && scheme !== 'grpc')) return null;
  // One member that speaks plain text would be lost.
  if (port === null || !endpoints(target).every((end) => end.port === port)) return null;
  // A port that is not written would become 443.
  if (target.target.kind !== 'upstream' && !word.raw.includes(`:${port}`)) return null;
  const editor = new Editor(model, 'review');
  const at = word.raw.toLowerCase().indexOf(`${scheme}://`);
  const rest = at < 0 ? word.raw : word.raw.slice(at + scheme.length + 3);
  editor.replaceWord(pass, word, `${at < 0 ? '' : word.raw.slice(0, at)}${scheme}s://${rest}`);
  const family = scheme === 'grpc' ? 'grpc' : 'proxy';
  const named = effectiveValue(model, `${family}_ssl_server_name`, block, 'off') === 'on';
  if (target.target.kind === 'host' && !named) editor.insertForPass(pass, [`${family}_ssl_server_name on;`]);
  return editor.fix(`speak TLS: ${scheme}s://`);
}
