import { ConfigModel } from '../config/model.ts';
import type { Explain, ExplainGroup, NginxVersion, Problem } from '../contract.ts';
import { faultOf } from '../errorlog/catalogue.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { type EventGroup, LogSummary } from '../errorlog/group.ts';
import type { HelperLine } from '../errorlog/helper-line.ts';
import type { MatchedMessage } from '../errorlog/message.ts';
import { EntryReader } from '../errorlog/read-entries.ts';
import { isPageOf } from './error-page-file.ts';
import { type ExplainContext, explain } from './explain.ts';
import { OtherText } from './explain-other.ts';
import { PasteClues } from './paste-clues.ts';
import { samePeer } from './same-peer.ts';

/** Entries kept whole for the search of neighbours: enough for any paste, bounded for any log. */
const KEPT = 500;

export interface ExplainLogOptions extends ExplainContext {
  /** Only entries at or after this time, in nginx's own spelling; entries without a time pass. */
  readonly since?: string | null;
  readonly until?: string | null;
}

/** Explains a log of any size, piece by piece, in memory that does not grow with it. */
export class LogExplainer {
  private readonly reader = new EntryReader({
    // Repetitions need not be read, once the neighbours are known.
    counted: (line) => this.kept.length >= KEPT && this.inTime(timeOf(line)) && this.summary.count(line),
    helper: (line) => {
      if (this.helpers.length < KEPT) this.helpers.push(line);
      this.other.helper(line);
    },
    unrecognised: (number, line) => {
      this.other.unrecognised(line);
      this.clues.unrecognised(number, line);
    },
  });
  /** Entries outside of the time asked for. */
  filtered = 0;
  private readonly summary = new LogSummary();
  private readonly other = new OtherText();
  private readonly clues = new PasteClues();
  private readonly kept: LogEntry[] = [];
  private readonly helpers: HelperLine[] = [];
  /** Last error of each connection among the kept entries: what decided its client's status. */
  private readonly decisive = new Map<string, string>();

  /** What the configuration says for the nginx that wrote the log. */
  private model: ConfigModel | null;

  constructor(private readonly options: ExplainLogOptions) {
    this.model = options.model;
  }

  /** Takes the next piece of text, which may begin and end anywhere. */
  push(chunk: string): void {
    this.take(this.reader.push(chunk));
  }

  /** Ends one of several files: a last line without a line feed is a line. */
  endOfFile(): void {
    this.take(this.reader.end());
  }

  /** `version` is what option, setting and the files beside the configuration say; where they do not, the paste may. */
  end(version: NginxVersion, problems: readonly Problem[]): Explain {
    this.endOfFile();
    const pasted = version.value === null ? this.clues.version() : null;
    if (pasted && this.model) this.model = new ConfigModel(this.model.snapshot, { version: pasted });
    const groups = this.fold(this.summary.groups);
    // Beside nginx's own lines they are evidence at most.
    const others = groups.some(({ explanation }) => explanation.message !== null)
      ? []
      : this.other.explained(this.model);
    groups.unshift(...others);
    const { other } = this.summary;
    if (other !== null) {
      groups[0]?.explanation.notes.push(
        `${other.count} events of still other kinds were counted, but not kept apart: there are too many kinds`,
      );
    }
    return {
      schema: 1,
      nginxVersion: pasted ?? version,
      lines: this.reader.lines,
      events: this.summary.events + others.reduce((sum, { count }) => sum + count, 0),
      // The lines of a page are recognised together.
      unrecognised: others.some(isPage) ? 0 : this.reader.unrecognised,
      groups,
      problems: [...problems],
    };
  }

  private take(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (!this.inTime(entry.time)) {
        this.filtered++;
        continue;
      }
      this.summary.add(entry);
      this.clues.entry(entry);
      if (this.kept.length >= KEPT) continue;
      this.kept.push(entry);
      if (entry.connection !== null && entry.level !== 'warn') {
        this.decisive.set(`${entry.pid}*${entry.connection}`, entry.raw);
      }
    }
  }

  private inTime(time: string | null): boolean {
    if (time === null) return true;
    const { since, until } = this.options;
    return (!since || time >= since) && (!until || time <= until);
  }

  /** Groups in the order to read them: what decided an answer, then by count; the [warn] twins as notes. */
  private fold(groups: readonly EventGroup[]): ExplainGroup[] {
    const twins = groups.filter((group) => group.matched?.kind.id === 'upstream-temporarily-disabled');
    const main = groups.filter((group) => !twins.includes(group));
    const decided = new Set(this.decisive.values());
    const sorted = [...main].sort(
      (a, b) =>
        Number(b.matched !== null) - Number(a.matched !== null) ||
        Number(this.isSymptom(a)) - Number(this.isSymptom(b)) ||
        Number(decided.has(b.sample)) - Number(decided.has(a.sample)) ||
        b.count - a.count,
    );
    const folded = sorted.map((group) => this.explained(group, twins));
    return folded.length > 0 ? folded : twins.map((group) => this.explained(group, []));
  }

  /** A symptom by its message, or because it follows from a line of the same request. */
  private isSymptom({ matched, entry }: EventGroup): boolean {
    if (!matched) return false;
    if (isSymptom(matched, entry)) return true;
    return matched.kind.id === 'file-failed' && this.kept.some((failed) => isPageOf(entry, failed));
  }

  private explained(group: EventGroup, twins: readonly EventGroup[]): ExplainGroup {
    const explanation = explain(group.entry, {
      ...this.options,
      model: this.model,
      clues: this.clues,
      neighbours: this.kept,
      helpers: this.helpers,
    });
    for (const twin of twins) {
      if (samePeer(twin.entry, group.entry)) {
        explanation.notes.push(
          `${twin.count} line${twin.count === 1 ? '' : 's'} "upstream server temporarily disabled": nginx left this peer out for fail_timeout`,
        );
      }
    }
    return { count: group.count, first: group.first, last: group.last, sample: group.sample, explanation };
  }
}

function isPage({ explanation }: ExplainGroup): boolean {
  return explanation.message?.id === 'error-page';
}

/** What follows from another failure, or is none: the lines that tell the failure come first. */
function isSymptom({ kind }: MatchedMessage, entry: LogEntry): boolean {
  const { id } = kind;
  // No server was left because each of them failed; the subrequest for the permission failed on its own way.
  if (id === 'no-live-upstreams' || id === 'auth-request-unexpected-status') return true;
  return faultOf(kind, entry) === 'nobody';
}

/** nginx's time at the start of a line; null where something else stands there. */
function timeOf(line: string): string | null {
  return line.charCodeAt(4) === 47 && line.charCodeAt(7) === 47 ? line.slice(0, 19) : null;
}

/** Whether a group is an event that the catalogue knows. */
export function understood(result: Explain): boolean {
  return result.groups.some((group) => group.explanation.message !== null);
}
