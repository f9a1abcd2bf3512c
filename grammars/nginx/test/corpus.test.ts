import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Parser } from 'web-tree-sitter';
import { readCorpus } from './corpus.ts';
import { createParser, GRAMMAR, parse } from './language.ts';

let parser: Parser;
beforeAll(async () => {
  parser = await createParser();
});

const cases = readCorpus();

describe.each([...new Set(cases.map(({ file }) => file))])('%s', (file) => {
  const own = cases.filter((entry) => entry.file === file);

  it('is read to its end', () => {
    const text = readFileSync(join(GRAMMAR, 'test', 'corpus', file), 'utf8');
    expect(own).toHaveLength(text.match(/^=+$/gm)!.length / 2);
  });

  it.each(own)('$title', ({ source, expected }) => {
    expect(parse(parser, source).rootNode.toString()).toBe(expected);
  });
});

// What would not survive every editor in a corpus file.
describe('invisible characters', () => {
  const directive = '(directive name: (word) argument: (word))';
  it.each([
    ['an empty file', '', '(source_file)'],
    ['nothing but blanks', ' \n\t\r\n', '(source_file)'],
    ['nothing but a comment', '#', '(source_file (comment))'],
    [
      'CRLF line ends',
      'listen\r\n80;\r\n# x\r\nlisten 81;\r\n',
      `(source_file ${directive} (comment) ${directive})`,
    ],
    ['a byte order mark', '\uFEFFlisten 80;', `(source_file ${directive})`],
    ['a no-break space inside a word', 'listen\u00A080;', '(source_file (directive name: (word)))'],
    ['a vertical tab inside a word', 'listen\v80;', '(source_file (directive name: (word)))'],
    ['a form feed inside a word', 'listen\f80;', '(source_file (directive name: (word)))'],
    ['a line separator inside a word', 'listen\u202880;', '(source_file (directive name: (word)))'],
    [
      'a CR alone does not end a comment',
      '# x\rlisten 80;\nlisten 81;',
      `(source_file (comment) ${directive})`,
    ],
    [
      'a backslash before CRLF takes the CR only',
      'set \\\r\n80;',
      '(source_file (directive name: (word) argument: (word) argument: (word)))',
    ],
  ])('%s', (_, source, expected) => {
    expect(parse(parser, source).rootNode.toString()).toBe(expected);
  });

  it('a comment leaves out the CR of a CRLF, and keeps others', () => {
    const comments = parse(parser, '# a\rb\r\n# c\r\r\n# d\r').rootNode.children.map((node) => node?.text);
    expect(comments).toEqual(['# a\rb', '# c', '# d']);
  });

  it('positions are UTF-16 code units', () => {
    const word = parse(parser, 'é "\u{1F600}" x;').rootNode.descendantForIndex(7, 8);
    expect(word?.text).toBe('x');
    expect(word?.startPosition).toEqual({ row: 0, column: 7 });
  });
});
