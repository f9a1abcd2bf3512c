import { nearest } from '../../config/near-names.ts';
import { parseNginxUrl } from '../../config/nginx-url.ts';
import { isIpv4, parseNumber, parseOffset, parseSize, parseTime } from '../../config/nginx-values.ts';
import type { Word } from '../../syntax/directive.ts';
import { accessRule, cacheOfFiles, oneOf, resolverParameter } from './core-values.ts';
import { timeFault } from './kinds.ts';
import { regexFault } from './regex.ts';
import {
  type Call,
  type Fault,
  invalidParameter,
  invalidValue,
  type PlacedCall,
  type PlacedCheck,
  since,
  type ValueCheck,
} from './value.ts';

/** Setters of the http modules that have code of their own, apart from those about upstreams, zones and rewriting. */
export const HTTP_VALUES: Readonly<Record<string, ValueCheck>> = {
  add_header: oneOf(2, ['always'], true),
  add_trailer: oneOf(2, ['always'], true),
  aio: ({ args, node }) =>
    /^(?:on|off|sendfile|threads(?:=.*)?)$/.test(args[0]!.value)
      ? null
      : {
          says: `"${node.name}" directive invalid value`,
          word: args[0]!,
          do: 'Write off or threads.',
          meant: nearest(args[0]!.value, ['threads']),
        },
  allow: accessRule,
  auth_request_set: ({ args }) => variableName(args[0]!),
  connection_pool_size: poolSize,
  deny: accessRule,
  directio: ({ args, node }) =>
    args[0]!.value !== 'off' && parseOffset(args[0]!.value) === null
      ? { says: `"${node.name}" directive invalid value`, word: args[0]!, do: 'Write a size or off.' }
      : null,
  disable_symlinks: disableSymlinks,
  error_page: errorPage,
  expires,
  gzip_disable: ({ args }) => firstBadPattern(args.filter(({ value }) => value !== 'msie6')),
  gzip_hash: powerOfTwo(128),
  gzip_window: powerOfTwo(32),
  keepalive_timeout: ({ args, node }) =>
    timeFault(node.name, args[0]!, 'msec') ?? (args[1] ? timeFault(node.name, args[1], 'sec') : null),
  limit_except: limitExcept,
  listen,
  modern_browser: modernBrowser,
  open_file_cache: cacheOfFiles([]),
  open_log_file_cache: cacheOfFiles(['valid', 'min_uses']),
  request_pool_size: poolSize,
  resolver: firstResolver,
  server_name: serverName,
  try_files: tryFiles,
  userid_expires: ({ args, node }) =>
    /^(?:max|off)$/.test(args[0]!.value) ? null : timeFault(node.name, args[0]!, 'sec'),
  userid_mark: useridMark,
  valid_referers: validReferers,
};

/** Those that look at the block around them. */
export const HTTP_PLACED: Readonly<Record<string, PlacedCheck>> = {
  alias: rootPath,
  location,
  root: rootPath,
};

/** A name that a directive defines (ngx_http_add_variable and its callers) */
export function variableName(word: Word): Fault | null {
  if (word.value.startsWith('$') && word.value.length > 1) return null;
  const says = `invalid variable name "${word.value}"`;
  const meant = /^\w+$/.test(word.value) ? `$${word.value}` : null;
  return { says, word, do: 'Write the variable with "$" before its name.', meant };
}

/** What PCRE says of a pattern, as nginx passes it on (ngx_regex_compile) */
export function patternFault(word: Word, pattern: string): Fault | null {
  const fault = regexFault(pattern);
  if (fault === null) return null;
  return {
    says: `pcre2_compile() failed: ${fault} in "${pattern}"`,
    word,
    do: 'Correct the regular expression; a special character that is meant literally needs a backslash.',
  };
}

function firstBadPattern(words: readonly Word[]): Fault | null {
  for (const word of words) {
    const fault = patternFault(word, word.value);
    if (fault) return fault;
  }
  return null;
}

/** ngx_http_core_root */
function rootPath({ args, node }: PlacedCall): Fault | null {
  const word = args[0]!;
  if (node.name === 'alias' && node.parent?.name === 'location' && node.parent.arg(0)?.startsWith('@'))
    return {
      says: 'the "alias" directive cannot be used inside the named location',
      do: 'Write root.',
    };
  const [, own] = /\$\{?(document_root|realpath_root)\b/.exec(word.value) ?? [];
  if (!own) return null;
  return {
    says: `the $${own} variable cannot be used in the "${node.name}" directive`,
    word,
    do: 'Write the path itself, or another variable.',
  };
}

/** NGX_MIN_POOL_SIZE on machines with 64 bits */
const LEAST_POOL = 112;

/** ngx_http_core_pool_size */
function poolSize({ args, node }: Call): Fault | null {
  const size = parseSize(args[0]!.value);
  if (size === null) return null;
  const says =
    size < LEAST_POOL
      ? `the pool size must be no less than ${LEAST_POOL}`
      : size % 16
        ? 'the pool size must be a multiple of 16'
        : '';
  return says ? { says: `"${node.name}": ${says}`, word: args[0]!, do: 'Leave the directive out.' } : null;
}

/** ngx_http_gzip_window, ngx_http_gzip_hash: 512 and its doubles up to a limit in KiB */
function powerOfTwo(limit: number): ValueCheck {
  const sizes = [512];
  while (sizes.at(-1)! < limit * 1024) sizes.push(sizes.at(-1)! * 2);
  return ({ args, node }) => {
    const size = parseSize(args[0]!.value);
    if (size === null || sizes.includes(size)) return null;
    const words = sizes.map((one) => (one < 1024 ? String(one) : `${one / 1024}k`));
    return {
      says: `"${node.name}" directive must be ${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`,
      word: args[0]!,
      do: 'Leave the directive out, or write one of these.',
    };
  };
}

/** ngx_http_core_error_page */
function errorPage({ args }: Call): Fault | null {
  const overwrite = args.at(-2)!;
  const hasOverwrite = overwrite.value.startsWith('=');
  if (hasOverwrite) {
    const code = overwrite.value.slice(1);
    if (args.length === 2 || (code !== '' && parseNumber(code) === null))
      return invalidValue(overwrite, 'Write the codes, then = or =CODE, then the page.');
  }
  for (const word of args.slice(0, hasOverwrite ? -2 : -1)) {
    const code = parseNumber(word.value);
    if (code === null || code === 499)
      return invalidValue(word, 'Write codes from 300 to 599 before the page.');
    if (code < 300 || code > 599)
      return {
        says: `value "${word.value}" must be between 300 and 599`,
        word,
        do: 'Write a code from 300 to 599.',
      };
  }
  return null;
}

/** ngx_http_headers_expires and ngx_http_parse_expires */
function expires({ args, node }: Call): Fault | null {
  const modified = args.length === 2;
  const says = `"${node.name}" directive invalid value`;
  if (modified && args[0]!.value !== 'modified')
    return { says, word: args[0]!, do: 'Write modified or nothing.' };
  const word = args.at(-1)!;
  const { value } = word;
  if (value.includes('$') || (!modified && /^(?:epoch|max|off)$/.test(value))) return null;
  const daily = value.startsWith('@');
  if (daily && modified)
    return {
      says: `"${node.name}" directive daily time cannot be used with "modified" parameter`,
      word,
      do: 'Leave modified out.',
    };
  const time = parseTime(value.replace(/^[@+-]/, ''), 'sec');
  if (time === null) return { says, word, do: 'Write a time, @TIME, epoch, max or off.' };
  if (!daily || time <= 86_400) return null;
  return {
    says: `"${node.name}" directive daily time value must be less than 24 hours`,
    word,
    do: 'Write a time of the day, such as @15h30m.',
  };
}

/** ngx_http_disable_symlinks */
function disableSymlinks({ args, node }: Call): Fault | null {
  const word = args.find(({ value }) => !/^(?:off|on|if_not_owner|from=.*)$/.test(value));
  if (word) return invalidParameter(word, 'Write on, off or if_not_owner, and from=PATH.');
  const modes = args.filter(({ value }) => !value.startsWith('from='));
  if (modes.length === 0)
    return {
      says: `"${node.name}" must have "off", "on" or "if_not_owner" parameter`,
      do: 'Write on or if_not_owner too.',
    };
  if (args.length === 1) return null;
  if (modes.length === 2)
    return {
      says: `duplicate parameters "${args[0]!.value} ${args[1]!.value}"`,
      word: args[1]!,
      do: 'Leave one of them.',
    };
  return modes[0]!.value === 'off'
    ? { says: '"from=" cannot be used with "off" parameter', do: 'Leave from= out.' }
    : null;
}

const METHODS = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'MKCOL', 'COPY', 'MOVE', 'OPTIONS', 'PROPFIND', 'PROPPATCH'],
  ...['LOCK', 'UNLOCK', 'PATCH'],
];

/** ngx_http_core_limit_except and ngx_http_core_lookup_method: compared without case */
function limitExcept({ args }: Call): Fault | null {
  const word = args.find(({ value }) => !METHODS.includes(value.toUpperCase()));
  if (!word) return null;
  return {
    says: `invalid method "${word.value}"`,
    word,
    do: `Write one of ${METHODS.join(', ')}.`,
    meant: nearest(word.value, METHODS),
  };
}

/** Words of `listen` without a value (ngx_http_core_listen, ngx_stream_core_listen, ngx_mail_core_listen) */
const LISTEN_FLAGS: Readonly<Record<string, readonly string[]>> = {
  http: ['default_server', 'default', 'bind', 'deferred', 'reuseport', 'ssl', 'http2', 'proxy_protocol'],
  stream: ['bind', 'reuseport', 'ssl', 'proxy_protocol', 'udp', 'deferred'],
  mail: ['bind', 'ssl', 'proxy_protocol'],
};

/** ngx_http_core_listen; stream and mail have fewer parameters */
function listen(call: Call): Fault | null {
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

/** How a location is written: modifier and name, apart or together (ngx_http_core_location). */
export interface LocationHead {
  readonly modifier: '' | '=' | '^~' | '~' | '~*' | '@';
  readonly name: string;
}

/** Null when the modifier is none. */
export function locationHead(args: readonly string[]): LocationHead | null {
  const [first = '', second] = args;
  if (second !== undefined) {
    const modifier = (['=', '^~', '~', '~*'] as const).find((known) => known === first);
    return modifier ? { modifier, name: second } : null;
  }
  if (first.startsWith('=')) return { modifier: '=', name: first.slice(1) };
  if (first.startsWith('^~')) return { modifier: '^~', name: first.slice(2) };
  if (first.startsWith('~*')) return { modifier: '~*', name: first.slice(2) };
  if (first.startsWith('~')) return { modifier: '~', name: first.slice(1) };
  return { modifier: first.startsWith('@') ? '@' : '', name: first };
}

/** ngx_http_core_location */
function location({ args, node }: PlacedCall): Fault | null {
  const head = locationHead(node.args);
  if (!head)
    return {
      says: `invalid location modifier "${args[0]!.value}"`,
      word: args[0]!,
      do: 'Write =, ^~, ~ or ~* before the name, or nothing.',
    };
  const regex = head.modifier === '~' || head.modifier === '~*';
  if (regex) {
    const fault = patternFault(args.at(-1)!, head.name);
    if (fault) return fault;
  }
  const outer = node.parent?.name === 'location' ? locationHead(node.parent.args) : null;
  if (node.context !== 'location' || !outer) return null;
  const words = (text: string): Fault => ({ says: text, do: 'Move the location to the server level.' });
  if (outer.modifier === '=')
    return words(`location "${head.name}" cannot be inside the exact location "${outer.name}"`);
  if (outer.modifier === '@')
    return words(`location "${head.name}" cannot be inside the named location "${outer.name}"`);
  if (head.modifier === '@') return words(`named location "${head.name}" can be on the server level only`);
  // ngx_filename_cmp compares with case, but on macOS and Windows.
  return !regex && !head.name.toLowerCase().startsWith(outer.name.toLowerCase())
    ? words(`location "${head.name}" is outside location "${outer.name}"`)
    : null;
}

/** Parameters first: nginx looks the addresses up as it reads them, and a name may not be known here. */
function firstResolver(call: Call): Fault | null {
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

/** Whether ngx_hash_add_key takes a name with wildcards (src/core/ngx_hash.c) */
export function wildcardFits(name: string): boolean {
  const stars = name.split('*').length - 1;
  if (stars > 1 || name.includes('..')) return false;
  if (stars === 0) return true;
  return name.length > 2 && (name.startsWith('*.') || name.endsWith('.*') || name.startsWith('.'));
}

/** ngx_http_core_server_name and ngx_http_server_names */
function serverName({ args }: Call): Fault | null {
  for (const word of args) {
    const { value } = word;
    if (value.startsWith('~')) {
      if (value.length === 1)
        return { says: `empty regex in server name "${value}"`, word, do: 'Write the pattern behind "~".' };
      const fault = patternFault(word, value.slice(1));
      if (fault) return fault;
      continue;
    }
    const bad =
      (value.startsWith('*') && (value.length < 3 || value[1] !== '.')) ||
      (value.startsWith('.') && value.length < 2);
    if (bad)
      return {
        says: `server name "${value}" is invalid`,
        word,
        do: 'Write *.NAME, .NAME, NAME.* or a regular expression behind "~"; "_" for any name.',
      };
    if (!wildcardFits(value))
      return {
        // Servers that have their address to themselves are not asked for their names (ngx_http_server_names).
        says: `invalid server name or wildcard "${value}", refused when servers share an address`,
        word,
        do: 'Write one * only, as the first or the last label.',
        severity: 'info',
      };
  }
  return null;
}

/** ngx_http_try_files: the last word may be a code */
function tryFiles({ args }: Call): Fault | null {
  const word = args.at(-1)!;
  const code = word.value.startsWith('=') ? parseNumber(word.value.slice(1)) : 0;
  return code === null || code > 999
    ? { says: `invalid code "${word.value.slice(1)}"`, word, do: 'Write =CODE with a status code.' }
    : null;
}

/** ngx_http_valid_referers */
function validReferers({ args }: Call): Fault | null {
  for (const word of args) {
    const { value } = word;
    if (value === '') return { says: `invalid referer "${value}"`, word, do: 'Write a name, or none.' };
    const fault = value.startsWith('~') ? patternFault(word, value.slice(1)) : null;
    if (fault) return fault;
    if (!value.startsWith('~') && !wildcardFits(value.split('/')[0]!))
      return {
        says: `invalid hostname or wildcard "${value}"`,
        word,
        do: 'Write one * only, as the first or the last label.',
      };
  }
  return null;
}

const BROWSERS = ['msie', 'gecko', 'opera', 'safari', 'konqueror'];

/** ngx_http_modern_browser, which says nothing when it refuses a single word */
function modernBrowser({ args }: Call): Fault | null {
  const [name, version] = args;
  if (!version)
    return name!.value === 'unlisted'
      ? null
      : {
          says: 'the configuration is refused without a word',
          word: name!,
          do: 'Write NAME VERSION or unlisted.',
        };
  if (!BROWSERS.includes(name!.value.toLowerCase()))
    return {
      says: `unknown browser name "${name!.value}"`,
      word: name!,
      do: `Write one of ${BROWSERS.join(', ')}.`,
      meant: nearest(name!.value, BROWSERS),
    };
  return /^[\d.]*$/.test(version.value)
    ? null
    : {
        says: `invalid browser version "${version.value}"`,
        word: version,
        do: 'Write a number such as 5.5.',
      };
}

/** ngx_http_userid_mark */
function useridMark({ args, node }: Call): Fault | null {
  if (/^(?:off|[\w=])$/.test(args[0]!.value) && args[0]!.value !== '_') return null;
  return {
    says: `"${node.name}" directive value must be "off" or a single letter, digit or "="`,
    word: args[0]!,
    do: 'Write off or one letter.',
  };
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
