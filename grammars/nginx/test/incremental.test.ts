import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Edit, type Parser, type Point, type Tree } from 'web-tree-sitter';
import { readCorpus } from './corpus.ts';
import { createParser, parse } from './language.ts';
import { tokenize } from './nginx-tokenizer.ts';
import { dumpTree, readTree } from './tree.ts';

let parser: Parser;
beforeAll(async () => {
  parser = await createParser();
});

function pointAt(text: string, index: number): Point {
  const lineStart = text.lastIndexOf('\n', index - 1) + 1;
  return { row: text.slice(0, lineStart).split('\n').length - 1, column: index - lineStart };
}

/** Replaces a part of the text, tells the tree, and parses on top of it. The old tree is released. */
function edit(text: string, tree: Tree, start: number, removed: number, inserted: string): [string, Tree] {
  const next = text.slice(0, start) + inserted + text.slice(start + removed);
  tree.edit(
    new Edit({
      startIndex: start,
      oldEndIndex: start + removed,
      newEndIndex: start + inserted.length,
      startPosition: pointAt(text, start),
      oldEndPosition: pointAt(text, start + removed),
      newEndPosition: pointAt(next, start + inserted.length),
    }),
  );
  const edited = parse(parser, next, tree);
  tree.delete();
  return [next, edited];
}

/** Numbers in [0, 1) that are the same on every run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SAMPLE = `user www-data;
http {
    log_format main '$remote_addr "$request" '
                    '$status';
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    upstream app { server 127.0.0.1:3000; keepalive 16; } # the app
    server {
        listen 80 default_server;
        location ~* "\\.(png|jpe?g){1}$" { expires 30d; }
        location / {
            if ($request_uri = "/x y") { return 403; }
            proxy_pass http://app;
            proxy_set_header Connection $connection_upgrade;
        }
        location /lua {
            content_by_lua_block {
                local t = { a = "}" } -- }
                ngx.say(t.a)
            }
        }
    }
}
`;

const PIECES = [
  ...[
    ';',
    '{',
    '}',
    '"',
    "'",
    '\\',
    '#',
    '$',
    '${',
    ' ',
    '\n',
    '\r\n',
    ')',
    'x',
    'é',
    '\u{1F600}',
    '[[',
    ']]',
    '--',
  ],
  ...[
    'listen 80;',
    'server { }',
    'location / {',
    '"a b"',
    "'c'",
    '# note\n',
    'content_by_lua_block {',
    '_by_lua_block',
  ],
];

describe('parsing on top of an edited tree', () => {
  it('gives the tree of a full parse whenever the text is sound, and an error whenever it is not', () => {
    const random = randomNumbers(502);
    const below = (limit: number): number => Math.floor(random() * limit);
    const extra = '/etc/nginx/sites-available/default';
    const starts = [SAMPLE, ...readCorpus().map(({ source }) => source)];
    if (existsSync(extra)) starts.push(readFileSync(extra, 'utf8'));
    let sound = 0;
    for (let round = 0; round < 400; round++) {
      let text = starts[round % 2 === 0 ? 0 : below(starts.length)]!;
      let tree = parse(parser, text);
      for (let step = 0; step < 25; step++) {
        // Edits far apart, as well as typing at one place, and back to what was there before.
        const before = text;
        const start = below(text.length + 1);
        const removed = random() < 0.5 ? 0 : Math.min(below(8), text.length - start);
        const inserted = random() < 0.3 ? '' : PIECES[below(PIECES.length)]!;
        [text, tree] = edit(text, tree, start, removed, inserted);
        check(text, tree);
        if (random() < 0.7) {
          [text, tree] = edit(text, tree, start, inserted.length, before.slice(start, start + removed));
          check(text, tree);
        }
      }
      tree.delete();
    }
    expect(sound).toBeGreaterThan(2000);

    function check(text: string, tree: Tree): void {
      const nginx = tokenize(text);
      if (!nginx.ok) {
        // Where a repair goes may depend on the way there, so only its presence is promised.
        const clean = readTree(tree, text).problems.length === 0;
        if (clean) expect.fail(`clean, but nginx: ${nginx.error.message} in ${JSON.stringify(text)}`);
        return;
      }
      sound++;
      const full = parse(parser, text);
      if (dumpTree(tree) !== dumpTree(full)) expect(dumpTree(tree), text).toBe(dumpTree(full));
      full.delete();
    }
  });

  it('takes 10,000 blocks within each other', () => {
    const depth = 10_000;
    const before = 'a {\n'.repeat(depth);
    const behind = '}\n'.repeat(depth);
    let text = `${before}listen 80;\n${behind}`;
    let tree = parse(parser, text);
    check(true);

    [text, tree] = edit(text, tree, before.length, 0, 'b { c; }\n');
    check(true);
    // One brace too few, then the same text as before.
    [text, tree] = edit(text, tree, text.length - 2, 1, '');
    check(false);
    [text, tree] = edit(text, tree, text.length - 1, 0, '}');
    check(true);
    tree.delete();

    function check(sound: boolean): void {
      expect(tokenize(text).ok).toBe(sound);
      const full = parse(parser, text);
      expect(readTree(tree, text).problems.length === 0).toBe(sound);
      if (sound && dumpTree(tree) !== dumpTree(full)) expect.fail('not the tree of a full parse');
      full.delete();
    }
  });
});
