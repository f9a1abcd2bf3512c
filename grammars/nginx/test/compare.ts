import type { Directive, Word } from './nginx-tokenizer.ts';
import type { TreeDirective, TreeWord } from './tree.ts';

/**
 * Compares what the tokenizer's port and the tree say about one text, value by value.
 *
 * @returns the first difference, in words, or null
 */
export function firstDifference(port: readonly Directive[], tree: readonly TreeDirective[]): string | null {
  const pairs: [readonly Directive[], readonly TreeDirective[]][] = [[port, tree]];
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [expected, actual] = pair;
    if (expected.length !== actual.length) {
      return `${expected.length} directives for nginx, ${actual.length} in the tree`;
    }
    for (const [i, directive] of expected.entries()) {
      const node = actual[i]!;
      const words = [directive.name, ...directive.args];
      const nodeWords = [node.name, ...node.args];
      if (words.length !== nodeWords.length) {
        return `"${directive.name.value}": ${words.length} words for nginx, ${nodeWords.length} in the tree`;
      }
      for (const [j, word] of words.entries()) {
        const difference = wordDifference(word, nodeWords[j] ?? null);
        if (difference) return difference;
      }
      if (directive.start !== node.start || directive.end !== node.end) {
        return `"${directive.name.value}": ${directive.start}-${directive.end}, in the tree ${node.start}-${node.end}`;
      }
      if (directive.lua?.start !== node.lua?.start || directive.lua?.end !== node.lua?.end) {
        return `"${directive.name.value}": other Lua`;
      }
      if ((directive.children === null) !== (node.children === null)) {
        return `"${directive.name.value}": a block for one only`;
      }
      if (directive.children && node.children) pairs.push([directive.children, node.children]);
    }
  }
  return null;
}

function wordDifference(word: Word, node: TreeWord | null): string | null {
  const shown = JSON.stringify(word.value);
  if (!node) return `${shown}: no such word in the tree`;
  if (word.value !== node.value) return `${shown}: ${JSON.stringify(node.value)} in the tree`;
  if (word.quote !== node.quote) return `${shown}: quoted otherwise in the tree`;
  if (word.start !== node.start || word.end !== node.end) return `${shown}: at another place in the tree`;
  return null;
}
