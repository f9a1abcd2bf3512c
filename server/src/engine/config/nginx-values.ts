/**
 * Reads numbers, sizes, times and networks as nginx does (src/core/ngx_string.c, ngx_parse.c, ngx_inet.c). Each
 * answer is null where nginx would refuse the text.
 */

const MAX_INT = 2n ** 63n - 1n;

/** A number without a sign (ngx_atoi). */
export function parseNumber(text: string): number | null {
  if (!/^\d+$/.test(text)) return null;
  return text.length > 18 && BigInt(text) > MAX_INT ? null : Number(text);
}

/** Bytes, with `k` or `m` (ngx_parse_size). */
export function parseSize(text: string): number | null {
  return parseScaled(text, { k: 1024, m: 1024 ** 2 });
}

/** Bytes, with `k`, `m` or `g` (ngx_parse_offset). */
export function parseOffset(text: string): number | null {
  return parseScaled(text, { k: 1024, m: 1024 ** 2, g: 1024 ** 3 });
}

function parseScaled(text: string, units: Record<string, number>): number | null {
  const scale = units[text.slice(-1).toLowerCase()];
  const digits = parseNumber(scale === undefined ? text : text.slice(0, -1));
  if (digits === null) return null;
  const size = digits * (scale ?? 1);
  return size > Number(MAX_INT) ? null : size;
}

/** Units in the order in which nginx wants them. */
const TIME_STEPS: Readonly<Record<string, readonly [step: number, seconds: number]>> = {
  y: [1, 31_536_000],
  M: [2, 2_592_000],
  w: [3, 604_800],
  d: [4, 86_400],
  h: [5, 3600],
  m: [6, 60],
  s: [7, 1],
  ms: [8, 0.001],
  ' ': [9, 1],
};

/** A time in seconds, or in milliseconds where those are allowed (ngx_parse_time). */
export function parseTime(text: string, unit: 'sec' | 'msec'): number | null {
  const seconds = unit === 'sec';
  const perSecond = seconds ? 1 : 1000;
  let step = seconds ? 0 : 2;
  let total = 0;
  let rest = text;
  let valid = false;
  while (rest !== '') {
    const match = /^(\d*)(ms|[yMwdhms ])? */.exec(rest);
    if (!match || match[0] === '') return null;
    const [all, digits = '', name] = match;
    valid ||= digits !== '';
    const value = digits === '' ? 0 : parseNumber(digits);
    if (value === null) return null;
    rest = rest.slice(all.length);
    if (name === undefined) {
      if (rest !== '') return null;
      total += value * perSecond;
      break;
    }
    const [next, scale] = TIME_STEPS[name]!;
    // Only milliseconds may not follow each other, and a blank ends what has no unit.
    const late = name === ' ' ? step >= 7 : step >= next;
    if (late || (seconds && name === 'ms')) return null;
    step = next;
    total += value * scale * perSecond;
  }
  return valid && total <= Number(MAX_INT) ? Math.round(total) : null;
}

/** Whether a text is an IPv4 address (ngx_inet_addr). It may not be 255.255.255.255, which stands for none. */
export function isIpv4(text: string): boolean {
  const octets = text.split('.');
  // An empty octet is 0 to nginx.
  if (octets.length !== 4 || !/^[\d.]+$/.test(text)) return false;
  return octets.every((octet) => Number(octet) <= 255) && octets.some((octet) => Number(octet) !== 255);
}

/** Whether a text is an IPv6 address without brackets (ngx_inet6_addr). */
export function isIpv6(text: string): boolean {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return false;
  const groups = [head, tail ?? ''].flatMap((part) => (part === '' ? [] : part.split(':')));
  const last = groups.at(-1) ?? '';
  const embedded = last.includes('.');
  if (embedded && !isIpv4(last)) return false;
  const plain = embedded ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const count = plain.length + (embedded ? 2 : 0);
  return tail === undefined ? count === 8 : count < 8;
}

/** Whether a text is an address or network in CIDR notation (ngx_ptocidr). */
export function isNetwork(text: string): boolean {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const v4 = isIpv4(address);
  if (!v4 && !isIpv6(address)) return false;
  if (slash < 0) return true;
  const bits = parseNumber(text.slice(slash + 1));
  return bits !== null && bits <= (v4 ? 32 : 128);
}
