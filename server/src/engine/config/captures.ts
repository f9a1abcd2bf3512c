import type { ConfigNode } from './model.ts';
import type { PossibleValues } from './variables.ts';

/**
 * What a named group can hold at a place, where the expressions around it tell: a group of plain texts, `(?<app>a|b)`,
 * in the head of a location or in a server_name. Null where no expression around has such a group, or its text is the
 * client's. A location compares with the case of the URI only without `~*`; a server name is in small letters always.
 */
export function capturedValues(name: string, at: ConfigNode): PossibleValues | null {
  for (let block: ConfigNode | null = at; block; block = block.parent) {
    if (block.name === 'location') {
      const [pattern, exact] = expressionOf(block);
      const texts = pattern === null ? null : groupTexts(pattern, name);
      if (texts) return exact ? { values: texts, complete: true } : null;
    } else if (block.name === 'server') {
      const names = block.all('server_name').flatMap((node) => node.args);
      const texts = names.map((word) => (word.startsWith('~') ? groupTexts(word.slice(1), name) : null));
      const found = texts.filter((list) => list !== null);
      if (found.length === 0) return null;
      // Another name of the server, or none at all, may have led here: the variable is empty then.
      return {
        values: [...new Set([...found.flat().map((text) => text.toLowerCase()), ''])],
        complete: true,
      };
    }
  }
  return null;
}

/** The expression of a location, and whether it minds the case. */
function expressionOf({ args }: ConfigNode): [pattern: string | null, exact: boolean] {
  const [first = '', second] = args;
  if (second !== undefined) return [first === '~' || first === '~*' ? second : null, first === '~'];
  if (first.startsWith('~*')) return [first.slice(2), false];
  return [first.startsWith('~') ? first.slice(1) : null, true];
}

/** The texts that a named group can match; null where it is no choice of plain texts that always takes part. */
function groupTexts(pattern: string, name: string): string[] | null {
  // Expressions with choices or groups around the group may match without it.
  const group = /^([^|()]*)\(\?P?[<'](\w+)[>']([^()]*)\)(?![?*{])([^|]*)$/.exec(pattern);
  if (group?.[2]?.toLowerCase() !== name || /\\Q|\(\?[a-z]+\)/.test(pattern)) return null;
  const texts = group[3]!.split('|').map(plainText);
  return texts.every((text) => text !== null) ? (texts as string[]) : null;
}

/** What an expression without special characters matches; null for others. */
function plainText(expression: string): string | null {
  const plain = expression.replace(/\\([^\w\s])/g, '$1');
  return /^(?:[\w/:-]|\\[^\w\s])*$/.test(expression) ? plain : null;
}
