/**
 * nginx's own reading of a configuration file, re-told in TypeScript from `ngx_conf_read_token` and `ngx_conf_parse`
 * (the same from nginx 1.22.1 to 1.31.5), and from OpenResty's lexer for raw Lua. It shares no
 * code with the grammar: the tests hold the two against each other.
 *
 * It reads UTF-16, as editors do. All characters that mean something are ASCII, so that changes nothing but the length
 * limit, which nginx counts in bytes: the UTF-8 length is kept beside each offset.
 */

/** A word or a quoted string; offsets include the quotes. */
export interface Word {
  readonly quote: '"' | "'" | null;
  /** What nginx's modules get to see: quotes removed, escapes resolved. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
  readonly startByte: number;
  readonly endByte: number;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Directive {
  readonly name: Word;
  readonly args: readonly Word[];
  /** The directives between the braces; null where a ';' ends the directive, or where the braces hold Lua. */
  readonly children: readonly Directive[] | null;
  /** The Lua between the braces, blanks and all. */
  readonly lua: Span | null;
  /** From the name to behind the ';' or '}'. */
  readonly start: number;
  readonly end: number;
}

export type LexicalErrorKind =
  /** A character that may not stand where it stands. */
  | 'unexpected'
  /** The file ends within a directive or a string. */
  | 'unfinished-directive'
  /** The file ends within a block. */
  | 'unfinished-block'
  /** A token does not fit into nginx's buffer. */
  | 'too-long'
  | 'unfinished-lua';

export interface LexicalError {
  readonly kind: LexicalErrorKind;
  /** nginx's text, without " in FILE:LINE". */
  readonly message: string;
  /** The line nginx names, from 1. */
  readonly line: number;
  /** Where nginx stood when it gave up; for 'too-long' where the token starts. */
  readonly offset: number;
}

export type TokenizerResult =
  | { readonly ok: true; readonly directives: readonly Directive[] }
  | { readonly ok: false; readonly error: LexicalError };

export interface TokenizerOptions {
  /** Reads what `*_by_lua_block` braces hold as OpenResty does. Plain nginx knows no such directive. Default: true. */
  readonly lua?: boolean;
}

/** NGX_CONF_BUFFER: as many bytes may lie between the start of a token and what nginx reads next. */
export const TOKEN_LIMIT = 4096;

const LUA_BLOCK_NAME = /^[a-z][a-z_]*_by_lua_block$/;

/** Reads a whole file; stops, like nginx, at the first lexical error. */
export function tokenize(text: string, options: TokenizerOptions = {}): TokenizerResult {
  try {
    return { ok: true, directives: new Reader(text).readFile(options.lua ?? true) };
  } catch (error) {
    if (error instanceof Stop) return { ok: false, error: error.reason };
    throw error;
  }
}

class Stop extends Error {
  constructor(readonly reason: LexicalError) {
    super(reason.message);
  }
}

type State = 'between' | 'word' | 'string' | 'behind-string' | 'comment';

type Statement =
  | { readonly end: ';' | '{'; readonly words: readonly [Word, ...Word[]] }
  | { readonly end: '}' | 'eof' };

interface OpenBlock {
  readonly name: Word;
  readonly args: readonly Word[];
  readonly children: Directive[];
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}

class Reader {
  private pos = 0;
  private byte = 0;
  private line = 1;

  constructor(private readonly text: string) {}

  readFile(lua: boolean): Directive[] {
    const top: Directive[] = [];
    const open: OpenBlock[] = [];
    for (;;) {
      const statement = this.readStatement();
      const siblings = open.at(-1)?.children ?? top;
      switch (statement.end) {
        case ';':
        case '{': {
          const [name, ...args] = statement.words;
          if (statement.end === ';') {
            siblings.push({ name, args, children: null, lua: null, start: name.start, end: this.pos });
          } else if (lua && LUA_BLOCK_NAME.test(name.value)) {
            const code = this.readLua();
            siblings.push({ name, args, children: null, lua: code, start: name.start, end: this.pos });
          } else {
            open.push({ name, args, children: [] });
          }
          break;
        }
        case '}': {
          const block = open.pop();
          if (!block) throw this.unexpected('}');
          const { name, args, children } = block;
          const parent = open.at(-1)?.children ?? top;
          parent.push({ name, args, children, lua: null, start: name.start, end: this.pos });
          break;
        }
        case 'eof':
          if (open.length > 0) {
            throw this.stop('unfinished-block', 'unexpected end of file, expecting "}"', this.line, this.pos);
          }
          return top;
      }
    }
  }

  /** Reads words up to what ends them: one call of nginx's ngx_conf_read_token. */
  private readStatement(): Statement {
    const words: Word[] = [];
    let state: State = 'between';
    let quote: '"' | "'" | null = null;
    let escaped = false;
    let afterDollar = false;
    let token = this.mark();

    const finish = (end: ';' | '{', char: string): Statement => {
      const [first, ...rest] = words;
      if (!first) throw this.unexpected(char);
      return { end, words: [first, ...rest] };
    };

    while (this.pos < this.text.length) {
      const char = this.text[this.pos]!;
      const width = this.widthAt(this.pos);
      // nginx notices when it wants to read on and its buffer holds nothing but this token. A string counts from
      // behind its opening quote, and keeps counting up to what follows the blanks behind its closing quote.
      const counted = this.byte - (token.byte + (quote ? 1 : 0));
      if (counted + width > TOKEN_LIMIT) {
        throw this.tooLong(token, state === 'string' ? quote : null, quote !== null);
      }
      this.pos++;
      this.byte += width;
      if (char === '\n') this.line++;

      if (state === 'comment') {
        if (char !== '\n') continue;
        state = 'between';
      }
      if (escaped) {
        escaped = false;
        continue;
      }
      if (state === 'behind-string') {
        if (isBlank(char)) {
          state = 'between';
          continue;
        }
        if (char === ';' || char === '{') return finish(char, char);
        if (char !== ')') throw this.unexpected(char);
        state = 'between';
      }

      if (state === 'between') {
        quote = null;
        token = { pos: this.pos - 1, byte: this.byte - width, line: this.line };
        if (isBlank(char)) continue;
        switch (char) {
          case ';':
          case '{':
            return finish(char, char);
          case '}':
            if (words.length > 0) throw this.unexpected(char);
            return { end: '}' };
          case '#':
            state = 'comment';
            break;
          case '"':
          case "'":
            state = 'string';
            quote = char;
            break;
          default:
            state = 'word';
            escaped = char === '\\';
            afterDollar = char === '$';
        }
        continue;
      }

      // Within a word or a string.
      if (afterDollar && char === '{') continue;
      afterDollar = char === '$';
      if (char === '\\') {
        escaped = true;
      } else if (state === 'string') {
        if (char === quote) {
          words.push(this.word(token, this.pos, this.byte, quote));
          state = 'behind-string';
        }
      } else if (isBlank(char) || char === ';' || char === '{') {
        words.push(this.word(token, this.pos - 1, this.byte - width, null));
        if (char === ';' || char === '{') return finish(char, char);
        state = 'between';
      }
    }

    if (words.length > 0 || state === 'word' || state === 'string') {
      const message = 'unexpected end of file, expecting ";" or "}"';
      throw this.stop('unfinished-directive', message, this.line, this.pos);
    }
    return { end: 'eof' };
  }

  /** OpenResty's lexer: from behind the opening brace to behind the one that balances it. */
  private readLua(): Span {
    const interesting =
      /\{|\}|\[=*\[|--\[=*\[|\]=*\]|--[^\n]*|"(?:\\[^\n]|[^"\n\\])*"|'(?:\\[^\n]|[^'\n\\])*'/g;
    const start = this.pos;
    let depth = 1;
    let lineOfOpening = this.line;
    interesting.lastIndex = this.pos;
    for (let match = interesting.exec(this.text); match; match = interesting.exec(this.text)) {
      const token = match[0];
      if (token === '}') {
        depth--;
        if (depth === 0) {
          this.skipTo(interesting.lastIndex);
          return { start, end: this.pos - 1 };
        }
      } else if (token === '{') {
        depth++;
        this.skipTo(interesting.lastIndex);
        lineOfOpening = this.line;
      } else if (token.endsWith('[') && /^(--)?\[=*\[$/.test(token)) {
        const closing = token.replace('--', '').replaceAll('[', ']');
        const at = this.text.indexOf(closing, interesting.lastIndex);
        this.skipTo(match.index);
        if (at < 0) {
          const message =
            `Lua code block missing the closing long bracket "${closing}", ` +
            'the inlined Lua code may be too long';
          throw this.stop('unfinished-lua', message, this.line, this.pos);
        }
        interesting.lastIndex = at + closing.length;
      }
    }
    this.skipTo(this.text.length);
    const message = 'unexpected end of file, expecting terminating characters for lua code block';
    throw this.stop('unfinished-lua', message, lineOfOpening, this.pos);
  }

  private mark(): { pos: number; byte: number; line: number } {
    return { pos: this.pos, byte: this.byte, line: this.line };
  }

  private skipTo(pos: number): void {
    for (; this.pos < pos; this.pos++) {
      this.byte += this.widthAt(this.pos);
      if (this.text[this.pos] === '\n') this.line++;
    }
  }

  /** UTF-8 bytes of the code unit; a surrogate pair counts as four for its first half. */
  private widthAt(pos: number): number {
    const unit = this.text.charCodeAt(pos);
    if (unit < 0x80) return 1;
    if (unit < 0x800) return 2;
    if (unit < 0xd800 || unit > 0xdfff) return 3;
    return unit < 0xdc00 ? 4 : 0;
  }

  private word(
    token: { pos: number; byte: number },
    end: number,
    endByte: number,
    quote: Word['quote'],
  ): Word {
    const inner = quote ? this.text.slice(token.pos + 1, end - 1) : this.text.slice(token.pos, end);
    return { quote, value: resolveEscapes(inner), start: token.pos, end, startByte: token.byte, endByte };
  }

  private unexpected(char: string): Stop {
    // nginx prints the one byte it stumbled over: of a longer character that is no valid text.
    const shown = char.charCodeAt(0) < 0x80 ? char : '\uFFFD';
    return this.stop('unexpected', `unexpected "${shown}"`, this.line, this.pos - 1);
  }

  private tooLong(token: { pos: number; line: number }, openQuote: Word['quote'], quoted: boolean): Stop {
    const start = token.pos + (quoted ? 1 : 0);
    const message = openQuote
      ? `too long parameter, probably missing terminating "${openQuote}" character`
      : `too long parameter "${firstBytes(this.text.slice(start, start + 10), 10)}..." started`;
    return this.stop('too-long', message, token.line, token.pos);
  }

  private stop(kind: LexicalErrorKind, message: string, line: number, offset: number): Stop {
    return new Stop({ kind, message, line, offset });
  }
}

function firstBytes(text: string, count: number): string {
  return new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, count));
}

/** Resolves the six escapes that nginx knows; any other backslash stays, with what follows it. */
function resolveEscapes(raw: string): string {
  let value = '';
  for (let i = 0; i < raw.length; i++) {
    const char = raw[i]!;
    const next = raw[i + 1];
    if (char !== '\\' || next === undefined) {
      value += char;
      continue;
    }
    if (next === '"' || next === "'" || next === '\\') value += next;
    else if (next === 't') value += '\t';
    else if (next === 'r') value += '\r';
    else if (next === 'n') value += '\n';
    else value += char + next;
    i++;
  }
  return value;
}
