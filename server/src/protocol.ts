/** Messages beside the standard protocol, between the language server and its clients. Plain data, no library. */

/** Server to client, after each check and once for each open document: how the document was judged. */
export const STATUS = 'nginx502/status';

export interface StatusParams {
  readonly uri: string;
  /** The nginx release that the configuration was judged for, and where it is known from; null: unknown. */
  readonly version: { readonly value: string | null; readonly from: string };
  /** URI of the main file of the configuration; the document's own when none includes it. */
  readonly entryFile: string;
}
