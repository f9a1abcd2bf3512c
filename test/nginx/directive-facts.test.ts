import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  acceptsCount,
  type Context,
  type DirectiveFact,
  directiveFacts,
  directiveNames,
  factAt,
} from '../../server/src/engine/config/directive-facts.ts';
import { findNginx, nginxVersion } from '../../test-fixtures/toolbox/nginx.ts';

/** What surrounds a directive so that it stands in a context. */
const SURROUNDINGS: readonly (readonly [Context, string, string])[] = [
  ['main', '', ''],
  ['events', 'events {', '}'],
  ['http', 'http {', '}'],
  ['upstream', 'http { upstream u {', '} }'],
  ['server', 'http { server {', '} }'],
  ['if-in-server', 'http { server { if ($host) {', '} } }'],
  ['location', 'http { server { location / {', '} } }'],
  ['if-in-location', 'http { server { location / { if ($host) {', '} } } }'],
  ['limit_except', 'http { server { location / { limit_except GET {', '} } } }'],
];

/** Modules that Debian's build, or any build on Linux, lacks or has as separate files. */
const OPTIONAL_MODULES = new Set([
  'ngx_devpoll_module',
  'ngx_eventport_module',
  'ngx_google_perftools_module',
  'ngx_http_degradation_module',
  'ngx_http_geoip_module',
  'ngx_http_image_filter_module',
  'ngx_http_perl_module',
  'ngx_http_v3_module',
  'ngx_http_xslt_filter_module',
  'ngx_iocp_module',
  'ngx_kqueue_module',
  'ngx_mail_module',
  'ngx_quic_bpf_module',
  'ngx_stream_module',
]);

type Answer =
  | 'unknown'
  | 'not allowed here'
  | 'wrong count'
  | 'block expected'
  | 'no block expected'
  | 'taken';

const nginx = findNginx();
if (!nginx) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
const version = nginxVersion(nginx);

describe(`the table of directives and nginx ${version}`, () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'directive-facts-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  let probes = 0;

  /** Has nginx read one directive in a context. The configuration always ends in an error, nothing is opened. */
  async function ask(name: string, context: Context, count: number, block: boolean): Promise<Answer> {
    const [, before, after] = SURROUNDINGS.find(([candidate]) => candidate === context)!;
    const words = [name, ...Array<string>(count).fill('127.0.0.1')].join(' ');
    const file = join(folder, `${probes++}.conf`);
    await writeFile(file, `${before}\n${words}${block ? ' { }' : ';'}\n${after}\nend_of_test;\n`);
    const output = await new Promise<string>((resolve) => {
      execFile(nginx!, ['-t', '-p', folder, '-c', file], (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    await rm(file);
    if (output.includes(`unknown directive "${name}"`)) return 'unknown';
    if (output.includes(`"${name}" directive is not allowed here`)) return 'not allowed here';
    if (output.includes(`invalid number of arguments in "${name}" directive`)) return 'wrong count';
    if (output.includes(`directive "${name}" has no opening "{"`)) return 'block expected';
    if (output.includes(`directive "${name}" is not terminated by ";"`)) return 'no block expected';
    if (!output.includes('test failed')) throw new Error(`${words} in ${context}: ${output}`);
    return 'taken';
  }

  /** The counts on both sides of each limit. */
  function countsToTry(fact: DirectiveFact): number[] {
    const { min, max } = fact.args;
    return [...new Set([min - 1, min, max ?? min + 8, (max ?? min + 8) + 1])].filter((count) => count >= 0);
  }

  /** Everything in which nginx and the table differ on one name. */
  async function differences(name: string): Promise<string[]> {
    const facts = directiveFacts(name).flatMap((fact) => factAt(fact, version) ?? []);
    if (facts.length === 0 && directiveFacts(name).some((fact) => fact.backported)) return [];
    const differing: string[] = [];
    let present = false;
    let counted = false;
    for (const [context] of SURROUNDINGS) {
      const fact = facts.find((candidate) => candidate.contexts.includes(context));
      const answer = await ask(name, context, fact?.args.min ?? 1, fact?.block ?? false);
      if (answer === 'unknown') continue;
      present = true;
      const allowed = answer !== 'not allowed here';
      if (allowed !== (fact !== undefined)) differing.push(`${name} in ${context}: ${answer}`);
      if (!fact || !allowed || counted) continue;
      counted = true;
      const expected = fact.block ? 'block expected' : 'no block expected';
      const opposite = await ask(name, context, fact.args.min, !fact.block);
      if (opposite !== expected) differing.push(`${name} as a ${fact.block ? 'line' : 'block'}: ${opposite}`);
      for (const count of countsToTry(fact)) {
        const taken = (await ask(name, context, count, fact.block)) !== 'wrong count';
        if (taken !== acceptsCount(fact.args, count))
          differing.push(`${name} with ${count} arguments: ${taken}`);
      }
    }
    const mayLack = facts.every(
      (fact) => OPTIONAL_MODULES.has(fact.module) || /^ngx_(stream|mail)_/.test(fact.module),
    );
    if (!present && !mayLack) differing.push(`${name}: unknown`);
    return differing;
  }

  test('agree on every name, context, number of arguments and block', { timeout: 180_000 }, async () => {
    const names = [...directiveNames()];
    const differing: string[] = [];
    const worker = async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop())
        differing.push(...(await differences(name)));
    };
    await Promise.all(Array.from({ length: availableParallelism() * 2 }, worker));
    expect(differing.sort()).toEqual([]);
    expect(probes).toBeGreaterThan(1000);
  });
});
