import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureModes } from '../../server/src/engine/failures/index.ts';
import { ROOT } from '../support/engine.ts';
import { LEVELS, logLine, Program } from './cli-run.ts';

/** How the command line is called: help, versions, lists, and every call that cannot be carried out. */

let program: Program;
beforeAll(() => {
  program = new Program();
});
afterAll(() => program.remove());

const CONTRACTED: Record<string, readonly string[]> = {
  check: ['--format', '--fix', '--diff', '--nginx-version', '--fail-on', '--map'],
  explain: ['--config', '--map', '--nginx-version', '--since', '--until', '--format', '--expect-none'],
  why: [],
  lsp: [],
};

describe('help and version', () => {
  test('the version is the package’s', async () => {
    const { stdout, stderr, code } = await program.run(['--version']);
    const { version } = JSON.parse(readFileSync(path.join(ROOT, 'server/package.json'), 'utf8')) as {
      version: string;
    };
    expect(stdout).toBe(`nginx-502 ${version}\n`);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test.each(['--help', '-h', 'help'])('%s names every command', async (flag) => {
    const { stdout, code } = await program.run([flag]);
    for (const command of Object.keys(CONTRACTED)) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect(code).toBe(0);
  });

  test.each(Object.entries(CONTRACTED))('%s --help tells its options', async (command, options) => {
    const { stdout, stderr, code } = await program.run([command, '--help']);
    expect(stdout).toMatch(new RegExp(`^Usage: nginx-502 ${command}\\b`));
    for (const option of options) expect(stdout).toContain(option);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test('bare --help is not the help of check', async () => {
    const bare = await program.run(['--help']);
    const check = await program.run(['check', '--help']);
    expect(bare.stdout).not.toBe(check.stdout);
  });
});

describe('why', () => {
  test('alone it lists every failure mode with its title', async () => {
    const { stdout, code } = await program.run(['why']);
    const words = stdout.replace(/\s+/g, ' ');
    for (const mode of failureModes) expect(words).toContain(`${mode.id} ${mode.title}`);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(code).toBe(0);
  });

  test.each(failureModes.map((mode) => [mode.id, mode] as const))('%s has its page', async (id, mode) => {
    const { stdout, code } = await program.run(['why', id]);
    const words = stdout.replace(/\s+/g, ' ');
    expect(stdout.startsWith(`${id}: `)).toBe(true);
    for (const text of [mode.title, mode.what, mode.why, mode.do, ...mode.references])
      expect(words).toContain(text.replace(/\s+/g, ' '));
    if (mode.status !== null) expect(words).toContain(mode.status);
    expect(code).toBe(0);
  });

  test('every id of the list has a page', async () => {
    const { stdout } = await program.run(['why']);
    const ids = [...stdout.matchAll(/^[a-z][\w-]+/gm)].map(([id]) => id);
    expect(ids.length).toBeGreaterThan(failureModes.length);
    // One of each kind is enough to know; all would be one process each.
    for (const id of [ids[0]!, ids.at(-1)!]) expect((await program.run(['why', id])).stdout).toContain(id);
  });

  test('an unknown id is said', async () => {
    expect(await program.usageError(['why', 'no-such-thing'])).toContain('no-such-thing');
    await program.usageError(['why', 'constructor']);
    await program.usageError(['why', 'backend-down', 'backend-down']);
  });
});

describe('calls that cannot be carried out', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['an unknown command', ['chekc'], /"chekc"/],
    ['a name that every object has', ['constructor'], /"constructor"/],
    ['another such name', ['__proto__'], /"__proto__"/],
    ['a command of a later version', ['redact'], /does not exist in this version yet/],
    ['an unknown option before any command', ['--frobnicate'], /--frobnicate/],
    ['an unknown option of check', ['check', '--frobnicate'], /--frobnicate/],
    ['an unknown option of explain', ['explain', '--frobnicate'], /--frobnicate/],
    ['an unknown option of why', ['why', '--frobnicate'], /--frobnicate/],
    ['an unknown option of lsp', ['lsp', '--frobnicate'], /--frobnicate/],
    ['an option of a later version', ['explain', '--annotate'], /--annotate/],
    ['an option without its value', ['check', '--format'], /--format/],
    ['an option where a value should be', ['check', '--format', '--fix'], /--format/],
    ['an unknown format', ['check', '--format', 'yaml'], /yaml/],
    ['an unknown format of explain', ['explain', '--format', 'curl'], /curl/],
    ['an unknown kind of fix', ['check', '--fix=choice'], /--fix=choice/],
    ['an unknown level', ['check', '--fail-on', 'fatal'], /fatal/],
    ['a map without a target', ['check', '--map', '/etc/nginx'], /--map/],
    ['a map of a relative path', ['check', '--map', 'etc=x'], /--map/],
    ['a map of nothing', ['explain', '--map', '=x'], /--map/],
    ['standard input beside a path', ['check', '-', 'nginx.conf'], /"-"/],
    ['standard input twice', ['explain', '--config', '-'], /standard input/],
    ['standard input twice, said', ['explain', '--config', '-', '-'], /standard input/],
    ['a fix of standard input', ['check', '--fix', '-'], /--fix/],
    ['a time that is none', ['explain', '--since', 'yesterday'], /--since.*yesterday/],
    ['another time that is none', ['explain', '--until', '12:00'], /--until.*12:00/],
    ['--diff as JSON', ['check', '--diff', '--format', 'json'], /--diff/],
    ['an escape sequence', ['check', '--fail-on', '\u001b[31mred\nnginx-502: x'], /--fail-on/],
  ])('%s', async (_, args, sentence) => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.error });
    expect(await program.usageError(args, { cwd, input: logLine() })).toMatch(sentence);
  });

  test.each(['1', '1.2.3.4', 'v1.28', 'latest', '', '1.28 '])('--nginx-version "%s"', async (version) => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.none });
    const sentence = await program.usageError(['check', `--nginx-version=${version}`], { cwd });
    expect(sentence).toContain('--nginx-version');
  });

  test('--nginx-version of explain, with and without a configuration', async () => {
    for (const more of [[], ['--config', 'nginx.conf']])
      expect(await program.usageError(['explain', '--nginx-version', 'new', ...more])).toContain('"new"');
  });

  test('what other formats will be is said not to be there, never printed as something else', async () => {
    const cwd = program.folder({ 'nginx.conf': LEVELS.error });
    for (const format of ['sarif', 'github']) {
      const result = await program.run(['check', '--format', format], { cwd });
      // Later versions have them; then they exit as every format does.
      if (result.code === 2)
        expect([result.stdout, result.stderr]).toEqual(['', expect.stringContaining(format)]);
      else expect(result.code).toBe(1);
    }
  });
});

describe('colour', () => {
  const run = promisify(execFile);

  /** Runs under a terminal of util-linux's script(1), which every Debian has. */
  async function onTerminal(args: string, env: Record<string, string>): Promise<string> {
    const cwd = program.folder({ 'nginx.conf': LEVELS.error, 'error.log': `${logLine()}\n` });
    const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = process.env;
    const { stdout } = await run(
      'script',
      ['-qec', `${process.execPath} ${program.bin} ${args}; true`, '/dev/null'],
      { cwd, env: { ...rest, TERM: 'xterm', ...env } },
    );
    return stdout;
  }

  test('stands on a terminal, and there only', async () => {
    for (const args of ['check', 'explain error.log', 'why backend-down']) {
      expect(await onTerminal(args, {}), args).toContain('\u001b[');
      expect(await onTerminal(args, { NO_COLOR: '1' }), args).not.toContain('\u001b');
      expect(await onTerminal(args, { TERM: 'dumb' }), args).not.toContain('\u001b');
    }
    // Program.run refuses every escape in a pipe; here that it prints the same words.
    const cwd = program.folder({ 'nginx.conf': LEVELS.error });
    const piped = await program.run(['check'], { cwd, env: { FORCE_COLOR: '1' } });
    const coloured = await onTerminal('check', {});
    expect(coloured.replace(/\u001b\[\d+m/g, '').replaceAll('\r\n', '\n')).toBe(piped.stdout);
  });

  test('on a terminal a patch cannot drive it, and without a log the configuration’s own is read', async () => {
    const text = LEVELS.warning.replace('listen 8080;', 'listen 8080; # \u001b]0;title\u0007');
    const cwd = program.folder({
      'nginx.conf': `error_log error.log;\n${text}`,
      'error.log': `${logLine()}\n`,
    });
    const script = (args: string): Promise<{ stdout: string }> =>
      run('script', ['-qec', `${process.execPath} ${program.bin} ${args}; echo "status $?"`, '/dev/null'], {
        cwd,
        env: { ...process.env, NO_COLOR: '1', TERM: 'xterm' },
      });
    const patch = await script('check --diff');
    expect(patch.stdout).toContain('+            proxy_buffer_size 16k;');
    expect(patch.stdout).not.toContain('\u001b');
    const explained = await script('explain --config nginx.conf');
    expect(explained.stdout).toMatch(/^502 /);
    expect(explained.stdout).toContain('status 0');
    const nothing = await script('explain');
    expect(nothing.stdout).toMatch(/^nginx-502: nothing to explain/);
    expect(nothing.stdout).toContain('status 2');
  });
});
