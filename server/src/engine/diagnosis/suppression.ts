import type { Finding, Range } from '../contract.ts';
import type { Item } from '../syntax/directive.ts';
import type { SyntaxDocument } from '../syntax/document.ts';

/** `# nginx-502: ignore <id>[, <id>] -- reason`, at a finding's first line or alone on the line above. */
export interface Suppression {
  readonly file: string;
  readonly range: Range;
  readonly ids: readonly string[];
  readonly reason: string | null;
  /** Lines it covers, 1-based, both included. */
  readonly from: number;
  readonly to: number;
}

const MARK = /^#\s*nginx-502\s*:\s*(.*)$/i;
const IGNORE = /^ignore\s+([\w-]+(?:\s*,\s*[\w-]+)*)\s*(.*)$/i;

/** All suppression comments of a file, broken ones included. */
export function suppressionsIn(file: string, document: SyntaxDocument): Suppression[] {
  const found: Suppression[] = [];
  if (!document.text.includes('nginx-502')) return found;
  for (const comment of allComments(document)) {
    const mark = MARK.exec(comment.text);
    if (!mark) continue;
    const range = document.lines.range(comment.at, comment.at + comment.text.length);
    const { line } = range.start;
    const ignore = IGNORE.exec(mark[1]!.trim());
    const tail = ignore?.[2] ?? '';
    const reason = tail.startsWith('--') ? tail.slice(2).trim() : '';
    const alone = document.text.slice(document.lines.line(line).start, comment.at).trim() === '';
    const target = alone ? nextCodeLine(document, line) : line;
    found.push({
      file,
      range,
      ids: ignore ? ignore[1]!.split(',').map((id) => id.trim()) : [],
      reason: reason === '' ? null : reason,
      from: target,
      to: alone ? lastLineOfBlockAt(document, target) : target,
    });
  }
  return found;
}

interface AbsoluteComment {
  readonly at: number;
  readonly text: string;
}

function allComments(document: SyntaxDocument): AbsoluteComment[] {
  const found: AbsoluteComment[] = [...document.comments];
  const work: { item: Item; base: number }[] = document.items.map((item) => ({ item, base: 0 }));
  while (work.length > 0) {
    const { item, base } = work.pop()!;
    const start = base + item.at;
    const { directive } = item;
    for (const comment of directive.comments) found.push({ at: start + comment.at, text: comment.text });
    for (const comment of directive.block?.comments ?? [])
      found.push({ at: start + comment.at, text: comment.text });
    for (const child of directive.block?.items ?? []) work.push({ item: child, base: start });
  }
  return found.sort((a, b) => a.at - b.at);
}

/** The next line that is not a comment alone: several suppressions may stand above one line. */
function nextCodeLine(document: SyntaxDocument, line: number): number {
  let next = line + 1;
  for (; next < document.lines.lineCount; next++) {
    const { start, end } = document.lines.line(next);
    if (!/^[ \t]*#/.test(document.text.slice(start, end))) break;
  }
  return next;
}

/** The last line of a block whose first line is the given one; else that line itself. */
function lastLineOfBlockAt(document: SyntaxDocument, line: number): number {
  const work: { items: readonly Item[]; base: number }[] = [{ items: document.items, base: 0 }];
  while (work.length > 0) {
    const { items, base } = work.pop()!;
    for (const { at, directive } of items) {
      const start = base + at;
      if (!directive.block) continue;
      const first = document.lines.lineAt(start);
      const last = document.lines.lineAt(start + directive.end);
      if (first === line) return last;
      if (first < line && line <= last) work.push({ items: directive.block.items, base: start });
    }
  }
  return line;
}

/** Applies suppressions: what remains, and what is wrong with the comments themselves. */
export function applySuppressions(
  findings: readonly Finding[],
  suppressions: readonly Suppression[],
  knownIds: ReadonlySet<string>,
): Finding[] {
  const used = new Set<Suppression>();
  const kept = findings.filter((finding) => {
    const { line } = finding.range.start;
    for (const suppression of suppressions) {
      if (suppression.file !== finding.file || suppression.reason === null) continue;
      if (line < suppression.from || line > suppression.to || !suppression.ids.includes(finding.id)) continue;
      used.add(suppression);
      return false;
    }
    return true;
  });
  for (const suppression of suppressions) {
    const complaint = complaintAbout(suppression, knownIds, used.has(suppression));
    if (complaint) kept.push(complaint);
  }
  return kept;
}

function complaintAbout(
  suppression: Suppression,
  knownIds: ReadonlySet<string>,
  used: boolean,
): Finding | null {
  const common = {
    file: suppression.file,
    range: suppression.range,
    status: null,
    versions: null,
    related: [],
  };
  const unknown = suppression.ids.find((id) => !knownIds.has(id));
  const wrong =
    suppression.ids.length === 0
      ? 'this comment names nothing to ignore'
      : unknown !== undefined
        ? `"${unknown}" is not the id of a finding`
        : suppression.reason === null
          ? 'this suppression gives no reason, so it is not honoured'
          : null;
  if (wrong) {
    return {
      ...common,
      id: 'invalid-suppression',
      severity: 'warning',
      certainty: 'certain',
      message: wrong,
      why: 'Whoever reads the file later must be able to tell why the finding does not matter here.',
      do: 'Write "# nginx-502: ignore ID -- reason"; nginx-502 why lists the ids.',
      fixes: [],
    };
  }
  if (used) return null;
  return {
    ...common,
    id: 'unused-suppression',
    severity: 'hint',
    certainty: 'certain',
    message: `nothing here is reported as ${suppression.ids.join(' or ')}`,
    why: 'The reason for this comment is gone, and it would hide a new fault of that kind.',
    do: 'Remove the comment.',
    fixes: [
      {
        title: 'remove the comment',
        safety: 'choice',
        edits: [{ file: suppression.file, range: suppression.range, newText: '' }],
      },
    ],
  };
}
