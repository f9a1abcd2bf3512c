/** What nginx runs as, by the name that was seen for it. */
export type Handle =
  | { readonly kind: 'systemd'; readonly unit: string }
  /** `partial`: the end of the container's name, in front of which the project's may stand. */
  | { readonly kind: 'docker'; readonly container: string; readonly partial: boolean }
  | { readonly kind: 'compose'; readonly service: string }
  | {
      readonly kind: 'kubernetes';
      /** A pod, or `deploy/name`. */
      readonly pod: string;
      readonly container: string | null;
      readonly namespace: string | null;
    };

const PROMPT =
  /^(?:[^|`]{0,80}?[$#%>\u276f] {1,3}|`{1,3})?(?:sudo {1,3})?(docker|podman|docker-compose|kubectl|journalctl|systemctl) (.{1,500})/;

/** Options with a value of their own word. */
const WITH_VALUE = new Set([
  ...['-n', '--tail', '--since', '--until', '--namespace', '-c', '--container', '-p', '--project-name'],
  ...['--file', '--context', '-l', '--selector', '-u', '--unit', '-w', '--workdir', '-e', '--env', '--user'],
]);

/** Words of prose behind "docker logs". */
const PROSE = /^(?:and|are|below|for|from|here|is|of|output|say|says|show|shows|the|with)$/;
const NAME = /^[A-Za-z0-9][\w.-]{0,127}$/;
const POD =
  /^(?:(?:pods?|deploy|deployment|deployments|ds|daemonset|sts|statefulset)\/)?[a-z0-9][a-z0-9.-]{0,252}$/;

/** The command at a shell's prompt that printed nginx's log or ran in its place; null for any other line. */
export function readCommand(line: string): Handle | null {
  const match = PROMPT.exec(line.trimStart());
  if (!match) return null;
  const end = /[|;<>&`]/.exec(match[2]!)?.index ?? match[2]!.length;
  const words = match[2]!
    .slice(0, end)
    .trim()
    .split(/\s{1,20}/)
    .slice(0, 40);
  switch (match[1]) {
    case 'docker':
      return words[0] === 'compose' ? compose(words.slice(1)) : docker(words);
    case 'podman':
      return null;
    case 'docker-compose':
      return compose(words);
    case 'kubectl':
      return kubectl(words);
    default:
      return unit(match[1]!, words);
  }
}

interface Parsed {
  readonly plain: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

function parse(words: readonly string[], switches: readonly string[] = []): Parsed {
  const plain: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') return { plain: [...plain, ...words.slice(i + 1)], options };
    const equals = word.indexOf('=');
    if (!word.startsWith('-')) plain.push(word);
    else if (equals > 0) options.set(word.slice(0, equals), word.slice(equals + 1));
    else if (WITH_VALUE.has(word) && !switches.includes(word)) options.set(word, words[++i] ?? '');
  }
  return { plain, options };
}

/** Names behind `logs`, or behind `exec` where nginx is what is run. */
function named([verb, name, program]: readonly string[]): string | null {
  if (name === undefined || !NAME.test(name) || PROSE.test(name)) return null;
  return verb === 'logs' || (verb === 'exec' && program === 'nginx') ? name : null;
}

function docker(words: readonly string[]): Handle | null {
  const container = named(parse(words).plain);
  return container === null ? null : { kind: 'docker', container, partial: false };
}

function compose(words: readonly string[]): Handle | null {
  // -f names a file before the verb, and means "follow" behind it.
  const verb = words.findIndex((word) => word === 'logs' || word === 'exec');
  const { plain } = parse(words.slice(Math.max(0, verb)));
  // Several services: which of them is nginx, the line's own prefix says.
  if (plain[0] === 'logs' && plain.length > 2) return null;
  const service = named(plain);
  return service === null ? null : { kind: 'compose', service };
}

function kubectl(words: readonly string[]): Handle | null {
  const { plain, options } = parse(words);
  const [verb, pod, second] = plain;
  if (pod === undefined || !POD.test(pod) || PROSE.test(pod)) return null;
  if (verb !== 'logs' && !(verb === 'exec' && plain.includes('nginx'))) return null;
  const container = options.get('-c') ?? options.get('--container') ?? (verb === 'logs' ? second : undefined);
  const namespace = options.get('-n') ?? options.get('--namespace');
  return {
    kind: 'kubernetes',
    pod,
    container: container !== undefined && NAME.test(container) ? container : null,
    namespace: namespace !== undefined && NAME.test(namespace) ? namespace : null,
  };
}

/** `journalctl -u nginx`, `systemctl status nginx`. */
function unit(program: string, words: readonly string[]): Handle | null {
  const { plain, options } = parse(words, program === 'systemctl' ? ['-n'] : []);
  const name =
    program === 'journalctl' ? (options.get('-u') ?? options.get('--unit')) : (plain[1] ?? undefined);
  if (name === undefined || !/^[A-Za-z0-9][\w@.-]{0,100}$/.test(name)) return null;
  const short = name.replace(/\.service$/, '');
  return /nginx|openresty|angie/.test(short) ? { kind: 'systemd', unit: short } : null;
}
