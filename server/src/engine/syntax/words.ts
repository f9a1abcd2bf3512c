import type { Quote, Word } from './directive.ts';

/**
 * Value of a word or of a string's inside as nginx stores it: `\"`, `\'` and `\\` lose the backslash, `\t`, `\r`
 * and `\n` become control characters, any other pair keeps both characters (ngx_conf_read_token).
 */
export function decodeValue(text: string): string {
  if (!text.includes('\\')) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c !== '\\' || i + 1 >= text.length) {
      out += c;
      continue;
    }
    const next = text[++i]!;
    if (next === '"' || next === "'" || next === '\\') out += next;
    else if (next === 't') out += '\t';
    else if (next === 'r') out += '\r';
    else if (next === 'n') out += '\n';
    else out += c + next;
  }
  return out;
}

/** Makes a word from its text as written; an unterminated string has no closing quote. */
export function makeWord(at: number, raw: string): Word {
  const first = raw[0];
  if (first === '"' || first === "'") {
    const closed = raw.length > 1 && raw.endsWith(first);
    return { at, raw, value: decodeValue(raw.slice(1, closed ? -1 : undefined)), quote: first as Quote };
  }
  return { at, raw, value: decodeValue(raw), quote: null };
}

/** nginx refuses a token that does not fit its 4096-byte buffer (NGX_CONF_BUFFER); the limit is in bytes. */
export const MAX_TOKEN_BYTES = 4096;

/** Length of a text in UTF-8 bytes; a lone surrogate counts as the three bytes it is written with. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x80) bytes++;
    else if (c < 0x800) bytes += 2;
    else if (c >= 0xd800 && c < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3;
  }
  return bytes;
}
