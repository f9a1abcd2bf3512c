import { expect, test } from 'vitest';
import { normaliseMessage } from './log.ts';

test.each([
  [
    '2026/11/21 05:12:19 [error] 12#12: *3 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , request: "GET / HTTP/1.1"',
    'error',
    'connect() failed (111: Connection refused) while connecting to upstream',
  ],
  [
    '2026/11/21 05:12:19 [error] 12#12: send() failed (111: Connection refused) while resolving, resolver: 127.0.0.53:53',
    'error',
    'send() failed (111: Connection refused) while resolving, resolver: 127.0.0.53:53',
  ],
  [
    'nginx: [emerg] invalid URL prefix in /etc/nginx/nginx.conf:3',
    'emerg',
    'invalid URL prefix in /etc/nginx/nginx.conf:3',
  ],
  ['no head at all', null, 'no head at all'],
])('%s', (line, level, message) => {
  expect(normaliseMessage(line)).toEqual({ level, message });
});
