import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GRAMMAR } from './language.ts';

/** One case of a corpus file in tree-sitter's own format. */
export interface CorpusCase {
  readonly file: string;
  readonly title: string;
  readonly source: string;
  /** The S-expression, one blank between its parts. */
  readonly expected: string;
}

const CASE =
  /^=+\n(?<title>.+)\n=+\n(?<source>[\s\S]*?)\n---+\n(?<expected>[\s\S]*?)\s*(?=^===|$(?![\s\S]))/gm;

/** Reads every case of test/corpus. */
export function readCorpus(): CorpusCase[] {
  const folder = join(GRAMMAR, 'test', 'corpus');
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return [...text.matchAll(CASE)].map(({ groups }) => ({
        file,
        title: groups!.title!,
        source: groups!.source!,
        expected: groups!.expected!.replace(/\s+/g, ' '),
      }));
    });
}
