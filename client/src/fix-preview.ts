import type { FixAnswer } from 'nginx-502/protocol';
import { commands, type Disposable, Uri, ViewColumn, workspace } from 'vscode';

const SCHEME = 'nginx502-fix';

/** Shows files as a fix would make them, beside what they are. */
export class FixPreview {
  private texts = new Map<string, string>();
  private readonly provider: Disposable;
  private count = 0;

  constructor() {
    this.provider = workspace.registerTextDocumentContentProvider(SCHEME, {
      provideTextDocumentContent: (uri) => this.texts.get(uri.toString()) ?? '',
    });
  }

  async show(title: string, files: FixAnswer['files']): Promise<void> {
    // A new name each time: the editor would show the text of the one before.
    const query = `${++this.count}`;
    this.texts = new Map();
    const pairs = files.map(({ uri, text }): [Uri, Uri] => {
      const before = Uri.parse(uri);
      const after = Uri.from({ scheme: SCHEME, path: before.path, query });
      this.texts.set(after.toString(), text);
      return [before, after];
    });
    if (pairs.length === 1) {
      const options = { viewColumn: ViewColumn.One, preview: true };
      await commands.executeCommand('vscode.diff', ...pairs[0]!, title, options);
    } else {
      await commands.executeCommand(
        'vscode.changes',
        title,
        pairs.map(([before, after]) => [before, before, after]),
      );
    }
  }

  dispose(): void {
    this.provider.dispose();
  }
}
