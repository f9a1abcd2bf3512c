import { describe, expect, test } from 'vitest';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';

/** Each way in which people maul a line before they paste it, done to clean lines: the first cause stays what it was. */

const TAIL =
  'client: 192.0.2.7, server: app.test, request: "GET /a/b?c=d HTTP/1.1", upstream: "http://198.51.100.9:3000/a/b?c=d", host: "app.test", referrer: "https://app.test/start"';

const tail = (upstream: string): string => TAIL.replace('http://198.51.100.9:3000/a/b?c=d', upstream);

const CLEAN: readonly string[] = [
  `connect() failed (111: Connection refused) while connecting to upstream, ${TAIL}`,
  `connect() failed (113: No route to host) while connecting to upstream, ${TAIL}`,
  `upstream timed out (110: Connection timed out) while connecting to upstream, ${TAIL}`,
  `upstream timed out (110: Connection timed out) while reading response header from upstream, ${TAIL}`,
  `upstream prematurely closed connection while reading response header from upstream, ${TAIL}`,
  `recv() failed (104: Connection reset by peer) while reading response header from upstream, ${TAIL}`,
  `upstream sent too big header while reading response header from upstream, ${TAIL}`,
  `no live upstreams while connecting to upstream, ${tail('http://app/a/b?c=d')}`,
  `connect() to unix:/run/php/php-fpm.sock failed (2: No such file or directory) while connecting to upstream, ${tail('fastcgi://unix:/run/php/php-fpm.sock:')}`,
  `connect() to unix:/run/app.sock failed (13: Permission denied) while connecting to upstream, ${tail('http://unix:/run/app.sock:/a/b?c=d')}`,
  `connect() to unix:/run/app.sock failed (11: Resource temporarily unavailable) while connecting to upstream, ${tail('http://unix:/run/app.sock:/a/b?c=d')}`,
  `SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream, ${tail('https://198.51.100.9:3000/a/b?c=d')}`,
  `upstream SSL certificate verify error: (18:self-signed certificate) while SSL handshaking to upstream, ${tail('https://198.51.100.9:3000/a/b?c=d')}`,
  `upstream sent invalid header: "X Bad: 1" while reading response header from upstream, ${TAIL}`,
];

const HEAD = '2026/01/31 03:42:17 [error] 4242#4242: *8 ';

function firstCause(text: string): string | null {
  const explainer = new LogExplainer({ model: null });
  explainer.push(text);
  const { groups } = explainer.end({ value: null, from: 'unknown' }, []);
  const known = groups.find(({ explanation }) => explanation.message !== null);
  return known?.explanation.causes[0]?.id ?? null;
}

const JSON_STRING = (line: string): string => JSON.stringify(line).slice(1, -1);
const ENTITIES = (line: string): string =>
  line.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Breaks a line every so many characters, wherever that is. */
function hardWrap(line: string, width: number, indent = ''): string {
  const parts: string[] = [];
  for (let at = 0; at < line.length; at += width) parts.push(line.slice(at, at + width));
  return parts.join(`\n${indent}`);
}

const SHAPES: Record<string, (line: string) => string> = {
  'as it is': (line) => line,
  '1: the message alone, with its fields': (line) => line.slice(HEAD.length),
  '3: without time': (line) => line.slice('2026/01/31 03:42:17 '.length),
  '3: the connection number without its star': (line) => line.slice(HEAD.length - 2).replace('*', ''),
  '4: the first characters lost': (line) => line.slice(1),
  '4: from within the level': (line) => line.slice(line.indexOf('error]')),
  '5: compose': (line) => `shop-nginx-1  | ${line}`,
  '5: compose, doubled': (line) => `    nginx         | nginx.1    | ${line}`,
  '6: journald': (line) => `Jan 31 03:42:17 web nginx[4242]: ${line}`,
  '7: Kubernetes': (line) => `ingress-7c9-8p8vj controller 2026-01-31T03:42:17.462803094+02:00 ${line}`,
  '7: docker logs -t': (line) => `2026-01-31T03:42:17.434167704Z ${line}`,
  '8: a table of a console': (line) => `| 1609878836789 | ${line} |`,
  '9: JSON': (line) => `{"log":"${JSON_STRING(line)}\\n","stream":"stderr","time":"2026-01-31T03:42:17Z"}`,
  '9: a line of JSON': (line) => `  "textPayload": "${JSON_STRING(line)}",`,
  '10: HTML': ENTITIES,
  '10: HTML, escaped twice': (line) => ENTITIES(ENTITIES(line)),
  '11: forum mark-up': (line) => `[COLOR=#000000][FONT=Courier New]${line}[/FONT][/COLOR]`,
  '12: a quotation': (line) => `> ${line}`,
  '12: back quotes': (line) => `\`${line}\``,
  '12: bold': (line) => `**${line}**`,
  '12: the level bold': (line) => line.replace('[error]', '**[error]**'),
  '12: a fence': (line) => `\`\`\`\n${line}\n\`\`\``,
  '13: typographic quotes': (line) => line.replace(/"([^"]*)"/g, '\u201c$1\u201d'),
  '14: wrapped at 80 columns inside of words': (line) => hardWrap(line, 80),
  '14: wrapped at 120 columns, indented': (line) => hardWrap(line, 120, '    '),
  '14: a field a line': (line) =>
    line.replace(/, (client|server|request|upstream|host|referrer): /g, ',\n$1: '),
  '15: cut by an editor': (line) => `${line.slice(0, line.indexOf(', server: '))}$`,
  '16: elided by hand': (line) => `${line.slice(0, line.indexOf(', client: ') + 8)}...`,
  '16: numbers and fields elided': (line) =>
    `[error] ... ${line.slice(HEAD.length).replace(/, client: .*(?=, upstream: )/, ',\n  ...')}`.replace(
      '...,',
      '...',
    ),
  '16: numbers elided, with one character': (line) => `[error] \u2026 ${line.slice(HEAD.length)}`,
  '17: redacted': (line) =>
    line
      .replace('192.0.2.7', 'XXX.XXX.X.X')
      .replaceAll('app.test', '<REDACTED>')
      .replaceAll('/a/b?c=d', '/[MASKED]'),
  '18: empty and odd values': (line) => line.replace('server: app.test', 'server: '),
  '19: the same line three times': (line) => `${line}\n${line}\n${line}`,
  '19: a header of tail and a prompt': (line) => `$ tail -f error.log\n==> error.log <==\n${line}`,
  '20: an access-log line beside': (line) =>
    `192.0.2.7 - - [31/Jan/2026:03:42:17 +0000] "GET /a/b?c=d HTTP/1.1" 502 157 "-" "curl/8"\n${line}`,
  '22: without process id': (line) => line.replace(' 4242#4242: *8', ''),
  'with CRLF': (line) => `${line}\r\n`,
  'with the colours of a terminal': (line) => `\u001b[31m${line}\u001b[0m`,
};

describe.each(Object.entries(SHAPES))('%s', (_name, shape) => {
  test.each(CLEAN)('%s', (message) => {
    const clean = HEAD + message;
    const expected = firstCause(clean);
    expect(expected).not.toBeNull();
    expect(firstCause(shape(clean)), shape(clean)).toBe(expected);
  });
});

describe('an error of the system that lost its number or its end', () => {
  const cases = CLEAN.filter((line) => / (?:failed|timed out) \(\d/.test(line));
  test.each(cases)('without its number: %s', (line) => {
    const bare = line.replace(/\((\d+): /, '(');
    expect(bare).not.toBe(line);
    for (const head of ['', HEAD]) expect(firstCause(head + bare)).toBe(firstCause(head + line));
    const said = bare.slice(0, bare.indexOf(', client:'));
    expect(firstCause(`it logs "${said.toLowerCase()}".`)).toBe(firstCause(said));
  });

  test('the middle of the line is lost', () => {
    const torn = `${HEAD}connect() to unix:///srv/shop/app/tmp/web.sock failed (2: No such file or srv/shop/app/tmp/web.sock:/a", host: "app.test"`;
    expect(firstCause(torn)).toBe('unix-socket-missing');
    // Too little is left to tell which error it was.
    expect(firstCause(torn.replace('No such file or srv', 'No srv'))).toBeNull();
  });

  test('other words in the brackets are left alone', () => {
    expect(
      firstCause(`${HEAD}connect() failed (some other words) while connecting to upstream, ${TAIL}`),
    ).toBeNull();
  });
});

test('what PHP wrote to its error output does not go before the failure, also where it is cut', () => {
  const big = `${HEAD}upstream sent too big header while reading response header from upstream, ${TAIL}`;
  const stderr = `${HEAD}FastCGI sent in stderr: "PHP message: shop: debug - checking`;
  expect(firstCause(`${big}\n${stderr}`)).toBe('response-header-too-big');
  expect(firstCause(`${stderr}\n${big}`)).toBe('response-header-too-big');
});

test('a failure of Lua behind words of a person', () => {
  const said = "Error : failed to run balancer_by_lua*: balancer_by_lua:2: module 'shop' not found";
  expect(firstCause(said)).toBe('lua-error');
  const bare = "lua entry thread aborted: runtime error: /srv/a.lua:27: attempt to index local 'http'";
  expect(firstCause(bare)).toBe('lua-error');
});

test('a socket of a kind that the system lacks, its address lost', () => {
  expect(firstCause('The log says "socket() failed (97: Address family not supported by protocol)".')).toBe(
    'ipv6-mismatch',
  );
});
