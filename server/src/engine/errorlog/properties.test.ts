import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { catalogue, faultOf, matchMessage, phaseOfKind, statusOf } from './catalogue.ts';
import type { LogEntry } from './entry.ts';
import { LogSummary } from './group.ts';
import { causesOf } from './message.ts';
import { EntryReader, readEntries } from './read-entries.ts';

fc.configureGlobal({ seed: 502, numRuns: 1000 });

/** What a line is composed from; null is a field that is not written. */
interface Parts {
  readonly level: string;
  readonly pid: number;
  readonly connection: number | null;
  readonly text: string;
  readonly errno: { readonly code: number; readonly text: string } | null;
  readonly action: string | null;
  readonly client: string;
  readonly server: string;
  readonly request: { readonly method: string; readonly uri: string; readonly protocol: string };
  readonly subrequest: string | null;
  readonly upstream: { readonly scheme: string; readonly peer: string; readonly uri: string | null } | null;
  readonly host: string | null;
  readonly referrer: string | null;
}

/** As nginx does it (ngx_log_error_core, ngx_http_log_error_handler). */
function compose(parts: Parts): string {
  const {
    level,
    pid,
    connection,
    text,
    errno,
    action,
    client,
    server,
    request,
    subrequest,
    upstream,
    host,
    referrer,
  } = parts;
  let line = `2026/01/10 08:41:45 [${level}] ${pid}#${pid}: ${connection === null ? '' : `*${connection} `}${text}`;
  line += errno === null ? '' : ` (${errno.code}: ${errno.text})`;
  line += action === null ? '' : ` while ${action}`;
  line += `, client: ${client}, server: ${server}, request: "${request.method} ${request.uri} ${request.protocol}"`;
  line += subrequest === null ? '' : `, subrequest: "${subrequest}"`;
  line += upstream === null ? '' : `, upstream: "${upstream.scheme}://${upstream.peer}${upstream.uri ?? ''}"`;
  line += host === null ? '' : `, host: "${host}"`;
  line += referrer === null ? '' : `, referrer: "${referrer}"`;
  return line;
}

/** URIs hold what a client types: quotes, commas, even the names of fields, but no space (ngx_http_parse.c). */
const uri = fc
  .array(
    fc.constantFrom(
      '/',
      'a',
      '"',
      ',',
      '",',
      '?',
      'host:',
      '",host:"',
      ':',
      '%20',
      'ü',
      '\\',
      "'",
      '...',
      '$',
      '>',
      '(111:',
      ')',
      'while',
      '[',
      '|',
      '&quot;',
      'HTTP/1.1"',
    ),
    { maxLength: 12 },
  )
  .map((pieces) => `/${pieces.join('')}`);
const name = fc.stringMatching(/^[a-z0-9._-]{0,20}$/);
const port = fc.integer({ min: 1, max: 65535 });
const peer = fc.oneof(
  fc.tuple(fc.ipV4(), port).map(([address, number]) => `${address}:${number}`),
  fc.tuple(fc.ipV6(), port).map(([address, number]) => `[${address}]:${number}`),
  name.filter((text) => text !== ''),
);
const parts: fc.Arbitrary<Parts> = fc.record({
  level: fc.constantFrom('error', 'crit', 'alert', 'warn', 'info'),
  pid: fc.integer({ min: 1, max: 4_194_304 }),
  connection: fc.option(fc.integer({ min: 1, max: 2 ** 40 })),
  text: fc.constantFrom(
    'connect() failed',
    'upstream timed out',
    'recv() failed',
    'upstream sent invalid header: "X\\x20, client: 1.2.3.4..."',
    'FastCGI sent in stderr: "PHP message: error while reading "x" (2: no)"',
    'no live upstreams',
    'something new in nginx 9',
  ),
  errno: fc.option(
    fc.constantFrom(
      { code: 111, text: 'Connection refused' },
      { code: 110, text: 'Operation timed out' },
      { code: 10060, text: 'FormatMessage() error:(15105)' },
    ),
  ),
  action: fc.option(
    fc.constantFrom(
      'connecting to upstream',
      'SSL handshaking to upstream',
      'reading response header from upstream',
      'reading upstream',
    ),
  ),
  client: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('unix:')),
  server: name,
  request: fc.record({
    method: fc.constantFrom('GET', 'POST', 'PROPFIND', 'x'),
    uri,
    protocol: fc.constantFrom('HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP/3.0'),
  }),
  subrequest: fc.option(name.map((text) => `/${text}`)),
  upstream: fc.option(
    fc.record({
      scheme: fc.constantFrom('http', 'https', 'grpc', 'fastcgi', 'uwsgi'),
      peer,
      uri: fc.option(uri),
    }),
  ),
  host: fc.option(name),
  referrer: fc.option(
    fc
      .array(
        fc.constantFrom(
          'https://a.test/',
          '"',
          ', ',
          '", host: "',
          ', client: 9.9.9.9, server: x',
          ' ',
          '", referrer: "',
          'ü',
          '?q=',
          '" ',
        ),
        { maxLength: 8 },
      )
      .map((pieces) => pieces.join('')),
  ),
});

function addressOf(text: string): { address: string; port: number | null } {
  const colon = text.lastIndexOf(':');
  return colon > text.lastIndexOf(']')
    ? { address: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
    : { address: text, port: null };
}

describe('reading', () => {
  it('gives back what a line was composed from', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const line = compose(given);
        const { entries, unrecognised } = readEntries(line);
        expect(unrecognised).toEqual([]);
        expect(entries).toHaveLength(1);
        const entry = entries[0]!;
        expect(entry).toMatchObject({
          raw: line,
          time: '2026/01/10 08:41:45',
          level: given.level,
          pid: given.pid,
          connection: given.connection,
          errno: given.errno,
          action: given.action,
          client: given.client,
          server: given.server,
          request: given.request,
          subrequest: given.subrequest,
          host: given.host,
          referrer: given.referrer,
        });
        if (given.upstream === null) {
          expect(entry.upstream).toBeNull();
        } else {
          expect(entry.upstream).toEqual({
            raw: `${given.upstream.scheme}://${given.upstream.peer}${given.upstream.uri ?? ''}`,
            scheme: given.upstream.scheme,
            ...addressOf(given.upstream.peer),
            socket: null,
            uri: given.upstream.uri,
          });
        }
      }),
    );
  });

  it('never gives a wrong field for a line that was cut anywhere', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const line = compose(given);
        const [whole] = readEntries(line).entries;
        for (let length = 0; length <= line.length; length++) {
          for (const entry of readEntries(line.slice(0, length)).entries) {
            expectPart(entry, whole!, line.slice(0, length));
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('never gives a wrong field for an example that was cut anywhere', () => {
    for (const kind of catalogue) {
      const [whole] = readEntries(kind.example).entries;
      for (let length = 0; length < kind.example.length; length++) {
        for (const entry of readEntries(kind.example.slice(0, length)).entries) {
          expectPart(entry, whole!, kind.example.slice(0, length));
        }
      }
    }
  });

  it('reads any text, in any pieces, without an error', () => {
    const dirt = fc.constantFrom(
      '2026/01/10 08:41:45 [error] 1#1: *1 ',
      '[error] ',
      'nginx: [emerg] ',
      ', client: ',
      ', server: ',
      ', request: "GET ',
      ' HTTP/1.1"',
      ', upstream: "http://',
      '", host: "',
      '", referrer: "',
      'connect() failed (',
      '111: Connection refused)',
      ' while ',
      'connecting to upstream',
      '\n',
      '\r\n',
      '"',
      '\\"',
      '&quot;',
      '[/B]',
      '](',
      '> ',
      ' | ',
      '...',
      '$',
      'unix:',
      ':',
      ' in /a:1',
      '\u001b[31m',
      '\ufffd',
      '\ud800',
      '{"log":"',
      'x',
    );
    const text = fc
      .array(fc.oneof(dirt, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 40 })
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 50 }), (log, size) => {
        const whole = readEntries(log);
        const reader = new EntryReader();
        const entries: LogEntry[] = [];
        for (let from = 0; from < log.length; from += size) {
          entries.push(...reader.push(log.slice(from, from + size)));
        }
        entries.push(...reader.end());
        expect(entries).toEqual(whole.entries);
        expect(whole.entries.length + whole.unrecognised.length + whole.helpers.length).toBeLessThanOrEqual(
          whole.lines,
        );
        const summary = new LogSummary(3);
        for (const entry of entries) {
          summary.add(entry);
          const matched = matchMessage(entry);
          if (matched !== null) {
            const { kind } = matched;
            expect(kind.meaning(entry)).toMatch(/\.$/);
            expect([
              phaseOfKind(kind, entry),
              faultOf(kind, entry),
              statusOf(kind, entry).note,
            ]).not.toContain('');
            causesOf(kind, entry);
          }
        }
        const counted = summary.groups.reduce((sum, group) => sum + group.count, summary.other?.count ?? 0);
        expect(counted).toBe(entries.length);
      }),
    );
  });
});

describe('counting', () => {
  it('without reading gives the same groups as with reading', () => {
    fc.assert(
      fc.property(
        fc.array(parts, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(4), { maxLength: 30 }),
        (kinds, order) => {
          const log = order.map((index) => compose(kinds[index % kinds.length]!)).join('\n');
          const read = new LogSummary();
          for (const entry of readEntries(log).entries) {
            read.add(entry);
          }
          const counted = new LogSummary();
          let skipped = 0;
          const reader = new EntryReader({
            counted: (line) => {
              const known = counted.count(line);
              skipped += known ? 1 : 0;
              return known;
            },
          });
          for (const entry of reader.push(log).concat(reader.end())) {
            counted.add(entry);
          }
          expect(counted.events).toBe(read.events);
          expect(
            counted.groups.map(({ key, count, first, last, sample }) => ({
              key,
              count,
              first,
              last,
              sample,
            })),
          ).toEqual(
            read.groups.map(({ key, count, first, last, sample }) => ({ key, count, first, last, sample })),
          );
          expect(skipped).toBeLessThanOrEqual(order.length);
        },
      ),
    );
  });
});

describe('hostile input', () => {
  const HEAD = '2026/01/10 08:41:45 [error] 1#1: *1 ';
  // Nothing is timed: what is quadratic would not come to its end before the runner's own time limit.

  it.each([
    ['a single line of 5 MB', `${HEAD}connect() failed, client: ${'x'.repeat(5_000_000)}`],
    [
      'nested quotes',
      `${HEAD}upstream sent invalid header: "${'"'.repeat(100_000)}, client: 1.1.1.1, server: x, request: "${'"'.repeat(100_000)}`,
    ],
    [
      'separators of fields',
      `${HEAD}x${', client: 1.1.1.1, server: x, request: "", upstream: "'.repeat(100_000)}`,
    ],
    [
      'hosts in a request',
      `${HEAD}x, client: 1.1.1.1, server: x, request: "GET /${'", host: "a'.repeat(100_000)}`,
    ],
    [
      'upstreams without end',
      `${HEAD}x, client: 1.1.1.1, server: x, request: "GET / HTTP/1.1", upstream: "${'", host: "a" '.repeat(100_000)}`,
    ],
    [
      'colons of a socket',
      `${HEAD}x, client: 1.1.1.1, server: x, request: "GET / HTTP/1.1", upstream: "http://unix:/${':x'.repeat(30_000)}"`,
    ],
    ['brackets', `${HEAD}${'(1: '.repeat(100_000)}`],
    ['actions', `${HEAD}${' while '.repeat(100_000)}`],
    ['levels', '[error] '.repeat(100_000)],
    ['heads', HEAD.repeat(50_000)],
    ['colons', `${HEAD}upstream SSL certificate verify error: (${'1:'.repeat(100_000)}`],
    ['links', `upstream ${'[](a'.repeat(100_000)}`],
    ['marks of a forum', `upstream ${'[/color=x'.repeat(100_000)}`],
    ['entities', `upstream ${'&amp;'.repeat(100_000)}quot;`],
    ['backslashes', `upstream: \\"${'\\'.repeat(500_000)}`],
    ['addresses in angle brackets', `upstream ${'"<http://'.repeat(100_000)}`],
    ['service names', `${'a'.repeat(30)}|`.repeat(100_000)],
    ['a table', `|${'upstream|'.repeat(100_000)}`],
    ['beginnings of messages', 'upstream sent '.repeat(100_000)],
    ['an access log without end', `${'['.repeat(100)}${'] "'.repeat(100_000)}`],
    // Lines of a length at which they are mended.
    ['misspelt beginnings', `${'upstream snet '.repeat(280)}\n`.repeat(100)],
    ['misspelt actions', `${' whlie reading upstream'.repeat(170)}\n`.repeat(100)],
    ['brackets behind a call', `connect() failed ${'('.repeat(3900)}\n`.repeat(100)],
    ['digits before an error', `upstream timed out ${'1'.repeat(3900)} Connection refused\n`.repeat(100)],
    ['marks before an error', `upstream timed out ${' (:'.repeat(1300)}x Connection refused\n`.repeat(100)],
    ['quotes behind a call', `connect() to ${`"'`.repeat(1900)}\n`.repeat(100)],
    ['open fields', `upstream timed out whle reading upstream ${"client '".repeat(480)}\n`.repeat(100)],
    ['elisions', `upstream timd out ${' ...'.repeat(950)}\n`.repeat(100)],
    ['places', `invalid port in upstrem "${' in /x'.repeat(600)}\n`.repeat(100)],
    ['tags', `upstream timd out ${'<p a'.repeat(950)}\n`.repeat(100)],
    ['doubled quotes', `upstream timd out ${' ""x'.repeat(950)}\n`.repeat(100)],
    ['many short lines', 'upstream sent x\n'.repeat(20_000)],
    ['lines that may go on', `${HEAD}connect() failed\n${', server: a\n'.repeat(20_000)}`],
    [
      'open values that go on',
      `${HEAD}x, client: a, server: b, request: "GET /\n${'upstream\n'.repeat(20_000)}`,
    ],
  ])('%s is read in linear time', (_what, text) => {
    const { entries } = readEntries(text);
    const summary = new LogSummary();
    for (const entry of entries) {
      expect(entry.raw.length).toBeLessThanOrEqual(65_536);
      const matched = matchMessage(entry);
      matched?.kind.meaning(entry);
      summary.add(entry);
    }
  });

  it('a long line in small pieces is read in linear time', () => {
    const reader = new EntryReader();
    for (let i = 0; i < 500_000; i++) {
      reader.push('xxxxxxxxxx');
    }
    reader.end();
    expect(reader.lines).toBe(1);
  });
});

/** Every field of `entry` is a beginning of the one in `whole`, or null. */
function expectPart(entry: LogEntry, whole: LogEntry, text: string): void {
  const begins = (part: string | null | undefined, all: string | null | undefined, field: string) => {
    if (part !== null && part !== undefined && !(all ?? '').startsWith(part)) {
      expect.fail(`${field}: "${part}" is no beginning of "${all}" in:\n${text}`);
    }
  };
  const same = (part: unknown, all: unknown, field: string) => {
    if (part !== null && part !== undefined && part !== all) {
      expect.fail(`${field}: ${String(part)} is not ${String(all)} in:\n${text}`);
    }
  };
  same(entry.time, whole.time, 'time');
  same(entry.level, whole.level, 'level');
  same(entry.pid, whole.pid, 'pid');
  same(entry.connection, whole.connection, 'connection');
  begins(entry.message, whole.message, 'message');
  same(entry.errno?.code, whole.errno?.code, 'errno');
  begins(entry.errno?.text, whole.errno?.text, 'errno text');
  begins(entry.action, whole.action, 'action');
  begins(entry.at?.file, whole.at?.file, 'file');
  begins(entry.at?.line.toString(), whole.at?.line.toString(), 'line');
  begins(entry.client, whole.client, 'client');
  begins(entry.server, whole.server, 'server');
  begins(entry.request?.method, whole.request?.method, 'method');
  begins(entry.request?.uri, whole.request?.uri, 'uri');
  begins(entry.request?.protocol, whole.request?.protocol, 'protocol');
  begins(entry.subrequest, whole.subrequest, 'subrequest');
  begins(entry.upstream?.raw, whole.upstream?.raw, 'upstream');
  begins(entry.upstream?.address, whole.upstream?.address, 'address');
  same(entry.upstream?.port, whole.upstream?.port, 'port');
  begins(entry.upstream?.socket, whole.upstream?.socket, 'socket');
  begins(entry.upstream?.uri, whole.upstream?.uri, 'upstream uri');
  begins(entry.host, whole.host, 'host');
  begins(entry.referrer, whole.referrer, 'referrer');
  begins(entry.resolver, whole.resolver, 'resolver');
}
