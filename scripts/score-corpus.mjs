// node scripts/score-corpus.mjs [--frozen|--open] [--verbose]: how often `explain` names the confirmed cause of the lines
// in test/corpus first, and among its first three. It runs the sources as they are now, not what is built.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { explained, GOAL_FIRST, GOAL_THREE, judge, readCorpus, share } from './corpus-score.mjs';
import { ensurePackages, giveUp, root } from './set-up.mjs';

const { frozen, open, verbose } = readOptions();
ensurePackages();
const entries = readCorpus().filter((entry) => (frozen ? entry.frozen : open ? !entry.frozen : true));

const work = mkdtempSync(path.join(tmpdir(), 'nginx-502-corpus-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
const explainCommand = await bundledExplain();

const results = [];
for (const entry of entries) results.push(judge(entry, await explained(explainCommand, entry, work)));

report(results);

function readOptions() {
  try {
    const options = Object.fromEntries(
      ['frozen', 'open', 'verbose'].map((name) => [name, { type: 'boolean', default: false }]),
    );
    const { values } = parseArgs({ options });
    if (values.frozen && values.open) giveUp('--frozen and --open exclude each other.', 2);
    return values;
  } catch (error) {
    return giveUp(error.message, 2);
  }
}

/** The command itself, bundled from the sources, with its grammar beside it. */
async function bundledExplain() {
  const { build } = await import('esbuild');
  const file = path.join(work, 'explain.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['server/src/cli/explain-command.ts'],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: {
      js: "import { createRequire as cr } from 'node:module'; const require = cr(import.meta.url);",
    },
  });
  const require = createRequire(import.meta.url);
  for (const wasm of [
    require.resolve('web-tree-sitter/web-tree-sitter.wasm'),
    path.join(root, 'grammars/nginx/tree-sitter-nginx.wasm'),
  ])
    copyFileSync(wasm, path.join(work, path.basename(wasm)));
  return (await import(pathToFileURL(file).href)).explainCommand;
}

function report(results) {
  const name = frozen ? 'frozen entries' : open ? 'open entries' : 'entries';
  const decidable = results.filter(({ entry }) => entry.decidable !== 'no');
  const personal = results.filter(({ entry }) => entry.decidable === 'no');
  line(`all ${name}`, results);
  line('decidable by log or configuration', decidable, true);
  line('only a person knows', personal);

  const wrong = results.filter(({ first, certainty }) => !first && certainty === 'certain');
  process.stdout.write(`\ncertain and wrong: ${wrong.length === 0 ? 'none' : wrong.length}\n`);
  for (const result of wrong) process.stdout.write(`  ${missed(result)}\n`);

  if (!verbose) return;
  process.stdout.write('\n');
  for (const result of results) {
    const { entry, first, three } = result;
    // What only a person knows is right among three.
    const fine = first || (three && entry.decidable === 'no');
    process.stdout.write(`${fine ? 'ok   ' : three ? 'third' : 'MISS '} ${missed(result)}\n`);
  }
}

function line(label, results, goals = false) {
  const say = (key, goal) => {
    const { count, percent } = share(results, key);
    const verdict = goals ? (percent >= goal ? `, goal ${goal} % met` : `, goal ${goal} % NOT MET`) : '';
    return `${count} (${percent.toFixed(1)} %${verdict})`;
  };
  process.stdout.write(
    `${label.padEnd(34)} ${String(results.length).padStart(4)}: first ${say('first', GOAL_FIRST)}, among three ${say('three', GOAL_THREE)}\n`,
  );
}

function missed({ entry, got, certainty, message }) {
  const expected = [entry.cause, ...entry.accept.map((id) => `or ${id}`)].join(' ');
  return `${entry.id} [${entry.decidable}${entry.frozen ? ', frozen' : ''}] expected ${expected}; got ${got}${certainty ? ` (${certainty})` : ''}${message ? ` <${message}>` : ''}`;
}
