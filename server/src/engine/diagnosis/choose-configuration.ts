import type { ConfigModel } from '../config/model.ts';
import type { Explain } from '../contract.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { EntryReader } from '../errorlog/read-entries.ts';
import { placesFor } from './explain.ts';

/** Entries by which configurations are compared, and the characters in which they are looked for. */
const MAX_ENTRIES = 50;
const MAX_CHARACTERS = 1 << 20;

/** The first entries of a log, by which one of several configurations is chosen. Takes text in pieces. */
export class LogSample {
  private readonly reader = new EntryReader({});
  private readonly found: LogEntry[] = [];
  private characters = 0;

  push(chunk: string): void {
    this.characters += chunk.length;
    this.found.push(...this.reader.push(chunk));
  }

  endOfFile(): void {
    this.found.push(...this.reader.end());
  }

  /** Whether more of the log would not be looked at. */
  get full(): boolean {
    return this.found.length >= MAX_ENTRIES || this.characters >= MAX_CHARACTERS;
  }

  get entries(): readonly LogEntry[] {
    return this.found.slice(0, MAX_ENTRIES);
  }
}

/** A whole configuration that may be the one of the log. */
export interface Candidate {
  /** Its main file. */
  readonly root: string;
  readonly model: ConfigModel;
  readonly pathMap: ReadonlyMap<string, string>;
}

export interface Choice<T extends Candidate> {
  readonly best: T;
  /** Main files that fit as well, or nearly so. */
  readonly alike: readonly string[];
  /** Main files that fit worse. */
  readonly others: readonly string[];
  /** Whether any of them has a place for a line; null when there was no line to tell them by. */
  readonly fits: boolean | null;
}

/** What one clue less is worth, like the name of the server: below it, two configurations fit alike. */
const SAME = 0.04;

/**
 * The configuration whose places fit the lines best by address, host, server and URI; of those that fit alike the
 * first. `candidates` holds one at least.
 */
export function chooseConfiguration<T extends Candidate>(
  entries: readonly LogEntry[],
  candidates: readonly T[],
): Choice<T> {
  const fits = candidates.map(({ model, pathMap }) => {
    const each = entries.map((entry) => placesFor(entry, { model, pathMap })[0]?.fit ?? 0);
    return each.reduce((sum, fit) => sum + fit, 0) / Math.max(1, each.length);
  });
  const most = Math.max(...fits);
  const at = fits.findIndex((fit) => most - fit < SAME);
  const rest = candidates.filter((_, i) => i !== at);
  const isAlike = ({ root }: T): boolean => most - fits[candidates.findIndex((c) => c.root === root)]! < SAME;
  return {
    best: candidates[at]!,
    alike: rest.filter(isAlike).map(({ root }) => root),
    others: rest.filter((candidate) => !isAlike(candidate)).map(({ root }) => root),
    fits: entries.length === 0 ? null : most > 0,
  };
}

/** Main files that are named in a note. */
const MAX_NAMED = 3;

/** Says which of several configurations was taken, that there are others, and how to take one of those. */
export function noteChoice(result: Explain, choice: Choice<Candidate>, how: string): void {
  const { best, alike, others, fits } = choice;
  const total = 1 + alike.length + others.length;
  if (total === 1) return;
  const shared = sharedFolder([best.root, ...alike, ...others]);
  const names = (roots: readonly string[]): string => {
    const more = roots.length - MAX_NAMED;
    const named = roots.slice(0, MAX_NAMED).map((root) => root.slice(shared.length));
    return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  };
  const judged = `judged by ${best.root.slice(shared.length)}`;
  const why =
    fits === null ? 'the log begins with nothing to tell them by' : 'none has a place for this line';
  const which = !fits
    ? `${judged}, the first of ${total} configurations here: ${why}`
    : alike.length === 0
      ? `${judged}, which fits best of ${total} configurations here (others: ${names(others)})`
      : `${judged}, but ${names(alike)} ${alike.length === 1 ? 'fits' : 'fit'} as well`;
  for (const { explanation } of result.groups.slice(0, 1)) explanation.notes.unshift(`${which}; ${how}`);
}

/** The folders that all paths begin with, with the slash behind. */
function sharedFolder(paths: readonly string[]): string {
  let shared = paths[0]!.slice(0, paths[0]!.lastIndexOf('/') + 1);
  while (shared !== '' && !paths.every((path) => path.startsWith(shared)))
    shared = shared.slice(0, shared.slice(0, -1).lastIndexOf('/') + 1);
  return shared;
}
