import { describe, expect, test } from 'vitest';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

async function causes(paste: string, config: string): Promise<string[]> {
  const model = await modelOfTexts({ '/etc/nginx/nginx.conf': `events {}\nhttp {\n${config}\n}\n` });
  const explainer = new LogExplainer({ model });
  explainer.push(`${paste}\n`);
  const [group] = explainer.end({ value: null, from: '' }, []).groups;
  return group!.explanation.causes.map(({ id, certainty }) => `${id} ${certainty}`);
}

const access = (uri: string): string =>
  `203.0.113.5 - - [29/Dec/2018:16:02:02 +0000] "GET ${uri} HTTP/1.1" 502 157 "-" "curl"`;
const PROXIED = 'location / { proxy_pass http://127.0.0.1:3001; }';
const RETURNS = 'location /old/ { return 502; }';

describe('an answer without a line in the error log', () => {
  test('comes from the configuration, where its URI ends at a return', async () => {
    const one = `server { server_name a.test; ${RETURNS} ${PROXIED} }`;
    expect((await causes(access('/old/x'), one))[0]).toBe('status-from-config certain');
    expect((await causes(access('/new/x'), one))[0]).toBe('backend-sent-5xx possible');
    const two = `${one}\nserver { server_name b.test; ${PROXIED} }`;
    expect((await causes(access('/old/x'), two))[0]).toBe('status-from-config likely');
  });

  test('may come from a return in an if, where the request decides', async () => {
    const within = (condition: string): string =>
      `server { location /a/ { if (${condition}) { return 502; } proxy_pass http://127.0.0.1:3001; } ${PROXIED} }`;
    const unknown = within('$http_x_block');
    expect((await causes(access('/a/x'), unknown))[0]).toBe('status-from-config possible');
    expect((await causes(access('/b/x'), unknown))[0]).toBe('backend-sent-5xx possible');
    expect((await causes(access('/a/x'), within('$request_method = POST')))[0]).toBe(
      'backend-sent-5xx possible',
    );
    const whole = `server { if ($http_x_block) { return 502; } ${PROXIED} }`;
    expect((await causes(access('/b/x'), whole))[0]).toBe('status-from-config possible');
  });

  test('may come from an error_page, or be a page of it', async () => {
    const page = `server { server_name a.test; error_page 404 =502 /x.html; ${PROXIED} }`;
    expect((await causes(access('/y'), page))[0]).toBe('status-from-config possible');
    const elsewhere = `server { server_name a.test; ${PROXIED} location /a/ { error_page 404 =502 /x.html; } }`;
    expect((await causes(access('/y'), elsewhere))[0]).toBe('backend-sent-5xx possible');
    expect((await causes(access('/a/y'), elsewhere))[0]).toBe('status-from-config possible');
    const html =
      '<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n<center><h1>502 Bad Gateway</h1></center>\n<hr><center>nginx/1.22.1</center>\n</body>\n</html>';
    expect(await causes(html, page)).toEqual(['status-from-config possible']);
    expect(await causes(html, `server { ${PROXIED} }`)).toEqual([]);
  });
});

describe('a 502 of a load balancer', () => {
  const AWS = 'HTTP/1.1 502 Bad Gateway\r\nServer: awselb/2.0\r\n\r\n';
  const GOOGLE =
    '<h1>Error: Server Error</h1>\n<h2>The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.</h2>\n<title>502 Server Error</title>';
  const site = (settings: string): string => `server { listen 80; ${settings} ${PROXIED} }`;

  test('may be a connection that nginx was closing, where its time is the shorter one', async () => {
    expect(await causes(AWS, site('keepalive_timeout 15s;'))).toEqual(['balancer-outlives-nginx likely']);
    expect(await causes(AWS, `keepalive_timeout 65 60;\n${site('')}`)).toEqual([]);
    expect(await causes(AWS, `keepalive_timeout 1m;\n${site('')}`)).toEqual([
      'balancer-outlives-nginx likely',
    ]);
    expect(await causes(GOOGLE, `keepalive_timeout 65;\n${site('')}`)).toEqual([
      'balancer-outlives-nginx likely',
    ]);
    expect(await causes(GOOGLE, site('keepalive_timeout 620s;'))).toEqual([]);
  });

  test("knows nginx's default, which is enough for one of them", async () => {
    expect(await causes(AWS, site(''))).toEqual([]);
    expect(await causes(GOOGLE, site(''))).toEqual(['balancer-outlives-nginx likely']);
  });

  test('is less sure where another server block keeps connections longer, and leaves out what is local', async () => {
    const local = 'server { listen 127.0.0.1:8081; keepalive_timeout 5s; return 200; }';
    expect(await causes(AWS, `${site('')}\n${local}`)).toEqual([]);
    const two = `${site('keepalive_timeout 5s;')}\nserver { listen 81; return 200; }`;
    expect(await causes(AWS, two)).toEqual(['balancer-outlives-nginx possible']);
    const own = `server { listen 80; location /a { keepalive_timeout 5s; return 200; } ${PROXIED} }`;
    expect(await causes(AWS, own)).toEqual(['balancer-outlives-nginx possible']);
  });

  test('is another thing where nginx announces that it closes, for other statuses and other balancers', async () => {
    expect(await causes(AWS, site('keepalive_timeout 0;'))).toEqual([]);
    expect(
      await causes(AWS.replace('502 Bad Gateway', '504 Gateway Time-out'), site('keepalive_timeout 5s;')),
    ).toEqual([]);
    const haproxy = '<h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.';
    expect(await causes(haproxy, site('keepalive_timeout 5s;'))).toEqual([]);
  });
});
