import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

import { catalogue } from '../../server/src/engine/errorlog/catalogue.ts';
import { readEntries } from '../../server/src/engine/errorlog/read-entries.ts';
import { kindsOf, type SourceMessage } from '../support/source-messages.ts';

// The texts that nginx's source writes (scripts/extract-messages.mjs), against the catalogue.

function read(relative: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${relative}`, import.meta.url)), 'utf8');
}

const messages: SourceMessage[] = JSON.parse(read('test/unit/source-messages.generated.json'));
const kinds = new Map(messages.map((message) => [message, kindsOf(message)]));
const excused = new Set(
  read('docs/unmapped-messages.md')
    .split('\n')
    .filter((line) => line.startsWith('- `'))
    .map((line) => line.slice(3, line.lastIndexOf('`'))),
);

/** Kinds whose text nginx does not write in the files that are read, or writes for others too. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  // What php-fpm says, inside "FastCGI sent in stderr".
  'primary-script-unknown',
  'php-fatal-error',
  // ngx_http_lua_module.
  'lua-aborted',
  'lua-thread-aborted',
  'lua-phase-failed',
  'lua-init-failed',
  'lua-not-loaded',
  'lua-log',
  'lua-certificate-rejected',
  // ngx_http_js_module.
  'js-certificate-rejected',
  // HTTP/2 and HTTP/3 towards clients.
  'client-closed-stream',
  'client-flood',
  // The text of another kind, in another action or about another file.
  'stapling-no-resolver',
  'stapling-not-resolved',
  'request-buffered-to-file',
  // What modules may write that the product does not know.
  'configuration-refused',
  // ngx_regex_compile hands its text to the directive that writes it.
  'regex-invalid',
]);

it('knows enough texts to speak of shares', () => {
  const onTheWay = messages.filter((message) => message.beside !== true);
  expect(onTheWay.length).toBeGreaterThan(700);
  // Of a release that the product's tests run, and of the newest.
  for (const text of [
    'connect() to %V failed',
    'upstream timed out',
    'no live upstreams',
    'upstream sent too big header',
    'upstream prematurely closed connection',
    '%V could not be resolved (%i: %s)',
    'upstream prematurely sent response',
    'short DNS response',
    'WSARecv() failed',
  ]) {
    expect(messages.some((message) => message.text === text)).toBe(true);
  }
});

it('explains at least 98 % of what stands on the way to a backend', () => {
  const onTheWay = messages.filter((message) => message.beside !== true);
  const explained = onTheWay.filter((message) => kinds.get(message)?.length !== 0);
  expect(explained.length / onTheWay.length).toBeGreaterThanOrEqual(0.98);
});

it('lists every text that it does not explain, and no other', () => {
  const unexplained = messages.filter((message) => kinds.get(message)?.length === 0).map(({ text }) => text);
  expect([...new Set(unexplained)].sort()).toEqual([...excused].sort());
});

it('says since which release nginx writes a message', () => {
  const oldest = new Map<string, string | null>();
  for (const [message, ids] of kinds) {
    for (const id of ids) {
      const known = oldest.get(id);
      oldest.set(id, known === undefined ? (message.since ?? null) : older(known, message.since ?? null));
    }
  }
  for (const kind of catalogue) {
    if (!ELSEWHERE.has(kind.id)) {
      expect([kind.id, kind.since]).toEqual([kind.id, oldest.get(kind.id)]);
    }
  }
});

it('says which stable branches got a message later', () => {
  for (const kind of catalogue) {
    const own = messages.filter((message) => kinds.get(message)?.includes(kind.id));
    const backported = kind.since === null ? [] : own.flatMap((message) => message.backported ?? []);
    expect([kind.id, kind.backported ?? []]).toEqual([kind.id, [...new Set(backported)]]);
  }
});

it('names the file that writes a message', () => {
  const files = new Map<string, Set<string>>();
  for (const [message, ids] of kinds) {
    for (const id of ids) {
      const known = files.get(id) ?? new Set();
      for (const place of message.in) {
        known.add(place.split(' ')[0] ?? '');
      }
      files.set(id, known);
    }
  }
  for (const kind of catalogue) {
    const writing = files.get(kind.id);
    if (writing !== undefined && !ELSEWHERE.has(kind.id)) {
      expect([kind.id, [...writing].some((file) => kind.source.includes(file)), kind.source]).toEqual([
        kind.id,
        true,
        kind.source,
      ]);
    }
  }
});

it("has examples that nginx's formats make, at a level that nginx gives them", () => {
  const wrong: string[] = [];
  for (const kind of catalogue) {
    const own = messages.filter((message) => kinds.get(message)?.includes(kind.id));
    const entry = readEntries(kind.example).entries[0];
    if (own.length === 0 || entry === undefined || ELSEWHERE.has(kind.id)) {
      continue;
    }
    const fitting = own.filter((message) => patternOf(message).test(entry.message));
    if (!fitting.some(({ level }) => level === 'any' || level.split('|').includes(entry.level ?? ''))) {
      wrong.push(
        `${kind.id} [${entry.level}] ${entry.message} (${[...new Set(own.map((o) => `${o.level}: ${o.text}`))].slice(0, 3).join('; ')})`,
      );
    }
  }
  expect(wrong).toEqual([]);
});

/** A format as nginx writes it: `%V` is anything, `(ERRNO: text)` is left out where it is 0. */
function patternOf(message: SourceMessage): RegExp {
  // The number of a connection is before each message; which zone is full stands behind the message (ngx_slab_error).
  const parts = message.text
    .replace(/^\*%uA /, '')
    .split(/%\*?[\d.]*[uxXm]*[A-Za-z]/)
    .map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const ssl = message.ssl === true ? '(?: \\(SSL:.*\\))?' : '';
  const errno = message.errno === true ? '(?: \\(\\d+: .*\\))?' : '';
  const zone = message.in.some((place) => place.startsWith('ngx_slab.c')) ? '.*' : '';
  return new RegExp(`^${parts.join('.*')}${zone}${ssl}${errno}(?: in \\S+:\\d+)?(?: while [^"]*)?$`);
}

/** The older of two releases; null is older than all. */
function older(a: string | null, b: string | null): string | null {
  if (a === null || b === null) {
    return null;
  }
  return a.localeCompare(b, 'en', { numeric: true }) < 0 ? a : b;
}
