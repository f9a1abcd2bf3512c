import { PASS_DIRECTIVES } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { parseNginxUrl } from '../config/nginx-url.ts';
import type { Fix } from '../contract.ts';
import type { Case, Weight } from '../diagnosis/case.ts';
import { Editor } from '../diagnosis/editing.ts';
import { fixesOfRefusal, LOADS, testConfiguration, weighRefusal } from '../diagnosis/refused.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * A unix socket is written unix:/path, in proxy_pass behind http://, and there with a colon before a URI
 * (ngx_parse_unix_domain_url). Without "unix:" nginx takes the path for a host and refuses it; without the colon the
 * URI becomes part of the path, and connect() fails with errno 20 for each request, or with 2. Only proxy_pass knows
 * a URI: elsewhere a colon belongs to the path. Deliberately leaves alone: sockets that do not exist
 * (unix-socket-missing), which no file tells, and names without ".sock" that may be folders.
 */
export const unixSocketPathMalformed: FailureMode = {
  id: 'unix-socket-path-malformed',
  title: 'The path of the unix socket is written wrongly',
  what: 'The path of a unix socket lacks "unix:", or the colon between it and a URI, or is longer than the system allows.',
  why: 'Without "unix:" or http:// nginx refuses the whole configuration. Without the colon before a URI, nginx looks for a socket inside of a folder that is the socket: each request is answered with 502.',
  do: 'In proxy_pass write http://unix:/path/x.sock, and with a URI http://unix:/path/x.sock:/uri. Elsewhere, and in the server lines of an upstream block, write unix:/path/x.sock.',
  status: '502',
  versions: null,
  hits: 'every request to this socket, or the start as a whole',
  signatures: [
    { message: 'unix-socket-path-refused' },
    { message: 'invalid-url-prefix' },
    { message: 'invalid-host-in-upstream', when: (entry) => /"\/|\.sock/.test(entry.message) },
    { message: 'connect-failed', when: (entry) => entry.errno?.code === 20 || entry.errno?.code === 2 },
  ],
  detect: (model) => malformed(model),
  weigh: (failure) => weigh(failure),
  fix: (failure) => fixesOfRefusal(malformed, failure),
  remedy: {
    cure: () => 'write unix: before the path of the socket, and in proxy_pass a colon between it and a URI',
    mitigate: null,
    takesEffect: LOADS,
  },
  checks: testConfiguration,
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server',
  ],
};

function weigh(failure: Case): Weight | null {
  const socket = failure.peer?.socket;
  if (!failure.entry.errno) return weighRefusal(malformed, failure);
  if (!socket || !/\.sock[/:]/.test(socket)) return null;
  return {
    certainty: 'certain',
    because: [
      `${socket} goes on behind the name of a socket: the colon before the URI is missing, or is one too many`,
    ],
    against: [],
  };
}

/** An address in one directive, and what it should be. */
interface Malformed {
  readonly message: string;
  readonly refused: boolean;
  readonly meant: string | null;
}

function malformed(model: ConfigModel): Detection[] {
  return model.named(...PASS_DIRECTIVES, 'server').flatMap((node) => {
    const inHttp =
      node.context === 'location' || node.context === 'if-in-location' || node.context === 'limit_except';
    const address = node.name === 'server' ? node.context === 'upstream' : inHttp;
    const text = node.arg(0);
    const fault = address && text !== null && !text.includes('$') ? faultOf(node.name, text) : null;
    if (!fault) return [];
    return {
      node,
      severity: fault.refused ? 'error' : 'warning',
      certainty: fault.refused ? 'certain' : 'likely',
      message: fault.message,
      related: [],
      fixes: rewritten(model, node, fault.meant),
    };
  });
}

function faultOf(directive: string, text: string): Malformed | null {
  const proxy = directive === 'proxy_pass';
  // unix:///run/app.sock is no scheme, but a path that begins with slashes.
  const scheme = /^(?!unix:)[a-z]+:\/\//i.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length);
  const wanted = proxy ? scheme || 'http://' : scheme;
  if (rest.startsWith('/')) {
    return {
      message: `the path of a unix socket needs "unix:" before it in ${directive}`,
      refused: true,
      meant: `${wanted}unix:${withColon(rest, proxy)}`,
    };
  }
  if (!/^unix:/i.test(rest)) return null;
  if (proxy && scheme === '')
    return {
      message: 'proxy_pass needs http:// before unix:',
      refused: true,
      meant: `http://unix:${withColon(rest.slice(5), proxy)}`,
    };
  const url = parseNginxUrl(rest, { uriPart: proxy });
  if ('error' in url) return { message: `${url.error}: ${rest}`, refused: true, meant: null };
  const socket = url.socket!;
  if (proxy && /\.sock\//.test(socket))
    return {
      message: `the URI behind ${socket.slice(0, socket.indexOf('.sock/') + 5)} needs a colon before it: nginx takes it for a part of the path`,
      refused: false,
      meant: `${scheme}unix:${withColon(socket, true)}`,
    };
  if (!proxy && /\.sock:/.test(socket))
    return {
      message: `${directive} takes no URI behind a socket: ":" and what follows become a part of the path`,
      refused: false,
      meant: `${scheme}unix:${socket.replace(/\.sock:.*$/, '.sock')}`,
    };
  return null;
}

/** The path with a colon before a URI, where one may stand. */
function withColon(path: string, proxy: boolean): string {
  return proxy ? path.replace(/\.sock\/(.*)$/, '.sock:/$1') : path.replace(/\.sock[/:].*$/, '.sock');
}

function rewritten(model: ConfigModel, node: ConfigNode, meant: string | null): Fix[] {
  if (meant === null) return [];
  const fix = new Editor(model, 'review')
    .replaceWord(node, node.directive.args[0]!, meant)
    .fix(`write ${meant}`);
  return fix ? [fix] : [];
}
