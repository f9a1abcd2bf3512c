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

  test('a path that cannot be read is no reason to know nothing', async () => {
    const cut = '[crit] connect() to unix:... failed (13: Permission denied) while connecting to upstream';
    expect((await causesOf([cut]))[0]).toMatchObject({ id: 'unix-socket-forbidden' });
    expect((await causesOf([cut.replace('13: Permission denied', '111: x')]))[0]).toMatchObject({
      id: 'unix-socket-refused',
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

describe('what the system forbids', () => {
  const TCP = 'http://127.0.0.1:8081/x';
  const SOCKET = 'http://unix:/run/app.sock:/x';
  const tcp = failed('connect() to 127.0.0.1:8081 failed (13: Permission denied)', TCP, 'crit');
  const socket = failed('connect() to unix:/run/app.sock failed (13: Permission denied)', SOCKET, 'crit');
  const avc = (what: string): string =>
    `type=AVC msg=audit(1415714880.156:29): avc:  denied  ${what} scontext=system_u:system_r:httpd_t:s0`;
  const onPort = avc('{ name_connect } for  pid=1349 comm="nginx" dest=8081 tclass=tcp_socket');
  const onSocket = avc('{ connectto } for  pid=1349 comm="nginx" path="/run/app.sock"');

  test('the number alone is likely, the denial of this port certain, another port nothing', async () => {
    expect((await causesOf([tcp]))[0]).toMatchObject({ id: 'selinux-denied', certainty: 'likely' });
    expect((await causesOf([tcp, onPort]))[0]).toMatchObject({ certainty: 'certain' });
    expect((await causesOf([tcp, onPort.replace('8081', '5432')]))[0]).toMatchObject({
      certainty: 'likely',
    });
    expect((await causesOf([tcp, `${onPort} permissive=1`]))[0]).toMatchObject({ certainty: 'likely' });
  });

  test('a denial on the socket goes before its permissions, and SELinux that is off is out', async () => {
    expect((await causesOf([socket])).map(({ id }) => id)).toEqual([
      'unix-socket-forbidden',
      'selinux-denied',
    ]);
    expect((await causesOf([socket, onSocket]))[0]).toMatchObject({
      id: 'selinux-denied',
      certainty: 'certain',
    });
    const [first, second] = await causesOf([socket, 'Disabled']);
    expect(first!.because).toContain('SELinux is disabled');
    expect(second).toMatchObject({ id: 'selinux-denied', against: ['SELinux is disabled'] });
  });
});

describe('a host that cannot be reached', () => {
  test('each number has its meaning', async () => {
    const said = async (errno: string): Promise<string> => {
      const [cause] = await causesOf([failed(`connect() failed (${errno})`, 'http://10.1.2.3:80/x')]);
      expect(cause).toMatchObject({ id: 'unreachable-host', certainty: 'likely' });
      return cause!.because[0]!;
    };
    expect(await said('113: No route to host')).toContain('or a firewall on the way rejects it (113)');
    expect(await said('113: Host is unreachable')).toContain('nobody answers for 10.1.2.3:80');
    expect(await said('101: Network unreachable')).toContain('no route to 10.1.2.3:80');
    expect(await said('110: Connection timed out')).toContain('no answer came');
    expect(await said('1: Operation not permitted')).toContain('a rule of');
  });

  test('there is no network between a machine and itself', async () => {
    const [cause] = await causesOf([
      failed('connect() failed (113: No route to host)', 'http://127.0.0.1:80/x'),
    ]);
    expect(cause).toMatchObject({ certainty: 'possible' });
    expect(cause!.against).toHaveLength(1);
  });
});

describe('a local address that is not to be had', () => {
  const bind = (text: string, level = 'crit'): string => failed(text, 'http://10.1.2.3:80/x', level);

  test('says which line sets it', async () => {
    const config = server('proxy_pass http://10.1.2.3; proxy_bind 192.0.2.7;');
    const [cause] = await causesOf(
      [bind('bind(192.0.2.7) failed (99: Cannot assign requested address)')],
      config,
    );
    expect(cause).toMatchObject({ id: 'proxy-bind-failed', certainty: 'certain' });
    expect(cause!.because).toContain('proxy_bind 192.0.2.7 sets it');
  });

  test('the address of the client needs transparent', async () => {
    const [cause] = await causesOf([bind('bind(192.0.2.10) failed (99: Cannot assign requested address)')]);
    expect(cause!.do).toContain('"transparent"');
  });

  test('a port serves one connection', async () => {
    const [cause] = await causesOf([bind('bind(192.0.2.7:4000) failed (98: Address already in use)')]);
    expect(cause).toMatchObject({ certainty: 'certain' });
    expect(cause!.do).toContain('Take the port out of proxy_bind');
    const [bare] = await causesOf([bind('bind(192.0.2.7) failed (98: Address already in use)')]);
    expect(bare).toMatchObject({ certainty: 'likely' });
    const [six] = await causesOf([bind('bind([2001:db8::7]:4000) failed (98: Address already in use)')]);
    expect(six).toMatchObject({ certainty: 'certain' });
  });

  test('foreign addresses need a right', async () => {
    const [cause] = await causesOf([
      bind('setsockopt(IP_TRANSPARENT) failed (1: Operation not permitted)', 'alert'),
    ]);
    expect(cause).toMatchObject({ id: 'proxy-bind-failed', certainty: 'likely' });
    expect(cause!.do).toContain('CAP_NET_RAW');
  });
});

describe('no local port', () => {
  const crit = (upstream: string): string =>
    failed('connect() to 10.1.2.3:80 failed (99: Cannot assign requested address)', upstream, 'crit');
  const none = crit('http://10.1.2.3:80/x');
  const pool = (more: string, location = ''): string =>
    `http {\n    upstream app {\n        server 10.1.2.3:80;\n${more}    }\n    server {\n        listen 80;\n        server_name app.test;\n        location / {\n            proxy_pass http://app;\n${location}        }\n    }\n}\n`;

  test('is likely by its number, and certain with the place', async () => {
    expect((await causesOf([none]))[0]).toMatchObject({
      id: 'ephemeral-ports-exhausted',
      certainty: 'likely',
    });
    const [literal] = await causesOf([none], server('proxy_pass http://10.1.2.3;'));
    expect(literal).toMatchObject({ certainty: 'certain', fixes: [] });
    expect(literal!.because.join()).toContain('names no upstream block');
    expect(literal!.do).toContain('an upstream block with the address');
  });

  test('the fix keeps connections, and changes what closes them', async () => {
    const edits = async (config: string, version?: string): Promise<string[]> =>
      (await causesOf([none], config, version))[0]!.fixes.flatMap((fix) =>
        fix.edits.map((edit) => edit.newText.trim().replace(/\s+/g, ' ')),
      );
    const headers = 'proxy_http_version 1.1; proxy_set_header Connection "";';
    expect(await edits(pool(''))).toEqual(['keepalive 32;', headers]);
    expect(await edits(pool('        keepalive 8;\n'))).toEqual([headers]);
    expect(await edits(pool(''), '1.30.0')).toEqual([]);
    expect(await edits(pool('        keepalive 0;\n'), '1.30.0')).toEqual([]);
    expect(await edits(pool('', '            proxy_set_header Upgrade $http_upgrade;\n'))).toEqual([]);
  });

  test('is second on IPv6, where the machine may have no address at all', async () => {
    const six = failed(
      'connect() to [2001:db8::7]:80 failed (99: Cannot assign requested address)',
      'http://[2001:db8::7]:80/x',
      'crit',
    );
    expect((await causesOf([six])).map(({ id }) => id)).toEqual([
      'ipv6-mismatch',
      'ephemeral-ports-exhausted',
    ]);
  });
});

describe('no answer to the attempt to connect', () => {
  const silence = failed('upstream timed out (110: Connection timed out)', 'http://10.1.2.3:80/x');
  const told = async (value: string): Promise<Cause> => {
    const config = server(`proxy_pass http://10.1.2.3; ${value}`);
    const [cause] = await causesOf([silence], config);
    expect(cause).toMatchObject({ id: 'connect-timeout', certainty: 'likely' });
    return cause!;
  };

  test('a time-out of 3 s or less may be raised, a longer one may not', async () => {
    const short = await told('proxy_connect_timeout 3s;');
    expect(short.because.join()).toContain('proxy_connect_timeout is 3s here: the system asks 2 times in it');
    expect(short.fixes).toMatchObject([{ safety: 'choice', edits: [{ newText: '10s' }] }]);
    expect((await told('proxy_connect_timeout 900ms;')).fixes).toHaveLength(1);
    const longer = await told('proxy_connect_timeout 3001ms;');
    expect(longer).toMatchObject({ fixes: [] });
    expect(longer.do).not.toContain('Raise');
    const usual = await told('');
    expect(usual.because.join()).toContain('is 60s by default: the system asks 6 times in it');
    expect(usual.fixes).toEqual([]);
  });

  test('the protocol has its own time-out', async () => {
    const config = server(
      'proxy_connect_timeout 1s; fastcgi_connect_timeout 2s; fastcgi_pass 10.1.2.3:9000;',
    );
    const line = failed('upstream timed out (110: Operation timed out)', 'fastcgi://10.1.2.3:9000');
    const [cause] = await causesOf([line], config);
    expect(cause!.because.join()).toContain('fastcgi_connect_timeout is 2s here');
  });
});

describe('a backend that may not take HTTP/1.0', () => {
  const closed = failed(
    'upstream prematurely closed connection',
    'http://10.1.2.3:80/x',
    'error',
    'reading response header from upstream',
  );
  const two = (here: string): string =>
    `http { server { listen 80; server_name app.test; location / { proxy_pass http://10.1.2.3; ${here} } location /b/ { proxy_pass http://10.1.2.3; proxy_http_version 1.1; } } }`;

  test('is likely where another location speaks HTTP/1.1 to it', async () => {
    expect((await causesOf([closed], two('')))[0]).toMatchObject({
      id: 'http10-refused',
      certainty: 'likely',
      fixes: [{ safety: 'review', edits: [{ newText: expect.stringContaining('proxy_http_version 1.1;') }] }],
    });
    const [explicit] = await causesOf([closed], two('proxy_http_version 1.0;'), '1.30.0');
    expect(explicit).toMatchObject({ id: 'http10-refused', against: [] });
  });

  test('is no first thought alone, and out where nginx speaks HTTP/1.1', async () => {
    const alone = await causesOf([closed], server('proxy_pass http://10.1.2.3;'));
    expect(alone[0]!.id).toBe('backend-closed-early');
    expect(alone.find(({ id }) => id === 'http10-refused')?.certainty ?? 'possible').toBe('possible');
    for (const [config, version] of [
      [two('proxy_http_version 1.1;'), '1.22.1'],
      [two(''), '1.30.0'],
    ] as const) {
      const causes = await causesOf([closed], config, version);
      expect(causes[0]!.id).toBe('backend-closed-early');
      expect(causes.find(({ id }) => id === 'http10-refused')?.because ?? []).toEqual([]);
    }
  });
});

describe('a backend that listens for itself only', () => {
  const refused = failed('connect() failed (111: Connection refused)', 'http://172.18.0.5:3000/x');

  test('is never first without evidence', async () => {
    const causes = await causesOf([refused]);
    expect(causes[0]!.id).toBe('backend-down');
    expect(causes.find(({ id }) => id === 'backend-loopback-only')?.certainty).toBe('possible');
  });

  test('is first when the paste shows where it listens', async () => {
    const [cause] = await causesOf([
      refused,
      'LISTEN 0 511 127.0.0.1:3000 0.0.0.0:* users:(("node",pid=12,fd=18))',
    ]);
    expect(cause).toMatchObject({ id: 'backend-loopback-only', certainty: 'likely' });
    const [open] = await causesOf([
      refused,
      'LISTEN 0 511 0.0.0.0:3000 0.0.0.0:* users:(("node",pid=12,fd=18))',
    ]);
    expect(open!.id).not.toBe('backend-loopback-only');
  });

  test('a program that tells only its port may listen anywhere', async () => {
    const causes = await causesOf([refused, 'Server listening on port 3000']);
    const found = causes.find(({ id }) => id === 'backend-loopback-only');
    expect(found).toMatchObject({ certainty: 'possible', against: [] });
  });

  test('counts a listen of nginx only on its own machine', async () => {
    const config = (listen: string): string =>
      `http { server { ${listen} server_name app.test; location / { proxy_pass http://172.18.0.5:3000; } } server { listen 127.0.0.1:3000; return 200; } }`;
    const first = async (listen: string): Promise<string> =>
      (await causesOf([refused], config(listen)))[0]!.id;
    expect(await first('listen 172.18.0.5:80;')).toBe('backend-loopback-only');
    expect(await first('listen 80;')).toBe('backend-down');
  });
});
