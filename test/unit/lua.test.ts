import { describe, expect, test } from 'vitest';
import type { ExplainGroup } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

const TAIL = ', client: 127.0.0.1, server: app.test, request: "GET /a/ HTTP/1.1", host: "app.test"';

async function groups(messages: readonly string[], config: string | null = null): Promise<ExplainGroup[]> {
  const model = config === null ? null : await modelOfTexts({ '/etc/nginx/nginx.conf': config });
  const explainer = new LogExplainer({ model });
  for (const message of messages)
    explainer.push(`2026/01/31 03:00:00 [error] 4242#4242: *7 ${message}${TAIL}\n`);
  return explainer.end({ value: null, from: '' }, []).groups;
}

const ABORTED =
  "lua entry thread aborted: runtime error: access_by_lua(nginx.conf:5):2: attempt to index local 'user' (a nil value)";

/** A configuration with Lua in its fifth line. */
function withLua(directive: string): string {
  return `events {}\nhttp {\nserver { server_name app.test;\nlocation /a/ {\n${directive} {\n  user.name = 1\n}\nproxy_pass http://127.0.0.1:3001; } } }\n`;
}

describe('Lua code that failed', () => {
  test('is certain where the configuration has it in the line that the message names', async () => {
    const [group] = await groups([ABORTED], withLua('access_by_lua_block'));
    expect(group!.explanation.status.code).toBe('500');
    const cause = group!.explanation.causes[0]!;
    expect(cause).toMatchObject({ id: 'lua-error', certainty: 'certain' });
    expect(cause.because).toContain('the code stopped at line 6 of nginx.conf');
    expect(cause.do).toContain('nil');
    for (const config of [null, withLua('content_by_lua_block')]) {
      const [other] = await groups([ABORTED], config);
      expect(other!.explanation.causes[0]).toMatchObject({ id: 'lua-error', certainty: 'likely' });
    }
  });

  test('answers 500, 404, nothing at all, or does not matter, by its phase', async () => {
    const status = async (message: string) => (await groups([message]))[0]!.explanation.status;
    expect((await status('failed to run set_by_lua*: set_by_lua(nginx.conf:24):1: x')).code).toBe('500');
    expect(
      await status('failed to run body_filter_by_lua*: body_filter_by_lua(nginx.conf:35):1: no'),
    ).toMatchObject({
      code: null,
      outcome: 'closed',
    });
    expect(
      await status('failed to run log_by_lua*: log_by_lua(nginx.conf:46):1: no while logging request'),
    ).toMatchObject({
      code: null,
      outcome: null,
    });
    const file = '/srv/a.lua';
    const missing = `failed to load external Lua file "${file}": cannot open ${file}: No such file or directory`;
    expect((await status(missing)).code).toBe('404');
    expect((await groups([missing]))[0]!.explanation.causes[0]!.do).toContain('readable');
  });

  test('is another event in another line of code', async () => {
    const messages = [ABORTED, ABORTED, ABORTED.replace('nginx.conf:5', 'nginx.conf:9')];
    expect((await groups(messages)).map(({ count }) => count).sort()).toEqual([1, 2]);
  });

  test('shows its own lines where it is in a file', async () => {
    const [group] = await groups(["lua entry thread aborted: runtime error: /srv/it's.lua:12: oops"]);
    expect(group!.explanation.causes[0]!.checks[0]!.run).toBe(String.raw`sed -n 7,14p '/srv/it'\''s.lua'`);
  });

  test('is no more than possible for what a script logs, and out of the question without Lua', async () => {
    const [logged] = await groups(['[lua] balancer.lua:442: run(): failed to pick server']);
    expect(logged!.explanation.causes[0]).toMatchObject({ id: 'lua-error', certainty: 'possible' });
    const config = withLua('access_by_lua_block');
    const twice = async (text: string) =>
      (await groups(['header already sent'], text))[0]!.explanation.causes;
    expect(await twice(config)).toMatchObject([{ id: 'lua-error', certainty: 'possible' }]);
    const without = config.replace(/access_by_lua_block \{[^}]*\}/, '');
    expect((await twice(without))[0]!.against).toEqual(['no Lua runs in that location']);
  });
});
