import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar, type IRawGrammar } from 'vscode-textmate';
import { type Directive, type Item, readDocument } from '../../server/src/engine/syntax/document.ts';
import { FIXTURES, loadGrammar, ROOT } from '../support/engine.ts';

const SYNTAXES = path.join(ROOT, 'syntaxes');
const CASES = path.join(SYNTAXES, 'test');
const GRAMMARS: Record<string, string> = {
  'source.nginx': 'nginx.tmLanguage.json',
  'text.log.nginx-error-log': 'nginx-error-log.tmLanguage.json',
};

/** Stands for the Lua grammar of VS Code: what matters is that it is called, and that it cannot see our brace. */
const LUA: IRawGrammar = {
  scopeName: 'source.lua',
  patterns: [
    { match: '\\b(?:local|function|if|then|end|return)\\b', name: 'keyword.control.lua' },
    { match: '\\b\\d+\\b', name: 'constant.numeric.lua' },
    {
      begin: '(^[ \\t]+)?(?=--)',
      end: '(?!\\G)',
      patterns: [{ match: '--.*$', name: 'comment.line.double-dash.lua' }],
    },
  ],
  repository: {} as IRawGrammar['repository'],
};

interface Token {
  readonly start: number;
  readonly end: number;
  readonly scopes: readonly string[];
}

let withLua: textmate.Registry;
let withoutLua: textmate.Registry;

function read(file: string): unknown {
  return JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));
}

beforeAll(async () => {
  const wasm = readFileSync(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm'));
  await oniguruma.loadWASM(wasm);
  await loadGrammar();
  const registry = (lua: IRawGrammar | null): textmate.Registry =>
    new textmate.Registry({
      onigLib: Promise.resolve({
        createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
        createOnigString: (text) => new oniguruma.OnigString(text),
      }),
      loadGrammar: async (scope) => {
        const file = GRAMMARS[scope];
        return file
          ? (read(path.join('syntaxes', file)) as IRawGrammar)
          : scope === 'source.lua'
            ? lua
            : null;
      },
    });
  withLua = registry(LUA);
  withoutLua = registry(null);
});

async function grammar(scope: string, registry = withLua): Promise<IGrammar> {
  const loaded = await registry.loadGrammar(scope);
  if (!loaded) throw new Error(`no grammar ${scope}`);
  return loaded;
}

/** Tokens by line. */
function tokenize(loaded: IGrammar, lines: readonly string[]): Token[][] {
  let state = textmate.INITIAL;
  return lines.map((line) => {
    const { tokens, ruleStack, stoppedEarly } = loaded.tokenizeLine(line, state, 0);
    expect(stoppedEarly).toBe(false);
    state = ruleStack;
    return tokens.map(({ startIndex, endIndex, scopes }) => ({ start: startIndex, end: endIndex, scopes }));
  });
}

function scopesAt(tokens: readonly Token[], column: number): readonly string[] {
  return tokens.find(({ start, end }) => start <= column && column < end)?.scopes ?? [];
}

/** Whether a scope of the stack is `wanted` or below it: "keyword.control" is met by "keyword.control.block.nginx". */
function has(scopes: readonly string[], wanted: string): boolean {
  return scopes.some((scope) =>
    scope.split(' ').some((one) => one === wanted || one.startsWith(`${wanted}.`)),
  );
}

interface Assertion {
  readonly at: number;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly wanted: readonly string[];
  readonly unwanted: readonly string[];
}

/**
 * Reads the assertions of vscode-tmgrammar-test: below a line, `# ^^^ scope other - not-this` for the columns of
 * the carets, `# <--- scope` for the first ones (a `~` for each column before). They are no part of the text.
 */
function readCase(text: string): { scope: string; lines: string[]; assertions: Assertion[] } {
  const [head, ...rest] = text.split('\n');
  const scope = /^# SYNTAX TEST "([^"]+)"/.exec(head!)?.[1];
  if (!scope) throw new Error('the first line must be # SYNTAX TEST "scope"');
  const lines: string[] = [];
  const assertions: Assertion[] = [];
  rest.forEach((line, index) => {
    const carets = /^#\s*(\^+) (.+)$/.exec(line);
    const arrow = /^#\s*<(~*)(-+) (.+)$/.exec(line);
    if (!carets && !arrow) {
      lines.push(line);
      return;
    }
    const [start, length] = carets
      ? [line.indexOf('^'), carets[1]!.length]
      : [arrow![1]!.length, arrow![2]!.length];
    const [wanted, unwanted] = (carets?.[2] ?? arrow![3]!).split(/(?:^| )- /);
    assertions.push({
      at: index + 2,
      line: lines.length - 1,
      start,
      end: start + length,
      wanted: wanted!.split(/\s+/).filter(Boolean),
      unwanted: unwanted?.split(/\s+/).filter(Boolean) ?? [],
    });
  });
  return { scope, lines, assertions };
}

function failures(text: string, loaded: IGrammar): string[] {
  const { lines, assertions } = readCase(text);
  const tokens = tokenize(loaded, lines);
  return assertions.flatMap(({ at, line, start, end, wanted, unwanted }) => {
    for (let column = start; column < end; column++) {
      const scopes = scopesAt(tokens[line]!, column);
      const wrong = [
        ...wanted.filter((scope) => !has(scopes, scope)),
        ...unwanted.filter((scope) => has(scopes, scope)).map((scope) => `- ${scope}`),
      ];
      if (column >= lines[line]!.length) wrong.push('the carets reach beyond the line');
      if (wrong.length > 0) {
        return [`${at}: ${wrong.join(', ')} at "${lines[line]!.slice(column)}": ${scopes.join(' ')}`];
      }
    }
    return [];
  });
}

const cases = readdirSync(CASES).sort();

describe('syntaxes/test', () => {
  it.each(cases)('%s', async (file) => {
    const text = readFileSync(path.join(CASES, file), 'utf8');
    const { scope, assertions } = readCase(text);
    expect(assertions.length).toBeGreaterThan(0);
    expect(failures(text, await grammar(scope))).toEqual([]);
  });

  it('notices a wrong scope, a scope too much and carets that miss', async () => {
    const loaded = await grammar('source.nginx');
    const wrong = (assertion: string): string[] =>
      failures(`# SYNTAX TEST "source.nginx"\nlisten 80;\n${assertion}`, loaded);
    expect(wrong('#      ^^ constant.numeric - string')).toEqual([]);
    expect(wrong('# <------ support.function')).toEqual([]);
    expect(wrong('#      ^^ string')).toHaveLength(1);
    expect(wrong('#      ^^ - constant')).toHaveLength(1);
    expect(wrong('# <------- support.function')).toHaveLength(1);
    expect(wrong('#              ^ source.nginx')).toHaveLength(1);
  });
});

// What the language server reads must look like what it is.

const NAME_SCOPES = [
  'support.function.directive',
  ...['block', 'flow', 'import', 'conditional', 'default'].map((kind) => `keyword.control.${kind}`),
];
const DATA = new Set(['map', 'geo', 'types', 'split_clients', 'charset_map']);

function conf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.conf'))
    .map((name) => path.relative(ROOT, path.join(folder, name)))
    .sort();
}

/** Where the colours differ from what `readDocument` finds. */
function differences(text: string, loaded: IGrammar): string[] {
  const document = readDocument(text);
  const lines = text.split('\n');
  const tokens = tokenize(loaded, lines);
  const starts = [0];
  for (const line of lines) starts.push(starts.at(-1)! + line.length + 1);
  const found: string[] = [];
  const look = (
    what: string,
    from: number,
    length: number,
    right: (scopes: readonly string[]) => boolean,
  ): void => {
    for (let offset = from; offset < from + length; offset++) {
      if (/[\s]/.test(text[offset]!)) continue;
      const line = starts.findLastIndex((start) => start <= offset);
      const scopes = scopesAt(tokens[line]!, offset - starts[line]!);
      if (right(scopes)) continue;
      found.push(`${line + 1}: ${what} "${text.slice(from, from + length)}": ${scopes.join(' ')}`);
      return;
    }
  };
  const isName = (scopes: readonly string[]): boolean => NAME_SCOPES.some((scope) => has(scopes, scope));
  const isComment = (scopes: readonly string[]): boolean => has(scopes, 'comment.line');
  const isString = (scopes: readonly string[]): boolean => has(scopes, 'string.quoted');
  const walk = (items: readonly Item[], base: number, data: boolean): void => {
    for (const { at, directive } of items) {
      const start = base + at;
      const { name, block } = directive as Directive;
      if (data && !isSpecial(name.value)) {
        look('data scoped as a directive', start, name.raw.length, (scopes) => !isName(scopes));
      } else look('directive', start, name.raw.length, isName);
      for (const word of directive.args)
        if (word.quote) look('string', start + word.at, word.raw.length, isString);
      for (const comment of directive.comments)
        look('comment', start + comment.at, comment.text.length, isComment);
      for (const comment of block?.comments ?? [])
        look('comment', start + comment.at, comment.text.length, isComment);
      if (directive.lua) {
        const { open, close } = directive.lua;
        look('Lua', start + open + 1, close - open - 1, (scopes) => has(scopes, 'meta.embedded.block.lua'));
      }
      if (block) walk(block.items, start, DATA.has(name.value));
    }
  };
  walk(document.items, 0, false);
  for (const comment of document.comments) look('comment', comment.at, comment.text.length, isComment);
  return found;
}

function isSpecial(name: string): boolean {
  return name === 'default' || name === 'include';
}

describe('colours and reader agree', () => {
  // A template is no configuration yet: the reader sees the braces of its placeholders as blocks.
  const files = [...conf(FIXTURES), ...conf(CASES)].filter(
    (file) => path.basename(file) !== 'templates.conf',
  );

  it.each(files)('%s', async (file) => {
    const content = readFileSync(path.join(ROOT, file), 'utf8');
    const text = content.startsWith('# SYNTAX TEST') ? readCase(content).lines.join('\n') : content;
    expect(differences(text, await grammar('source.nginx'))).toEqual([]);
    expect(differences(text, await grammar('source.nginx', withoutLua))).toEqual([]);
    expect(differences(text.replaceAll('\n', '\r\n'), await grammar('source.nginx'))).toEqual([]);
  });

  it('notices a difference', async () => {
    const loaded = await grammar('text.log.nginx-error-log');
    expect(differences('a b; # c', loaded)).toHaveLength(2);
  });
});

describe('hostile lines', () => {
  const pieces = (text: string): string[] => text.split('¦');
  const LONG = pieces('\\"¦{¦}¦$¦[¦(¦)¦${¦{{¦{%¦<%¦"¦\'¦#¦~¦=¦;¦\\¦|¦*¦-¦:¦a');
  const SHORTER = [
    ...pieces(
      '~ ¦a{¦a;¦a ¦a=¦a=1 ¦~a ¦"~a" ¦1h¦1.¦::¦[:¦(?<a>¦a{2}¦$a¦${a}¦if (¦location ~ ¦map a b {¦geo {',
    ),
    ...pieces(
      'rewrite a ¦server {¦*a¦-f ¦a/¦/*¦a_by_lua_block {¦content_by_lua_block { [[¦--[¦]]¦{{a}}¦{{ a',
    ),
    ...pieces(
      '<% a¦<% %>¦server ¦(111: ¦while a ¦client: ¦request: "¦", ¦SSL: ¦in /a¦a()¦1#1:¦[error]¦unix:',
    ),
  ];
  const PREFIXES = [
    'a ',
    'location ~ ',
    'if ($a ~ ',
    'map $a $b { ~',
    'a "',
    'set_by_lua_block $a { ',
    'request: "',
  ];

  it.each(Object.keys(GRAMMARS))('end in %s', async (scope) => {
    const loaded = await grammar(scope);
    const finish = (line: string): void => {
      // Not tokenizeLine: its scopes of one brace in the other take the square of their depth.
      expect(loaded.tokenizeLine2(line, textmate.INITIAL, 0).stoppedEarly).toBe(false);
    };
    for (const piece of LONG) finish(piece.repeat(50_000 / piece.length));
    for (const piece of SHORTER) finish(piece.repeat(10_000 / piece.length));
    for (const prefix of PREFIXES)
      for (const piece of [...LONG, ...SHORTER]) finish(prefix + piece.repeat(1_000 / piece.length));
  });
});

describe('package.json', () => {
  interface Contributes {
    readonly languages: readonly {
      readonly id: string;
      readonly filenames?: readonly string[];
      readonly extensions?: readonly string[];
      readonly filenamePatterns?: readonly string[];
      readonly firstLine?: string;
    }[];
    readonly grammars: readonly {
      readonly language: string;
      readonly scopeName: string;
      readonly path: string;
      readonly embeddedLanguages?: Record<string, string>;
    }[];
  }
  const { contributes } = read('package.json') as { contributes: Contributes };

  it('names both grammars, and Lua where the grammar says so', () => {
    expect(
      Object.fromEntries(contributes.grammars.map(({ scopeName, path: file }) => [scopeName, file])),
    ).toEqual(
      Object.fromEntries(Object.entries(GRAMMARS).map(([scope, file]) => [scope, `./syntaxes/${file}`])),
    );
    const nginx = contributes.grammars.find(({ language }) => language === 'nginx')!;
    expect(nginx.embeddedLanguages).toEqual({ 'meta.embedded.block.lua': 'lua' });
  });

  it("takes no log but nginx's", () => {
    const log = contributes.languages.find(({ id }) => id === 'nginx-error-log')!;
    expect(log.extensions ?? []).toEqual([]);
    expect(log.filenames ?? []).toEqual([]);
    for (const pattern of log.filenamePatterns!) expect(pattern).toMatch(/^\*\*\/nginx\//);
    const first = new RegExp(log.firstLine!);
    expect(first.test('2026/01/31 03:00:00 [error] 4242#4242: *7 connect() failed')).toBe(true);
    expect(first.test('2026/01/31 03:00:00 [notice] 1#1: nginx/1.28.0')).toBe(true);
    expect(first.test('2026-01-31 03:00:00 ERROR connect() failed')).toBe(false);
    expect(first.test('2026/01/31 03:00:00 [error] connect() failed')).toBe(false);
  });
});

describe('language-configuration.json', () => {
  const configuration = read('syntaxes/language-configuration.json') as {
    wordPattern: string;
    indentationRules: { increaseIndentPattern: string; decreaseIndentPattern: string };
    folding: { markers: { start: string; end: string } };
  };

  it('takes a variable with its dollar, and a directive, as one word', () => {
    const words = 'proxy_set_header Host $http_host; try_files /a-b @named 30s;';
    expect(words.match(new RegExp(configuration.wordPattern, 'g'))).toEqual([
      ...['proxy_set_header', 'Host', '$http_host', 'try_files', 'a-b', '@named', '30s'],
    ]);
  });

  it('indents behind an opening brace that is none of a comment', () => {
    const increase = new RegExp(configuration.indentationRules.increaseIndentPattern);
    for (const line of ['http {', '  location ~ a#b { # {', 'map $a $b {']) expect(line).toMatch(increase);
    for (const line of ['# http {', 'listen 80; # {', 'server { listen 80; }'])
      expect(line).not.toMatch(increase);
    expect('  }').toMatch(new RegExp(configuration.indentationRules.decreaseIndentPattern));
  });

  it('folds regions', () => {
    expect('    # region backends').toMatch(new RegExp(configuration.folding.markers.start));
    expect('#endregion').toMatch(new RegExp(configuration.folding.markers.end));
  });
});
