import { type Disposable, type QuickPickItem, type TextEditor, type Uri, window, workspace } from 'vscode';
import { LANGUAGES } from './server-client.ts';

const EXCLUDED = '**/{node_modules,.git}/**';
/** Candidates offered at most. */
const MAX_FOUND = 50;

/** Which configuration a log line is judged by: one the user chose, else the one last edited, else one in the workspace. */
export class ConfigurationChoice {
  /** undefined: nobody has chosen; null: none, on purpose. */
  private chosen: Uri | null | undefined;
  private last: Uri | null = null;
  private readonly listener: Disposable;

  constructor() {
    const note = (editor: TextEditor | undefined): void => {
      if (editor && LANGUAGES.includes(editor.document.languageId)) this.last = editor.document.uri;
    };
    note(window.activeTextEditor);
    for (const editor of window.visibleTextEditors) if (!this.last) note(editor);
    this.listener = window.onDidChangeActiveTextEditor(note);
  }

  /** Whether the user chose it. */
  get isChosen(): boolean {
    return this.chosen !== undefined;
  }

  async current(): Promise<Uri | null> {
    if (this.chosen !== undefined) return this.chosen;
    return this.last ?? (await this.found())[0] ?? null;
  }

  /** Lets the user choose; false when nothing was. */
  async ask(): Promise<boolean> {
    const files = await this.found();
    if (this.last && !files.some((file) => file.toString() === this.last?.toString()))
      files.unshift(this.last);
    const items: (QuickPickItem & { uri?: Uri | null })[] = files.map((uri) => ({
      label: `$(file) ${workspace.asRelativePath(uri)}`,
      uri,
    }));
    items.push(
      { label: '$(folder-opened) Another file…' },
      { label: '$(circle-slash) None', description: 'judge by the text alone', uri: null },
    );
    const picked = await window.showQuickPick(items, {
      title: 'Configuration to judge by',
      placeHolder: 'Any file of the configuration; its nginx.conf is found from there',
    });
    if (!picked) return false;
    const uri =
      picked.uri !== undefined
        ? picked.uri
        : (
            await window.showOpenDialog({ title: 'Configuration to judge by', openLabel: 'Judge by this' })
          )?.[0];
    if (uri === undefined) return false;
    this.chosen = uri;
    return true;
  }

  dispose(): void {
    this.listener.dispose();
  }

  /** Main files in the workspace, the shallowest first. */
  private async found(): Promise<Uri[]> {
    const files = await workspace.findFiles('**/nginx.conf', EXCLUDED, MAX_FOUND);
    const depth = (uri: Uri): number => uri.path.split('/').length;
    return files.sort((a, b) => depth(a) - depth(b) || (a.path < b.path ? -1 : 1));
  }
}
