import path from 'node:path';
import { ConfigModel } from '../engine/config/model.ts';
import { loadSnapshot, type Snapshot } from '../engine/config/snapshot.ts';
import type { Check } from '../engine/contract.ts';
import { check } from '../engine/diagnosis/check.ts';
import { NO_SETTINGS, readSettings, type Settings } from '../engine/diagnosis/settings.ts';
import type { Host } from '../engine/host.ts';
import type { SyntaxDocument } from '../engine/syntax/document.ts';
import type { ClientSettings } from './client-settings.ts';
import { DiskFiles } from './files.ts';

/** A configuration under one main file (or a fragment alone) at one moment. */
export interface Judged {
  readonly root: string;
  readonly model: ConfigModel;
  /** Where the folders that the configuration names are on this machine. */
  readonly pathMap: ReadonlyMap<string, string>;
}

/** The same with what is to be said about it. */
export interface Checked extends Judged {
  readonly result: Check;
}

/** The open texts, as the loader wants them. */
export type OpenTexts = () => ReadonlyMap<string, SyntaxDocument>;

/** How far up from a fragment an nginx.conf that includes it is looked for. */
const MAX_UPWARD = 4;

/** Configurations around the open documents: which main file a document belongs to, and what is to be said about it. */
export class Workspace {
  private readonly disk = new DiskFiles();

  constructor(
    private readonly openTexts: OpenTexts,
    private readonly settings: () => ClientSettings,
  ) {}

  /**
   * Main file of a document: one that the settings name, the nearest nginx.conf upward that includes it, else the
   * document itself.
   */
  async rootOf(file: string): Promise<string> {
    if (!file.startsWith('/')) return file;
    const { settings, directory } = await this.settingsFor(file);
    const named = [
      ...this.settings().entryFiles,
      ...settings.entryFiles.map((entry) => path.resolve(directory, entry)),
    ];
    for (const entry of named) if ((await this.load(entry)).files.has(file)) return entry;
    let folder = path.dirname(file);
    for (let depth = 0; depth < MAX_UPWARD; depth++, folder = path.dirname(folder)) {
      const main = path.join(folder, 'nginx.conf');
      if (main === file) return file;
      const open = this.openTexts().has(main) || (await this.disk.read(main)).ok;
      if (open && (await this.load(main)).files.has(file)) return main;
      if (folder === path.dirname(folder)) break;
    }
    return file;
  }

  /** Reads the configuration under a main file, from open documents first and the disk otherwise. */
  async judge(root: string): Promise<Judged> {
    const { settings } = await this.settingsFor(root);
    const client = this.settings();
    const version =
      settings.nginxVersion !== null
        ? { value: settings.nginxVersion, from: '.nginx-502.json' }
        : client.nginxVersion !== null
          ? { value: client.nginxVersion, from: 'the setting nginx502.nginxVersion' }
          : null;
    const pathMap = await this.pathMapFor(root);
    return { root, model: new ConfigModel(await this.load(root), { version }), pathMap };
  }

  /** Checks it. */
  async check(root: string): Promise<Checked> {
    const { settings } = await this.settingsFor(root);
    const severity = new Map([...this.settings().severity, ...settings.severity]);
    const judged = await this.judge(root);
    const result = check(judged.model, { ...settings, severity });
    if (root.startsWith('/')) return { ...judged, result };
    // A document that is no file has nothing beside it: what it includes cannot be missed.
    const findings = result.findings.filter((finding) => finding.id !== 'include-not-found');
    return { ...judged, result: { ...result, findings } };
  }

  private async load(root: string): Promise<Snapshot> {
    const open = this.openTexts();
    const disk = this.disk;
    const host: Host = {
      read: async (file) => {
        const document = open.get(file);
        return document ? { ok: true, text: document.text } : disk.read(file);
      },
      list: (directory) => (root.startsWith('/') ? disk.list(directory) : Promise.resolve(null)),
    };
    return loadSnapshot(host, [root], {
      documents: open,
      pathMap: await this.pathMapFor(root),
      parse: (file, text) => disk.parsed(file, text),
    });
  }

  private async pathMapFor(root: string): Promise<ReadonlyMap<string, string>> {
    const { settings, directory } = await this.settingsFor(root);
    const pathMap = new Map([...settings.pathMap].map(([from, to]) => [from, path.resolve(directory, to)]));
    for (const [from, to] of this.settings().pathMap) if (!pathMap.has(from)) pathMap.set(from, to);
    return pathMap;
  }

  private async settingsFor(file: string): Promise<{ settings: Settings; directory: string }> {
    if (!file.startsWith('/')) return { settings: NO_SETTINGS, directory: '/' };
    for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
      const answer = await this.disk.read(path.join(folder, '.nginx-502.json'));
      if (answer.ok) return { settings: readSettings(answer.text).settings, directory: folder };
      if (folder === path.dirname(folder)) return { settings: NO_SETTINGS, directory: path.dirname(file) };
    }
  }
}
