import type { LogEntry } from '../entry.ts';
import type { MessageKind } from '../message.ts';
import { between, NOT_STARTED, verdict } from './shared.ts';

export const STARTED = verdict(null, 'none', 'certain', 'A warning: nginx starts all the same.');

/** nginx refuses the configuration. */
export function refused(
  kind: Pick<MessageKind, 'id' | 'text' | 'source' | 'meaning'> & { example: string } & Partial<MessageKind>,
): MessageKind {
  return {
    phase: 'start-up',
    status: NOT_STARTED,
    fault: 'configuration',
    since: null,
    causes: [],
    ...kind,
  };
}

/** nginx starts, and says that something is not as written. */
export function warned(
  kind: Pick<MessageKind, 'id' | 'text' | 'source' | 'meaning'> & { example: string } & Partial<MessageKind>,
): MessageKind {
  return refused({ status: STARTED, ...kind });
}

/** What stands between the first and the last quote of the message, with its quotes. */
export function quoted(entry: LogEntry): string {
  return `"${between(entry.message, '"', '"', 0) ?? ''}"`;
}

/** The first quoted text of the message, with its quotes. */
export function quotedFirst(entry: LogEntry): string {
  const from = entry.message.indexOf('"');
  const end = entry.message.indexOf('"', from + 1);
  return from < 0 || end < 0 ? 'it' : entry.message.slice(from, end + 1);
}

/** The first quoted text without its quotes: the name of a directive. */
export function directive(entry: LogEntry): string {
  const name = quotedFirst(entry);
  return name === 'it' ? 'A directive' : name.slice(1, -1);
}

/** Whether nginx runs and serves; at start-up the level is emerg, or there is neither connection nor client. */
export function isRunning(entry: LogEntry): boolean {
  return entry.level !== 'emerg' && (entry.connection !== null || entry.client !== null);
}
