import { type InitializationOptions, PROCESS_ARGUMENTS } from 'nginx-502/protocol';
import { commands, window } from 'vscode';
import {
  CloseAction,
  ErrorAction,
  type ErrorHandler,
  LanguageClient,
  TransportKind,
} from 'vscode-languageclient/node';
import { withAbsolutePaths } from './paths.ts';
import { isEditable, serveVirtualFiles } from './virtual-files.ts';

/** Language ids that are nginx's: ours, and the one of other nginx extensions. */
export const LANGUAGES = ['nginx', 'NGINX'];

/** So many deaths in so many milliseconds, and the server stays off. */
const MAX_DEATHS = 5;
const WITHIN = 3 * 60_000;

export interface ServerClient {
  readonly client: LanguageClient;
  /** Starts the server anew, whatever has happened to it. */
  restart(): Promise<void>;
}

/** The connection to the language server, which runs in a process of its own. */
export function createServerClient(module: string): ServerClient {
  const errorHandler = new RestartWithMessage();
  const client = new LanguageClient(
    'nginx502',
    'nginx',
    { module, transport: TransportKind.ipc, options: { execArgv: [...PROCESS_ARGUMENTS] } },
    {
      documentSelector: LANGUAGES.map((language) => ({ language })),
      initializationOptions: { virtualFiles: true } satisfies InitializationOptions,
      errorHandler,
      middleware: {
        didOpen: async (document, next) => {
          if (isEditable(document)) await next(document);
        },
        didChange: async (event, next) => {
          if (isEditable(event.document)) await next(event);
        },
        didClose: async (document, next) => {
          if (isEditable(document)) await next(document);
        },
        provideCodeActions: (document, range, context, token, next) =>
          isEditable(document) ? next(document, range, context, token) : [],
        workspace: {
          configuration: async (params, token, next) => {
            const values = await next(params, token);
            if (!Array.isArray(values)) return values;
            return values.map((value, i) =>
              params.items[i]?.section === 'nginx502' ? withAbsolutePaths(value) : value,
            );
          },
        },
      },
    },
  );
  serveVirtualFiles(client);
  return {
    client,
    restart: async () => {
      errorHandler.forget();
      // A server that has died cannot be stopped; the library says so by throwing.
      await client.stop().catch(() => {});
      await client.start();
    },
  };
}

/** Starts a server that has died again and says so; gives up on one that keeps dying. */
class RestartWithMessage implements ErrorHandler {
  private deaths: number[] = [];

  error(): { action: ErrorAction } {
    return { action: ErrorAction.Continue };
  }

  /** Says it itself: the library would only write it into its log. */
  closed(): { action: CloseAction; handled: true } {
    const now = Date.now();
    this.deaths = [...this.deaths.filter((time) => now - time < WITHIN), now];
    if (this.deaths.length < MAX_DEATHS) {
      void window.showInformationMessage(
        'The nginx language server ended unexpectedly and has been started again.',
      );
      return { action: CloseAction.Restart, handled: true };
    }
    const start = 'Start it again';
    void window
      .showErrorMessage(
        `The nginx language server ended ${MAX_DEATHS} times within three minutes and stays off.`,
        start,
      )
      .then((picked) => {
        if (picked === start) void commands.executeCommand('nginx502.restartServer');
      });
    return { action: CloseAction.DoNotRestart, handled: true };
  }

  forget(): void {
    this.deaths = [];
  }
}
