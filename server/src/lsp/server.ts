import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type Connection,
  type Diagnostic,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  MessageType,
  ShowMessageNotification,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver';
import { forgotSemicolon } from '../engine/config/forgotten-semicolon.ts';
import type { NginxVersion } from '../engine/contract.ts';
import { readDocument, type SyntaxDocument } from '../engine/syntax/document.ts';
import {
  CHECKED,
  EXPLAIN,
  type ExplainAnswer,
  type ExplainParams,
  FIX,
  type FixAnswer,
  type FixParams,
  STATUS,
  type StatusParams,
} from '../protocol.ts';
import { DEFAULT_SETTINGS, readClientSettings } from './client-settings.ts';
import { FIX_ALL, fixAllSafe, quickFixes } from './code-actions.ts';
import { pathOf, problemDiagnostic, SOURCE, toDiagnostic, toLspRange, uriOf } from './convert.ts';
import { explainFor, fixFor } from './explain.ts';
import { NOT_NGINX } from './language.ts';
import { OpenDocument } from './open-document.ts';
import { type Checked, type Judged, Workspace } from './workspace.ts';

/** Waiting for the next keystroke before checking, in milliseconds. */
const DEBOUNCE = 120;

export interface ServerOptions {
  /** Milliseconds between the last change and the check; tests and benchmarks say 0. */
  readonly debounce?: number;
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
  let timer: NodeJS.Timeout | null = null;
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
  const workspace = new Workspace(openTexts, () => settings);
  const versionOf = (file: string): number | null => documents.get(uriOf(file))?.version ?? null;

  const say = (text: string): void => {
    if (warned.has(text)) return;
    warned.add(text);
    void connection.sendNotification(ShowMessageNotification.type, {
      type: MessageType.Warning,
      message: `nginx-502: ${text}`,
    });
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
    return {
      serverInfo: { name: SOURCE, version: options.version },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL] },
      },
    };
  });

  connection.onInitialized(async () => {
    if (canWatch) {
      await connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: [{ globPattern: '**/*' }],
      });
    }
    if (canConfigure) {
      await connection.client.register(DidChangeConfigurationNotification.type, { section: 'nginx502' });
      await askSettings();
    }
    schedule();
  });

  const takeSettings = (value: unknown): void => {
    const read = readClientSettings(value);
    settings = read.settings;
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

  connection.onDidChangeWatchedFiles(() => schedule());
  documents.onDidChangeContent(() => schedule());
  documents.onDidClose(({ document }) => {
    document.close();
    schedule();
  });

  const schedule = (): void => {
    generation++;
    if (timer) clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      void checkAll(generation);
    }, options.debounce ?? DEBOUNCE);
  };

  /** Checks every configuration that holds an open document, and publishes for all of their files. */
  const checkAll = async (wanted: number): Promise<void> => {
    try {
      /** Main file of each open document, by URI. */
      const rootOf = new Map<string, string>();
      for (const document of documents.all()) {
        if (isNginx(document)) rootOf.set(document.uri, await workspace.rootOf(pathOf(document.uri)));
      }
      const versions = new Map<string, NginxVersion>();
      const byFile = new Map<string, Map<string, Diagnostic>>();
      const add = (file: string, diagnostic: Diagnostic): void => {
        const uri = uriOf(file);
        const known = byFile.get(uri) ?? new Map<string, Diagnostic>();
        known.set(JSON.stringify([diagnostic.code, diagnostic.range]), diagnostic);
        byFile.set(uri, known);
      };
      for (const root of new Set(rootOf.values())) {
        const { result } = await workspace.check(root);
        if (wanted !== generation) return;
        versions.set(root, result.nginxVersion);
        for (const file of result.files) if (!byFile.has(uriOf(file))) byFile.set(uriOf(file), new Map());
        for (const finding of result.findings) add(finding.file, toDiagnostic(finding));
        for (const problem of result.problems) add(problem.file, problemDiagnostic(problem));
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
      for (const [uri, root] of rootOf) {
        const status: StatusParams = { uri, version: versions.get(root)!, entryFile: uriOf(root) };
        void connection.sendNotification(STATUS, status);
      }
      void connection.sendNotification(CHECKED);
    } catch (error) {
      complain('a check', error);
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
    const checked = await workspace.check(await workspace.rootOf(file));
    const wants = (kind: string): boolean =>
      !context.only || context.only.some((only) => kind === only || kind.startsWith(`${only}.`));
    const actions: CodeAction[] = [];
    if (wants(CodeActionKind.QuickFix)) {
      for (const finding of checked.result.findings) {
        const place = toLspRange(finding.range);
        if (finding.file !== file || place.start.line > range.end.line || place.end.line < range.start.line)
          continue;
        actions.push(...quickFixes(checked, finding, context.diagnostics, versionOf));
      }
    }
    // Only on demand: beside a quick fix it would be one choice too many.
    if (context.only && wants(FIX_ALL)) {
      const fixAll = await fixAllSafe(checked, (texts) => checkWith(checked, texts), versionOf);
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
    ).check(checked.root);
  };

  const judgeFor = async ({ configuration }: ExplainParams): Promise<Judged | null> =>
    configuration === null ? null : workspace.judge(await workspace.rootOf(pathOf(configuration)));

  connection.onRequest(
    EXPLAIN,
    async (params: ExplainParams, token): Promise<ExplainAnswer> =>
      explainFor(params, await judgeFor(params), token),
  );

  connection.onRequest(FIX, async (params: FixParams, token): Promise<FixAnswer | null> => {
    const judged = await judgeFor(params);
    return judged && fixFor(params, await explainFor(params, judged, token), judged, versionOf);
  });

  connection.onShutdown(() => {
    if (timer) clearTimeout(timer);
    generation++;
  });

  documents.listen(connection);
  connection.listen();
}

function isNginx(document: OpenDocument): boolean {
  return !NOT_NGINX.has(document.languageId);
}
