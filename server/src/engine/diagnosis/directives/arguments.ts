import { type ArgumentCount, acceptsCount, type DirectiveFact } from '../../config/directive-facts.ts';
import type { ConfigNode } from '../../config/model.ts';
import { parseOffset, parseSize, parseTime } from '../../config/nginx-values.ts';
import { Editor } from '../editing.ts';
import type { Refusal } from './refusal.ts';

/** Whether a block or a semicolon ends the directive, and the number of arguments (ngx_conf_handler). */
export function shapeRefusal(node: ConfigNode, fact: DirectiveFact): Refusal | null {
  const { name } = node;
  if (node.isBlock && !fact.block) {
    const empty = node.children.length === 0 && node.directive.block!.comments.length === 0;
    return {
      id: 'unexpected-brace',
      node,
      word: null,
      says: `directive "${name}" is not terminated by ";"`,
      do: 'Put ";" behind its last argument: it has no block. A ";" may be missing on a line above.',
      fixes: (model) =>
        empty && node.directive.terminated
          ? [new Editor(model, 'review').replaceEnd(node, ';').fix('write ";" for the braces')]
          : [],
    };
  }
  if (!node.isBlock && fact.block) {
    return {
      id: 'syntax',
      node,
      word: null,
      says: `directive "${name}" has no opening "{"`,
      do: 'Open its block with "{" and close it with "}".',
    };
  }
  if (acceptsCount(fact.args, node.args.length)) return null;
  // The commercial nginx keeps limits in step between machines.
  const commercial = name === 'limit_req_zone' && node.arg(3) === 'sync';
  return {
    ...(commercial && { severity: 'info' as const }),
    id: 'wrong-argument-count',
    node,
    word: null,
    says: `invalid number of arguments in "${name}" directive`,
    do: `It takes ${countText(fact.args)}; ${node.args.length === 0 ? 'none' : node.args.length} ${node.args.length === 1 ? 'stands' : 'stand'} here.`,
    fixes: (model) => {
      const joined = node.args.join('');
      if (!acceptsCount(fact.args, 1) || node.args.length !== 2 || !isMeasure(joined, fact)) return [];
      return [new Editor(model, 'review').replaceHead(node, `${name} ${joined}`).fix(`write ${joined}`)];
    },
  };
}

/** Whether a number and its unit, written together, are a value of the directive's kind. */
function isMeasure(text: string, { kind }: DirectiveFact): boolean {
  switch (kind) {
    case 'msec':
    case 'sec':
      return parseTime(text, kind) !== null;
    case 'size':
      return parseSize(text) !== null;
    case 'off':
      return parseOffset(text) !== null;
    default:
      return false;
  }
}

function countText({ min, counts, flag }: ArgumentCount): string {
  if (flag) return '"on" or "off"';
  if (!counts) return `${min} or more arguments`;
  const text =
    counts.length < 3 ? counts.join(' or ') : `${counts.slice(0, -1).join(', ')} or ${counts.at(-1)}`;
  if (text === '0') return 'no argument';
  return `${text} ${text === '1' ? 'argument' : 'arguments'}`;
}
