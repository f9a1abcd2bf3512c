import { acceptsCount, directiveFacts, isKnownDirective } from './directive-facts.ts';

/** Whether some entry of the table takes that many arguments. */
function takes(name: string, count: number): boolean {
  return directiveFacts(name).some((fact) => acceptsCount(fact.args, count));
}

/**
 * Tells a forgotten semicolon from arguments on several lines: nginx refuses the directive with all its arguments,
 * takes it without those from `index` on, and the word there is a directive. See ForgotSemicolon.
 */
export function forgotSemicolon(name: string, count: number, index: number, next: string): boolean {
  if (!isKnownDirective(next) || !isKnownDirective(name)) return false;
  return !takes(name, count) && takes(name, index);
}
