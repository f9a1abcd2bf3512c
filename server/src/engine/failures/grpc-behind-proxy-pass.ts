import { type GrpcFact, grpcEvidence, offersHttp2 } from '../config/grpc-evidence.ts';
import { effective, effectiveValue } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { allProxied, type Proxied } from '../config/proxied.ts';
import { enclosingServer } from '../config/variables.ts';
import type { Fix } from '../contract.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * proxy_pass speaks HTTP/1 to a backend that answers in HTTP/2 frames. nginx finds no status line in them, takes the
 * answer for HTTP/0.9 and hands the bytes on (ngx_http_proxy_process_status_line): no 502, but status 009. Paths,
 * names and ports are guesses and stay information until two agree; a group that is under grpc_pass too is a hint.
 * Deliberately ignores: proxy_http_version 2, gRPC-Web and gateways, which speak HTTP/1.
 */
export const grpcBehindProxyPass: FailureMode = {
  id: 'grpc-behind-proxy-pass',
  title: 'gRPC is sent through proxy_pass',
  what: 'proxy_pass leads to a backend that speaks gRPC, which needs HTTP/2.',
  why: 'nginx sends HTTP/1 and takes the HTTP/2 frames of the answer for HTTP/0.9: the client gets raw bytes without status and headers (009 in the access log), and the call fails.',
  do: 'Use grpc_pass grpc://HOST:PORT (grpcs:// for TLS) without a URI part, and grpc_set_header in place of proxy_set_header. Clients need HTTP/2 on that server too (http2 on; before 1.25.1 "listen ... http2").',
  status: '009',
  versions: null,
  hits: 'every call through this location',
  signatures: [{ message: 'upstream-not-http' }],
  detect: (model) => allProxied(model).flatMap((target) => detection(model, target) ?? []),
  weigh(failure) {
    const target = bestPlace(failure)?.proxied;
    if (target && target.handler !== 'proxy') return null;
    const because: string[] = [];
    const uri = failure.entry.request?.uri ?? '';
    if (failure.entry.request?.method === 'POST' && /^\/(?:\w+\.)+[A-Z]\w*\/\w+$/.test(uri))
      because.push(`POST ${uri} is how gRPC calls a method`);
    if (failure.peer?.port === 50051) because.push("port 50051 is gRPC's usual one");
    if (failure.model && target) {
      const told = grpcEvidence(failure.model, target).map(({ message }) => message);
      because.push(...told.filter((message) => !because.includes(message)));
    }
    return { certainty: because.length > 0 ? 'likely' : 'possible', because, against: [] };
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied;
    return failure.model && target?.handler === 'proxy' ? useGrpcPass(failure.model, target, 'review') : [];
  },
  remedy: {
    cure: (failure) =>
      `use grpc_pass grpc://${failure.peer?.port ? peerAddress(failure.peer) : 'HOST:PORT'} in place of proxy_pass, and grpc_set_header in place of proxy_set_header; clients need HTTP/2 on that server too`,
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => speaksHttp2(failure),
  references: [
    'https://nginx.org/en/docs/http/ngx_http_grpc_module.html#grpc_pass',
    'https://nginx.org/en/docs/http/ngx_http_v2_module.html#http2',
  ],
};

function speaksHttp2(failure: Case): { run: string; where: string; expect: string }[] {
  const { peer } = failure;
  if (!peer || peer.host === null || peer.port === null) return [];
  const scheme = peer.scheme === 'https' ? 'https' : 'http';
  const tls = scheme === 'https' ? '-k --http2' : '--http2-prior-knowledge';
  return [
    {
      run: `curl -sS -o /dev/null -w '%{http_version}\\n' --max-time 5 ${tls} ${shellQuote(`${scheme}://${peerAddress(peer)}/`)}`,
      where: onNginx(failure),
      expect: '2: the backend speaks HTTP/2, as gRPC does. An error or 1.1: it does not.',
    },
  ];
}

function detection(model: ConfigModel, target: Proxied): Detection | null {
  if (target.handler !== 'proxy' || target.target.kind === 'invalid') return null;
  const facts = grpcEvidence(model, target);
  if (facts.length === 0 || effectiveValue(model, 'proxy_http_version', target.block, '') === '2')
    return null;
  const telling = facts.filter(({ enough }) => enough);
  const severity = telling.length === 0 ? 'hint' : facts.length > 1 ? 'warning' : 'info';
  const server = enclosingServer(target.block);
  const http2 = !server || offersHttp2(server);
  return {
    node: target.pass,
    severity,
    certainty: severity === 'warning' ? 'likely' : 'possible',
    message: `${(telling[0] ?? facts[0]!).message}, and proxy_pass speaks HTTP/1 to it`,
    ...(http2 && {
      do: 'Use grpc_pass grpc://HOST:PORT (grpcs:// for TLS) without a URI part, and grpc_set_header in place of proxy_set_header.',
    }),
    related: facts.filter(({ node }) => node !== target.pass).map(relatedOf),
    fixes: useGrpcPass(model, target, severity === 'hint' ? 'choice' : 'review'),
  };
}

function relatedOf({ node, message }: GrpcFact): Detection['related'][number] {
  return { ...node.site, message };
}

/** grpc_pass in place of proxy_pass, with what the location says to its backend. */
function useGrpcPass(model: ConfigModel, target: Proxied, safety: Fix['safety']): Fix[] {
  const { pass, block, scheme } = target;
  const word = pass.directive.args[0];
  if (!word || block.name === 'limit_except' || target.target.kind === 'variable' || scheme === null)
    return [];
  const secure = scheme === 'https';
  const editor = new Editor(model, safety);
  editor.replaceHead(pass, `grpc_pass ${secure ? 'grpcs' : 'grpc'}://${authority(target, secure)}`);
  const list = effective(model, 'proxy_set_header', block);
  const lines: string[] = [];
  for (const node of list.nodes) {
    // HTTP/2 has neither.
    const dropped = /^(?:connection|upgrade)$/i.test(node.arg(0) ?? '');
    if (list.inherited || node.file !== pass.file) {
      if (!dropped) lines.push(`${node.text.replace(/^proxy_/, 'grpc_')};`);
    } else if (dropped) editor.remove(node);
    else editor.replaceWord(node, node.directive.name, 'grpc_set_header');
  }
  for (const node of block.children) {
    if (node.file !== pass.file) continue;
    if (node.name === 'proxy_http_version') editor.remove(node);
    else if (SHARED.test(node.name))
      editor.replaceWord(node, node.directive.name, node.name.replace(/^proxy_/, 'grpc_'));
  }
  if (lines.length > 0 && effective(model, 'grpc_set_header', block).nodes.length === 0)
    editor.insertAfter(pass, lines);
  const fix = editor.fix('use grpc_pass');
  return fix ? [fix] : [];
}

/** Directives that grpc_pass has under its own name. */
const SHARED =
  /^proxy_(?:(?:connect|read|send)_timeout|next_upstream(?:_tries|_timeout)?|buffer_size|ssl_\w+|socket_keepalive|bind|intercept_errors|hide_header|pass_header|ignore_headers)$/;

/** The address as grpc_pass takes it: it knows no default port, and no URI. */
function authority({ target, pass }: Proxied, secure: boolean): string {
  const text = pass.arg(0)!.replace(/^\w+:\/\//, '');
  if (target.kind === 'unix') return `unix:${target.path}`;
  const address: ConfigNode['name'] = text.replace(/[/?].*$/s, '');
  const bare = target.kind !== 'upstream' && !/:\d+$/.test(address);
  return bare ? `${address}:${secure ? 443 : 80}` : address;
}
