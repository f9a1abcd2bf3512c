import { compareVersions } from '../../config/compare-versions.ts';
import type { DirectiveFact } from '../../config/directive-facts.ts';
import type { ConfigNode } from '../../config/model.ts';
import type { Word } from '../../syntax/directive.ts';
import type { Sight } from './sight.ts';

/**
 * What a directive is by itself. A check that asks for no more holds as long as the directive's text stands, whatever
 * is written around it.
 */
export type LoneNode = Pick<
  ConfigNode,
  'name' | 'args' | 'arg' | 'isBlock' | 'directive' | 'context' | 'text'
>;

/** One directive as its setter sees it, in one release of nginx. */
export interface Call {
  readonly node: LoneNode;
  readonly args: readonly Word[];
  readonly fact: DirectiveFact;
  readonly release: string;
  readonly sight: Sight;
}

/** What a setter refuses. */
export interface Fault {
  /** In nginx's words. */
  readonly says: string;
  /** The word at fault; absent: the directive as a whole. */
  readonly word?: Word;
  readonly do: string;
  /** What the word was most likely meant to be. */
  readonly meant?: string | null;
  readonly severity?: 'info';
}

export type ValueCheck = (call: Call) => Fault | null;

/** A directive with what stands around it and in it. */
export interface PlacedCall extends Call {
  readonly node: ConfigNode;
}

/** A check that depends on neighbours, so that its answer may change with them. */
export type PlacedCheck = (call: PlacedCall) => Fault | null;

/** Whether the release judged for is that one or newer. */
export function since(call: Call, release: string): boolean {
  return compareVersions(call.release, release) >= 0;
}

export function invalidValue(word: Word, expected: string, meant: string | null = null): Fault {
  return { says: `invalid value "${word.value}"`, word, do: expected, meant };
}

export function invalidParameter(word: Word, expected: string, meant: string | null = null): Fault {
  return { says: `invalid parameter "${word.value}"`, word, do: expected, meant };
}

/** The first fault among several checks. */
export function firstOf(...checks: readonly ValueCheck[]): ValueCheck {
  return (call) => {
    for (const check of checks) {
      const fault = check(call);
      if (fault) return fault;
    }
    return null;
  };
}
