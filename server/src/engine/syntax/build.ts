import type { Block, Comment, Directive, Item, SyntaxProblem, Word } from './directive.ts';
import type { TokenKind } from './parser.ts';
import { byteLength, MAX_TOKEN_BYTES, makeWord } from './words.ts';

/**
 * Says whether nginx would refuse a directive with `count` arguments, and read it as two when a `;` stood before
 * `next`, the argument with that index: a forgotten semicolon. The syntax knows no directive, so whoever builds
 * brings the answer.
 */
export type ForgotSemicolon = (name: string, count: number, index: number, next: string) => boolean;

/** Faults listed of one text: enough for people, bounded for hostile input. */
const MAX_PROBLEMS = 1000;

/** OpenResty reads what follows such a name as Lua; the name may be quoted. */
const LUA_NAME = /^(["']?)[a-z][a-z_]*_by_lua_block\1$/;

interface OpenBlock {
  readonly start: number;
  readonly words: readonly PendingWord[];
  readonly open: number;
  readonly items: Item[];
  readonly comments: Comment[];
  readonly headComments: Comment[];
  clean: boolean;
}

interface PendingWord {
  readonly start: number;
  readonly raw: string;
  readonly firstOnLine: boolean;
}

/**
 * Builds directives from tokens as ngx_conf_parse does, and goes on where nginx would stop: each fault is noted
 * and the text after it is read as the writer most likely meant it.
 */
export class Builder {
  readonly problems: SyntaxProblem[] = [];
  private readonly stack: OpenBlock[] = [];
  private readonly top: { items: Item[]; comments: Comment[] } = { items: [], comments: [] };
  private words: PendingWord[] = [];
  private headComments: Comment[] = [];
  private headClean = true;
  /** Set between the braces of a Lua block. */
  private inLua: { open: number; depth: number } | null = null;
  private last = 0;

  constructor(
    private readonly text: string,
    private readonly forgotSemicolon: ForgotSemicolon,
    /** Where words and comments are quoted from: the text, or what stands under the covers of a template's marks. */
    private readonly quoted: string = text,
  ) {
    if (text.charCodeAt(0) !== 0xfeff) return;
    // tree-sitter skips it; nginx takes it for a part of the first word.
    this.last = 1;
    const message =
      'a byte order mark stands at the start of the file: nginx takes it for a part of the first word';
    this.problem('syntax', 0, 1, message, { start: 0, end: 1, newText: '' });
    this.headClean = true;
  }

  /** Whether a directive may start here: reuse is sound only then. */
  get between(): boolean {
    return this.words.length === 0 && this.inLua === null;
  }

  /** Whether what comes next is Lua, up to the brace that closes its block. */
  get insideLua(): boolean {
    return this.inLua !== null;
  }

  /** Takes over a directive whose text has not changed. */
  reuse(start: number, directive: Directive): void {
    this.skipped(start);
    this.addItem({ at: start, directive });
    this.last = start + directive.end;
  }

  token(kind: TokenKind, start: number, end: number): void {
    if (this.inLua) {
      this.luaToken(kind, start, end);
      return;
    }
    this.skipped(start);
    this.last = end;
    switch (kind) {
      case 'word':
      case 'string':
        this.word(start, end, kind === 'string');
        break;
      case 'unterminated':
        this.unterminated(start, end);
        break;
      case 'unexpected':
        this.problem('syntax', start, end, `unexpected "${this.text[start]}" after a closing quote`, {
          start,
          end: start,
          newText: ' ',
        });
        this.word(start, end, false);
        break;
      case 'comment':
        this.comment(start, end);
        break;
      case 'lua': // never looked into: its braces tell where it stands
        break;
      case ';':
        this.semicolon(start);
        break;
      case '{':
        this.openBrace(start);
        break;
      case '}':
        this.closeBrace(start);
        break;
    }
  }

  /**
   * Inside a Lua block only its closing brace matters. Where the text around it is broken, its content may come as
   * ordinary tokens instead of one.
   */
  private luaToken(kind: TokenKind, start: number, end: number): void {
    this.last = end;
    if (kind === '{') this.inLua!.depth++;
    else if (kind === '}' && this.inLua!.depth-- === 0) this.closeBrace(start);
  }

  end(): { items: Item[]; comments: Comment[]; problems: SyntaxProblem[] } {
    this.skipped(this.text.length);
    if (this.words.length > 0) this.missingSemicolon('the end of the file');
    if (this.stack.length > 0) this.unclosed();
    while (this.stack.length > 0) this.closeBlock(this.text.length, false);
    this.problems.sort((a, b) => a.start - b.start || a.end - b.end);
    return { ...this.top, problems: this.problems };
  }

  private problem(
    kind: SyntaxProblem['kind'],
    start: number,
    end: number,
    message: string,
    edit: SyntaxProblem['edit'],
  ): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ kind, start, end, message, edit });
    else if (this.problems.length === MAX_PROBLEMS) {
      const more = `more than ${MAX_PROBLEMS} faults; those from here on are not listed`;
      this.problems.push({ kind: 'syntax', start, end, message: more, edit: null });
    }
    this.headClean = false;
    // Below a block with a fault all are marked already.
    for (let i = this.stack.length - 1; i >= 0 && this.stack[i]!.clean; i--) this.stack[i]!.clean = false;
  }

  /** Text that error recovery left without a token. */
  private skipped(until: number): void {
    let start = -1;
    for (let i = this.last; i < until; i++) {
      const c = this.text.charCodeAt(i);
      const blank = c === 32 || c === 9 || c === 10 || c === 13;
      if (start < 0 && !blank) start = i;
      if (start >= 0 && (blank || i === until - 1)) {
        const end = blank ? i : i + 1;
        this.problem(
          'syntax',
          start,
          end,
          `unexpected "${this.text.slice(start, Math.min(end, start + 20))}"`,
          null,
        );
        start = -1;
      }
    }
  }

  private word(start: number, end: number, quoted: boolean): void {
    const raw = this.quoted.slice(start, end);
    // nginx moves its mark only when it reads the next character: a blank behind the token counts too.
    const blank = /[ \t\r\n]/.test(this.text[end] ?? '') ? 1 : 0;
    const limit = (quoted ? MAX_TOKEN_BYTES : MAX_TOKEN_BYTES - 1) - blank;
    if (raw.length * 3 > limit && byteLength(raw) > limit) {
      this.problem(
        'token-too-long',
        start,
        end,
        `too long parameter, ${byteLength(raw)} bytes; nginx takes ${limit}`,
        null,
      );
    }
    this.words.push({ start, raw, firstOnLine: this.isFirstOnLine(start) });
  }

  private isFirstOnLine(offset: number): boolean {
    for (let i = offset - 1; i >= 0; i--) {
      const c = this.text.charCodeAt(i);
      if (c === 10) return true;
      if (c !== 32 && c !== 9 && c !== 13) return false;
    }
    return true;
  }

  private unterminated(start: number, end: number): void {
    const quote = this.text[start]!;
    const close = this.text.indexOf(quote, end);
    if (close >= 0 && end - start > MAX_TOKEN_BYTES / 4 && !this.text.slice(start, close).includes('\n')) {
      // Closed on its line, but beyond what the scanner looks through: too long is its only fault.
      const bytes = byteLength(this.text.slice(start, close + 1));
      const message = `too long parameter, ${bytes} bytes; nginx takes ${MAX_TOKEN_BYTES}`;
      this.problem('token-too-long', start, close + 1, message, null);
      this.words.push({ start, raw: this.quoted.slice(start, end), firstOnLine: this.isFirstOnLine(start) });
      return;
    }
    this.problem('unterminated-string', start, end, `the quote ${quote} opened here is never closed`, {
      start: end,
      end,
      newText: quote,
    });
    this.word(start, end, true);
  }

  private comment(start: number, end: number): void {
    if (this.text.charCodeAt(end - 1) === 13) end--;
    const text = this.quoted.slice(start, end);
    const bytes = text.length * 3 >= MAX_TOKEN_BYTES ? byteLength(text) : 0;
    if (bytes >= MAX_TOKEN_BYTES) {
      this.problem(
        'token-too-long',
        start,
        end,
        `too long comment, ${bytes} bytes; nginx takes ${MAX_TOKEN_BYTES - 1} in one line`,
        null,
      );
    }
    if (this.words.length > 0) {
      this.headComments.push({ at: start - this.words[0]!.start, text });
      return;
    }
    const block = this.stack.at(-1);
    if (block) block.comments.push({ at: start - block.start, text });
    else this.top.comments.push({ at: start, text });
  }

  private semicolon(at: number): void {
    if (this.words.length === 0) {
      this.problem('syntax', at, at + 1, 'unexpected ";"', { start: at, end: at + 1, newText: '' });
      this.headClean = true;
      return;
    }
    this.finish(at + 1, true);
  }

  private openBrace(at: number): void {
    if (this.words.length === 0) {
      this.problem('unexpected-brace', at, at + 1, 'unexpected "{": the block has no name', null);
      this.words.push({ start: at, raw: '', firstOnLine: false });
    }
    this.splitAtForgotten();
    const words = this.words;
    if (LUA_NAME.test(words[0]!.raw)) {
      this.inLua = { open: at, depth: 0 };
      return;
    }
    this.stack.push({
      start: words[0]!.start,
      words,
      open: at,
      items: [],
      comments: [],
      headComments: this.headComments,
      clean: this.headClean,
    });
    this.resetHead();
  }

  private closeBrace(at: number): void {
    if (this.inLua) {
      const { start } = this.words[0]!;
      const open = this.inLua.open - start;
      this.inLua = null;
      this.push({ end: at + 1 - start, terminated: true, block: null, lua: { open, close: at - start } });
      return;
    }
    if (this.words.length > 0) this.missingSemicolon('"}"');
    if (this.stack.length === 0) {
      this.problem('unexpected-brace', at, at + 1, 'unexpected "}": no block is open here', {
        start: at,
        end: at + 1,
        newText: '',
      });
      this.headClean = true;
      return;
    }
    this.closeBlock(at, true);
  }

  private missingSemicolon(before: string): void {
    const end = this.wordsEnd(this.words);
    if (this.inLua) {
      this.inLua = null;
      this.problem(
        'unclosed-block',
        this.words[0]!.start,
        end,
        'the Lua block opened here is never closed',
        null,
      );
    } else {
      const last = this.words.at(-1)!;
      this.problem('missing-semicolon', last.start, end, `";" is missing before ${before}`, {
        start: end,
        end,
        newText: ';',
      });
    }
    this.finish(end, false);
  }

  private wordsEnd(words: readonly PendingWord[]): number {
    const last = words.at(-1)!;
    return last.start + last.raw.length;
  }

  /** Reads `a b⏎ c d;` as two directives where only a forgotten `;` explains it. */
  private splitAtForgotten(): void {
    const all = this.words;
    const comments = this.headComments;
    const origin = all[0]!.start;
    let from = 0;
    let comment = 0;
    const commentsUntil = (until: number, base: number): Comment[] => {
      const taken: Comment[] = [];
      for (; comment < comments.length && origin + comments[comment]!.at < until; comment++) {
        taken.push({ at: origin + comments[comment]!.at - base, text: comments[comment]!.text });
      }
      return taken;
    };
    for (let i = 1; i < all.length; i++) {
      const word = all[i]!;
      if (!word.firstOnLine || word.raw[0] === '"' || word.raw[0] === "'") continue;
      if (!this.forgotSemicolon(all[from]!.raw, all.length - from - 1, i - from - 1, word.raw)) continue;
      this.words = all.slice(from, i);
      this.headComments = commentsUntil(word.start, all[from]!.start);
      const end = this.wordsEnd(this.words);
      const message = `";" is missing: "${word.raw}" on the next line starts a new directive`;
      this.problem('missing-semicolon', this.words.at(-1)!.start, end, message, {
        start: end,
        end,
        newText: ';',
      });
      this.push({ end: end - all[from]!.start, terminated: false, block: null, lua: null });
      from = i;
    }
    if (from === 0) return;
    this.words = all.slice(from);
    this.headComments = commentsUntil(Number.POSITIVE_INFINITY, all[from]!.start);
  }

  private finish(end: number, terminated: boolean): void {
    this.splitAtForgotten();
    this.push({ end: end - this.words[0]!.start, terminated, block: null, lua: null });
  }

  private push(rest: Pick<Directive, 'end' | 'terminated' | 'block' | 'lua'>): void {
    this.addItem({
      at: this.words[0]!.start,
      directive: this.directive(this.words, this.headComments, this.headClean, rest),
    });
    this.resetHead();
  }

  private resetHead(): void {
    this.words = [];
    this.headComments = [];
    this.headClean = true;
  }

  private directive(
    words: readonly PendingWord[],
    comments: readonly Comment[],
    clean: boolean,
    rest: Pick<Directive, 'end' | 'terminated' | 'block' | 'lua'>,
  ): Directive {
    const start = words[0]!.start;
    const made: Word[] = words.map((w) => makeWord(w.start - start, w.raw));
    return {
      name: made[0]!,
      args: made.slice(1),
      values: made.slice(1).map((word) => word.value),
      headEnd: this.wordsEnd(words) - start,
      comments,
      clean,
      verdict: null,
      ...rest,
    };
  }

  private closeBlock(at: number, closed: boolean): void {
    const open = this.stack.pop()!;
    const start = open.start;
    const block: Block = {
      open: open.open - start,
      close: at - start,
      closed,
      items: open.items,
      comments: open.comments,
      verdict: null,
    };
    const directive = this.directive(open.words, open.headComments, open.clean && closed, {
      end: at + (closed ? 1 : 0) - start,
      terminated: closed,
      block,
      lua: null,
    });
    this.addItem({ at: start, directive });
    this.headClean = true;
  }

  private addItem(item: Item): void {
    const block = this.stack.at(-1);
    if (block) block.items.push({ at: item.at - block.start, directive: item.directive });
    else this.top.items.push(item);
  }

  /**
   * nginx reports an unclosed block at the end of the file. The indentation tells more: the first block that is
   * closed by a `}` standing further left than its own line is the one that misses its brace.
   */
  private unclosed(): void {
    const innermost = this.stack.at(-1)!;
    const atEnd = { start: innermost.start, end: this.wordsEnd(innermost.words), brace: this.text.length };
    const guess = this.blockBrokenByIndentation() ?? atEnd;
    const indent = ' '.repeat(this.indentation(guess.start));
    const lineStart = this.text.lastIndexOf('\n', guess.brace - 1) + 1;
    const edit =
      guess.brace === this.text.length
        ? {
            start: guess.brace,
            end: guess.brace,
            newText: `${this.text.endsWith('\n') ? '' : '\n'}${indent}}\n`,
          }
        : { start: lineStart, end: lineStart, newText: `${indent}}\n` };
    this.problem(
      'unclosed-block',
      guess.start,
      guess.end,
      'the block opened here is never closed: "}" is missing',
      edit,
    );
  }

  private blockBrokenByIndentation(): { start: number; end: number; brace: number } | null {
    const work = this.stack
      .flatMap((open) => open.items.map((item) => ({ item, base: open.start })))
      .reverse();
    while (work.length > 0) {
      const { item, base } = work.pop()!;
      const { block } = item.directive;
      if (!block) continue;
      const start = base + item.at;
      const brace = start + block.close;
      if (
        block.closed &&
        this.isFirstOnLine(brace) &&
        this.isFirstOnLine(start) &&
        this.indentation(brace) < this.indentation(start)
      ) {
        return { start, end: start + item.directive.headEnd, brace };
      }
      for (let i = block.items.length - 1; i >= 0; i--) work.push({ item: block.items[i]!, base: start });
    }
    return null;
  }

  private indentation(offset: number): number {
    const lineStart = this.text.lastIndexOf('\n', offset - 1) + 1;
    return offset - lineStart;
  }
}
