import { nearest } from '../../config/near-names.ts';
import { parseNumber, parseOffset, parseSize, parseTime } from '../../config/nginx-values.ts';
import type { Word } from '../../syntax/directive.ts';
import { type Call, type Fault, invalidParameter, type ValueCheck } from './value.ts';

const CACHES = ['proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** Setters about shared memory zones, caches and logs. */
export const ZONE_VALUES: Readonly<Record<string, ValueCheck>> = {
  access_log: accessLog,
  limit_conn: limitConn,
  limit_conn_zone: limitZone,
  limit_req: limitReq,
  limit_req_zone: limitZone,
  log_format: ({ args }) => {
    const [, word] = args;
    const [, how] = /^escape=(.*)$/s.exec(word!.value) ?? [];
    if (how === undefined || /^(?:json|none|default)$/.test(how)) return null;
    return {
      says: `unknown log format escaping "${how}"`,
      word: word!,
      do: 'Write escape=default, escape=json or escape=none.',
    };
  },
  ssl_session_cache: sessionCache,
  ...Object.fromEntries(
    CACHES.flatMap((name) => [
      [`${name}_cache_path`, cachePath],
      [`${name}_cache_valid`, cacheValid],
    ]),
  ),
};

/** Eight pages of memory, which a zone must have at least (ngx_pagesize is 4096 or more) */
const LEAST_ZONE = 8 * 4096;

/** `NAME:SIZE` of a zone; the whole word is repeated in what nginx says. */
function zoneSize(word: Word, text: string, what: string, least: number): Fault | null {
  const colon = text.indexOf(':');
  const size = colon < 0 ? null : parseSize(text.slice(colon + 1));
  if (size === null)
    return {
      says: `invalid ${what}zone size "${word.value}"`,
      word,
      do: 'Write NAME:SIZE, such as one:10m.',
    };
  if (size >= least) return null;
  return { says: `${what}zone "${word.value}" is too small`, word, do: 'Write a size such as 10m.' };
}

/** ngx_http_limit_req_zone, ngx_http_limit_conn_zone */
function limitZone({ args, node, sight }: Call): Fault | null {
  let named = false;
  for (const word of args.slice(1)) {
    const [, key, value = ''] = /^(zone|rate)=(.*)$/s.exec(word.value) ?? [];
    if (key === 'zone') {
      const fault = zoneSize(word, value, '', LEAST_ZONE);
      if (fault) return fault;
      named ||= !value.startsWith(':');
    } else if (key === 'rate' && node.name === 'limit_req_zone') {
      if (!parseNumber(value.replace(/r\/[sm]$/, '')))
        return { says: `invalid rate "${word.value}"`, word, do: 'Write rate=Nr/s or rate=Nr/m.' };
    } else if (!(word.value === 'sync' && sight.foreign))
      return invalidParameter(word, 'Write zone=NAME:SIZE and, for limit_req_zone, rate=Nr/s.');
  }
  return named ? null : mustHaveZone(node.name);
}

function mustHaveZone(name: string): Fault {
  return {
    says: `"${name}" must have "zone" parameter`,
    do: 'Write zone=NAME, with :SIZE where it is defined.',
  };
}

/** ngx_http_limit_req */
function limitReq({ args, node }: Call): Fault | null {
  let zone = false;
  for (const word of args) {
    const [, key, value = ''] = /^(zone|burst|delay)=(.*)$/s.exec(word.value) ?? [];
    if (key === 'zone') zone = true;
    else if (key) {
      if (!parseNumber(value))
        return { says: `invalid ${key} value "${word.value}"`, word, do: `Write ${key}=N.` };
    } else if (word.value !== 'nodelay')
      return invalidParameter(
        word,
        'Write zone=NAME, burst=N, delay=N or nodelay.',
        nearest(word.value, ['nodelay']),
      );
  }
  return zone ? null : mustHaveZone(node.name);
}

/** ngx_http_limit_conn */
function limitConn({ args }: Call): Fault | null {
  const word = args[1]!;
  const number = parseNumber(word.value);
  if (!number) return { says: `invalid number of connections "${word.value}"`, word, do: 'Write a number.' };
  return number > 65535 ? { says: 'connection limit must be less 65536', word, do: 'Write less.' } : null;
}

/** ngx_http_file_cache_set_slot */
function cachePath({ args, node, sight }: Call): Fault | null {
  let zone = false;
  for (const word of args.slice(1)) {
    const [, key = '', value = ''] = /^([a-z_]+)=(.*)$/s.exec(word.value) ?? [];
    const bad = (says: string, expected: string): Fault => ({
      says: `${says} "${word.value}"`,
      word,
      do: expected,
    });
    switch (key) {
      case 'levels':
        if (!/^(?:[12](?::[12]){0,2})?$/.test(value))
          return bad('invalid "levels"', 'Write levels=1:2 or the like.');
        continue;
      case 'use_temp_path':
        if (value !== 'on' && value !== 'off')
          return {
            says: `invalid use_temp_path value "${word.value}", it must be "on" or "off"`,
            word,
            do: 'Write use_temp_path=on or use_temp_path=off.',
          };
        continue;
      case 'keys_zone': {
        const fault = zoneSize(word, value, 'keys ', 2 * 4096);
        if (fault) return fault;
        zone ||= !value.startsWith(':');
        continue;
      }
      case 'inactive':
        if (parseTime(value, 'sec') === null) return bad(`invalid ${key} value`, 'Write a time such as 60m.');
        continue;
      case 'max_size':
      case 'min_free':
        if (parseOffset(value) === null) return bad(`invalid ${key} value`, 'Write a size such as 10g.');
        continue;
      case 'loader_files':
      case 'manager_files':
        if (parseNumber(value) === null) return bad(`invalid ${key} value`, 'Write a number.');
        continue;
      case 'loader_sleep':
      case 'manager_sleep':
      case 'loader_threshold':
      case 'manager_threshold':
        if (parseTime(value, 'msec') === null)
          return bad(`invalid ${key} value`, 'Write a time such as 50ms.');
        continue;
    }
    if (key.startsWith('purger') || sight.foreign) continue;
    return invalidParameter(word, 'Write keys_zone=NAME:SIZE, levels=, inactive=, max_size= and the like.');
  }
  return zone
    ? null
    : { says: `"${node.name}" must have "keys_zone" parameter`, do: 'Write keys_zone=NAME:SIZE.' };
}

/** ngx_http_file_cache_valid_set_slot */
function cacheValid({ args }: Call): Fault | null {
  const time = args.at(-1)!;
  if (parseTime(time.value, 'sec') === null)
    return { says: `invalid time value "${time.value}"`, word: time, do: 'Write codes or any, then a time.' };
  for (const word of args.slice(0, -1)) {
    const status = parseNumber(word.value) ?? 0;
    if (word.value !== 'any' && (status < 100 || status > 599))
      return { says: `invalid status "${word.value}"`, word, do: 'Write a status code or any.' };
  }
  return null;
}

/** ngx_http_log_set_log; stream's twin takes the same */
function accessLog({ args }: Call): Fault | null {
  const [target, , ...rest] = args;
  if (target!.value === 'off') return args[1] ? invalidParameter(args[1], 'Leave off alone.') : null;
  let buffered = false;
  let flush = false;
  for (const word of rest) {
    const [, key = '', value = ''] = /^(buffer|flush|gzip|if)=(.*)$/s.exec(word.value) ?? [];
    const bad = (says: string, expected: string): Fault => ({
      says: `${says} "${value}"`,
      word,
      do: expected,
    });
    if (key === 'buffer') {
      if (!parseSize(value)) return bad('invalid buffer size', 'Write buffer=SIZE.');
      buffered = true;
    } else if (key === 'flush') {
      if (!parseTime(value, 'msec')) return bad('invalid flush time', 'Write flush=TIME.');
      flush = true;
    } else if (key === 'gzip' || word.value === 'gzip') {
      const level = key ? parseNumber(value) : 1;
      if (!level || level > 9) return bad('invalid compression level', 'Write gzip=1 to gzip=9.');
      buffered = true;
    } else if (key !== 'if')
      return invalidParameter(word, 'Write buffer=SIZE, flush=TIME, gzip or if=CONDITION.');
  }
  if (flush && !buffered)
    return { says: `no buffer is defined for access_log "${target!.value}"`, do: 'Write buffer=SIZE too.' };
  if (!buffered) return null;
  if (target!.value.startsWith('syslog:'))
    return { says: 'logs to syslog cannot be buffered', do: 'Leave buffer= and gzip out.' };
  return target!.value.includes('$')
    ? {
        says: 'buffered logs cannot have variables in name',
        do: 'Leave buffer= and gzip out, or the variable.',
      }
    : null;
}

/** ngx_http_ssl_session_cache; stream and mail have the same */
function sessionCache({ args }: Call): Fault | null {
  for (const word of args) {
    const { value } = word;
    if (value === 'off' || value === 'none' || value === 'builtin') continue;
    const bad: Fault = {
      says: `invalid session cache "${value}"`,
      word,
      do: 'Write shared:NAME:SIZE, builtin, none or off.',
    };
    const [, builtin] = /^builtin:(.*)$/.exec(value) ?? [];
    if (builtin !== undefined) {
      if (parseNumber(builtin) === null) return bad;
      continue;
    }
    const [, name, size = ''] = /^shared:([^:]+):(.*)$/.exec(value) ?? [];
    const bytes = name ? parseSize(size) : null;
    if (bytes === null) return bad;
    if (bytes < LEAST_ZONE)
      return { says: `session cache "${value}" is too small`, word, do: 'Write a size such as 10m.' };
  }
  return null;
}
