import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageExtension, packageProgram } from '../../scripts/package.mjs';
import { bundledPackages } from '../../scripts/third-party.mjs';
import { readZip } from '../../scripts/unzip.mjs';
import { FINDING_IDS } from '../../server/src/engine/diagnosis/check.ts';
import { DEFAULT_SETTINGS, readClientSettings } from '../../server/src/lsp/client-settings.ts';
import { ROOT } from '../support/engine.ts';

/** What users install: nothing is missing, nothing is there that has no business there. */

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly icon: string;
  readonly contributes: {
    readonly languages: readonly { configuration?: string; icon?: { light: string; dark: string } }[];
    readonly grammars?: readonly { path: string }[];
    readonly configuration: { properties: Record<string, { default: unknown; properties?: object }> };
  };
}

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Manifest;
const server = JSON.parse(readFileSync(path.join(ROOT, 'server/package.json'), 'utf8')) as Manifest;
const folder = mkdtempSync(path.join(tmpdir(), 'nginx-502-packages-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the extension and the command line have one version', () => {
  expect(server.version).toBe(manifest.version);
});

describe('the .vsix', () => {
  let files: Map<string, Buffer>;
  let packed: Manifest & Record<string, unknown>;
  let size = 0;
  beforeAll(() => {
    const vsix = packageExtension(folder);
    size = statSync(vsix).size;
    files = readZip(vsix);
    packed = JSON.parse(files.get('extension/package.json')!.toString());
  });

  test('holds what runs, what users read, and nothing else', () => {
    const expected =
      /^(\[Content_Types\]\.xml|extension\.vsixmanifest|extension\/(package\.json|readme\.md|changelog\.md|LICENSE\.txt|THIRD-PARTY-NOTICES\.txt|images\/[\w-]+\.png|syntaxes\/[\w.-]+\.json|dist\/(client|server|re2js)\.cjs|dist\/reference\.json|dist\/(web-tree-sitter|tree-sitter-nginx)\.wasm|dist\/webview\/[\w-]+\.(js|css)))$/;
    expect([...files.keys()].filter((name) => !expected.test(name))).toEqual([]);
    for (const name of ['dist/server.cjs', 'dist/web-tree-sitter.wasm', 'dist/tree-sitter-nginx.wasm'])
      expect(files.has(`extension/${name}`), name).toBe(true);
    for (const name of ['readme.md', 'changelog.md', 'LICENSE.txt', 'THIRD-PARTY-NOTICES.txt'])
      expect(files.get(`extension/${name}`)!.length, name).toBeGreaterThan(50);
  });

  test('holds every file that its manifest and its README name', () => {
    const { languages, grammars = [] } = packed.contributes;
    const named = [
      packed.main,
      packed.icon,
      ...languages.flatMap(({ configuration, icon }) => [configuration, icon?.light, icon?.dark]),
      ...grammars.map((grammar) => grammar.path),
      ...[
        ...files
          .get('extension/readme.md')!
          .toString()
          .matchAll(/\]\((?!https:)([^)#]+)\)/g),
      ].map((m) => m[1]),
    ];
    for (const name of named) {
      if (name === undefined) continue;
      const file = path.posix.join('extension', name);
      expect(files.has(file), file).toBe(true);
    }
  });

  test('has a manifest without what is for developers', () => {
    for (const key of ['private', 'workspaces', 'scripts', 'devDependencies', 'dependencies'])
      expect(packed, key).not.toHaveProperty(key);
    expect(packed.contributes).toEqual(manifest.contributes);
  });

  test('is no larger than the budget', () => {
    expect(size).toBeLessThanOrEqual(1_000_000);
  });

  test('has an icon of the size that the gallery wants', () => {
    const png = files.get(`extension/${packed.icon}`)!;
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([256, 256]);
  });
});

describe('the npm package', () => {
  const unpacked = path.join(folder, 'npm');
  beforeAll(() => {
    mkdirSync(unpacked);
    execFileSync('tar', ['-xzf', packageProgram(folder), '-C', unpacked]);
  });
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [path.join(unpacked, 'package/bin/nginx-502.mjs'), ...args], {
      cwd: path.join(ROOT, 'test-fixtures/sample'),
      encoding: 'utf8',
    });

  test('works without anything else installed', () => {
    expect(run('--version').stdout).toBe(`nginx-502 ${server.version}\n`);
    const checked = run('check', '--format', 'json');
    expect(checked.stderr).toBe('');
    expect(checked.status).toBe(1);
    const explained = run('explain', '--config', 'nginx.conf', 'error.log');
    expect(explained.stderr).toBe('');
    expect(explained.status).toBe(0);
  });

  test('brings what it says, and no dependencies', () => {
    const packed = JSON.parse(readFileSync(path.join(unpacked, 'package/package.json'), 'utf8'));
    expect(packed).not.toHaveProperty('dependencies');
    expect(packed.exports).toEqual({ './package.json': './package.json' });
    for (const name of ['README.md', 'LICENSE', 'THIRD-PARTY-NOTICES.txt', 'schemas/check.schema.json'])
      expect(statSync(path.join(unpacked, 'package', name)).size, name).toBeGreaterThan(50);
    expect(() => statSync(path.join(unpacked, 'package/dist/meta.json'))).toThrow();
  });
});

// That the file is up to date as a whole is held by docs.test.ts.
test('THIRD-PARTY-NOTICES.txt lists every package in the bundles', () => {
  const notices = readFileSync(path.join(ROOT, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  const packages = [...bundledPackages().keys()];
  expect(packages.length).toBeGreaterThan(5);
  for (const folder of packages) {
    const { name, version } = JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8'));
    expect(notices).toContain(`\n${name} ${version} (`);
  }
});

describe('the settings of the manifest and those that the server reads', () => {
  const { properties } = manifest.contributes.configuration;
  const defaults = Object.fromEntries(
    Object.entries(properties).map(([name, { default: value }]) => [name.replace('nginx502.', ''), value]),
  );

  test('have the same names', () => {
    expect(Object.keys(properties).every((name) => name.startsWith('nginx502.'))).toBe(true);
    expect(Object.keys(defaults).sort()).toEqual(Object.keys(DEFAULT_SETTINGS).sort());
  });

  test('have defaults that mean the same', () => {
    expect(readClientSettings(defaults)).toEqual({ settings: DEFAULT_SETTINGS, complaints: [] });
  });

  test('offer every finding and every severity', () => {
    const severity = properties['nginx502.severity']!.properties as Record<
      string,
      { enum: string[]; description: string }
    >;
    expect(Object.keys(severity).sort()).toEqual([...FINDING_IDS].sort());
    for (const [id, { enum: levels, description }] of Object.entries(severity)) {
      expect(description.length, id).toBeGreaterThan(5);
      for (const level of levels)
        expect(readClientSettings({ severity: { [id]: level } }).complaints, `${id}: ${level}`).toEqual([]);
    }
  });
});
