// npm run bench [-- check explain route editor activation sizes]: what users wait for, each figure beside its budget
// (docs/architecture.md). Whole processes count as ratios to `node -e 0` and `nginx -t` of the same run.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { configuration, configurationTree, logLines, median, percentile } from './bench/texts.mjs';
import { ensureNginx, ensurePackages, giveUp, root, run } from './set-up.mjs';

const PARTS = ['check', 'explain', 'route', 'editor', 'activation', 'sizes'];
const wanted = process.argv.slice(2);
for (const part of wanted)
  if (!PARTS.includes(part)) giveUp(`There is no part "${part}": ${PARTS.join(', ')}.`);
const wants = (part) => wanted.length === 0 || wanted.includes(part);

ensurePackages();
const nginx = wants('check') ? ensureNginx() : null;
if (!run('npm', ['run', '-s', 'build'])) giveUp('The build failed; see above.');

const work = mkdtempSync(path.join(tmpdir(), 'nginx-502-bench-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
const bin = path.join(root, 'server/bin/nginx-502.mjs');
const RUNS = 7;

let missed = 0;

/** One line: name, figure, and how it stands to its budget when it has one. */
function row(name, figure, note = '', budget = null) {
  let verdict = '';
  if (budget) {
    const { value, limit, goal, unit, atLeast = false } = budget;
    const within = (bound) => (atLeast ? value >= bound : value <= bound);
    if (!within(limit)) missed++;
    const said = within(goal) ? 'goal met' : within(limit) ? 'met' : 'NOT MET';
    verdict = `${said} (limit ${limit} ${unit}, goal ${goal} ${unit})`;
  }
  process.stdout.write(
    `${name.padEnd(46)}${figure.padStart(11)}   ${[note, verdict].filter(Boolean).join('; ')}\n`,
  );
}

const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} KB`;

/** Milliseconds of a process, median of several runs; output is thrown away. */
function time(file, args, runs = RUNS, options = {}) {
  const samples = [];
  for (let i = 0; i < runs; i++) {
    const start = process.hrtime.bigint();
    const { error, status } = spawnSync(file, args, { stdio: 'ignore', ...options });
    if (error || status > 1) giveUp(`${file} ${args.join(' ')} failed (${error?.message ?? status})`);
    samples.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return median(samples);
}

/** Of two runs of Node, in turns: a machine that gets slower or faster meanwhile does so for both. */
function timeBeside(one, other, runs) {
  const samples = [[], []];
  for (let i = 0; i < runs; i++)
    for (const [k, args] of [one, other].entries()) samples[k].push(time(process.execPath, args, 1));
  return samples.map(median);
}

/** A configuration as nginx.conf in a folder of its own. */
function configurationFile(lines) {
  const folder = path.join(work, `${lines}-lines`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'nginx.conf'), configuration(lines));
  return path.join(folder, 'nginx.conf');
}

/** One of the included files of a configuration of many. */
function configurationFolder(files, lines) {
  const folder = path.join(work, `${files}-files`);
  for (const [name, text] of Object.entries(configurationTree(files, lines))) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return path.join(folder, 'conf.d', `${Math.floor(files / 2)}.conf`);
}

/** Bundles one function of the engine and times it in this process, median, in milliseconds. */
async function parser() {
  const { build } = await import('esbuild');
  const entry = `export { readDocument } from './server/src/engine/syntax/document.ts'; export { init } from './server/src/engine/syntax/parser.ts';`;
  const bundle = await build({
    absWorkingDir: root,
    stdin: { contents: entry, resolveDir: root },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
  });
  const file = path.join(work, 'parser.mjs');
  writeFileSync(file, bundle.outputFiles[0].contents);
  const { readDocument, init } = await import(file);
  await init({
    runtime: readFileSync(path.join(root, 'server/dist/web-tree-sitter.wasm')),
    grammar: readFileSync(path.join(root, 'server/dist/tree-sitter-nginx.wasm')),
  });
  return (text) => {
    const samples = [];
    for (let i = 0; i < RUNS; i++) {
      const start = process.hrtime.bigint();
      readDocument(text);
      samples.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
    return median(samples);
  };
}

const [busy] = loadavg();
if (busy > availableParallelism() / 2)
  process.stdout.write(
    `This machine is busy (load ${busy.toFixed(1)}, ${availableParallelism()} processors): times are too long.\n`,
  );
const node = time(process.execPath, ['-e', '0'], 15);
row('node -e 0', ms(node));

async function benchCheck() {
  const parse = await parser();
  for (const lines of [1_000, 10_000, 100_000]) {
    const file = configurationFile(lines);
    const runs = lines > 10_000 ? 3 : RUNS;
    const settings = `pid ${work}/pid;`;
    const logging = ['-e', path.join(work, 'error.log')];
    const test = nginx
      ? time(nginx, ['-t', '-q', '-p', work, '-c', file, ...logging, '-g', settings], runs)
      : null;
    const parsing = parse(configuration(lines));
    const [bare, check] = timeBeside(
      ['-e', '0'],
      [bin, 'check', '--nginx-version', '1.22.1', file],
      lines === 10_000 ? 15 : runs,
    );
    const besides = (value) => (test === null ? '' : `, ${(value / test).toFixed(1)} x nginx -t`);
    if (test !== null) row(`nginx -t, ${lines} lines`, ms(test));
    row(`parse, ${lines} lines`, ms(parsing), `in process${besides(parsing)}`);
    row(
      `check, ${lines} lines`,
      ms(check),
      `${(check / bare).toFixed(1)} x node${besides(check)}`,
      lines === 10_000 ? { value: check / bare, limit: 4, goal: 2.5, unit: 'x node' } : null,
    );
  }
}

/** Largest memory of a process, in megabytes: it writes the figure itself when it ends. */
function memory(args) {
  const file = path.join(work, 'memory');
  const hook = `import { writeFileSync } from 'node:fs';
process.once('exit', () => writeFileSync(${JSON.stringify(file)}, String(process.resourceUsage().maxRSS)));`;
  time(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, ...args], 1);
  return (Number(readFileSync(file, 'utf8')) * 1024) / 1e6;
}

function benchExplain() {
  const config = configurationFile(1_000);
  for (const [lines, runs] of [
    [10_000, 5],
    [760_000, 3],
  ]) {
    const log = path.join(work, `${lines}.log`);
    for (let from = 0; from < lines; from += 10_000) appendFileSync(log, logLines(from, from + 10_000));
    const megabytes = statSync(log).size / 1e6;
    const args = [bin, 'explain', '--config', config, '--format', 'json', log];
    const explain = time(process.execPath, args, runs);
    const speed = megabytes / ((explain - node) / 1000);
    const large = megabytes > 100;
    row(
      `explain, ${megabytes.toFixed(0)} MB`,
      ms(explain),
      `${speed.toFixed(0)} MB/s`,
      large ? { value: speed, limit: 150, goal: 300, unit: 'MB/s', atLeast: true } : null,
    );
    const most = memory(args);
    row(
      `explain, ${megabytes.toFixed(0)} MB: memory`,
      `${most.toFixed(0)} MB`,
      '',
      large ? { value: most, limit: 150, goal: 150, unit: 'MB' } : null,
    );
    rmSync(log);
  }
}

/** Answers a second of `route -`, without what it takes to start and to load the configuration. */
async function benchRoute() {
  const file = configurationFile(10_000);
  const servers = Math.floor(10_000 / 17);
  const requests = (count) =>
    Array.from({ length: count }, (_, i) => {
      const n = (i * 7) % servers;
      const target = i % 3 === 0 ? `/files/a${i}.txt` : `/${n}/users/${i}?page=2`;
      return `${JSON.stringify({ listen: '127.0.0.1:8080', host: `s${n}.test`, target })}\n`;
    }).join('');
  const args = [bin, 'route', '--config', file, '-'];
  const many = 100_000;
  const [few, all] = [1, many].map((count) => {
    const input = path.join(work, `requests-${count}`);
    writeFileSync(input, requests(count));
    const samples = [1, 2, 3].map(() => {
      const descriptor = openSync(input);
      try {
        return time(process.execPath, args, 1, { stdio: [descriptor, 'ignore', 'ignore'] });
      } finally {
        closeSync(descriptor);
      }
    });
    return median(samples);
  });
  const rate = many / ((all - few) / 1000);
  row('route, batch, 10000 lines', `${Math.round(rate / 1000)}k/s`, `${ms(few)} to the first answer`, {
    value: rate,
    limit: 20_000,
    goal: 40_000,
    unit: 'answers/s',
    atLeast: true,
  });
}

async function benchEditor() {
  const { keystrokesApart, startToDiagnostics } = await import('./bench/editor.mjs');
  const starts = [];
  const small = configurationFile(500);
  for (let i = 0; i < RUNS; i++) starts.push(await startToDiagnostics(small));
  const start = median(starts);
  row('server start to first diagnostics, 500 lines', ms(start), `${(start / node).toFixed(1)} x node`, {
    value: start,
    limit: 300,
    goal: 150,
    unit: 'ms',
  });
  for (const [name, file, budgeted] of [
    ['1000 lines', configurationFile(1_000), false],
    ['10000 lines', configurationFile(10_000), true],
    ['20000 lines in 200 files', configurationFolder(200, 20_000), true],
  ]) {
    const times = await keystrokesApart(work, file, 300);
    const all = [...times.values()].flat();
    const [half, most] = [percentile(all, 50), percentile(all, 95)];
    row(`keystroke, ${name}, p50`, ms(half), `${all.length} keystrokes`);
    row(
      `keystroke, ${name}, p95`,
      ms(most),
      '',
      budgeted ? { value: most, limit: 50, goal: 16, unit: 'ms' } : null,
    );
    for (const [kind, samples] of [...times].sort())
      row(`    ${kind}, p95`, ms(percentile(samples, 95)), `${samples.length} keystrokes`);
  }
}

/** Packs the extension and lays it out as VS Code would. */
async function unpacked() {
  const { packageExtension } = await import('./package.mjs');
  const { unzip } = await import('./unzip.mjs');
  const vsix = packageExtension(work);
  const folder = path.join(work, 'unpacked');
  unzip(vsix, folder);
  return { vsix, folder: path.join(folder, 'extension') };
}

async function benchActivation() {
  const { activations } = await import('./bench/activation.mjs');
  const { folder } = await unpacked();
  let all;
  try {
    all = await activations(work, folder, 5);
  } catch (error) {
    row('activation of the client', '-', `not measured: ${error.message}`);
    return;
  }
  const of = (key) => median(all.map((each) => each[key]));
  const total = median(all.map(({ load, activate, finish }) => load + activate + finish));
  row(
    'activation of the client, by VS Code itself',
    ms(total),
    `load ${of('load')}, call ${of('activate')}, finish ${of('finish')}, median of ${all.length}`,
    { value: total, limit: 100, goal: 50, unit: 'ms' },
  );
}

async function benchSizes() {
  const { vsix, folder } = await unpacked();
  const { size } = statSync(vsix);
  row('.vsix', kilobytes(size), '', { value: size / 1000, limit: 1000, goal: 500, unit: 'KB' });
  const sizeOf = (name) => statSync(path.join(folder, 'dist', name)).size;
  const files = readdirSync(path.join(folder, 'dist'), { recursive: true, encoding: 'utf8' });
  const webview = files.filter((name) => /^webview[\\/]/.test(name));
  row('    client bundle', kilobytes(sizeOf('client.cjs')));
  row('    server bundle', kilobytes(sizeOf('server.cjs')));
  row('    webview', kilobytes(webview.reduce((sum, name) => sum + sizeOf(name), 0)));
  const wasm = files.filter((name) => name.endsWith('.wasm'));
  row('    wasm', kilobytes(wasm.reduce((sum, name) => sum + sizeOf(name), 0)));
}

const parts = {
  check: benchCheck,
  explain: benchExplain,
  route: benchRoute,
  editor: benchEditor,
  activation: benchActivation,
  sizes: benchSizes,
};
for (const part of PARTS) if (wants(part)) await parts[part]();
if (missed > 0) process.stdout.write(`\n${missed} of the budgets ${missed === 1 ? 'is' : 'are'} not met.\n`);
// The servers in this process have timers of their own.
process.exit();
