// npm run package: the VS Code extension (.vsix) and the npm package (.tgz), in out/. Each is put together in a folder of
// its own that holds what is shipped and nothing else, so that no list of exceptions can forget something.
// `-- --pictures https://ADDRESS` says where the pictures of docs/images are published, for the gallery's page.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { ensurePackages, giveUp, root, run } from './set-up.mjs';

const require = createRequire(import.meta.url);
const readJson = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/** Copies files and folders of the repository; `as` gives another name. */
function copy(stage, from, as = from) {
  const to = path.join(stage, as);
  mkdirSync(path.dirname(to), { recursive: true });
  cpSync(path.join(root, from), to, { recursive: true });
}

/** What a bundle needs at run time: not what tells how it came about. */
function copyBundle(stage, from, as) {
  copy(stage, from, as);
  for (const name of readdirSync(path.join(stage, as), { recursive: true, encoding: 'utf8' }))
    if (name === 'meta.json' || name.endsWith('.map')) rmSync(path.join(stage, as, name));
}

/**
 * The README of the gallery. VS Code shows pictures from https addresses alone: none from inside the package, whether
 * named by a path or written out as data. So they are left out, unless somebody says where they are published.
 */
function copyGallery(stage, { pictures, lacksPictures }) {
  const lacking = [];
  const text = readFileSync(path.join(root, 'client/README.md'), 'utf8').replace(
    /!\[([^\]]*)\]\(\.\.\/(docs\/images\/[^)]+)\)\n*/g,
    (whole, _alt, name) => {
      if (!existsSync(path.join(root, name))) lacking.push(name);
      return pictures ? whole.replace('../docs/images', pictures.replace(/\/$/, '')) : '';
    },
  );
  if (lacking.length > 0) lacksPictures?.(lacking);
  writeFileSync(path.join(stage, 'README.md'), text.replace(/<!-- (begin|end) [a-z]+ -->\n/g, ''));
}

/**
 * Lays out the extension. `pictures` is the address of the folder with the README's pictures, if they have one;
 * `lacksPictures` is told which of them do not exist, and may throw.
 */
export function stageExtension(stage, options = {}) {
  const { workspaces, private: _, scripts, devDependencies, ...manifest } = readJson('package.json');
  writeJson(path.join(stage, 'package.json'), { ...manifest, engines: { vscode: manifest.engines.vscode } });
  copyBundle(stage, 'dist', 'dist');
  for (const name of readdirSync(path.join(root, 'syntaxes')))
    if (name.endsWith('.json')) copy(stage, `syntaxes/${name}`);
  copy(stage, manifest.icon);
  for (const name of ['LICENSE', 'THIRD-PARTY-NOTICES.txt', 'CHANGELOG.md']) copy(stage, name);
  copyGallery(stage, options);
}

/** Lays out the npm package: everything is in its bundle, so it depends on nothing. */
export function stageProgram(stage) {
  const { dependencies, devDependencies, scripts, private: _, ...manifest } = readJson('server/package.json');
  const { './package.json': itself } = manifest.exports;
  writeJson(path.join(stage, 'package.json'), {
    ...manifest,
    files: [...new Set([...manifest.files, 'THIRD-PARTY-NOTICES.txt'])],
    exports: { './package.json': itself },
  });
  copyBundle(stage, 'server/dist', 'dist');
  copy(stage, 'server/bin', 'bin');
  copy(stage, 'server/schemas', 'schemas');
  for (const name of ['LICENSE', 'THIRD-PARTY-NOTICES.txt']) copy(stage, name);
  const readme = readFileSync(path.join(root, 'server/README.md'), 'utf8');
  writeFileSync(path.join(stage, 'README.md'), readme.replace(/<!-- (begin|end) [a-z]+ -->\n/g, ''));
}

/** Runs a function on an empty folder that is gone afterwards. */
function inStage(work) {
  const stage = mkdtempSync(path.join(tmpdir(), 'nginx-502-package-'));
  try {
    return work(stage);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Runs a packager that must not ask; what it says matters only when it fails. */
function quietly(file, args, options) {
  try {
    return execFileSync(file, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', ...options });
  } catch (error) {
    throw new Error(`${path.basename(args[0])} failed:\n${error.stdout}${error.stderr}`);
  }
}

/** Makes the .vsix from what is built; returns its path. */
export function packageExtension(folder, options) {
  const { name, version } = readJson('package.json');
  const vsix = path.join(folder, `${name}-${version}.vsix`);
  return inStage((stage) => {
    stageExtension(stage, options);
    const flags = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links'];
    // With a date of its own the same tree gives the same bytes.
    const env = { SOURCE_DATE_EPOCH: '1767225600', ...process.env };
    quietly(process.execPath, [require.resolve('@vscode/vsce/vsce'), 'package', ...flags, '--out', vsix], {
      cwd: stage,
      env,
    });
    return vsix;
  });
}

/** Makes the .tgz from what is built; returns its path. */
export function packageProgram(folder) {
  const { name, version } = readJson('server/package.json');
  return inStage((stage) => {
    stageProgram(stage);
    quietly('npm', ['pack', '--ignore-scripts', '--offline', '--pack-destination', folder], { cwd: stage });
    return path.join(folder, `${name}-${version}.tgz`);
  });
}

/** Sizes of what is in a layout, largest first: as it is, and compressed, which is what the budget counts. */
function sizes(stage) {
  return readdirSync(stage, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(stage, name)).isFile())
    .map((name) => {
      const bytes = readFileSync(path.join(stage, name));
      return { name, size: bytes.length, packed: gzipSync(bytes, { level: 9 }).length };
    })
    .sort((a, b) => b.packed - a.packed);
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} KB`;

function tell(file, stageIt) {
  process.stdout.write(`\n${path.relative(root, file)}  ${kilobytes(statSync(file).size).trim()}\n`);
  for (const { name, size, packed } of inStage((stage) => {
    stageIt(stage);
    return sizes(stage);
  }))
    process.stdout.write(`  ${kilobytes(size)}  ${kilobytes(packed)} packed  ${name}\n`);
}

function main() {
  const { values } = parseArgs({ options: { pictures: { type: 'string' } } });
  ensurePackages();
  if (!run(process.execPath, ['esbuild.mjs'])) giveUp('The build failed; see above.');
  const out = path.join(root, 'out');
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(out)) if (/\.(vsix|tgz)$/.test(name)) rmSync(path.join(out, name));
  try {
    const vsix = packageExtension(out, {
      pictures: values.pictures,
      lacksPictures(names) {
        throw new Error(`client/README.md shows pictures that do not exist: ${names.join(', ')}.`);
      },
    });
    if (!values.pictures)
      process.stdout.write(
        'The page of the extension has no pictures: VS Code takes them from https addresses only.\n',
      );
    tell(vsix, (stage) => stageExtension(stage));
    tell(packageProgram(out), stageProgram);
  } catch (error) {
    giveUp(error.message);
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) main();
