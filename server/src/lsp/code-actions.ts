import {
  type CodeAction,
  CodeActionKind,
  type Diagnostic,
  type TextDocumentEdit,
  type TextEdit,
} from 'vscode-languageserver';
import type { Edit, Finding } from '../engine/contract.ts';
import { GENERAL_IDS } from '../engine/diagnosis/finding-ids.ts';
import { applyEdits, selectFixes } from '../engine/diagnosis/fixes.ts';
import { sentence, toDiagnostic, toLspRange, uriOf } from './convert.ts';
import type { Checked } from './workspace.ts';

/** Kind of "fix all safe problems"; editors run it on save when it is named in their settings. */
export const FIX_ALL = `${CodeActionKind.SourceFixAll}.nginx-502`;

/** Version of an open document, null of one that is only on the disk: the client refuses edits of an older text. */
export type VersionOf = (file: string) => number | null;

/** Quick fixes for one finding: its fixes with the preferred one marked, then the suppression. */
export function quickFixes(
  checked: Checked,
  finding: Finding,
  shown: readonly Diagnostic[],
  versionOf: VersionOf,
): CodeAction[] {
  const own = toDiagnostic(finding);
  const diagnostics = shown.filter(
    (d) => d.code === own.code && JSON.stringify(d.range) === JSON.stringify(own.range),
  );
  const actions: CodeAction[] = finding.fixes.map((fix, i) => ({
    title: sentence(fix.title),
    kind: CodeActionKind.QuickFix,
    diagnostics: diagnostics.length > 0 ? diagnostics : [own],
    isPreferred: i === 0 && fix.safety !== 'choice',
    edit: { documentChanges: documentChanges(fix.edits, versionOf) },
  }));
  const suppression = suppress(checked, finding);
  if (suppression) {
    actions.push({
      title: `Ignore ${finding.id} here, with a reason`,
      kind: CodeActionKind.QuickFix,
      diagnostics: diagnostics.length > 0 ? diagnostics : [own],
      edit: { documentChanges: documentChanges([suppression], versionOf) },
    });
  }
  return actions;
}

/** A comment above the finding's line. The reason is the user's to write: until then the comment says what it lacks. */
function suppress(checked: Checked, finding: Finding): Edit | null {
  // What nginx refuses cannot be wished away.
  if ((GENERAL_IDS as readonly string[]).includes(finding.id)) return null;
  const document = checked.model.snapshot.files.get(finding.file);
  if (!document) return null;
  const { line } = finding.range.start;
  const span = document.lines.line(line);
  const indent = /^[ \t]*/.exec(document.text.slice(span.start, span.end))![0];
  const eol = document.text.includes('\r\n') ? '\r\n' : '\n';
  const at = { line, column: 1 };
  return {
    file: finding.file,
    range: { start: at, end: at },
    newText: `${indent}# nginx-502: ignore ${finding.id} -- it does not matter here: say why${eol}`,
  };
}

const MAX_PASSES = 10;

/** All safe fixes of a configuration in one action, worked out pass by pass; null when there is none. */
export async function fixAllSafe(
  checked: Checked,
  checkTexts: (texts: ReadonlyMap<string, string>) => Promise<Checked>,
  versionOf: VersionOf,
): Promise<CodeAction | null> {
  const texts = new Map<string, string>();
  let now = checked;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const selected = selectFixes(now.result.findings, 'safe');
    if (selected.length === 0) break;
    for (const file of new Set(selected.flatMap(({ fix }) => fix.edits.map((edit) => edit.file)))) {
      const text = now.model.snapshot.files.get(file)?.text;
      const edits = selected.flatMap(({ fix }) => fix.edits).filter((edit) => edit.file === file);
      if (text !== undefined) texts.set(file, applyEdits(text, edits));
    }
    now = await checkTexts(texts);
  }
  if (texts.size === 0) return null;
  const changes = [...texts].map(([file, text]): TextDocumentEdit => {
    const before = checked.model.snapshot.files.get(file)!;
    return {
      textDocument: { uri: uriOf(file), version: versionOf(file) },
      edits: [
        smallestReplacement(
          before.text,
          text,
          (offset) => toLspRange(before.lines.range(offset, offset)).start,
        ),
      ],
    };
  });
  return { title: 'Fix all safe problems', kind: FIX_ALL, edit: { documentChanges: changes } };
}

/** One replacement between the common start and the common end of two texts. */
function smallestReplacement(
  before: string,
  after: string,
  position: (offset: number) => TextEdit['range']['start'],
): TextEdit {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  const room = Math.min(before.length, after.length) - start;
  while (end < room && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return {
    range: { start: position(start), end: position(before.length - end) },
    newText: after.slice(start, after.length - end),
  };
}

/** Edits as the protocol wants them, for exactly the versions of the documents that the client has now. */
export function documentChanges(edits: readonly Edit[], versionOf: VersionOf): TextDocumentEdit[] {
  const byFile = new Map<string, TextEdit[]>();
  for (const edit of edits) {
    const list = byFile.get(edit.file) ?? [];
    list.push({ range: toLspRange(edit.range), newText: edit.newText });
    byFile.set(edit.file, list);
  }
  return [...byFile].map(([file, list]) => ({
    textDocument: { uri: uriOf(file), version: versionOf(file) },
    edits: list,
  }));
}
