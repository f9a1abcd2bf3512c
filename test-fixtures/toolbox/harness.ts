import { posix } from 'node:path';
import { applyEdits, type Directive, type Edit, readDirectives } from './configuration.ts';

/** What the harness needs to know. */
export interface HarnessOptions {
  /** Folder of the instance; the tree that runs is `<tmp>/run`. */
  tmp: string;
  /** Name of the main file within the tree. */
  main: string;
  /** The loopback address, mapped, that stands for `listen 80;` and the like. */
  address: string;
  /** A unix socket on which the server of 127.0.0.1:8080 listens too; null when its clients are in its network. */
  client: string | null;
  /** Users that exist on this machine; null when nginx is not started as root and ignores `user`. */
  users: ReadonlySet<string> | null;
  /** Level that replaces the level of every error_log. */
  logLevel: string | null;
}

/** A tree made safe to run, and what must be there and be said before it runs. */
export interface Harness {
  /** Files by their name in the tree. */
  files: Map<string, string>;
  /** Value of nginx's `-g` option. */
  globals: string;
  /** Folders to be made. */
  folders: string[];
  /** Files of the distribution's /etc/nginx that are included and not in the tree. */
  shipped: string[];
}

const LOG_FORMAT = 'nginx502_toolbox';
const TEMP_PATHS: readonly string[] = [
  'client_body_temp_path',
  'proxy_temp_path',
  'fastcgi_temp_path',
  'uwsgi_temp_path',
  'scgi_temp_path',
];
const CACHE_PATHS: readonly string[] = [
  'proxy_cache_path',
  'fastcgi_cache_path',
  'uwsgi_cache_path',
  'scgi_cache_path',
];
const ETC = '/etc/nginx/';

/**
 * Rewrites a tree of configuration files so that nginx can run it as a test: it writes below `tmp` only, listens on
 * loopback only, stays in the foreground with one worker, and logs each request in a form of our own. No line moves.
 *
 * Everything else is as it was. One limit: `listen 80;` and `listen 127.0.0.1:80;` become the same address.
 */
export function harness(source: ReadonlyMap<string, string>, options: HarnessOptions): Harness {
  const { tmp, main, address } = options;
  const files = new Map(source);
  const folders = new Set<string>();
  const shipped = new Set<string>();
  const mainLevel = new Set<string>();
  const httpLevel = new Set<string>();
  let http: Directive | undefined;
  const edits = new Map<string, Edit[]>();

  const visit = (name: string, outer: readonly string[]) => {
    const text = source.get(name);
    // A file that is included twice is edited for the first of its places.
    if (text === undefined || edits.has(name)) return;
    const own: Edit[] = [];
    edits.set(name, own);
    const directives = readDirectives(text);
    for (const directive of directives) {
      const context = [...outer, ...directive.parents];
      const word = directive.words[0]!.value;
      if (context.length === 0) mainLevel.add(word);
      if (context.length === 1 && context[0] === 'http') httpLevel.add(word);
      if (word === 'http' && context.length === 0 && directive.opensBlock && name === main)
        http ??= directive;
      if (word === 'include') visitIncluded(directive, context);
      own.push(...rewrite(directive, context));
      if (isServerWithoutListen(directive, context, directives)) {
        own.push({ start: directive.end, end: directive.end, text: ` listen ${address}:80;` });
      }
    }
  };

  const visitIncluded = ({ words }: Directive, context: readonly string[]) => {
    const pattern = words[1]?.value ?? '';
    const inTree = posix.normalize(posix.join(posix.dirname(main), relativeToEtc(pattern) ?? pattern));
    const matches = [...source.keys()].filter((name) => globToRegExp(inTree).test(name)).sort();
    for (const name of matches) visit(name, context);
    if (matches.length === 0 && !isGlob(pattern) && !pattern.startsWith('/')) shipped.add(inTree);
  };

  const rewrite = (directive: Directive, context: readonly string[]): Edit[] => {
    const { words } = directive;
    const [name, first] = words;
    const replaceArguments = (text: string): Edit[] =>
      first ? [{ start: first.start, end: words.at(-1)!.end, text }] : [];
    const replaceFirst = (text: string): Edit[] =>
      first ? [{ start: first.start, end: first.end, text }] : [];
    switch (name!.value) {
      case 'daemon':
        return replaceArguments('off');
      case 'worker_processes':
        return replaceArguments('1');
      case 'pid':
        return replaceArguments(`${tmp}/nginx.pid`);
      case 'lock_file':
        return replaceArguments(`${tmp}/nginx.lock`);
      case 'user':
        return options.users === null || options.users.has(first?.value ?? '')
          ? []
          : replaceArguments('root');
      case 'error_log': {
        const level = options.logLevel ?? words[2]?.value;
        return replaceArguments([`${tmp}/error.log`, ...(level ? [level] : [])].join(' '));
      }
      case 'access_log':
        // In a network of its own the fixture has its backends in the same file: only the client's requests count.
        if (options.client !== null && first?.value === 'off') return [];
        return replaceArguments(context[0] === 'stream' ? 'off' : `${tmp}/access.log ${LOG_FORMAT}`);
      case 'listen':
        return first ? confineListen(directive) : [];
      case 'include': {
        // Other than its modules, nothing of the machine's own configuration may get in by a glob.
        const relative = relativeToEtc(first?.value ?? '');
        const take = relative !== null && isGlob(relative) && !relative.startsWith('modules-enabled/');
        return take || (relative !== null && inTree(relative)) ? replaceFirst(`${tmp}/run/${relative}`) : [];
      }
      default:
    }
    if (
      (TEMP_PATHS.includes(name!.value) || CACHE_PATHS.includes(name!.value)) &&
      first?.value.startsWith('/')
    ) {
      const path = tmp + first.value;
      folders.add(posix.dirname(path));
      return replaceFirst(path);
    }
    return words.slice(1).flatMap(({ value, start, end }) => {
      const relative = relativeToEtc(value);
      return relative !== null && inTree(relative) ? [{ start, end, text: `${tmp}/run/${relative}` }] : [];
    });
  };

  const inTree = (name: string) => source.has(name) || name.startsWith('certs/');

  const confineListen = ({ words }: Directive): Edit[] => {
    const first = words[1]!;
    const { value } = first;
    if (value.startsWith('unix:')) {
      folders.add(posix.dirname(value.slice('unix:'.length)));
      return [];
    }
    if (options.client !== null && value === `${address}:8080`)
      return [{ start: first.start, end: first.end, text: `unix:${options.client}` }];
    const everywhere = /^(?:(?:\*|0\.0\.0\.0|localhost):)?(\d+(?:-\d+)?)$|^(?:\*|0\.0\.0\.0|localhost)$/.exec(
      value,
    );
    if (everywhere)
      return [{ start: first.start, end: first.end, text: `${address}:${everywhere[1] ?? 80}` }];
    // There is only one ::1, and no lane in it: a socket of its own takes the place of each IPv6 port.
    const ipv6 = /^\[::1?\](?::(\d+))?$/.exec(value);
    if (!ipv6) return [];
    const parameters = words.slice(2).filter((word) => !word.value.startsWith('ipv6only='));
    const text = [`unix:${tmp}/ipv6-${ipv6[1] ?? 80}.sock`, ...parameters.map((word) => word.value)].join(
      ' ',
    );
    return [{ start: first.start, end: words.at(-1)!.end, text }];
  };

  visit(main, []);

  if (http) {
    const temps = TEMP_PATHS.filter((name) => !httpLevel.has(name)).map((name) => {
      const folder = `${tmp}/var/lib/nginx`;
      folders.add(folder);
      return `${name} ${folder}/${name.replace('_temp_path', '').replace('client_', '')};`;
    });
    const text = ` ${temps.join(' ')} ${LOG_FORMAT_DIRECTIVE} access_log ${tmp}/access.log ${LOG_FORMAT};`;
    edits.get(main)!.push({ start: http.end, end: http.end, text });
  }
  for (const [name, list] of edits) {
    const text = source.get(name)!;
    // The lines of a directive that spans several stay, empty.
    const keepLines = (edit: Edit) => ({
      ...edit,
      text: edit.text + text.slice(edit.start, edit.end).replace(/[^\n]/g, ''),
    });
    files.set(name, applyEdits(text, list.map(keepLines)));
  }

  // nginx refuses a directive that is in -g and in the file.
  const globals = [
    ['daemon', 'off'],
    ['master_process', 'on'],
    ['pid', `${tmp}/nginx.pid`],
    ...(options.users === null ? [] : [['user', 'root']]),
    ['worker_processes', '1'],
    ...(options.logLevel === null ? [] : [['error_log', `${tmp}/error.log ${options.logLevel}`]]),
  ]
    .filter(([name]) => !mainLevel.has(name!))
    .map((pair) => `${pair.join(' ')};`);
  return { files, globals: globals.join(' '), folders: [...folders], shipped: [...shipped] };
}

/** One JSON object per line. `id` tells records apart when a request is logged to two access logs. */
const LOG_FORMAT_DIRECTIVE =
  `log_format ${LOG_FORMAT} escape=json '{"id":"$request_id","status":"$status","upstreamStatus":"$upstream_status",` +
  `"upstreamAddr":"$upstream_addr","request":"$request","connection":"$connection","bytes":"$bytes_sent"}';`;

function relativeToEtc(path: string): string | null {
  return path.startsWith(ETC) ? path.slice(ETC.length) : null;
}

function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/** As glob(3) reads it: `*` and `?` stay within a path segment. */
function globToRegExp(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${source}$`);
}

/** Such an http server listens on every address of the machine, port 80. */
function isServerWithoutListen(
  directive: Directive,
  context: readonly string[],
  all: readonly Directive[],
): boolean {
  if (directive.words[0]!.value !== 'server' || !directive.opensBlock || context.at(-1) !== 'http')
    return false;
  for (const other of all.slice(all.indexOf(directive) + 1)) {
    if (other.parents.length <= directive.parents.length) break;
    const isChild = other.parents.length === directive.parents.length + 1;
    // An include may bring the listen; to find out is not worth it.
    if (isChild && (other.words[0]!.value === 'listen' || other.words[0]!.value === 'include')) return false;
  }
  return true;
}
