import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type Connection,
  type Diagnostic,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  type FileEvent,
  type InitializeParams,
  MessageType,
  type Position,
  ShowMessageNotification,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver';
import { PASTE } from '../engine/config/dump.ts';
import { forgotSemicolon } from '../engine/config/forgotten-semicolon.ts';
import type { Finding, NginxVersion } from '../engine/contract.ts';
import { type Choice, chooseConfiguration } from '../engine/diagnosis/choose-configuration.ts';
import { readDocument, type SyntaxDocument } from '../engine/syntax/document.ts';
import { MAX_PASTE, takeConfiguration } from '../paste.ts';
import {
  CHECKED,
  EFFECTIVE,
  type EffectiveParams,
  type EffectiveReply,
  EXPLAIN,
  type ExplainAnswer,
  type ExplainParams,
  FIX,
  type FixAnswer,
  type FixParams,
  type InitializationOptions,
  ROUTE,
  type RouteParams,
  type RouteReply,
  STATUS,
  type StatusParams,
} from '../protocol.ts';
import { ClientFiles } from './client-files.ts';
import { DEFAULT_SETTINGS, readClientSettings } from './client-settings.ts';
import { FIX_ALL, fixAllSafe, quickFixes } from './code-actions.ts';
import { pathOf, problemDiagnostic, SOURCE, toDiagnostic, toLspRange, uriOf } from './convert.ts';
import { explainFor, fixFor, sampleOf } from './explain.ts';
import { Files } from './files.ts';
import { hoverAt } from './hover.ts';
import { NOT_NGINX } from './language.ts';
import { OpenDocument } from './open-document.ts';
import { effectiveFor, routeFor } from './route.ts';
import { type Checked, type Judged, Workspace } from './workspace.ts';

/** Waiting for the next keystroke before checking, in milliseconds. */
const DEBOUNCE = 120;

/** Quiet after which what the last check left is collected: time that nobody waits for. */
const SPARE = 10;

/** Collects young objects, where the process may be asked to (PROCESS_ARGUMENTS). */
const { gc } = globalThis as { gc?: (options: { type: 'minor' }) => void };
const collectYoung = gc && ((): void => gc({ type: 'minor' }));

/** Quiet after which the disk is looked at once more: not every editor tells of every change. */
const IDLE = 1000;

export interface ServerOptions {
  /** Milliseconds between the last change and the check; tests and benchmarks say 0. */
  readonly debounce?: number;
  /** Milliseconds that a client may take to serve a file. */
  readonly patience?: number;
  readonly version: string;
}

/**
 * The language server on a connection: diagnostics after each change for all files of the configurations around the
 * open documents, and code actions worked out from the current text. Never throws into the connection.
 */
export function serve(connection: Connection, options: ServerOptions): void {
  const documents = new TextDocuments(OpenDocument);
  let settings = DEFAULT_SETTINGS;
  let canConfigure = false;
  let canWatch = false;
  let canFollowFolders = false;
  let timer: NodeJS.Timeout | null = null;
  let idle: NodeJS.Timeout | null = null;
  let spare: NodeJS.Timeout | null = null;
  let clientFiles: ClientFiles | null = null;
  let folders: string[] = [];
  /** Grows with every change: a check of an older generation is dropped. */
  let generation = 0;
  let published = new Set<string>();
  const warned = new Set<string>();

  const openTexts = (): Map<string, SyntaxDocument> =>
    new Map(
      documents
        .all()
        .filter(isNginx)
        .map((document) => [pathOf(document.uri), document.syntax]),
    );
  const files = new Files(() => clientFiles);
  const workspace = new Workspace(
    openTexts,
    () => settings,
    files,
    () => folders,
  );
  /** The client spells URIs its own way. */
  const documentOf = (file: string): OpenDocument | undefined =>
    documents.get(uriOf(file)) ?? documents.all().find((document) => pathOf(document.uri) === file);
  const versionOf = (file: string): number | null => documentOf(file)?.version ?? null;

  const say = (text: string): void => {
    if (warned.has(text)) return;
    warned.add(text);
    void connection.sendNotification(ShowMessageNotification.type, {
      type: MessageType.Warning,
      message: `nginx-502: ${text}`,
    });
  };

  const log = (text: string): void => {
    if (warned.has(text)) return;
    warned.add(text);
    connection.console.info(`nginx-502: ${text}`);
  };

  const complain = (what: string, error: unknown): void => {
    try {
      connection.console.error(`nginx-502: ${what} failed: ${(error as Error).message}`);
    } catch {
      // The editor has gone: that is why it failed, and nobody listens any more.
    }
  };

  connection.onInitialize((params: InitializeParams) => {
    canConfigure = params.capabilities.workspace?.configuration === true;
    canWatch = params.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    const can = params.initializationOptions as InitializationOptions | null | undefined;
    if (can?.virtualFiles === true) clientFiles = new ClientFiles(connection, options.patience);
    const named = params.workspaceFolders?.map(({ uri }) => uri) ?? (params.rootUri ? [params.rootUri] : []);
    folders = named.map(folderOf);
    canFollowFolders = params.capabilities.workspace?.workspaceFolders === true;
    return {
      serverInfo: { name: SOURCE, version: options.version },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        hoverProvider: true,
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL] },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  });

  connection.onInitialized(async () => {
    if (canFollowFolders) {
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = new Set(removed.map(({ uri }) => folderOf(uri)));
        folders = [
          ...folders.filter((folder) => !gone.has(folder)),
          ...added.map(({ uri }) => folderOf(uri)),
        ];
        workspace.doubt(true);
        schedule();
      });
    }
    try {
      if (canWatch) {
        await connection.client.register(DidChangeWatchedFilesNotification.type, {
          watchers: [{ globPattern: '**/*' }],
        });
      }
      if (canConfigure) {
        await connection.client.register(DidChangeConfigurationNotification.type, { section: 'nginx502' });
        await askSettings();
      }
    } catch (error) {
      complain('the registration with the editor', error);
    }
    schedule(0);
  });

  const takeSettings = (value: unknown): void => {
    const read = readClientSettings(value);
    settings = read.settings;
    // They may name main files.
    workspace.doubt(false);
    for (const complaint of read.complaints) say(complaint);
  };

  const askSettings = async (): Promise<void> => {
    try {
      takeSettings(await connection.workspace.getConfiguration('nginx502'));
    } catch (error) {
      say(`the settings could not be read (${(error as Error).message}); the defaults hold`);
    }
  };

  connection.onDidChangeConfiguration(async (change) => {
    if (canConfigure) await askSettings();
    else takeSettings((change.settings as { nginx502?: unknown } | null)?.nginx502);
    schedule();
  });

  connection.onDidChangeWatchedFiles(({ changes }) => {
    workspace.doubt(changes.some(mayMoveMains));
    schedule();
  });
  documents.onDidOpen(() => workspace.doubt(false));
  /** Documents that have been checked before. */
  const seen = new WeakSet<OpenDocument>();
  documents.onDidChangeContent(({ document }) => {
    // Whoever opens a file is not typing: nothing is to be waited for.
    schedule(seen.has(document) ? undefined : 0);
    seen.add(document);
  });
  documents.onDidClose(({ document }) => {
    document.close();
    workspace.doubt(false);
    schedule();
  });

  const schedule = (delay = options.debounce ?? DEBOUNCE): void => {
    generation++;
    workspace.forget();
    if (timer) clearTimeout(timer);
    if (idle) clearTimeout(idle);
    if (spare) clearTimeout(spare);
    timer = setTimeout(() => {
      timer = null;
      void checkAll(generation);
    }, delay);
  };

  /** Checks every configuration that holds an open document, and publishes for all of their files. */
  const checkAll = async (wanted: number): Promise<void> => {
    try {
      /** Main files of each open document, by URI. */
      const rootsOf = new Map<string, string[]>();
      for (const document of documents.all()) {
        if (isNginx(document)) rootsOf.set(document.uri, await workspace.rootsOf(pathOf(document.uri)));
      }
      const versions = new Map<string, NginxVersion>();
      const byFile = new Map<string, Map<string, Diagnostic>>();
      const add = (file: string, diagnostic: Diagnostic | null): void => {
        const uri = documentOf(file)?.uri ?? uriOf(file);
        const known = byFile.get(uri) ?? new Map<string, Diagnostic>();
        if (diagnostic) known.set(JSON.stringify([diagnostic.code, diagnostic.range]), diagnostic);
        byFile.set(uri, known);
      };
      for (const root of new Set([...rootsOf.values()].flat())) {
        const checked = await workspace.check(root);
        if (wanted !== generation) return;
        const { result, model } = checked;
        versions.set(root, result.nginxVersion);
        for (const file of result.files) add(file, null);
        for (const finding of result.findings) add(finding.file, toDiagnostic(finding));
        for (const problem of result.problems) {
          const at = problem.range ? null : (model.snapshot.includedAt.get(problem.file) ?? null);
          add(at?.file ?? problem.file, problemDiagnostic(problem, at));
        }
        for (const [from, to] of model.snapshot.guessed) {
          log(
            `${from} was taken to be ${to}; the setting nginx502.pathMap or .nginx-502.json says otherwise`,
          );
        }
        for (const [uri, roots] of rootsOf) {
          if (!roots.includes(root)) continue;
          const twin = await workspace.twinIn(model.snapshot, pathOf(uri));
          for (const finding of result.findings)
            if (twin === finding.file) add(pathOf(uri), toDiagnostic(finding));
        }
      }
      if (wanted !== generation) return;
      const now = new Set<string>();
      for (const [uri, diagnostics] of byFile) {
        if (diagnostics.size === 0 && !published.has(uri) && !documents.get(uri)) continue;
        now.add(uri);
        const version = documents.get(uri)?.version;
        const list = [...diagnostics.values()];
        void connection.sendDiagnostics(
          version === undefined ? { uri, diagnostics: list } : { uri, version, diagnostics: list },
        );
      }
      for (const uri of published)
        if (!now.has(uri)) void connection.sendDiagnostics({ uri, diagnostics: [] });
      published = now;
      for (const [uri, [root]] of rootsOf) {
        const entryFile = documentOf(root!)?.uri ?? uriOf(root!);
        const status: StatusParams = { uri, version: versions.get(root!)!, entryFile };
        void connection.sendNotification(STATUS, status);
      }
      void connection.sendNotification(CHECKED);
      idle = setTimeout(() => void lookAgain(), IDLE);
      if (collectYoung) spare = setTimeout(collectYoung, SPARE);
    } catch (error) {
      complain('a check', error);
    }
  };

  const lookAgain = async (): Promise<void> => {
    try {
      if (await workspace.hasChanged()) schedule();
    } catch (error) {
      complain('a look at the disk', error);
    }
  };

  connection.onCodeAction(async (params: CodeActionParams): Promise<CodeAction[]> => {
    try {
      return await codeActions(params);
    } catch (error) {
      complain('the code actions', error);
      return [];
    }
  });

  const codeActions = async ({ textDocument, range, context }: CodeActionParams): Promise<CodeAction[]> => {
    const document = documents.get(textDocument.uri);
    if (!document || !isNginx(document)) return [];
    const file = pathOf(textDocument.uri);
    // What is on the disk is changed by where it was read: better to be sure.
    await workspace.hasChanged();
    const checks = await Promise.all((await workspace.rootsOf(file)).map((root) => workspace.check(root)));
    const wants = (kind: string): boolean =>
      !context.only || context.only.some((only) => kind === only || kind.startsWith(`${only}.`));
    const actions: CodeAction[] = [];
    if (wants(CodeActionKind.QuickFix)) {
      for (const { finding, checked } of agreed(checks, file)) {
        const place = toLspRange(finding.range);
        if (place.start.line > range.end.line || place.end.line < range.start.line) continue;
        actions.push(...quickFixes(checked, finding, context.diagnostics, versionOf));
      }
    }
    // Only on demand: beside a quick fix it would be one choice too many.
    if (context.only && wants(FIX_ALL)) {
      const fixAll = await fixAllSafe(checks[0]!, (texts) => checkWith(checks[0]!, texts), versionOf);
      if (fixAll) actions.push(fixAll);
    }
    return actions;
  };

  /** The same configuration with other texts for some of its files. */
  const checkWith = (checked: Checked, texts: ReadonlyMap<string, string>): Promise<Checked> => {
    const open = openTexts();
    for (const [file, text] of texts) open.set(file, readDocument(text, { forgotSemicolon }));
    return new Workspace(
      () => open,
      () => settings,
      files,
    ).check(checked.root);
  };

  /** By what a text is judged: the configuration that it brings along, else the one asked for. */
  const prepare = async <P extends ExplainParams>(
    params: P,
  ): Promise<{ params: P; judged: Judged | null; choice: Choice<Judged> | null }> => {
    const { source, configuration, chosen } = params;
    if ('text' in source && source.text.length <= MAX_PASTE) {
      const version = workspace.statedVersion();
      const taken = await takeConfiguration(source.text, version);
      if (taken) {
        const judged: Judged = {
          root: PASTE,
          model: taken.model,
          pathMap: new Map(),
          inEditor: (site) => site,
        };
        return { params: { ...params, source: { text: taken.rest } }, judged, choice: null };
      }
    }
    if (configuration === null) return { params, judged: null, choice: null };
    const file = pathOf(configuration);
    const roots = chosen ? [await workspace.rootOf(file)] : await workspace.rootsFor(file);
    const candidates: Judged[] = [];
    for (const root of roots) candidates.push(await workspace.judge(root));
    const choice = chooseConfiguration(roots.length > 1 ? await sampleOf(source) : [], candidates);
    return { params, judged: choice.best, choice };
  };

  connection.onRequest(EXPLAIN, async (asked: ExplainParams, token): Promise<ExplainAnswer> => {
    const { params, judged, choice } = await prepare(asked);
    return explainFor(params, judged, token, choice);
  });

  connection.onRequest(FIX, async (asked: FixParams, token): Promise<FixAnswer | null> => {
    const { params, judged } = await prepare(asked);
    return judged && fixFor(params, await explainFor(params, judged, token), judged, versionOf);
  });

  connection.onHover(async ({ textDocument, position }) => {
    const at = await placeOf(textDocument.uri, position);
    return at && hoverAt(at.judged, at.file, at.offset);
  });

  connection.onRequest(EFFECTIVE, async ({ uri, position }: EffectiveParams): Promise<EffectiveReply> => {
    const at = await placeOf(uri, position);
    return at ? effectiveFor(at.judged, at.file, at.offset) : { effective: [], url: null };
  });

  connection.onRequest(ROUTE, async ({ configuration, url }: RouteParams): Promise<RouteReply> => {
    const judged = await workspace.judge(await workspace.rootOf(pathOf(configuration)));
    return routeFor(url, judged);
  });

  /** A position of an open document in the configuration that it belongs to. */
  const placeOf = async (
    uri: string,
    position: Position,
  ): Promise<{ judged: Judged; file: string; offset: number } | null> => {
    const document = documents.get(uri);
    if (!document || !isNginx(document)) return null;
    const file = pathOf(uri);
    const judged = await workspace.judge(await workspace.rootOf(file));
    const text = judged.model.snapshot.files.get(file);
    if (!text) return null;
    const offset = text.lines.offset({ line: position.line + 1, column: position.character + 1 });
    return { judged, file, offset };
  };

  connection.onShutdown(() => {
    if (timer) clearTimeout(timer);
    if (idle) clearTimeout(idle);
    generation++;
  });

  documents.listen(connection);
  connection.listen();
}

function isNginx(document: OpenDocument): boolean {
  return !NOT_NGINX.has(document.languageId);
}

function folderOf(uri: string): string {
  return pathOf(uri).replace(/(?<=.)\/$/, '');
}

/** Whether a change may have made or removed an nginx.conf, or a folder with one in it. */
function mayMoveMains({ type, uri }: FileEvent): boolean {
  return type !== FileChangeType.Changed && /(?:\/nginx[^/]*\.conf|\/[^/.]*(?:\.d)?)$/.test(uri);
}

/** Findings of a file that several configurations include: once each, with the fixes that are right for all. */
function agreed(checks: readonly Checked[], file: string): { finding: Finding; checked: Checked }[] {
  const found = new Map<string, { finding: Finding; checked: Checked }>();
  for (const checked of checks) {
    for (const finding of checked.result.findings) {
      if (finding.file !== file) continue;
      const key = JSON.stringify([finding.id, finding.range]);
      const known = found.get(key);
      const offered = new Set(finding.fixes.map((fix) => JSON.stringify(fix)));
      const fixes = (known?.finding.fixes ?? finding.fixes).filter((fix) => offered.has(JSON.stringify(fix)));
      found.set(key, {
        checked: known?.checked ?? checked,
        finding: { ...(known?.finding ?? finding), fixes },
      });
    }
  }
  return [...found.values()];
}
