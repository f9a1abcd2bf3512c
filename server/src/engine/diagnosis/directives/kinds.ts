import type { ValueKind } from '../../config/directive-facts.ts';
import { nearest } from '../../config/near-names.ts';
import { parseNumber, parseOffset, parseSize, parseTime } from '../../config/nginx-values.ts';
import type { Word } from '../../syntax/directive.ts';
import { scriptFault } from './script.ts';
import { type Call, type Fault, invalidValue, type ValueCheck } from './value.ts';

/** What the setters of src/core/ngx_conf_file.c and their kin refuse, by the kind in the generated table. */
export const KINDS: Readonly<Partial<Record<ValueKind, ValueCheck>>> = {
  flag,
  num,
  size: ({ args, node }) =>
    parseSize(args[0]!.value) === null ? inDirective(node.name, args[0]!, SIZE, sizeMeant) : null,
  off: ({ args, node }) =>
    parseOffset(args[0]!.value) === null ? inDirective(node.name, args[0]!, OFFSET, offsetMeant) : null,
  msec: ({ args, node }) => timeFault(node.name, args[0]!, 'msec'),
  sec: ({ args, node }) => timeFault(node.name, args[0]!, 'sec'),
  enum: choice,
  bitmask: choice,
  bufs,
  path,
  access,
  complex: scriptFault,
  complex_size: complexSize,
  predicate: scriptFault,
};

const SIZE = 'Write a number of bytes, with k or m behind it for KiB or MiB.';
const OFFSET = 'Write a number of bytes, with k, m or g behind it.';
const TIME = 'Write a time such as 30s, 5m or 1h; larger units come first.';

/** ngx_conf_set_flag_slot */
function flag({ args, node }: Call): Fault | null {
  const word = args[0]!;
  const value = word.value.toLowerCase();
  if (value === 'on' || value === 'off') return null;
  return {
    says: `invalid value "${word.value}" in "${node.name}" directive, it must be "on" or "off"`,
    word,
    do: 'Write on or off.',
    meant: /^(?:true|yes|1|enabled?|o|no?n|onn|oon)$/.test(value)
      ? 'on'
      : /^(?:false|no|0|disabled?|of|off?f|ooff|fof)$/.test(value)
        ? 'off'
        : null,
  };
}

/** ngx_conf_set_num_slot and ngx_conf_check_num_bounds */
function num({ args, fact, node }: Call): Fault | null {
  const word = args[0]!;
  const value = parseNumber(word.value);
  if (value === null)
    return { says: `"${node.name}" directive invalid number`, word, do: 'Write a whole number.' };
  if (!fact.bounds) return null;
  const [low, high] = fact.bounds;
  if (high === null)
    return value < low
      ? { says: `value must be equal to or greater than ${low}`, word, do: `Write ${low} or more.` }
      : null;
  if (value >= low && value <= high) return null;
  return { says: `value must be between ${low} and ${high}`, word, do: `Write ${low} to ${high}.` };
}

function inDirective(
  name: string,
  word: Word,
  expected: string,
  meant: (text: string) => string | null,
): Fault {
  return { says: `"${name}" directive invalid value`, word, do: expected, meant: meant(word.value) };
}

/** `10MB` and `10mb` are 10m to everyone but nginx. */
function sizeMeant(text: string): string | null {
  const match = /^(\d+)\s?([km])i?b$/i.exec(text);
  return match ? `${match[1]}${match[2]!.toLowerCase()}` : null;
}

function offsetMeant(text: string): string | null {
  const match = /^(\d+)\s?([kmg])i?b$/i.exec(text);
  return match ? `${match[1]}${match[2]!.toLowerCase()}` : null;
}

/** A time that ngx_parse_time refuses. */
export function timeFault(name: string, word: Word, unit: 'sec' | 'msec'): Fault | null {
  return parseTime(word.value, unit) === null ? inDirective(name, word, TIME, timeMeant) : null;
}

function timeMeant(text: string): string | null {
  const match = /^(\d+)\s?(s|m|h|d)(?:ec(?:ond)?s?|in(?:ute)?s?|ours?|ays?)?$/i.exec(text);
  return match ? `${match[1]}${match[2]!.toLowerCase()}` : null;
}

/** ngx_conf_set_enum_slot, ngx_conf_set_bitmask_slot */
function choice({ args, fact }: Call): Fault | null {
  const values = fact.values;
  if (!values) return null;
  // An enum may have another word behind it, which its setter reads by itself.
  const words = fact.kind === 'enum' ? args.slice(0, 1) : args;
  const word = words.find(
    ({ value }) => !values.some((known) => known === value.toLowerCase() || known === value),
  );
  if (!word) return null;
  return invalidValue(word, `Write ${listed(values)}.`, nearest(word.value, values));
}

export function listed(values: readonly string[]): string {
  return values.length < 2
    ? (values[0] ?? '')
    : `${values.slice(0, -1).join(', ')} or ${values[values.length - 1]}`;
}

/** ngx_conf_set_bufs_slot */
function bufs({ args, node }: Call): Fault | null {
  const [count, size] = args;
  if (!parseNumber(count!.value))
    return { says: `"${node.name}" directive invalid value`, word: count!, do: 'Write a number of buffers.' };
  return parseSize(size!.value) ? null : inDirective(node.name, size!, SIZE, sizeMeant);
}

/** ngx_conf_set_path_slot: three levels of one to three characters, 10 with their slashes */
function path({ args, node }: Call): Fault | null {
  const levels = args.slice(1);
  const numbers = levels.map(({ value }) => parseNumber(value));
  const says = `"${node.name}" directive invalid value`;
  const bad = levels[numbers.findIndex((number) => !number)];
  if (bad) return { says, word: bad, do: 'Write the lengths of up to three levels of directories.' };
  const length = numbers.reduce<number>((sum, number) => sum + number! + 1, 0);
  return length > 10 + levels.length ? { says, do: 'Let the levels together have fewer characters.' } : null;
}

/** ngx_conf_set_access_slot */
function access({ args }: Call): Fault | null {
  const word = args.find(({ value }) => !/^(?:user|group|all):(?:rw|r)$/.test(value));
  return word ? invalidValue(word, 'Write user:rw, group:r or the like.') : null;
}

/** ngx_http_set_complex_value_size_slot: without variables it must be a size */
function complexSize(call: Call): Fault | null {
  const word = call.args[0]!;
  if (word.value.includes('$')) return scriptFault(call);
  return parseSize(word.value) === null ? inDirective(call.node.name, word, SIZE, sizeMeant) : null;
}
