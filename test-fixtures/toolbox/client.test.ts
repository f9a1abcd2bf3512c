import { expect, test } from 'vitest';
import { readResponse } from './client.ts';

const read = (text: string, end: 'closed' | 'timeout' = 'closed', method = 'GET') =>
  readResponse(Buffer.from(text, 'latin1'), method, end);

test.each([
  ['', 'closed', 'closed', null, ''],
  ['', 'timeout', 'timeout', null, ''],
  ['SSH-2.0-x', 'timeout', 'raw', null, 'SSH-2.0-x'],
  ['HTTP/2 200 OK\r\n\r\n', 'closed', 'raw', null, 'HTTP/2 200 OK\r\n\r\n'],
  ['HTTP/1.1 200 OK\r\nA:', 'closed', 'cut', null, 'HTTP/1.1 200 OK\r\nA:'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'timeout', 'response', 200, 'ok'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok', 'closed', 'cut', 200, 'ok'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok', 'timeout', 'timeout', 200, 'ok'],
  ['HTTP/1.1 200 OK\r\n\r\nuntil the end', 'closed', 'response', 200, 'until the end'],
  ['HTTP/1.1 200 OK\r\n\r\nuntil the end', 'timeout', 'timeout', 200, 'until the end'],
  ['HTTP/1.1 204 No Content\r\n\r\n', 'timeout', 'response', 204, ''],
  [
    'HTTP/1.1 502 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n',
    'closed',
    'response',
    502,
    'ok!',
  ],
  ['HTTP/1.1 502 \r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok', 'closed', 'cut', 502, 'ok'],
] as const)('%j, then %s, is %s', (text, end, kind, status, body) => {
  expect(read(text, end)).toMatchObject({ kind, status, body });
});

test('interim responses come before the one that counts', () => {
  const text =
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nB: c: d\r\n\r\n';
  expect(read(text)).toMatchObject({
    kind: 'response',
    status: 200,
    interim: [100, 103],
    headers: [['B', 'c: d']],
  });
  expect(read('HTTP/1.1 100 Continue\r\n\r\n')).toMatchObject({
    kind: 'closed',
    status: null,
    interim: [100],
  });
});

test('a response to HEAD has no body', () => {
  expect(read('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'timeout', 'HEAD').kind).toBe('response');
});
