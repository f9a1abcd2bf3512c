import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import stamp from '../wasm.stamp.json' with { type: 'json' };
import { GRAMMAR } from './language.ts';

const WASM = 'tree-sitter-nginx.wasm';

// TypeScript knows WebAssembly through the DOM's types only.
interface ModuleConstructor {
  new (bytes: Uint8Array): object;
  imports(module: object): { readonly name: string }[];
}
const wasm = (globalThis as unknown as { WebAssembly: { Module: ModuleConstructor } }).WebAssembly;

function versionOf(command: string): string {
  try {
    return execFileSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

/** Only this version gives the committed bytes; where it is absent, the stamp has to do. */
function commandOfVersion14(...names: string[]): string | undefined {
  return names.find((name) => / 14\.0\.6/.test(versionOf(name)));
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

describe('the committed parser', () => {
  it('is the one that was built from the committed sources', () => {
    const names = Object.keys(stamp.sha256);
    const hashes = Object.fromEntries(names.map((name) => [name, sha256(join(GRAMMAR, name))]));
    expect(hashes, 'run: node scripts/build-grammar.mjs').toEqual(stamp.sha256);
    expect(names).toEqual(expect.arrayContaining(['grammar.js', 'src/parser.c', 'src/scanner.c', WASM]));
  });

  it('is the one that its stamp names; so is the one compiled anew, where the compiler is', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nginx-502-wasm-'));
    try {
      const builds = [join(GRAMMAR, WASM)];
      const clang = commandOfVersion14('clang-14', 'clang');
      const linker = commandOfVersion14('wasm-ld-14', 'wasm-ld');
      if (clang && linker) {
        const anew = join(folder, WASM);
        execFileSync('sh', [join(GRAMMAR, 'scripts', 'build-wasm.sh'), join(GRAMMAR, 'src'), anew], {
          env: { ...process.env, CLANG: clang, WASM_LD: linker },
        });
        builds.push(anew);
      }
      for (const build of builds) expect(sha256(build)).toBe(stamp.sha256[WASM]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('asks nothing of its host but memory', () => {
    const module = new wasm.Module(readFileSync(join(GRAMMAR, WASM)));
    const imports = wasm.Module.imports(module).map(({ name }) => name);
    expect(imports.sort()).toEqual(['__indirect_function_table', '__memory_base', '__table_base', 'memory']);
  });
});
