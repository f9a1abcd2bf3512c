import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { ConfigModel } from '../../server/src/engine/config/model.ts';
import { loadSnapshot } from '../../server/src/engine/config/snapshot.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { applyEdits } from '../../server/src/engine/diagnosis/fixes.ts';
import { editDocument, readDocument, release } from '../../server/src/engine/syntax/document.ts';
import { OverlayHost } from '../../server/src/node-host.ts';
import { loadGrammar } from '../support/engine.ts';
import { configFiles, fixtures } from '../support/fixture.ts';

const SEED = 20260131;
const texts = fixtures().flatMap((fixture) =>
  [...configFiles(fixture), path.join(fixture.folder, 'nginx.conf')].map((file) =>
    readFileSync(file, 'utf8'),
  ),
);

/** Times the usual number of random texts, for a long run by hand. */
const SCALE = Number(process.env['SCALE'] ?? 1);

beforeAll(() => loadGrammar());

async function checkText(text: string): Promise<ReturnType<typeof check>> {
  const snapshot = await loadSnapshot(new OverlayHost(new Map([['/etc/nginx/nginx.conf', text]]), null), [
    '/etc/nginx/nginx.conf',
  ]);
  return check(new ConfigModel(snapshot));
}

describe('nothing throws, whatever the text', () => {
  test('every prefix of every fixture', async () => {
    for (const text of new Set(texts)) {
      for (let end = 0; end <= text.length; end++) {
        const result = await checkText(text.slice(0, end));
        expect(result.schema).toBe(1);
      }
    }
  });

  test('random text', async () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      ';',
      '"',
      "'",
      '\\',
      '#',
      '$',
      '${',
      '\n',
      ' ',
      'server',
      'location',
      'http',
      'if',
      'map',
      'proxy_pass',
      'http://$x',
      'include',
      '\u00e9',
      '\ud83d\ude00',
      '\ud800',
      '\u0000',
      'a_by_lua_block',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        expect((await checkText(pieces.join(''))).schema).toBe(1);
      }),
      { seed: SEED, numRuns: 2000 * SCALE },
    );
  });

  test('a nest of ten thousand blocks', async () => {
    const depth = 10_000;
    const closed = await checkText(`${'a {\n'.repeat(depth)}${'}\n'.repeat(depth)}`);
    expect(closed.findings.filter((finding) => finding.severity === 'error')).toEqual([]);
    const open = await checkText('a {\n'.repeat(depth));
    expect(open.findings.map((finding) => finding.id)).toContain('unclosed-block');
  });
});

/** A document without the parts that editing keeps for later edits. */
function essence(document: ReturnType<typeof readDocument>): unknown {
  const { items, comments, problems } = document;
  return { items, comments, problems };
}

test('a document edited piece by piece equals one read at once', () => {
  // Long enough that blocks are taken over instead of walked again.
  const long = `http {\n${Array.from({ length: 30 }, (_, i) => `  server {\n    listen 127.0.0.1:80;\n    server_name s${i}.test; # one of many\n    location /${i}/ {\n      proxy_pass http://127.0.0.1:${3000 + i};\n      proxy_set_header Host $host;\n      proxy_set_header X-Real-IP $remote_addr;\n    }\n  }\n`).join('')}}\n`;
  fc.assert(
    fc.property(
      fc.constantFrom(long, ...texts),
      fc.array(
        fc.record({
          at: fc.nat(100_000),
          remove: fc.nat(12),
          insert: fc.constantFrom('', ';', '}', '{', ' x', '\n', '"', "'", '#', 'proxy_pass http://a;', '\\'),
        }),
        { maxLength: 6 },
      ),
      (first, edits) => {
        let text = first;
        let document = readDocument(text, { keepTree: true });
        for (const { at, remove, insert } of edits) {
          const start = at % (text.length + 1);
          const oldEnd = Math.min(text.length, start + remove);
          const next = text.slice(0, start) + insert + text.slice(oldEnd);
          const edited = editDocument(document, next, [{ start, oldEnd, newEnd: start + insert.length }], {
            keepTree: true,
          });
          release(document);
          document = edited;
          text = next;
          const fresh = readDocument(text);
          expect(essence(document)).toEqual(essence(fresh));
        }
        release(document);
      },
    ),
    { seed: SEED, numRuns: 300 * SCALE },
  );
});

test('the fix of a syntax error cures it and brings no other', async () => {
  const broken = [
    'events {}\nhttp {\n    server {\n        listen 127.0.0.1:80\n    }\n}\n',
    'events {}\nhttp {\n    server {\n        listen 127.0.0.1:80;\n        root /srv\n        index a;\n    }\n}\n',
    'events {}\nhttp {\n    server {\n        listen 127.0.0.1:80;\n}\n',
    'events {}\nhttp {\n    server {\n        listen 127.0.0.1:80;\n    }\n}\n}\n',
    'events {}\nhttp {\n    add_header A "x;\n    server {\n        listen 127.0.0.1:80;\n    }\n}\n',
    'events {};\nhttp {}\n',
    'events {}\nhttp {\n    add_header A "x"y;\n}\n',
  ];
  const syntax = (ids: readonly string[]): string[] =>
    ids.filter((id) => id !== 'wrong-argument-count' && id !== 'invalid-value');
  for (const text of broken) {
    const before = await checkText(text);
    expect(
      before.findings.map((finding) => finding.severity),
      text,
    ).toEqual(['error']);
    const fixed = applyEdits(text, before.findings[0]!.fixes[0]!.edits);
    const after = await checkText(fixed);
    // A word too many after a quote stays a word too many: only the quote's fault is cured.
    expect(syntax(after.findings.map(({ id }) => id)), fixed).toEqual([]);
  }
});
