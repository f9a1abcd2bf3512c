import { RE2JS } from 're2js';

/**
 * Regular expressions of the configuration, matched in time linear in the text: the configuration is hostile, and a
 * backtracking engine would let it hang the program. What RE2 cannot express (look-around, back references) is
 * unknown rather than guessed.
 */
export type PatternMatch = 'yes' | 'no' | 'unknown';

const compiled = new Map<string, RE2JS | null>();
const MAX_COMPILED = 5000;

/** Whether nginx would find the pattern in the text; without case where asked, as `~*` does. */
export function matchPattern(pattern: string, text: string, ignoreCase: boolean): PatternMatch {
  const regex = compile(pattern, ignoreCase);
  if (!regex) return 'unknown';
  return regex.matcher(text).find() ? 'yes' : 'no';
}

function compile(pattern: string, ignoreCase: boolean): RE2JS | null {
  const key = (ignoreCase ? 'i' : 'c') + pattern;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  let regex: RE2JS | null = null;
  try {
    // PCRE's other spellings of a named group.
    const named = pattern.replace(/\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/g, '(?P<$1$2>');
    regex = RE2JS.compile(named, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch {
    // Not RE2's language, or no regular expression at all: the caller hears "unknown".
  }
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  compiled.set(key, regex);
  return regex;
}
