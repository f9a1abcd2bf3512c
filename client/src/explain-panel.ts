import { randomBytes } from 'node:crypto';
import path from 'node:path';
import {
  EXPLAIN,
  type ExplainAnswer,
  type ExplainParams,
  FIX,
  type FixAnswer,
  type FixParams,
} from 'nginx-502/protocol';
import {
  CancellationTokenSource,
  env,
  TabInputText,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import type { ConfigurationChoice } from './configuration-choice.ts';
import type { FixPreview } from './fix-preview.ts';
import { editorColumn, jump } from './jump.ts';
import {
  type FixChoice,
  type PanelAnswer,
  type PanelState,
  readViewMessage,
  type StateMessage,
  type ViewMessage,
} from './panel-messages.ts';
import type { ServerClient } from './server-client.ts';

/** Kinds of event shown; the rest is counted. */
const MAX_GROUPS = 20;
/** Characters of a log line shown. */
const MAX_SAMPLE = 4000;
/** Milliseconds until a view that has not acknowledged is told again, and how often. */
const PATIENCE = 1000;
const ATTEMPTS = 10;
/** Milliseconds without a further change of the configuration before the answer follows. */
const REST = 250;

const EMPTY: PanelState = {
  text: '',
  log: null,
  busy: false,
  failure: null,
  notice: null,
  answer: null,
  openLog: null,
  configuration: null,
};

/**
 * The panel "Explain this 502 log line". All that it shows is kept here, never on the disk: its view may be destroyed
 * and made anew at any time, says when it is ready, and acknowledges what it is told.
 */
export class ExplainPanel {
  private panel: WebviewPanel | null = null;
  private state = EMPTY;
  private source: ExplainParams['source'] | null = null;
  private running: CancellationTokenSource | null = null;
  private sent = 0;
  private acknowledged = 0;
  private ready = false;
  private focus = false;
  private resend: NodeJS.Timeout | null = null;
  private refreshing: NodeJS.Timeout | null = null;
  /** The beginning of the words in the panel, as it has acknowledged them. */
  shown = '';

  constructor(
    private readonly extension: Uri,
    private readonly server: ServerClient,
    private readonly configuration: ConfigurationChoice,
    private readonly preview: FixPreview,
  ) {}

  /** Opens the panel with a text already explained, or with an empty box to paste into. */
  async open(text: string | null): Promise<void> {
    this.reveal();
    if (text !== null && text.trim() !== '') await this.explainText(text);
    else {
      this.focus = true;
      await this.show({});
    }
  }

  /** Explains a log on the disk in place of a pasted text. */
  async openLog(uri: Uri): Promise<void> {
    this.reveal();
    const open = workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
    const name = path.basename(uri.path);
    if (uri.scheme === 'file' && !open?.isDirty) this.source = { file: uri.fsPath };
    else this.source = { text: (open ?? (await workspace.openTextDocument(uri))).getText() };
    await this.show({ log: name, text: '', answer: null, notice: null });
    await this.explain();
  }

  /** Explains again what is explained, in a moment: the configuration may have changed. */
  refresh(): void {
    if (this.refreshing) clearTimeout(this.refreshing);
    this.refreshing = setTimeout(() => {
      if (this.source && this.panel) void this.explain('quietly');
    }, REST);
  }

  /** Moves the editor to the place of the first explanation; says so when there is none. */
  async goToPlace(): Promise<void> {
    const place = this.state.answer?.groups[0]?.drawing.place;
    if (place && this.offers(place.uri)) await jump(place.uri, place.range);
    else {
      void window.showInformationMessage(
        this.state.answer
          ? 'The explained line leads to no place in the configuration.'
          : 'Nothing has been explained yet: run "nginx: Explain this 502 log line".',
      );
    }
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private async explainText(text: string): Promise<void> {
    this.source = { text };
    await this.show({ text, log: null, answer: null, notice: null });
    await this.explain();
  }

  /** Quietly: as long as the answer stays what it was, nothing moves and nothing is read out. */
  private async explain(how: 'aloud' | 'quietly' = 'aloud'): Promise<void> {
    const { source } = this;
    if (!source) return;
    this.running?.cancel();
    const running = new CancellationTokenSource();
    this.running = running;
    if (how === 'aloud') await this.show({ busy: true, failure: null });
    try {
      const params: ExplainParams = {
        source,
        configuration: await this.configurationUri(),
        chosen: this.configuration.isChosen,
      };
      const answer: ExplainAnswer = await this.server.client.sendRequest(EXPLAIN, params, running.token);
      if (this.running !== running) return;
      const fresh = toPanel(answer);
      const same = how === 'quietly' && JSON.stringify(fresh) === JSON.stringify(this.state.answer);
      if (!same) await this.show({ busy: false, failure: null, answer: fresh });
    } catch (error) {
      if (this.running !== running) return;
      await this.show({ busy: false, answer: null, failure: `No explanation: ${(error as Error).message}` });
    } finally {
      if (this.running === running) this.running = null;
      running.dispose();
    }
  }

  private async configurationUri(): Promise<string | null> {
    const uri = await this.configuration.current();
    return uri && this.server.client.code2ProtocolConverter.asUri(uri);
  }

  private reveal(): void {
    if (this.panel) {
      this.panel.reveal(undefined, false);
      return;
    }
    const root = Uri.joinPath(this.extension, 'dist', 'webview');
    // Beside a text that is open; an empty window has room in its first column.
    const column = window.activeTextEditor ? ViewColumn.Beside : ViewColumn.Active;
    this.panel = window.createWebviewPanel('nginx502.explain', 'Explain 502', column, {
      enableScripts: true,
      localResourceRoots: [root],
    });
    this.panel.iconPath = Uri.joinPath(this.extension, 'images', 'icon.png');
    const { webview } = this.panel;
    webview.onDidReceiveMessage((message: unknown) => {
      const known = readViewMessage(message);
      if (known) void this.on(known);
    });
    this.panel.onDidChangeViewState(() => {
      // A hidden view is destroyed; its successor will say that it is ready.
      if (!this.panel?.visible) this.ready = false;
    });
    this.panel.onDidDispose(() => {
      this.running?.cancel();
      for (const timer of [this.resend, this.refreshing]) if (timer) clearTimeout(timer);
      this.panel = null;
      this.ready = false;
      this.source = null;
      this.state = EMPTY;
      this.shown = '';
    });
    const nonce = randomBytes(16).toString('base64');
    const asset = (name: string): string => webview.asWebviewUri(Uri.joinPath(root, name)).toString();
    webview.html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'">
<link rel="stylesheet" href="${asset('styles.css')}">
<title>Explain this 502 log line</title>
</head>
<body>
<script nonce="${nonce}" src="${asset('panel.js')}"></script>
</body>
</html>`;
  }

  private async on(message: ViewMessage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.ready = true;
        await this.show({});
        break;
      case 'ack':
        this.acknowledged = Math.max(this.acknowledged, message.id);
        if (message.id === this.sent) this.shown = message.shown;
        break;
      case 'draft':
        // Not shown again: it stands in the box already.
        this.state = { ...this.state, text: message.text };
        break;
      case 'explain':
        await this.explainText(message.text);
        break;
      case 'copy':
        await env.clipboard.writeText(message.text);
        break;
      case 'jump':
        if (this.offers(message.uri)) await jump(message.uri, message.range);
        break;
      case 'apply':
      case 'preview':
        await this.fix(message.kind, message);
        break;
      case 'configure':
        if (await this.configuration.ask()) await (this.source ? this.explain() : this.show({}));
        break;
      case 'readLog': {
        const [uri] =
          (await window.showOpenDialog({ title: 'Explain an nginx error log', openLabel: 'Explain' })) ?? [];
        if (uri) await this.openLog(uri);
        break;
      }
      case 'readOpenLog': {
        const uri = openLog();
        if (uri) await this.openLog(uri);
        break;
      }
      case 'restart':
        await this.server.restart().catch(() => {});
        await this.explain();
        break;
    }
  }

  /** Whether the answer names this file: the view may ask for no other. */
  private offers(uri: string): boolean {
    return uri.includes(':') && this.state.answer !== null && Object.hasOwn(this.state.answer.names, uri);
  }

  private async fix(what: 'apply' | 'preview', choice: FixChoice): Promise<void> {
    if (!this.source) return;
    const params: FixParams = {
      source: this.source,
      configuration: await this.configurationUri(),
      chosen: this.configuration.isChosen,
      group: choice.group,
      cause: choice.cause,
      fix: choice.fix,
    };
    try {
      const answer: FixAnswer | null = await this.server.client.sendRequest(FIX, params);
      if (!answer) {
        await this.show({
          notice: 'The configuration has changed: this fix is no longer needed or possible.',
        });
        await this.explain();
      } else if (what === 'preview') await this.preview.show(`Fix: ${choice.fix}`, answer.files);
      else await this.apply(answer);
    } catch (error) {
      await this.show({ notice: `The fix could not be worked out: ${(error as Error).message}` });
    }
  }

  private async apply(answer: FixAnswer): Promise<void> {
    const edit = await this.server.client.protocol2CodeConverter.asWorkspaceEdit(
      answer.edit as Parameters<ServerClient['client']['protocol2CodeConverter']['asWorkspaceEdit']>[0],
    );
    const applied = edit !== undefined && (await workspace.applyEdit(edit));
    const names = answer.files.map(({ uri }) => nameOf(uri)).join(', ');
    await this.show({
      notice: applied
        ? `The fix stands in ${names}, not saved yet. nginx takes it with the next reload.`
        : `${names} changed meanwhile, so the fix was not applied. Try again.`,
    });
    const first = answer.files[0];
    if (applied && first) {
      await window.showTextDocument(Uri.parse(first.uri), {
        viewColumn: editorColumn(),
        preserveFocus: true,
      });
    }
    await this.explain();
  }

  /** Changes the state and tells the view, again and again until it has understood. */
  private async show(change: Partial<PanelState>): Promise<void> {
    const log = openLog();
    const configuration = await this.configuration.current();
    this.state = {
      ...this.state,
      ...change,
      openLog: log && path.basename(log.path),
      configuration: configuration && workspace.asRelativePath(configuration),
    };
    this.sent++;
    this.tell(ATTEMPTS);
  }

  private tell(attempts: number): void {
    if (this.resend) clearTimeout(this.resend);
    if (!this.panel || !this.ready || attempts === 0) return;
    const message: StateMessage = { kind: 'state', id: this.sent, state: this.state, focus: this.focus };
    void this.panel.webview.postMessage(message);
    this.resend = setTimeout(() => {
      if (this.acknowledged < this.sent) this.tell(attempts - 1);
      else this.focus = false;
    }, PATIENCE);
  }
}

function toPanel({ result, drawings, nothing, judgedBy }: ExplainAnswer): PanelAnswer {
  const known = result.groups
    .map((group, index) => ({ index, group, drawing: drawings[index]! }))
    .filter(({ group }) => group.explanation.message !== null);
  const groups = known.slice(0, MAX_GROUPS).map(({ index, group, drawing }) => ({
    index,
    group: {
      ...group,
      sample: group.sample.length > MAX_SAMPLE ? `${group.sample.slice(0, MAX_SAMPLE)}\u2026` : group.sample,
    },
    drawing,
  }));
  const uris = groups.flatMap(({ drawing }) => [
    ...(drawing.place ? [drawing.place.uri] : []),
    ...drawing.alternatives.map(({ uri }) => uri),
    ...drawing.causes.flatMap(({ fixes }) => fixes.flatMap(({ files }) => files.map(({ uri }) => uri))),
  ]);
  return {
    groups,
    more: known.length - groups.length,
    others: result.groups.length - known.length,
    unrecognised: result.unrecognised,
    nothing,
    problems: result.problems.map(({ message }) => message),
    judgedBy: judgedBy && { entry: nameOf(judgedBy.entryFile), files: judgedBy.files },
    version: result.nginxVersion,
    names: Object.fromEntries(uris.map((uri) => [uri, nameOf(uri)])),
  };
}

function nameOf(uri: string): string {
  // Not a file: see server/src/paste.ts.
  if (!uri.includes(':')) return uri === '<stdin>' ? 'what you pasted' : uri;
  return workspace.asRelativePath(Uri.parse(uri));
}

/** A log in an open tab: the one in front, else the first. */
function openLog(): Uri | null {
  const tabs = window.tabGroups.all.flatMap((group) => [
    ...group.tabs.filter((tab) => tab.isActive),
    ...group.tabs.filter((tab) => !tab.isActive),
  ]);
  for (const { input } of tabs) {
    if (input instanceof TabInputText && /error[^/]*\.log(?:\.\d+)?$|\.error\.log$/.test(input.uri.path)) {
      return input.uri;
    }
  }
  return null;
}
