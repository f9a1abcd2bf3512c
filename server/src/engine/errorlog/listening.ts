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

/** How a line of a log begins: a container's name, a time, a bracket, a field. People do not write like that. */
const PREFIX =
  /^\s{0,8}(?:[\w.-]{1,60}\s{1,20}\||\[?\d{2,4}[-/:]\d{2}|[A-Z][a-z]{2}\s{1,2}\d{1,2} \d{2}:|\[|\{"|(?:time|ts|level|msg)=)/;
const NEGATION = /\b(?:no|not|none|nothing|nobody|never|without|cannot|stopped)\b|n['\u2019]t\b/i;
/** Words of people who tell of a program; programs that start say who and where. */
const PROSE =
  /\b(?:I|it|its|my|the|this|that|we|our|you|your|he|they|there|has|had|have|was|were|been|be|should|would|could|can|if|when|while|because|but|and|before|earlier|again|why|which|where)\b|\?/i;
/** "Example app", "o.s.b.TomcatWebServer : Tomcat", "INFO: Uvicorn"; behind the address "(Press CTRL+C to quit)". */
const MOST_WORDS = 6;

/** Whether a line about a start was written by a program, by what stands before the verb and behind the address. */
function isLogShaped(before: string, address: string, behind: string): boolean {
  if (NEGATION.test(before) || NEGATION.test(address)) return false;
  if (PREFIX.test(before)) return true;
  if (PROSE.test(before) || PROSE.test(behind)) return false;
  return wordsIn(before) <= MOST_WORDS && wordsIn(behind) <= MOST_WORDS;
}

function wordsIn(text: string): number {
  return text.match(/[\w.'-]{1,600}/g)?.length ?? 0;
}

/** What a line tells of somebody who listens; null when it tells nothing of the kind. */
export function readListening(line: string): Listening | null {
  if (line.length > 600) return null;
  const table = SS.exec(line) ?? NETSTAT.exec(line);
  if (table) {
    // netstat cuts titles that hold spaces: "43/nginx: master pr".
    const program = /"([^"]{1,40})"|\d\/([\w.-]{1,40})(?:: [\w .:-]{0,40})?\s*$/.exec(line);
    return {
      host: table[1]!.replace(/%\w+$/, ''),
      port: Number(table[2]),
      program: program?.[1] ?? program?.[2] ?? null,
    };
  }
  const started = STARTED.exec(line);
  if (!started) return null;
  const [end, { index }] = [started.index + started[0].length, started];
  if (!isLogShaped(line.slice(0, index), started[0], line.slice(end))) return null;
  return {
    host: started[1] ?? null,
    port: Number(started[2] ?? started[3]),
    program: nameBefore(line.slice(0, index)),
  };
}

/** Who says so: "Tomcat" before "started on port(s)", "Parse-server is" before "running". */
const NAME = /(?:^|[\s>*|:\]])([A-Z][\w.-]{2,30}(?: (?:app|server))?)(?: (?:is|has))?(?: now)?\s{1,3}$/;
/** First words of such sentences that name nobody. */
const NOBODY =
  /^(?:server|app|application|service|now|worker|process|starting|running|the|https?|info)(?: (?:app|server))?$/i;

function nameBefore(text: string): string | null {
  const name = NAME.exec(text)?.[1] ?? null;
  return name === null || NOBODY.test(name) ? null : name;
}
