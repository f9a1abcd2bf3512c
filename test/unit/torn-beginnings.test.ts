import { describe, expect, test } from 'vitest';
import type { Explanation } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { withLostOpen } from '../../server/src/engine/errorlog/retyped.ts';

/** Lines of which people paste the end: the call and what it failed with, or the words behind a path. */

function explained(text: string): Explanation | undefined {
  const explainer = new LogExplainer({ model: null });
  explainer.push(`${text}\n`);
  return explainer.end({ value: null, from: 'unknown' }, []).groups[0]?.explanation;
}

const first = (text: string): string | undefined => explained(text)?.causes[0]?.id;

describe('what could not be connected to', () => {
  test.each([
    [
      '/run/php/app.sock failed (13: Permission denied) while connecting to upstream',
      'unix-socket-forbidden',
    ],
    [
      'unix:/run/app.sock failed (111: Connection refused) while connecting to upstream',
      'unix-socket-refused',
    ],
    [
      '.../app.sock failed (2: No such file or directory) while connecting to upstream',
      'unix-socket-missing',
    ],
    [
      'I get app.sock failed (2: No such file or directory) while connecting to upstream',
      'unix-socket-missing',
    ],
    [
      'Error: connect to /run/app.sock failed (2: No such file or directory) while connecting to upstream',
      'unix-socket-missing',
    ],
    [
      '502 / helper.sock failed (61: Connection refused) while connecting to upstream on startup',
      'unix-socket-refused',
    ],
    ['saw 10.2.3.4:80 failed (111: Connection refused) while connecting to upstream', 'backend-down'],
    ['to 127.0.0.1:8081 failed (13: Permission denied) while connecting to upstream', 'selinux-denied'],
  ])('%s', (text, id) => {
    expect(first(text)).toBe(id);
  });

  test('the number of the error is the one in the line', () => {
    const text = 'helper.sock failed (61: Connection refused) while connecting to upstream';
    expect(explained(text)?.message?.errno).toBe(61);
  });

  test('no folder is looked into where the path lost its beginning', () => {
    const runs = (text: string): string =>
      explained(text)!
        .causes[0]!.checks.map(({ run }) => run)
        .join('\n');
    const rest = 'app.sock failed (2: No such file or directory) while connecting to upstream';
    expect(runs(`I get ${rest}`)).not.toContain('ls -la');
    expect(runs(`/run/${rest}`)).toContain('ls -la /run/');
  });

  test('other words are no address', () => {
    const text = 'everything failed (111: Connection refused) while connecting to upstream';
    expect(explained(text)?.verdict ?? '').not.toContain('everything');
  });
});

describe('a temporary file', () => {
  const DENIED = 'failed (13: Permission denied)';

  test.each([
    `... "/usr/local/var/run/nginx/proxy_temp/5/00/0000000005" ${DENIED} ...`,
    `nginx: /var/spool/nginx/proxy_temp/2/03/0000000032" ${DENIED}`,
    `/var/lib/nginx/fastcgi/1/00/0000000001" ${DENIED}`,
  ])('%s', (text) => {
    expect(first(text)).toBe('temp-files-unwritable');
  });

  test.each([
    `backup of /srv/data/0000000005 ${DENIED}`,
    `rsync: "/home/app/files/0000000005" ${DENIED}`,
    `pwritev() "/var/lib/nginx/proxy/1/00/0000000001" ${DENIED}`,
  ])('left as it is: %s', (text) => {
    expect(withLostOpen(text)).toBe(text);
  });
});

test('a colon that was set apart', () => {
  expect(
    first('*926 auth request unexpected status : 302 while sending to client, client: a, server: b'),
  ).toBe('auth-request-failed');
});
