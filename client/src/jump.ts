import type { Range as ConfigRange } from 'nginx-502/protocol';
import { Position, Range, TextEditorRevealType, Uri, ViewColumn, window, workspace } from 'vscode';

/** Opens a place of a configuration beside whatever else is open, selected and in sight. */
export async function jump(uri: string, { start, end }: ConfigRange): Promise<void> {
  const document = await workspace.openTextDocument(Uri.parse(uri));
  const at = ({ line, column }: ConfigRange['start']): Position =>
    document.validatePosition(new Position(Math.max(line - 1, 0), Math.max(column - 1, 0)));
  const selection = new Range(at(start), at(end));
  const editor = await window.showTextDocument(document, { viewColumn: editorColumn(), selection });
  editor.revealRange(selection, TextEditorRevealType.InCenterIfOutsideViewport);
}

/** A column that shows texts, so that a panel stays in sight. */
export function editorColumn(): ViewColumn {
  const [editor] = window.visibleTextEditors;
  return editor?.viewColumn ?? ViewColumn.One;
}
