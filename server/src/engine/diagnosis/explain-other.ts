import type { ConfigModel } from '../config/model.ts';
import type { Cause, EntryFields, ExplainGroup, Explanation } from '../contract.ts';
import { type ErrorPage, readErrorPage } from '../errorlog/error-page.ts';
import type { HelperLine } from '../errorlog/helper-line.ts';
import type { LoggedAnswer } from '../failures/failure-mode.ts';
import { failureMode, failureModes } from '../failures/index.ts';
import { answerMaker, WHO_ANSWERED } from './access-evidence.ts';
import { check } from './check.ts';
import { evidenceOnly, type ToldAlone } from './evidence-only.ts';
import { causeOfBlockSize } from './helper-evidence.ts';

/** Characters of lines that nobody knows, kept in case that they are an error page. */
const KEPT = 65_536;
/** Lines of other programs kept in case that they are all there is. */
const MAX_EVIDENCE = 200;

/** What a text holds beside nginx's own log lines: an error page, lines of access logs and of other programs. */
export class OtherText {
  private text = '';
  private readonly evidence: HelperLine[] = [];
  private readonly groups = new Map<string, { count: number; first: HelperLine; last: HelperLine }>();

  unrecognised(line: string): void {
    if (this.text.length < KEPT) this.text += `${line.slice(0, KEPT - this.text.length)}\n`;
  }

  helper(line: HelperLine): void {
    const key = keyOf(line);
    if (key === null) {
      if (this.evidence.length < MAX_EVIDENCE) this.evidence.push(line);
      return;
    }
    const group = this.groups.get(key);
    if (group) {
      group.count++;
      group.last = line;
    } else this.groups.set(key, { count: 1, first: line, last: line });
  }

  /** Explanations of what stands there; the page comes first. With a configuration, what is wrong in it is a cause. */
  explained(model: ConfigModel | null): ExplainGroup[] {
    const page = readErrorPage(this.text);
    if (page === null && this.groups.size === 0)
      return evidenceOnly(this.evidence, model).map((told) => ({
        count: 1,
        first: told.line.time,
        last: told.line.time,
        sample: told.line.text,
        explanation: explainAlone(told),
      }));
    return [
      ...(page
        ? [
            {
              count: 1,
              first: null,
              last: null,
              sample: this.text.trim(),
              explanation: explainPage(page, model),
            },
          ]
        : []),
      ...[...this.groups.values()].map(({ count, first, last }) => ({
        count,
        first: first.time,
        last: last.time,
        sample: first.text,
        explanation: explainHelper(first, model),
      })),
    ];
  }
}

/** Lines told apart by what they mean; null for those that mean nothing by themselves. */
function keyOf(line: HelperLine): string | null {
  switch (line.kind) {
    case 'access-log':
      return /^5\d\d$/.test(line.status ?? '') ? `access ${line.status}` : null;
    case 'browser':
      return /^5\d\d$/.test(line.status ?? '') ? `browser ${line.status}` : null;
    case 'uwsgi':
    case 'apache':
      return line.kind;
    // Evidence for a line of nginx; told by themselves only where there is nothing else.
    case 'php-fpm':
    case 'gunicorn':
    case 'kernel':
    case 'selinux':
    case 'container':
    case 'listening':
      return null;
  }
}

const NOTHING: EntryFields = {
  time: null,
  level: null,
  pid: null,
  connection: null,
  client: null,
  server: null,
  request: null,
  subrequest: null,
  upstream: null,
  host: null,
  referrer: null,
  truncated: false,
};

/** How to come to the line that tells the cause. */
const FIND_LOG =
  'to see the line: `tail -n 50 /var/log/nginx/error.log`, `docker logs --tail 50 CONTAINER`, or `journalctl -u nginx -n 50`';

function explanation(
  id: string,
  text: string,
  code: string | null,
  rest: Pick<Explanation, 'verdict' | 'causes' | 'notes'> & { entry?: Partial<EntryFields>; note?: string },
): Explanation {
  const { verdict, causes, notes, entry, note } = rest;
  return {
    verdict,
    message: { id, text, phase: 'client', level: null, errno: null },
    entry: { ...NOTHING, ...entry },
    status: { code, outcome: code === null ? null : 'response', certainty: 'certain', note: note ?? '' },
    causes,
    place: null,
    attempts: [],
    notes,
  };
}

function explainPage(page: ErrorPage, model: ConfigModel | null): Explanation {
  return explanation('error-page', page.product, page.status, {
    verdict: `This is an error page, not a log line: ${page.meaning}.`,
    causes: answered(model, page.nginx, { status: page.status, product: page.product, request: null }),
    notes: [
      `the page does not hold the cause: ${page.log} does`,
      ...(page.version === null
        ? []
        : [
            `it is ${page.product} ${page.version}: of several in a row, the one with this version made the page`,
          ]),
      ...(page.nginx ? [FIND_LOG] : []),
      ...(page.reference === null ? [] : [`look for ${page.reference}`]),
    ],
  });
}

function explainAlone({ kind, whose, ids, because }: ToldAlone): Explanation {
  return explanation(`${kind}-line`, because, null, {
    verdict: `This is ${whose}, not nginx's: it tells why requests may have failed, not which ones did.`,
    causes: causesOf(ids).map((cause, i) => (i === 0 ? { ...cause, because: [because] } : cause)),
    notes: [FIND_LOG],
  });
}

function explainHelper(line: HelperLine, model: ConfigModel | null): Explanation {
  switch (line.kind) {
    case 'access-log':
      return explanation('access-log-line', `access log: ${line.status}`, line.status, {
        verdict: `This is a line of an access log: nginx sent ${line.status}. Whether the backend sent it or nginx made it, and why, it does not say.`,
        entry: { client: line.client, request: line.request },
        causes: bySurety([
          ...answered(model, true, { status: line.status!, product: null, request: line.request }),
          ...sentByBackend(line),
        ]),
        notes: [
          `the error log has a line of the same second (${line.time}) if nginx made this answer, none if the backend sent it`,
          FIND_LOG,
        ],
      });
    case 'browser':
      return explanation('browser-console-line', `browser console: ${line.status}`, line.status, {
        verdict: `This is a browser's console: it got ${line.status}. Why is known to the server only.`,
        causes: [],
        notes: [FIND_LOG],
      });
    case 'uwsgi':
      return explanation('uwsgi-invalid-request-block', 'uWSGI: invalid request block size', '502', {
        verdict:
          "This is uWSGI's log, not nginx's: it refused a request whose size, as it read it, is more than its buffer.",
        causes: causesOf([...new Set([causeOfBlockSize(blockSizeOf(line)), 'uwsgi-scgi-mismatch'])]),
        notes: [
          'a size that is two letters, like 21573 for "ET" of GET, means: nginx speaks HTTP to a uwsgi socket',
        ],
      });
    default:
      return explanation('apache-line', "Apache's error log", null, {
        verdict: "This is a line of Apache's error log, not of nginx's: nginx has written nothing of it.",
        causes: [],
        notes: [FIND_LOG],
      });
  }
}

/** Causes that the configuration gives for an answer: what weighs it, and for nginx's own what a check finds. */
function answered(model: ConfigModel | null, nginx: boolean, answer: LoggedAnswer): Cause[] {
  if (!model) return [];
  const weighed = failureModes.flatMap((mode): Cause[] => {
    const weight = mode.weighAnswer?.(answer, model) ?? null;
    if (!weight || weight.refuted) return [];
    return [
      {
        id: mode.id,
        certainty: weight.certainty,
        because: [...weight.because],
        against: [...weight.against],
        do: mode.do,
        mitigate: mode.remedy.mitigate,
        takesEffect: mode.remedy.takesEffect,
        checks: [],
        fixes: [],
      },
    ];
  });
  return [...weighed, ...(nginx ? configured(model, answer.status) : [])];
}

const SURETY: readonly Cause['certainty'][] = ['certain', 'likely', 'possible'];

function bySurety(causes: readonly Cause[]): Cause[] {
  return SURETY.flatMap((certainty) => causes.filter((cause) => cause.certainty === certainty));
}

/** Causes shown for what was found in the configuration. */
const MAX_FOUND = 3;

/** What a check finds that nginx answers with that status, or that keeps it from starting. */
function configured(model: ConfigModel | null, status: string): Cause[] {
  if (!model) return [];
  const causes = new Map<string, Cause>();
  for (const finding of check(model).findings) {
    const { id, severity, file, range, message, fixes } = finding;
    const mode = failureMode(id);
    if (!mode || finding.status !== status || severity === 'hint' || causes.has(id)) continue;
    causes.set(id, {
      id,
      certainty: severity === 'info' ? 'possible' : 'likely',
      because: [`the configuration has it, in ${file}:${range.start.line}: ${message}`],
      against: [],
      do: finding.do,
      mitigate: mode.remedy.mitigate,
      takesEffect: mode.remedy.takesEffect,
      checks: [],
      fixes,
    });
  }
  return [...causes.values()].slice(0, MAX_FOUND);
}

/** The backend's own answer, with what the line tells of who made it. */
function sentByBackend(line: HelperLine): Cause[] {
  const maker = answerMaker(line);
  return causesOf(['backend-sent-5xx']).map((cause) => ({
    ...cause,
    certainty: maker?.who === 'backend' ? ('likely' as const) : ('possible' as const),
    because: maker?.who === 'backend' ? [maker.because] : [],
    against: maker?.who === 'nginx' ? [maker.because] : [],
    checks: [...WHO_ANSWERED],
  }));
}

/** Causes that nothing but the kind of the text points to: without a case there is nothing to weigh. */
function causesOf(ids: readonly string[]): Cause[] {
  return ids.flatMap((id) => {
    const mode = failureMode(id);
    if (!mode) return [];
    return [
      {
        id,
        certainty: 'possible' as const,
        because: [],
        against: [],
        do: mode.do,
        mitigate: mode.remedy.mitigate,
        takesEffect: mode.remedy.takesEffect,
        checks: [],
        fixes: [],
      },
    ];
  });
}

/** The size of a request that uWSGI says it got. */
function blockSizeOf({ text }: HelperLine): number {
  return Number(/size: (\d{1,9})/.exec(text)?.[1]);
}
