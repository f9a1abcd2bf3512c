import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKEN_LIMIT, tokenize } from '../../grammars/nginx/test/nginx-tokenizer.ts';

// The tests of the grammar believe the port of nginx's tokenizer. Here nginx itself has the say about the port.

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nginx-502-tokenizer-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const LEXICAL = /^(unexpected |too long parameter)/;

interface Complaint {
  readonly message: string;
  readonly line: number;
}

/** nginx's first complaint about a text. */
function complaint(text: string): Complaint | null {
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, text);
  const run = spawnSync(
    'unshare',
    ['-n', 'nginx', '-t', '-c', file, '-p', folder, '-e', '/dev/null', '-g', `pid ${folder}/nginx.pid;`],
    { encoding: 'utf8' },
  );
  if (run.error) throw run.error;
  const found = /^nginx: \[emerg\] (?<message>[\s\S]*?) in (?<file>\S+):(?<line>\d+)$/m.exec(
    run.stderr,
  )?.groups;
  if (found?.file === file) return { message: found.message!, line: Number(found.line) };
  // Whatever it says, it must be nginx's answer to the text and not a failure to run it.
  if (!/^nginx: (the configuration file|\[emerg\])/m.test(run.stderr)) throw new Error(run.stderr);
  return null;
}

/** The same, if it is about tokens. */
function lexicalComplaint(text: string): Complaint | null {
  const found = complaint(text);
  return found && LEXICAL.test(found.message) ? found : null;
}

function portComplaint(text: string): Complaint | null {
  const port = tokenize(text, { lua: false });
  return port.ok ? null : { message: port.error.message, line: port.error.line };
}

const HEAD = 'events {}\n';
const x = (count: number): string => 'x'.repeat(count);

// "env" takes any value and "map" any words, so nothing but the tokens can be wrong with most of these.
const cases: Record<string, string> = {
  'an empty file': '',
  'blanks and a comment': '\n\t \r\n# x',
  'a directive': 'env A=b;',
  'a name only': 'env',
  'a missing semicolon at the end': 'env A=b',
  'a missing semicolon and a newline at the end': 'env A=b\n\n',
  'a missing semicolon before a brace': 'http {\nmap $uri $a {\na b\n}\n}',
  'a lone semicolon': ';',
  'a second semicolon': 'env A=b;\n;',
  'a block without a name': '\n{ }',
  'an extra brace': 'env A=b;\n}\n',
  'an extra brace behind a block': 'http { }\n}\n',
  'an open block': 'http {\nmap $uri $a {\n',
  'an open block and a comment': 'http { # }\n',
  'a semicolon behind a block': 'http { };',
  'a brace as an argument': 'env A }',
  'a brace at the start of an argument': 'env }A;',
  'a brace within a word': 'env A}=b;',
  'a quote within a word': 'env A=b"c\'d;',
  'a hash within a word': 'env A=#b;',
  'a comment between words': 'env # x;\n A=b # y\n;',
  'a comment without a blank before it': 'env A=b;# x\n#}',
  'an escaped semicolon': 'env A=\\;;',
  'an escaped blank': 'env A=\\ b;',
  'an escaped newline': 'env A=\\\nb;',
  'a backslash at the end': 'env A=b\\',
  'an escaped brace at the end of a word': 'env A=b\\{;',
  'braces behind a dollar sign': 'env A=${b}${{;',
  'a dollar sign directly before a brace': 'http { types { a/b c${ d; } }',
  'an escaped dollar sign before a brace': 'http { server { listen 127.0.0.1:1; location /a\\${ } } }',
  'a double-quoted string': 'env "A=b c;{}#\'";',
  'a single-quoted string': 'env \'A=b "c"\';',
  'an empty string': 'env "";',
  'a string over two lines': 'env "A=b\nc";',
  'escaped quotes': 'env "A=\\"b\\"";',
  'an escaped backslash before the quote': 'env "A=\\\\";',
  'an open string': 'env "A=b;\nenv C=d;\n',
  'an open single-quoted string': "env 'A=b;\nenv C=d;\n\n",
  'a string that ends at a later quote': 'env "A=b;\nenv "C=d";\n',
  'a word behind a string': 'env "A"=b;',
  'a string behind a string': "env 'A=it''s';",
  'a comment behind a string': 'env "A=b"#c\n;',
  'a brace behind a string': 'http { map $uri "$a"{ a b; } }',
  'a closing brace behind a string': 'http { map $uri $a { a "b"} }',
  'a parenthesis behind a string': 'http { server { location / { if ($uri = "/x y") { return 403; } } } }',
  'a letter of two bytes behind a string': 'env "A"é;',
  'a newline behind a string, then something else': 'env "A=b"\n\n"c"d;',
  'the end of the file behind a string': 'env "A=b"',
  'a quoted name': '"env" A=b;',
  'a quoted name of a block': "'http' { }",
  'CRLF line ends': 'env A=b;\r\n# x\r\nenv\r\nC=d;\r\n;',
  'a vertical tab': 'env\vA=b;',
  'a no-break space': 'env\u00a0A=b;',
  'a byte order mark': '\ufeffenv A=b;',
  'everything on one line': 'http { map $uri $a { default b; c "d"; } server { listen 127.0.0.1:1; } }',
  'a quoted quantifier': 'http { server { location ~ "^/a{2}$" { } } }',
  'a word of 4095 bytes': `env ${x(TOKEN_LIMIT - 1)};`,
  'a word of 4095 bytes and a blank': `env ${x(TOKEN_LIMIT - 1)} ;`,
  'a word of 4094 bytes and a blank': `env ${x(TOKEN_LIMIT - 2)} ;`,
  'a word of 4096 bytes': `\n\nenv\n${x(TOKEN_LIMIT)};`,
  'a word of 2048 letters of two bytes': `env ${'é'.repeat(TOKEN_LIMIT / 2)};`,
  'a word of 2047 letters of two bytes': `env ${'é'.repeat(TOKEN_LIMIT / 2 - 1)};`,
  'a word of 4096 bytes up to the end': `env ${x(TOKEN_LIMIT)}`,
  'a long word that starts with longer letters': `env ${'日'.repeat(TOKEN_LIMIT)};`,
  'a string of 4094 bytes': `env "${x(TOKEN_LIMIT - 2)}";`,
  'a string of 4094 bytes and a blank': `env "${x(TOKEN_LIMIT - 2)}" ;`,
  'a string of 4093 bytes and two blanks': `env "${x(TOKEN_LIMIT - 3)}"  ;`,
  'a string of 4095 bytes': `env "${x(TOKEN_LIMIT - 1)}";`,
  'a string of 4096 bytes': `env\n'${x(TOKEN_LIMIT)}';`,
  'an open string in a long file': `env "A=b;\n${'# a comment\n'.repeat(400)}`,
  'a comment of 4095 bytes': `#${x(TOKEN_LIMIT - 2)}\nenv A=b;`,
  'a comment of 4096 bytes': `#${x(TOKEN_LIMIT - 1)}\nenv A=b;`,
  'a comment of 5000 bytes at the end': `env A=b;\n# ${x(5000)}`,
  'five thousand blanks': `env${' '.repeat(5000)}A=b;`,
  'a string and five thousand blanks': `env "A=b"${' '.repeat(5000)};`,
  'six hundred arguments': `http { server { server_name ${'a.example '.repeat(600)}; listen 127.0.0.1:1; } }}`,
};

describe('nginx -t agrees with the port of its tokenizer on', () => {
  it.each(Object.entries(cases))('%s', (_, source) => {
    expect(lexicalComplaint(HEAD + source)).toEqual(portComplaint(HEAD + source));
  });

  it('random runs of tokens', () => {
    // A "types" block takes any words, so its directives are never at fault; but it takes no blocks.
    const parts = [
      ...[
        ' ',
        ' ',
        '\n',
        '\r\n',
        '\t',
        ';',
        ';',
        '"',
        '"',
        "'",
        "'",
        '\\',
        '\\\\',
        '$',
        '${',
        '$${{',
        '#',
        '# x\n',
        ')',
        '(',
      ],
      ...['a/b', 'c', 'é', '\u{1F600}', '"x y"', "'z;'", '"a\\"b"', '}', ' } ', '\v', 'd}e'],
    ];
    const soup = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 16 });
    let lexical = 0;
    for (const [i, sample] of fc.sample(soup, { seed: 502, numRuns: 400 }).entries()) {
      const text = `${HEAD}http { types { ${sample.join('')}${i % 2 === 0 ? '; } }' : ''}`;
      const found = complaint(text);
      // A block in "types", or whatever stands behind its end, may be at fault before a token is.
      if (found && (found.message === 'unexpected "{"' || !LEXICAL.test(found.message))) continue;
      expect(found, text).toEqual(portComplaint(text));
      if (found) lexical++;
    }
    expect(lexical).toBeGreaterThan(200);
  });

  it('the values of words and strings', () => {
    const parts = [
      'a',
      'B',
      ' ',
      '\\',
      '\\\\',
      '\\n',
      '\\t',
      '\\r',
      '\\"',
      "\\'",
      '\\;',
      '\\{',
      '${',
      '$',
      '#',
      '}',
      'é',
      "'",
      '"',
      '\n',
      ';',
    ];
    const soup = fc.tuple(
      fc.constantFrom('', '"', "'"),
      fc.array(fc.constantFrom(...parts), { maxLength: 8 }),
    );
    let compared = 0;
    for (const [quote, inner] of fc.sample(soup, { seed: 503, numRuns: 400 })) {
      const text = `${quote}${quote ? '' : 'x'}${inner.join('')}${quote} y;`;
      const port = tokenize(text, { lua: false });
      if (!port.ok) continue;
      // A name that nginx does not know is repeated in its error text, as it was understood.
      const name = port.directives[0]!.name.value;
      expect(complaint(text)?.message, text).toBe(`unknown directive "${name}"`);
      compared++;
    }
    expect(compared).toBeGreaterThan(100);
  });
});
