import { isKnownMessage } from './catalogue.ts';
import type { LogEntry } from './entry.ts';
import { findHead, type Head, readHead } from './head.ts';
import { type HelperLine, readHelper } from './helper-line.ts';
import { makeEntry } from './make-entry.ts';
import { normalisers } from './prefixes.ts';

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
  helper?(line: HelperLine): void;
  unrecognised?(line: number, text: string): void;
}

/** So much of a line is kept; nginx itself writes 2047 bytes at most. */
const MAX_LINE = 65_536;

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
 * once, and of the line that a piece ends in at most 64 kB are kept.
 */
export class EntryReader {
  /** Lines so far. */
  lines = 0;
  /** How many of them were neither entries, helpers nor blank. */
  unrecognised = 0;
  readonly #listener: LineListener;
  #rest = '';
  #restCut = false;

  constructor(listener: LineListener = {}) {
    this.#listener = listener;
  }

  /** Takes the next piece, which may begin and end anywhere, and gives the entries of the lines that it completes. */
  push(chunk: string): LogEntry[] {
    const entries: LogEntry[] = [];
    let from = 0;
    for (let feed = chunk.indexOf('\n'); feed >= 0; feed = chunk.indexOf('\n', from)) {
      let end = feed;
      let cut = false;
      if (end - from > MAX_LINE) {
        end = from + MAX_LINE;
        cut = true;
      }
      let line = chunk.slice(from, end);
      if (this.#rest !== '') {
        line = this.#rest + line;
        cut ||= this.#restCut || line.length > MAX_LINE;
        if (line.length > MAX_LINE) {
          line = line.slice(0, MAX_LINE);
        }
        this.#rest = '';
        this.#restCut = false;
      }
      this.#take(line, cut, entries);
      from = feed + 1;
    }
    if (from < chunk.length && !this.#restCut) {
      this.#rest += chunk.slice(from, from + MAX_LINE);
      this.#restCut = this.#rest.length > MAX_LINE || chunk.length - from > MAX_LINE;
      if (this.#restCut) {
        this.#rest = this.#rest.slice(0, MAX_LINE);
      }
    }
    return entries;
  }

  /** Ends the text: a last line without a line feed is a line. */
  end(): LogEntry[] {
    const entries: LogEntry[] = [];
    if (this.#rest !== '') {
      const line = this.#rest;
      this.#rest = '';
      this.#take(line, this.#restCut, entries);
      this.#restCut = false;
    }
    return entries;
  }

  #take(text: string, cut: boolean, entries: LogEntry[]): void {
    this.lines++;
    const line = text.charCodeAt(text.length - 1) === 13 ? text.slice(0, -1) : text;
    const head = readHead(line);
    if (head !== null) {
      entries.push(makeEntry(line, head, this.lines, cut));
      return;
    }
    const entry = this.#takeUnclean(line, cut);
    if (entry !== null) {
      entries.push(entry);
    }
  }

  /** A line that does not begin as nginx writes it. */
  #takeUnclean(line: string, cut: boolean): LogEntry | null {
    if (line.trim() === '') {
      return null;
    }
    const helper = readHelper(line, this.lines);
    if (helper !== null) {
      this.#listener.helper?.(helper);
      return null;
    }
    const entry = mayBeEntry(line) ? readUnclean(line, this.lines, cut) : null;
    if (entry === null) {
      this.unrecognised++;
      this.#listener.unrecognised?.(this.lines, line);
    }
    return entry;
  }
}

/** Words of which every message and every tail has one: most lines of other programs go no further. */
const WORDS =
  /upstream|client|failed|resolve|worker_connections|\[(?:emerg|alert|crit|error|warn|notice|info|debug)\]|SSL|FastCGI|#\d|nginx: /;

function mayBeEntry(line: string): boolean {
  return WORDS.test(line);
}

/** Reads a line behind prefixes, with mark-up around it, or without head. */
function readUnclean(line: string, lineNumber: number, cut: boolean): LogEntry | null {
  let text = line;
  for (const { apply } of normalisers) {
    text = apply(text);
  }
  const head = findHead(text);
  if (head !== null) {
    const entry = makeEntry(text, head, lineNumber, cut);
    if (isPlausible(entry, text, head)) {
      return entry;
    }
  }
  const bare = makeEntry(
    text,
    { time: null, level: null, pid: null, connection: null, start: 0, end: 0 },
    lineNumber,
    cut,
  );
  return looksLikeMessage(bare) ? bare : withLostStar(text, lineNumber, cut);
}

/** A level in brackets is no proof: many programs write it. A process id as nginx writes it, or its time, is. */
function isPlausible(entry: LogEntry, text: string, head: Head): boolean {
  return (
    entry.pid !== null ||
    entry.time !== null ||
    text.startsWith('nginx: ', head.start - 7) ||
    looksLikeMessage(entry)
  );
}

/** Whether the text alone says that nginx wrote it. */
function looksLikeMessage(entry: LogEntry): boolean {
  return (
    isKnownMessage(entry.message) ||
    (entry.client !== null && entry.server !== null) ||
    (entry.action !== null && entry.upstream !== null)
  );
}

/** `15 connect() to 127.0.0.1:2018 failed ...`: the connection number without its star. */
function withLostStar(text: string, lineNumber: number, cut: boolean): LogEntry | null {
  const space = text.indexOf(' ');
  if (space < 1 || space > 15 || !/^\d+$/.test(text.slice(0, space))) {
    return null;
  }
  const head = {
    time: null,
    level: null,
    pid: null,
    connection: Number(text.slice(0, space)),
    start: 0,
    end: space + 1,
  };
  const entry = makeEntry(text, head, lineNumber, cut);
  return looksLikeMessage(entry) ? entry : null;
}
