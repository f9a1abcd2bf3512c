import { dumpPath, PASTE, readDump } from './engine/config/dump.ts';
import { ConfigModel } from './engine/config/model.ts';
import { loadSnapshot } from './engine/config/snapshot.ts';
import type { VersionSource } from './engine/config/version.ts';
import { splitPaste } from './engine/diagnosis/pasted-configuration.ts';
import { OverlayHost } from './node-host.ts';

/** Characters of a text that is looked through for a configuration; a larger one is a log. */
export const MAX_PASTE = 1 << 20;

/**
 * Takes the configuration out of a paste that holds one beside its log lines. Its files are those of the paste alone;
 * positions are those in the paste, in the output of nginx -T those in each file.
 */
export async function takeConfiguration(
  paste: string,
  version: VersionSource | null,
): Promise<{ model: ConfigModel; rest: string } | null> {
  const { configuration, rest } = splitPaste(paste);
  if (configuration === null) return null;
  const dumped = readDump(configuration);
  const texts = new Map(dumped?.map(({ path, text }) => [dumpPath(path), text]) ?? [[PASTE, configuration]]);
  const names = new Map(dumped?.map(({ path }) => [dumpPath(path), path]));
  const snapshot = await loadSnapshot(new OverlayHost(texts, null), [texts.keys().next().value!], {
    hasNeighbours: false,
    nameOf: (path) => names.get(path) ?? path,
  });
  return { model: new ConfigModel(snapshot, { version }), rest };
}
