import { describe, expect, test } from 'vitest';
import { toBytes } from '../../server/src/engine/config/bytes.ts';
import { compareVersions } from '../../server/src/engine/config/compare-versions.ts';
import { effectiveValue } from '../../server/src/engine/config/inheritance.ts';
import { type Route, route } from '../../server/src/engine/config/route.ts';
import { type UpstreamRequest, upstreamRequest } from '../../server/src/engine/config/upstream-request.ts';
import { findNginx, nginxVersion } from '../../test-fixtures/toolbox/nginx.ts';
import { modelOfTexts } from '../support/engine.ts';
import { mainFile, makeFolder, NginxRun } from '../support/worlds/nginx-run.ts';
import { Random } from '../support/worlds/random.ts';
import { type RawAnswer, type RawRequest, sendAll } from '../support/worlds/raw-client.ts';
import { type Recorded, startRecorders } from '../support/worlds/recorder.ts';
import {
  type Backends,
  makeUpstreamWorld,
  type UpstreamCase,
  upstreamCommons,
} from '../support/worlds/upstream-world.ts';

/**
 * Random locations that hand requests on, below settings on every level: what the backends receive from a real nginx
 * must be what the model says, byte for byte.
 *
 * NGINX_502_LOCATIONS sets how many, NGINX_502_SEED where to begin.
 */

const LOCATIONS = Number(process.env['NGINX_502_LOCATIONS'] ?? 1000);
const SEED = Number(process.env['NGINX_502_SEED'] ?? 502);
const WORLDS_AT_ONCE = 20;
// Two runs at a time on one machine do not meet.
const FIRST_PORT = 23_010 + (process.pid % 150) * (WORLDS_AT_ONCE + 5);

const nginx = findNginx();
if (!nginx) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
const version = nginxVersion(nginx);

const FORBIDDEN =
  /^(?:connection|upgrade|keep-alive|transfer-encoding|proxy-connection|expect|te: (?!trailers$)|content-length: (?!\d+$)).*/;

/** How often each way of passing must at least be seen. */
const LEAST = 10;

describe(`what nginx ${version} sends to a backend`, () => {
  test(`${LOCATIONS} locations, seed ${SEED}`, { timeout: 1_200_000 }, async () => {
    const counts = new Map<string, number>();
    const differences: string[] = [];
    let locations = 0;
    let requests = 0;
    for (let seed = SEED; locations < LOCATIONS && differences.length === 0; seed += WORLDS_AT_ONCE) {
      const folder = await makeFolder();
      const backends: Backends = {
        http: `127.0.0.9:${FIRST_PORT - 1}`,
        socket: `${folder}/backend.sock`,
        fastcgi: `127.0.0.9:${FIRST_PORT - 2}`,
        uwsgi: `127.0.0.9:${FIRST_PORT - 3}`,
        scgi: `127.0.0.9:${FIRST_PORT - 4}`,
        grpc: `127.0.0.9:${FIRST_PORT - 5}`,
        h2: compareVersions(version, '1.29.4') >= 0,
      };
      const worlds = Array.from({ length: WORLDS_AT_ONCE }, (_, i) =>
        makeUpstreamWorld(new Random(seed + i), seed + i, FIRST_PORT + i, backends),
      );
      const text = mainFile(
        folder,
        [upstreamCommons(backends), ...worlds.map((world) => world.text)].join('\n'),
      );
      const stop = await startRecorders(backends);
      const run = await NginxRun.start(folder, text);
      try {
        const model = await modelOfTexts(
          { [`${folder}/nginx.conf`]: text },
          { value: version, from: 'nginx -v' },
        );
        const all = worlds
          .flatMap((world) => world.cases.map((one) => ({ world, one })))
          .map((entry) => ({ ...entry, found: route(model, asClient(entry.one), { fileAt: () => 'none' }) }))
          .filter(
            ({ found }) => found.handler !== null && !found.steps.some((step) => step.kind === 'crash'),
          );
        const answers = await sendAll(all.map(({ one }) => asRaw(one)));
        for (const [i, { world, one, found }] of all.entries()) {
          const sent = upstreamRequest(found)!;
          counts.set(sent.protocol, (counts.get(sent.protocol) ?? 0) + 1);
          const problem = compare(found, sent, one, answers[i]!);
          if (problem === null) continue;
          const steps = found.steps.map((step) => `  - ${step.text}`).join('\n');
          differences.push(
            `world of seed ${world.seed}: ${JSON.stringify(one)}\n${problem}\n${steps}\n${world.text}`,
          );
        }
        requests += all.length;
        locations += worlds.reduce((sum, world) => sum + world.cases.length / 2, 0);
      } finally {
        await run.stop();
        await stop();
      }
    }
    console.log(
      `nginx ${version}: ${locations} locations, ${requests} requests from seed ${SEED}, ${differences.length} differences\n  ` +
        [...counts].map(([kind, count]) => `${kind} ${count}`).join(', '),
    );
    if (process.env['NGINX_502_BRIEF'])
      console.log(differences.map((one) => one.split('\nserver {')[0]).join('\n'));
    expect(differences.slice(0, 2).join('\n')).toBe('');
    for (const kind of ['HTTP/1.0', 'HTTP/1.1', 'FastCGI', 'uwsgi', 'SCGI', 'gRPC'])
      expect(counts.get(kind) ?? 0, kind).toBeGreaterThanOrEqual(LEAST);
  });
});

function asClient(one: UpstreamCase): Parameters<typeof route>[1] {
  const headers = [...one.headers, ...framing(one)];
  const body = one.body && { length: one.body.text.length, chunked: one.body.chunked };
  return { ...one, listen: `127.0.0.2:${one.port}`, headers, client: '127.0.0.1', body };
}

function framing({ body }: UpstreamCase): [string, string][] {
  if (!body) return [];
  return body.chunked ? [['Transfer-Encoding', 'chunked']] : [['Content-Length', String(body.text.length)]];
}

function asRaw(one: UpstreamCase): RawRequest {
  const fields = [['Host', one.host], ...one.headers, ...framing(one)].map(
    ([name, value]) => `${name}: ${value}`,
  );
  const head = [`${one.method} ${one.target} HTTP/${one.http}`, ...fields].map(toBytes).join('\r\n');
  const { text = '', chunked = false } = one.body ?? {};
  const body = chunked ? `${text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`}0\r\n\r\n` : text;
  return {
    to: { host: '127.0.0.2', port: one.port, localAddress: '127.0.0.1' },
    text: `${head}\r\n\r\n${body}`,
    head: one.method === 'HEAD',
  };
}

/** Ours beside what the backend saw; null when they are the same. */
function compare(found: Route, sent: UpstreamRequest, one: UpstreamCase, answer: RawAnswer): string | null {
  // Headers that HTTP/2 forbids: the backend refuses them, rightly.
  const http2 = sent.protocol === 'gRPC' || sent.protocol === 'HTTP/2';
  if (http2 && sent.headers.some(({ name, value }) => FORBIDDEN.test(`${name}: ${value}`))) return null;
  let recorded: Recorded;
  try {
    recorded = JSON.parse(answer.body) as Recorded;
  } catch {
    // A body that is not as long as announced ends the stream.
    if (sent.protocol === 'HTTP/2' && answer.status === 502) return null;
    return `  nginx answered ${answer.status}: ${answer.body.slice(0, 300)}\n  ours: ${sent.requestLine}`;
  }
  if (recorded.kind === 'http') {
    const fields = sent.headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
    const ours = `${sent.requestLine}\r\n${fields}\r\n`;
    if (ours !== recorded.head)
      return `  ours   ${JSON.stringify(ours)}\n  nginx  ${JSON.stringify(recorded.head)}`;
    const passes = effectiveValue(found.state.model, 'proxy_pass_request_body', found.block!, 'on') === 'on';
    const body = sent.body ?? (passes ? (one.body?.text ?? '') : '');
    return body === recorded.body || recorded.body.startsWith(body)
      ? null
      : `  body: ours ${JSON.stringify(body)}, nginx ${JSON.stringify(recorded.body)}`;
  }
  // Whether the length of a chunked body is known when gRPC's headers go out depends on how fast it comes.
  const late = http2 && one.body?.chunked === true;
  const counted = (pairs: readonly (readonly [string, string])[]): string =>
    JSON.stringify(late ? pairs.filter(([name]) => name !== 'content-length') : pairs);
  const ours = counted(sent.headers.map(({ name, value }) => [name, value] as const));
  const theirs = counted(recorded.pairs);
  return ours === theirs ? null : `  ours   ${ours}\n  nginx  ${theirs}`;
}
