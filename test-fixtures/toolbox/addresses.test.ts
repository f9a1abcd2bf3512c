import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapAddresses, unmap } from './addresses.ts';

const TMP = '/tmp/nginx-502-abc';

test.each([
  ['proxy_pass http://127.0.0.1:3000/8/;', 'proxy_pass http://127.100.1.1:3000/8/;'],
  ['proxy_pass http://127.0.0.12/8;', 'proxy_pass http://127.100.1.12/8;'],
  ['geo { 127.0.0.1-127.0.0.9 a; }', 'geo { 127.100.1.1-127.100.1.9 a; }'],
  ['"127.0.0.53"', '"127.100.1.53"'],
  ['sent to 127.0.0.1.', 'sent to 127.100.1.1.'],
  ['allow 127.0.0.0/24;', 'allow 127.100.1.0/24;'],
  ['allow 127.0.0.1/32;', 'allow 127.100.1.1/32;'],
  ['server unix:/run/php/php8.2-fpm.sock;', `server unix:${TMP}/run/php/php8.2-fpm.sock;`],
  ['proxy_pass http://unix:/run/a.sock:/uri;', `proxy_pass http://unix:${TMP}/run/a.sock:/uri;`],
  ['listen unix:/var/run/nginx.sock;', `listen unix:${TMP}/var/run/nginx.sock;`],
])('maps %s', (text, mapped) => {
  expect(mapAddresses(text, 0, TMP)).toBe(mapped);
  expect(unmap(mapped, 0, TMP)).toBe(text);
});

test.each([
  'version 1.127.0.0.1',
  '127.0.0.1.example.test',
  '127.0.0.1000',
  'v127.0.0.1',
  '127.0.0.0x7',
  'allow 127.0.0.0/8;',
  'allow 127.0.0.1/8 ;',
  '~^127\\.0\\.0\\.1$',
  '127.0.1.1',
  'xunix:/run/a.sock',
  'error_log /run/a.log;',
  `unix:${TMP}/run/mapped-already.sock`,
])('leaves %s alone', (text) => {
  expect(mapAddresses(text, 0, TMP)).toBe(text);
});

test('spreads lanes over networks, and refuses lanes that do not exist', () => {
  expect(mapAddresses('127.0.0.1', 249, TMP)).toBe('127.100.250.1');
  expect(mapAddresses('127.0.0.1', 250, TMP)).toBe('127.101.1.1');
  expect(mapAddresses('127.0.0.1', 38_999, TMP)).toBe('127.255.250.1');
  for (const lane of [-1, 39_000, 1.5]) expect(() => mapAddresses('', lane, TMP)).toThrow('no such lane');
});

test('another lane is not unmapped', () => {
  expect(unmap('127.100.2.1', 0, TMP)).toBe('127.100.2.1');
});

test('paths of the instance get the names they would have on a server', () => {
  const line = `open() "${TMP}/var/lib/nginx/proxy/1" failed in ${TMP}/run/conf.d/a.conf:3 and ${TMP}/conf/nginx.conf`;
  expect(unmap(line, 0, TMP)).toBe(
    'open() "/var/lib/nginx/proxy/1" failed in /etc/nginx/conf.d/a.conf:3 and /etc/nginx/nginx.conf',
  );
});

test('unmapping restores every text of addresses, sockets and other words', () => {
  const word = fc.oneof(
    fc.ipV4(),
    fc.integer({ min: 0, max: 255 }).map((last) => `127.0.0.${last}`),
    fc.stringMatching(/^unix:(?:\/[a-z]{1,4}){1,3}$/),
    fc.string(),
  );
  // A text that names the lane itself cannot be told from one that was mapped.
  const text = fc
    .array(word)
    .map((words) => words.join(' '))
    .filter((joined) => !joined.includes('127.100.6.'));
  fc.assert(fc.property(text, (original) => unmap(mapAddresses(original, 5, TMP), 5, TMP) === original));
});
