import { toBytes } from './bytes.ts';
import { networkHolds, parseIp } from './ip-address.ts';
import type { ConfigNode } from './model.ts';
import { searchPattern } from './pcre.ts';
import { asciiLower } from './request-line.ts';
import type { RequestState } from './request-state.ts';

/** A `map` ready for look-up; keys and values are byte strings, values are still to be evaluated. */
interface MapTable {
  readonly exact: ReadonlyMap<string, string>;
  readonly heads: ReadonlyMap<string, { value: string; self: boolean }>;
  readonly tails: ReadonlyMap<string, string>;
  readonly patterns: readonly { pattern: string; ignoreCase: boolean; value: string }[];
  readonly fallback: string;
  readonly hostnames: boolean;
  readonly volatile: boolean;
}

const maps = new WeakMap<ConfigNode, MapTable>();

/** Whether the value of a map may change while a request is served. */
export function isVolatile(map: ConfigNode): boolean {
  return tableOf(map).volatile;
}

/**
 * The text, still with its variables, that a `map` gives for a value (ngx_http_map_find in
 * src/http/ngx_http_variables.c): exact text without case, then wildcard names, then patterns in order.
 */
export function lookUpMap(map: ConfigNode, value: string, state: RequestState): string {
  const table = tableOf(map);
  const key = asciiLower(table.hostnames && value.endsWith('.') ? value.slice(0, -1) : value);
  const exact = table.exact.get(key);
  if (exact !== undefined) return exact;
  const wildcard = table.hostnames ? lookUpHost(table, key) : undefined;
  if (wildcard !== undefined) return wildcard;
  if (value === '') return table.fallback;
  for (const { pattern, ignoreCase, value: result } of table.patterns) {
    const captures = searchPattern(pattern, value, ignoreCase);
    if (captures === 'unknown') state.markUnknown(map.args.at(-1)?.slice(1) ?? '');
    else if (captures) {
      state.capture(captures);
      return result;
    }
  }
  return table.fallback;
}

function lookUpHost(table: MapTable, key: string): string | undefined {
  const self = table.heads.get(key);
  if (self?.self) return self.value;
  for (let dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', dot + 1)) {
    const head = table.heads.get(key.slice(dot + 1));
    if (head) return head.value;
  }
  for (let dot = key.lastIndexOf('.'); dot > 0; dot = key.lastIndexOf('.', dot - 1)) {
    const tail = table.tails.get(key.slice(0, dot));
    if (tail !== undefined) return tail;
  }
  return undefined;
}

function tableOf(map: ConfigNode): MapTable {
  let known = maps.get(map);
  if (!known) {
    known = readMap(map);
    maps.set(map, known);
  }
  return known;
}

/** ngx_http_map in src/http/modules/ngx_http_map_module.c. */
function readMap(map: ConfigNode): MapTable {
  const exact = new Map<string, string>();
  const heads = new Map<string, { value: string; self: boolean }>();
  const tails = new Map<string, string>();
  const patterns: { pattern: string; ignoreCase: boolean; value: string }[] = [];
  let fallback = '';
  let hostnames = false;
  let volatile = false;
  for (const entry of map.children) {
    const value = entry.arg(0);
    const name = toBytes(entry.name);
    if (value === null) {
      hostnames ||= name === 'hostnames';
      volatile ||= name === 'volatile';
    } else if (name === 'default') fallback = value;
    else if (name.startsWith('~')) {
      const ignoreCase = name.startsWith('~*');
      patterns.push({ pattern: name.slice(ignoreCase ? 2 : 1), ignoreCase, value });
    } else if (name !== 'include') {
      const key = asciiLower(name.startsWith('\\') ? name.slice(1) : name);
      if (hostnames && key.startsWith('*.')) heads.set(key.slice(2), { value, self: false });
      else if (hostnames && key.length > 1 && key.startsWith('.'))
        heads.set(key.slice(1), { value, self: true });
      else if (hostnames && key.length > 2 && key.endsWith('.*')) tails.set(key.slice(0, -2), value);
      else exact.set(key, value);
    }
  }
  return { exact, heads, tails, patterns, fallback, hostnames, volatile };
}

/** Value of a `geo` for an address: the smallest network that holds it, or its range (ngx_http_geo_module.c). */
export function lookUpGeo(geo: ConfigNode, text: string): string {
  const address = parseIp(text) ?? parseIp('255.255.255.255')!;
  const ranges = geo.children.some((entry) => entry.name === 'ranges' && entry.args.length === 0);
  let best = -1;
  let value = '';
  for (const entry of geo.children) {
    const result = entry.arg(0);
    if (result === null || entry.name === 'include' || entry.name === 'proxy') continue;
    if (entry.name === 'default') {
      if (best < 0) value = result;
      continue;
    }
    if (ranges) {
      const [from, to] = entry.name.split('-').map((end) => parseIp(end));
      if (
        from &&
        to &&
        from.bits === address.bits &&
        from.value <= address.value &&
        address.value <= to.value
      ) {
        best = 0;
        value = result;
      }
      continue;
    }
    const removed = entry.name === 'delete';
    const match = networkHolds(removed ? result : entry.name, address);
    if (match?.holds && match.length >= best) {
      best = match.length;
      value = removed ? '' : result;
    }
  }
  return toBytes(value);
}

/** Value of a `split_clients` for a text (ngx_http_split_clients_variable). */
export function lookUpSplit(split: ConfigNode, text: string): string {
  const hash = murmurHash2(text);
  let last = 0;
  for (const entry of split.children) {
    const value = toBytes(entry.arg(0) ?? '');
    if (entry.name === '*') return value;
    const percent = Math.round(Number(entry.name.replace(/%$/, '')) * 100);
    last += Math.floor((percent * 0xffffffff) / 10000);
    if (hash < last) return value;
  }
  return '';
}

/** ngx_murmur_hash2 in src/core/ngx_murmurhash.c. */
function murmurHash2(bytes: string): number {
  const M = 0x5bd1e995;
  let hash = bytes.length;
  let at = 0;
  for (; bytes.length - at >= 4; at += 4) {
    let word =
      bytes.charCodeAt(at) |
      (bytes.charCodeAt(at + 1) << 8) |
      (bytes.charCodeAt(at + 2) << 16) |
      (bytes.charCodeAt(at + 3) << 24);
    word = Math.imul(word, M);
    word ^= word >>> 24;
    word = Math.imul(word, M);
    hash = Math.imul(hash, M) ^ word;
  }
  const rest = bytes.length - at;
  if (rest === 3) hash ^= bytes.charCodeAt(at + 2) << 16;
  if (rest >= 2) hash ^= bytes.charCodeAt(at + 1) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes.charCodeAt(at), M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return (hash ^ (hash >>> 15)) >>> 0;
}
