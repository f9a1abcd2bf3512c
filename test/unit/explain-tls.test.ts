import { describe, expect, test } from 'vitest';
import type { Cause } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

/** What the configuration adds to a line about TLS to the backend. */

async function causes(message: string, location: string | null): Promise<readonly Cause[]> {
  const config = `events {}\nhttp {\n upstream pool { server 10.0.0.5:443; }\n server {\n server_name app.test;\n location /x { ${location} }\n location /other { proxy_pass https://pool; proxy_ssl_certificate c.crt; proxy_ssl_certificate_key c.key; proxy_ssl_session_reuse off; }\n }\n}\n`;
  const model = location === null ? null : await modelOfTexts({ '/etc/nginx/nginx.conf': config });
  const explainer = new LogExplainer({ model });
  explainer.push(
    `2026/01/31 03:00:00 [error] 4242#4242: *7 ${message} while SSL handshaking to upstream, client: 127.0.0.1, server: app.test, request: "GET /x HTTP/1.1", upstream: "https://10.0.0.5:443/x", host: "app.test"\n`,
  );
  return explainer.end({ value: null, from: 'unknown' }, []).groups[0]!.explanation.causes;
}

const brief = (found: readonly Cause[]): string[] => found.map(({ id, certainty }) => `${id} ${certainty}`);
const alert = (number: number, words: string): string =>
  `SSL_do_handshake() failed (SSL: error:0A00${(1000 + number).toString(16).padStart(4, '0').toUpperCase()}:SSL routines::${words}:SSL alert number ${number})`;
const ALERT_40 = alert(40, 'sslv3 alert handshake failure');

describe('alert 40', () => {
  test('without a server name it is the missing name first', async () => {
    expect(brief(await causes(ALERT_40, 'proxy_pass https://pool;')).slice(0, 2)).toEqual([
      'sni-missing likely',
      'tls-client-certificate-missing possible',
    ]);
  });

  test('with the right name sent, it is the client certificate, with the pair that stands in the files', async () => {
    const found = await causes(
      ALERT_40,
      'proxy_ssl_server_name on; proxy_ssl_name app.internal; proxy_pass https://pool;',
    );
    const client = found.find(({ id }) => id === 'tls-client-certificate-missing')!;
    expect(client.certainty).toBe('likely');
    expect(client.fixes.map(({ title }) => title)).toEqual(['show c.crt to this backend']);
    expect(found.find(({ id }) => id === 'sni-missing')?.certainty).toBe('possible');
  });

  test('without a configuration nothing is more than possible', async () => {
    for (const { certainty } of await causes(ALERT_40, null)) expect(certainty).toBe('possible');
  });
});

test('a line about the name is certain only where the backend says that it does not know it', async () => {
  const first = async (message: string): Promise<string> =>
    brief(await causes(message, 'proxy_pass https://pool;'))[0]!;
  expect(await first(alert(109, 'tlsv13 alert missing extension'))).toBe('sni-missing likely');
  const local = 'SSL_do_handshake() failed (SSL: error:0A0000E2:SSL routines::clienthello tlsext)';
  expect(await first(local)).toBe('sni-missing possible');
});

describe('client certificates', () => {
  const of = async (number: number, location: string): Promise<Cause> =>
    (await causes(alert(number, 'tlsv1 alert'), location)).find(
      ({ id }) => id === 'tls-client-certificate-missing',
    )!;
  const PLAIN = 'proxy_pass https://pool;';
  const WITH = `proxy_ssl_certificate c.crt; proxy_ssl_certificate_key c.key; ${PLAIN}`;

  test('what the backend refused, it got: not from this file without one', async () => {
    const found = await of(48, PLAIN);
    expect(found.certainty).toBe('likely');
    expect(found.because.join()).not.toContain('nginx has no certificate');
    expect(found.against).toEqual([
      'this file shows no certificate: the running nginx has another configuration',
    ]);
    expect(found.do).toMatch(/^Replace the certificate that the running nginx shows/);
  });

  test('alert 42 is a missing certificate or a bad one', async () => {
    expect((await of(42, PLAIN)).certainty).toBe('certain');
    const sent = await of(42, WITH);
    expect(sent).toMatchObject({ certainty: 'likely', against: [] });
    expect(sent.do).toMatch(/^Replace c\.crt/);
  });
});

describe('TLS versions', () => {
  const PROTOCOLS = 'proxy_ssl_protocols TLSv1.3; proxy_pass https://pool;';
  const own = 'SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::unsupported protocol)';

  test('alert 70 is certain only with a line that limits what nginx offers', async () => {
    const refused = alert(70, 'tlsv1 alert protocol version');
    const [limited] = await causes(refused, PROTOCOLS);
    expect(limited).toMatchObject({ id: 'tls-version-mismatch', certainty: 'certain' });
    expect(limited!.do).toMatch(/^Set proxy_ssl_protocols TLSv1\.2 TLSv1\.3/);
    const [free] = await causes(refused, 'proxy_pass https://pool;');
    expect(free).toMatchObject({ id: 'tls-version-mismatch', certainty: 'likely' });
  });

  test("what OpenSSL of nginx's machine refuses is cured at the backend", async () => {
    const [free] = await causes(own, 'proxy_pass https://pool;');
    expect(free!.do).toMatch(/^Let 10\.0\.0\.5:443 speak TLS 1\.2 or 1\.3/);
    expect((await causes(own, PROTOCOLS))[0]!.do).toMatch(/^Set proxy_ssl_protocols/);
  });
});

test('alert 112 is about the name', async () => {
  const found = await causes(alert(112, 'tlsv1 unrecognized name'), 'proxy_pass https://pool;');
  expect(brief(found)).toEqual(['sni-missing certain']);
});

describe('verify errors', () => {
  const VERIFY =
    'proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.crt; proxy_ssl_server_name on; proxy_pass https://pool;';
  const untrusted = 'upstream SSL certificate verify error: (20:unable to get local issuer certificate)';

  test('with sessions kept apart, the certificate it is', async () => {
    expect(brief(await causes(untrusted, VERIFY))).toEqual(['upstream-certificate-rejected certain']);
  });

  test('without a server name another certificate may have been shown', async () => {
    const found = await causes(untrusted, VERIFY.replace('proxy_ssl_server_name on; ', ''));
    expect(brief(found)).toEqual(['upstream-certificate-rejected likely', 'sni-missing possible']);
  });

  test('an expired one is certain without a configuration', async () => {
    const found = await causes('upstream SSL certificate verify error: (10:certificate has expired)', null);
    expect(brief(found)).toEqual(['upstream-certificate-rejected certain']);
    expect(found[0]!.do).toContain('Renew the certificate of 10.0.0.5:443');
  });
});

test('no TLS on port 443 is a missing name where none is sent, and a plain backend elsewhere', async () => {
  const message = 'SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number)';
  const of = async (location: string, port: number): Promise<string[]> => {
    const config = `events {}\nhttp {\n server {\n server_name app.test;\n location /x { ${location} }\n }\n}\n`;
    const explainer = new LogExplainer({ model: await modelOfTexts({ '/etc/nginx/nginx.conf': config }) });
    explainer.push(
      `2026/01/31 03:00:00 [error] 4242#4242: *7 ${message} while SSL handshaking to upstream, client: 127.0.0.1, server: app.test, request: "GET /x HTTP/1.1", upstream: "https://198.51.100.9:${port}/x", host: "app.test"\n`,
    );
    return brief(explainer.end({ value: null, from: 'unknown' }, []).groups[0]!.explanation.causes);
  };
  expect(await of('proxy_pass https://cdn.test;', 443)).toEqual([
    'sni-missing likely',
    'tls-to-plain-backend likely',
  ]);
  expect((await of('proxy_pass https://cdn.test; proxy_ssl_server_name on;', 443))[0]).toBe(
    'tls-to-plain-backend likely',
  );
  expect((await of('proxy_pass https://cdn.test:3000;', 3000))[0]).toMatch(/^tls-to-plain-backend /);
});
