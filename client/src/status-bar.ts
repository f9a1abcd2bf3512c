import { STATUS, type StatusParams } from 'nginx-502/protocol';
import { commands, Disposable, type QuickPickItem, StatusBarAlignment, Uri, window, workspace } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { LANGUAGES } from './server-client.ts';

/** Says for which nginx the file in front is judged, and as part of which configuration. */
export class StatusBar {
  private readonly item = window.createStatusBarItem('nginx502.status', StatusBarAlignment.Right, 100);
  private readonly statuses = new Map<string, StatusParams>();
  private readonly listeners: Disposable;
  private running = false;

  constructor(client: LanguageClient) {
    this.item.name = 'nginx';
    this.item.command = 'nginx502.showStatus';
    this.listeners = Disposable.from(
      client.onNotification(STATUS, (status: StatusParams) => {
        this.statuses.set(this.key(Uri.parse(status.uri)), status);
        this.update();
      }),
      workspace.onDidCloseTextDocument((document) => void this.statuses.delete(this.key(document.uri))),
      window.onDidChangeActiveTextEditor(() => this.update()),
    );
    this.update();
  }

  get text(): string {
    return this.item.text;
  }

  get tooltip(): string {
    return String(this.item.tooltip ?? '');
  }

  serverIs(running: boolean): void {
    this.running = running;
    if (!running) this.statuses.clear();
    this.update();
  }

  /** The same at length, with what one may do about it. */
  async show(): Promise<void> {
    const status = this.current();
    const items: (QuickPickItem & { run: () => unknown })[] = [];
    if (status) {
      const entry = Uri.parse(status.entryFile);
      items.push({
        label: `$(versions) ${versionText(status)}`,
        description: versionSource(status),
        detail: 'Set the version in the settings',
        run: () => commands.executeCommand('workbench.action.openSettings', 'nginx502.nginxVersion'),
      });
      items.push({
        label: `$(file) ${entryText(status)}`,
        description: workspace.asRelativePath(entry),
        detail: 'Open it',
        run: () => window.showTextDocument(entry),
      });
    }
    items.push({
      label: '$(refresh) Restart language server',
      run: () => commands.executeCommand('nginx502.restartServer'),
    });
    const title = status ? 'nginx: how this file is judged' : 'nginx: no configuration is open here';
    const picked = await window.showQuickPick(items, { title });
    await picked?.run();
  }

  dispose(): void {
    this.listeners.dispose();
    this.item.dispose();
  }

  private current(): StatusParams | undefined {
    const uri = window.activeTextEditor?.document.uri;
    return uri && this.statuses.get(this.key(uri));
  }

  /** Client and server may write the same URI differently ("%3A"). */
  private key(uri: Uri): string {
    return uri.toString();
  }

  private update(): void {
    const document = window.activeTextEditor?.document;
    if (!document || !LANGUAGES.includes(document.languageId)) {
      this.item.hide();
      return;
    }
    const status = this.current();
    if (!this.running) {
      this.item.text = '$(warning) nginx';
      this.item.tooltip = 'The nginx language server is not running';
    } else if (!status) {
      this.item.text = 'nginx';
      this.item.tooltip = 'Not checked yet';
    } else {
      this.item.text = status.version.value === null ? 'nginx: any release' : `nginx ${status.version.value}`;
      this.item.tooltip = `${versionText(status)} (${versionSource(status)})\n${entryText(status)}`;
    }
    this.item.show();
  }
}

function versionText({ version }: StatusParams): string {
  return version.value === null ? 'Judged for every nginx release' : `Judged for nginx ${version.value}`;
}

function versionSource({ version }: StatusParams): string {
  return version.value === null ? `version ${version.from}` : `from ${version.from}`;
}

function entryText({ uri, entryFile }: StatusParams): string {
  return Uri.parse(uri).toString() === Uri.parse(entryFile).toString()
    ? 'Entry file: this one'
    : `Entry file: ${workspace.asRelativePath(Uri.parse(entryFile))}`;
}
