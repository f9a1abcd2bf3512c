import {
  type DrawnSite,
  EFFECTIVE,
  type EffectiveParams,
  type EffectiveReply,
  ROUTE,
  type RouteAnswer,
  type RouteParams,
  type RouteReply,
} from 'nginx-502/protocol';
import { env, type QuickPickItem, Uri, ViewColumn, window, workspace } from 'vscode';
import type { ConfigurationChoice } from './configuration-choice.ts';
import { jump } from './jump.ts';
import { LANGUAGES, type ServerClient } from './server-client.ts';

const SCHEME = 'nginx502-request';

/** The commands "Which location serves this URL?" and "Show the request nginx sends". */
export class Routes {
  private last = '';
  private readonly texts = new Map<string, string>();
  private readonly provider = workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: (uri) => this.texts.get(uri.toString()) ?? '',
  });

  constructor(
    private readonly server: ServerClient,
    private readonly configuration: ConfigurationChoice,
  ) {}

  /** Names server and location, with the steps that led there, and goes where the user points. */
  async where(url: unknown): Promise<void> {
    const asked = await this.ask(url);
    if (!asked) return;
    const { reply } = asked;
    const items: (QuickPickItem & { run?: () => unknown })[] = reply.places.map((place) => ({
      label: `$(location) ${place.text}`,
      description: nameOf(place),
      run: () => jump(place.uri, place.range),
    }));
    if (reply.request !== null) {
      items.push({
        label: '$(file-text) Show the request nginx sends',
        run: () => this.open(asked.url, reply),
      });
    }
    const { command } = reply;
    if (command !== null) {
      items.push({
        label: '$(copy) Copy it as a command',
        description: command,
        run: () => env.clipboard.writeText(command),
      });
    }
    items.push(...reply.answer!.trace.map((step) => ({ label: `$(arrow-small-right) ${step}` })));
    const picked = await window.showQuickPick(items, {
      title: outcomeText(asked.url, reply.answer!),
      placeHolder: 'Go to what serves it',
      matchOnDescription: true,
    });
    await picked?.run?.();
  }

  /** Shows the request line and the headers that the backend gets, each with where it comes from. */
  async showRequest(url: unknown): Promise<void> {
    const asked = await this.ask(url);
    if (asked) await this.open(asked.url, asked.reply);
  }

  dispose(): void {
    this.provider.dispose();
  }

  private async open(url: string, { request, answer }: RouteReply): Promise<void> {
    if (request === null) {
      void window.showInformationMessage(
        `nginx sends nothing to a backend for ${url}: ${outcomeText(url, answer!)}`,
      );
      return;
    }
    const uri = Uri.from({ scheme: SCHEME, path: `/${new URL(url).host} request.http`, query: url });
    this.texts.set(uri.toString(), request);
    const document = await workspace.openTextDocument(uri);
    await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preview: true });
  }

  private async ask(
    given: unknown,
  ): Promise<{ url: string; reply: RouteReply & { answer: RouteAnswer } } | null> {
    const configuration = await this.configuration.current();
    if (!configuration) {
      void window.showInformationMessage(
        'Open an nginx configuration first, or a folder that holds an nginx.conf.',
      );
      return null;
    }
    const url =
      typeof given === 'string'
        ? given
        : await window.showInputBox({
            title: 'URL, as a client asks for it',
            prompt: 'Host and path decide; nothing is sent anywhere.',
            value: (await this.here()) ?? this.last,
            placeHolder: 'http://app.test/api/users',
            validateInput: (text) =>
              /^https?:\/\/[^/]/i.test(text) ? null : 'http:// or https://, and a host',
          });
    if (!url) return null;
    this.last = url;
    const params: RouteParams = {
      configuration: this.server.client.code2ProtocolConverter.asUri(configuration),
      url,
    };
    try {
      const reply: RouteReply = await this.server.client.sendRequest(ROUTE, params);
      if (reply.answer) return { url, reply: { ...reply, answer: reply.answer } };
      void window.showWarningMessage(`No answer: ${reply.problem}`);
    } catch (error) {
      void window.showWarningMessage(`No answer: ${(error as Error).message}`);
    }
    return null;
  }

  /** A URL that the location around the cursor serves. */
  private async here(): Promise<string | null> {
    const editor = window.activeTextEditor;
    if (!editor || !LANGUAGES.includes(editor.document.languageId)) return null;
    const { client } = this.server;
    const params: EffectiveParams = {
      uri: client.code2ProtocolConverter.asUri(editor.document.uri),
      position: editor.selection.active,
    };
    const reply = await client.sendRequest<EffectiveReply>(EFFECTIVE, params).catch(() => null);
    return reply?.url ?? null;
  }
}

function nameOf({ uri, range }: DrawnSite): string {
  return `${workspace.asRelativePath(Uri.parse(uri))}:${range.start.line}`;
}

function outcomeText(url: string, { outcome, location, server }: RouteAnswer): string {
  const path = url.replace(/^https?:\/\/[^/]*/i, '') || '/';
  switch (outcome.kind) {
    case 'location':
      return `${path} is served by location ${location?.text ?? '?'}`;
    case 'redirect':
      return `${path} is redirected (${outcome.status ?? '30x'}) to ${outcome.to ?? '?'}`;
    case 'return':
      return `${path} is answered with ${outcome.status ?? '?'} by the configuration`;
    case 'error':
      return `${path} is answered with ${outcome.status ?? 'a closed connection'} by nginx itself`;
    case 'server':
      return `${path} is served by server ${server?.names[0] || 'block'}, outside of its locations`;
  }
}
