/** What the commands use of the process, so that tests can stand in for it. */
export interface Io {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: { isTTY?: boolean };
  readonly stdout: { isTTY?: boolean };
  readonly out: (text: string | Uint8Array) => void;
  readonly err: (text: string) => void;
  /** Waits until the reader has taken what was written, so that long output does not pile up. */
  readonly drained: () => Promise<void>;
  /** All of standard input as text; invalid bytes become U+FFFD. Null when it is longer than that many bytes. */
  readonly readStdin: (limit: number) => Promise<string | null>;
  /** Standard input piece by piece. */
  readonly stdinChunks: () => AsyncIterable<Uint8Array>;
}
