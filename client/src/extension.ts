import path from 'node:path';
import { CHECKED } from 'nginx-502/protocol';
import { commands, type ExtensionContext, window } from 'vscode';
import { State } from 'vscode-languageclient/node';
import { ConfigurationChoice } from './configuration-choice.ts';
import { ExplainPanel } from './explain-panel.ts';
import { FixPreview } from './fix-preview.ts';
import { leaveOtherFormatsAlone } from './other-formats.ts';
import { Routes } from './routes.ts';
import { createServerClient, type ServerClient } from './server-client.ts';
import { StatusBar } from './status-bar.ts';

/** What the extension gives to its tests. */
export interface Api {
  readonly server: ServerClient;
  readonly statusBar: StatusBar;
  readonly explainPanel: ExplainPanel;
}

let server: ServerClient | null = null;

export function activate(context: ExtensionContext): Api {
  const started = createServerClient(context.asAbsolutePath(path.join('dist', 'server.cjs')));
  server = started;
  const statusBar = new StatusBar(started.client);
  const configuration = new ConfigurationChoice();
  const preview = new FixPreview();
  const explainPanel = new ExplainPanel(context.extensionUri, started, configuration, preview);
  const routes = new Routes(started, configuration);
  context.subscriptions.push(
    statusBar,
    configuration,
    preview,
    explainPanel,
    leaveOtherFormatsAlone(),
    started.client.onDidChangeState(({ newState }) => statusBar.serverIs(newState === State.Running)),
    started.client.onNotification(CHECKED, () => explainPanel.refresh()),
    commands.registerCommand('nginx502.restartServer', () => started.restart()),
    commands.registerCommand('nginx502.showStatus', () => statusBar.show()),
    commands.registerCommand('nginx502.explain', (text: unknown) =>
      explainPanel.open(typeof text === 'string' ? text : selectedText()),
    ),
    commands.registerCommand('nginx502.goToPlace', () => explainPanel.goToPlace()),
    routes,
    commands.registerCommand('nginx502.route', (url: unknown) => routes.where(url)),
    commands.registerCommand('nginx502.showRequest', (url: unknown) => routes.showRequest(url)),
  );
  // Not awaited: the editor need not wait for the server. The library tells when it cannot be started.
  void started.client.start().catch(() => {});
  return { server: started, statusBar, explainPanel };
}

export async function deactivate(): Promise<void> {
  await server?.client.dispose().catch(() => {});
  server = null;
}

/** The selection; without one the line of a log in which the cursor stands. */
function selectedText(): string | null {
  const editor = window.activeTextEditor;
  if (!editor) return null;
  const { document, selections } = editor;
  const selected = selections.map((selection) => document.getText(selection)).filter((text) => text !== '');
  if (selected.length > 0) return selected.join('\n');
  return document.languageId === 'nginx-error-log' ? document.lineAt(editor.selection.active).text : null;
}
