import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isVersion } from '../engine/config/compare-versions.ts';
import { dumpPath, PASTE, readDump } from '../engine/config/dump.ts';
import { ConfigModel } from '../engine/config/model.ts';
import { type LoadOptions, loadSnapshot } from '../engine/config/snapshot.ts';
import type { VersionSource } from '../engine/config/version.ts';
import type { Problem } from '../engine/contract.ts';
import { NO_SETTINGS, readSettings, type Settings } from '../engine/diagnosis/settings.ts';
import type { Host } from '../engine/host.ts';
import { MAX_CONFIG_BYTES, type NodeHost, OverlayHost } from '../node-host.ts';
import type { Io } from './io.ts';
import { MainFiles, type Parts } from './main-file.ts';
import { UsageError } from './usage-error.ts';

/** What comes on standard input is what somebody pastes. */
export { PASTE as STDIN };

/** A configuration named on the command line: its roots, and the host that has their texts. */
export interface Input {
  readonly roots: readonly string[];
  readonly host: Host;
  readonly settings: Settings;
  /** What was wrong with the input or with the settings file. */
  readonly problems: readonly Problem[];
  readonly pathMap: ReadonlyMap<string, string>;
  readonly version: VersionSource | null;
  /** Set for a text of which no file is on the disk: standard input, the output of nginx -T. */
  readonly virtual: Pick<LoadOptions, 'nameOf' | 'hasNeighbours'> | null;
  /** Set where the named files are parts, and the root is the main file that was found to include them. */
  readonly parts: Parts | null;
  /** Main files that the settings name. */
  readonly entryFiles: readonly string[];
}

export interface InputOptions {
  readonly map: readonly string[];
  readonly nginxVersion: string | undefined;
}

/** `--map FROM=TO` as a map; later ones win. */
export function parseMaps(maps: readonly string[], cwd: string): Map<string, string> {
  const parsed = new Map<string, string>();
  for (const text of maps) {
    const equals = text.indexOf('=');
    const from = text.slice(0, equals);
    if (equals <= 0 || !from.startsWith('/')) {
      throw new UsageError(`--map takes FROM=TO with an absolute path before "=", not "${text}"`);
    }
    parsed.set(from, path.resolve(cwd, text.slice(equals + 1)));
  }
  return parsed;
}

/** Finds the roots behind one PATH argument, or `-`. `mains` is what is known of main files from other arguments. */
export async function openInput(
  argument: string | null,
  options: InputOptions,
  disk: NodeHost,
  readStdin: Io['readStdin'],
  cwd: string,
  mains = new MainFiles(disk),
): Promise<Input> {
  if (options.nginxVersion !== undefined && !isVersion(options.nginxVersion)) {
    throw new UsageError(
      `--nginx-version takes a version like 1.28 or 1.25.3, not "${options.nginxVersion}"`,
    );
  }
  const flagMaps = parseMaps(options.map, cwd);
  const stated = options.nginxVersion ?? null;
  const version = stated === null ? null : { value: stated, from: '--nginx-version' };
  if (argument === '-') return fromText(await readStdin(MAX_CONFIG_BYTES), version, flagMaps);
  const here = argument === null ? await settingsFor(path.join(cwd, 'nginx.conf'), disk) : null;
  const entries = here?.entryFiles ?? [];
  const roots = entries.length > 0 ? { files: entries, problems: [] } : await findRoots(argument, disk, cwd);
  const near = entries.length > 0 ? here! : await settingsFor(roots.files[0] ?? path.join(cwd, '.'), disk);
  const { settings, entryFiles, problems } = near;
  const common = {
    settings,
    version:
      version ??
      (settings.nginxVersion === null ? null : { value: settings.nginxVersion, from: '.nginx-502.json' }),
    problems: [...roots.problems, ...problems],
  };
  const named = roots.files.length === 1 ? await disk.read(roots.files[0]!) : null;
  if (named?.ok && readDump(named.text)) {
    const dump = fromText(named.text, version, flagMaps);
    return { ...dump, ...common, problems: [...dump.problems, ...common.problems] };
  }
  const pathMap = new Map([...near.pathMap, ...flagMaps]);
  const parts = argument === null ? null : await mains.of(roots.files, entryFiles, pathMap);
  return {
    ...common,
    roots: parts ? [parts.main] : roots.files,
    host: disk,
    pathMap,
    virtual: null,
    parts,
    entryFiles,
  };
}

function fromText(text: string | null, version: VersionSource | null, pathMap: Map<string, string>): Input {
  const virtual = { hasNeighbours: false };
  const common = { settings: NO_SETTINGS, pathMap, version, virtual, parts: null, entryFiles: [] };
  if (text === null || text.includes('\0')) {
    const problem: Problem = {
      kind: text === null ? 'too-big' : 'not-text',
      file: PASTE,
      range: null,
      message:
        text === null
          ? `standard input has more than ${MAX_CONFIG_BYTES} bytes; that is no configuration`
          : 'standard input is not text',
    };
    return { ...common, roots: [], host: new OverlayHost(new Map(), null), problems: [problem] };
  }
  const files = readDump(text);
  const texts = new Map(files?.map((file) => [dumpPath(file.path), file.text]) ?? [[PASTE, text]]);
  const overlay = new OverlayHost(texts, null);
  const host: Host = {
    read: (file) => overlay.read(files ? dumpPath(file) : file),
    list: (directory) => overlay.list(directory),
  };
  if (!files) return { ...common, roots: [PASTE], host, problems: [] };
  const names = new Map(files.map((file) => [dumpPath(file.path), file.path]));
  const nameOf = (path: string): string => names.get(path) ?? path;
  return {
    ...common,
    roots: [dumpPath(files[0]!.path)],
    host,
    problems: [],
    virtual: { ...virtual, nameOf },
  };
}

/** Reads everything and builds the model. `texts` are versions newer than the disk's. */
export async function loadModel(
  input: Input,
  texts: ReadonlyMap<string, string> = new Map(),
): Promise<ConfigModel> {
  const host = texts.size > 0 ? new OverlayHost(texts, input.host) : input.host;
  const snapshot = await loadSnapshot(host, input.roots, {
    ...input.virtual,
    ...(input.parts && { nameOf: input.parts.nameOf }),
    pathMap: input.pathMap,
  });
  return new ConfigModel(snapshot, { version: input.version });
}

async function findRoots(
  argument: string | null,
  disk: NodeHost,
  cwd: string,
): Promise<{ files: string[]; problems: Problem[] }> {
  if (argument === null) {
    for (const candidate of [path.join(cwd, 'nginx.conf'), '/etc/nginx/nginx.conf']) {
      if (await isFile(candidate)) return { files: [candidate], problems: [] };
    }
    throw new UsageError(
      `there is no nginx.conf in ${cwd}, and no /etc/nginx/nginx.conf. Name the file: nginx-502 check PATH`,
    );
  }
  const full = path.resolve(cwd, argument);
  const names = await disk.list(full);
  if (names === null) return { files: [full], problems: [] };
  if (names.includes('nginx.conf')) return { files: [path.join(full, 'nginx.conf')], problems: [] };
  const fragments = names.filter((name) => name.endsWith('.conf') && !name.startsWith('.')).sort();
  if (fragments.length > 0) return { files: fragments.map((name) => path.join(full, name)), problems: [] };
  const message = `${full} holds neither nginx.conf nor any *.conf file`;
  return { files: [], problems: [{ kind: 'not-found', file: full, range: null, message }] };
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (info) => info.isFile(),
    () => false,
  );
}

interface SettingsFile {
  readonly settings: Settings;
  /** Its entry files and path map, from the folder it is in. */
  readonly entryFiles: readonly string[];
  readonly pathMap: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/** The nearest `.nginx-502.json` upward from a file. */
async function settingsFor(start: string, disk: NodeHost): Promise<SettingsFile> {
  for (let directory = path.dirname(start); ; directory = path.dirname(directory)) {
    const file = path.join(directory, '.nginx-502.json');
    if (await isFile(file)) {
      const answer = await disk.read(file);
      const { settings, complaints } = answer.ok
        ? readSettings(answer.text)
        : { settings: NO_SETTINGS, complaints: [answer.message] };
      const from = (to: string): string => path.resolve(directory, to);
      return {
        settings,
        entryFiles: settings.entryFiles.map(from),
        pathMap: new Map([...settings.pathMap].map(([key, to]) => [key, from(to)])),
        problems: complaints.map((complaint) => ({
          kind: 'unreadable',
          file,
          range: null,
          message: `${file}: ${complaint}`,
        })),
      };
    }
    if (directory === path.dirname(directory))
      return { settings: NO_SETTINGS, entryFiles: [], pathMap: new Map(), problems: [] };
  }
}
