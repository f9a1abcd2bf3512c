/** A line of nginx's error log, without what differs from run to run. */
export interface NormalisedLine {
  /** `error`, `crit`, `emerg` ...; null when the line has none. */
  level: string | null;
  message: string;
}

/**
 * Takes time, process, connection number and the fields from `, client:` on off a line of the error log or of
 * nginx's standard error, and puts the level aside.
 */
export function normaliseMessage(line: string): NormalisedLine {
  const head = /^(?:\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d |nginx: )\[(\w+)\] (?:\d+#\d+: )?(?:\*\d+ )?/.exec(line);
  const rest = head ? line.slice(head[0].length) : line;
  const fields = rest.indexOf(', client: ');
  return { level: head?.[1] ?? null, message: (fields < 0 ? rest : rest.slice(0, fields)).trim() };
}
