import type { LogEntry } from './entry.ts';
import { type HelperLine, readHelper } from './helper-line.ts';
import { hasHead, mayBeMauled, readCleanLine, readMended, readUncleanLine } from './read-line.ts';
import { joinLines, mayGoOn, type OpenEntry, quotesOn } from './unwrap.ts';

export type { HelperLine } from './helper-line.ts';

export interface ReadResult {
  readonly entries: LogEntry[];
  /** How many lines the text has. */
  readonly lines: number;
  /** Lines that are neither nginx's nor one of the helpers', blank ones left out. */
  readonly unrecognised: { readonly line: number; readonly text: string }[];
  readonly helpers: HelperLine[];
}

/** Hears of the lines that are no entries. */
export interface LineListener {
  /**
   * Asked before a line that begins as nginx writes it is read; true when the listener has dealt with it (see
   * LogSummary.count), and no entry is made.
   */
  counted?(line: string): boolean;
  helper?(line: HelperLine): void;
  unrecognised?(line: number, text: string): void;
}

/** So much of a line is kept; nginx itself writes 2047 bytes at most. */
const MAX_LINE = 65_536;

/** Characters of lines that say little or nothing that are looked at for mending: people retype a few lines, no log. */
const MAX_MENDED = 50_000;

/** Two lines of prose have no more characters. */
const MAX_PROSE = 600;

/** Reads a pasted text whole. For a file of any size use EntryReader. */
export function readEntries(text: string): ReadResult {
  const unrecognised: { line: number; text: string }[] = [];
  const helpers: HelperLine[] = [];
  const reader = new EntryReader({
    helper: (line) => helpers.push(line),
    unrecognised: (line, content) => unrecognised.push({ line, text: content }),
  });
  const entries = reader.push(text).concat(reader.end());
  return { entries, lines: reader.lines, unrecognised, helpers };
}

/**
 * Reads log text piece by piece, in memory that does not depend on its size: whole lines are turned into entries at
 * once, and of the line that a piece ends in at most 64 kB are kept. An entry whose line may have been wrapped waits
 * for the next line.
 */
export class EntryReader {
  /** Lines so far. */
  lines = 0;
  /** How many of them were neither entries, helpers nor blank. */
  unrecognised = 0;
  readonly #listener: LineListener;
  #rest = '';
  #restCut = false;
  #open: OpenEntry | null = null;
  #mayMend = MAX_MENDED;
  /** The line before, if nobody knows it. */
  #unknown: string | null = null;

  constructor(listener: LineListener = {}) {
    this.#listener = listener;
  }

  /** Takes the next piece, which may begin and end anywhere, and gives the entries that it completes. */
  push(chunk: string): LogEntry[] {
    const entries: LogEntry[] = [];
    let from = 0;
    for (let feed = chunk.indexOf('\n'); feed >= 0; feed = chunk.indexOf('\n', from)) {
      if (this.#rest === '' && feed - from <= MAX_LINE) {
        this.#take(chunk.slice(from, feed), false, entries);
      } else {
        this.#keep(chunk, from, feed);
        this.#takeRest(entries);
      }
      from = feed + 1;
    }
    this.#keep(chunk, from, chunk.length);
    return entries;
  }

  /** Ends the text: a last line without a line feed is a line. */
  end(): LogEntry[] {
    const entries: LogEntry[] = [];
    if (this.#rest !== '') {
      this.#takeRest(entries);
    }
    this.#flush(entries);
    return entries;
  }

  /** Adds a part of a line to what is kept of it. */
  #keep(chunk: string, from: number, to: number): void {
    const room = MAX_LINE - this.#rest.length;
    if (to - from > room) {
      this.#restCut = true;
    }
    if (to > from && room > 0) {
      this.#rest += chunk.slice(from, Math.min(to, from + room));
    }
  }

  #takeRest(entries: LogEntry[]): void {
    const line = this.#rest;
    const cut = this.#restCut;
    this.#rest = '';
    this.#restCut = false;
    this.#take(line, cut, entries);
  }

  #take(text: string, cut: boolean, entries: LogEntry[]): void {
    this.lines++;
    const line = text.charCodeAt(text.length - 1) === 13 ? text.slice(0, -1) : text;
    if (!cut && this.#listener.counted?.(line) === true) {
      this.#flush(entries);
      return;
    }
    const clean = readCleanLine(line, this.lines, cut);
    if (clean === null) {
      this.#takeUnclean(line, cut, entries);
      return;
    }
    this.#unknown = null;
    if (this.#open !== null) {
      this.#flush(entries);
    }
    this.#give(this.#mended(line, clean) ?? clean, line, cut, entries);
  }

  /** What mending brings to light in a line of which little was read. */
  #mended(line: string, entry: LogEntry | null): LogEntry | null {
    if (this.#mayMend <= 0 || (entry !== null && !mayBeMauled(entry))) {
      return entry;
    }
    this.#mayMend -= line.length;
    return readMended(line, this.lines, entry);
  }

  /** A line that does not begin as nginx writes it. */
  #takeUnclean(line: string, cut: boolean, entries: LogEntry[]): void {
    if (line.trim() === '') {
      if (this.#open !== null && quotesOn(this.#open)) {
        return;
      }
      this.#unknown = null;
      this.#flush(entries);
      return;
    }
    const helper = readHelper(line, this.lines);
    if (helper !== null) {
      this.#unknown = null;
      this.#flush(entries);
      this.#listener.helper?.(helper);
      return;
    }
    let entry = readUncleanLine(line, this.lines, cut);
    if (this.#open !== null && (entry === null || !hasHead(entry))) {
      const joined = joinLines(this.#open, line);
      if (joined !== null) {
        this.#open = joined;
        if (!mayGoOn(joined.entry)) {
          this.#flush(entries);
        }
        return;
      }
    }
    this.#flush(entries);
    const wrapped = entry === null ? this.#wrappedProse(line) : null;
    if (wrapped !== null) {
      this.unrecognised--;
      this.#give(wrapped, line, cut, entries);
      return;
    }
    entry = this.#mended(line, entry);
    if (entry !== null) {
      this.#give(entry, line, cut, entries);
      return;
    }
    this.#unknown = line;
    this.unrecognised++;
    this.#listener.unrecognised?.(this.lines, line);
  }

  /** A message that a person's editor wrapped in the middle of a sentence. */
  #wrappedProse(line: string): LogEntry | null {
    const before = this.#unknown;
    this.#unknown = null;
    return before === null || before.length + line.length > MAX_PROSE
      ? null
      : readUncleanLine(`${before} ${line}`, this.lines - 1, false);
  }

  #give(entry: LogEntry, line: string, cut: boolean, entries: LogEntry[]): void {
    if (!cut && mayGoOn(entry)) {
      this.#open = { text: line, entry, lines: 1 };
    } else {
      entries.push(entry);
    }
  }

  #flush(entries: LogEntry[]): void {
    if (this.#open !== null) {
      entries.push(this.#open.entry);
      this.#open = null;
    }
  }
}
