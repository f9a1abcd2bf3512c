/**
 * A copy of the text that stands alone. Engines keep the whole text alive for every piece cut from it, so what
 * outlives its line (a group's sample, a remembered message) has to be copied, or it holds the piece of the log that
 * it was read from.
 */
export function detach(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

/** The same for everything in a plain object. */
export function detachAll<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
