import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findNginx } from '../../../test-fixtures/toolbox/nginx.ts';

/** A folder for one nginx, before its configuration is known. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nginx-502-world-'));
  await chmod(folder, 0o755);
  for (const name of ['logs', 'tmp', 'www']) await mkdir(path.join(folder, name));
  return folder;
}

/** The main context around `http` content: nothing outside of the folder, nothing in the background. */
export function mainFile(folder: string, http: string): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `    ${name}_temp_path ${folder}/tmp/${name};\n`)
    .join('');
  return `daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log alert;
worker_processes 2;
events {
    worker_connections 4096;
}
http {
    access_log off;
    proxy_read_timeout 500ms;
    client_header_timeout 1s;
    keepalive_requests 1000000;
    keepalive_timeout 2s;
    server_names_hash_bucket_size 128;
    variables_hash_max_size 8192;
${temp}${http}}
`;
}

/** One real nginx on a configuration; its own prefix, pid file and logs. */
export class NginxRun {
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  /** Starts nginx on `nginx.conf` in the folder; rejects with what nginx says when it refuses. */
  static async start(folder: string, text: string): Promise<NginxRun> {
    const bin = findNginx();
    if (!bin) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
    await writeFile(path.join(folder, 'nginx.conf'), text);
    await writeFile(path.join(folder, 'nginx.pid'), '');
    const args = ['-p', `${folder}/`, '-c', `${folder}/nginx.conf`, '-e', `${folder}/error.log`];
    const child = spawn(bin, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    let over = false;
    child.once('close', () => {
      over = true;
    });
    process.once('exit', () => child.kill('SIGTERM'));
    const deadline = Date.now() + 15_000;
    while (!over && readFileSync(path.join(folder, 'nginx.pid'), 'latin1') === '') {
      if (Date.now() > deadline) throw new Error(`nginx does not start: ${stderr}`);
      await sleep(10);
    }
    if (over) throw new Error(`nginx does not start: ${stderr.replace(/.*\[warn\].*\n/g, '')}`);
    return new NginxRun(child, folder);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    await gone;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
