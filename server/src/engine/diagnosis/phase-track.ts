import type { Explanation } from '../contract.ts';

/**
 * How far a request came on its way to the backend: behind it, the failing step, a step that this kind of backend does
 * not have, one of which the line does not tell, and those never reached.
 */
export type StepState = 'passed' | 'failed' | 'absent' | 'unknown' | 'ahead';

export interface Step {
  /** As one says it: "connect", "TLS". */
  readonly name: string;
  readonly state: StepState;
}

const STEPS = ['resolve', 'connect', 'tls', 'send', 'header', 'body', 'upgraded'];

/** The steps to a backend with the failing one marked; null for messages off that way. */
export function phaseTrack({ message, entry }: Explanation): Step[] | null {
  const phase = message?.phase ?? '';
  const at = STEPS.indexOf(phase);
  if (at < 0) return null;
  const scheme = entry.upstream?.scheme ?? null;
  // A connection that never changes its protocol does not miss the last step.
  const steps = phase === 'upgraded' ? STEPS : STEPS.slice(0, -1);
  const stateOf = (step: string, i: number): StepState => {
    if (i > at) return 'ahead';
    if (i === at) return 'failed';
    if (step === 'tls' && scheme === null) return 'unknown';
    if (step === 'tls' && scheme !== 'https' && scheme !== 'grpcs') return 'absent';
    // Names of the configuration were resolved when nginx started; an upgraded answer has no body.
    if (step === 'resolve' || step === 'body') return 'absent';
    return 'passed';
  };
  return steps.map((step, i) => ({ name: step === 'tls' ? 'TLS' : step, state: stateOf(step, i) }));
}

/** "111: Connection refused", as the message has it; null without an errno. */
export function errnoText({ message }: Explanation): string | null {
  if (!message || message.errno === null) return null;
  const from = message.text.indexOf(`(${message.errno}: `);
  const to = message.text.indexOf(')', from);
  return from < 0 || to < 0 ? String(message.errno) : message.text.slice(from + 1, to);
}
