// What an editor waits for: the first diagnostics after a start, and those after each keystroke.
import { fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { root } from '../set-up.mjs';
import { numbers } from './texts.mjs';

const require = createRequire(path.join(root, 'server/package.json'));
const {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} = require('vscode-languageserver/node');
const { TextDocument } = require('vscode-languageserver-textdocument');

/** An editor at the other end of a connection, with one document. */
class Editor {
  #waiting = () => {};

  constructor(from, to) {
    this.connection = createProtocolConnection(new StreamMessageReader(from), new StreamMessageWriter(to));
    this.connection.onNotification('textDocument/publishDiagnostics', (params) => this.#waiting(params));
    this.connection.onRequest('client/registerCapability', () => null);
    this.connection.onRequest('workspace/configuration', ({ items }) => items.map(() => null));
    this.connection.listen();
  }

  /** Resolves with the time at which the diagnostics of a version are there. */
  diagnostics(uri, version) {
    return new Promise((resolve) => {
      this.#waiting = (params) => {
        if (params.uri === uri && params.version === version) resolve(process.hrtime.bigint());
      };
    });
  }

  /** Begins the session and opens the document; resolves with the time of its first diagnostics. */
  async open(uri, text) {
    await this.connection.sendRequest('initialize', {
      processId: null, // else the server would watch it with a timer, in this very process
      rootUri: null,
      capabilities: {
        workspace: { configuration: true, didChangeWatchedFiles: { dynamicRegistration: true } },
      },
    });
    void this.connection.sendNotification('initialized', {});
    const shown = this.diagnostics(uri, 1);
    void this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'nginx', version: 1, text },
    });
    return shown;
  }
}

const milliseconds = (from, to) => Number(to - from) / 1e6;

/** From starting the built program to the first diagnostics of a file, with all that a start costs. */
export async function startToDiagnostics(file) {
  const text = await readFile(file, 'utf8');
  const start = process.hrtime.bigint();
  const child = spawn(process.execPath, [path.join(root, 'server/bin/nginx-502.mjs'), 'lsp', '--stdio'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const editor = new Editor(child.stdout, child.stdin);
  const shown = await editor.open(pathToFileURL(file).href, text);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await editor.connection.sendRequest('shutdown');
  await editor.connection.sendNotification('exit');
  await ended;
  editor.connection.dispose();
  return milliseconds(start, shown);
}

/** The language server from its sources, in this process, so that the pause after a keystroke can be left out. */
async function inProcess(work) {
  const { build } = await import('esbuild');
  const outfile = path.join(work, 'server.cjs');
  await build({
    absWorkingDir: root,
    stdin: {
      contents: `export { serve } from './src/lsp/server.ts';
export { init } from './src/engine/syntax/parser.ts';
export { createConnection } from 'vscode-languageserver/node';`,
      resolveDir: path.join(root, 'server'),
    },
    bundle: true,
    outfile,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minify: false, // for who looks at a profile
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  const { serve, init, createConnection } = require(outfile);
  const wasm = (name) => readFile(path.join(root, 'server/dist', name));
  await init({
    runtime: await wasm('web-tree-sitter.wasm'),
    grammar: await wasm('tree-sitter-nginx.wasm'),
  });
  const [up, down] = [new PassThrough(), new PassThrough()];
  serve(createConnection(new StreamMessageReader(up), new StreamMessageWriter(down)), {
    version: '0',
    debounce: 0,
  });
  return new Editor(down, up);
}

/** Edits as a person makes them, each with what undoes it, at random places: [kind, offset, deleted, inserted]. */
function* edits(current, count) {
  const random = numbers(20_260_131);
  const offsetOf = (pattern) => {
    const text = current();
    for (;;) {
      pattern.lastIndex = random(text.length);
      const match = pattern.exec(text);
      if (match) return match.index;
    }
  };
  for (let made = 0; made < count; ) {
    const kind = ['word', 'word', 'word', 'word', 'line', 'brace', 'directive'][random(7)];
    if (kind === 'word') {
      // Two letters into a word, and out again.
      const at = offsetOf(/(?<=\w)\w/g);
      yield [kind, at, 0, 'x'];
      yield [kind, at + 1, 0, 'y'];
      yield [kind, at + 1, 1, ''];
      yield [kind, at, 1, ''];
      made += 4;
    } else if (kind === 'line') {
      const at = offsetOf(/(?<=;)\n/g);
      yield [kind, at, 0, '\n'];
      yield [kind, at, 1, ''];
      made += 2;
    } else if (kind === 'brace') {
      const at = offsetOf(/[{}]/g);
      const brace = current()[at];
      yield [kind, at, 1, ''];
      yield [kind, at, 0, brace];
      made += 2;
    } else {
      // A directive letter by letter on a line of its own; at the end it goes as a whole.
      const at = offsetOf(/(?<=;)\n/g);
      const typed = '\nproxy_read_timeout 5s;';
      for (let i = 0; i < typed.length; i++) yield [kind, at + i, 0, typed[i]];
      yield [kind, at, typed.length, ''];
      made += typed.length + 1;
    }
  }
}

/** From keystroke to diagnostics, without the pause for more: kind of edit -> milliseconds of each. */
export async function keystrokes(work, file, count) {
  const uri = pathToFileURL(file).href;
  const text = await readFile(file, 'utf8');
  const editor = await inProcess(work);
  await editor.open(uri, text);
  let document = TextDocument.create(uri, 'nginx', 1, text);
  const times = new Map();
  for (const [kind, offset, deleted, inserted] of edits(() => document.getText(), count)) {
    const version = document.version + 1;
    const change = {
      range: { start: document.positionAt(offset), end: document.positionAt(offset + deleted) },
      text: inserted,
    };
    document = TextDocument.update(document, [change], version);
    // Nobody types more than 30 letters a second.
    await new Promise((typed) => setTimeout(typed, 33));
    const shown = editor.diagnostics(uri, version);
    const start = process.hrtime.bigint();
    void editor.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges: [change],
    });
    times.set(kind, [...(times.get(kind) ?? []), milliseconds(start, await shown)]);
  }
  editor.connection.dispose();
  if (document.getText() !== text) throw new Error('the edits did not undo each other');
  return times;
}

/** `keystrokes` in a process of its own, started as the editor starts the server. */
export async function keystrokesApart(work, file, count) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['server/src/protocol.ts'],
    write: false,
    format: 'esm',
  });
  const protocol = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  const child = fork(new URL(import.meta.url).pathname, [file, String(count), work], {
    execArgv: [...protocol.PROCESS_ARGUMENTS],
    serialization: 'advanced',
  });
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the measurement ended with code ${code}`)));
  });
}

// On its own, for a profile: node --cpu-prof scripts/bench/editor.mjs FILE COUNT, after npm run build.
if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [file, count, given] = process.argv.slice(2);
  const work = given ?? mkdtempSync(path.join(tmpdir(), 'nginx-502-profile-'));
  const times = await keystrokes(work, path.resolve(file), Number(count));
  if (given) {
    await new Promise((sent) => process.send(times, sent));
  } else {
    rmSync(work, { recursive: true, force: true });
    const { percentile } = await import('./texts.mjs');
    for (const [kind, samples] of times)
      console.log(
        kind.padEnd(10),
        String(samples.length).padStart(4),
        ...[50, 95, 100].map((p) => percentile(samples, p).toFixed(1).padStart(8)),
      );
  }
  process.exit();
}
