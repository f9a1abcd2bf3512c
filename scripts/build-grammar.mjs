#!/usr/bin/env node
// Rebuilds the nginx grammar's generated files: grammar.js -> src/parser.c (and its companions), then with
// src/scanner.c -> tree-sitter-nginx.wasm, and wasm.stamp.json, by which the tests notice a stale file.
//
//   node scripts/build-grammar.mjs           writes them
//   node scripts/build-grammar.mjs --check   builds them elsewhere and says whether the committed ones are the same
//
// It takes a Debian 12 machine (as root it installs the packages it lacks) and nothing but Debian's packages. Nobody
// needs it who does not change the grammar: the files are committed, and the same bytes come out everywhere.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GRAMMAR = fileURLToPath(new URL('../grammars/nginx', import.meta.url));
const CACHE = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'nginx-502',
  'tree-sitter-0.20.7',
);
const GENERATOR = join(CACHE, 'generator', 'target', 'release', 'generator');

const SOURCES = ['grammar.js', 'src/scanner.c'];
const GENERATED = ['src/grammar.json', 'src/node-types.json', 'src/parser.c', 'src/tree_sitter/parser.h'];
const WASM = 'tree-sitter-nginx.wasm';
const STAMP = 'wasm.stamp.json';

const CRATES = [
  ...[
    'aho-corasick',
    'anyhow',
    'indexmap',
    'lazy-static',
    'log',
    'regex',
    'regex-syntax',
    'rustc-hash',
    'semver',
  ],
  ...['serde', 'serde-derive', 'serde-json', 'smallbitvec'],
].map((name) => `librust-${name}-dev`);

function run(file, args, options = {}) {
  return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });
}

function output(file, args) {
  try {
    return run(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}

/** Installs Debian packages that are not there, or says which ones to install. */
function ensurePackages(names) {
  const missing = names.filter(
    (name) => !output('dpkg-query', ['-W', '-f', '${Status}', name])?.endsWith(' installed'),
  );
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) throw new Error(`please install: apt-get install ${missing.join(' ')}`);
  run('apt-get', ['install', '-y', '--no-install-recommends', ...missing]);
}

/** The first of the named commands whose version is Debian 12's: others give other bytes. */
function version14(names) {
  return names.find((name) => / 14\.0\.6/.test(output(name, ['--version']) ?? ''));
}

function compilers() {
  const find = () => ({
    CLANG: version14(['clang-14', 'clang']),
    WASM_LD: version14(['wasm-ld-14', 'wasm-ld']),
  });
  let found = find();
  if (!found.CLANG || !found.WASM_LD) {
    ensurePackages(['clang-14', 'lld-14']);
    found = find();
  }
  if (!found.CLANG || !found.WASM_LD)
    throw new Error('clang and lld are there, but not their version 14.0.6');
  return found;
}

function ensureGenerator() {
  if (existsSync(GENERATOR)) return;
  ensurePackages([...CRATES, ...(output('cargo', ['--version']) ? [] : ['cargo'])]);
  console.log('Building the parser generator, which takes about a minute ...');
  run('sh', [join(GRAMMAR, 'scripts', 'build-generator.sh'), CACHE]);
}

function stampOf(folder) {
  const sha256 = {};
  for (const name of [...SOURCES, ...GENERATED, WASM]) {
    sha256[name] = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  }
  return `${JSON.stringify({ generator: 'tree-sitter 0.20.7', compiler: 'clang 14.0.6, lld 14.0.6', sha256 }, null, 2)}\n`;
}

/** A parser that cannot be loaded, or finds fault with a sound file, must not be committed. */
async function tryOut(wasm) {
  const { Language, Parser } = await import('web-tree-sitter');
  await Parser.init();
  const parser = new Parser().setLanguage(await Language.load(readFileSync(wasm)));
  const tree = parser.parse(`http { a "b;" '}' $\{c}; d_by_lua_block { "}" } } # e`);
  if (!tree || tree.rootNode.hasError) throw new Error('the new parser does not understand a sound file');
}

async function build(target) {
  const { CLANG, WASM_LD } = compilers();
  ensureGenerator();
  for (const name of SOURCES) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    cpSync(join(GRAMMAR, name), join(target, name));
  }
  run(GENERATOR, [target]);
  run('sh', [join(GRAMMAR, 'scripts', 'build-wasm.sh'), join(target, 'src'), join(target, WASM)], {
    env: { ...process.env, CLANG, WASM_LD },
  });
  await tryOut(join(target, WASM));
  writeFileSync(join(target, STAMP), stampOf(target));
}

const target = mkdtempSync(join(tmpdir(), 'nginx-502-grammar-'));
try {
  await build(target);
  const names = [...GENERATED, WASM, STAMP];
  const changed = names.filter((name) => {
    const committed = join(GRAMMAR, name);
    return !existsSync(committed) || !readFileSync(committed).equals(readFileSync(join(target, name)));
  });
  if (process.argv.includes('--check')) {
    if (changed.length > 0)
      throw new Error(`stale in grammars/nginx: ${changed.join(', ')}; run this without --check`);
    console.log(`All ${names.length} generated files in grammars/nginx are what its sources give.`);
  } else {
    for (const name of changed) cpSync(join(target, name), join(GRAMMAR, name));
    console.log(
      changed.length > 0
        ? `Rebuilt the nginx grammar; changed in grammars/nginx: ${changed.join(', ')}.`
        : `Rebuilt the nginx grammar: all ${names.length} generated files came out as they were.`,
    );
  }
} catch (error) {
  console.error(`The nginx grammar was not built: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(target, { recursive: true, force: true });
}
