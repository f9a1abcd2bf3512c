import type { TokenKind } from './parser.ts';

/**
 * Cuts a text into tokens as ngx_conf_read_token does (src/core/ngx_conf_file.c), and OpenResty's reader of
 * *_by_lua_block (ngx_http_lua_conf_lua_block_parse): the same tokens that the grammar gives for sound text. Broken text
 * has one reading here, however it came about, while tree-sitter's depends on the edits; and a file that is read once
 * needs no tree.
 */
export interface ScanSink {
  token(kind: TokenKind, start: number, end: number): void;
  /** Whether the last `{` opened a block of Lua. */
  readonly insideLua: boolean;
  /** End of a directive that stands at `start` and is known already; -1: read it. Asked where one may start. */
  known?(start: number): number;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DOUBLE = 34;
const HASH = 35;
const DOLLAR = 36;
const SINGLE = 39;
const CLOSE_PARENTHESIS = 41;
const MINUS = 45;
const SEMICOLON = 59;
const EQUALS = 61;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;

/** nginx's buffer: it refuses a longer token, so no closing quote is worth looking for beyond it. */
const MAX_TOKEN = 4096;

function isBlank(c: number): boolean {
  return c === SPACE || c === LF || c === CR || c === TAB;
}

/** Reads the whole text; linear in its length. */
export function scan(text: string, sink: ScanSink): void {
  const { length } = text;
  let i = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let between = true;
  while (i < length) {
    const c = text.charCodeAt(i);
    if (isBlank(c)) {
      i++;
      continue;
    }
    if (between && sink.known) {
      const end = sink.known(i);
      if (end > i) {
        i = end;
        continue;
      }
    }
    switch (c) {
      case HASH: {
        const end = commentEnd(text, i);
        sink.token('comment', i, end);
        i = end;
        continue;
      }
      case SEMICOLON:
        sink.token(';', i, i + 1);
        between = true;
        i++;
        continue;
      case CLOSE:
        sink.token('}', i, i + 1);
        between = true;
        i++;
        continue;
      case OPEN:
        sink.token('{', i, i + 1);
        between = true;
        i++;
        if (sink.insideLua) {
          const end = luaEnd(text, i);
          if (end > i) sink.token('lua', i, end);
          i = end;
        }
        continue;
      case DOUBLE:
      case SINGLE:
        i = quoted(text, i, sink);
        break;
      default: {
        const end = wordEnd(text, i);
        sink.token('word', i, end);
        i = end;
      }
    }
    between = false;
  }
}

/** Only a line feed ends a comment; the carriage return of a CRLF is left out of it. */
function commentEnd(text: string, start: number): number {
  let end = text.indexOf('\n', start);
  if (end < 0) end = text.length;
  while (end > start && text.charCodeAt(end - 1) === CR) end--;
  return end;
}

/** A backslash takes the next character with it; braces right behind a `$` belong to the word. */
function wordEnd(text: string, start: number): number {
  const { length } = text;
  let i = start;
  while (i < length) {
    const c = text.charCodeAt(i);
    if (c === BACKSLASH) i += 2;
    else if (c === DOLLAR) {
      i++;
      while (text.charCodeAt(i) === OPEN) i++;
    } else if (c === SEMICOLON || c === OPEN || isBlank(c)) break;
    else i++;
  }
  return Math.min(i, length);
}

/** Whether nginx lets what stands at an offset follow a closing quote; `)` is for `if ($a = "x y")`. */
function mayFollowQuote(text: string, at: number): boolean {
  return text.charCodeAt(at) === CLOSE_PARENTHESIS || endsWord(text, at);
}

function endsWord(text: string, at: number): boolean {
  if (at >= text.length) return true;
  const c = text.charCodeAt(at);
  return isBlank(c) || c === SEMICOLON || c === OPEN;
}

/**
 * A string whose closing quote cannot be the right one ends on its first line, before a closing `;`. The right one is
 * within MAX_TOKEN characters, and followed by what nginx allows there; on the first line what follows is `unexpected`.
 */
function quoted(text: string, start: number, sink: ScanSink): number {
  const { length } = text;
  const quote = text.charCodeAt(start);
  /** Where the string ends if it is never closed. */
  let open = start + 1;
  let firstLine = true;
  let afterSemicolon = false;
  let i = start + 1;
  for (let count = 0; i < length && count < MAX_TOKEN; count++) {
    const c = text.charCodeAt(i);
    if (c === quote) {
      const sound = mayFollowQuote(text, i + 1);
      if (!firstLine && !sound) break;
      sink.token('string', start, i + 1);
      if (sound) return i + 1;
      let end = i + 1;
      while (!endsWord(text, end)) end++;
      sink.token('unexpected', i + 1, end);
      return end;
    }
    if (firstLine) {
      if (c === LF) {
        if (!afterSemicolon) open = i;
        firstLine = false;
      } else if (c === SEMICOLON) {
        open = i;
        afterSemicolon = true;
      } else if (!isBlank(c)) afterSemicolon = false;
    }
    if (c === BACKSLASH) {
      i++;
      count++;
      if (i >= length) break;
      if (text.charCodeAt(i) === LF && firstLine) {
        open = i;
        firstLine = false;
      }
    }
    // A pair of surrogates is one character.
    i += (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1;
  }
  if (firstLine && !afterSemicolon) open = Math.min(i, length);
  sink.token('unterminated', start, open);
  return open;
}

/** Raw Lua up to the `}` that balances the block's `{`, or, as for OpenResty, to the end of the file. */
function luaEnd(text: string, start: number): number {
  const { length } = text;
  let depth = 0;
  let end = start;
  /** Up to where no string of each kind of quote is closed: known from one look at a line. */
  const open = { [DOUBLE]: -1, [SINGLE]: -1 };
  let i = start;
  while (i < length) {
    const c = text.charCodeAt(i);
    if (c === CLOSE) {
      if (depth-- === 0) return end;
      i++;
    } else if (c === OPEN) {
      depth++;
      i++;
    } else if (c === DOUBLE || c === SINGLE) {
      // A quote left open on its line is a character like any other.
      if (i < open[c]!) i++;
      else {
        const close = luaStringEnd(text, i);
        if (close > 0) i = close;
        else open[c] = -close;
        if (close <= 0) i++;
      }
    } else if (c === MINUS && text.charCodeAt(i + 1) === MINUS) {
      const bracket = longBracketEnd(text, i + 2);
      i = bracket > 0 ? bracket : lineEnd(text, i);
    } else if (c === OPEN_BRACKET) {
      const bracket = longBracketEnd(text, i);
      i = bracket > 0 ? bracket : i + 1;
    } else {
      i++;
      if (isBlank(c)) continue;
    }
    end = i;
  }
  return Math.min(end, length);
}

function lineEnd(text: string, from: number): number {
  const feed = text.indexOf('\n', from);
  return feed < 0 ? text.length : feed;
}

/** Behind the string at a quote; where it is open, the negative of the line's end. */
function luaStringEnd(text: string, start: number): number {
  const quote = text.charCodeAt(start);
  const { length } = text;
  let i = start + 1;
  while (i < length) {
    const c = text.charCodeAt(i);
    if (c === LF) break;
    i++;
    if (c === quote) return i;
    if (c === BACKSLASH && i < length && text.charCodeAt(i) !== LF) i++;
  }
  return -i;
}

/** Behind `[[...]]`, `[=[...]=]` and so on at a `[`; an open one takes the rest of the text. -1: there is none. */
function longBracketEnd(text: string, start: number): number {
  if (text.charCodeAt(start) !== OPEN_BRACKET) return -1;
  let i = start + 1;
  while (text.charCodeAt(i) === EQUALS) i++;
  if (text.charCodeAt(i) !== OPEN_BRACKET) return -1;
  const close = text.indexOf(`]${'='.repeat(i - start - 1)}]`, i + 1);
  return close < 0 ? text.length : close + (i - start) + 1;
}
