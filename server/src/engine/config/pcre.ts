import { RE2JS } from 're2js';

/**
 * Regular expressions of the configuration, matched in time linear in the text: the configuration is hostile, and a
 * backtracking engine would let it hang the program. What RE2 cannot express (look-around, back references) is
 * unknown rather than guessed.
 */
export type PatternMatch = 'yes' | 'no' | 'unknown';

/** What a pattern found: the whole match and its groups, null for a group that took no part. */
export interface Captures {
  readonly groups: readonly (string | null)[];
  /** Number of each named group. */
  readonly names: Readonly<Record<string, number>>;
}

interface Compiled {
  readonly regex: RE2JS;
  readonly groups: number;
  readonly names: Readonly<Record<string, number>>;
  /** `$` stands somewhere in it: PCRE also lets it match in front of a last line feed. */
  readonly anchored: boolean;
}

const compiled = new Map<string, Compiled | null>();
const MAX_COMPILED = 5000;

/** Whether nginx would find the pattern in the text; without case where asked, as `~*` does. */
export function matchPattern(pattern: string, text: string, ignoreCase: boolean): PatternMatch {
  const found = compile(pattern, ignoreCase);
  if (!found) return 'unknown';
  if (found.regex.test(text)) return 'yes';
  return withoutLastLineFeed(found, text) !== null && found.regex.test(text.slice(0, -1)) ? 'yes' : 'no';
}

/** The match that nginx would find with its groups; null when there is none. */
export function searchPattern(
  pattern: string,
  text: string,
  ignoreCase: boolean,
): Captures | null | 'unknown' {
  const found = compile(pattern, ignoreCase);
  if (!found) return 'unknown';
  if (found.groups === 0) {
    return matchPattern(pattern, text, ignoreCase) === 'yes' ? { groups: [''], names: found.names } : null;
  }
  return capture(found, text) ?? capture(found, withoutLastLineFeed(found, text));
}

function capture(found: Compiled, text: string | null): Captures | null {
  if (text === null) return null;
  const matcher = found.regex.matcher(text);
  if (!matcher.find()) return null;
  const groups: (string | null)[] = [];
  for (let i = 0; i <= found.groups; i++) groups.push(matcher.group(i));
  return { groups, names: found.names };
}

function withoutLastLineFeed(found: Compiled, text: string): string | null {
  return found.anchored && text.endsWith('\n') ? text.slice(0, -1) : null;
}

function compile(pattern: string, ignoreCase: boolean): Compiled | null {
  const key = (ignoreCase ? 'i' : 'c') + pattern;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  let result: Compiled | null = null;
  try {
    // PCRE's other spellings of a named group.
    const named = pattern.replace(/\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/g, '(?P<$1$2>');
    const regex = RE2JS.compile(named, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
    result = {
      regex,
      groups: regex.groupCount(),
      names: regex.namedGroups(),
      anchored: pattern.includes('$'),
    };
  } catch {
    // Not RE2's language, or no regular expression at all: the caller hears "unknown".
  }
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  compiled.set(key, result);
  return result;
}
