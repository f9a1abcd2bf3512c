import type { ConfigModel, ConfigNode } from './model.ts';
import type { Captures } from './pcre.ts';
import { compileScript, runScript, type Script, type ScriptContext } from './script.ts';
import type { ListenPoint } from './server-choice.ts';

/** A request as a client sends it. Texts are as in the configuration file: UTF-16, not bytes. */
export interface ClientRequest {
  /** Where the connection arrives: "127.0.0.1:8080", "8080", "[::1]:80", "unix:/path"; null for any address. */
  readonly listen: string | null;
  /** The Host header; null when there is none. */
  readonly host: string | null;
  /** As on the request line. */
  readonly target: string;
  readonly method: string;
  readonly http: '1.0' | '1.1' | '2';
  /** All other headers in order. Null: not known, as when somebody asks for a URL. */
  readonly headers: readonly (readonly [name: string, value: string])[] | null;
  /** Address of the client; null when not known. */
  readonly client: string | null;
  readonly body: RequestBody | null;
}

/** Of a body only its length and framing matter. */
export interface RequestBody {
  readonly length: number;
  readonly chunked: boolean;
}

/** What a step of the way was about; tests count them. */
export type StepKind =
  | 'address'
  | 'exact-name'
  | 'wildcard-name'
  | 'regex-name'
  | 'default-server'
  | 'bad-request'
  | 'exact-location'
  | 'prefix-location'
  | 'no-regex-location'
  | 'regex-location'
  | 'nested-location'
  | 'named-location'
  | 'no-location'
  | 'slash-redirect'
  | 'internal'
  | 'limit-except'
  | 'access'
  | 'if'
  | 'set'
  | 'return'
  | 'rewrite'
  | 'rewrite-redirect'
  | 'break'
  | 'cycle'
  | 'try-files'
  | 'index'
  | 'static'
  | 'error-page'
  | 'pass'
  | 'handler'
  | 'crash'
  | 'unknown';

export interface Step {
  readonly kind: StepKind;
  /** A sentence for people. */
  readonly text: string;
}

/** A header as nginx took it. Name and value are byte strings. */
export interface ReceivedHeader {
  readonly name: string;
  readonly lower: string;
  readonly value: string;
}

/** What stands at a path of nginx's machine. */
export type FileKind = 'file' | 'dir' | 'none' | 'unknown';

/** Works out one variable; counts it as unknown where the request does not tell. */
export type VariableReader = (state: RequestState, name: string) => string;

/** A value that was worked out once for a request. */
interface Kept {
  readonly text: string;
  readonly known: boolean;
}

/** nginx allows ten changes of the URI (NGX_HTTP_MAX_URI_CHANGES). */
const MAX_URI_CHANGES = 10;

/** ngx_http_variable_depth. */
const MAX_DEPTH = 100;

/** More than any sound configuration asks for while one request is served. */
const MAX_READS = 10_000;

const indexed = new WeakMap<ConfigModel, boolean>();

/** Whether it matters what a variable was when it was read last: for variables in `index` only. */
function hasIndexWithVariables(model: ConfigModel): boolean {
  let known = indexed.get(model);
  if (known === undefined) {
    known = model.named('index').some(({ args }) => args.some((name) => name.includes('$')));
    indexed.set(model, known);
  }
  return known;
}

/**
 * One request on its way through nginx: the fields of ngx_http_request_t that decide where it goes. Byte strings
 * throughout.
 */
export class RequestState implements ScriptContext {
  uri = '';
  args = '';
  unparsedUri = '';
  requestLine = '';
  /** False where nginx could not even read the request line. */
  readable = true;
  method: string;
  /** Name in lower case without port; empty without a Host header. */
  hostName = '';
  /** The port behind that name; 0 for none. */
  requestPort = 0;
  headers: ReceivedHeader[] = [];
  quoted = false;
  plus = false;
  validUnparsed = false;
  validLocation = true;
  internal = false;
  uriChanged = false;
  /** try_files has found a file below an alias that stands for the whole path. */
  addUriToAlias = false;
  uriChanges = MAX_URI_CHANGES + 1;
  errorPageDone = false;
  /** Status that replaces that of the answer, after an error_page; 0 for none. */
  errStatus = 0;
  /** Value of the Location header that a redirect has set. */
  redirectTo: string | null = null;
  captures: Captures | null = null;
  point: ListenPoint | null = null;
  server: ConfigNode | null = null;
  /** The block whose record is in effect: server, location, if or limit_except. */
  block: ConfigNode | null = null;
  /** The directive that answers: a *_pass or another content handler. */
  handler: ConfigNode | null = null;
  readonly variables = new Map<string, Kept>();
  readonly steps: Step[] = [];
  /** How many values were asked for that nobody can know beforehand. */
  unknowns = 0;
  lastUnknown = '';
  /** False when a part of the way could not be worked out. */
  certain = true;
  proxyHost: string | null = null;
  proxyPort: string | null = null;
  private readonly last = new Map<string, string>();
  private readonly keepsLast: boolean;
  private depth = 0;
  private reads = 0;

  constructor(
    readonly model: ConfigModel,
    readonly request: ClientRequest,
    private readonly read: VariableReader,
    readonly fileAt: (path: string) => FileKind,
  ) {
    this.method = request.method;
    this.keepsLast = hasIndexWithVariables(model);
  }

  get escapesGroups(): boolean {
    return this.quoted || this.plus;
  }

  group(number: number): string {
    return this.captures?.groups[number] ?? '';
  }

  variable(name: string): string {
    const kept = this.variables.get(name);
    if (kept) {
      if (!kept.known) this.markUnknown(name);
      return kept.text;
    }
    // nginx stops at such a depth too, and volatile maps could be asked for ever.
    if (this.depth >= MAX_DEPTH || this.reads++ > MAX_READS) {
      this.markUnknown(name);
      return '';
    }
    this.depth++;
    const text = this.read(this, name);
    this.depth--;
    if (this.keepsLast) this.last.set(name, text);
    return text;
  }

  isKept(name: string): boolean {
    return this.variables.has(name);
  }

  /**
   * A variable as its last reader saw it, though it may have changed since: `index` alone does not ask again
   * (ngx_http_index_handler sets e.flushed, and flushes nothing).
   */
  lastVariable(name: string): string {
    return (this.variables.has(name) ? undefined : this.last.get(name)) ?? this.variable(name);
  }

  /** Forgets what readers saw, as a script of nginx's core does for all of them (ngx_http_script_run). */
  forgetLast(): void {
    this.last.clear();
  }

  /** Set when a text did not fit where nginx wanted to put it. */
  overflowed = false;

  overflow(): void {
    this.overflowed = true;
  }

  /** Sets a variable for the rest of the request. */
  keep(name: string, text: string, known = true): void {
    this.variables.set(name, { text, known });
  }

  markUnknown(name: string): void {
    this.unknowns++;
    this.lastUnknown = name;
  }

  /** Takes over the groups of a match, named ones as variables (ngx_http_regex_exec). */
  capture(captures: Captures | null): void {
    if (!captures) return;
    for (const name in captures.names) {
      this.keep(name.toLowerCase(), captures.groups[captures.names[name]!] ?? '');
    }
    this.captures = captures;
  }

  /** Runs a text with variables; `known` is false when a part of it cannot be known. */
  evaluate(
    script: Script,
    run: (script: Script) => string = (whole) => runScript(whole, this),
  ): { text: string; known: boolean } {
    const before = this.unknowns;
    const text = run(script);
    return { text, known: this.unknowns === before };
  }

  evaluateText(text: string): string {
    return runScript(compileScript(text), this);
  }

  step(kind: StepKind, text: string): void {
    this.steps.push({ kind, text });
  }

  header(lower: string): string | null {
    for (const header of this.headers) if (header.lower === lower) return header.value;
    return null;
  }
}
