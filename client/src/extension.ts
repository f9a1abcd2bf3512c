import path from 'node:path';
import { commands, type ExtensionContext } from 'vscode';
import { State } from 'vscode-languageclient/node';
import { leaveOtherFormatsAlone } from './other-formats.ts';
import { createServerClient, type ServerClient } from './server-client.ts';
import { StatusBar } from './status-bar.ts';

/** What the extension gives to its tests. */
export interface Api {
  readonly server: ServerClient;
  readonly statusBar: StatusBar;
}

let server: ServerClient | null = null;

export function activate(context: ExtensionContext): Api {
  server = createServerClient(context.asAbsolutePath(path.join('dist', 'server.cjs')));
  const statusBar = new StatusBar(server.client);
  context.subscriptions.push(
    statusBar,
    leaveOtherFormatsAlone(),
    server.client.onDidChangeState(({ newState }) => statusBar.serverIs(newState === State.Running)),
    commands.registerCommand('nginx502.restartServer', () => server?.restart()),
    commands.registerCommand('nginx502.showStatus', () => statusBar.show()),
  );
  // Not awaited: the editor need not wait for the server. The library tells when it cannot be started.
  void server.client.start().catch(() => {});
  return { server, statusBar };
}

export async function deactivate(): Promise<void> {
  await server?.client.dispose().catch(() => {});
  server = null;
}
