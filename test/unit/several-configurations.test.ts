import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { explainCommand } from '../../server/src/cli/explain-command.ts';
import type { Explain } from '../../server/src/engine/contract.ts';
import { EXPLAIN, type ExplainAnswer, type ExplainParams } from '../../server/src/protocol.ts';
import { Program } from './cli-run.ts';
import { closing, folder, inProcess } from './lsp-editor.ts';

/** A workspace or folder that holds the configurations of several environments. */

const main = (name: string, port = 3000): string =>
  `events {}\nhttp {\n    server {\n        listen 80;\n        server_name ${name};\n        location / { proxy_pass http://10.0.0.6:${port}; }\n    }\n}\n`;
const line = (server: string, port = 3000): string =>
  `2026/01/31 03:00:00 [error] 4242#4242: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.5, ${server}request: "GET /x HTTP/1.1", upstream: "http://10.0.0.6:${port}/x"\n`;

const BESIDE = { 'prod.conf': main('app.test'), 'staging.conf': main('stage.test') };
const BELOW = { 'prod/nginx.conf': main('app.test'), 'staging/nginx.conf': main('stage.test', 3001) };

describe('--config with a folder', () => {
  let program: Program;
  beforeAll(() => {
    program = new Program();
  });
  afterAll(() => program.remove());

  const placeAndNote = async (files: Record<string, string>, input: string): Promise<[string, string]> => {
    const cwd = program.folder(files);
    const { json, code } = await program.explain(['--config', cwd], { input });
    expect(code).toBe(0);
    const { place, notes } = json.groups[0]!.explanation;
    return [place?.directive.file.slice(cwd.length + 1) ?? 'none', notes[0] ?? ''];
  };

  test('the one whose places fit the line is taken, and that is said', async () => {
    expect(await placeAndNote(BESIDE, line('server: stage.test, '))).toEqual([
      'staging.conf',
      'judged by staging.conf, which fits best of 2 configurations here (others: prod.conf); name the right one with --config',
    ]);
    expect((await placeAndNote(BESIDE, line('server: app.test, ')))[0]).toBe('prod.conf');
    expect((await placeAndNote(BELOW, line('', 3001)))[0]).toBe('staging/nginx.conf');
  });

  test('what cannot be told apart, and what fits nowhere, is not passed over', async () => {
    const [place, alike] = await placeAndNote(BESIDE, line(''));
    expect(place).toBe('prod.conf');
    expect(alike).toContain('judged by prod.conf, but staging.conf fits as well;');
    const [, none] = await placeAndNote(BESIDE, line('', 9999));
    expect(none).toContain('none has a place for this line');
  });

  test('an nginx.conf beside its parts, and parts without one, are one configuration', async () => {
    const part =
      'server { listen 80; server_name app.test; location / { proxy_pass http://10.0.0.6:3000; } }\n';
    expect((await placeAndNote({ 'a.conf': part, 'b.conf': 'server { listen 81; }\n' }, line('')))[1]).toBe(
      '',
    );
    const beside = { 'nginx.conf': main('app.test'), 'other.conf': main('b.test') };
    expect(await placeAndNote(beside, line(''))).toEqual(['nginx.conf', '']);
  });

  test('a log file is looked at for the choice, and then read in full', async () => {
    const cwd = program.folder({ ...BESIDE, 'e.log': line('server: stage.test, ').repeat(3) });
    const { json } = await program.explain(['--config', '.', 'e.log'], { cwd });
    expect(json.events).toBe(3);
    expect(json.groups[0]!.explanation.place?.directive.file).toMatch(/staging\.conf$/);
  });
});

describe('other ways to several configurations', () => {
  let program: Program;
  beforeAll(() => {
    program = new Program();
  });
  afterAll(() => program.remove());

  test('a log too large for a paste is compared by its beginning, packed or not', async () => {
    const cwd = program.folder(BESIDE);
    const log = line('server: stage.test, ').repeat(8000);
    for (const input of [log, gzipSync(log, { level: 0 })]) {
      const { json } = await program.explain(['--config', cwd], { input });
      expect(json.events).toBe(8000);
      const { place, notes } = json.groups[0]!.explanation;
      expect(place?.directive.file).toBe(`${cwd}/staging.conf`);
      expect(notes[0]).toContain('judged by staging.conf, which fits best of 2');
    }
  });

  test('a log that begins with something else is said to be uncompared', async () => {
    const cwd = program.folder(BESIDE);
    const input = `${'some other program says something\n'.repeat(40_000)}${line('server: stage.test, ')}`;
    const { json } = await program.explain(['--config', cwd], { input });
    expect(json.groups[0]!.explanation.notes[0]).toBe(
      'judged by prod.conf, the first of 2 configurations here: the log begins with nothing to tell them by; name the right one with --config',
    );
  });

  test('their own error logs: of different ones those of the first are read, and that is said', async () => {
    const logged = (name: string, log: string): string => `error_log ${log};\n${main(name)}`;
    const cwd = program.folder({
      'etc/a.conf': logged('a.test', 'a.log'),
      'etc/b.conf': logged('app.test', 'b.log'),
      'etc/b.log': line('server: app.test, '),
      'same/a.conf': logged('a.test', 'all.log'),
      'same/b.conf': logged('app.test', 'all.log'),
      'same/all.log': line('server: app.test, '),
    });
    const atTerminal = async (config: string): Promise<[Explain, string]> => {
      let [out, err] = ['', ''];
      await explainCommand(['--config', config, '--format', 'json'], {
        cwd,
        env: {},
        stdin: { isTTY: true },
        stdout: {},
        out: (text) => {
          out += String(text);
        },
        err: (text) => {
          err += text;
        },
        drained: async () => {},
        readStdin: async () => '',
        stdinChunks: async function* () {},
      });
      return [JSON.parse(out) as Explain, err];
    };
    const [different, said] = await atTerminal('etc');
    expect(different.groups[0]!.explanation.place?.directive.file).toBe(`${cwd}/etc/b.conf`);
    expect(different.problems).toEqual([]);
    expect(said).toContain('reading the logs of etc/b.conf, the first of 2 configurations here');
    const [same, quiet] = await atTerminal('same');
    expect(same.groups[0]!.explanation.place?.directive.file).toBe(`${cwd}/same/b.conf`);
    expect(quiet).toBe('');
  });

  test('check judges each main file on its own', async () => {
    const upstream = (name: string): string =>
      main(name).replace('http {', 'http {\n    upstream b { server 127.0.0.1:3000; }');
    const beside = program.folder({
      'prod.conf': upstream('app.test'),
      'staging.conf': upstream('app.test'),
    });
    const { json } = await program.check(['.'], { cwd: beside });
    expect(json.findings).toEqual([]);
    expect(json.files).toEqual([`${beside}/prod.conf`, `${beside}/staging.conf`]);
    const routed = await program.run(['route', '--config', '.', 'http://app.test/'], { cwd: beside });
    expect(routed.stderr).toBe(
      'nginx-502: answered by prod.conf, the first of 2 configurations here; name the right one with --config\n',
    );
  });

  test('entry files of the settings need no nginx.conf here, and includes start at each', async () => {
    const part = 'server { listen 80; location / { proxy_pass http://10.0.0.6:3000; } }\n';
    const entry = 'events {}\nhttp { include app.conf; }\n';
    const cwd = program.folder({
      '.nginx-502.json': '{"entryFiles": ["dev/nginx.conf", "prod/nginx.conf"], "nginxVersion": "1.28"}',
      'dev/nginx.conf': entry,
      'dev/app.conf': part,
      'prod/nginx.conf': entry,
      'prod/app.conf': part,
    });
    const { json, code } = await program.check([], { cwd });
    const names = ['dev/nginx.conf', 'dev/app.conf', 'prod/nginx.conf', 'prod/app.conf'];
    expect(json.files).toEqual(names.map((name) => `${cwd}/${name}`));
    expect([json.findings, json.nginxVersion.value, code]).toEqual([[], '1.28', 0]);
  });
});

describe('a workspace', () => {
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  const ask = async (params: Partial<ExplainParams>, text: string): Promise<[string, string[]]> => {
    const files = folder(BELOW);
    const editor = await inProcess(null, { workspaceFolders: [{ uri: files.uri(''), name: 'x' }] });
    const answer: ExplainAnswer = await editor.connection.sendRequest(EXPLAIN, {
      source: { text },
      configuration: files.uri('prod/nginx.conf'),
      ...params,
    });
    const { explanation } = answer.result.groups[0]!;
    return [answer.judgedBy!.entryFile.slice(files.uri('').length).replace(/^\//, ''), explanation.notes];
  };

  test('another main file than the one at hand is taken where it fits better, and that is said', async () => {
    const [entry, notes] = await ask({}, line('server: stage.test, ', 3001));
    expect(entry).toBe('staging/nginx.conf');
    expect(notes[0]).toContain('judged by staging/nginx.conf, which fits best of 2 configurations here');
  });

  test('the one that a person chose stays', async () => {
    const [entry, notes] = await ask({ chosen: true }, line('server: stage.test, ', 3001));
    expect(entry).toBe('prod/nginx.conf');
    expect(notes.join()).not.toContain('judged by');
  });
});
