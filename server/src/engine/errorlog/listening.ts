/** A program that says, or of which a tool says, that it takes connections. */
export interface Listening {
  /** Address as printed, without brackets removed; null where only a port is told. */
  readonly host: string | null;
  readonly port: number;
  /** The program, where the line names it. */
  readonly program: string | null;
}

/** A line of `ss -ltn`: state, two queues, own address. */
const SS = /^(?:tcp\s+)?LISTEN\s+\d{1,9}\s+\d{1,9}\s+(\S{1,60}):(\d{1,5})\s/;
/** A line of `netstat -ltn`. */
const NETSTAT = /^tcp6?\s+\d{1,9}\s+\d{1,9}\s+(\S{1,60}):(\d{1,5})\s+\S{1,60}\s+LISTEN\b/;
/** What programs say when they have started: gunicorn, uvicorn, puma, node, Spring, Go. */
const STARTED =
  /\b(?:listening|running|started|serving)\b.{0,40}?(?:\b(?:https?|tcp):\/\/([\w.[\]:*-]{1,60}?):(\d{1,5})\b|\bport(?:\(s\))?:?\s{0,2}(\d{2,5})\b)/i;

/** What a line tells of somebody who listens; null when it tells nothing of the kind. */
export function readListening(line: string): Listening | null {
  if (line.length > 600) return null;
  const table = SS.exec(line) ?? NETSTAT.exec(line);
  if (table) {
    const program = /"([^"]{1,40})"|\d\/([\w.-]{1,40})\s*$/.exec(line);
    return {
      host: table[1]!.replace(/%\w+$/, ''),
      port: Number(table[2]),
      program: program?.[1] ?? program?.[2] ?? null,
    };
  }
  const started = STARTED.exec(line);
  if (!started) return null;
  return { host: started[1] ?? null, port: Number(started[2] ?? started[3]), program: null };
}
