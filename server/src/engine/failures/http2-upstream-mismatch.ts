import { spokenVersion } from '../config/connection-reuse.ts';
import type { ConfigNode } from '../config/model.ts';
import { holdsSince } from '../config/version.ts';
import { bestPlace, type Case, peerAddress, type Weight } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import { isHttp } from '../errorlog/catalogue/shared.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { protocolInMessage } from '../errorlog/first-bytes.ts';
import { TLS_PORTS } from '../errorlog/well-known-ports.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * proxy_http_version 2, which nginx has since 1.29.4: older releases refuse it and do not start, "2.0" all of them do.
 * With it nginx speaks HTTP/2 at once, by prior knowledge for http://, and does not look at what ALPN has agreed on
 * for https://; an answer in HTTP/1 is a frame of 4740180 bytes to it ("HTT"). Deliberately ignores: grpc_pass
 * (grpc-pass-to-http-backend), and answers in TLS or another protocol, whose bytes name another cause.
 */
export const http2UpstreamMismatch: FailureMode = {
  id: 'http2-upstream-mismatch',
  title: 'HTTP/2 to the backend, where the backend or nginx has none',
  what: 'proxy_http_version asks for HTTP/2, and this nginx does not know it or the backend does not speak it.',
  why: 'Before 1.29.4 nginx does not start with it (invalid value "2"). Since then it takes an answer in HTTP/1 for a broken HTTP/2 frame (4740180 is "HTT") and sends 502.',
  do: 'Set proxy_http_version 1.1. HTTP/2 needs nginx 1.29.4 or later with the HTTP/2 module, and a backend that speaks it on this port.',
  status: null,
  versions: null,
  hits: 'every request through this location; before 1.29.4 nginx does not start',
  signatures: [
    { message: 'invalid-value', when: isVersion },
    { message: 'upstream-too-large-http2-frame', when: overHttp },
    {
      message: 'upstream-rejected-http2-request',
      when: (entry) => overHttp(entry) && / error 13\b/.test(entry.message),
    },
  ],
  weigh(failure) {
    if (failure.entry.message.startsWith('invalid value')) return weighRefusal(failure);
    if (!overHttp(failure.entry)) return null;
    return weighAnswer(failure);
  },
  fix(failure) {
    const line = versionLine(failure);
    if (!failure.model || line?.arg(0)?.startsWith('2') !== true) return [];
    const fix = new Editor(failure.model, 'review')
      .replaceWord(line, line.directive.args[0]!, '1.1')
      .fix('speak HTTP/1.1: proxy_http_version 1.1');
    return fix ? [fix] : [];
  },
  remedy: {
    cure: (failure) =>
      failure.peer
        ? `set proxy_http_version 1.1 for ${peerAddress(failure.peer)}, or name a port on which that backend speaks HTTP/2`
        : 'set proxy_http_version 1.1; HTTP/2 to backends needs nginx 1.29.4 or later with the HTTP/2 module, and is written 2, not 2.0',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => (failure.peer ? spoken(failure) : release(failure)),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version'],
};

/** `invalid value "2"`, from a setter that does not name its directive. */
function isVersion({ message }: LogEntry): boolean {
  return /^invalid value "2(?:\.0)?"(?! in ")/.test(message);
}

function overHttp({ upstream }: LogEntry): boolean {
  const scheme = upstream?.scheme ?? null;
  return scheme === null || isHttp(scheme);
}

function weighRefusal(failure: Case): Weight | null {
  const { entry, model } = failure;
  if (!isVersion(entry)) return null;
  const value = /"(2[.0]*)"/.exec(entry.message)![1];
  const node = bestPlace(failure)?.node;
  if (node && node.name !== 'proxy_http_version') return null;
  const why =
    value === '2'
      ? 'nginx knows proxy_http_version 2 since 1.29.4, and only with the HTTP/2 module'
      : 'no release of nginx knows 2.0: HTTP/2 is written 2, since 1.29.4';
  if (!node)
    return { certainty: 'likely', because: [`${why}; the message leaves the directive out`], against: [] };
  const known = value === '2' && model !== null && holdsSince(model.version, '1.29.4') === 'yes';
  const against = known ? [`nginx ${model.version.value} knows it, but only with the HTTP/2 module`] : [];
  return { certainty: 'certain', because: [`${node.text}: ${why}`], against };
}

function weighAnswer(failure: Case): Weight | null {
  const { entry, peer, model } = failure;
  const answer = protocolInMessage(entry.message);
  const because: string[] = [];
  const against: string[] = [];
  if (answer && answer.protocol !== 'http' && answer.protocol !== 'html' && answer.protocol !== 'json')
    return null;
  if (answer) because.push(`the answer began with ${answer.words}, which is no HTTP/2 frame`);
  else if (/ error 13\b/.test(entry.message)) because.push('the backend itself asks for HTTP/1.1 (error 13)');
  const target = bestPlace(failure)?.proxied;
  const version = model && target?.handler === 'proxy' ? spokenVersion(model, target.block) : null;
  if (version?.node?.arg(0) === '2') because.push(`${version.node.text} sends HTTP/2`);
  else if (version?.node)
    against.push(`${version.node.text} in this file is not HTTP/2: nginx may run another`);
  if (peer?.scheme === 'http' && peer.port !== null && TLS_PORTS.has(peer.port))
    against.push(
      `port ${peer.port} usually speaks TLS: such a server may answer plain text with a 400 in HTTP/1`,
    );
  if (because.length === 0) return { certainty: 'possible', because, against };
  // Plain HTTP/2 that meets a TLS port gets HTTP/1 too.
  const sure = peer?.scheme === 'https' && because.length > 1 && against.length === 0;
  return { certainty: sure ? 'certain' : 'likely', because, against };
}

/** The line that sets the version: the one that nginx names, or the one in effect at the place. */
function versionLine(failure: Case): ConfigNode | null {
  const place = bestPlace(failure);
  if (place?.node.name === 'proxy_http_version') return place.node;
  const target = place?.proxied;
  return failure.model && target ? spokenVersion(failure.model, target.block).node : null;
}

function release(failure: Case): { run: string; where: string; expect: string }[] {
  return [
    {
      run: "nginx -V 2>&1 | grep -oE 'nginx/[0-9.]+|with-http_v2_module'",
      where: onNginx(failure),
      expect: 'nginx/1.29.4 or newer together with with-http_v2_module: then proxy_http_version 2 is known.',
    },
  ];
}

/** The version of HTTP that the port speaks, asked as nginx asks. */
function spoken(failure: Case): { run: string; where: string; expect: string }[] {
  const peer = failure.peer!;
  if (peer.socket !== null || peer.port === null) return [];
  const tls = peer.scheme === 'https' ? '-k --http2' : '--http2-prior-knowledge';
  const url = shellQuote(`${peer.scheme === 'https' ? 'https' : 'http'}://${peerAddress(peer)}/`);
  return [
    {
      run: `curl -g -sS -o /dev/null -w '%{http_version}\\n' --max-time 5 ${tls} ${url}`,
      where: onNginx(failure),
      expect: '2: the port speaks HTTP/2. 1.1, or an error about the frame or the protocol: HTTP/1 only.',
    },
  ];
}
