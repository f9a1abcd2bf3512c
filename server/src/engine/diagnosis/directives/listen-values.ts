import { nearest } from '../../config/near-names.ts';
import { parseNginxUrl } from '../../config/nginx-url.ts';
import { isIpv4, parseNumber, parseSize, parseTime } from '../../config/nginx-values.ts';
import type { Word } from '../../syntax/directive.ts';
import { resolverParameter } from './core-values.ts';
import { type Call, type Fault, invalidParameter, since } from './value.ts';

/** Words of `listen` without a value (ngx_http_core_listen, ngx_stream_core_listen, ngx_mail_core_listen) */
const LISTEN_FLAGS: Readonly<Record<string, readonly string[]>> = {
  http: ['default_server', 'default', 'bind', 'deferred', 'reuseport', 'ssl', 'http2', 'proxy_protocol'],
  stream: ['bind', 'reuseport', 'ssl', 'proxy_protocol', 'udp', 'deferred'],
  mail: ['bind', 'ssl', 'proxy_protocol'],
};

/** ngx_http_core_listen; stream and mail have fewer parameters */
export function listen(call: Call): Fault | null {
  const { args, fact, sight } = call;
  const { family } = fact;
  const url = parseNginxUrl(args[0]!.value, { listen: true });
  if ('error' in url)
    return {
      says: `${url.error} in "${args[0]!.value}" of the "listen" directive`,
      word: args[0]!,
      do: 'Write a port, ADDRESS:PORT, [IPv6]:PORT or unix:PATH.',
    };
  if (family !== 'http' && url.family !== 'unix' && url.port === null)
    return {
      says: `no port in "${args[0]!.value}" of the "listen" directive`,
      word: args[0]!,
      do: 'Write ADDRESS:PORT.',
    };
  const flags = [...(LISTEN_FLAGS[family] ?? [])];
  if (family === 'http' && since(call, '1.25.0')) flags.push('quic');
  if (family === 'http' && since(call, '1.29.7')) flags.push('multipath');
  if (family === 'stream' && since(call, '1.25.5')) flags.push('default_server');
  for (const word of args.slice(1)) {
    const fault = flags.includes(word.value) ? null : listenParameter(word, flags, family);
    if (fault && !(sight.foreign && fault.says.startsWith('invalid parameter'))) return fault;
  }
  return family === 'http' ? quicFault(args) : null;
}

function listenParameter(word: Word, flags: readonly string[], family: string): Fault | null {
  const [, name = '', value = ''] = /^([a-z_0-9]+)=(.*)$/s.exec(word.value) ?? [];
  const bad = (says: string, expected: string): Fault => ({ says, word, do: expected });
  switch (name) {
    case 'backlog':
      return parseNumber(value) ? null : bad(`invalid backlog "${word.value}"`, 'Write backlog=N.');
    case 'rcvbuf':
    case 'sndbuf':
      return parseSize(value) === null ? bad(`invalid ${name} "${word.value}"`, `Write ${name}=SIZE.`) : null;
    case 'fastopen':
      if (family === 'mail') break;
      return parseNumber(value) === null
        ? bad(`invalid fastopen "${word.value}"`, 'Write fastopen=N.')
        : null;
    case 'ipv6only':
      if (!value.startsWith('o')) break;
      return value === 'on' || value === 'off'
        ? null
        : bad(`invalid ipv6only flags "${value}"`, 'Write ipv6only=on or ipv6only=off.');
    case 'so_keepalive':
      return keepaliveFits(value)
        ? null
        : bad(`invalid so_keepalive value: "${value}"`, 'Write on, off or IDLE:INTERVAL:COUNT.');
    // Of other systems than Linux: it depends on how nginx was built.
    case 'setfib':
    case 'accept_filter':
      return null;
  }
  return invalidParameter(word, `Write ${flags.join(', ')} or NAME=VALUE.`, nearest(word.value, flags));
}

function keepaliveFits(value: string): boolean {
  if (value === 'on' || value === 'off') return true;
  const [idle = '', interval = '', count = '', more] = value.split(':');
  if (more !== undefined) return false;
  const times = [idle, interval].map((text) => (text === '' ? 0 : parseTime(text, 'sec')));
  const probes = count === '' ? 0 : parseNumber(count);
  if (times.includes(null) || probes === null) return false;
  return times.some((time) => time !== 0) || probes !== 0;
}

/** Parameters that QUIC cannot have (the end of ngx_http_core_listen) */
function quicFault(args: readonly Word[]): Fault | null {
  if (!args.some(({ value }) => value === 'quic')) return null;
  for (const word of args.slice(1)) {
    const [, name] =
      /^(fastopen|backlog|accept_filter|deferred|multipath|ssl|http2|so_keepalive|proxy_protocol)(?:=|$)/.exec(
        word.value,
      ) ?? [];
    if (name)
      return {
        says: `"listen" directive "${name}" parameter is incompatible with "quic"`,
        word,
        do: 'Write a listen line of its own for QUIC.',
      };
  }
  return null;
}

/** Parameters first: nginx looks the addresses up as it reads them, and a name may not be known here. */
export function resolver(call: Call): Fault | null {
  const fault = resolverParameter(call);
  if (fault) return fault;
  const servers = call.args.filter(({ value }) => !/^(?:valid|ipv[46]|status_zone)=/.test(value));
  if (servers.length === 0 && !call.sight.foreign)
    return { says: 'no name servers defined', do: 'Write the address of a DNS server.' };
  for (const word of servers) {
    const url = parseNginxUrl(word.value);
    if ('error' in url)
      return {
        says: `${url.error} in resolver "${word.value}"`,
        word,
        do: 'Write the address of a DNS server.',
      };
  }
  return null;
}

/** An address that a request leaves by, where no variable stands (ngx_http_upstream_bind_set_slot) */
export function bindAddress({ args }: Call): Fault | null {
  const word = args[0]!;
  const { value } = word;
  if (args.length > 1 && args[1]!.value !== 'transparent')
    return invalidParameter(args[1]!, 'Write transparent.');
  if (value.includes('$') || (value === 'off' && args.length === 1)) return null;
  const url = parseNginxUrl(value);
  const fits =
    !('error' in url) && url.host !== null && (isIpv4(url.host) || url.family === 'inet6') && value !== '';
  if (fits || /^[0-9a-f:]+$/i.test(value)) return null;
  return { says: `invalid address "${value}"`, word, do: 'Write an address of this machine, or off.' };
}
