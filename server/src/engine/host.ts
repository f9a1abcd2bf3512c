import type { ProblemKind } from './contract.ts';

export type FileRead =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      readonly kind: ProblemKind;
      readonly message: string;
      /** Where a symbolic link leads that leads nowhere. */
      readonly link?: string;
    };

/**
 * The engine's only way out: whoever runs it (command line, language server, browser) answers its questions about
 * files. Paths are absolute with "/". Answers may come from open documents, a disk or a virtual file system.
 */
export interface Host {
  /** Text of a file. Never rejects: what cannot be read is an answer with a reason. */
  read(path: string): Promise<FileRead>;
  /** Names in a directory, in any order; null when there is no such directory. Never rejects. */
  list(directory: string): Promise<readonly string[] | null>;
  /** The path with its symbolic links followed; the path itself where there are none to follow. Never rejects. */
  realPath?(path: string): Promise<string>;
}
