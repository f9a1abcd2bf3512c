/** Messages beside the standard protocol, between the language server and its clients. Plain data, no library. */

import type { Explain, NginxVersion, ProblemKind, Range, RouteAnswer, Safety } from './engine/contract.ts';

export type * from './engine/contract.ts';

/**
 * What to start the language server's process with, for clients that can. Each keystroke makes a new model: with room
 * for several of them, and leave to collect the old ones between two keystrokes, nobody waits for that.
 */
export const PROCESS_ARGUMENTS: readonly string[] = ['--max-semi-space-size=64', '--expose-gc'];

/** Server to client, after each check and once for each open document: how the document was judged. */
export const STATUS = 'nginx502/status';

export interface StatusParams {
  readonly uri: string;
  /** The nginx release that the configuration was judged for, and where it is known from; null: unknown. */
  readonly version: NginxVersion;
  /** URI of the main file of the configuration; the document's own when none includes it. */
  readonly entryFile: string;
}

/** Server to client, without parameters: the configurations were read anew, so older answers may no longer hold. */
export const CHECKED = 'nginx502/checked';

/** Request: explains pasted text, or a log file. */
export const EXPLAIN = 'nginx502/explain';

export interface ExplainParams {
  /** What was pasted, or the log on the disk to read. */
  readonly source: { readonly text: string } | { readonly file: string };
  /** URI of any file of the configuration to judge by; null: judge by the text alone. */
  readonly configuration: string | null;
  /** Whether a person chose it: else other main files of the workspace may be taken that fit better. */
  readonly chosen?: boolean;
}

export interface ExplainAnswer {
  /** As `nginx-502 explain --format json` prints it. */
  readonly result: Explain;
  /** What an editor draws beside it: one for each of `result.groups`, in their order. */
  readonly drawings: readonly Drawing[];
  /** Why there is nothing to explain, and what to give instead; null when there is. */
  readonly nothing: readonly string[] | null;
  /** Null when no configuration was asked for. */
  readonly judgedBy: { readonly entryFile: string; readonly files: number } | null;
}

export interface Drawing {
  /** The steps to the backend, the failing one marked; null for an event off that way. */
  readonly track:
    | readonly {
        readonly name: string;
        readonly state: 'passed' | 'failed' | 'absent' | 'unknown' | 'ahead';
      }[]
    | null;
  /** "111: Connection refused" */
  readonly errno: string | null;
  readonly place: DrawnPlace | null;
  /** Other places that fit the line, each with why. */
  readonly alternatives: readonly (DrawnPlace & { readonly why: string })[];
  /** One for each of the causes, in their order. */
  readonly causes: readonly DrawnCause[];
}

export interface DrawnPlace {
  readonly uri: string;
  /** The directive. */
  readonly range: Range;
  /** "location /api/ in app.test" */
  readonly text: string;
  /** Lines around the directive, which is marked; a jump in the numbers is a gap. */
  readonly lines: readonly {
    readonly number: number;
    readonly text: string;
    /** Columns of the marked part, from 0, the end exclusive; null: nothing. */
    readonly mark: readonly [number, number] | null;
  }[];
}

export interface DrawnCause {
  /** The cause in plain words. */
  readonly title: string;
  /** A page of nginx's documentation. */
  readonly page: string | null;
  /** One for each of the fixes, in their order. */
  readonly fixes: readonly DrawnFix[];
}

export interface DrawnFix {
  readonly title: string;
  readonly safety: Safety;
  readonly files: readonly { readonly uri: string; readonly lines: readonly DiffLine[] }[];
}

export interface DiffLine {
  readonly kind: 'same' | 'add' | 'remove' | 'gap';
  readonly text: string;
}

/** Request: the edits of a fix that an explanation offered, worked out anew; null when it no longer applies. */
export const FIX = 'nginx502/fix';

export interface FixParams extends ExplainParams {
  /** Index in `result.groups`. */
  readonly group: number;
  /** Id of the cause. */
  readonly cause: string;
  /** Title of the fix. */
  readonly fix: string;
}

export interface FixAnswer {
  /** A WorkspaceEdit of the language server protocol, for exactly the texts that the client has now. */
  readonly edit: unknown;
  /** Each file as it will be. */
  readonly files: readonly { readonly uri: string; readonly text: string }[];
}

/** What a client may say of itself in `initializationOptions`. */
export interface InitializationOptions {
  /** It answers nginx502/read and nginx502/list. */
  readonly virtualFiles?: boolean;
}

/**
 * Request, server to client: the text of a file that is on no disk, of the scheme and authority of an open document.
 * Sent only to a client that said it can; no answer within five seconds counts as "not there".
 */
export const READ = 'nginx502/read';

export interface ReadParams {
  readonly uri: string;
}

export interface ReadAnswer {
  /** Null when it could not be read. */
  readonly text: string | null;
  /** Why, when there is such a file; null: there is none. */
  readonly problem: { readonly kind: ProblemKind; readonly message: string } | null;
}

/** Request, server to client, as nginx502/read: the names in a directory. */
export const LIST = 'nginx502/list';

export interface ListParams {
  readonly uri: string;
}

export interface ListAnswer {
  /** In any order; null when there is no such directory. */
  readonly names: readonly string[] | null;
}

/** Request: which server and location serve a URL, and what nginx sends to the backend. */
export const ROUTE = 'nginx502/route';

export interface RouteParams {
  /** URI of any file of the configuration. */
  readonly configuration: string;
  readonly url: string;
}

export interface RouteReply {
  /** Why the URL is none; the rest is null then. */
  readonly problem: string | null;
  /** As `nginx-502 route --format json` prints it. */
  readonly answer: RouteAnswer | null;
  /** The request to the backend as a command; null where none is sent or its address cannot be told. */
  readonly command: string | null;
  /** What `nginx-502 route` prints of the request and where each part comes from, ready to be shown. */
  readonly request: string | null;
  readonly places: readonly DrawnSite[];
}

/** A server, location or handler that a route leads through. */
export interface DrawnSite {
  readonly uri: string;
  readonly range: Range;
  readonly text: string;
}

/** Request: the values in effect in the block around a position, and a URL that leads there. */
export const EFFECTIVE = 'nginx502/effective';

export interface EffectiveParams {
  readonly uri: string;
  /** From 0, as the language server protocol counts. */
  readonly position: { readonly line: number; readonly character: number };
}

export interface EffectiveReply {
  readonly effective: RouteAnswer['effective'];
  /** A URL that the location around the position surely serves; null where none can be made up. */
  readonly url: string | null;
}
