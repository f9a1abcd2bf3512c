import { compareVersions } from '../../config/compare-versions.ts';
import type { ConfigNode } from '../../config/model.ts';
import { isNetwork, parseNumber } from '../../config/nginx-values.ts';
import type { Word } from '../../syntax/directive.ts';
import type { Refusal } from './refusal.ts';
import { readScript } from './script.ts';
import { patternFault, wildcardFits } from './shared-values.ts';

/** An entry of such a block: its words, the name first. */
type EntryCheck = (entry: Entry) => Problem | null;

interface Entry {
  readonly node: ConfigNode;
  readonly block: ConfigNode;
  readonly release: string;
  readonly words: readonly Word[];
}

interface Problem {
  readonly says: string;
  readonly word?: Word;
  readonly do: string;
  readonly related?: ConfigNode;
}

const BLOCKS: Readonly<Record<string, EntryCheck>> = { map, geo, types, split_clients: splitClients };

/** What the handlers refuse that read blocks of entries (`cf->handler` in ngx_conf_parse). */
export function entryRefusal(node: ConfigNode, release: string): Refusal | null {
  const block = node.parent;
  const check = block && Object.hasOwn(BLOCKS, block.name) ? BLOCKS[block.name] : undefined;
  if (!block || !check) return null;
  if (node.isBlock)
    return {
      id: 'unexpected-brace',
      node,
      word: null,
      says: 'unexpected "{"',
      do: `Close the ${block.name} block first: it holds entries, no blocks.`,
    };
  const problem = check({ node, block, release, words: [node.directive.name, ...node.directive.args] });
  if (!problem) return null;
  return {
    id: 'invalid-value',
    node,
    word: problem.word ?? null,
    says: problem.says,
    do: problem.do,
    related: problem.related ? [{ ...problem.related.site, message: 'the first one' }] : [],
  };
}

/** The first entries of a block by a key; one pass for all of them. */
function firstByKey(
  cache: WeakMap<ConfigNode, Map<string, ConfigNode>>,
  block: ConfigNode,
  keyOf: (node: ConfigNode) => string | null,
): Map<string, ConfigNode> {
  let first = cache.get(block);
  if (!first) {
    first = new Map();
    for (const child of block.children) {
      const key = keyOf(child);
      if (key !== null && !first.has(key)) first.set(key, child);
    }
    cache.set(block, first);
  }
  return first;
}

const mapKeys = new WeakMap<ConfigNode, Map<string, ConfigNode>>();

/** ngx_http_map, ngx_stream_map */
function map({ node, block, words }: Entry): Problem | null {
  const [key, value] = words;
  if (words.length === 1 && (key!.value === 'hostnames' || key!.value === 'volatile')) return null;
  if (words.length !== 2)
    return {
      says: 'invalid number of the map parameters',
      do: 'Write a value and what it becomes; quotes keep blanks together.',
    };
  if (key!.value === 'include') return null;
  const { fault } = readScript(value!.value);
  if (fault) return { says: fault, word: value!, do: 'Write the name of a variable behind "$".' };
  if (key!.value.startsWith('~')) return patternFault(key!, key!.value.replace(/^~\*?/, ''));
  const hostnames = block.all('hostnames')[0];
  const wild = hostnames !== undefined && hostnames.at < node.at && key!.value !== 'default';
  if (wild && !wildcardFits(key!.value))
    return {
      says: `invalid hostname or wildcard "${key!.value}"`,
      word: key!,
      do: 'Write one * as first or last label.',
    };
  const earlier = firstByKey(mapKeys, block, mapKey).get(mapKey(node)!);
  if (!earlier || earlier === node) return null;
  return {
    says:
      key!.value === 'default' ? 'duplicate default map parameter' : `conflicting parameter "${key!.value}"`,
    do: 'Leave one of the two.',
    related: earlier,
  };
}

/** Keys are hashed without case; a backslash before one is dropped. Patterns are a list. */
function mapKey(node: ConfigNode): string | null {
  const { name } = node;
  if (node.args.length !== 1 || name === 'include' || name.startsWith('~')) return null;
  return name === 'default' ? name : `=${name.replace(/^\\/, '').toLowerCase()}`;
}

/** ngx_http_geo and what it calls */
function geo({ block, release, words }: Entry): Problem | null {
  const [key] = words;
  if (words.length === 1 && key!.value === 'volatile' && compareVersions(release, '1.29.3') >= 0) return null;
  if (words.length === 1 && (key!.value === 'ranges' || key!.value === 'proxy_recursive')) return null;
  if (words.length !== 2)
    return { says: 'invalid number of the geo parameters', do: 'Write a network and a value.' };
  if (['include', 'default'].includes(key!.value)) return null;
  const network = key!.value === 'proxy' || key!.value === 'delete' ? words[1]! : key!;
  if (block.all('ranges').length > 0 && key!.value !== 'proxy') return null;
  if (isNetwork(network.value) || network.value === '255.255.255.255') return null;
  return {
    says: `invalid network "${network.value}"`,
    word: network,
    do: 'Write a network such as 10.0.0.0/8.',
  };
}

/** ngx_http_core_type */
function types({ words }: Entry): Problem | null {
  return words[0]!.value === 'include' && words.length !== 2
    ? { says: 'invalid number of arguments in "include" directive', do: 'Write one file.' }
    : null;
}

/** ngx_http_split_clients, and ngx_atofp with two digits behind the point */
function splitClients({ node, block, words }: Entry): Problem | null {
  const [share] = words;
  const percent = shareOf(share!.value);
  if (share!.value === '*') return null;
  if (!percent)
    return {
      says: `invalid percent value "${share!.value}"`,
      word: share!,
      do: 'Write a share such as 0.5% or *.',
    };
  const before = block.children.slice(0, block.children.indexOf(node));
  const total = before.reduce((sum, { name }) => sum + (shareOf(name) ?? 0), percent);
  return total > 10_000
    ? {
        says: 'percent total is greater than 100%',
        word: share!,
        do: 'Let the shares add up to 100 or less.',
      }
    : null;
}

/** Hundredths of a percent. */
function shareOf(text: string): number | null {
  const [, whole = '', part = ''] = /^(?=\.?\d)(\d*)(?:\.(\d{0,2}))?%$/.exec(text) ?? [];
  return parseNumber(whole + part.padEnd(2, '0'));
}
