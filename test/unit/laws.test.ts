import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../support/engine.ts';

/** The laws of docs/architecture.md that a check can hold. The engine's types are checked by its own tsconfig. */

interface Metafile {
  readonly inputs: Record<
    string,
    { readonly imports: readonly { path: string; kind?: string; external?: boolean; original?: string }[] }
  >;
  readonly outputs: Record<string, { readonly inputs: Record<string, unknown> }>;
}

function metafile(folder: string): Metafile {
  return JSON.parse(readFileSync(path.join(ROOT, folder, 'meta.json'), 'utf8')) as Metafile;
}

function sources(folder: string): string[] {
  if (!existsSync(path.join(ROOT, folder))) return [];
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`);
}

/** What went into one output of the extension. */
function inputsOf(output: string): Metafile['inputs'] {
  const { inputs, outputs } = metafile('dist');
  return Object.fromEntries(Object.keys(outputs[output]!.inputs).map((file) => [file, inputs[file]!]));
}

/** Our own files use none of the modules that reach out of the process. */
function expectHarmless(inputs: Metafile['inputs']): void {
  const used = new Set(
    Object.entries(inputs)
      .filter(([file]) => !file.includes('node_modules/'))
      .flatMap(([, input]) =>
        input.imports.filter((i) => i.external).map((i) => i.path.replace(/^node:/, '')),
      ),
  );
  for (const module of [
    'child_process',
    'net',
    'http',
    'https',
    'http2',
    'tls',
    'dgram',
    'dns',
    'worker_threads',
  ])
    expect([...used], module).not.toContain(module);
}

test('a check reads nothing that explains logs, no WebAssembly runtime and no engine for patterns: each start would pay for them', () => {
  const { inputs } = metafile('server/dist');
  const loaded = new Set<string>();
  const waiting = ['server/src/cli/check-command.ts'];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (loaded.has(file)) continue;
    loaded.add(file);
    for (const { path: imported, kind, external } of inputs[file]!.imports)
      if (!external && kind !== 'dynamic-import') waiting.push(imported);
  }
  expect(loaded).toContain('server/src/engine/diagnosis/check.ts');
  for (const file of loaded)
    expect(file).not.toMatch(
      /errorlog\/catalogue\.ts|failures\/index\.ts|diagnosis\/explain\.ts|web-tree-sitter|node_modules\/re2js/,
    );
});

describe.each([
  { what: 'the command line', inputs: metafile('server/dist').inputs },
  { what: 'the language server of the extension', inputs: inputsOf('dist/server.cjs') },
])('laws of $what', ({ inputs }) => {
  const engine = Object.keys(inputs).filter((file) => file.startsWith('server/src/engine/'));

  test('the engine imports itself and two libraries, never Node, LSP or VS Code', () => {
    expect(engine.length).toBeGreaterThan(40);
    const outside = new Set<string>();
    for (const file of engine) {
      for (const imported of inputs[file]!.imports) {
        if (imported.path.startsWith('server/src/engine/')) continue;
        outside.add(
          imported.external
            ? imported.path
            : imported.path.replace(/^(?:node_modules\/|at-first-use:)([^/]+).*/, '$1'),
        );
      }
    }
    expect([...outside].sort()).toEqual(['re2js', 'web-tree-sitter']);
  });

  test('tree-sitter is known to one file, and so is the regular-expression library', () => {
    const users = (library: string): string[] =>
      engine.filter((file) =>
        inputs[file]!.imports.some((i) =>
          new RegExp(`(?:node_modules/|at-first-use:)${library}\\b`).test(i.path),
        ),
      );
    expect(users('web-tree-sitter')).toEqual(['server/src/engine/syntax/parser.ts']);
    expect(users('re2js')).toEqual(['server/src/engine/config/pcre.ts']);
  });

  test('layers look downward: syntax and errorlog know no model, the model no failure mode', () => {
    const below: Record<string, readonly string[]> = {
      syntax: ['syntax', 'contract.ts'],
      errorlog: ['errorlog', 'contract.ts'],
      config: ['config', 'syntax', 'contract.ts', 'host.ts'],
    };
    for (const file of engine) {
      const layer = file.split('/')[3]!;
      for (const imported of inputs[file]!.imports) {
        if (!below[layer] || !imported.path.startsWith('server/src/engine/')) continue;
        expect(below[layer], `${file} imports ${imported.path}`).toContain(imported.path.split('/')[3]);
      }
    }
  });

  test('nothing opens a network connection or runs a program', () => {
    expectHarmless(inputs);
  });
});

describe('laws', () => {
  test('the client knows of the server only the protocol, and opens no connection and runs no program', () => {
    const inputs = inputsOf('dist/client.cjs');
    const own = Object.keys(inputs).filter((file) => !file.includes('node_modules/'));
    expect(own).toContain('client/src/extension.ts');
    expect(own.filter((file) => !file.startsWith('client/'))).toEqual(
      own.includes('server/src/protocol.ts') ? ['server/src/protocol.ts'] : [],
    );
    expectHarmless(inputs);
  });

  test('the sources of the client name no other file of the server, not even for its types', () => {
    for (const file of [...sources('client/src'), ...sources('client/webview')]) {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      for (const [, from] of text.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g)) {
        if (from && /server\/|^nginx-502/.test(from))
          expect(from, file).toMatch(/^nginx-502\/protocol$|\/server\/src\/protocol\.ts$/);
      }
    }
  });

  test('a failure mode has at most 200 lines', () => {
    for (const file of sources('server/src/engine/failures').filter((name) => !name.endsWith('/index.ts'))) {
      const lines = readFileSync(path.join(ROOT, file), 'utf8').split('\n').length - 1;
      expect(lines, file).toBeLessThanOrEqual(200);
    }
  });

  test('the lock file names no registry', () => {
    expect(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "https?:/);
  });
});
