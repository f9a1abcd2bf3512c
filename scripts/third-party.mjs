// THIRD-PARTY-NOTICES.txt: whose code is in what we ship, by the bundler's own account, and under which licences.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './set-up.mjs';

const BUNDLES = {
  'dist/meta.json': 'the VS Code extension',
  'server/dist/meta.json': 'the command line',
};

/** Folder of the package that a file belongs to, relative to the repository; null for our own files. */
function packageOf(file) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? null;
}

/** Packages whose code is in the bundles: folder -> what it is in. Needs a build. */
export function bundledPackages() {
  const packages = new Map();
  for (const [meta, what] of Object.entries(BUNDLES)) {
    const { outputs } = JSON.parse(readFileSync(path.join(root, meta), 'utf8'));
    // Not all that was read: what was dropped as unused is not shipped.
    const files = Object.values(outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).filter((file) => inputs[file].bytesInOutput > 0),
    );
    for (const folder of files.map(packageOf)) {
      if (folder) packages.set(folder, new Set(packages.get(folder)).add(what));
    }
  }
  return packages;
}

const tidy = (text) =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t]+$/gm, '')
    .trim();

function licenceOf(folder) {
  const names = readdirSync(path.join(root, folder));
  const file = names.find((name) => /^(licen[cs]e|copying)(\.|$)/i.test(name));
  if (!file) throw new Error(`${folder} is bundled and has no licence text`);
  return tidy(readFileSync(path.join(root, folder, file), 'utf8'));
}

export function thirdPartyNotices() {
  /** Licence text -> packages under it, for several come from one hand. */
  const licences = new Map();
  for (const [folder, places] of bundledPackages()) {
    const { name, version, license } = JSON.parse(
      readFileSync(path.join(root, folder, 'package.json'), 'utf8'),
    );
    const line = `${name} ${version} (${license}), in ${[...places].sort().join(' and ')}`;
    const text = licenceOf(folder);
    licences.set(text, [...(licences.get(text) ?? []), line]);
  }
  const parts = [...licences]
    .map(([text, lines]) => `${lines.sort().join('\n')}\n\n${text}`)
    .sort((a, b) => (a < b ? -1 : 1));
  const grammar = path.join(root, 'grammars/nginx/NOTICE');
  if (!existsSync(grammar)) throw new Error('grammars/nginx/NOTICE is missing');
  parts.push(`tree-sitter-nginx.wasm, in both\n\n${tidy(readFileSync(grammar, 'utf8'))}`);
  parts.push(
    `reference.json, in both\n\n${tidy(readFileSync(path.join(root, 'server/data/NOTICE'), 'utf8'))}`,
  );
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  return `nginx-502 contains code of others. Written by npm run docs from what the bundles hold.${rule}${parts.join(rule)}\n`;
}
