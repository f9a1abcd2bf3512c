import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { explainReport } from '../../server/src/cli/explain-report.ts';
import { compareVersions } from '../../server/src/engine/config/compare-versions.ts';
import type { Explain } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { failureModes } from '../../server/src/engine/failures/index.ts';
import { NodeHost } from '../../server/src/node-host.ts';
import { type Backend, type BackendSpec, startBackends } from '../../test-fixtures/toolbox/backends.ts';
import {
  type ClientResult,
  http1,
  type WebSocketResult,
  webSocket,
} from '../../test-fixtures/toolbox/client.ts';
import {
  type AccessRecord,
  findNginx,
  loadsModules,
  NginxInstance,
  nginxVersion,
  normaliseMessage,
} from '../../test-fixtures/toolbox/nginx.ts';
import { modelOf } from '../support/engine.ts';
import { fixAll } from '../support/fix-all.ts';
import {
  type Fixture,
  type FixtureRequest,
  fixtures,
  type Meant,
  silentCase,
  silentFiles,
  withFixes,
} from '../support/fixture.ts';

/**
 * Real nginx is the judge: each fixture's configuration fails as recorded, the fix that the engine produced (or the
 * remedy) lets the request arrive as meant, the very log line leads explain to this failure mode and place, and the
 * look-alikes work. All run at once, each in a lane of loopback addresses of its own.
 */

const nginx = findNginx();
if (!nginx) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
const version = nginxVersion(nginx);
const update = process.env['NGINX_502_UPDATE'] === '1';

/** What is recorded of a run: what the client and the backend saw and what nginx logged. */
interface Observation {
  readonly refusal: string | null;
  readonly answers: readonly {
    path: string;
    kind: string;
    status: number | null;
    logged: string | null;
    upstream: string | null;
    /** A WebSocket that was closed while nothing was sent on it. */
    cutWhenIdle?: true;
  }[];
  readonly log: readonly string[];
  readonly received: readonly { requestLine: string; headers: readonly [string, string][] }[];
  /** How many connections the backends saw; only where that is what tells. */
  readonly connections?: number;
}

interface Run {
  readonly observation: Observation;
  /** Log lines as nginx wrote them, with the lane's addresses. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
  unmap(text: string): string;
}

let lanes = 0;

/** Starts backends and nginx on a tree of files, sends the requests, and tells what everybody saw. */
async function run(
  source: string | Record<string, string>,
  main: string,
  specs: readonly BackendSpec[],
  requests: readonly Pick<
    FixtureRequest,
    | 'path'
    | 'websocket'
    | 'idleMs'
    | 'host'
    | 'method'
    | 'body'
    | 'bodySize'
    | 'headers'
    | 'holds'
    | 'afterIdleMs'
  >[],
  observe: Fixture['observe'] | null,
  { hosts, container, network, folders }: Pick<Fixture, 'hosts' | 'container' | 'network' | 'folders'>,
): Promise<Run> {
  const refuses = observe === 'refusal';
  const instance = await NginxInstance.create({
    source,
    main,
    lane: lanes++,
    hosts: hosts ?? null,
    container: container ?? false,
    network: network ?? null,
  });
  let backends: Backend[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(backends.map((backend) => backend.stop()));
    await instance.stop();
  };
  const rest = {
    stop,
    unmap: (text: string) => instance.unmap(text),
  };
  try {
    for (const [folder, mode] of Object.entries(folders ?? {}))
      await chmod(path.join(instance.tmp, folder), Number.parseInt(mode, 8));
    backends = await startBackends(specs.map((spec) => instance.mapSpec(spec)));
    const tested = await instance.test();
    if (refuses) {
      const refusal = tested.output.split('\n').find((line) => line.includes('[emerg]')) ?? '';
      expect(tested.ok, tested.output).toBe(false);
      return { ...rest, lines: [refusal], observation: { refusal, answers: [], log: [], received: [] } };
    }
    expect(tested.ok, tested.output).toBe(true);
    const started = await instance.start();
    if (!started.ok) throw new Error(started.refusal);
    const under: Promise<ClientResult>[] = [];
    for (const request of requests) {
      const options = {
        path: request.path,
        host: request.host ?? 'app.test',
        ...(request.headers && { headers: request.headers }),
      };
      const seen = received(backends);
      const result = request.websocket
        ? webSocket(instance.clientAddress, { ...options, idleMs: request.idleMs ?? 0 })
        : http1(instance.clientAddress, {
            ...options,
            ...(request.afterIdleMs !== undefined && { afterIdleMs: request.afterIdleMs }),
            ...(request.method && { method: request.method }),
            ...(request.body && { body: request.body }),
            ...(request.bodySize && { body: Buffer.alloc(request.bodySize, 'x') }),
          });
      under.push(result);
      if (request.holds) await vi.waitUntil(() => received(backends) > seen);
      else await result;
    }
    const results = await Promise.all(under);
    // nginx has no record of what came on a connection that it had closed.
    const openers = requests.filter(({ afterIdleMs }) => afterIdleMs !== undefined);
    const unheard = openers.filter((request) => results[requests.indexOf(request)]!.kind === 'closed');
    await instance.waitForAccess(results.length + openers.length - unheard.length);
    const access = inOrderOf(requests, withoutFirst(openers, instance.access()));
    const observation: Observation = {
      refusal: null,
      answers: results.map((result, i) => ({
        path: requests[i]!.path,
        kind: result.kind,
        status: result.status,
        logged: access[i] ? String(access[i].status).padStart(3, '0') : null,
        upstream: access[i]?.upstreamStatus ?? null,
        ...(requests[i]!.idleMs !== undefined && wasClosed(result) && { cutWhenIdle: true as const }),
      })),
      log: instance.logLines().map((line) => normaliseMessage(line).message),
      received: backends.flatMap((backend) =>
        backend.received
          .filter((request) => request.protocol !== 'dns' && request.requestLine !== '')
          .map(({ requestLine, headers }) => ({
            requestLine: instance.unmap(requestLine),
            headers: headers.map(([name, value]): [string, string] => [
              name,
              stable(name, instance.unmap(value)),
            ]),
          })),
      ),
      ...(observe === 'connections' && {
        connections: backends.reduce(
          (sum, { received }) => sum + new Set(received.map(({ connection }) => connection)).size,
          0,
        ),
      }),
    };
    return { ...rest, lines: instance.logLinesRaw(), observation };
  } catch (error) {
    await stop();
    throw error;
  }
}

function received(backends: readonly Backend[]): number {
  return backends.reduce((sum, backend) => sum + backend.received.length, 0);
}

/** nginx logs a request when it has ended: those that were held come late. */
function inOrderOf(requests: readonly { path: string }[], records: readonly AccessRecord[]): AccessRecord[] {
  const left = [...records];
  return requests.flatMap(({ path: uri }) => {
    const at = left.findIndex(({ request }) => request.split(' ')[1] === uri);
    return left.splice(Math.max(0, at), 1);
  });
}

/** Without the requests that only opened a connection, which was then idle. */
function withoutFirst(
  openers: readonly { path: string }[],
  records: readonly AccessRecord[],
): AccessRecord[] {
  const left = [...records];
  for (const { path: uri } of openers) {
    const at = left.findIndex(({ request }) => request.split(' ')[1] === uri);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

function wasClosed(result: ClientResult | WebSocketResult): boolean {
  return 'closedAfterMs' in result && result.closedAfterMs !== null;
}

/** A WebSocket's key and a client's port differ from run to run. */
function stable(name: string, value: string): string {
  const lower = name.toLowerCase();
  if (lower === 'sec-websocket-key') return '<key>';
  return lower === 'remote_port' ? '<port>' : value;
}

/** Where nginx cuts a line depends on how many digits the process id of its worker has: the end of such a line goes. */
function evenlyCut(line: string): string {
  return line.length < 2000 ? line : line.replace(/\b\d+#\d+: \*\d+ /, '4242#4242: *7 ').slice(0, 2000);
}

function compareWithRecording(fixture: Fixture, name: string, observed: unknown): void {
  const file = path.join(fixture.folder, 'recorded', version, name);
  const text = typeof observed === 'string' ? observed : `${JSON.stringify(observed, null, 2)}\n`;
  if (update) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  if (!existsSync(file)) {
    // Another nginx than the recorded ones is judged by behaviour alone.
    expect(existsSync(path.join(fixture.folder, 'recorded')), `${fixture.id} was never recorded`).toBe(true);
    expect(
      process.env['NGINX_502_NGINX'],
      `no recording of ${fixture.id} for nginx ${version}: npm run test:nginx -- --update`,
    ).toBeDefined();
    return;
  }
  expect(text).toBe(readFileSync(file, 'utf8'));
}

/** The line as nginx wrote it, out of its lane, with the time and the ids that differ from run to run made equal. */
function steady(line: string): string {
  return line
    .replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/, '2026/01/31 03:00:00')
    .replace(/ \d+#\d+: (?:\*\d+ )?/, (ids) =>
      // In a container they stay as small as there.
      ids.replace(/\d+#\d+/, /^ \d\d?#/.test(ids) ? '29#29' : '4242#4242'),
    );
}

async function explainLines(
  lines: readonly string[],
  folder: string,
): Promise<{ result: Explain; text: string }> {
  const model = await modelOf(path.join(folder, 'nginx.conf'));
  const explainer = new LogExplainer({ model, pathMap: new Map([['/etc/nginx', folder]]) });
  explainer.push(`${lines.map(steady).join('\n')}\n`);
  const result = explainer.end(model.version, []);
  const plain = (text: string): string => text;
  const style = { bold: plain, red: plain, yellow: plain, dim: plain };
  return { result, text: explainReport(result, { style, cwd: folder, model, config: 'nginx.conf' }) };
}

/** Fixtures say what nginx sends before 1.29.7, which speaks HTTP/1.1 where nothing else is set. */
function withDefaultVersion(requestLine: string): string {
  return compareVersions(version, '1.29.7') >= 0
    ? requestLine.replace(/ HTTP\/1\.0$/, ' HTTP/1.1')
    : requestLine;
}

/** What of a request is not as it is meant to be; null when all is well. */
function departure(meant: Meant, { answers, received }: Observation, i: number): string | null {
  const { kind, status, cutWhenIdle } = answers[i]!;
  if (kind !== 'response' || status !== (meant.status ?? 200)) return `the client got ${kind} ${status}`;
  if (cutWhenIdle) return 'the WebSocket was closed while it was idle';
  if (meant.requestLine === undefined && !meant.headers) return null;
  const line = meant.requestLine && withDefaultVersion(meant.requestLine);
  const seen = line ? received.find((request) => request.requestLine === line) : received[i];
  if (!seen) return `the backend saw ${received.map((request) => request.requestLine).join(', ')}`;
  for (const [name, value] of Object.entries(meant.headers ?? {})) {
    // Newer releases write the Host of gRPC as HTTP/2 has it.
    const names = name === 'host' ? ['host', ':authority'] : [name];
    const values = seen.headers.filter(([n]) => names.includes(n.toLowerCase())).map(([, v]) => v);
    const right = value === null ? values.length === 0 : values.length === 1 && values[0] === value;
    if (!right) return `the backend saw ${name}: ${values.length > 0 ? values.join(', ') : '(absent)'}`;
  }
  return null;
}

/** Each file of a folder below its name there, with newer texts put in. */
async function treeWith(
  fixture: Fixture,
  texts: ReadonlyMap<string, string>,
): Promise<Record<string, string>> {
  const model = await modelOf(path.join(fixture.folder, 'nginx.conf'));
  const tree: Record<string, string> = {};
  for (const [file, document] of model.snapshot.files) {
    tree[path.relative(fixture.folder, file)] = texts.get(file) ?? document.text;
  }
  return tree;
}

/** Whether a newer nginx has done away with what makes the request fail. */
function worksHere({ until }: FixtureRequest): boolean {
  return until !== undefined && compareVersions(version, until) >= 0;
}

/** What the nginx at hand takes, which older ones refuse, fails at the request. */
function onThisNginx(fixture: Fixture): Fixture {
  const { accepted } = fixture;
  return accepted && compareVersions(version, accepted) >= 0 ? { ...fixture, observe: 'log' } : fixture;
}

const lacking = fixtures().filter(
  ({ needs, folder }) =>
    needs !== undefined && !loadsModules(nginx, readFileSync(path.join(folder, 'nginx.conf'), 'utf8')),
);
for (const { id, needs } of lacking) {
  // Skipped tests are counted, and CI takes none.
  const why = `${id} is not run: ${nginx} cannot load the modules of ${needs}`;
  process.stderr.write(`${why}\n`);
  describe.skip(why, () => {
    test.each(['fails as recorded', 'is cured', 'works where it is silent'])('%s', () => {});
  });
}
const runnable = fixtures().filter(({ id }) => !lacking.some((fixture) => fixture.id === id));

describe.concurrent.each(runnable.map((fixture) => [fixture.id, onThisNginx(fixture)] as const))(
  '%s',
  (id, fixture) => {
    if (fixture.requests.every((request) => worksHere(request))) {
      test.concurrent('works: this nginx does without the fault', async () => {
        const { backends, requests } = fixture;
        const works = await run(fixture.folder, 'nginx.conf', backends, requests, null, fixture);
        try {
          for (const [i, request] of requests.entries())
            expect(departure(request.meant, works.observation, i), request.path).toBeNull();
        } finally {
          await works.stop();
        }
      });
    } else {
      failsAndIsCured(id, fixture);
    }

    test.concurrent.each(silentFiles(fixture))('works: silent/%s', async (file) => {
      const silent = silentCase(fixture, file);
      const source = { 'nginx.conf': readFileSync(path.join(fixture.folder, 'silent', file), 'utf8') };
      const { network: _, ...world } = fixture;
      const works = await run(source, 'nginx.conf', silent.backends, [silent], null, world);
      try {
        expect(works.observation.answers[0]!.status).toBe(silent.status);
      } finally {
        await works.stop();
      }
    });
  },
);

function failsAndIsCured(id: string, fixture: Fixture): void {
  const mode = failureModes.find((m) => m.id === id)!;
  const main = path.join(fixture.folder, 'nginx.conf');
  const since = mode.versions?.since ?? null;
  const strikes = since === null || compareVersions(version, since) >= 0;

  test.concurrent('fails as recorded, and its log line leads back to it', async () => {
    const broken = await run(
      fixture.folder,
      'nginx.conf',
      fixture.backends,
      fixture.requests,
      fixture.observe,
      fixture,
    );
    try {
      const { observation } = broken;
      if (!strikes) {
        for (const [i, request] of fixture.requests.entries())
          expect(departure(request.meant, observation, i), `nginx ${version} is too old for it`).toBeNull();
        expect(observation.log).toEqual([]);
        return;
      }
      compareWithRecording(fixture, 'broken.json', observation);
      if (observation.refusal === null && fixture.observe !== 'connections') {
        for (const [i, request] of fixture.requests.entries()) {
          if (request.prepares) continue;
          const wrong = departure(request.meant, observation, i);
          if (worksHere(request)) expect(wrong, `${request.path} works on this nginx`).toBeNull();
          else expect(wrong, `${request.path} must fail`).not.toBeNull();
        }
      }
      if (mode.signatures.length === 0) {
        expect(observation.log, 'a mode without signature leaves no line').toEqual([]);
        return;
      }
      const { result, text } = await explainLines(
        [...(fixture.beside ?? []), ...broken.lines.map((line) => evenlyCut(broken.unmap(line)))],
        fixture.folder,
      );
      // What is said does not depend on who wrote the line: once is enough to read.
      if (!process.env['NGINX_502_NGINX']) compareWithRecording(fixture, 'explanation.txt', text);
      const wanted = fixture.requests.filter((request) => request.location && !worksHere(request));
      for (const request of wanted) {
        const group = result.groups.find(
          (g) => observation.refusal !== null || g.explanation.entry.request?.uri === request.path,
        );
        expect(group, `no explanation of ${request.path}`).toBeDefined();
        const named = group!.explanation.causes.map((cause) => cause.id);
        expect(request.behind ? named : named.slice(0, 1)).toContain(id);
        expect(group!.explanation.place?.location?.text).toBe(request.location);
        if (mode.status !== null) expect(group!.explanation.status.code).toBe(mode.status);
      }
    } finally {
      await broken.stop();
    }
  });

  test.concurrent('is cured by the fix that the engine made, or by the remedy', async () => {
    let tree: string | Record<string, string> = fixture.folder;
    let specs = fixture.backends;
    const byHand = path.join(fixture.folder, 'cured.conf');
    if (fixture.cure) specs = fixture.cure;
    if (existsSync(byHand)) tree = { 'nginx.conf': readFileSync(byHand, 'utf8') };
    else if (!fixture.cure) {
      const fixed = await fixAll(main, id);
      let { texts } = fixed;
      if (texts.size === 0) texts = await fixFromLog(fixture);
      expect(texts.size, 'no fix and no cure').toBeGreaterThan(0);
      tree = await treeWith(fixture, texts);
    }
    const world = { ...fixture, ...(fixture.curedNetwork && { network: fixture.curedNetwork }) };
    const cured = await run(tree, 'nginx.conf', specs, fixture.requests, curedObserve(fixture), world);
    try {
      if (strikes) compareWithRecording(fixture, 'fixed.json', cured.observation);
      for (const [i, request] of fixture.requests.entries()) {
        expect(departure(request.meant, cured.observation, i), request.path).toBeNull();
      }
      const recorded = path.join(fixture.folder, 'recorded', version, 'broken.json');
      if (fixture.observe === 'connections' && existsSync(recorded)) {
        const broken = JSON.parse(readFileSync(recorded, 'utf8')) as Observation;
        expect(cured.observation.connections).toBeLessThan(broken.connections!);
      }
    } finally {
      await cured.stop();
    }
  });
}

/** What is to be seen of a cured configuration: it starts. */
function curedObserve({ observe }: Fixture): Fixture['observe'] | null {
  return observe === 'refusal' ? null : observe;
}

/** Texts after the fix that explain offers for the fixture's own log line. */
async function fixFromLog(fixture: Fixture): Promise<Map<string, string>> {
  const { folder, backends, requests, observe } = fixture;
  const broken = await run(folder, 'nginx.conf', backends, requests, observe, fixture);
  try {
    const model = await modelOf(path.join(fixture.folder, 'nginx.conf'));
    const explainer = new LogExplainer({ model, pathMap: new Map([['/etc/nginx', fixture.folder]]) });
    explainer.push(`${broken.lines.map((line) => broken.unmap(line)).join('\n')}\n`);
    const fix = explainer.end(model.version, []).groups[0]?.explanation.causes[0]?.fixes[0];
    if (!fix) return new Map();
    const host = new NodeHost();
    const originals = new Map<string, string>();
    for (const file of model.snapshot.files.keys()) {
      const answer = await host.read(file);
      if (answer.ok) originals.set(file, answer.text);
    }
    const texts = withFixes([fix], (file) => originals.get(file)!);
    const fixedFile = path.join(fixture.folder, 'fixed.conf');
    if (existsSync(fixedFile)) {
      expect(texts.get(path.join(fixture.folder, 'nginx.conf'))).toBe(readFileSync(fixedFile, 'utf8'));
    }
    return texts;
  } finally {
    await broken.stop();
  }
}
