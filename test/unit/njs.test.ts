import { expect, test } from 'vitest';
import type { Explain } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';

/** What ngx.fetch() of njs writes: connections of a script, not to the backend of the request. */

const HEAD = '2026/01/31 03:00:00 [error] 4242#4242: *7 ';
const TAIL = ', client: 127.0.0.1, server: app.test, request: "GET /a HTTP/1.1", host: "app.test"';
const REJECTED =
  'js http fetch SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking to fetch target';

function explained(text: string): Explain {
  const explainer = new LogExplainer({ model: null });
  explainer.push(`${text}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []);
}

test.each([`${HEAD}${REJECTED}${TAIL}`, `> ${REJECTED}`])('a certificate that is not trusted: %s', (text) => {
  const { message, causes } = explained(text).groups[0]!.explanation;
  expect(message!.id).toBe('js-certificate-rejected');
  expect(causes[0]!.id).toBe('upstream-certificate-rejected');
  expect(causes[0]!.do).toContain('js_fetch_trusted_certificate');
  expect(causes[0]!.do).not.toContain('proxy_ssl');
});

test('what a script logs is no message of nginx', () => {
  const { groups } = explained(`${HEAD}js: connect failed`);
  expect(groups.map(({ explanation }) => explanation.message)).toEqual([null]);
});
