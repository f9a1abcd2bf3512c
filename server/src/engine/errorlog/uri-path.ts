/** A URI without its query. */
export function uriPath(uri: string): string {
  return uri.split('?', 1)[0]!;
}
