import path from 'node:path';
import { workspace } from 'vscode';

/** The settings nginx502.* with paths taken from the workspace's folders; anything odd is left for the server to tell. */
export function withAbsolutePaths(settings: unknown): unknown {
  if (typeof settings !== 'object' || settings === null) return settings;
  const folders = (workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === 'file')
    .map((folder) => folder.uri.fsPath);
  const inEach = (file: unknown): unknown[] =>
    typeof file !== 'string' || path.isAbsolute(file) || folders.length === 0
      ? [file]
      : folders.map((folder) => path.resolve(folder, file));
  const { entryFiles, pathMap } = settings as Record<string, unknown>;
  return {
    ...settings,
    ...(Array.isArray(entryFiles) && { entryFiles: entryFiles.flatMap(inEach) }),
    ...(typeof pathMap === 'object' &&
      pathMap !== null && {
        pathMap: Object.fromEntries(Object.entries(pathMap).map(([from, to]) => [from, inEach(to)[0]])),
      }),
  };
}
