/** A small generator of numbers from a seed (mulberry32): the same seed gives the same run. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Token {
  readonly start: number;
  readonly end: number;
}

/** Words, strings, braces and semicolons of a sound configuration; comments are left alone. */
function tokensOf(text: string): Token[] {
  const found: Token[] = [];
  const pattern =
    /#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[;{}]|(?:\$\{|\\.|[^\s;{}"'#\\])(?:\$\{|\\.|[^\s;{\\])*/g;
  for (const match of text.matchAll(pattern)) {
    if (!match[0].startsWith('#')) found.push({ start: match.index, end: match.index + match[0].length });
  }
  return found;
}

/** Characters that people mistype; capitals are left out, for `$NAME` is a template's placeholder. */
const CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789_-./:$=~^*()[];{}" ';

/** One small accident in a sound configuration. */
export function mutate(text: string, random: () => number): { text: string; what: string } {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const tokens = tokensOf(text);
  const at = Math.floor(random() * tokens.length);
  const token = tokens[at]!;
  const word = text.slice(token.start, token.end);
  const put = (start: number, end: number, what: string): string =>
    text.slice(0, start) + what + text.slice(end);
  const lines = text.split('\n');
  const line = Math.floor(random() * (lines.length - 1));
  const rejoin = (changed: readonly string[]): string => changed.join('\n');

  switch (Math.floor(random() * 10)) {
    case 0:
      return { text: put(token.start, token.end, ''), what: `delete ${word}` };
    case 1:
      return { text: put(token.end, token.end, ` ${word}`), what: `duplicate ${word}` };
    case 2: {
      const next = tokens[Math.min(at + 1, tokens.length - 1)]!;
      const other = text.slice(next.start, next.end);
      const swapped = put(next.start, next.end, word);
      return {
        text:
          at + 1 < tokens.length ? swapped.slice(0, token.start) + other + swapped.slice(token.end) : text,
        what: `swap ${word} and ${other}`,
      };
    }
    case 3: {
      const other = pick(tokens);
      const text2 = text.slice(other.start, other.end);
      return { text: put(token.start, token.end, text2), what: `replace ${word} by ${text2}` };
    }
    case 4:
      return { text: rejoin(lines.filter((_, i) => i !== line)), what: `delete line ${line + 1}` };
    case 5:
      return {
        text: rejoin(lines.flatMap((one, i) => (i === line ? [one, one] : [one]))),
        what: `duplicate line ${line + 1}`,
      };
    case 6: {
      const other = Math.floor(random() * (lines.length - 1));
      const moved = lines.map((one, i) => (i === line ? lines[other]! : i === other ? lines[line]! : one));
      return { text: rejoin(moved), what: `swap lines ${line + 1} and ${other + 1}` };
    }
    default: {
      const i = token.start + Math.floor(random() * word.length);
      const how = Math.floor(random() * 4);
      const c = text[i]!;
      if (how === 0) return { text: put(i, i + 1, ''), what: `${word}: drop ${c}` };
      if (how === 1) return { text: put(i, i, c), what: `${word}: double ${c}` };
      const other = pick([...CHARACTERS]);
      if (how === 2) return { text: put(i, i + 1, other), what: `${word}: ${c} becomes ${other}` };
      return { text: put(i, i, other), what: `${word}: insert ${other}` };
    }
  }
}
