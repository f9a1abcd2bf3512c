import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { toBytes } from '../../server/src/engine/config/bytes.ts';
import { effective } from '../../server/src/engine/config/inheritance.ts';
import type { ConfigModel } from '../../server/src/engine/config/model.ts';
import { type Route, route } from '../../server/src/engine/config/route.ts';
import { findNginx, nginxVersion } from '../../test-fixtures/toolbox/nginx.ts';
import { modelOfTexts } from '../support/engine.ts';
import { mainFile, makeFolder, NginxRun } from '../support/worlds/nginx-run.ts';
import { Random } from '../support/worlds/random.ts';
import { type RawAnswer, type RawRequest, sendAll } from '../support/worlds/raw-client.ts';
import type { WorldRequest } from '../support/worlds/routing-requests.ts';
import { makeWorld, type World } from '../support/worlds/routing-world.ts';
import { FILES, fileAt } from '../support/worlds/world-files.ts';

/**
 * Random servers and locations, random requests: a real nginx and the model must agree on who answers, with which
 * status, where a redirect leads and what a return says.
 *
 * NGINX_502_REQUESTS sets how many (1000000 takes some minutes), NGINX_502_SEED where to begin.
 */

const COUNT = Number(process.env['NGINX_502_REQUESTS'] ?? 20_000);
const SEED = Number(process.env['NGINX_502_SEED'] ?? 502);
const WORLDS_AT_ONCE = 50;
// Two runs at a time on one machine do not meet.
const FIRST_PORT = 15_001 + (process.pid % 150) * (WORLDS_AT_ONCE + 1);

const nginx = findNginx();
if (!nginx) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
const version = nginxVersion(nginx);

/** Every feature must decide at least this share of the answers. */
const LEAST_SHARE = 0.01;
const FEATURES = [
  'exact-name',
  'wildcard-name',
  'regex-name',
  'default-server',
  'bad-request',
  'exact-location',
  'prefix-location',
  'no-regex-location',
  'regex-location',
  'nested-location',
  'named-location',
  'no-location',
  'slash-redirect',
  'internal',
  'limit-except',
  'access',
  'if',
  'set',
  'return',
  'rewrite',
  'rewrite-redirect',
  'break',
  'cycle',
  'try-files',
  'index',
  'static',
  'error-page',
  'pass',
] as const;

/** What can be compared. */
interface Seen {
  readonly status: number | null;
  readonly block: string | null;
  readonly to: string | null;
  readonly body: string | null;
}

describe(`where nginx ${version} takes a request`, () => {
  test(`${COUNT} requests to random worlds, seed ${SEED}`, { timeout: 3_600_000 }, async () => {
    const ipv6 = await hasIpv6();
    const counts = new Map<string, number>();
    const differences: string[] = [];
    let answered = 0;
    let took = 0;
    for (let seed = SEED; answered < COUNT && differences.length === 0; seed += WORLDS_AT_ONCE) {
      const folder = await makeFolder();
      const worlds = await makeWorlds(folder, seed, ipv6);
      const text = mainFile(folder, `${worlds.map((world) => world.text).join('\n')}\n${echo()}`);
      const run = await NginxRun.start(folder, text);
      try {
        const model = await modelOfTexts(
          { [`${folder}/nginx.conf`]: text },
          { value: version, from: 'nginx -v' },
        );
        const all = worlds
          .flatMap((world) => world.requests.map((request) => ({ world, request })))
          .map((one) => ({ ...one, found: predict(model, folder, one.request) }))
          // A crash would take the requests of others with it.
          .filter(({ found }) => !found.steps.some((step) => step.kind === 'crash'));
        const before = performance.now();
        const answers = await sendAll(all.map(({ request }) => asRaw(request)));
        took += performance.now() - before;
        for (const [i, { world, request, found }] of all.entries()) {
          for (const kind of new Set(found.steps.map((step) => step.kind)))
            counts.set(kind, (counts.get(kind) ?? 0) + 1);
          const problem = compare(model, found, request, answers[i]!);
          if (problem !== null) differences.push(story(world, request, found, problem));
        }
        answered += all.length;
      } finally {
        await run.stop();
      }
    }
    console.log(
      `nginx ${version}: ${answered} requests from seed ${SEED}, ${Math.round(took)} ms in nginx, ${differences.length} differences\n  ` +
        FEATURES.map((kind) => `${kind} ${((100 * (counts.get(kind) ?? 0)) / answered).toFixed(1)} %`).join(
          ', ',
        ),
    );
    if (process.env['NGINX_502_BRIEF'])
      console.log(differences.map((text) => text.split('\nmap')[0]).join('\n'));
    expect(differences.slice(0, 3).join('\n')).toBe('');
    const rare = FEATURES.filter((kind) => (counts.get(kind) ?? 0) < answered * LEAST_SHARE);
    expect(rare).toEqual([]);
  });
});

async function makeWorlds(folder: string, seed: number, ipv6: boolean): Promise<World[]> {
  const root = `${folder}/www`;
  for (const file of FILES) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), `file:${file}`);
  }
  return Array.from({ length: WORLDS_AT_ONCE }, (_, index) =>
    makeWorld(new Random(seed + index), seed + index, {
      index,
      root,
      port: FIRST_PORT + index,
      socket: `${folder}/${index}.sock`,
      backend: BACKEND,
      ipv6,
    }),
  );
}

const BACKEND = `127.0.0.9:${FIRST_PORT - 1}`;

function echo(): string {
  return `server {\n    listen ${BACKEND};\n    return 200 "$request";\n}\n`;
}

function asRaw(request: WorldRequest): RawRequest {
  const { listen, host, target, method, http, headers } = request;
  const lines = [`${method} ${toBytes(target)} HTTP/${http}`];
  if (host !== null) lines.push(`Host: ${toBytes(host)}`);
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const match = /^\[?([^\]]*)\]?:(\d+)$/.exec(listen);
  const to = listen.startsWith('unix:')
    ? { path: listen.slice(5) }
    : {
        host: match![1]!,
        port: Number(match![2]),
        ...(listen.startsWith('[') ? {} : { localAddress: '127.0.0.1' }),
      };
  return { to, text: `${lines.join('\r\n')}\r\n\r\n`, head: method === 'HEAD' };
}

function predict(model: ConfigModel, folder: string, request: WorldRequest): Route {
  const { listen } = request;
  const client = listen.startsWith('unix:') ? 'unix:' : listen.startsWith('[') ? '::1' : '127.0.0.1';
  const body = request.headers.some(([name]) => name === 'Content-Length')
    ? { length: 0, chunked: false }
    : null;
  return route(model, { ...request, client, body }, { fileAt: (asked) => fileAt(`${folder}/www`, asked) });
}

/** The value of X-L that a block sends. */
function idOf(model: ConfigModel, found: Route): string | null {
  return found.block ? (effective(model, 'add_header', found.block).nodes[0]?.arg(1) ?? null) : null;
}

function compare(model: ConfigModel, found: Route, request: WorldRequest, answer: RawAnswer): string | null {
  const field = (name: string): string | null => answer.headers.find(([key]) => key === name)?.[1] ?? null;
  // A line feed in the arguments makes the request HTTP/0.9 to the backend.
  const broken = /\n/.test(found.state.uri + found.state.args);
  if (found.handler && answer.status === null && broken) return null;
  const closed = found.status === 444;
  const told = found.kind === 'return' && found.body !== null && request.method !== 'HEAD';
  const bare = found.status === 204 || found.status === 304;
  const ours: Seen = {
    // A backend may refuse what nginx puts together from odd parts; that it was asked is what counts.
    status: closed ? null : (found.status ?? answer.status),
    block: closed ? null : idOf(model, found),
    to: closed ? null : found.to,
    body: told && !bare && !closed ? found.body : null,
  };
  const theirs: Seen = {
    status: answer.status,
    block: field('x-l'),
    to: field('location'),
    body: ours.body === null ? null : answer.body,
  };
  if (!found.certain) return `the model is not certain: ${JSON.stringify(theirs)}`;
  const same = JSON.stringify(ours) === JSON.stringify(theirs);
  return same ? null : `ours   ${JSON.stringify(ours)}\n  nginx  ${JSON.stringify(theirs)}`;
}

function story(world: World, request: WorldRequest, found: Route, problem: string): string {
  return [
    `world of seed ${world.seed}: ${JSON.stringify(request)}`,
    `  ${problem}`,
    ...found.steps.map((step) => `  - ${step.text}`),
    world.text,
  ].join('\n');
}

function hasIpv6(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, '::1', () => server.close(() => resolve(true)));
  });
}
