import type { Cause, ConfirmingCommand } from '../contract.ts';
import type { Case } from './case.ts';
import { firstAnswer, onBackend, speaksTls } from './commands.ts';
import { fitted } from './fit-command.ts';
import { isLike, repeatThroughNginx, repeatToBackend } from './request-pair.ts';
import { shellQuote } from './shell.ts';

/** A command with an answer of its own for each of several causes. */
interface Question {
  readonly ask: (failure: Case, expect: string) => readonly ConfirmingCommand[];
  /** What is seen, by cause. */
  readonly answers: Readonly<Record<string, string>>;
}

const QUESTIONS: readonly Question[] = [
  {
    ask: (failure, expect) =>
      failure.peer?.port == null ? [] : [{ run: 'ss -ltnp', where: onBackend(failure), expect }],
    answers: {
      'backend-down': 'no line of the backend',
      'wrong-upstream-port': 'the backend with another port',
      'backend-loopback-only': 'the port with 127.0.0.1 or [::1] only',
      'ipv6-mismatch': 'the port with 127.0.0.1 or 0.0.0.0, not [::]',
      'backend-restarting': 'the port with an address that others reach',
    },
  },
  {
    ask: (failure, expect) => firstAnswer(failure).map((command) => ({ ...command, expect })),
    answers: {
      'response-not-http': 'the page or text without a first line "HTTP/1"',
      'grpc-behind-proxy-pass': 'a few unreadable bytes (^@)',
      'non-http-backend': '"SSH-", "220 ", "-ERR" and the like',
    },
  },
  {
    ask: (failure, expect) => speaksTls(failure).map((command) => ({ ...command, expect })),
    answers: {
      'tls-to-plain-backend': '"wrong version number" or "packet length too long"',
      'sni-missing': '"CONNECTION ESTABLISHED"',
      'tls-version-mismatch': '"protocol version"',
      'tls-client-certificate-missing': '"certificate required"',
    },
  },
  {
    ask: (failure, expect) =>
      repeatToBackend(failure, expect, { seconds: 75, options: ['-w', shellQuote('%{time_total}s\\n')] }),
    answers: {
      'stale-keepalive-connection': 'an answer each time',
      'backend-closed-early': '"Empty reply from server" at once',
      'backend-reset': '"reset by peer" at once',
      'backend-worker-timeout': 'an end without answer after a round number of seconds',
      'backend-restarting': 'refused at first, then an answer',
      'read-timeout': 'a late answer',
      'content-length-without-body': 'an answer at once',
      'backend-rejects-body': 'an answer at once, without a body',
      'request-headers-too-big-for-backend': "an answer: it has not the client's long headers",
      'plain-to-tls-backend': '400, or an answer with https:// and -k only',
    },
  },
];

/** Causes that a reader is shown. */
const SHOWN = 3;

/**
 * The commands of the first cause, the one in front that tells the causes that remain apart, with what it shows for
 * each. They stay as they are where one cause is certain or alone.
 */
export function tellApart(failure: Case, remaining: readonly Cause[]): ConfirmingCommand[] {
  const open = remaining.slice(0, SHOWN);
  const best = open[0]!;
  if (open.length < 2 || best.certainty === 'certain') return best.checks;
  for (const { ask, answers } of QUESTIONS) {
    const told = open.filter(({ id }) => answers[id] !== undefined);
    if (told.length < 2 || !told.includes(best)) continue;
    const which = told.length === open.length ? 'the causes' : told.map(({ id }) => id).join(' and ');
    const shows = told.map(({ id }) => `${answers[id]}: ${id}`).join('; ');
    const expect = `tells ${which} apart. ${shows[0]!.toUpperCase()}${shows.slice(1)}.`;
    const first = fitted(ask(failure, expect), failure.surroundings)[0];
    if (first) return askFirst(failure, first, best.checks);
  }
  return best.checks.map((check, i) =>
    i === 0
      ? { ...check, expect: `${check.expect} If it is not ${best.id}: go on with ${open[1]!.id}.` }
      : check,
  );
}

/** A cause's commands with the one that tells it apart in front, in place of its like. */
function askFirst(
  failure: Case,
  first: ConfirmingCommand,
  checks: readonly ConfirmingCommand[],
): ConfirmingCommand[] {
  const [through] = fitted(repeatThroughNginx(failure), failure.surroundings);
  return [
    first,
    ...checks.filter(
      (check) =>
        check.run === through?.run || !(isLike(check, first) || check.run.startsWith(`${first.run} `)),
    ),
  ];
}
