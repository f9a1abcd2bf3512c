import { nearest } from '../../config/near-names.ts';
import { type NginxUrl, parseNginxUrl } from '../../config/nginx-url.ts';
import { isIpv4, parseNumber, parseSize, parseTime } from '../../config/nginx-values.ts';
import type { Word } from '../../syntax/directive.ts';
import { oneOf } from './core-values.ts';
import { bindAddress } from './listen-values.ts';
import {
  type Call,
  type Fault,
  invalidParameter,
  type PlacedCall,
  type PlacedCheck,
  since,
  type ValueCheck,
} from './value.ts';

/** Setters about upstreams and what is passed to them. */
export const UPSTREAM_VALUES: Readonly<Record<string, ValueCheck>> = {
  fastcgi_bind: bindAddress,
  fastcgi_param: oneOf(2, ['if_not_empty'], true),
  fastcgi_pass: (call) => passAddress(call, call.args[0]!.value),
  grpc_bind: bindAddress,
  grpc_pass: (call) => passAddress(call, withoutScheme(call.args[0]!.value, ['grpc', 'grpcs'])),
  hash: ({ args }) => (args[1] && args[1].value !== 'consistent' ? consistent(args[1]) : null),
  keepalive,
  memcached_bind: bindAddress,
  memcached_pass: (call) => passAddress(call, call.args[0]!.value),
  proxy_bind: bindAddress,
  proxy_pass: proxyPass,
  random,
  scgi_bind: bindAddress,
  scgi_param: oneOf(2, ['if_not_empty'], true),
  scgi_pass: (call) => passAddress(call, call.args[0]!.value),
  uwsgi_bind: bindAddress,
  uwsgi_param: oneOf(2, ['if_not_empty'], true),
  uwsgi_pass: (call) => passAddress(call, withoutScheme(call.args[0]!.value, ['uwsgi', 'suwsgi'])),
  zone: upstreamZone,
};

function consistent(word: Word): Fault {
  return invalidParameter(word, 'Write consistent or nothing.', nearest(word.value, ['consistent']));
}

/** Those that look at the group around them or at the servers in it. */
export const UPSTREAM_PLACED: Readonly<Record<string, PlacedCheck>> = {
  server: upstreamServer,
  upstream: emptyUpstream,
};

function withoutScheme(text: string, schemes: readonly string[]): string {
  const scheme = schemes.find((known) => text.toLowerCase().startsWith(`${known}://`));
  return scheme ? text.slice(scheme.length + 3) : text;
}

const HOST_PORT = 'Write a name of an upstream block, HOST:PORT or unix:PATH.';

/** ngx_http_upstream_add, which ends in ngx_parse_url */
function passAddress({ args }: Call, address: string, uriPart = false): Fault | null {
  const word = args[0]!;
  if (word.value.includes('$')) return null;
  const url = parseNginxUrl(address, { uriPart });
  return 'error' in url ? { says: `${url.error} in upstream "${address}"`, word, do: HOST_PORT } : null;
}

/** ngx_http_proxy_pass; in stream, ngx_stream_proxy_pass, which takes no scheme and demands a port */
function proxyPass(call: Call): Fault | null {
  const word = call.args[0]!;
  const { value } = word;
  if (value.includes('$')) return null;
  if (call.fact.family === 'stream') return passAddress(call, value);
  const [scheme] = /^https?:\/\//i.exec(value) ?? [];
  if (!scheme)
    return { says: 'invalid URL prefix', word, do: 'Write http:// or https:// before the address.' };
  return passAddress(call, value.slice(scheme.length), true);
}

/** Parameters of `server` that only the commercial nginx knows. */
const COMMERCIAL = /^(?:slow_start=|route=|service=|resolve$|drain$)/;

/** ngx_http_upstream_server, ngx_stream_upstream_server */
function upstreamServer(call: PlacedCall): Fault | null {
  const { node, args, fact } = call;
  if (node.isBlock) return null;
  for (const word of args.slice(1)) {
    const fault = serverParameter(call, word);
    if (fault) return fault;
  }
  const address = args[0]!;
  const url = parseNginxUrl(address.value);
  if ('error' in url)
    return {
      says: `${url.error} in upstream "${address.value}"`,
      word: address,
      do: 'Write HOST:PORT or unix:PATH.',
    };
  const fault = args.slice(1).some(({ value }) => value === 'resolve') ? runTimeNames(call, url) : null;
  if (fault) return fault;
  const looksUpPort = args.some(({ value }) => value.startsWith('service='));
  return fact.family === 'stream' && url.family !== 'unix' && url.port === null && !looksUpPort
    ? { says: `no port in upstream "${address.value}"`, word: address, do: 'Write HOST:PORT.' }
    : null;
}

/** What `resolve` needs, which nginx says at the end (ngx_http_upstream_init_round_robin) */
function runTimeNames({ node, args }: PlacedCall, { host }: NginxUrl): Fault | null {
  const group = node.parent;
  if (!group?.parent || host === null || isIpv4(host) || host.startsWith('[')) return null;
  const levels = [group, group.parent];
  if (levels.some((level) => level.all('include').length > 0)) return null;
  const word = args.find(({ value }) => value === 'resolve')!;
  if (group.all('zone').length === 0)
    return {
      says: `resolving names at run time requires upstream "${group.arg(0)}" to be in shared memory`,
      word,
      do: `Write zone ${group.arg(0)} 64k; in the upstream block.`,
    };
  return levels.some((level) => level.all('resolver').length > 0)
    ? null
    : {
        says: `no resolver defined to resolve names at run time in upstream "${group.arg(0)}"`,
        word,
        do: 'Set resolver in the upstream block or in http.',
      };
}

function serverParameter(call: PlacedCall, word: Word): Fault | null {
  const { value: text } = word;
  const { node, sight } = call;
  const [, name = '', value = ''] = /^(weight|max_conns|max_fails|fail_timeout)=(.*)$/s.exec(text) ?? [];
  if (name) {
    const number = name === 'fail_timeout' ? parseTime(value, 'sec') : parseNumber(value);
    return number === null || (name === 'weight' && number === 0)
      ? invalidParameter(
          word,
          name === 'fail_timeout' ? 'Write a time in seconds or minutes.' : `Write ${name}=N.`,
        )
      : null;
  }
  if (text === 'down') return null;
  if (text === 'backup') {
    const method = balancerBefore(call);
    return method
      ? {
          says: `balancing method does not support parameter "${text}"`,
          word,
          do: `Remove it: with ${method} there are no backup servers.`,
        }
      : null;
  }
  const open =
    (/^(?:resolve$|service=)/.test(text) && since(call, '1.27.3')) ||
    (/^(?:drain$|route=)/.test(text) && since(call, '1.29.6'));
  if (open) return null;
  if (COMMERCIAL.test(text))
    return {
      ...invalidParameter(word, 'Remove it where open-source nginx runs, or use a release that has it.'),
      ...(!since(call, '1.27.3') && /^(?:resolve$|service=)/.test(text) ? {} : { severity: 'info' as const }),
    };
  if (sight.foreign || sight.modules) return null;
  const known = ['backup', 'down', 'weight=', 'max_conns=', 'max_fails=', 'fail_timeout='];
  return invalidParameter(
    word,
    `Write ${known.join(', ')} or nothing behind ${node.arg(0)}.`,
    nearest(text, known.slice(0, 2)),
  );
}

/** The balancing method without backup servers that is in force at a server line: the last one above it. */
function balancerBefore({ node }: PlacedCall): string | null {
  let method: string | null = null;
  for (const child of node.parent?.children ?? []) {
    const { name } = child;
    if (child === node) break;
    if (name === 'ip_hash' || name === 'hash' || name === 'random') method = name;
    else if (name === 'least_conn' || name === 'least_time') method = null;
  }
  return method;
}

/** The end of ngx_http_upstream, and ngx_http_upstream_init_round_robin */
function emptyUpstream({ node, sight }: PlacedCall): Fault | null {
  if (!node.directive.block || sight.foreign || sight.modules) return null;
  const others = node.children.some(
    ({ name }) => name === 'include' || name === 'state' || name === 'server',
  );
  if (!others) return { says: 'no servers are inside upstream', do: 'Write a server line in the block.' };
  const servers = node.all('server');
  const hidden = node.children.some(({ name }) => name === 'include' || name === 'state');
  if (hidden || servers.length === 0 || !servers.every(({ args }) => args.includes('backup'))) return null;
  return {
    says: `no servers in upstream "${node.arg(0)}"`,
    do: 'Leave one server without backup: a backup is asked only when another server fails.',
  };
}

/** ngx_http_upstream_keepalive */
function keepalive(call: Call): Fault | null {
  const [count, local] = call.args;
  const connections = parseNumber(count!.value);
  const zeroAllowed = since(call, '1.29.7');
  if (connections === null || (connections === 0 && !zeroAllowed))
    return {
      says: `invalid value "${count!.value}" in "keepalive" directive`,
      word: count!,
      do: 'Write the number of idle connections that each worker keeps.',
    };
  return local && local.value !== 'local' ? invalidParameter(local, 'Write local or nothing.') : null;
}

/** ngx_http_upstream_random */
function random({ args }: Call): Fault | null {
  const [two, method] = args;
  if (two && two.value !== 'two') return invalidParameter(two, 'Write two or nothing.');
  if (!method || method.value === 'least_conn' || method.value === 'least_time') return null;
  return method.value.startsWith('least_time=')
    ? null
    : invalidParameter(method, 'Write least_conn.', nearest(method.value, ['least_conn']));
}

/** ngx_http_upstream_zone: eight pages at least */
function upstreamZone({ args }: Call): Fault | null {
  const [name, size] = args;
  if (name!.value === '') return { says: `invalid zone name ""`, word: name!, do: 'Write a name.' };
  if (!size) return null;
  const bytes = parseSize(size.value);
  if (bytes === null)
    return { says: `invalid zone size "${size.value}"`, word: size, do: 'Write a size such as 64k.' };
  return bytes < 8 * 4096
    ? { says: `zone "${name!.value}" is too small`, word: size, do: 'Write 32k or more, better 64k.' }
    : null;
}
