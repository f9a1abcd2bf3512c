import { effectiveSetting } from '../config/effective.ts';
import type { ConfigNode } from '../config/model.ts';
import { parseTime } from '../config/nginx-values.ts';
import type { Fix } from '../contract.ts';
import { bestPlace, type Case, familyOf } from './case.ts';
import { Editor } from './editing.ts';

/** What nginx waits for: the connection (and the TLS handshake), each write, each read. */
export type Waiting = 'connect' | 'send' | 'read';

/** One of nginx's time-outs towards the backend, as it holds for a case. */
export interface Timeout {
  /** `proxy_read_timeout`, or the like of the handler that the case names. */
  readonly directive: string;
  /** As written, or nginx's default; null without a place in the configuration. */
  readonly value: string | null;
  readonly ms: number | null;
  /** The line that sets it; null for the default. */
  readonly node: ConfigNode | null;
}

export function timeoutOf(failure: Case, waiting: Waiting): Timeout {
  const target = bestPlace(failure)?.proxied;
  const directive = `${familyOf(failure)}_${waiting}_timeout`;
  const setting =
    failure.model && target ? effectiveSetting(failure.model, target.block, directive)[0] : undefined;
  const value = setting?.value ?? null;
  return {
    directive,
    value,
    ms: value === null ? null : parseTime(value, 'msec'),
    node: setting?.node ?? null,
  };
}

/** For the evidence: what is in effect and who set it; empty without configuration. */
export function inEffect({ directive, value, node }: Timeout): string[] {
  if (value === null) return [];
  return [
    node
      ? `${node.text} is in effect there`
      : `${directive} is not set there: nginx waits ${value} by default`,
  ];
}

/** Times that a longer wait is raised to, in seconds; beyond an hour it is not the answer. */
const STEPS: readonly number[] = [60, 120, 300, 600, 1800, 3600];

/**
 * Raises a time-out for one location and for nobody else, to so many seconds at least. How long is long enough only
 * the user knows.
 */
export function raiseTimeout(failure: Case, waiting: Waiting, atLeast = 0): Fix | null {
  const { directive, ms, node } = timeoutOf(failure, waiting);
  const place = bestPlace(failure);
  const location = place?.location;
  const seconds = ms === null ? undefined : STEPS.find((step) => step >= atLeast && step * 1000 > ms);
  if (!failure.model || !place || !location || seconds === undefined) return null;
  const editor = new Editor(failure.model, 'choice');
  const line = `${directive} ${seconds}s;`;
  const own = node?.parent === location ? node.directive.args[0] : undefined;
  if (node && own) editor.replaceWord(node, own, `${seconds}s`);
  else if (place.proxied) editor.insertForPass(place.proxied.pass, [line]);
  else editor.insertAtStart(location, [line]);
  return editor.fix(`let ${location.text} wait ${seconds}s: ${directive}`);
}
