import type { Connection } from 'vscode-languageserver';
import type { FileRead, Host } from '../engine/host.ts';
import { LIST, type ListAnswer, READ, type ReadAnswer } from '../protocol.ts';
import { uriOf } from './convert.ts';

/** How long a client may take for one file or directory, in milliseconds. */
const PATIENCE = 5000;
/** How long one that took longer is not asked again. */
const PAUSE = 30_000;

/** Files of virtual file systems: the client is asked for them. What it does not answer in time is not there. */
export class ClientFiles implements Host {
  /** Time at which a client that does not answer may be asked again. */
  private pauseEnd = 0;

  constructor(
    private readonly connection: Connection,
    private readonly patience = PATIENCE,
  ) {}

  async read(path: string): Promise<FileRead> {
    const answer = (await this.ask(READ, path)) as ReadAnswer | null;
    if (typeof answer?.text === 'string') return { ok: true, text: answer.text };
    const problem = answer?.problem ?? null;
    if (problem === null) return { ok: false, kind: 'not-found', message: `${path} does not exist` };
    return { ok: false, kind: problem.kind, message: problem.message };
  }

  async list(directory: string): Promise<readonly string[] | null> {
    const answer = (await this.ask(LIST, directory)) as ListAnswer | null;
    return Array.isArray(answer?.names) ? answer.names : null;
  }

  private async ask(method: string, path: string): Promise<unknown> {
    if (Date.now() < this.pauseEnd) return null;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        this.connection.sendRequest(method, { uri: uriOf(path) }),
        new Promise((resolve) => {
          timer = setTimeout(() => {
            this.pauseEnd = Date.now() + PAUSE;
            resolve(null);
          }, this.patience);
        }),
      ]);
    } catch {
      // A client that cannot answer is one without the file.
      return null;
    } finally {
      clearTimeout(timer);
    }
  }
}
