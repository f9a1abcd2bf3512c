import type { Place } from '../contract.ts';

/** Reasons that are read; a place has more in its trace. */
const MAX_REASONS = 2;

/**
 * Why another place than the best one fits the line too, as far as it differs from the best: what its trace alone says.
 * For a person, without a full stop.
 */
export function whyAlso(best: Place, other: Place): string {
  // The address leads to each of them.
  const own = other.trace.filter((reason) => !best.trace.includes(reason) && !/ leads to \S+$/.test(reason));
  return own.length > 0 ? own.slice(-MAX_REASONS).join('; ') : 'it fits as well: same address, same request';
}

/** "location /api/ in app.test" */
export function placeName({ location, server }: Place): string {
  const name = server?.names[0];
  return `${location?.text ?? 'the configuration'}${name === undefined ? '' : ` in ${name}`}`;
}
