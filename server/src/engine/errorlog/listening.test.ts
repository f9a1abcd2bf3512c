import { describe, expect, test } from 'vitest';
import { readListening } from './listening.ts';

describe('what programs say when they have started', () => {
  test.each([
    ['[2026-01-31 02:59:00 +0000] [7] [INFO] Listening at: http://127.0.0.1:3000 (7)', '127.0.0.1', 3000],
    [
      'INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)',
      '127.0.0.1',
      8000,
      'Uvicorn',
    ],
    ['* Listening on http://0.0.0.0:3000', '0.0.0.0', 3000],
    [' * Running on http://127.0.0.1:5000', '127.0.0.1', 5000],
    ['Example app listening on port 3000', null, 3000, 'Example app'],
    ['Parse-server is running on port 1337', null, 1337, 'Parse-server'],
    ['🚀 Server started on port 4000!', null, 4000],
    ['api-1  | The server is listening on port 4000 and ready', null, 4000],
    ['Jan 31 03:00:00 web app[81]: Listening on port 3000', null, 3000],
    ['{"level":30,"time":1769828400,"msg":"Server listening at http://127.0.0.1:3000"}', '127.0.0.1', 3000],
    [
      '2026-01-31T03:00:00.123Z  INFO 1 --- [main] o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat started on port(s): 8080 (http)',
      null,
      8080,
      'Tomcat',
    ],
    ['      Now listening on: http://localhost:5000', 'localhost', 5000],
  ])('%s', (line, host, port, program?: string) => {
    expect(readListening(line)).toEqual({ host, port, program: program ?? null });
  });

  test.each([
    'nothing is listening on port 8080',
    'api-1  | nothing is listening on port 8080',
    'I had it running on port 8080 before',
    'Edit: the app is running on port 8080 and works with curl',
    'Is node running on port 3000?',
    "node isn't listening on port 3000",
    'node was running on port 3000',
    'app running on port 3000 worked before',
  ])('not by people: %s', (line) => {
    expect(readListening(line)).toBeNull();
  });
});
