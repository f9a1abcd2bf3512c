import { describe, expect, test } from 'vitest';
import type { Cause } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

/** What is likely, and what is ruled out, when the connection to the backend cannot be opened. */

const tail = (upstream: string): string =>
  `, client: 192.0.2.10, server: app.test, request: "GET /x HTTP/1.1", upstream: "${upstream}", host: "app.test"`;

function failed(
  what: string,
  upstream: string,
  level = 'error',
  action = 'connecting to upstream',
  pid = 4242,
): string {
  return `2026/01/31 03:00:00 [${level}] ${pid}#${pid}: *7 ${what} while ${action}${tail(upstream)}`;
}

/** The causes of the first line, with the others beside it. */
async function causesOf(lines: readonly string[], config?: string, version?: string): Promise<Cause[]> {
  const stated = version === undefined ? null : { value: version, from: 'test' };
  const model =
    config === undefined
      ? null
      : await modelOfTexts({ '/etc/nginx/nginx.conf': `events {}\n${config}` }, stated);
  const explainer = new LogExplainer({ model });
  explainer.push(`${lines.join('\n')}\n`);
  const { groups } = explainer.end({ value: null, from: 'unknown' }, []);
  return groups.find(({ sample }) => sample === lines[0])!.explanation.causes;
}

const server = (content: string): string =>
  `http { server { listen 80; server_name app.test; location / { ${content} } } }`;

describe('unix sockets', () => {
  const SOCKET = 'http://unix:/run/app.sock:/x';
  const forbidden = failed('connect() to unix:/run/app.sock failed (13: Permission denied)', SOCKET, 'crit');
  const refused = failed('connect() to unix:/run/app.sock failed (111: Connection refused)', SOCKET);
  const full = failed(
    'connect() to unix:/run/app.sock failed (11: Resource temporarily unavailable)',
    SOCKET,
  );

  test('permissions do not stop root', async () => {
    const pass = server('proxy_pass http://unix:/run/app.sock;');
    const [plain] = await causesOf([forbidden], `user deploy;\n${pass}`);
    expect(plain).toMatchObject({ id: 'unix-socket-forbidden', certainty: 'likely', against: [] });
    expect(plain!.because.join()).toContain('the workers run as deploy');
    const [root] = await causesOf([forbidden], `user root;\n${pass}`);
    expect(root).toMatchObject({ id: 'unix-socket-forbidden', certainty: 'possible' });
    expect(root!.against.join()).toContain('do not stop root');
  });

  test('a refusing socket is certain, unless its file comes and goes, or the system is BSD', async () => {
    expect((await causesOf([refused]))[0]).toMatchObject({
      id: 'unix-socket-refused',
      certainty: 'certain',
    });
    const missing = failed(
      'connect() to unix:/run/app.sock failed (2: No such file or directory)',
      SOCKET,
      'crit',
    );
    const [moving] = await causesOf([refused, missing]);
    expect(moving).toMatchObject({ id: 'unix-socket-refused', certainty: 'likely' });
    expect(moving!.because.join()).toContain('it is made anew');
    expect((await causesOf([refused.replace('111', '61')]))[0]).toMatchObject({
      id: 'unix-socket-refused',
      certainty: 'likely',
    });
  });

  test('a full queue beside slow answers asks for workers, not for a longer queue', async () => {
    const slow = failed(
      'upstream timed out (110: Connection timed out)',
      SOCKET,
      'error',
      'reading response header from upstream',
    );
    const [alone] = await causesOf([full]);
    expect(alone).toMatchObject({ id: 'unix-socket-queue-full', certainty: 'certain' });
    expect(alone!.do).toContain('somaxconn');
    const [busy] = await causesOf([full, slow]);
    expect(busy!.because.join()).toContain('its workers are busy');
    expect(busy!.do).not.toContain('somaxconn');
  });
});
