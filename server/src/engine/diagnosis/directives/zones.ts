import type { ConfigModel, ConfigNode } from '../../config/model.ts';
import { nearest } from '../../config/near-names.ts';
import type { Word } from '../../syntax/directive.ts';
import { type Refusal, rewriteWord } from './refusal.ts';

const CACHES = ['proxy', 'fastcgi', 'uwsgi', 'scgi'];
/** Directives that define zones or use them. */
const NAMES = [
  ...['limit_req_zone', 'limit_conn_zone', 'limit_req', 'limit_conn', 'zone'],
  ...CACHES.flatMap((module) => [`${module}_cache`, `${module}_cache_path`]),
];

/**
 * Zones of shared memory that are used and nowhere defined. nginx says so at the end: ngx_init_cycle for limits and
 * upstreams, the merge functions for caches.
 */
export function unknownZones(model: ConfigModel): Refusal[] {
  const defined = new Set<string>();
  const uses: { node: ConfigNode; word: Word; name: string; says: string; define: string }[] = [];
  for (const node of model.named(...NAMES)) {
    const { name, context } = node;
    const [first] = node.directive.args;
    if (!first || context === 'unknown') continue;
    const zero = (zone: string): string => `zero size shared memory zone "${zone}"`;
    if (/^limit_(?:req|conn)_zone$|_cache_path$/.test(name)) {
      for (const { value } of node.directive.args) {
        const [, zone] = /^(?:zone|keys_zone)=([^:]+):/.exec(value) ?? [];
        if (zone) defined.add(zone);
      }
    } else if (name === 'zone') {
      if (node.args.length > 1) defined.add(first.value);
      else
        uses.push({
          node,
          word: first,
          name: first.value,
          says: zero(first.value),
          define: 'a size behind it',
        });
    } else if (name === 'limit_req' || name === 'limit_conn') {
      const word =
        name === 'limit_conn' ? first : node.directive.args.find(({ value }) => value.startsWith('zone='));
      const zone = word?.value.replace(/^zone=/, '');
      if (word && zone) uses.push({ node, word, name: zone, says: zero(zone), define: `${name}_zone` });
    } else if (
      /^(?:proxy|fastcgi|uwsgi|scgi)_cache$/.test(name) &&
      first.value !== 'off' &&
      !first.value.includes('$')
    ) {
      const says = `"${name}" zone "${first.value}" is unknown`;
      uses.push({ node, word: first, name: first.value, says, define: `${name}_path` });
    }
  }
  return uses
    .filter(({ name }) => !defined.has(name))
    .map(({ node, word, name, says, define }) => {
      const meant = nearest(name, defined);
      const prefix = word.value.startsWith('zone=') ? 'zone=' : '';
      return {
        id: 'invalid-value',
        node,
        word,
        says,
        do: `Define the zone with ${define}, or correct its name.`,
        ...(meant && { fixes: rewriteWord(node, word, prefix + meant) }),
      };
    });
}
