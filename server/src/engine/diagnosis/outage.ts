import { phaseOfAction } from '../errorlog/action.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import { uriPath } from '../errorlog/uri-path.ts';
import { bestPlace, type Case } from './case.ts';
import { secondsOf } from './clock.ts';
import { accessLineOf } from './request-age.ts';
import { aboutSamePeer } from './same-peer.ts';

/** A time in which a backend served nobody, as a paste shows it. */
export interface Outage {
  /** Lines that tell of it, the case's own among them. */
  readonly lines: number;
  /** From the first of them to what shows that it was over; to the last of them where nothing does. */
  readonly seconds: number;
  /** Whether nobody listened, at least for a part of it. */
  readonly refused: boolean;
  /** What shows that it was over; null where the paste does not. */
  readonly over: string | null;
  /** The first and the last of the lines, on nginx's clock. */
  readonly from: number;
  readonly until: number;
}

/** A longer pause between two lines says nothing about what was in between. */
const LONGEST_PAUSE = 60;
/** What works so much later may have been down all the time, and repaired by somebody. */
const LONGEST_WAIT = 90;

interface Sign {
  readonly at: number;
  readonly text: string;
}

/** The burst of refused, reset and closed connections around a case; null where the lines have no time. */
export function outageOf(failure: Case): Outage | null {
  const own = secondsOf(failure.entry.time);
  if (own === null) return null;
  const about = [failure.entry, ...aboutSamePeer(failure)];
  const down = about.filter(isDown);
  const worked = signsOfLife(failure, about, down);
  const times = down
    .map((entry) => ({ entry, at: secondsOf(entry.time) }))
    .filter((one): one is { entry: LogEntry; at: number } => one.at !== null)
    .sort((a, b) => a.at - b.at);
  const here = times.findIndex(({ entry }) => entry === failure.entry);
  if (here < 0) return null;
  const joined = (a: number, b: number): boolean =>
    b - a <= LONGEST_PAUSE && !worked.some(({ at }) => a < at && at < b);
  let first = here;
  let last = here;
  while (first > 0 && joined(times[first - 1]!.at, times[first]!.at)) first--;
  while (last < times.length - 1 && joined(times[last]!.at, times[last + 1]!.at)) last++;
  const burst = times.slice(first, last + 1);
  const [from, until] = [burst[0]!.at, burst.at(-1)!.at];
  const back = worked.find(({ at }) => at > until && at - until <= LONGEST_WAIT);
  return {
    lines: burst.length,
    seconds: (back?.at ?? until) - from,
    refused: burst.some(({ entry }) => isRefused(entry)),
    over: back ? `${back.text}, ${back.at - until} s after the last of them` : null,
    from,
    until,
  };
}

/** NO_ERROR and REFUSED_STREAM of HTTP/2: a server that shuts down. */
const GOES_AWAY = /^upstream (?:rejected request|sent goaway) with error [07](?!\d)/;

/** No answer because there was nobody, or nobody any more. */
function isDown({ action, errno, message }: LogEntry): boolean {
  const meaning = errnoMeaning(errno);
  switch (phaseOfAction(action ?? '')) {
    case 'connect':
      return meaning === 'refused' || meaning === 'reset' || meaning === 'no-such-file';
    case 'send':
    case 'header':
      return (
        meaning === 'reset' ||
        meaning === 'broken-pipe' ||
        message.startsWith('upstream prematurely closed connection') ||
        GOES_AWAY.test(message)
      );
    default:
      return false;
  }
}

function isRefused({ errno }: LogEntry): boolean {
  const meaning = errnoMeaning(errno);
  return meaning === 'refused' || meaning === 'no-such-file';
}

/** Lines that show the backend at work: it took a connection, or a request to the same path was answered. */
function signsOfLife(failure: Case, about: readonly LogEntry[], down: readonly LogEntry[]): Sign[] {
  const signs: Sign[] = [];
  for (const entry of about) {
    const at = secondsOf(entry.time);
    const phase = phaseOfAction(entry.action ?? '');
    if (at === null || isDown(entry) || (phase !== 'header' && phase !== 'body' && phase !== 'upgraded'))
      continue;
    signs.push({ at, text: `line ${entry.line}: it took a request` });
  }
  return [...signs, ...answers(failure, down)].sort((a, b) => a.at - b.at);
}

/** Answers to requests of the same paths, where no other server of a group can have given them. */
function answers(failure: Case, down: readonly LogEntry[]): Sign[] {
  const paths = new Set(down.map(({ request }) => uriPath(request?.uri ?? '')));
  const about = failure.helpers.filter(
    ({ kind, request }) => kind === 'access-log' && request !== null && paths.has(uriPath(request.uri)),
  );
  const target = bestPlace(failure)?.proxied?.target;
  const alone = target?.kind === 'address' || about.some(({ status }) => status === '502');
  const elsewhere = down.some((entry) => isAnswer(accessLineOf(failure, entry)?.status ?? null));
  if (!alone || elsewhere || target?.kind === 'upstream') return [];
  return about.flatMap(({ status, request, time, line }) => {
    const at = secondsOf(time);
    if (at === null || !isAnswer(status)) return [];
    return [{ at, text: `line ${line}: ${request!.uri} was answered with ${status}` }];
  });
}

function isAnswer(status: string | null): boolean {
  return status !== null && Number(status) >= 200 && Number(status) < 499;
}
