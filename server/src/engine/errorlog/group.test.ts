import { describe, expect, it } from 'vitest';

import { matchMessage } from './catalogue.ts';
import { eventKey, LogSummary } from './group.ts';
import { readEntries } from './read-entries.ts';

function line(
  number: number,
  more: { message?: string; address?: string; server?: string; time?: string; uri?: string } = {},
): string {
  const message = more.message ?? 'connect() failed (111: Connection refused) while connecting to upstream';
  const uri = more.uri ?? `/item/${number}`;
  return `${more.time ?? '2026/01/10 08:41:45'} [error] 165#165: *${number} ${message}, client: 10.0.0.${number % 250}, server: ${more.server ?? 'app.test'}, request: "GET ${uri} HTTP/1.1", upstream: "http://${more.address ?? '127.0.0.1:3000'}${uri}", host: "app.test"`;
}

function summarise(lines: readonly string[], limit?: number): LogSummary {
  const summary = new LogSummary(limit);
  for (const entry of readEntries(lines.join('\n')).entries) {
    summary.add(entry);
  }
  return summary;
}

describe('LogSummary', () => {
  it('counts equal events of different requests together', () => {
    const summary = summarise([
      line(1, { time: '2026/01/10 08:41:47' }),
      line(2, { time: '2026/01/10 08:41:45' }),
      line(3, { time: '2026/01/10 08:41:46' }),
    ]);
    expect(summary.groups).toHaveLength(1);
    const [group] = summary.groups;
    expect(group).toMatchObject({ count: 3, first: '2026/01/10 08:41:45', last: '2026/01/10 08:41:47' });
    expect(group?.sample).toBe(line(1, { time: '2026/01/10 08:41:47' }));
    expect(group?.entry.connection).toBe(1);
    expect(group?.matched?.kind.id).toBe('connect-failed');
    expect(summary.events).toBe(3);
    expect(summary.other).toBeNull();
  });

  it.each([
    ['another backend', { address: '127.0.0.1:3001' }],
    ['another server block', { server: 'other.test' }],
    [
      'another error number',
      { message: 'connect() failed (113: No route to host) while connecting to upstream' },
    ],
    [
      'another action',
      { message: 'connect() failed (111: Connection refused) while SSL handshaking to upstream' },
    ],
    [
      'another message',
      { message: 'upstream prematurely closed connection while reading response header from upstream' },
    ],
  ])('keeps %s apart', (_what, more) => {
    expect(summarise([line(1), line(2, more)]).groups).toHaveLength(2);
  });

  it('keeps names and TLS reasons apart, but not what differs by request', () => {
    const resolved = (name: string) =>
      line(1, { message: `${name} could not be resolved (3: Host not found)` });
    expect(
      summarise([resolved('a.test'), resolved('b.test'), resolved('a.test')]).groups.map(
        (group) => group.count,
      ),
    ).toEqual([2, 1]);
    const failed = (reason: string) =>
      line(1, {
        message: `SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::${reason}) while SSL handshaking to upstream`,
      });
    expect(summarise([failed('wrong version number'), failed('unsupported protocol')]).groups).toHaveLength(
      2,
    );
    const header = (text: string) =>
      line(1, {
        message: `upstream sent invalid header: "${text}..." while reading response header from upstream`,
      });
    expect(summarise([header('a'), header('b')]).groups).toHaveLength(1);
  });

  it('groups what the catalogue does not know by its text without numbers', () => {
    const unknown = (number: number) =>
      `2026/01/10 08:41:45 [error] 165#165: *${number} module x said ${number}`;
    const summary = summarise([unknown(1), unknown(2)]);
    expect(summary.groups).toHaveLength(1);
    expect(summary.groups[0]?.matched).toBeNull();
  });

  it('says openly what went beyond its limit', () => {
    const summary = summarise(
      Array.from({ length: 10 }, (_value, number) =>
        line(number, { address: `127.0.0.1:${3000 + number}`, time: `2026/01/10 08:41:0${number}` }),
      ),
      4,
    );
    expect(summary.groups).toHaveLength(4);
    expect(summary.other).toEqual({ count: 6, first: '2026/01/10 08:41:04', last: '2026/01/10 08:41:09' });
    expect(summary.events).toBe(10);
    expect(summary.add(readEntries(line(1, { address: '127.0.0.1:3001' })).entries[0]!)?.count).toBe(2);
  });

  it('counts a line whose like it knows without reading it, and no other', () => {
    const summary = summarise([line(1, { time: '2026/01/10 08:41:46' })]);
    expect(summary.count(line(2, { time: '2026/01/10 08:41:45' }))).toBe(true);
    expect(summary.count(line(3, { address: '127.0.0.1:3001' }))).toBe(false);
    expect(summary.count(line(4, { server: 'other.test' }))).toBe(false);
    expect(summary.count(line(5).replace('[error]', '[crit]'))).toBe(false);
    expect(summary.count(line(6).slice(0, -1))).toBe(false);
    expect(summary.count('anything')).toBe(false);
    expect(summary.groups[0]).toMatchObject({
      count: 2,
      first: '2026/01/10 08:41:45',
      last: '2026/01/10 08:41:46',
    });
    expect(summary.events).toBe(2);
  });

  it('has keys that equal events share', () => {
    const [one, two] = [line(1), line(2)].map((text) => readEntries(text).entries[0]!);
    expect(eventKey(one!, matchMessage(one!))).toBe(eventKey(two!, matchMessage(two!)));
  });
});
