import type { EntryFields } from '../contract.ts';
import type { Origin } from './origin.ts';

/**
 * One event read from pasted text: nginx's own line taken apart at its separators. The reader never guesses a
 * field that was not in the text; what is missing is `null`.
 */
export interface LogEntry extends EntryFields {
  /** The text that the entry was read from, without prefixes of other programs, unwrapped to one line. */
  readonly raw: string;
  /** 1-based number of the first line of the pasted text that belongs to this entry. */
  readonly line: number;
  /** The message alone: no time, level, pid, connection or fields; with errno text and action. */
  readonly message: string;
  /** Last `(N: text)` of the message that is an operating system or resolver code. */
  readonly errno: { readonly code: number; readonly text: string } | null;
  /** What nginx was doing: the words after the message's last ` while `, for example "connecting to upstream". */
  readonly action: string | null;
  /** For start-up errors: the `in FILE:LINE` at the end of the message. */
  readonly at: { readonly file: string; readonly line: number } | null;
  /** The DNS server of a resolver's line (`, resolver: 10.0.0.2:53`, ngx_resolver_log_error). */
  readonly resolver: string | null;
  /** Whether the line has the stream module's tail (`bytes from/to client:0/0`, or `udp client`). */
  readonly stream: boolean;
  /** Whether the line has a login, as the mail module writes in place of a request (ngx_mail_log_error). */
  readonly mail: boolean;
  /** Whether words of it are a guess: the line was changed before it was pasted, and was mended. */
  readonly guessed: boolean;
  /** Who handed the line on, where a prefix tells. */
  readonly origin: Origin | null;
}
