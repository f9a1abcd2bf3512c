import { describe, expect, it } from 'vitest';

import { readUpstream } from './upstream-field.ts';

const read = (raw: string, complete = true, requestUri: string | null = null) => {
  const { raw: kept, ...parts } = readUpstream(raw, complete, requestUri);
  expect(kept).toBe(raw);
  return parts;
};

describe('readUpstream', () => {
  it.each([
    [
      'http://127.0.0.1:3000/a?b',
      { scheme: 'http', address: '127.0.0.1', port: 3000, socket: null, uri: '/a?b' },
    ],
    [
      'https://[2001:db8::1]:443/',
      { scheme: 'https', address: '[2001:db8::1]', port: 443, socket: null, uri: '/' },
    ],
    ['grpc://10.0.0.1:50051', { scheme: 'grpc', address: '10.0.0.1', port: 50051, socket: null, uri: null }],
    ['http://app_pool/x', { scheme: 'http', address: 'app_pool', port: null, socket: null, uri: '/x' }],
    [
      'http://unix:/p.sock:/uri',
      { scheme: 'http', address: null, port: null, socket: '/p.sock', uri: '/uri' },
    ],
    [
      'fastcgi://unix:/p.sock:',
      { scheme: 'fastcgi', address: null, port: null, socket: '/p.sock', uri: null },
    ],
    [
      'fastcgi://unix:/run/php8.2-fpm.sock',
      { scheme: 'fastcgi', address: null, port: null, socket: '/run/php8.2-fpm.sock', uri: null },
    ],
    [
      'uwsgi://unix:///tmp/uwsgi.sock:',
      { scheme: 'uwsgi', address: null, port: null, socket: '///tmp/uwsgi.sock', uri: null },
    ],
    [
      '192.168.200.131:9243',
      { scheme: null, address: '192.168.200.131', port: 9243, socket: null, uri: null },
    ],
    ['unix:/a.sock', { scheme: null, address: null, port: null, socket: '/a.sock', uri: null }],
    ['172.16.238.5:80/', { scheme: null, address: '172.16.238.5', port: 80, socket: null, uri: '/' }],
    ['http://host:8080?x', { scheme: 'http', address: 'host', port: 8080, socket: null, uri: '?x' }],
    ['http://XX.XX:YYYY/path', { scheme: 'http', address: 'XX.XX', port: null, socket: null, uri: '/path' }],
    ['', { scheme: null, address: null, port: null, socket: null, uri: null }],
  ])('%s', (raw, parts) => {
    expect(read(raw)).toEqual(parts);
  });

  it('splits socket and URI where nginx wrote no colon between them', () => {
    expect(read('http://unix:/run/app.sock/api/x', true, '/api/x')).toMatchObject({
      socket: '/run/app.sock',
      uri: '/api/x',
    });
    expect(read('http://unix:/run/app/api/x', true, '/api/x')).toMatchObject({
      socket: '/run/app',
      uri: '/api/x',
    });
    expect(read('http://unix:/run/app.sock/v2/x', true, '/api/x')).toMatchObject({
      socket: '/run/app.sock',
      uri: '/v2/x',
    });
    expect(read('http://unix:/run/app:/api/x', true, '/api/x')).toMatchObject({
      socket: '/run/app',
      uri: '/api/x',
    });
    expect(read('http://unix:/run/app:/v2/api/x', true, '/api/x')).toMatchObject({
      socket: '/run/app',
      uri: '/v2/api/x',
    });
    expect(read('http://unix:/run/app.sock/a",host:"x', true, '/a",host:"x')).toMatchObject({
      socket: '/run/app.sock',
      uri: '/a",host:"x',
    });
    expect(read('http://unix:/run/app.sock/a?to=http://x', true, null)).toMatchObject({
      socket: '/run/app.sock',
      uri: '/a?to=http://x',
    });
    expect(read('http://unix:/run/app.sock/', true, '/')).toMatchObject({
      socket: '/run/app.sock',
      uri: '/',
    });
  });

  it('keeps a path that goes on behind the name of the socket: the colon was forgotten in the configuration', () => {
    expect(read('http://unix:/run/app.sock/api:/', true, '/')).toMatchObject({
      socket: '/run/app.sock/api',
      uri: '/',
    });
  });

  it('takes no port from the very end of a field that was cut', () => {
    expect(read('http://127.0.0.1:80', false)).toMatchObject({ address: '127.0.0.1', port: null });
    expect(read('http://127.0.0.1:80/', false)).toMatchObject({ port: 80 });
  });
});
