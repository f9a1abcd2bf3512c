// Writes what is repeated of the program elsewhere: a page for each failure mode, the READMEs' outputs and tables, the
// findings in the extension's settings, and the third-party notices.
// With --check it writes nothing and fails when something is stale.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { commandList, settingsTable, withFindings } from './manifest.mjs';
import { thirdPartyNotices } from './third-party.mjs';

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

async function engine() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents: `export { failureModes } from './server/src/engine/failures/index.ts';
export { GENERAL_IDS as generalIds } from './server/src/engine/diagnosis/finding-ids.ts';`,
      resolveDir: root,
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

function fence(kind, text) {
  return `\`\`\`${kind}\n${text.trimEnd()}\n\`\`\`\n`;
}

function fixtureText(id, name) {
  const file = path.join(root, 'test-fixtures', id, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

const WITHOUT_STATUS = {
  raw: 'was answered with bytes that are no HTTP',
  closed: 'was not answered: the connection was closed',
  cut: 'was answered in part',
  timeout: 'was not answered in time',
};

/** What became of a request. */
function whatCame({ path: uri, status, kind }) {
  return `\`${uri}\` ${status === null ? WITHOUT_STATUS[kind] : `was answered with ${status}`}`;
}

function page(mode) {
  const folder = path.join(root, 'test-fixtures', mode.id);
  const found = mode.detect ? 'in the configuration' : null;
  const logged = mode.signatures.length > 0 ? 'from the error log' : null;
  const answered = mode.weighAnswer ? 'from an access log or an error page' : null;
  const parts = [
    `# ${mode.id}\n`,
    `${mode.title}.\n`,
    `${mode.what}\n`,
    `**Why it matters.** ${mode.why}\n`,
    `**What to do.** ${mode.do}\n`,
    '| | |\n|---|---|',
    `| found | ${[found, logged, answered].filter(Boolean).join(' and ')} |`,
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
    const answers = broken.answers.map(whatCame).join(', ');
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
  if (from < 0 || to < from) throw new Error(`There is no place for ${name}`);
  return `${text.slice(0, from + begin.length)}${content}${text.slice(to)}`;
}

execFileSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: 'inherit' });
const { failureModes: modes, generalIds } = await engine();
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
readme = fill(
  readme,
  'route',
  fence(
    'text',
    `$ nginx-502 route http://app.test:8080/ws/room\n${output(['route', 'http://app.test:8080/ws/room'])}`,
  ),
);
put('README.md', readme);

const manifest = withFindings(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')), {
  failureModes: modes,
  generalIds,
});
put('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
let gallery = readFileSync(path.join(root, 'client/README.md'), 'utf8');
gallery = fill(gallery, 'settings', settingsTable(manifest));
gallery = fill(gallery, 'commands', commandList(manifest));
put('client/README.md', gallery);
let forNpm = readFileSync(path.join(root, 'server/README.md'), 'utf8');
forNpm = fill(forNpm, 'check', fence('text', `$ nginx-502 check\n${output(['check'])}`));
forNpm = fill(forNpm, 'help', fence('text', `$ nginx-502 --help\n${output(['--help'])}`));
put('server/README.md', forNpm);
put('THIRD-PARTY-NOTICES.txt', thirdPartyNotices());

if (stale.length > 0) {
  process.stderr.write(`Stale: ${stale.join(', ')}. Run npm run docs.\n`);
  process.exitCode = 1;
} else
  process.stdout.write(
    checking
      ? 'The documentation is what the program says.\n'
      : 'Wrote docs/failures, THIRD-PARTY-NOTICES.txt, and what the READMEs and package.json repeat of the program.\n',
  );
