/**
 * Message formats as data: literal text with `<name>` for variable parts and `[a]` for what may be missing,
 * `[a|b]` for one of several, `[[` for a bracket. A format becomes a list of literal pieces that are looked for from left to right, so that matching is linear in the
 * text whatever it holds.
 */
export interface Template {
  /** Literal pieces; one more than there are names. */
  readonly literals: readonly string[];
  readonly names: readonly string[];
  /** Characters of literal text: the measure of how much a match says. */
  readonly weight: number;
}

const DIGITS = new Set(['number', 'count', 'port', 'status', 'code', 'signal', 'pid', 'frame', 'error']);

/** All templates of a format: one for each way to take or leave its optional parts. */
export function compileTemplates(text: string): Template[] {
  return variants(text).map(compile);
}

function variants(text: string): string[] {
  const open = text.indexOf('[');
  if (open < 0) {
    return [text];
  }
  if (text.charCodeAt(open + 1) === 91) {
    return variants(text.slice(open + 2)).map((tail) => text.slice(0, open + 1) + tail);
  }
  const close = text.indexOf(']', open);
  const choices = text.slice(open + 1, close).split('|');
  if (choices.length === 1) {
    choices.push('');
  }
  const before = text.slice(0, open);
  return variants(text.slice(close + 1)).flatMap((tail) => choices.map((choice) => before + choice + tail));
}

function compile(text: string): Template {
  const literals: string[] = [];
  const names: string[] = [];
  let from = 0;
  for (let open = text.indexOf('<'); open >= 0; open = text.indexOf('<', from)) {
    const close = text.indexOf('>', open);
    literals.push(text.slice(from, open));
    names.push(text.slice(open + 1, close));
    from = close + 1;
  }
  literals.push(text.slice(from));
  return { literals, names, weight: literals.reduce((sum, piece) => sum + piece.length, 0) };
}

/** Captures of the whole text, or null. */
export function matchTemplate(template: Template, text: string): Record<string, string> | null {
  const { literals, names } = template;
  const head = literals[0] ?? '';
  if (!text.startsWith(head)) {
    return null;
  }
  if (names.length === 0) {
    return text.length === head.length ? {} : null;
  }
  const captures: Record<string, string> = {};
  let from = head.length;
  for (let i = 0; i < names.length; i++) {
    const next = literals[i + 1] ?? '';
    let end: number;
    if (i === names.length - 1) {
      end = text.length - next.length;
      if (end < from || !text.endsWith(next)) {
        return null;
      }
    } else {
      end = text.indexOf(next, from);
      if (end < 0) {
        return null;
      }
    }
    const name = names[i] ?? '';
    const value = text.slice(from, end);
    if (!fits(name, value)) {
      return null;
    }
    captures[name] = value;
    from = end + next.length;
  }
  return captures;
}

/**
 * Captures of a text that ends before the template does, and how many of its literal characters were there; null
 * when the two disagree before the text ends.
 */
export function matchCut(
  template: Template,
  text: string,
): { captures: Record<string, string>; weight: number } | null {
  const { literals, names } = template;
  const captures: Record<string, string> = {};
  let from = 0;
  let weight = 0;
  for (let i = 0; i < literals.length; i++) {
    const literal = literals[i] ?? '';
    const rest = text.length - from;
    if (i > 0) {
      if (literal === '') {
        // The template ends in a variable part, so the text is not cut but whole.
        return null;
      }
      const name = names[i - 1] ?? '';
      const found = text.indexOf(literal, from);
      if (found < 0) {
        const kept = partialEnd(text, from, literal);
        captures[name] = text.slice(from, kept);
        return { captures, weight: weight + text.length - kept };
      }
      const value = text.slice(from, found);
      if (!fits(name, value)) {
        return null;
      }
      captures[name] = value;
      from = found + literal.length;
      weight += literal.length;
      continue;
    }
    if (rest <= literal.length) {
      return literal.startsWith(text) ? { captures, weight: rest } : null;
    }
    if (!text.startsWith(literal)) {
      return null;
    }
    from = literal.length;
    weight = literal.length;
  }
  return null;
}

/** Start of the longest beginning of `literal` with which the text ends, not before `from`. */
function partialEnd(text: string, from: number, literal: string): number {
  for (let length = Math.min(literal.length - 1, text.length - from); length > 0; length--) {
    if (text.endsWith(literal.slice(0, length))) {
      return text.length - length;
    }
  }
  return text.length;
}

function fits(name: string, value: string): boolean {
  if (name === 'errno') {
    const digits = digitsEnd(value);
    return digits > 0 && value.charCodeAt(digits) === 58;
  }
  if (name === 'ssl') {
    return value.startsWith('SSL:');
  }
  return DIGITS.has(name) ? value !== '' && digitsEnd(value) === value.length : true;
}

function digitsEnd(value: string): number {
  let i = 0;
  while (i < value.length && value.charCodeAt(i) >= 48 && value.charCodeAt(i) <= 57) {
    i++;
  }
  return i;
}
