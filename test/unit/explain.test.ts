import { describe, expect, test } from 'vitest';
import type { Explain } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { shellQuote } from '../../server/src/engine/diagnosis/shell.ts';
import { modelOfTexts } from '../support/engine.ts';

async function explain(lines: string | readonly string[], config?: string): Promise<Explain> {
  const model = config === undefined ? null : await modelOfTexts({ '/etc/nginx/nginx.conf': config });
  const explainer = new LogExplainer({ model });
  explainer.push(`${typeof lines === 'string' ? lines : lines.join('\n')}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []);
}

function line(
  message: string,
  upstream: string,
  fields: { server?: string; uri?: string; connection?: number; level?: string; host?: string } = {},
): string {
  const { server = 'app.test', uri = '/x', connection = 7, level = 'error', host = 'app.test' } = fields;
  return `2026/01/31 03:00:00 [${level}] 4242#4242: *${connection} ${message}, client: 127.0.0.1, server: ${server}, request: "GET ${uri} HTTP/1.1", upstream: "${upstream}", host: "${host}"`;
}

const REFUSED = 'connect() failed (111: Connection refused) while connecting to upstream';
const CLOSED = 'upstream prematurely closed connection while reading response header from upstream';
const http = (content: string): string => `events {}\nhttp {\n${content}\n}\n`;

describe('the place', () => {
  const config = http(`
upstream pool { server 127.0.0.1:3001; server 127.0.0.1:3002; }
server { server_name app.test; 
  location / { proxy_pass http://pool; }
  location /api/ { proxy_pass http://127.0.0.1:3003/v1/; error_page 502 @fallback; }
  location @fallback { proxy_pass http://127.0.0.1:3004; }
  location /vars/ { set $b 127.0.0.1:3005; proxy_pass http://$b; }
  location /php { fastcgi_pass unix:/run/php.sock; }
}
server { server_name .other.test; location / { proxy_pass http://127.0.0.1:3001; } }
server { location / { proxy_pass http://127.0.0.1:3009; } }`);
  const placeOf = async (text: string): Promise<string | null> => {
    const place = (await explain(text, config)).groups[0]!.explanation.place;
    return place && `${place.location?.text} in ${place.server?.names[0] ?? ''}`;
  };

  test('by server, URI and address', async () => {
    expect(await placeOf(line(REFUSED, 'http://127.0.0.1:3002/x'))).toBe('location / in app.test');
    expect(await placeOf(line(REFUSED, 'http://127.0.0.1:3003/v1/u', { uri: '/api/u' }))).toBe(
      'location /api/ in app.test',
    );
  });

  test('the address outweighs the URI after an internal redirect', async () => {
    expect(await placeOf(line(REFUSED, 'http://127.0.0.1:3004/api/u', { uri: '/api/u' }))).toBe(
      'location @fallback in app.test',
    );
  });

  test('two servers with one address are told apart by server:, as nginx logs it', async () => {
    expect(
      await placeOf(
        line(REFUSED, 'http://127.0.0.1:3001/', { server: 'other.test', host: 'www.other.test' }),
      ),
    ).toBe('location / in .other.test');
    expect(await placeOf(line(REFUSED, 'http://127.0.0.1:3009/', { server: '' }))).toBe('location / in ');
  });

  test('variables, sockets, and a group by its name', async () => {
    expect(await placeOf(line(REFUSED, 'http://127.0.0.1:3005/vars/', { uri: '/vars/' }))).toBe(
      'location /vars/ in app.test',
    );
    const missing =
      'connect() to unix:/run/php.sock failed (2: No such file or directory) while connecting to upstream';
    expect(
      await placeOf(line(missing, 'fastcgi://unix:/run/php.sock:', { uri: '/php', level: 'crit' })),
    ).toBe('location /php in app.test');
    expect(await placeOf(line('no live upstreams while connecting to upstream', 'http://pool/x'))).toBe(
      'location / in app.test',
    );
  });

  test('no place where nothing leads there, and that is said', async () => {
    const { explanation } = (await explain(line(REFUSED, 'http://127.0.0.1:9999/'), config)).groups[0]!;
    expect(explanation.place).toBeNull();
    expect(explanation.notes.join()).toContain('the running nginx may use another file');
  });
});

describe('groups', () => {
  test('attempts of one request, the twin as a note, the symptom last', async () => {
    const result = await explain([
      line('no live upstreams while connecting to upstream', 'http://pool/x', { connection: 5 }),
      line('no live upstreams while connecting to upstream', 'http://pool/x', { connection: 6 }),
      line(REFUSED, 'http://127.0.0.1:3001/x'),
      line('upstream server temporarily disabled while connecting to upstream', 'http://127.0.0.1:3001/x', {
        level: 'warn',
      }),
      line(CLOSED, 'http://127.0.0.1:3002/x'),
    ]);
    expect(result).toMatchObject({ lines: 5, events: 5, unrecognised: 0 });
    expect(result.groups.map((group) => [group.explanation.message?.id, group.count])).toEqual([
      ['upstream-prematurely-closed', 1],
      ['connect-failed', 1],
      ['no-live-upstreams', 2],
    ]);
    const [decided, refused] = result.groups;
    expect(decided!.explanation.attempts.map((attempt) => attempt.upstream)).toEqual([
      'http://127.0.0.1:3001/x',
      'http://127.0.0.1:3002/x',
    ]);
    expect(decided!.explanation.notes).toEqual([]);
    expect(refused!.explanation.notes.join()).toContain('temporarily disabled');
  });

  test('only lines of the time asked for', async () => {
    const explainer = new LogExplainer({ model: null, since: '2026/01/31 03:00:01', until: null });
    explainer.push(`${line(REFUSED, 'http://127.0.0.1:3001/')}\n`);
    expect(explainer.end({ value: null, from: '' }, []).groups).toEqual([]);
  });

  test('a log of many kinds is bounded and says so', async () => {
    const lines = Array.from({ length: 10_050 }, (_, i) =>
      line(REFUSED, `http://127.0.0.1:3001/`, { server: `s${i}.test`, connection: i }),
    );
    const result = await explain(lines);
    expect(result.events).toBe(10_050);
    expect(result.groups.length).toBe(10_000);
    expect(result.groups[0]!.explanation.notes.join()).toContain('50 events of still other kinds');
  });
});

describe('what a review taught', () => {
  test('a reset in the handshake is no proof of plain text', async () => {
    const config = http('server { server_name app.test; location / { proxy_pass https://b.test:8443; } }');
    const reset = line(
      'peer closed connection in SSL handshake (104: Connection reset by peer) while SSL handshaking to upstream',
      'https://10.1.1.1:8443/y',
    );
    const { verdict, causes: found } = (await explain(reset, config)).groups[0]!.explanation;
    expect(verdict).not.toContain('configuration');
    expect(found[0]).toMatchObject({ id: 'tls-to-plain-backend', certainty: 'possible', because: [] });
  });

  test('a look-up at run time leads to a variable, not to where the URI leads', async () => {
    const config = http(
      'upstream app { server 127.0.0.1:1; }\nserver { server_name app.test;\n location / { proxy_pass http://app; error_page 404 = @be; }\n location @be { set $b foo.test; proxy_pass http://$b; }\n}',
    );
    const text =
      '2026/01/31 03:00:00 [error] 4242#4242: *7 no resolver defined to resolve foo.test, client: 127.0.0.1, server: app.test, request: "GET /x HTTP/1.1", host: "app.test"';
    expect((await explain(text, config)).groups[0]!.explanation.place?.location?.text).toBe('location @be');
  });

  test('the port of host: tells servers of one name apart', async () => {
    const config = http(
      'server { listen 80; server_name a.test; location / { proxy_pass http://127.0.0.1:1; } }\nserver { listen 81; server_name a.test; location /x { proxy_pass http://127.0.0.1:1; } }',
    );
    const text = line(REFUSED, 'http://127.0.0.1:1/x', { server: 'a.test', host: 'a.test:81' });
    expect((await explain(text, config)).groups[0]!.explanation.place?.location?.text).toBe('location /x');
  });

  test('what is written as it was logged is not suspected', async () => {
    const six = http('server { server_name app.test; location / { proxy_pass http://[::1]:5000; } }');
    expect(
      (await explain(line(REFUSED, 'http://[::1]:5000/x'), six)).groups[0]!.explanation.causes[0]!.id,
    ).toBe('backend-down');
    const cached = http(
      'proxy_cache_path /c keys_zone=z:1m;\nserver { server_name app.test; proxy_cache z; proxy_cache_use_stale error; location / { proxy_pass http://127.0.0.1:1; } }',
    );
    expect(
      (await explain(line(REFUSED, 'http://127.0.0.1:1/x'), cached)).groups[0]!.explanation.status.certainty,
    ).toBe('likely');
  });
});

describe('causes', () => {
  const causes = async (text: string, config?: string): Promise<string[]> =>
    (await explain(text, config)).groups[0]!.explanation.causes.map((cause) => cause.id);

  test('one cause first, as the line itself decides', async () => {
    expect(
      (
        await causes(
          line(
            'connect() failed (111: Connection refused) while connecting to upstream',
            'http://[::1]:3001/',
          ),
        )
      )[0],
    ).toBe('ipv6-mismatch');
    expect(
      (
        await causes(
          line(
            'connect() to unix:/a.sock failed (13: Permission denied) while connecting to upstream',
            'http://unix:/a.sock:/',
          ),
        )
      )[0],
    ).toBe('unix-socket-forbidden');
    expect(
      (
        await causes(
          line(
            'connect() to 127.0.0.1:1 failed (13: Permission denied) while connecting to upstream',
            'http://127.0.0.1:1/',
          ),
        )
      )[0],
    ).toBe('selinux-denied');
    expect(
      (
        await causes(
          line(
            'upstream sent too large http2 frame: 4740180 while reading response header from upstream',
            'grpc://127.0.0.1:1',
          ),
        )
      )[0],
    ).toBe('grpc-pass-to-http-backend');
    expect(
      (
        await causes(
          line(
            'upstream sent too large http2 frame: 4740180 while reading response header from upstream',
            'http://127.0.0.1:1',
          ),
        )
      )[0],
    ).toBe('http2-upstream-mismatch');
    const inContainer = line(REFUSED, 'http://127.0.0.1:3001/')
      .replace('4242#4242', '29#29')
      .replace('client: 127.0.0.1', 'client: 172.18.0.1');
    expect((await causes(inContainer))[0]).toBe('container-localhost');
    expect((await causes(line(REFUSED, 'http://127.0.0.1:3001/')))[0]).toBe('backend-down');
    expect((await causes('connect() failed (111: Connection ref$'))[0]).toBe('backend-down');
  });

  test('every time-out before the header is a 504, and a worker limit is a 500', async () => {
    const status = async (message: string): Promise<string | null> =>
      (await explain(line(message, 'http://127.0.0.1:1/'))).groups[0]!.explanation.status.code;
    expect(await status('upstream timed out (110: Connection timed out) while connecting to upstream')).toBe(
      '504',
    );
    expect(await status('upstream timed out (110: Connection timed out) while reading upstream')).toBe('200');
    expect(await status('1024 worker_connections are not enough while connecting to upstream')).toBe('500');
    expect(
      await status('upstream sent no valid HTTP/1.0 header while reading response header from upstream'),
    ).toBe('009');
  });

  test('with one peer the status is certain, and an error_page is taken into account', async () => {
    const alone = http('server { server_name app.test; location / { proxy_pass http://127.0.0.1:3001; } }');
    expect(
      (await explain(line(REFUSED, 'http://127.0.0.1:3001/x'), alone)).groups[0]!.explanation.status,
    ).toMatchObject({ code: '502', certainty: 'certain' });
    const page = http(
      'server { server_name app.test; error_page 502 =200 /sorry; location / { proxy_pass http://127.0.0.1:3001; } }',
    );
    const { status } = (await explain(line(REFUSED, 'http://127.0.0.1:3001/x'), page)).groups[0]!.explanation;
    expect(status.certainty).toBe('likely');
    expect(status.note).toContain('error_page 502 =200 /sorry');
  });

  test('commands are quoted and change nothing, whatever the request was', async () => {
    const hostile = line(REFUSED, "http://127.0.0.1:3001/a';rm -rf /;'", { uri: "/a';rm" }).replace(
      'GET',
      'DELETE',
    );
    const { causes: found } = (await explain(hostile)).groups[0]!.explanation;
    for (const command of found.flatMap((cause) => cause.checks.map((check) => check.run))) {
      expect(command).not.toContain('rm -rf');
      expect(command).not.toContain('DELETE');
    }
    expect(shellQuote("a'b")).toBe("'a'\\''b'");
    expect(shellQuote('-rf')).toBe("'-rf'");
    expect(shellQuote('a\u001b[2Jb\n')).toBe("'a?[2Jb?'");
    expect(shellQuote('$(x)`y`')).toBe("'$(x)`y`'");
  });
});
