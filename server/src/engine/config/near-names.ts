/** The candidate that a word was most likely meant to be; null when none is near, or two are equally near. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const limit = word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
  const lower = word.toLowerCase();
  let best: string | null = null;
  let least = limit + 1;
  let tied = false;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > Math.min(limit, least)) continue;
    const far = lower === candidate.toLowerCase() ? 0 : distance(lower, candidate.toLowerCase(), least);
    if (far < least) {
      best = candidate;
      least = far;
      tied = false;
    } else if (far === least && candidate !== best) tied = true;
  }
  return tied || least > limit ? null : best;
}

/** Insertions, deletions, replacements and swaps of neighbours that make one word of the other; stops at `limit`. */
function distance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, before[j - 2]! + 1);
      next.push(cost);
    }
    if (Math.min(...next) > limit) return limit + 1;
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** Whether one letter too many, too few, wrong or swapped with its neighbour tells two words apart. */
export function isOneLetterAway(a: string, b: string): boolean {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left !== right && Math.abs(a.length - b.length) < 2 && distance(left, right, 1) === 1;
}
