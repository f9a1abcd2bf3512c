import { nearest } from '../../config/near-names.ts';
import { parseNumber, parseOffset, parseSize, parseTime } from '../../config/nginx-values.ts';
import type { Word } from '../../syntax/directive.ts';
import { accessRule, cacheOfFiles, oneOf } from './core-values.ts';
import { timeFault } from './kinds.ts';
import { listen, resolver } from './listen-values.ts';
import { location, serverName } from './server-values.ts';
import { patternFault, variableName, wildcardFits } from './shared-values.ts';
import {
  type Call,
  type Fault,
  invalidParameter,
  invalidValue,
  type PlacedCall,
  type PlacedCheck,
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
  resolver,
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
