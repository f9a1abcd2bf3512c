import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Directive as PortDirective, tokenize } from '../../grammars/nginx/test/nginx-tokenizer.ts';
import type { Item, Word } from '../../server/src/engine/syntax/directive.ts';
import { readDocument } from '../../server/src/engine/syntax/document.ts';
import { FIXTURES, loadGrammar } from '../support/engine.ts';

/**
 * The engine's directives against the independent port of nginx's tokenizer: where nginx accepts, every value, quote,
 * nesting and offset agrees; where it refuses, the engine has a problem to tell.
 */

/** Times the usual number of random texts, for a long run by hand. */
const SCALE = Number(process.env['SCALE'] ?? 1);

beforeAll(() => loadGrammar());

type Shape = [at: number, words: [at: number, value: string][], children: Shape[] | 'lua' | null];

function ours(items: readonly Item[], base = 0): Shape[] {
  return items.map(({ at, directive }) => {
    const start = base + at;
    const word = (w: Word): [number, string] => [start + w.at, w.value];
    return [
      start,
      [directive.name, ...directive.args].map(word),
      directive.block ? ours(directive.block.items, start) : directive.lua ? 'lua' : null,
    ];
  });
}

function theirs(directives: readonly PortDirective[]): Shape[] {
  return directives.map((directive) => [
    directive.start,
    [directive.name, ...directive.args].map((w): [number, string] => [w.start, w.value]),
    directive.children ? theirs(directive.children) : directive.lua ? 'lua' : null,
  ]);
}

function compare(text: string): void {
  const port = tokenize(text);
  const document = readDocument(text);
  if (port.ok) {
    expect(document.problems, JSON.stringify(text)).toEqual([]);
    expect(ours(document.items), JSON.stringify(text)).toEqual(theirs(port.directives));
  } else {
    expect(
      document.problems.length,
      `nginx refuses: ${port.error.message}\n${JSON.stringify(text)}`,
    ).toBeGreaterThan(0);
  }
}

function configs(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(?:ts|json|sock|dpkg-\w+)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

describe('the engine reads what nginx reads', () => {
  test("on Debian's configuration and on all fixtures", () => {
    const files = [...configs('/etc/nginx'), ...configs(FIXTURES).filter((file) => file.endsWith('.conf'))];
    expect(files.length).toBeGreaterThan(30);
    for (const file of files) {
      const text = readFileSync(file, 'latin1');
      if (!text.includes('\0')) compare(text);
    }
  });

  test('on every prefix of the fixtures', () => {
    for (const file of configs(FIXTURES).filter((name) => name.endsWith('nginx.conf'))) {
      const text = readFileSync(file, 'utf8').slice(0, 4000);
      for (let end = 0; end <= text.length; end++) compare(text.slice(0, end));
    }
  });

  test('on token soup', () => {
    const token = fc.constantFrom(
      'a',
      'b c',
      ';',
      '; ',
      '{',
      ' {',
      '}',
      '} ',
      '"',
      "'",
      '"x y"',
      "'z'",
      '\\',
      '\\"',
      '$',
      '${',
      '${v}',
      '#',
      '# c\n',
      '\n',
      '\r\n',
      '\t',
      ' ',
      ')',
      '(',
      'if ($a = "x")',
      'e\u00e9',
      'x_by_lua_block {',
      '--',
      '[[',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 24 }), (tokens) => compare(tokens.join(''))),
      { seed: 20260131, numRuns: 20_000 * SCALE },
    );
  });

  test('at the limits of a token', () => {
    for (const length of [4093, 4094, 4095, 4096, 4097, 5000]) {
      compare(`a ${'x'.repeat(length)};`);
      compare(`a "${'x'.repeat(length)}";`);
      compare(`a; #${'x'.repeat(length)}\n`);
      compare(`a ${'\u00e9'.repeat(length / 2)};`);
    }
  });
});
