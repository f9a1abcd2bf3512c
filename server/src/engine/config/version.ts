import type { NginxVersion } from '../contract.ts';
import { compareVersions } from './compare-versions.ts';
import { directiveFacts, FACT_VERSIONS, factFor } from './directive-facts.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { basename } from './paths.ts';

/** A version that somebody stated: an option, a setting, a line of pasted text. */
export interface VersionSource {
  readonly value: string;
  /** For people: "--nginx-version", ".nginx-502.json". */
  readonly from: string;
}

/**
 * The nginx version that the configuration is judged for, and where it is known from: what somebody stated, else an
 * image tag beside the configuration, else unknown. Directives that only newer releases know give a lower bound,
 * which `from` states.
 */
export function detectVersion(
  model: Omit<ConfigModel, 'version'>,
  stated: VersionSource | null,
): NginxVersion {
  if (stated) return { value: stated.value, from: stated.from };
  for (const file of model.snapshot.environment) {
    const tag = imageVersion(file.text);
    if (tag) return { value: tag, from: `image tag in ${basename(file.path)}` };
  }
  const bound = lowerBound(model);
  if (bound) return { value: null, from: `unknown; ${bound.since} or newer, because of "${bound.because}"` };
  return { value: null, from: 'unknown' };
}

/** Version in an image name of nginx or OpenResty (whose fourth number is its own), as Docker and Kubernetes write it. */
export function imageVersion(text: string): string | null {
  for (const line of text.split('\n')) {
    const at = /^\s*(?:-\s*)?(?:FROM\s+(?:--platform=\S+\s+)?|image:\s*["']?)(\S+)/i.exec(line);
    const image = at?.[1];
    if (!image) continue;
    const match = /(?:^|\/)(?:nginx|nginx-unprivileged|openresty):(\d+\.\d+(?:\.\d+)?)/.exec(image);
    if (match) return match[1]!;
  }
  return null;
}

interface Bound {
  readonly since: string;
  readonly because: string;
}

/** Newest of the releases that a directive present here needs; see CHANGES of each. */
function lowerBound(model: Omit<ConfigModel, 'version'>): Bound | null {
  const known = bounds.get(model);
  if (known !== undefined) return known;
  let best: Bound | null = null;
  for (const name of model.names) {
    if (!mayNeedRelease(name)) continue;
    for (const node of model.named(name)) {
      const since = neededRelease(node);
      if (since && (!best || compareVersions(since, best.since) > 0))
        best = { since, because: node.text.slice(0, 60) };
    }
  }
  bounds.set(model, best);
  return best;
}

/** Asked for twice in each check. */
const bounds = new WeakMap<object, Bound | null>();

/** Most directives are as old as nginx, wherever they stand. */
function mayNeedRelease(name: string): boolean {
  if (name === 'proxy_http_version' || name === 'keepalive') return true;
  return directiveFacts(name).some(
    ({ since, backported, changes }) =>
      !backported && (since !== null || changes.some((change) => change.contexts)),
  );
}

/** The first release that takes a directive where it stands, as far as its name or a value proves one. */
function neededRelease(node: ConfigNode): string | null {
  switch (node.name) {
    case 'proxy_http_version':
      return node.arg(0) === '2' ? '1.29.4' : null;
    case 'keepalive':
      return node.context === 'upstream' && (node.arg(0) === '0' || node.args.length > 1) ? '1.29.7' : null;
    default: {
      const fact = factFor(node.name, node.context);
      if (!fact || fact.backported) return null;
      const allowed = fact.changes.find((change) => change.contexts?.includes(node.context as never));
      return allowed?.since ?? fact.since;
    }
  }
}

/** The releases that a configuration may be for, oldest first: the one that is known, else all that its directives allow. */
export function possibleReleases(model: ConfigModel): readonly string[] {
  const { value } = model.version;
  if (value !== null) return [value];
  const bound = lowerBound(model);
  return bound
    ? FACT_VERSIONS.filter((release) => compareVersions(release, bound.since) >= 0)
    : FACT_VERSIONS;
}

/**
 * Whether a fact that changed in a release holds for the target version: 'yes', 'no', or 'unknown' when the target
 * is unknown. `since` is the first release in which it holds.
 */
export function holdsSince(version: NginxVersion, since: string): 'yes' | 'no' | 'unknown' {
  if (version.value === null) return 'unknown';
  return compareVersions(version.value, since) >= 0 ? 'yes' : 'no';
}
