import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Expectation } from '../support/fixture.ts';

/** What the extension gives to its tests; see client/src/extension.ts. */
interface Api {
  readonly server: { readonly client: object };
  readonly statusBar: { readonly text: string; readonly tooltip: string };
  readonly explainPanel: { readonly shown: string };
}

export function workspaceFile(...names: string[]): vscode.Uri {
  return vscode.Uri.file(path.join(vscode.workspace.workspaceFolders![0]!.uri.fsPath, ...names));
}

export async function api(): Promise<Api> {
  const extension = vscode.extensions.getExtension<Api>('nginx-502.nginx-502-vscode');
  assert.ok(extension, 'the extension is not there');
  return extension.activate();
}

export async function open(uri: vscode.Uri): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: false });
  return document;
}

/** Asks again and again until the answer is one; a cancelled request is no answer. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  milliseconds = 15_000,
): Promise<T> {
  const end = Date.now() + milliseconds;
  let last: unknown = null;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never happened: ${what}${last ? ` (${(last as Error).message})` : ''}`);
}

export function idOf(diagnostic: vscode.Diagnostic): string {
  const { code } = diagnostic;
  return String(typeof code === 'object' ? code.value : code);
}

const SEVERITIES = ['error', 'warning', 'info', 'hint'];

/** The squiggles of a file in the form of the carets in the fixtures. */
export function squiggles(uri: vscode.Uri): Expectation[] {
  return vscode.languages
    .getDiagnostics(uri)
    .filter((diagnostic) => diagnostic.source === 'nginx-502')
    .map((diagnostic) => ({
      line: diagnostic.range.start.line + 1,
      column: diagnostic.range.start.character + 1,
      endColumn: diagnostic.range.end.character + 1,
      severity: SEVERITIES[diagnostic.severity]!,
      id: idOf(diagnostic),
    }))
    .sort((a, b) => a.line - b.line);
}

export async function squigglesAre(uri: vscode.Uri, wanted: readonly Expectation[]): Promise<void> {
  const text = JSON.stringify(wanted);
  await until(
    `${path.basename(uri.fsPath)} shows ${text}`,
    () => JSON.stringify(squiggles(uri)) === text,
  ).catch(() => assert.deepEqual(squiggles(uri), wanted));
}

/** Quick fixes where a finding stands, the suppression aside. VS Code does not tell here for which diagnostic each is. */
export async function quickFixes(
  uri: vscode.Uri,
  diagnostic: vscode.Diagnostic,
): Promise<vscode.CodeAction[]> {
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    uri,
    diagnostic.range,
    vscode.CodeActionKind.QuickFix.value,
  );
  return actions.filter((action) => action.edit !== undefined && !action.title.startsWith('Ignore '));
}

/** Sets a setting of the user and takes it back when the work is done. */
export async function withSetting<T>(name: string, value: unknown, work: () => Promise<T>): Promise<T> {
  const settings = vscode.workspace.getConfiguration('nginx502');
  await settings.update(name, value, vscode.ConfigurationTarget.Global);
  try {
    return await work();
  } finally {
    await settings.update(name, undefined, vscode.ConfigurationTarget.Global);
  }
}

/** Leaves no editor open, whatever was typed. */
export async function closeAll(): Promise<void> {
  // Closing an unsaved document would ask.
  for (const document of vscode.workspace.textDocuments) {
    // VS Code itself may be about to save its settings.
    const own = document.isUntitled || vscode.workspace.getWorkspaceFolder(document.uri) !== undefined;
    if (!document.isDirty || !own) continue;
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  }
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}
