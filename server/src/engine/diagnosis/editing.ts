import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { Edit, Fix, Range, Safety } from '../contract.ts';
import type { Word } from '../syntax/directive.ts';

/** Lower of two grades of safety: what a combined fix may claim. */
function leastSafe(a: Safety, b: Safety): Safety {
  const order: readonly Safety[] = ['safe', 'review', 'choice'];
  return order[Math.max(order.indexOf(a), order.indexOf(b))]!;
}

/**
 * Edits that keep what they do not mean to change: indentation, comments, quoting, line ends. An edit of a file that
 * is included more than once changes every place it is included in, and one that shipped files would need is none.
 */
export class Editor {
  private readonly edits: Edit[] = [];
  private safety: Safety;
  private possible = true;

  constructor(
    private readonly model: ConfigModel,
    safety: Safety,
  ) {
    this.safety = safety;
  }

  /** The fix, or null where some part of it has no file to stand in. */
  fix(title: string): Fix | null {
    return this.possible && this.edits.length > 0 ? { title, safety: this.safety, edits: this.edits } : null;
  }

  /** Replaces one argument, or the name, of a directive. */
  replaceWord(node: ConfigNode, word: Word, newText: string): this {
    return this.change(node, node.range(word.at, word.at + word.raw.length), newText);
  }

  /** Takes an argument out, with the blanks between it and the word before. */
  removeWord(node: ConfigNode, before: Word, word: Word): this {
    return this.change(node, node.range(before.at + before.raw.length, word.at + word.raw.length), '');
  }

  /** Replaces name and arguments of a directive. */
  replaceHead(node: ConfigNode, newText: string): this {
    return this.change(node, node.range(0, node.directive.headEnd), newText);
  }

  /** Replaces what ends a directive, blanks before it included: an empty block, or the semicolon. */
  replaceEnd(node: ConfigNode, newText: string): this {
    return this.change(node, node.range(node.directive.headEnd, node.directive.end), newText);
  }

  /** Takes a directive out, with its line where it stands alone on it. */
  remove(node: ConfigNode): this {
    const { text } = node.document;
    const end = node.directive.end + restOfLine(node);
    const behind = /^[ \t]*(?:\r?\n|$)/.exec(text.slice(node.at + end, node.at + end + 1000));
    if (startsLine(node) && behind)
      return this.change(node, node.range(-beforeOnLine(node).length, end + behind[0].length), '');
    const before = beforeOnLine(node);
    const blanks = before.length - before.trimEnd().length;
    return this.change(node, node.range(-blanks, node.directive.end), '');
  }

  /** Puts whole lines directly behind a directive, indented like it. */
  insertAfter(node: ConfigNode, lines: readonly string[]): this {
    const end = node.directive.end + restOfLine(node);
    const before = startsLine(node) ? eol(node) + indentOf(node) : ' ';
    return this.change(node, node.range(end, end), lines.map((line) => before + line).join(''));
  }

  /** Puts whole lines directly before a directive, indented like it. */
  insertBefore(node: ConfigNode, lines: readonly string[]): this {
    if (!startsLine(node))
      return this.change(node, node.range(0, 0), lines.map((line) => `${line} `).join(''));
    const indent = indentOf(node);
    const text = lines.map((line, i) => `${i > 0 && line !== '' ? indent : ''}${line}${eol(node)}`).join('');
    return this.change(node, node.range(0, 0), text + indent);
  }

  /** Puts lines at the start of a block, indented like its content. */
  insertAtStart(block: ConfigNode, lines: readonly string[]): this {
    const open = block.directive.block!.open + 1;
    const indent = contentIndent(block);
    const text = lines.map((line) => `${eol(block)}${indent}${line}`).join('');
    const oneLine = !block.document.text
      .slice(block.at + open, block.at + block.directive.end)
      .includes('\n');
    return this.change(
      block,
      block.range(open, open),
      oneLine ? lines.map((line) => ` ${line}`).join('') : text,
    );
  }

  /**
   * Puts lines into the location that a `*_pass` serves: behind it, or at the start of the location where it stands
   * in a snippet, which is shared, or in an `if` or `limit_except`, which take few directives.
   */
  insertForPass(pass: ConfigNode, lines: readonly string[]): this {
    const location = [...pass.ancestors()].find(({ name }) => name === 'location');
    if (location && (pass.parent !== location || pass.file !== location.file))
      return this.insertAtStart(location, lines);
    if (location || pass.parent === null) return this.insertAfter(pass, lines);
    this.possible = false;
    return this;
  }

  /** Puts lines where directives of the http level may stand: before the first block or include there. */
  insertAtHttpLevel(near: ConfigNode, lines: readonly string[]): this {
    const http = httpBlockOf(near) ?? this.model.httpBlocks()[0] ?? null;
    if (http) {
      const first = http.children.find(
        (child) =>
          child.includedBy === http.includedBy &&
          child.file === http.file &&
          (child.isBlock || child.name === 'include'),
      );
      if (first) return this.insertBefore(first, separated(lines));
      return this.insertAtStart(http, lines);
    }
    const root = [near, ...near.ancestors()].at(-1)!;
    const loose = this.model.top.filter((node) => node.file === root.file && node.context === 'http');
    if (loose[0]) return this.insertBefore(loose[0], separated(lines));
    this.possible = false;
    return this;
  }

  private change(node: ConfigNode, range: Range, newText: string): this {
    if (this.model.snapshot.files.get(node.file) !== node.document) {
      // A shipped file that is only assumed to exist.
      this.possible = false;
      return this;
    }
    if (this.model.timesIncluded(node.file) > 1) this.safety = leastSafe(this.safety, 'review');
    this.edits.push({ file: node.file, range, newText });
    return this;
  }
}

/** A block is set off by an empty line from what follows. */
function separated(lines: readonly string[]): string[] {
  return lines.length > 1 ? [...lines, ''] : [...lines];
}

function httpBlockOf(node: ConfigNode): ConfigNode | null {
  for (const outer of [node, ...node.ancestors()])
    if (outer.name === 'http' && outer.context === 'main') return outer;
  return null;
}

/** Blanks before a directive on its line; empty when something else stands before it. */
export function indentOf(node: ConfigNode): string {
  return startsLine(node) ? beforeOnLine(node) : '';
}

/** Length of a comment that stands behind a directive on its line: it belongs to the directive. */
function restOfLine(node: ConfigNode): number {
  if (!startsLine(node)) return 0;
  const { text } = node.document;
  const end = node.at + node.directive.end;
  const lineEnd = text.indexOf('\n', end);
  const rest = text.slice(end, lineEnd < 0 ? text.length : lineEnd).replace(/\r$/, '');
  return /^[ \t]*#/.test(rest) ? rest.length : 0;
}

function startsLine(node: ConfigNode): boolean {
  return /^[ \t]*$/.test(beforeOnLine(node));
}

function beforeOnLine(node: ConfigNode): string {
  const { text } = node.document;
  return text.slice(text.lastIndexOf('\n', node.at - 1) + 1, node.at);
}

function contentIndent(block: ConfigNode): string {
  const inside = block.children.find((child) => child.file === block.file && indentOf(child) !== '');
  if (inside) return indentOf(inside);
  const own = indentOf(block);
  return own + (own.includes('\t') ? '\t' : '    ');
}

function eol(node: ConfigNode): string {
  return node.document.text.includes('\r\n') ? '\r\n' : '\n';
}
