// npm run bench: whole processes, medians of several runs, as ratios to `node -e 0` and `nginx -t` of the same run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureNginx, ensurePackages, giveUp, root, run } from './set-up.mjs';

ensurePackages();
const nginx = ensureNginx();
if (!run('npm', ['run', '-s', 'build'])) giveUp('The build failed; see above.');

const work = mkdtempSync(path.join(tmpdir(), 'nginx-502-bench-'));
const bin = path.join(root, 'server/bin/nginx-502.mjs');
const RUNS = 7;

/** Milliseconds of a process, median of several runs; output is thrown away. */
function time(file, args, runs = RUNS) {
  const samples = [];
  for (let i = 0; i < runs; i++) {
    const start = process.hrtime.bigint();
    const { error, status } = spawnSync(file, args, {
      stdio: ['ignore', 'ignore', 'ignore'],
      maxBuffer: 1 << 30,
    });
    if (error || status > 1) giveUp(`${file} ${args.join(' ')} failed (${error?.message ?? status})`);
    samples.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return samples.sort((a, b) => a - b)[samples.length >> 1];
}

/** A sound configuration of about so many lines: servers of ten lines, groups, comments. */
function configuration(lines) {
  const out = ['events {}', 'http {', '    server_names_hash_max_size 65536;', '    access_log off;'];
  for (let i = 0; out.length < lines - 1; i++) {
    out.push(
      `    upstream app${i} {`,
      `        server 127.0.0.1:${3001 + (i % 1000)} max_fails=3;`,
      '        keepalive 16;',
      '    }',
      '    server { # one of many',
      '        listen 127.0.0.1:8080;',
      `        server_name s${i}.test www.s${i}.test;`,
      `        location /${i}/ {`,
      '            proxy_http_version 1.1;',
      '            proxy_set_header Connection "";',
      '            proxy_set_header Host $host;',
      `            proxy_pass http://app${i};`,
      '        }',
      `        location ~ ^/files/(.*)\\.txt$ {`,
      '            return 200 "a text of some length, $uri";',
      '        }',
      '    }',
    );
  }
  out.push('}', '');
  return out.join('\n');
}

function logLines(lines) {
  const out = [];
  for (let i = 0; i < lines; i++) {
    const clock = new Date(Date.UTC(2026, 0, 31, 3) + i * 10).toISOString().slice(11, 19);
    out.push(
      `2026/01/31 ${clock} [error] 4242#4242: *${i} ${i % 3 === 0 ? 'upstream prematurely closed connection while reading response header from upstream' : 'connect() failed (111: Connection refused) while connecting to upstream'}, client: 127.0.0.${i % 250}, server: s${i % 50}.test, request: "GET /${i % 50}/x?${i} HTTP/1.1", upstream: "http://127.0.0.1:${3001 + (i % 50)}/${i % 50}/x?${i}", host: "s${i % 50}.test"`,
    );
  }
  return `${out.join('\n')}\n`;
}

/** Bundles one function of the engine and times it in this process, median, in milliseconds. */
async function parser() {
  const { build } = await import('esbuild');
  const { readFile } = await import('node:fs/promises');
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
    runtime: await readFile(path.join(root, 'server/dist/web-tree-sitter.wasm')),
    grammar: await readFile(path.join(root, 'server/dist/tree-sitter-nginx.wasm')),
  });
  return (text) => {
    const samples = [];
    for (let i = 0; i < RUNS; i++) {
      const start = process.hrtime.bigint();
      readDocument(text);
      samples.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
    return samples.sort((a, b) => a - b)[samples.length >> 1];
  };
}

const rows = [];
const parse = await parser();
const node = time(process.execPath, ['-e', '0'], 15);
rows.push(['node -e 0', node, '']);
for (const lines of [1_000, 10_000, 100_000]) {
  const file = path.join(work, `${lines}.conf`);
  writeFileSync(file, configuration(lines));
  const runs = lines > 10_000 ? 3 : RUNS;
  const test = nginx
    ? time(
        nginx,
        ['-t', '-q', '-p', work, '-c', file, '-e', path.join(work, 'error.log'), '-g', `pid ${work}/pid;`],
        runs,
      )
    : null;
  const parsing = parse(configuration(lines));
  const check = time(process.execPath, [bin, 'check', '--nginx-version', '1.22.1', file], runs);
  if (test !== null) rows.push([`nginx -t, ${lines} lines`, test, '']);
  const beside = test === null ? '' : `, ${(parsing / test).toFixed(1)} x nginx -t`;
  rows.push([`parse, ${lines} lines`, parsing, `in process${beside}`]);
  rows.push([
    `check, ${lines} lines`,
    check,
    `${(check / node).toFixed(1)} x node${test === null ? '' : `, ${(check / test).toFixed(1)} x nginx -t`}`,
  ]);
}
const config = path.join(work, '1000.conf');
for (const lines of [10_000, 200_000]) {
  const log = path.join(work, `${lines}.log`);
  writeFileSync(log, logLines(lines));
  const explain = time(process.execPath, [bin, 'explain', '--config', config, '--format', 'json', log], 5);
  const megabytes = statSync(log).size / 1e6;
  rows.push([
    `explain, ${lines} lines`,
    explain,
    `${(explain / node).toFixed(1)} x node, ${(megabytes / ((explain - node) / 1000)).toFixed(0)} MB/s`,
  ]);
}
rmSync(work, { recursive: true, force: true });

for (const [name, ms, ratio] of rows)
  process.stdout.write(`${name.padEnd(28)}${ms.toFixed(0).padStart(7)} ms   ${ratio}\n`);
