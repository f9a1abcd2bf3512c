// Writes what the documentation repeats of the program: a page for each failure mode, and the README's outputs.
// With --check it writes nothing and fails when something is stale.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const checking = process.argv.includes('--check');
const stale = [];

function put(file, text) {
  const full = path.join(root, file);
  const now = existsSync(full) ? readFileSync(full, 'utf8') : null;
  if (now === text) return;
  if (checking) stale.push(file);
  else {
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
}

async function failureModes() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['server/src/engine/failures/index.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  const module = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  return module.failureModes;
}

function fence(kind, text) {
  return `\`\`\`${kind}\n${text.trimEnd()}\n\`\`\`\n`;
}

function fixtureText(id, name) {
  const file = path.join(root, 'test-fixtures', id, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

function page(mode) {
  const folder = path.join(root, 'test-fixtures', mode.id);
  const found = mode.detect ? 'in the configuration' : null;
  const logged = mode.signatures.length > 0 ? 'from the error log' : null;
  const parts = [
    `# ${mode.id}\n`,
    `${mode.title}.\n`,
    `${mode.what}\n`,
    `**Why it matters.** ${mode.why}\n`,
    `**What to do.** ${mode.do}\n`,
    '| | |\n|---|---|',
    `| found | ${[found, logged].filter(Boolean).join(' and ')} |`,
    `| the client gets | ${mode.status ?? 'no status of its own'} |`,
    `| strikes | ${mode.hits} |`,
    ...(mode.remedy.mitigate ? [`| meanwhile | ${mode.remedy.mitigate} |`] : []),
    ...(mode.remedy.takesEffect ? [`| takes effect | ${mode.remedy.takesEffect} |`] : []),
    '',
  ];
  parts.push(
    '## Example\n',
    'A real nginx was run with this configuration:\n',
    fence('nginx', fixtureText(mode.id, 'nginx.conf')),
  );
  const included = fixtureText(mode.id, 'conf.d/app.conf');
  if (included) parts.push('with `conf.d/app.conf`:\n', fence('nginx', included));
  const recorded = path.join(folder, 'recorded');
  for (const version of existsSync(recorded) ? readdirSync(recorded).sort() : []) {
    const broken = JSON.parse(readFileSync(path.join(recorded, version, 'broken.json'), 'utf8'));
    const lines = [...(broken.refusal ? [broken.refusal] : []), ...broken.log];
    const said = lines.length === 0 ? 'wrote nothing to its error log' : 'said';
    const answers = broken.answers
      .map((a) => `\`${a.path}\` was answered with ${a.status ?? a.kind}`)
      .join(', ');
    parts.push(
      `nginx ${version} ${said}${lines.length === 0 ? '.' : ':'}${answers ? ` (${answers})` : ''}\n`,
    );
    if (lines.length > 0) parts.push(fence('', lines.join('\n')));
  }
  parts.push('## See also\n', ...mode.references.map((url) => `- <${url}>`), '');
  return parts.join('\n');
}

function output(args, input) {
  const result = spawnSync(process.execPath, [path.join(root, 'server/bin/nginx-502.mjs'), ...args], {
    cwd: path.join(root, 'test-fixtures/sample'),
    encoding: 'utf8',
    input,
    env: { ...process.env, NO_COLOR: '1' },
  });
  if (result.status > 1 || result.stderr) throw new Error(`nginx-502 ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

function fill(text, name, content) {
  const begin = `<!-- begin ${name} -->\n`;
  const end = `<!-- end ${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no place for ${name}`);
  return `${text.slice(0, from + begin.length)}${content}${text.slice(to)}`;
}

execFileSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: 'inherit' });
const modes = await failureModes();
for (const mode of modes) put(`docs/failures/${mode.id}.md`, page(mode));
const pages = path.join(root, 'docs/failures');
for (const name of existsSync(pages) ? readdirSync(pages) : []) {
  if (name === 'README.md' || modes.some((mode) => `${mode.id}.md` === name)) continue;
  if (checking) stale.push(`docs/failures/${name}`);
  else rmSync(path.join(pages, name));
}
const rows = modes.map((mode) => `| [${mode.id}](${mode.id}.md) | ${mode.title} | ${mode.status ?? '-'} |`);
put(
  'docs/failures/README.md',
  `# Failure modes\n\nWritten by \`npm run docs\`; do not edit.\n\n| id | what | client gets |\n|---|---|---|\n${rows.join('\n')}\n`,
);

const sample = readFileSync(path.join(root, 'test-fixtures/sample/nginx.conf'), 'utf8');
const line = readFileSync(path.join(root, 'test-fixtures/sample/error.log'), 'utf8');
let readme = readFileSync(path.join(root, 'README.md'), 'utf8');
readme = fill(readme, 'sample', fence('nginx', sample));
readme = fill(readme, 'check', fence('text', `$ nginx-502 check\n${output(['check'])}`));
readme = fill(readme, 'line', fence('text', line));
readme = fill(
  readme,
  'explain',
  fence(
    'text',
    `$ pbpaste | nginx-502 explain --config nginx.conf\n${output(['explain', '--config', 'nginx.conf'], line)}`,
  ),
);
put('README.md', readme);

if (stale.length > 0) {
  process.stderr.write(`Stale: ${stale.join(', ')}. Run npm run docs.\n`);
  process.exitCode = 1;
} else
  process.stdout.write(
    checking
      ? 'The documentation is what the program says.\n'
      : 'Wrote docs/failures and the outputs in README.md.\n',
  );
