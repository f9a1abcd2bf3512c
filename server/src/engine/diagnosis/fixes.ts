import type { Edit, Finding, Fix, Safety } from '../contract.ts';
import { LineIndex } from '../syntax/line-index.ts';

/** Applies edits to one text; they must not overlap. Edits at the same place keep their order. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const lines = new LineIndex(text);
  const spans = edits
    .map((edit, order) => ({
      start: lines.offset(edit.range.start),
      end: lines.offset(edit.range.end),
      newText: edit.newText,
      order,
    }))
    .sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
  let out = '';
  let at = 0;
  for (const span of spans) {
    out += text.slice(at, span.start) + span.newText;
    at = span.end;
  }
  return out + text.slice(at);
}

/** Whether a fix may be applied in bulk: the safe ones, and with `review` those that a person looks at afterwards. */
export function isAllowed({ safety }: Fix, upTo: Safety): boolean {
  return safety === 'safe' || (safety === 'review' && upTo !== 'safe');
}

/**
 * The fixes to apply in one pass: the first of each finding, where its safety allows. A fix that touches what an
 * earlier one in the pass changes waits for the next pass, when it is worked out anew. Two insertions at one place
 * count as touching, for the second may repeat the first.
 */
export function selectFixes(findings: readonly Finding[], upTo: Safety): { finding: Finding; fix: Fix }[] {
  const selected: { finding: Finding; fix: Fix }[] = [];
  const taken: Edit[] = [];
  for (const finding of findings) {
    const fix = finding.fixes[0];
    if (!fix || !isAllowed(fix, upTo)) continue;
    if (fix.edits.some((edit) => taken.some((other) => touches(edit, other)))) continue;
    taken.push(...fix.edits);
    selected.push({ finding, fix });
  }
  return selected;
}

function touches(a: Edit, b: Edit): boolean {
  if (a.file !== b.file) return false;
  return !before(a, b) && !before(b, a);
}

/** Whether the first edit ends before the second begins. */
function before(a: Edit, b: Edit): boolean {
  const end = a.range.end;
  const start = b.range.start;
  return end.line < start.line || (end.line === start.line && end.column < start.column);
}

/** Edits of several fixes by file. */
export function editsByFile(fixes: readonly Fix[]): Map<string, Edit[]> {
  const byFile = new Map<string, Edit[]>();
  for (const edit of fixes.flatMap((fix) => fix.edits)) {
    const edits = byFile.get(edit.file) ?? [];
    edits.push(edit);
    byFile.set(edit.file, edits);
  }
  return byFile;
}
