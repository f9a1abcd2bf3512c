import { nearest } from '../../config/near-names.ts';
import { isNetwork, parseNumber, parseSize, parseTime } from '../../config/nginx-values.ts';
import { type Call, type Fault, invalidParameter, invalidValue, type ValueCheck } from './value.ts';

const LOG_LEVELS = ['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg'];
const DEBUG_LEVELS = /^debug_(?:core|alloc|mutex|event|http|mail|stream)$/;

/** Setters of the core and of the event modules. */
export const CORE_VALUES: Readonly<Record<string, ValueCheck>> = {
  error_log: errorLog,
  worker_processes: workerProcesses,
  worker_priority: ({ args }) =>
    /^[-+]?\d+$/.test(args[0]!.value)
      ? null
      : { says: '"worker_priority" directive invalid number', word: args[0]!, do: 'Write a number.' },
  worker_connections: ({ args }) =>
    parseNumber(args[0]!.value) === null
      ? { says: `invalid number "${args[0]!.value}"`, word: args[0]!, do: 'Write a whole number.' }
      : null,
  worker_cpu_affinity: cpuAffinity,
  use: eventType,
  thread_pool: threadPool,
};

/** ngx_log_set_log and ngx_log_set_levels (src/core/ngx_log.c) */
function errorLog({ args, node }: Call): Fault | null {
  const target = args[0]!;
  if (target.value.startsWith('memory:') && !parseSize(target.value.slice(7)))
    return { says: `invalid buffer size "${target.value.slice(7)}"`, word: target, do: 'Write memory:SIZE.' };
  const seen = new Set<string>();
  for (const word of args.slice(1)) {
    const { value } = word;
    if (!LOG_LEVELS.includes(value) && !DEBUG_LEVELS.test(value)) {
      return {
        says: `invalid log level "${value}"`,
        word,
        do: `Write one of ${LOG_LEVELS.join(', ')}.`,
        meant: nearest(value, LOG_LEVELS),
      };
    }
    // A level above debug sets all below it; only one may stand.
    if (LOG_LEVELS.includes(value) && seen.size > 0)
      return { says: `duplicate log level "${value}"`, word, do: `Leave one level on ${node.name}.` };
    seen.add(value);
  }
  return null;
}

/** ngx_set_worker_processes (src/core/nginx.c) */
function workerProcesses({ args }: Call): Fault | null {
  const word = args[0]!;
  const { value } = word;
  if (value === 'auto') return null;
  const says = '"worker_processes" directive invalid value';
  return parseNumber(value) === null
    ? { says, word, do: 'Write a number or auto.', meant: nearest(value, ['auto']) }
    : null;
}

/** ngx_set_cpu_affinity (src/core/nginx.c) */
function cpuAffinity({ args }: Call): Fault | null {
  const auto = args[0]!.value === 'auto';
  if (auto && args.length > 2) {
    return {
      says: 'invalid number of arguments in "worker_cpu_affinity" directive',
      do: 'Leave one mask behind auto.',
    };
  }
  for (const word of args.slice(auto ? 1 : 0)) {
    const bad = /[^01]/.exec(word.value)?.[0];
    if (bad)
      return {
        says: `invalid character "${bad}" in "worker_cpu_affinity"`,
        word,
        do: 'Write masks of 0 and 1, or auto.',
      };
  }
  return null;
}

const EVENT_TYPES = ['select', 'poll', 'epoll', 'kqueue', 'eventport', '/dev/poll', 'rtsig', 'iocp'];

/** ngx_event_use (src/event/ngx_event.c) */
function eventType({ args }: Call): Fault | null {
  const word = args[0]!;
  if (EVENT_TYPES.includes(word.value)) return null;
  return {
    says: `invalid event type "${word.value}"`,
    word,
    do: 'Leave the directive out: nginx takes the best method of the system.',
    meant: nearest(word.value, EVENT_TYPES),
  };
}

/** ngx_thread_pool (src/core/ngx_thread_pool.c) */
function threadPool({ args }: Call): Fault | null {
  let threads = false;
  for (const word of args.slice(1)) {
    const [, name, value] = /^(threads|max_queue)=(.*)$/.exec(word.value) ?? [];
    const number = value === undefined ? null : parseNumber(value);
    if (name === 'threads') {
      threads = true;
      if (!number) return { says: `invalid threads value "${word.value}"`, word, do: 'Write threads=N.' };
    } else if (name === 'max_queue' && number === null)
      return { says: `invalid max_queue value "${word.value}"`, word, do: 'Write max_queue=N.' };
  }
  return threads
    ? null
    : { says: `"${args[0]!.value}" must have "threads" parameter`, do: 'Write threads=N behind the name.' };
}

/** `allow`, `deny` (src/http/modules/ngx_http_access_module.c and the one of stream) */
export function accessRule({ args }: Call): Fault | null {
  const word = args[0]!;
  const { value } = word;
  if (value === 'all' || value === 'unix:' || isNetwork(value)) return null;
  return invalidParameter(word, 'Write an address, a network such as 10.0.0.0/8, unix: or all.');
}

/** `valid=`, `ipv6=`, `ipv4=` and `status_zone=` of resolver, apart from the addresses (src/core/ngx_resolver.c) */
export function resolverParameter(call: Call): Fault | null {
  for (const word of call.args) {
    const { value } = word;
    const bad =
      (value.startsWith('valid=') && parseTime(value.slice(6), 'sec') === null) ||
      (/^ipv[46]=/.test(value) && !/^ipv[46]=(?:on|off)$/.test(value));
    if (bad) return { says: `invalid parameter: ${value}`, word, do: 'Write valid=TIME or ipv6=on|off.' };
  }
  return null;
}

/** `name=value` words of open_file_cache (ngx_http_core_open_file_cache) and of open_log_file_cache, which has more. */
export function cacheOfFiles(extra: readonly string[]): ValueCheck {
  return ({ args, node }) => {
    for (const word of args) {
      if (word.value === 'off') continue;
      const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(word.value) ?? [];
      const known = name === 'max' || name === 'inactive' || extra.includes(name);
      const time = name === 'inactive' || name === 'valid';
      if (!known || (time ? parseTime(value, 'sec') === null : !parseNumber(value)))
        return {
          says: `invalid "${node.name}" parameter "${word.value}"`,
          word,
          do: 'Write off, or max=N with inactive=TIME.',
        };
    }
    return args.some(({ value }) => value === 'off' || value.startsWith('max='))
      ? null
      : { says: `"${node.name}" must have the "max" parameter`, do: 'Write max=N, or off.' };
  };
}

/** A word that must be one of a few, compared as nginx compares it: with case. */
export function oneOf(index: number, words: readonly string[], parameter = false): ValueCheck {
  return ({ args }) => {
    const word = args[index];
    if (!word || words.includes(word.value)) return null;
    const make = parameter ? invalidParameter : invalidValue;
    return make(word, `Write ${words.join(' or ')}.`, nearest(word.value, words));
  };
}
