import type { LogEntry } from '../errorlog/entry.ts';
import type { HelperLine } from '../errorlog/helper-line.ts';
import type { Case } from './case.ts';
import { secondsOf } from './clock.ts';
import { samePeer } from './same-peer.ts';
import { sameRequest } from './same-request.ts';

/** How old a request was when it failed. */
export interface Age {
  readonly seconds: number;
  /** With where it is known from. */
  readonly text: string;
}

/**
 * The ages of a case: of its own request, as far as an access line with $request_time or $upstream_response_time, or
 * an earlier attempt of the same request, tells.
 */
export function agesOf(failure: Case): readonly Age[] {
  // With several attempts, the access line counts them together.
  const before = attemptsBefore(failure);
  return before.length > 0 ? sinceAttempt(failure.entry, before) : fromAccess(failure, failure.entry);
}

/** The ages of other requests that failed in the same way at the same backend, in seconds. */
export function agesAlike(failure: Case): readonly number[] {
  return failure.neighbours
    .filter((other) => samePeer(other, failure.entry) && other.message === failure.entry.message)
    .flatMap((other) => fromAccess(failure, other).map(({ seconds }) => seconds));
}

/** Whether an age is that of a limit: what watches over workers looks once a second. */
export function near(age: number, limit: number): boolean {
  return age >= limit - 0.1 && age <= limit + 1.6;
}

/** `$request_time` and its like always have three decimals. */
const DURATION = /(?<![\d.:])\d{1,6}\.\d{3}(?![\d.:])/g;

/** The name before a duration, or before the list of several attempts, that is only a part of the request's time. */
const PARTIAL =
  /(?<![A-Za-z])(?:u?[ch]t|[a-z_]{0,30}(?:connect|header)(?:_?time)?)["']?\s?[=:]\s?["']?(?:(?:-|\d{1,6}\.\d{3})(?:, | : )){0,8}$/i;

/** How much of a line behind the status is looked at: formats with times are shorter. */
const LONGEST_REST = 4096;

function fromAccess(failure: Case, entry: LogEntry): Age[] {
  const line = accessLineOf(failure, entry);
  if (line === null) return [];
  const from = line.text.indexOf(`" ${line.status}`) + 2;
  const durations = durationsIn(line.text.slice(from, from + LONGEST_REST));
  if (durations.length === 0) return [];
  const seconds = Math.max(...durations);
  return [{ seconds, text: `the access log (line ${line.line}) says that the request took ${seconds} s` }];
}

/** Durations that may be the request's, in seconds: not those until the connection or the header only. */
function durationsIn(text: string): number[] {
  // A client's address or a version of its browser is no duration: these stand before the status or in quotes. What is
  // a mere word in quotes may name the duration behind it (JSON).
  const rest = text.replace(/"[^"]*"/g, (quoted) =>
    /[A-Za-z/(]/.test(quoted) && !/^"\w{1,40}"$/.test(quoted) ? '' : quoted,
  );
  return [...rest.matchAll(DURATION)]
    .filter(({ index }) => !PARTIAL.test(rest.slice(Math.max(0, index - 120), index)))
    .map(([duration]) => Number(duration));
}

/** The line of the access log about the request of an error line. */
export function accessLineOf(failure: Case, entry: LogEntry): HelperLine | null {
  return failure.helpers.find((helper) => isOf(helper, entry)) ?? null;
}

/** Whether an access line is the answer to the request of an error line: nginx writes it in the same second or later. */
function isOf({ kind, request, client, time }: HelperLine, entry: LogEntry): boolean {
  if (kind !== 'access-log' || !request || !entry.request) return false;
  if (request.method !== entry.request.method || request.uri !== entry.request.uri) return false;
  if (client !== null && entry.client !== null && client !== entry.client) return false;
  const [failed, answered] = [secondsOf(entry.time), secondsOf(time)];
  return failed !== null && answered !== null && answered - failed >= 0 && answered - failed <= 1;
}

function attemptsBefore({ entry, neighbours }: Case): readonly LogEntry[] {
  return neighbours.filter(
    (other) =>
      other.line < entry.line &&
      other.level !== 'warn' &&
      other.upstream !== null &&
      sameRequest(other, entry),
  );
}

/** An attempt begins when the one before it ends. */
function sinceAttempt(entry: LogEntry, before: readonly LogEntry[]): Age[] {
  const last = before.at(-1)!;
  const [began, ended] = [secondsOf(last.time), secondsOf(entry.time)];
  // Within a second or two the clock of the log is too coarse.
  if (began === null || ended === null || ended - began < 2) return [];
  const seconds = ended - began;
  return [{ seconds, text: `the attempt before it ended ${seconds} s earlier (line ${last.line})` }];
}
