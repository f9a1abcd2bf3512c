import type { Explain } from '../contract.ts';

const EXAMPLE =
  '2026/01/31 03:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: ...';

/** Why there is nothing to explain, and what to give instead; null when there is. `filtered`: entries of other times. */
export function nothingFound(result: Explain, filtered = 0): string[] | null {
  if (result.groups.some(({ explanation }) => explanation.message !== null)) return null;
  if (result.events === 0 && filtered > 0) {
    return [
      `All ${filtered} nginx log line${filtered === 1 ? '' : 's'} of the input are outside of --since and --until.`,
    ];
  }
  if (result.events > 0) {
    return ['The text holds nginx log lines, but none of them is on the way to a 502.'];
  }
  return [
    result.lines === 0
      ? 'There is nothing to explain: the input is empty.'
      : `No nginx error-log line was found in ${result.lines} line${result.lines === 1 ? '' : 's'} of input.`,
    `Paste a line of nginx's error.log, for example: ${EXAMPLE}`,
  ];
}
