import { expect, test } from 'vitest';
import { LogExplainer } from './engine/diagnosis/explain-log.ts';
import { readLogStream } from './log-file.ts';

const LINE =
  '2026/01/31 03:00:00 [error] 42#42: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.9, server: bücher.test, request: "GET /straße/日本/😀?q=é HTTP/1.1", upstream: "http://127.0.0.1:3001/straße/日本/😀?q=é", host: "bücher.test"\n';

async function sampleOf(chunks: readonly Uint8Array[]): Promise<string | undefined> {
  const explainer = new LogExplainer({ model: null });
  async function* stream(): AsyncIterable<Uint8Array> {
    yield* chunks;
  }
  expect(await readLogStream('error.log', stream(), explainer)).toBeNull();
  return explainer.end({ value: null, from: 'test' }, []).groups[0]?.sample;
}

test('a log reads the same however its bytes are cut, characters of several bytes and damaged ones included', async () => {
  const whole = new TextEncoder().encode(LINE);
  const damaged = whole.slice();
  damaged[whole.indexOf(0xc3) + 1] = 0x61;
  for (const bytes of [whole, damaged]) {
    const text = new TextDecoder().decode(bytes).trimEnd();
    for (let cut = 1; cut < bytes.length; cut++) {
      const middle = Math.min(cut + 1, bytes.length);
      const chunks = [
        bytes.subarray(0, cut),
        new Uint8Array(),
        bytes.subarray(cut, middle),
        bytes.subarray(middle),
      ];
      expect(await sampleOf(chunks), `cut at byte ${cut}`).toBe(text);
    }
  }
});
