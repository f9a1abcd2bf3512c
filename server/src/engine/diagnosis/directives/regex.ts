/**
 * Whether PCRE refuses a pattern, as far as that is beyond doubt: unbalanced brackets, a quantifier with nothing
 * before it, a class that runs backwards. What this does not follow (quoting, extended syntax, conditions, verbs) is
 * taken for sound.
 */
export function regexFault(pattern: string): string | null {
  if (/\\[QEcopPNgkxu]|\(\*|\(\?[^:=!<P'>imsnJUX|-]|\(\?[a-z^-]*x/.test(pattern)) return null;
  let open = 0;
  /** Something stands before that a quantifier can repeat. */
  let atom = false;
  let quantified = false;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    const wasQuantified = quantified;
    quantified = false;
    if (c === '\\') {
      if (++i === pattern.length) return '\\ at end of pattern';
      atom = true;
    } else if (c === '[') {
      const end = classEnd(pattern, i);
      if (typeof end === 'string') return end;
      i = end;
      atom = true;
    } else if (c === '(') {
      open++;
      atom = false;
      const special = /^\?(?:[:=!>|]|<[=!]|P?<\w+>|'\w+'|[imsnJU^-]*[:)])/.exec(pattern.slice(i + 1));
      if (pattern[i + 1] === '?') {
        if (!special) return 'unrecognized character after (? or (?-';
        if (special[0].endsWith(')')) open--;
        i += special[0].length;
      }
    } else if (c === ')') {
      if (open-- === 0) return 'unmatched closing parenthesis';
      atom = true;
    } else if (c === '|') {
      atom = false;
    } else if (c === '*' || c === '+' || c === '?' || /^\{\d+(?:,\d*)?\}/.test(pattern.slice(i))) {
      if (!atom) {
        // Behind a quantifier "?" makes it lazy and "+" possessive.
        if (!(wasQuantified && (c === '?' || c === '+')))
          return 'quantifier does not follow a repeatable item';
        continue;
      }
      if (c === '{') i = pattern.indexOf('}', i);
      atom = false;
      quantified = true;
    } else if (c === '^') {
      // PCRE lets an assertion be repeated, and nobody should.
      atom = true;
    } else atom = true;
  }
  return open > 0 ? 'missing closing parenthesis' : null;
}

/** Where a class ends, or what is wrong with it. */
function classEnd(pattern: string, start: number): number | string {
  let i = start + 1;
  if (pattern[i] === '^') i++;
  for (let first = true; ; i++, first = false) {
    const c = pattern[i];
    if (c === undefined) return 'missing terminating ] for character class';
    if (c === ']' && !first) return i;
    if (c === '[' && pattern[i + 1] === ':') {
      const end = pattern.indexOf(':]', i);
      if (end > 0) i = end + 1;
      continue;
    }
    if (c === '\\') {
      if (++i >= pattern.length) return '\\ at end of pattern';
      continue;
    }
    const to = pattern[i + 2];
    if (pattern[i + 1] === '-' && to !== undefined && to !== ']' && to !== '\\' && to !== '[') {
      if (to < c) return 'range out of order in character class';
      i += 2;
    }
  }
}
