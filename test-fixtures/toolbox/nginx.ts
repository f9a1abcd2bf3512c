import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mapAddresses, unmap } from './addresses.ts';
import type { BackendSpec } from './backends.ts';
import { certificates } from './certificates.ts';
import { harness } from './harness.ts';

export { mapAddresses, unmap } from './addresses.ts';
export { type NormalisedLine, normaliseMessage } from './log.ts';

/** The nginx to test with: NGINX_502_NGINX, else `nginx` on PATH, else /usr/sbin/nginx; null when there is none. */
export function findNginx(): string | null {
  const named = process.env.NGINX_502_NGINX;
  if (named) return isExecutable(named) ? named : null;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, '/usr/sbin'].map((folder) => join(folder, 'nginx')).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `1.22.1`. Throws when `bin` is no nginx. */
export function nginxVersion(bin: string): string {
  // nginx prints it on standard error, also when all is well.
  const text = execFileSync('sh', ['-c', 'exec "$0" -v 2>&1', bin], { encoding: 'utf8' });
  const version = /nginx\/(\d+\.\d+\.\d+)/.exec(text)?.[1];
  if (!version) throw new Error(`${bin} -v says: ${text}`);
  return version;
}

/** Whether an nginx can load the modules that a configuration names: they fit the one that they were built for. */
export function loadsModules(bin: string, configuration: string): boolean {
  const lines = configuration.match(/^\s*load_module\s+[^;]+;/gm) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'nginx-502-modules-'));
  try {
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, `${lines.join('\n')}\npid nginx.pid;\nevents {}\n`);
    execFileSync(bin, ['-t', '-p', `${folder}/`, '-c', file, '-e', 'error.log'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What to run. */
export interface NginxOptions {
  /** A folder of configuration files, or the files themselves by name (`nginx.conf`, `conf.d/a.conf`). */
  source: string | Record<string, string>;
  /** The main file within the source; `nginx.conf` when absent. */
  main?: string;
  /** The fixture's own number; see `mapAddresses`. 0 when absent. */
  lane?: number;
  /** `findNginx()` when absent. */
  bin?: string;
  /** What /etc/hosts says to this nginx: addresses by name. The machine's own file when absent. */
  hosts?: Readonly<Record<string, readonly string[]>> | null;
  /** Whether its process ids are as small as in a container. */
  container?: boolean;
  /**
   * Shell commands that shape a network of nginx's own, where nothing but its own listens can be reached: routes, ports.
   * Unmapped addresses. It takes its clients on `clientAddress` then. Absent: the network of the test.
   */
  network?: readonly string[] | null;
  /** Replaces the level of every error_log. When absent the configuration's own levels hold, `error` by default. */
  logLevel?: 'debug' | 'info' | 'notice' | 'warn' | 'error';
}

/** One request in the access log; internal redirects and subrequests have no record of their own. */
export interface AccessRecord {
  /** 9 is what nginx logs as `009`: bytes passed on as HTTP/0.9. */
  status: number;
  /** As logged: `502`, `502, 200` after a retry, `-` or empty without an upstream. */
  upstreamStatus: string;
  /** As logged, addresses unmapped. */
  upstreamAddr: string;
  /** The request line. */
  request: string;
  /** nginx's serial number of the client connection. */
  connection: number;
  /** Bytes sent to the client. */
  bytes: number;
}

/** What `nginx -t` says. */
export interface TestResult {
  ok: boolean;
  /** Standard error, unmapped. */
  output: string;
}

/** `refusal` holds the `nginx: [emerg] ...` lines, unmapped. */
export type StartResult = { ok: true } | { ok: false; refusal: string };

/** Where clients get in from outside of nginx's own network, below `tmp`. */
const CLIENT_SOCKET = 'client.sock';

/** How long nginx may take to start; it tries for 2.5 s to get an address that is taken. */
const START_MS = 15_000;

/**
 * One real nginx on a configuration moved to its own lane and folder. It is never the machine's nginx service:
 * it has its own prefix, pid file and logs, and it is stopped by its process id.
 */
export class NginxInstance {
  /** Folder of this instance; removed by `stop()`. */
  readonly tmp: string;
  readonly lane: number;
  /** The source with its addresses mapped, otherwise as it is: what to give to the product. */
  readonly confFolder: string;
  /** The same with the harness: what nginx reads. Its line numbers are those of the source. */
  readonly runFolder: string;
  readonly #command: string[];
  readonly #network: readonly string[] | null;
  #process: ChildProcess | null = null;
  #stderr = '';
  /** The logs at the time of `stop()`, which removes the files. */
  #last: { error: string; access: string } | null = null;

  private constructor(tmp: string, lane: number, command: string[], network: readonly string[] | null) {
    this.tmp = tmp;
    this.#network = network;
    this.lane = lane;
    this.confFolder = join(tmp, 'conf');
    this.runFolder = join(tmp, 'run');
    this.#command = command;
  }

  /** Writes both trees. Rejects when there is no nginx, or no main file. */
  static async create(options: NginxOptions): Promise<NginxInstance> {
    const { main = 'nginx.conf', lane = 0, bin = findNginx() } = options;
    if (!bin) throw new Error('no nginx found: install it, or set NGINX_502_NGINX to its path');
    const tmp = await mkdtemp(join(tmpdir(), 'nginx-502-'));
    try {
      // Workers that are not root must get through to the sockets and certificates in it.
      await chmod(tmp, 0o755);
      const source = await readSource(options.source);
      if (!source.has(main)) throw new Error(`no ${main} in the source`);
      const network = options.network?.map((command) => mapAddresses(command, lane, tmp)) ?? null;
      const client = network === null ? null : join(tmp, CLIENT_SOCKET);
      const logLevel = options.logLevel ?? null;
      const globals = await writeTrees(source, { tmp, lane, main, logLevel, client });
      const run = join(tmp, 'run');
      const args = ['-p', `${run}/`, '-c', join(run, main), '-e', join(tmp, 'error.log'), '-g', globals];
      const words = [...(await surroundings(options, tmp, lane)), bin, ...args];
      return new NginxInstance(tmp, lane, words, network);
    } catch (error) {
      await rm(tmp, { recursive: true, force: true });
      throw error;
    }
  }

  /** A text or an address as it is in this instance. */
  map(text: string): string {
    return mapAddresses(text, this.lane, this.tmp);
  }

  /** Where a client reaches a server that the fixture has on 127.0.0.1:8080. */
  get clientAddress(): string {
    return this.#network === null ? this.map('127.0.0.1:8080') : `unix:${join(this.tmp, CLIENT_SOCKET)}`;
  }

  /** A text of this instance as if it came from the source. */
  unmap(text: string): string {
    return unmap(text, this.lane, this.tmp);
  }

  /** A backend of the fixture as it must be started for this instance. */
  mapSpec<Spec extends BackendSpec>(spec: Spec): Spec {
    return JSON.parse(this.map(JSON.stringify(spec))) as Spec;
  }

  /** Runs `nginx -t` where no name can be resolved but those in /etc/hosts. May be called before `start()`. */
  async test(): Promise<TestResult> {
    const [file, ...args] = [...(await closedNetwork(this.#network ?? [])), ...this.#command, '-t'];
    const result = await new Promise<TestResult>((resolve) => {
      execFile(file!, args, (error, _stdout, stderr) =>
        resolve({ ok: error === null, output: this.unmap(stderr) }),
      );
    });
    // What the trial wrote is not part of the run.
    if (!this.#process) await rm(this.#file('error.log'), { force: true });
    return result;
  }

  /** Starts nginx; when it has started, all its sockets listen. Rejects when it neither starts nor gives up. */
  async start(): Promise<StartResult> {
    if (this.#process) throw new Error('started already');
    const pidFile = this.#file('nginx.pid');
    writeFileSync(pidFile, '');
    const network = this.#network === null ? [] : await closedNetwork(this.#network);
    if (this.#network !== null && network.length === 0)
      throw new Error('a network of its own for nginx needs unshare(1) and the right to use it');
    const [file, ...args] = [...network, ...this.#command];
    // A process group of its own, so that the workers can be killed with their master.
    const child = spawn(file!, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    process.once('exit', this.#kill);
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    let over = false;
    const closed = new Promise<void>((resolve) => {
      child.once('error', (error) => {
        this.#stderr += error.message;
        resolve();
      });
      child.once('close', resolve);
    }).then(() => {
      over = true;
    });
    const deadline = Date.now() + START_MS;
    // nginx writes its process id when it has opened all its sockets; to connect to them would leave log lines.
    while (!over && readFileSync(pidFile, 'latin1') === '') {
      if (Date.now() > deadline) throw new Error(`nginx does not start: ${this.#stderr}`);
      await Promise.race([sleep(10), closed]);
    }
    if (!over) return { ok: true };
    process.off('exit', this.#kill);
    this.#process = null;
    const lines = this.unmap(this.#stderr).split('\n');
    const refusal = lines.filter((line) => line.startsWith('nginx: [emerg]')).join('\n');
    return { ok: false, refusal: refusal || lines.join('\n').trim() };
  }

  /** What nginx wrote to standard error, unmapped; the warnings of its start are there. */
  get stderr(): string {
    return this.unmap(this.#stderr);
  }

  /** Lines of the error log with the source's addresses and paths, oldest first. */
  logLines(): string[] {
    return this.logLinesRaw().map((line) => this.unmap(line));
  }

  /** Lines of the error log as nginx wrote them. */
  logLinesRaw(): string[] {
    return lines(this.#last?.error ?? this.#read('error.log'));
  }

  /** The requests that nginx has logged, oldest first, addresses unmapped. A record follows its response. */
  access(): AccessRecord[] {
    const records = new Map<string, AccessRecord>();
    for (const line of lines(this.#last?.access ?? this.#read('access.log'))) {
      const { id, ...fields } = JSON.parse(this.unmap(line)) as Record<string, string>;
      records.set(id!, {
        status: Number(fields.status),
        upstreamStatus: fields.upstreamStatus!,
        upstreamAddr: fields.upstreamAddr!,
        request: fields.request!,
        connection: Number(fields.connection),
        bytes: Number(fields.bytes),
      });
    }
    return [...records.values()];
  }

  /** Waits until the log is as wished; false when it is not after `ms` milliseconds. */
  async waitForLog(wished: (logLines: string[]) => boolean, ms = 2000): Promise<boolean> {
    return waitFor(() => wished(this.logLines()), ms);
  }

  /** Waits until so many requests are logged; false when they are not after `ms` milliseconds. */
  async waitForAccess(count: number, ms = 2000): Promise<boolean> {
    return waitFor(() => this.access().length >= count, ms);
  }

  /** Stops nginx, gracefully if that is quick, and removes its folder. The logs stay readable. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child) {
      this.#process = null;
      await end(child);
      process.off('exit', this.#kill);
    }
    this.#last ??= { error: this.#read('error.log'), access: this.#read('access.log') };
    await rm(this.tmp, { recursive: true, force: true });
  }

  /** For the end of the test process, which must not leave an nginx behind. */
  readonly #kill = () => {
    if (this.#process?.pid) killGroup(this.#process.pid);
  };

  #file(name: string): string {
    return join(this.tmp, name);
  }

  #read(name: string): string {
    try {
      return readFileSync(this.#file(name), 'utf8');
    } catch {
      // nginx has not written it yet.
      return '';
    }
  }
}

async function waitFor(wished: () => boolean, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (!wished()) {
    if (Date.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise<true>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(true);
    else child.once('exit', () => resolve(true));
  });
  for (const signal of ['SIGQUIT', 'SIGTERM'] as const) {
    child.kill(signal);
    if (await Promise.race([gone, sleep(500)])) return;
  }
  killGroup(child.pid!);
  await gone;
}

function killGroup(pid: number) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** Files that are no configuration: copied as they are, byte for byte. */
const OPAQUE = /\.(?:html?|crt|key|pem|json|md|txt|log)$/;

async function readSource(source: string | Record<string, string>): Promise<Map<string, Buffer>> {
  if (typeof source !== 'string') {
    return new Map(Object.entries(source).map(([name, text]) => [name, Buffer.from(text)]));
  }
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(source, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(source, path).split(sep).join('/'), await readFile(path));
  }
  return files;
}

/** Writes conf/ and run/ and all they need. Gives the value of `-g`. */
async function writeTrees(
  source: Map<string, Buffer>,
  {
    tmp,
    lane,
    main,
    logLevel,
    client,
  }: { tmp: string; lane: number; main: string; logLevel: string | null; client: string | null },
): Promise<string> {
  const mapped = new Map<string, string>();
  for (const [name, bytes] of source) {
    // Latin-1 keeps every byte, whatever the encoding of the file.
    if (!OPAQUE.test(name)) mapped.set(name, mapAddresses(bytes.toString('latin1'), lane, tmp));
  }
  const users = process.getuid?.() === 0 ? userNames() : null;
  const address = mapAddresses('127.0.0.1', lane, tmp);
  const { files, globals, folders, shipped } = harness(mapped, {
    tmp,
    main,
    address,
    users,
    logLevel,
    client,
  });
  const write = async (tree: string, name: string, content: string | Buffer) => {
    const path = join(tmp, tree, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, 'latin1');
  };
  for (const [name, bytes] of source) {
    await write('conf', name, mapped.get(name) ?? bytes);
    await write('run', name, files.get(name) ?? bytes);
  }
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true })));
  for (const name of shipped) {
    // What is missing there too is the fixture's intention, and nginx says so.
    await copyFile(join('/etc/nginx', name), join(tmp, 'run', name)).catch(() => {});
  }
  if ([...mapped.values()].some((text) => /(?<!\w)certs\//.test(text))) {
    const { folder } = await certificates();
    for (const tree of ['conf', 'run'])
      await cp(folder, join(tmp, tree, 'certs'), { recursive: true, force: false });
  }
  return globals;
}

function userNames(): Set<string> {
  return new Set(lines(readFileSync('/etc/passwd', 'utf8')).map((line) => line.split(':')[0]!));
}

let allowedNetwork: Promise<ClosedNetwork | null> | undefined;

/** The words before a command that give it a hosts file and process ids of its own, as far as that is asked for. */
async function surroundings(options: NginxOptions, tmp: string, lane: number): Promise<string[]> {
  const { hosts = null, container = false } = options;
  if (hosts === null && !container) return [];
  const file = join(tmp, 'hosts');
  const lines = Object.entries(hosts ?? {}).flatMap(([name, addresses]) =>
    addresses.map((address) => `${mapAddresses(address, lane, tmp)} ${name}\n`),
  );
  await writeFile(file, lines.join(''));
  const isRoot = process.getuid?.() === 0;
  return [
    'unshare',
    ...(isRoot ? [] : ['-r']),
    ...(hosts === null ? [] : ['--mount']),
    ...(container ? ['--pid', '--fork', '--kill-child'] : []),
    ...(hosts === null ? [] : ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', file]),
    ...(isRoot ? [] : NOBODY_AGAIN),
  ];
}

/**
 * The words before a command that run it with nothing but its own loopback device, shaped by further commands; none
 * where that is not allowed.
 */
async function closedNetwork(setUp: readonly string[]): Promise<string[]> {
  allowedNetwork ??= (async () => {
    for (const network of CLOSED_NETWORKS) {
      const [file, ...args] = [...network([]), 'true'];
      const allowed = await new Promise((resolve) => {
        execFile(file!, args, (error) => resolve(error === null));
      });
      if (allowed) return network;
    }
    return null;
  })();
  return (await allowedNetwork)?.(setUp) ?? [];
}

type ClosedNetwork = (setUp: readonly string[]) => string[];

// nginx -t binds its sockets, and a new network begins with its loopback device down.
const withLoopback: ClosedNetwork = (setUp) => [
  'sh',
  '-c',
  [
    '{ ip link set lo up || ifconfig lo up || echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind; } 2> /dev/null',
    ...setUp,
    'exec "$@"',
  ].join(' && '),
  'sh',
];
// Who is not root must become root to do so, and nobody again: nginx would try to change users.
const NOBODY_AGAIN = [
  'unshare',
  '-U',
  `--map-user=${process.getuid?.()}`,
  `--map-group=${process.getgid?.()}`,
];
const CLOSED_NETWORKS: readonly ClosedNetwork[] = [
  (setUp) => ['unshare', '-n', ...withLoopback(setUp)],
  (setUp) => ['unshare', '-rn', ...withLoopback(setUp), ...NOBODY_AGAIN],
];
