/** Who handed a line on, as its prefix tells. */
export type Origin =
  /** The journal or syslog: `Mar 12 23:19:28 host nginx[157907]: `. */
  | { readonly kind: 'journal'; readonly program: string }
  /** docker compose: `web-1  | `. The name of a container or of a service with its number. */
  | { readonly kind: 'compose'; readonly name: string }
  | {
      readonly kind: 'kubernetes';
      readonly pod: string;
      readonly container: string | null;
      readonly namespace: string | null;
    }
  /** A container runtime, whichever: a time stamp with nine decimals, or a line of Docker's JSON file. */
  | { readonly kind: 'runtime'; readonly text: string };

/** Characters of a line that are looked at: no prefix is longer. */
const MAX_PREFIX = 400;

const JOURNAL =
  /^(?:[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]{0,10}(?:Z|[+-]\d\d:?\d\d)) [\w.-]{1,64} (nginx|openresty|angie)\[\d{1,9}\]: /;
const COMPOSE = /^([A-Za-z0-9][\w.-]{0,127}) {1,60}\| /;
/** `kubectl logs --prefix`. */
const KUBECTL = /^\[pod\/([a-z0-9][a-z0-9.-]{0,252})\/([a-z0-9][a-z0-9-]{0,62})\] /;
/** stern and dashboards: pod, container, and the head of the line or the time of the runtime. */
const STERN =
  /^([a-z0-9][a-z0-9.-]{0,240}-(?:[a-z0-9]{5}|\d{1,3})) ([a-z0-9][a-z0-9-]{0,62}) (?=\d{4}[-/]\d\d[-/]\d\d|\[)/;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) /;
const DOCKER_JSON = /^\{"log":"|"stream":"std(?:err|out)"/;
const KEY = /"(pod_name|namespace_name|container_name)"\s{0,3}:\s{0,3}"\/?([\w.-]{1,253})"/g;

/** Who handed a line on; null where nothing in front of nginx's own text says so. */
export function readOrigin(line: string): Origin | null {
  // Quote marks of a mail or of Markdown.
  const text = line.slice(0, MAX_PREFIX).replace(/^[>\s`]{1,20}/, '');
  const pod = KUBECTL.exec(text) ?? STERN.exec(text);
  if (pod) return { kind: 'kubernetes', pod: pod[1]!, container: pod[2]!, namespace: null };
  const journal = JOURNAL.exec(text);
  if (journal) return { kind: 'journal', program: journal[1]! };
  const compose = COMPOSE.exec(text);
  if (compose) return { kind: 'compose', name: compose[1]! };
  const stamp = STAMP.exec(text);
  if (stamp) return { kind: 'runtime', text: stamp[0].trim() };
  return text.startsWith('{') ? ofJson(line.slice(0, 8000)) : null;
}

/** What collectors write beside the line: fluentd's keys, or Docker's own. */
function ofJson(line: string): Origin | null {
  const keys = new Map<string, string>();
  for (const [, key, value] of line.matchAll(KEY)) keys.set(key!, value!);
  const pod = keys.get('pod_name');
  if (pod !== undefined)
    return {
      kind: 'kubernetes',
      pod,
      container: keys.get('container_name') ?? null,
      namespace: keys.get('namespace_name') ?? null,
    };
  return DOCKER_JSON.test(line) ? { kind: 'runtime', text: '{"log": ...}' } : null;
}
