import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { MAULINGS } from './mauler.ts';
import { numbers } from './mutations.ts';

/** A line as it was pasted, with the causes that its thread confirmed. */
export interface Sample {
  readonly id: string;
  readonly line: string;
  readonly right: readonly string[];
}

/** What became of the lines that one mauling changed. */
export interface Tally {
  changed: number;
  /** Nothing was recognised any more. */
  lost: number;
  /** Another cause stands first. */
  moved: number;
  /** The true cause is not among the first three. */
  out: number;
  /** A wrong cause is called certain. */
  wrong: number;
}

export interface Miss {
  readonly how: string;
  readonly id: string;
  readonly text: string;
  readonly expected: string;
  readonly got: string;
}

interface Answer {
  readonly message: string | null;
  readonly ids: readonly string[];
  readonly certain: boolean;
}

/** What is said to a text without a configuration. */
export function answerTo(text: string): Answer {
  const explainer = new LogExplainer({ model: null });
  explainer.push(`${text}\n`);
  const explanation = explainer.end({ value: null, from: 'unknown' }, []).groups[0]?.explanation;
  const causes = explanation?.causes ?? [];
  return {
    message: explanation?.message?.id ?? null,
    ids: causes.map(({ id }) => id),
    certain: causes[0]?.certainty === 'certain',
  };
}

/** Mauls each line in each way, `pairs` times also in two ways at once, and counts what is lost by it. */
export function score(
  samples: readonly Sample[],
  { seed, pairs }: { readonly seed: number; readonly pairs: number },
): { readonly tallies: ReadonlyMap<string, Tally>; readonly misses: readonly Miss[] } {
  const random = numbers(seed);
  const names = Object.keys(MAULINGS);
  const tallies = new Map<string, Tally>();
  const misses: Miss[] = [];
  const name = (): string => names[Math.floor(random() * names.length)]!;

  const count = (how: string, sample: Sample, first: string, text: string): void => {
    const tally = tallies.get(how) ?? { changed: 0, lost: 0, moved: 0, out: 0, wrong: 0 };
    tallies.set(how, tally);
    if (text === sample.line) return;
    tally.changed++;
    const { message, ids, certain } = answerTo(text);
    if (message === null) tally.lost++;
    if (ids[0] !== first) {
      tally.moved++;
      misses.push({ how, id: sample.id, text, expected: first, got: `${message}: ${ids.join(' ')}` });
    }
    if (!ids.slice(0, 3).some((id) => sample.right.includes(id))) tally.out++;
    if (certain && !sample.right.includes(ids[0]!)) tally.wrong++;
  };

  for (const sample of samples) {
    const first = answerTo(sample.line).ids[0];
    // What is not known without its configuration cannot be lost.
    if (first === undefined || !sample.right.includes(first)) continue;
    for (const how of names) count(how, sample, first, MAULINGS[how]!(sample.line, random));
    for (let i = 0; i < pairs; i++) {
      const text = MAULINGS[name()]!(MAULINGS[name()]!(sample.line, random), random);
      count('in two ways', sample, first, text);
    }
  }
  return { tallies, misses };
}
