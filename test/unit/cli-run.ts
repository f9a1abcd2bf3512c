import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { Check, Explain } from '../../server/src/engine/contract.ts';
import { ROOT } from '../support/engine.ts';

/** Somebody who is not root, so that modes of files mean something. */
const NOBODY = 65_534;

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Standard input: a text, bytes, or pieces as they come; nothing when absent. */
  readonly input?: string | Uint8Array | Iterable<Uint8Array>;
  /** Run without root's rights. */
  readonly unprivileged?: boolean;
  /** The output may hold control characters: a patch has to be exact. */
  readonly exact?: boolean;
}

/** What must never reach a terminal: control characters but line feed and tab, and what turns the direction of text. */
const UNPRINTABLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** The built program, in a folder of its own, which anybody may read. */
export class Program {
  private readonly root = mkdtempSync(path.join(tmpdir(), 'nginx-502-cli-'));
  /** What a user starts. */
  readonly bin = path.join(this.root, 'server/bin/nginx-502.mjs');
  private count = 0;

  constructor() {
    chmodSync(this.root, 0o755);
    mkdirSync(path.join(this.root, 'server'));
    for (const folder of ['server/bin', 'server/dist', 'server/package.json'])
      cpSync(path.join(ROOT, folder), path.join(this.root, folder), { recursive: true });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** A fresh folder with the given files; it has no configuration above it. */
  folder(files: Record<string, string | Uint8Array> = {}): string {
    const folder = path.join(this.root, `work-${++this.count}`);
    mkdirSync(folder);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    }
    return folder;
  }

  /** Runs the program; holds for every run: an exit status, no stack trace, nothing that could drive a terminal. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const result = await this.spawn(args, options);
    const call = `nginx-502 ${args.join(' ')}`;
    expect(result.code, `${call}: ${result.stderr.slice(0, 500)}`).not.toBeNull();
    expect([0, 1, 2], call).toContain(result.code);
    expect(result.stderr, call).not.toMatch(/\n\s+at /);
    expect(result.stderr, call).not.toContain('internal error');
    expect(UNPRINTABLE.exec(result.stderr), `${call}: control character on standard error`).toBeNull();
    if (!options.exact) expect(UNPRINTABLE.exec(result.stdout), `${call}: control character`).toBeNull();
    return result;
  }

  /** As run, with the answer of --format json, which must be all that stands on standard output. */
  async json<T extends Check | Explain>(
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<Result & { json: T }> {
    const result = await this.run([...args, '--format', 'json'], options);
    return { ...result, json: JSON.parse(result.stdout) as T };
  }

  check(args: readonly string[], options: RunOptions = {}): Promise<Result & { json: Check }> {
    return this.json<Check>(['check', ...args], options);
  }

  explain(args: readonly string[], options: RunOptions = {}): Promise<Result & { json: Explain }> {
    return this.json<Explain>(['explain', ...args], options);
  }

  /** A call that cannot be carried out: one sentence on standard error, nothing on standard output, exit status 2. */
  async usageError(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.run(args, options);
    const call = `nginx-502 ${args.join(' ')}`;
    expect(result.stdout, call).toBe('');
    expect(result.stderr, call).toMatch(/^nginx-502: [^\n]+\n$/);
    expect(result.code, call).toBe(2);
    return result.stderr;
  }

  /** Node where everybody may run it; root's own may lie in root's home. */
  private nodeForAll(): string {
    const who = { uid: NOBODY, gid: NOBODY };
    if (spawnSync(process.execPath, ['--version'], who).status === 0) return process.execPath;
    const copy = path.join(this.root, 'node');
    if (!existsSync(copy)) copyFileSync(process.execPath, copy);
    return copy;
  }

  private spawn(args: readonly string[], options: RunOptions): Promise<Result> {
    const asNobody = options.unprivileged === true && process.getuid?.() === 0;
    const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env;
    const child = spawn(asNobody ? this.nodeForAll() : process.execPath, [this.bin, ...args], {
      cwd: options.cwd ?? this.folder(),
      env: { ...env, TERM: 'xterm-256color', ...options.env },
      timeout: 50_000,
      ...(asNobody ? { uid: NOBODY, gid: NOBODY } : {}),
    });
    // The program may be done before it has read everything.
    child.stdin.on('error', () => {});
    void feed(child.stdin, options.input ?? '');
    return new Promise((resolve, reject) => {
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      child.on('error', reject);
      child.on('close', (code) => {
        const bytes = Buffer.concat(out);
        resolve({ code, stdout: bytes.toString(), stderr: Buffer.concat(err).toString(), bytes });
      });
    });
  }
}

async function feed(
  stdin: NodeJS.WritableStream & { destroyed?: boolean },
  input: NonNullable<RunOptions['input']>,
): Promise<void> {
  if (typeof input === 'string' || input instanceof Uint8Array) {
    stdin.end(input);
    return;
  }
  for (const piece of input) {
    if (stdin.destroyed) return;
    if (!stdin.write(piece)) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          for (const event of ['drain', 'close', 'error']) stdin.off(event, done);
          resolve();
        };
        for (const event of ['drain', 'close', 'error']) stdin.on(event, done);
      });
    }
  }
  stdin.end();
}

/** A configuration with a finding of each kind of severity, and none beside them. */
export const LEVELS = {
  /** resolver-missing. */
  error: `events {}
http {
    server {
        listen 8080;
        location / {
            set $app http://app.test:3000;
            proxy_pass $app;
        }
    }
}
`,
  /** response-header-too-big, with a fix to review. */
  warning: `events {}
http {
    server {
        listen 8080;
        location / {
            proxy_buffer_size 2k;
            proxy_pass http://127.0.0.1:3400;
        }
    }
}
`,
  /** tls-to-plain-backend, by the port alone. */
  info: `events {}
http {
    server {
        listen 8080;
        location / {
            proxy_pass https://127.0.0.1:3000;
        }
    }
}
`,
  /** unused-suppression. */
  hint: `events {}
http {
    server {
        listen 8080;
        location / {
            # nginx-502: ignore tls-to-plain-backend -- kept for the test
            proxy_pass http://127.0.0.1:3400;
        }
    }
}
`,
  none: `events {}
http {
    server {
        listen 8080;
        location / {
            proxy_pass http://127.0.0.1:3400;
        }
    }
}
`,
} as const;

/** One line as nginx writes it. */
export function logLine(
  more: { time?: string; port?: number; connection?: number; uri?: string } = {},
): string {
  const { time = '2026/01/31 03:00:00', port = 3400, connection = 7, uri = '/api/users' } = more;
  return (
    `${time} [error] 4711#4711: *${connection} connect() failed (111: Connection refused) while connecting to upstream, ` +
    `client: 127.0.0.1, server: app.test, request: "GET ${uri} HTTP/1.1", upstream: "http://127.0.0.1:${port}${uri}", host: "app.test"`
  );
}
