import type { Word } from '../../syntax/directive.ts';
import type { Call, Fault } from './value.ts';

/** A variable in a text, with its place there. */
export interface VariableUse {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface ScriptReading {
  readonly uses: readonly VariableUse[];
  /** nginx's words for what is wrong with the text. */
  readonly fault: string | null;
}

const NO_USES: ScriptReading = { uses: [], fault: null };

/**
 * The variables of a text, `$1` to `$9` left out, as ngx_http_script_compile reads them
 * (src/http/ngx_http_script.c; ngx_stream_script_compile is its twin).
 */
export function readScript(text: string): ScriptReading {
  if (!text.includes('$')) return NO_USES;
  const uses: VariableUse[] = [];
  for (let i = text.indexOf('$'); i >= 0; i = text.indexOf('$', i)) {
    const start = i++;
    if (i === text.length) return { uses, fault: 'invalid variable name' };
    if (/[1-9]/.test(text[i]!)) continue;
    const bracket = text[i] === '{';
    if (bracket) i++;
    if (i === text.length) return { uses, fault: 'invalid variable name' };
    const from = i;
    while (i < text.length && /\w/.test(text[i]!)) i++;
    const name = text.slice(from, i);
    if (bracket) {
      if (text[i] !== '}') return { uses, fault: `the closing bracket in "${name}" variable is missing` };
      i++;
    }
    if (name === '') return { uses, fault: 'invalid variable name' };
    uses.push({ name: name.toLowerCase(), start, end: i });
  }
  return { uses, fault: null };
}

const all = (args: readonly Word[]): readonly Word[] => args;
const first = (args: readonly Word[]): readonly Word[] => args.slice(0, 1);
const second = (args: readonly Word[]): readonly Word[] => args.slice(1, 2);
const last = (args: readonly Word[]): readonly Word[] => args.slice(-1);
const firstTwo = (args: readonly Word[]): readonly Word[] => args.slice(0, 2);
/** A pattern in the first place is a regular expression when it begins with `~`. */
const notRegex = (args: readonly Word[]): readonly Word[] =>
  args.filter((word, i) => i > 0 || !word.value.startsWith('~'));

/** Which words of a directive are compiled as scripts, where its kind does not say it. By the setters' sources. */
const SCRIPTS: Readonly<Record<string, (args: readonly Word[]) => readonly Word[]>> = {
  access_log: (args) =>
    args.filter((word, i) => (i === 0 && !word.value.startsWith('syslog:')) || word.value.startsWith('if=')),
  add_header: second,
  add_trailer: second,
  alias: first,
  auth_basic_user_file: first,
  auth_request_set: last,
  charset: first,
  disable_symlinks: (args) => args.filter((word) => word.value.startsWith('from=')),
  error_page: last,
  expires: last,
  fastcgi_cache: first,
  fastcgi_cache_key: first,
  fastcgi_index: first,
  fastcgi_param: second,
  fastcgi_pass: first,
  fastcgi_store: first,
  grpc_pass: first,
  grpc_set_header: second,
  hash: first,
  index: all,
  limit_conn_zone: first,
  limit_req_zone: first,
  log_format: (args) => args.slice(args[1]?.value.startsWith('escape=') ? 2 : 1),
  map: first,
  memcached_pass: first,
  proxy_bind: first,
  proxy_cache: first,
  proxy_cache_key: first,
  proxy_cookie_domain: notRegex,
  proxy_cookie_flags: notRegex,
  proxy_cookie_path: notRegex,
  proxy_pass: first,
  proxy_redirect: notRegex,
  proxy_set_body: first,
  proxy_set_header: second,
  proxy_store: first,
  return: (args) => (args.length > 1 ? second(args) : first(args)),
  rewrite: second,
  root: first,
  scgi_cache: first,
  scgi_cache_key: first,
  scgi_param: second,
  scgi_pass: first,
  scgi_store: first,
  set: second,
  split_clients: first,
  ssl_certificate: first,
  ssl_certificate_key: first,
  sub_filter: firstTwo,
  try_files: (args) => args.filter((word, i) => i < args.length - 1 || !word.value.startsWith('=')),
  uwsgi_cache: first,
  uwsgi_cache_key: first,
  uwsgi_param: second,
  uwsgi_pass: first,
  uwsgi_store: first,
};

/** The words of a directive that may hold variables. */
export function scriptWords({ node, args, fact }: Pick<Call, 'node' | 'args' | 'fact'>): readonly Word[] {
  const own = Object.hasOwn(SCRIPTS, node.name) ? SCRIPTS[node.name] : undefined;
  if (own) return own(args);
  if (fact.kind === 'complex' || fact.kind === 'complex_size') return first(args);
  return fact.kind === 'predicate' ? all(args) : [];
}

/** What ngx_http_script_compile refuses. */
export function scriptFault(call: Call): Fault | null {
  for (const word of scriptWords(call)) {
    const { fault } = readScript(word.value);
    if (fault === null) continue;
    const log = call.node.name === 'log_format' && fault === 'invalid variable name';
    return {
      says: log ? `invalid parameter "${word.value}"` : fault,
      word,
      do: 'Write the name of a variable behind "$"; in braces where letters follow it.',
    };
  }
  return null;
}
