import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Parser } from 'web-tree-sitter';
import { firstDifference } from './compare.ts';
import { readCorpus } from './corpus.ts';
import { createParser, parse } from './language.ts';
import { TOKEN_LIMIT, tokenize } from './nginx-tokenizer.ts';
import { readTree } from './tree.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

let parser: Parser;
beforeAll(async () => {
  parser = await createParser();
});

/**
 * Holds the tree of a text against nginx's reading of it.
 *
 * @returns what is wrong, or null; the length of tokens is nginx's own affair, and none of the grammar's
 */
function disagreement(text: string): string | null {
  const nginx = tokenize(text);
  const tree = parse(parser, text);
  const { directives, problems } = readTree(tree, text);
  tree.delete();
  if (!nginx.ok) {
    if (nginx.error.kind === 'too-long') return null;
    return problems.length > 0 ? null : `nginx: ${nginx.error.message}; the tree is clean`;
  }
  const [problem] = problems;
  if (problem) return `nginx accepts it; the tree has ${problem.type} at ${problem.start}-${problem.end}`;
  return firstDifference(nginx.directives, directives);
}

function filesBelow(folder: string, wanted: (name: string) => boolean): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(wanted)
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path) && statSync(path).isFile())
    .sort();
}

// Debian's own configuration where it is installed, and what the repository holds.
const files = [
  ...filesBelow('/etc/nginx', () => true),
  ...filesBelow(join(REPOSITORY, 'test-fixtures'), (name) => name.endsWith('.conf')),
];

const texts = [
  ...files.map((path) => ({ from: relative(REPOSITORY, path), text: readFileSync(path, 'utf8') })),
  ...readCorpus().map(({ file, title, source }) => ({ from: `${file}, "${title}"`, text: source })),
];

describe('the tree says what nginx reads', () => {
  it('in every file there is, and in what is left of each when it is cut off', () => {
    for (const { from, text } of texts) {
      // Every prefix of a small file, about two hundred of a large one.
      const stride = text.length <= 1500 ? 1 : Math.ceil(text.length / 200);
      for (let length = text.length; length >= 0; length -= stride) {
        const wrong = disagreement(text.slice(0, length));
        if (wrong) expect.fail(`${from}, first ${length} characters: ${wrong}`);
      }
    }
  });

  const SOUP = [
    ...[
      ' ',
      ' ',
      '\n',
      '\n',
      '\t',
      '\r\n',
      '\r',
      '\v',
      '\u00a0',
      ';',
      ';',
      ';',
      '{',
      '{',
      '}',
      '}',
      '}',
      '"',
      "'",
      '\\',
    ],
    ...[
      '$',
      '${',
      '$$',
      '#',
      '(',
      ')',
      '=',
      'a',
      'bc',
      'é',
      '\u{1F600}',
      '"x"',
      "'y z'",
      '"a\\"b"',
      '\\;',
      '\\n',
      '\\\n',
    ],
    ...['~*', '^/.*{2}$', '{1,2}', 'listen 80;', 'server {', ' }', '# note\n', 'if ($a = "b")'],
  ];

  it('in random runs of tokens', () => {
    const soup = fc.array(fc.constantFrom(...SOUP), { maxLength: 24 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(soup, (text) => {
        expect(disagreement(text)).toBeNull();
      }),
      { seed: 502, numRuns: 12_000 },
    );
  });

  it('in random runs of tokens around Lua', () => {
    const lua = [
      ...[
        'content_by_lua_block {',
        'set_by_lua_block $x',
        '"a_by_lua_block"',
        "'b_by_lua_block' ",
        '_by_lua_block',
        '"x}"',
      ],
      ...[
        'x_by_lua_block ',
        'a__by_lua_block{',
        'x_by_lua_block_by_lua_block{ } ',
        '[[',
        ']]',
        '[=[',
        ']=]',
        '--',
        '--[[',
      ],
    ];
    const soup = fc
      .array(fc.constantFrom(...SOUP, ...lua, ...lua), { maxLength: 16 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(soup, (text) => {
        expect(disagreement(text)).toBeNull();
      }),
      { seed: 504, numRuns: 12_000 },
    );
  });

  it('in random sound configurations', () => {
    const blank = fc.constantFrom(' ', '\n', '\t', '\r\n', ' # note "\'{;\n', '  ');
    const word = fc.constantFrom(
      'a',
      '$x',
      '${x}y',
      '/p',
      '~',
      'a"b',
      "c'd",
      'x\\;y',
      'x\\ y',
      'e#f',
      'g}h',
      '=\\{',
      'é',
    );
    const string = fc.constantFrom(
      '""',
      "''",
      '"a b"',
      "'a;b{'",
      '"x\\"y"',
      '"l\nm"',
      "'\\n\\t\\\\'",
      '"}"',
      '"# no"',
    );
    const value = fc.tuple(fc.oneof(word, string), blank).map(([text, behind]) => text + behind);
    const words = fc.array(value, { minLength: 1, maxLength: 5 }).map((values) => values.join(''));
    const luaName = fc.constantFrom(
      'content_by_lua_block ',
      '"access_by_lua_block" ',
      'set_by_lua_block $x ',
    );
    const luaCode = fc
      .array(
        fc.constantFrom(
          ...[
            'ngx.say("}")',
            "x = '{'",
            '-- }\n',
            '--[[ } ]]',
            '[==[ }} ]==]',
            '{ a = 1 }',
            '\n',
            ' ',
            '[',
            ']]',
            'a[b[1]]',
          ],
          ...['--[==[ ]] } ]==]', '"\\""', "'\\\\'", '--[ }\n', '[=', '-', '- -', '{}', 'é'],
        ),
        { maxLength: 6 },
      )
      .map((parts) => parts.join(' '));
    const { item } = fc.letrec<{ item: string; items: string }>((tie) => ({
      items: fc.array(tie('item'), { maxLength: 4 }).map((items) => items.join('')),
      item: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.tuple(words, blank).map(([text, behind]) => `${text};${behind}`),
        fc.tuple(words, tie('items')).map(([text, body]) => `${text}{${body}}`),
        fc.tuple(luaName, luaCode).map(([name, code]) => `${name}{ ${code} }\n`),
      ),
    }));
    const config = fc.array(item, { maxLength: 8 }).map((items) => items.join(''));
    let sound = 0;
    fc.assert(
      fc.property(config, (text) => {
        if (tokenize(text).ok) sound++;
        expect(disagreement(text)).toBeNull();
      }),
      { seed: 503, numRuns: 4000 },
    );
    expect(sound).toBeGreaterThan(3000);
  });
});

/** What the tree alone shows of a text: whether it is clean, and the names of its top directives. */
function treeOnly(text: string): { clean: boolean; names: (string | undefined)[] } {
  const { directives, problems } = readTree(parse(parser, text), text);
  return { clean: problems.length === 0, names: directives.map(({ name }) => name?.value) };
}

describe('the known exceptions', () => {
  it('the tree does not count: nginx refuses a token that does not fit into its buffer', () => {
    const long = 'x'.repeat(TOKEN_LIMIT);
    for (const text of [
      `a ${long};`,
      `#${long}\n`,
      `a ${'é'.repeat(TOKEN_LIMIT / 2)};`,
      `a "${'x'.repeat(4095)}";`,
    ]) {
      expect(tokenize(text)).toMatchObject({ ok: false, error: { kind: 'too-long' } });
      expect(treeOnly(text).clean).toBe(true);
    }
  });

  it('the tree looks for a closing quote only so far, which is further than nginx does', () => {
    const text = `a "${'x'.repeat(TOKEN_LIMIT + 1)}";`;
    expect(tokenize(text)).toMatchObject({ ok: false, error: { kind: 'too-long' } });
    expect(treeOnly(text).clean).toBe(false);
  });

  it('tree-sitter swallows a byte order mark at the start; for nginx it belongs to the first word', () => {
    expect(tokenize('\uFEFFa;')).toMatchObject({ ok: true, directives: [{ name: { value: '\uFEFFa' } }] });
    expect(treeOnly('\uFEFFa;')).toEqual({ clean: true, names: ['a'] });
    expect(tokenize('\uFEFF;').ok).toBe(true);
    expect(treeOnly('\uFEFF;').clean).toBe(false);
  });

  it('NUL is an error for the generated lexer, and a word character for nginx', () => {
    expect(tokenize('a\0b;').ok).toBe(true);
    expect(treeOnly('a\0b;').clean).toBe(false);
  });
});
