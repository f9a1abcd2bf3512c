import { acceptsCount, directiveFacts, isKnownDirective } from './directive-facts.ts';

/** Whether some entry of the table takes that many arguments. */
function takes(name: string, count: number): boolean {
  return directiveFacts(name).some((fact) => acceptsCount(fact.args, count));
}

/**
 * Tells a forgotten semicolon from arguments on several lines: nginx refuses the directive with all its arguments,
 * takes it without those from `index` on, and the word there is a directive. See ForgotSemicolon.
 */
export function forgotSemicolon(name: string, args: readonly string[], index: number): boolean {
  const next = args[index];
  if (next === undefined || !isKnownDirective(next) || !isKnownDirective(name)) return false;
  return !takes(name, args.length) && takes(name, index);
}
