import type { NginxVersion } from '../contract.ts';
import type { ConfigModel } from './model.ts';
import { possibleReleases } from './version.ts';

/** The last stable line in which proxy_pass spoke HTTP/1.0 by default: what most machines without a word on it run. */
const USUAL = '1.28.3';

const known = new WeakMap<ConfigModel, NginxVersion>();

/** The release that an answer is worked out for: the target version, else the usual one that the directives allow. */
export function assumedRelease(model: ConfigModel): NginxVersion {
  let release = known.get(model);
  if (!release) {
    const possible = possibleReleases(model);
    const value = possible.length === 1 || !possible.includes(USUAL) ? (possible[0] ?? USUAL) : USUAL;
    release = model.version.value === null ? { value, from: 'assumed' } : model.version;
    known.set(model, release);
  }
  return release;
}
