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
