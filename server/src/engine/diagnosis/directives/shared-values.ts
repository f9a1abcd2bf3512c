import type { Word } from '../../syntax/directive.ts';
import { regexFault } from './regex.ts';
import type { Fault } from './value.ts';

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

/** Whether ngx_hash_add_key takes a name with wildcards (src/core/ngx_hash.c) */
export function wildcardFits(name: string): boolean {
  const stars = name.split('*').length - 1;
  if (stars > 1 || name.includes('..')) return false;
  if (stars === 0) return true;
  return name.length > 2 && (name.startsWith('*.') || name.endsWith('.*') || name.startsWith('.'));
}
