import path from 'node:path';
import { type DumpedFile, dumpPath, readDump } from '../engine/config/dump.ts';
import { forgotSemicolon } from '../engine/config/forgotten-semicolon.ts';
import { isMainName, mainsUpward } from '../engine/config/main-files.ts';
import { ConfigModel } from '../engine/config/model.ts';
import { guessedPaths, includesIn, loadSnapshot, type Snapshot } from '../engine/config/snapshot.ts';
import type { VersionSource } from '../engine/config/version.ts';
import type { Check, Finding, Range, Site } from '../engine/contract.ts';
import { check } from '../engine/diagnosis/check.ts';
import { NO_SETTINGS, readSettings, type Settings } from '../engine/diagnosis/settings.ts';
import type { Host } from '../engine/host.ts';
import { readDocument, type SyntaxDocument } from '../engine/syntax/document.ts';
import type { ClientSettings } from './client-settings.ts';
import { virtualRoot } from './convert.ts';
import { Files } from './files.ts';

/** A configuration under one main file (or a fragment alone) at one moment. */
export interface Judged {
  readonly root: string;
  readonly model: ConfigModel;
  /** Where the folders that the configuration names are on this machine. */
  readonly pathMap: ReadonlyMap<string, string>;
  /** Where a place of the model is in the editor: files of a pasted `nginx -T` are parts of one document. */
  readonly inEditor: <T extends Site>(site: T) => T;
}

/** The same with what is to be said about it, as the editor has the places. */
export interface Checked extends Judged {
  readonly result: Check;
}

/** The open texts, as the loader wants them. */
export type OpenTexts = () => ReadonlyMap<string, SyntaxDocument>;

interface Loaded {
  readonly snapshot: Snapshot;
  readonly dump: Dump | null;
}

/** The files of an open text that is the output of `nginx -T`. */
interface Dump {
  readonly document: SyntaxDocument;
  readonly files: ReadonlyMap<string, { readonly file: DumpedFile; readonly syntax: SyntaxDocument }>;
}

/** How deep in the workspace's folders, and in how many of theirs. */
const MAX_DOWNWARD = 5;
const MAX_FOLDERS = 1000;
/** Main files that a log is compared with. */
const MAX_JUDGES = 8;
/** Folders that hold other people's files. */
const FOREIGN = new Set(['node_modules', 'vendor', 'dist', 'build', 'target', '__pycache__']);

/**
 * Configurations around the open documents: which main files a document belongs to, and what is to be said about
 * them. Answers are kept until `forget`: one change asks for them several times.
 */
export class Workspace {
  private readonly loads = new Map<string, Promise<Loaded>>();
  private readonly checks = new Map<string, Promise<Checked>>();
  private readonly settingsAt = new Map<string, Promise<{ settings: Settings; directory: string }>>();
  private names: Promise<ReadonlyMap<string, string>> | null = null;
  private mains: Promise<readonly string[]> | null = null;
  /** Main files of a document, for as long as nobody includes anything else: to find them, many are read. */
  private readonly roots = new Map<string, Promise<string[]>>();
  /** What the open texts included when `roots` were found. */
  private included = '';
  /** Whether that was compared since the last change. */
  private compared = false;
  private readonly dumps = new WeakMap<SyntaxDocument, Dump | null>();
  private lastDump: Dump | null = null;

  constructor(
    private readonly openTexts: OpenTexts,
    private readonly settings: () => ClientSettings,
    private readonly files: Files = new Files(),
    /** The folders that the editor works in. */
    private readonly folders: () => readonly string[] = () => [],
  ) {}

  /** A text has changed: what follows from texts is to be worked out anew. */
  forget(): void {
    this.loads.clear();
    this.checks.clear();
    this.settingsAt.clear();
    this.names = null;
    this.compared = false;
  }

  /** Something on the disk may have changed; `moved`: an nginx.conf may have come or gone. */
  doubt(moved: boolean): void {
    this.files.doubt();
    if (moved) this.mains = null;
    this.roots.clear();
    this.forget();
  }

  /** Looks whether anything on the disk has changed that nobody told of. */
  async hasChanged(): Promise<boolean> {
    const changed = await this.files.haveChanged();
    if (changed) {
      this.roots.clear();
      this.forget();
    }
    return changed;
  }

  /** The first of the main files of a document. */
  async rootOf(file: string): Promise<string> {
    return (await this.rootsOf(file))[0]!;
  }

  /**
   * Main files of a document: those that the settings name, each nginx.conf upward and those in the workspace that
   * include it, nearest first; the document itself when nobody does.
   */
  rootsOf(file: string): Promise<string[]> {
    if (!this.compared) {
      this.compared = true;
      const included = [...this.openTexts()]
        .map(([open, document]) => [open, ...includesIn(document).map(({ argument }) => argument)].join('\n'))
        .join('\n\n');
      if (included !== this.included) this.roots.clear();
      this.included = included;
    }
    let roots = this.roots.get(file);
    if (!roots) {
      roots = this.findRoots(file);
      this.roots.set(file, roots);
    }
    return roots;
  }

  /** Main files by which a log may be judged: those of a document first, then the others of the workspace. */
  async rootsFor(file: string): Promise<string[]> {
    const own = await this.rootsOf(file);
    this.mains ??= this.findMains();
    const others = (await this.mains).filter((main) => virtualRoot(main) === virtualRoot(file));
    return [...new Set([...own, ...others])].slice(0, MAX_JUDGES);
  }

  private async findRoots(file: string): Promise<string[]> {
    if (!file.startsWith('/')) return [file];
    const { settings, directory } = await this.settingsFor(file);
    const named = [
      ...this.settings().entryFiles,
      ...settings.entryFiles.map((entry) => path.resolve(directory, entry)),
    ];
    const roots = await this.including(named, file);
    if (roots.length > 0) return roots;
    if (path.basename(file) === 'nginx.conf') return [file];
    const upward = await mainsUpward((folder) => this.files.glance(folder), file, virtualRoot(file));
    this.mains ??= this.findMains();
    const everywhere = (await this.mains).filter((main) => virtualRoot(main) === virtualRoot(file));
    const found = await this.including([...new Set([...upward, ...everywhere])], file);
    return found.length > 0 ? found : [file];
  }

  /** Another name under which a configuration has read a file: a link to it that is open as well. */
  async twinIn(snapshot: Snapshot, file: string): Promise<string | null> {
    if (snapshot.files.has(file) || !file.startsWith('/')) return null;
    const real = await this.files.realPath(file);
    for (const other of snapshot.files.keys())
      if (this.openTexts().has(other) && (await this.files.realPath(other)) === real) return other;
    return null;
  }

  /** Reads the configuration under a main file, from open documents first and the disk otherwise. */
  async judge(root: string): Promise<Judged> {
    const { settings } = await this.settingsFor(root);
    const version =
      settings.nginxVersion !== null
        ? { value: settings.nginxVersion, from: '.nginx-502.json' }
        : this.statedVersion();
    const { snapshot, dump } = await this.load(root);
    const pathMap = new Map([...guessedPaths(snapshot), ...(await this.pathMapFor(root))]);
    return {
      root,
      model: new ConfigModel(snapshot, { version }),
      pathMap,
      inEditor: (site) => (dump ? placeInDump(dump, root, site) : site),
    };
  }

  /** The version that the user's settings name. */
  statedVersion(): VersionSource | null {
    const value = this.settings().nginxVersion;
    return value === null ? null : { value, from: 'the setting nginx502.nginxVersion' };
  }

  /** Checks it. */
  check(root: string): Promise<Checked> {
    let checked = this.checks.get(root);
    if (!checked) {
      checked = this.checkNow(root);
      this.checks.set(root, checked);
    }
    return checked;
  }

  private async checkNow(root: string): Promise<Checked> {
    const { settings } = await this.settingsFor(root);
    const severity = new Map([...this.settings().severity, ...settings.severity]);
    const judged = await this.judge(root);
    const result = check(judged.model, { ...settings, severity });
    const { dump } = await this.load(root);
    if (!dump) return { ...judged, result };
    return { ...judged, result: resultInDump(result, root, judged.inEditor) };
  }

  private async including(mains: readonly string[], file: string): Promise<string[]> {
    const roots: string[] = [];
    for (const main of mains) {
      const there = this.openTexts().has(main) || (await this.files.read(main)).ok;
      if (!there) continue;
      const { snapshot } = await this.load(main);
      if (snapshot.files.has(file) || (await this.twinIn(snapshot, file)) !== null) roots.push(main);
    }
    return roots;
  }

  private load(root: string): Promise<Loaded> {
    let loaded = this.loads.get(root);
    if (!loaded) {
      loaded = this.loadNow(root);
      this.loads.set(root, loaded);
    }
    return loaded;
  }

  private async loadNow(root: string): Promise<Loaded> {
    const open = this.openTexts();
    const dump = this.dumpIn(open.get(root));
    if (dump) return { snapshot: await loadDump(dump), dump };
    const { files } = this;
    const hasNeighbours = root.startsWith('/');
    const host: Host = {
      read: async (file) => {
        const document = open.get(file);
        return document ? { ok: true, text: document.text } : files.read(file);
      },
      list: (directory) => (hasNeighbours ? files.list(directory) : Promise.resolve(null)),
      realPath: (file) => files.realPath(file),
    };
    this.names ??= this.namesOfLinked(open);
    const names = await this.names;
    const snapshot = await loadSnapshot(host, [root], {
      documents: open,
      pathMap: inFileSystem(root, await this.pathMapFor(root)),
      parse: (file, text) => files.parsed(file, text),
      hasNeighbours,
      nameOf: async (file) => names.get(await files.realPath(file)) ?? file,
    });
    return { snapshot, dump: null };
  }

  /** Names of open files by where they really are: a link to one of them is that open document. */
  private async namesOfLinked(open: ReadonlyMap<string, SyntaxDocument>): Promise<Map<string, string>> {
    const names = new Map<string, string>();
    for (const file of open.keys())
      if (file.startsWith('/')) names.set(await this.files.realPath(file), file);
    return names;
  }

  private dumpIn(document: SyntaxDocument | undefined): Dump | null {
    if (!document) return null;
    const known = this.dumps.get(document);
    if (known !== undefined) return known;
    const files = readDump(document.text);
    const before = this.lastDump?.files;
    const dump = files && {
      document,
      files: new Map(
        files.map((file) => {
          const same = before?.get(dumpPath(file.path));
          const syntax =
            same?.syntax.text === file.text ? same.syntax : readDocument(file.text, { forgotSemicolon });
          return [dumpPath(file.path), { file, syntax }];
        }),
      ),
    };
    this.dumps.set(document, dump);
    if (dump) this.lastDump = dump;
    return dump;
  }

  /** Every nginx.conf, nginx.dev.conf and so on in the workspace's folders, as far as one looks. */
  private async findMains(): Promise<string[]> {
    const mains: string[] = [];
    let left = MAX_FOLDERS;
    let level = [...this.folders()];
    for (let depth = 0; depth <= MAX_DOWNWARD && level.length > 0; depth++) {
      const below: string[] = [];
      for (const folder of level) {
        if (left-- <= 0) return mains;
        for (const name of (await this.files.glance(folder)) ?? []) {
          if (isMainName(name)) mains.push(`${folder}/${name}`);
          // What has a suffix is hardly ever a folder, and asking each file would take long.
          else if (
            !name.startsWith('.') &&
            !FOREIGN.has(name) &&
            (!name.includes('.') || name.endsWith('.d'))
          )
            below.push(`${folder}/${name}`);
        }
      }
      level = below;
    }
    return mains;
  }

  private async pathMapFor(root: string): Promise<ReadonlyMap<string, string>> {
    const { settings, directory } = await this.settingsFor(root);
    const pathMap = new Map([...settings.pathMap].map(([from, to]) => [from, path.resolve(directory, to)]));
    // What the editor's settings name is on the disk.
    if (virtualRoot(root) !== null) return pathMap;
    for (const [from, to] of this.settings().pathMap) if (!pathMap.has(from)) pathMap.set(from, to);
    return pathMap;
  }

  private settingsFor(file: string): Promise<{ settings: Settings; directory: string }> {
    if (!file.startsWith('/')) return Promise.resolve({ settings: NO_SETTINGS, directory: '/' });
    const folder = path.dirname(file);
    let found = this.settingsAt.get(folder);
    if (!found) {
      found = this.findSettings(folder);
      this.settingsAt.set(folder, found);
    }
    return found;
  }

  private async findSettings(from: string): Promise<{ settings: Settings; directory: string }> {
    for (let folder = from; ; folder = path.dirname(folder)) {
      const answer = await this.files.read(path.join(folder, '.nginx-502.json'));
      if (answer.ok) return { settings: readSettings(answer.text).settings, directory: folder };
      if (folder === path.dirname(folder)) return { settings: NO_SETTINGS, directory: from };
    }
  }
}

/** Absolute paths of a configuration in a virtual file system are paths in it, and not on this machine's disk. */
function inFileSystem(root: string, pathMap: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const top = virtualRoot(root);
  return top === null ? pathMap : new Map([['/', `${top}/`], [top, top], ...pathMap]);
}

function loadDump({ files }: Dump): Promise<Snapshot> {
  const names = [...files.keys()];
  const documents = new Map([...files].map(([name, { syntax }]) => [name, syntax]));
  const host: Host = {
    read: async (file) => ({ ok: false, kind: 'not-found', message: `${file} is not part of the text` }),
    list: async (directory) => {
      const from = directory === '/' ? '/' : `${directory}/`;
      const found = names.filter((name) => name.startsWith(from));
      return found.length > 0
        ? [...new Set(found.map((name) => name.slice(from.length).split('/')[0]!))]
        : null;
    },
  };
  return loadSnapshot(host, [names[0]!], { documents, hasNeighbours: false });
}

function placeInDump<T extends Site>(dump: Dump, root: string, site: T): T {
  const part = dump.files.get(site.file);
  if (!part) return { ...site, file: root, range: dump.document.lines.range(0, 0) };
  const offset = (position: Range['start']): number => part.file.toDump(part.syntax.lines.offset(position));
  const { start, end } = site.range;
  return { ...site, file: root, range: dump.document.lines.range(offset(start), offset(end)) };
}

/** Findings where the editor has them. No fixes: nobody reads what is changed in a copy. */
function resultInDump(result: Check, root: string, inEditor: Judged['inEditor']): Check {
  const named = (site: Site, message: string): string => `${message} (${site.file}:${site.range.start.line})`;
  const findings = result.findings.map(
    (finding): Finding => ({
      ...inEditor(finding),
      message: named(finding, finding.message),
      related: finding.related.map((related) => ({
        ...inEditor(related),
        message: named(related, related.message),
      })),
      fixes: [],
    }),
  );
  const problems = result.problems.map((problem) => ({ ...problem, file: root, range: null }));
  return { ...result, files: [root], findings, problems };
}
