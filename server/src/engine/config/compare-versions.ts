/** Compares dotted versions; a missing part counts as the highest, for "1.25" may be any 1.25.x. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? Number.POSITIVE_INFINITY) - (right[i] ?? Number.POSITIVE_INFINITY);
    if (Number.isNaN(difference)) continue;
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

/** Whether a text is a version as options take it: N.N or N.N.N. */
export function isVersion(text: string): boolean {
  return /^\d{1,3}\.\d{1,3}(?:\.\d{1,3})?$/.test(text);
}
