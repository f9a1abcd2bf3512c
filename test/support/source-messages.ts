import { matchMessage } from '../../server/src/engine/errorlog/catalogue.ts';
import { readEntries } from '../../server/src/engine/errorlog/read-entries.ts';

/** One text that nginx can write, as `scripts/extract-messages.mjs` reads it from the source. */
export interface SourceMessage {
  readonly text: string;
  /** One level, several joined by `|`, or "any". */
  readonly level: string;
  /** Whether `(ERRNO: text)` follows. */
  readonly errno?: boolean;
  /** Whether `(SSL: ...)` follows. */
  readonly ssl?: boolean;
  /** Whether ` in FILE:LINE` follows. */
  readonly place?: boolean;
  /** Whether all places that write it are beside the way to a backend. */
  readonly beside?: boolean;
  /** `file function` of every place that writes it. */
  readonly in: readonly string[];
  /** First release of the main line that has it; absent when 1.18.0 does. */
  readonly since?: string;
  /** First release of the main line that no longer has it. */
  readonly until?: string;
  /** Releases of older stable branches that got it later. */
  readonly backported?: readonly string[];
}

/** Formats whose `%s` is one of a few words, which the catalogue names. */
const WORDS: readonly (readonly [format: string, words: string])[] = [
  // The number of the connection, which a reader takes for one.
  ['*%uA ', ''],
  ['%sclient ', 'udp client '],
  ['%s:%ui', '/etc/nginx/nginx.conf:7'],
  ['%s %P exited on signal %d%s', 'worker process 29 exited on signal 9 (core dumped)'],
  ['%s %P exited', 'worker process 29 exited'],
  ['start %s %P', 'start worker process 29'],
  ['could not respawn %s', 'could not respawn worker process'],
  ['%s in upstream', 'invalid host in upstream'],
  ['limiting connections%s by', 'limiting connections by'],
  ['limiting requests%s,', 'limiting requests,'],
  ['delaying request%s,', 'delaying request,'],
  ['%s in OCSP responder', 'invalid host in OCSP responder'],
  ['%s in debug_connection', 'invalid host in debug_connection'],
  ['%s in resolver', 'host not found in resolver'],
  ['%s in "%V" of the "listen"', 'invalid host in "a" of the "listen"'],
  ['%s disconnected', 'client disconnected'],
  ['%sproxy %V', 'udp proxy %V'],
  ['%s "%s" failed', 'open() "%s" failed'],
  ['%s %V', 'an upstream response is buffered to a temporary file %V'],
];

/** A format with values in the place of its verbs: a number is a number. */
export function sampleOf(format: string): string {
  // What went wrong in a regular expression, or in a directive that includes files.
  let text =
    format === '%V' || format === '%s'
      ? 'pcre2_compile() failed: missing closing parenthesis in "("'
      : format;
  for (const [verbs, words] of WORDS) {
    text = text.startsWith(verbs) || verbs === '%s:%ui' ? text.replace(verbs, words) : text;
  }
  return text.replace(
    /%\*?[\d.]*([uxXm]*)([OTPMizdlDLAVvsSrpfcxXZN%])/g,
    (_, flags: string, verb: string) => {
      switch (verb) {
        case 'V':
        case 'v':
        case 's':
        case 'S':
        case 'c':
          return 'sample';
        case 'N':
          return '';
        case '%':
          return '%';
        default:
          return /x/i.test(flags + verb) ? '1f' : '7';
      }
    },
  );
}

const FIELDS = 'client: 192.0.2.1, server: app.test, request: "POST /a HTTP/1.1"';
const ACTIONS = [
  'connecting to upstream',
  'SSL handshaking to upstream',
  'sending request to upstream',
  'reading response header from upstream',
  'reading upstream',
  'proxying upgraded connection',
];

/** Lines in which a message can stand: with a backend, before one, towards a client, of a process, at start-up. */
function linesOf(message: SourceMessage, level: string): string[] {
  let text = sampleOf(message.text);
  if (message.ssl) {
    text += ' (SSL: error:0A00010B:SSL routines::wrong version number)';
  }
  if (message.errno) {
    text += ' (111: Connection refused)';
  }
  const head = `2026/01/10 08:41:45 [${level}] 165#165: `;
  if (message.place) {
    return [`nginx: [${level}] ${text} in /etc/nginx/nginx.conf:7`];
  }
  return [
    ...ACTIONS.map(
      (action) =>
        `${head}*18127 ${text} while ${action}, ${FIELDS}, upstream: "http://192.0.2.9:80/a", host: "app.test"`,
    ),
    `${head}*18127 ${text}, ${FIELDS}, host: "app.test"`,
    `${head}*18127 ${text} while SSL handshaking, client: 192.0.2.1, server: 0.0.0.0:443`,
    `${head}*18127 ${text} while proxying connection, client: 192.0.2.1, server: 0.0.0.0:5432, upstream: "192.0.2.9:5432", bytes from/to client:0/0, bytes from/to upstream:0/0`,
    `${head}${text}`,
    `${head}${text} while resolving, resolver: 192.0.2.53:53`,
    `nginx: [${level}] ${text}`,
  ];
}

/** Ids of the entries that a text surely maps to, in whatever line it stands. */
export function kindsOf(message: SourceMessage): string[] {
  const ids = new Set<string>();
  const levels = message.level === 'any' ? ['error'] : message.level.split('|');
  for (const line of levels.flatMap((level) => linesOf(message, level))) {
    const entry = readEntries(line).entries[0];
    const matched = entry === undefined ? null : matchMessage(entry);
    // What stands for any start-up error explains none.
    if (matched?.certainty === 'certain' && matched.kind.id !== 'configuration-refused') {
      ids.add(matched.kind.id);
    }
  }
  return [...ids];
}
