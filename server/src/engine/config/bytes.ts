/**
 * nginx compares and escapes bytes. Here a byte string is a text whose every character stands for one byte, so that
 * lengths, prefixes and regular expressions mean what they mean to nginx.
 */

/** A text as the bytes of its UTF-8 form. */
export function toBytes(text: string): string {
  if (!/[^\u0000-\u007f]/.test(text)) return text;
  let bytes = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) bytes += character;
    else if (code < 0x800) bytes += String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000)
      bytes += String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else
      bytes += String.fromCharCode(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 0x3f),
        0x80 | ((code >> 6) & 0x3f),
        0x80 | (code & 0x3f),
      );
  }
  return bytes;
}

/** The text that bytes spell in UTF-8; bytes that spell none stay one character each. */
export function fromBytes(bytes: string): string {
  if (!/[\u0080-\u00ff]/.test(bytes)) return bytes;
  try {
    return decodeURIComponent(bytes.replace(/[%\u0080-\u00ff]/g, percent));
  } catch {
    return bytes;
  }
}

function percent(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

const NOT_IN_URI = /[\u0000-\u0020"#%<>?\\^`{|}\u007f-\u00ff]/g;
const NOT_IN_ARGS = /[\u0000-\u0020"#%&+;<>?\\^`{|}\u007f-\u00ff]/g;

/** ngx_escape_uri with NGX_ESCAPE_URI (src/core/ngx_string.c, since 1.21.1). */
export function escapeUri(bytes: string): string {
  return bytes.replace(NOT_IN_URI, percent);
}

/** ngx_escape_uri with NGX_ESCAPE_ARGS (src/core/ngx_string.c): how captures stand in arguments and redirects. */
export function escapeArgs(bytes: string): string {
  return bytes.replace(NOT_IN_ARGS, percent);
}

/**
 * ngx_unescape_uri with NGX_UNESCAPE_REDIRECT (src/core/ngx_string.c): printable characters in front of a "?" are
 * decoded, the rest of the text stays.
 */
export function unescapeRedirect(bytes: string): string {
  let result = '';
  for (let i = 0; i < bytes.length; i++) {
    const char = bytes[i]!;
    if (char === '?') return result + bytes.slice(i);
    if (char !== '%') {
      result += char;
      continue;
    }
    const first = bytes[i + 1];
    if (first === undefined) return result;
    if (!isHex(first)) {
      // The percent sign is lost, as nginx loses it.
      result += first;
      i++;
      continue;
    }
    const second = bytes[i + 2];
    if (second === undefined) return result;
    i += 2;
    if (!isHex(second)) continue;
    const code = Number.parseInt(first + second, 16);
    if (code === 0x3f) return `${result}?${bytes.slice(i + 1)}`;
    result += code > 0x25 && code < 0x7f ? String.fromCharCode(code) : `%${first}${second}`;
  }
  return result;
}

function isHex(char: string): boolean {
  return /^[0-9a-fA-F]$/.test(char);
}
