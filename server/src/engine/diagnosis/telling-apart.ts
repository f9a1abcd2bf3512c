import type { Cause, ConfirmingCommand } from '../contract.ts';
import type { Case } from './case.ts';
import { fitted } from './fit-command.ts';
import { isLike, repeatThroughNginx } from './request-pair.ts';
import { QUESTIONS, type Question } from './telling-questions.ts';

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
  const ids = open.map(({ id }) => id);
  for (const { ask, answers } of questionsFor(ids)) {
    const first = fitted(ask(failure, expectation(ids, answers), ids), failure.surroundings)[0];
    if (first) return askFirst(failure, first, best.checks);
  }
  return best.checks.map((check, i) =>
    i === 0
      ? { ...check, expect: `${check.expect} If it is not ${best.id}: go on with ${open[1]!.id}.` }
      : check,
  );
}

/**
 * Questions that tell some causes apart, the best first: those with an answer for each cause, then those that leave
 * one cause for "otherwise". None tells the first cause from the rest when this is empty.
 */
export function questionsFor(ids: readonly string[]): Question[] {
  const rank = ({ answers }: Question): number => {
    const told = ids.filter((id) => answers[id] !== undefined).length;
    if (told === ids.length) return 0;
    return told === ids.length - 1 && told > 0 ? 1 : 2;
  };
  return [0, 1].flatMap((wanted) => QUESTIONS.filter((question) => rank(question) === wanted));
}

/** What is seen for each cause. */
function expectation(ids: readonly string[], answers: Question['answers']): string {
  const told = ids.filter((id) => answers[id] !== undefined);
  const rest = ids.find((id) => answers[id] === undefined);
  const shows = told.map((id) => `${answers[id]}: ${id}`).join('; ');
  const otherwise = rest === undefined ? '' : `; otherwise: ${rest}`;
  return `tells the causes apart. ${shows[0]!.toUpperCase()}${shows.slice(1)}${otherwise}.`;
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
        (check.run === through?.run && check.run !== first.run) ||
        !(isLike(check, first) || check.run.startsWith(`${first.run} `)),
    ),
  ];
}
