import { homedir } from 'node:os';
import path from 'node:path';
import { readDump } from '../engine/config/dump.ts';
import { mainsUpward } from '../engine/config/main-files.ts';
import { loadSnapshot } from '../engine/config/snapshot.ts';
import { readDocument } from '../engine/syntax/document.ts';
import type { NodeHost } from '../node-host.ts';

/** Files that were named without the main file, and were read as parts of it. */
export interface Parts {
  readonly main: string;
  /** As named. */
  readonly files: readonly string[];
  /** The name of a found file: a link to one that was named goes by that name. */
  readonly nameOf: (file: string) => Promise<string>;
}

/**
 * Finds the main files of parts: a file of `conf.d` or `sites-available` says little without what is around it. Keeps
 * what it has read of main files, for many parts may be named at once.
 */
export class MainFiles {
  private readonly held = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(
    private readonly disk: NodeHost,
    private readonly home = homedir(),
  ) {}

  /**
   * The first main file whose includes lead to all of the files: of those that the settings name, then of those in
   * the files' folder and above. Null when there is none, or when one of the files is a main file itself.
   */
  async of(
    files: readonly string[],
    entryFiles: readonly string[],
    pathMap: ReadonlyMap<string, string>,
  ): Promise<Parts | null> {
    const [first] = files;
    if (first === undefined || files.some(isNginxConf)) return null;
    const named = new Map<string, string>();
    for (const file of files) named.set(await this.disk.realPath(file), file);
    const found = await mainsUpward((folder) => this.disk.list(folder), first, this.home);
    for (const main of new Set([...entryFiles, ...found])) {
      if (named.has(await this.disk.realPath(main))) continue;
      const held = await this.filesOf(main, pathMap);
      if (![...named.keys()].every((file) => held.has(file))) continue;
      for (const file of files) if (await this.isMain(file)) return null;
      return { main, files, nameOf: async (file) => named.get(await this.disk.realPath(file)) ?? file };
    }
    return null;
  }

  /** Whether a file is one that nginx is started with. */
  async isMain(file: string): Promise<boolean> {
    return isNginxConf(file) || (await this.namesIn(file))?.has('events') === true;
  }

  /** Names of a file's outermost directives; null for what is no configuration file. */
  private async namesIn(file: string): Promise<ReadonlySet<string> | null> {
    const answer = await this.disk.read(file);
    if (!answer.ok || readDump(answer.text)) return null;
    return new Set(readDocument(answer.text).items.map(({ directive }) => directive.name.value));
  }

  /** Where the files of a configuration really are; empty for what is no main file. */
  private filesOf(main: string, pathMap: ReadonlyMap<string, string>): Promise<ReadonlySet<string>> {
    const key = JSON.stringify([main, ...pathMap]);
    let held = this.held.get(key);
    if (!held) {
      held = this.readFilesOf(main, pathMap);
      this.held.set(key, held);
    }
    return held;
  }

  private async readFilesOf(
    main: string,
    pathMap: ReadonlyMap<string, string>,
  ): Promise<ReadonlySet<string>> {
    const held = new Set<string>();
    const names = await this.namesIn(main);
    if (!names?.has('events') && !names?.has('http')) return held;
    const { files } = await loadSnapshot(this.disk, [main], { pathMap });
    for (const file of files.keys()) held.add(await this.disk.realPath(file));
    return held;
  }
}

function isNginxConf(file: string): boolean {
  return path.basename(file) === 'nginx.conf';
}
