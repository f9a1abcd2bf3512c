/** An address as a number: 32 bits, or 128 for IPv6. */
export interface IpAddress {
  readonly value: bigint;
  readonly bits: 32 | 128;
}

/** Reads an IPv4 or IPv6 literal without brackets (ngx_ptocidr and its helpers in src/core/ngx_inet.c). */
export function parseIp(text: string): IpAddress | null {
  const four = parseFour(text);
  if (four !== null) return { value: four, bits: 32 };
  return text.includes(':') ? parseSix(text) : null;
}

function parseFour(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return null;
  return BigInt(parts.reduce((sum, part) => sum * 256 + Number(part), 0));
}

function parseSix(text: string): IpAddress | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':').flatMap(sixGroup)));
  const [left = [], right = []] = groups;
  const gap = halves.length === 2 ? 8 - left.length - right.length : 0;
  if (gap < 0 || left.length + right.length + gap !== 8) return null;
  const all = [...left, ...Array<string>(gap).fill('0'), ...right];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { value: BigInt(`0x${all.map((group) => group.padStart(4, '0')).join('')}`), bits: 128 };
}

/** Two groups for an IPv4 tail. */
function sixGroup(group: string): string[] {
  const four = group.includes('.') ? parseFour(group) : null;
  if (four === null) return [group];
  return [(four >> 16n).toString(16), (four & 0xffffn).toString(16)];
}

/** Whether a network such as "10.0.0.0/8" or a single address holds an address; null where the text is neither. */
export function networkHolds(network: string, address: IpAddress): { holds: boolean; length: number } | null {
  const [text = '', length] = network.split('/');
  const base = parseIp(text);
  if (!base) return null;
  const bits = length === undefined ? base.bits : Number(length);
  if (!Number.isInteger(bits) || bits < 0 || bits > base.bits) return null;
  const shift = BigInt(base.bits - bits);
  const holds = base.bits === address.bits && base.value >> shift === address.value >> shift;
  return { holds, length: bits };
}
