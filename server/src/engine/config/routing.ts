import { fromBytes, toBytes } from './bytes.ts';
import { findLocation } from './location-choice.ts';
import type { ConfigNode } from './model.ts';
import { hostName, readTarget } from './request-line.ts';
import { VirtualNames } from './virtual-names.ts';

export { locationMatch } from './location-choice.ts';
export { loggedServerName } from './server-choice.ts';
export { serverNames } from './virtual-names.ts';

/** The version does not matter where a host only has to be read, not refused. */
const ANY_VERSION = { value: null, from: 'unknown' };

/**
 * Choice by server_name among servers that are known to share an address, as of a log line; see `route.ts` for
 * requests. The default server takes what no name covers.
 */
export function chooseServer(
  servers: readonly ConfigNode[],
  host: string | null,
  trace: string[] = [],
): { server: ConfigNode | null; certain: boolean } {
  const fallback = servers.find(isDefaultServer) ?? servers[0] ?? null;
  if (!fallback) return { server: null, certain: true };
  const name = host === null ? '' : (hostName(toBytes(host), ANY_VERSION) ?? '');
  const names = new VirtualNames(servers);
  const found = names.find(name);
  if (!found) {
    trace.push(
      `no server_name is the host "${fromBytes(name)}": the default server of the address serves it`,
    );
    return { server: fallback, certain: names.uncertain === null };
  }
  const verb = { exact: 'is', suffix: 'covers', prefix: 'covers', regex: 'matches' }[found.kind];
  trace.push(`server_name ${found.name} ${verb} the host "${fromBytes(name)}"`);
  return { server: found.server, certain: found.kind !== 'regex' || names.uncertain === null };
}

function isDefaultServer(server: ConfigNode): boolean {
  return server
    .all('listen')
    .some((node) => node.args.includes('default_server') || node.args.includes('default'));
}

export interface Located {
  readonly location: ConfigNode | null;
  /** The URI of the 301 that nginx sends for a missing slash before a *_pass location. */
  readonly redirect: string | null;
  /** False when a pattern could not be evaluated. */
  readonly certain: boolean;
}

/** The location of a server that a decoded URI ends in, without rewrites and redirects. */
export function locate(server: ConfigNode, uri: string, trace: string[] = []): Located {
  const { location, redirect, steps } = findLocation(server, uri);
  for (const { entry, how } of steps) trace.push(`${entry.node.text} ${HOW[how]}`);
  if (!location) trace.push('no location matches: the server block itself serves it');
  return {
    location: location?.node ?? null,
    redirect: redirect ? `${uri}/` : null,
    certain: !steps.some(({ how }) => how === 'unknown'),
  };
}

const HOW = {
  exact: 'is exactly the URI',
  prefix: 'is the longest prefix',
  regex: 'matches: regular expressions win over plain prefixes',
  slash: 'is the URI with a slash: nginx redirects to it (301)',
  unknown: 'could not be evaluated here',
} as const;

/** URI that locations are compared with, as bytes: without arguments, decoded, dots resolved, slashes merged. */
export function normaliseUri(target: string): string {
  const bytes = toBytes(target);
  return readTarget(bytes, true)?.uri ?? bytes.replace(/[?#].*/s, '');
}
