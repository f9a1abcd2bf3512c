import { compareVersions } from './compare-versions.ts';
import type { Context as Level } from './context.ts';
import data from './directives.generated.json' with { type: 'json' };

/** Where a directive may stand, in nginx's own terms: the bits of a command's type. */
export type Context = Exclude<Level, 'data' | 'unknown'>;

/** The part of nginx that a directive's module belongs to. */
export type Family = 'core' | 'events' | 'http' | 'stream' | 'mail' | 'misc';

/**
 * What the setter of a directive reads its arguments as.
 *
 * - `flag`: on or off; `num`, `size` (with k, m), `off` (with k, m, g), `msec` and `sec` (times), `str`
 * - `enum`: one of `values`; `bitmask`: any number of `values`
 * - `bufs`: a count and a size; `path`: a directory and levels; `access`: user, group and all with rights
 * - `str_array` and `keyval`: each occurrence adds to a list
 * - `complex` and `complex_size`: a text or size that may hold variables
 * - `predicate`: texts with variables, true when one is neither empty nor 0; `types`: MIME types
 * - `custom`: code of its own, the table cannot tell
 */
export type ValueKind =
  | 'flag'
  | 'num'
  | 'size'
  | 'off'
  | 'msec'
  | 'sec'
  | 'str'
  | 'enum'
  | 'bitmask'
  | 'bufs'
  | 'path'
  | 'access'
  | 'str_array'
  | 'keyval'
  | 'complex'
  | 'complex_size'
  | 'predicate'
  | 'types'
  | 'custom';

/** How many arguments a directive takes. */
export interface ArgumentCount {
  readonly min: number;
  /** Null where there is no upper limit. */
  readonly max: number | null;
  /** The counts allowed, in order, where there is an upper limit; they may have a hole (1 or 3). */
  readonly counts: readonly number[] | null;
  /** The one argument must be `on` or `off`. */
  readonly flag: boolean;
}

/** What nginx's tables say of a directive at one time. */
export interface DirectiveState {
  readonly contexts: readonly Context[];
  readonly args: ArgumentCount;
  /** Whether a block in braces follows instead of a semicolon. */
  readonly block: boolean;
  readonly kind: ValueKind;
  /** The words that an `enum` or `bitmask` accepts. */
  readonly values: readonly string[] | null;
  /** The least and the greatest number accepted; null in either place is no limit. */
  readonly bounds: readonly [number, number | null] | null;
  /**
   * The default where the source states it as a constant: milliseconds for `msec`, seconds for `sec`, bytes for
   * sizes, words for the rest. `pagesize` is 4096 or 8192, `cacheline` mostly 64. An empty text is none.
   * Null where the table cannot tell, which does not mean that there is none.
   */
  readonly default: string | null;
  /** nginx still takes it, warns, and ignores it. */
  readonly obsolete: boolean;
  /** What nginx's own warning tells to write instead. */
  readonly replacedBy: string | null;
}

/** The parts of a directive that differ from the release before `since`. */
export interface DirectiveChange extends Partial<DirectiveState> {
  /** Null: so it was in 1.18.0 already. */
  readonly since: string | null;
}

/** One entry of nginx's command tables, in its newest form. Several may share a name. */
export interface DirectiveFact extends DirectiveState {
  readonly name: string;
  readonly family: Family;
  /** The C name of the module, such as `ngx_http_proxy_module`. */
  readonly module: string;
  /** An inner level without it takes the value of the outer one. False also where the table cannot tell. */
  readonly merged: boolean;
  /** A second one in the same block is refused with "is duplicate". False also where the table cannot tell. */
  readonly once: boolean;
  /** The first release that has it; null when 1.18.0 has it. */
  readonly since: string | null;
  /** The last release that has it; null when the newest still has it. */
  readonly until: string | null;
  /**
   * A distribution has put it into packages of older releases: they may have it in spite of `since`, and its
   * presence does not prove a version.
   */
  readonly backported: boolean;
  /** Empty when nothing but its presence ever changed, else the whole history, oldest first. */
  readonly changes: readonly DirectiveChange[];
}

/** A directive that open-source nginx does not have: of the commercial nginx, of another module, or of a fork. */
export interface ForeignDirective {
  readonly name: string;
  /** The C name of the module where it has one, else the name of the product. */
  readonly module: string;
  readonly block: boolean;
  /** The only block that may hold it, at any depth; null when it stands in nginx's own contexts. */
  readonly inside: string | null;
}

/** A directive of the commercial nginx. */
export interface CommercialDirective extends ForeignDirective {
  /** The release since which open-source nginx has it as well; null when it has not. */
  readonly openSince: string | null;
}

/** A directive as the generated file writes it: arguments and contexts as text, absent keys for false and null. */
interface RawState {
  in?: string;
  args?: string;
  block?: boolean;
  kind?: string;
  values?: string[] | null;
  bounds?: number[] | null;
  default?: string | null;
  obsolete?: boolean;
  replacedBy?: string | null;
}

interface RawFact extends RawState {
  merged?: boolean;
  once?: boolean;
  since?: string;
  until?: string;
  changes?: (RawState & { since: string | null })[];
}

interface RawTable {
  versions: string[];
  directives: Record<Family, Record<string, Record<string, RawFact>>>;
  commercial: Record<string, string>;
  thirdParty: Record<string, string>;
}

const table = data as unknown as RawTable;

/** The releases that the table was made from, in the order of their numbers. */
export const FACT_VERSIONS: readonly string[] = table.versions;

/** Debian has `max_headers` in its 1.22.1 since 1.22.1-9+deb12u8. */
const BACKPORTED = new Set(['max_headers']);

let byName: Map<string, DirectiveFact[]> | null = null;

function facts(): Map<string, DirectiveFact[]> {
  byName ??= buildFacts();
  return byName;
}

function buildFacts(): Map<string, DirectiveFact[]> {
  const built = new Map<string, DirectiveFact[]>();
  for (const [family, modules] of Object.entries(table.directives)) {
    for (const [module, directives] of Object.entries(modules)) {
      for (const [name, raw] of Object.entries(directives)) {
        const fact = readFact(name, family as Family, module, raw);
        const others = built.get(name);
        if (others) others.push(fact);
        else built.set(name, [fact]);
      }
    }
  }
  return built;
}

function readFact(name: string, family: Family, module: string, raw: RawFact): DirectiveFact {
  return {
    name,
    family,
    module,
    contexts: readContexts(raw.in ?? ''),
    args: readArguments(raw.args ?? ''),
    block: raw.block ?? false,
    kind: (raw.kind ?? 'custom') as ValueKind,
    values: raw.values ?? null,
    bounds: readBounds(raw.bounds),
    default: raw.default ?? null,
    obsolete: raw.obsolete ?? false,
    replacedBy: raw.replacedBy ?? null,
    merged: raw.merged ?? false,
    once: raw.once ?? false,
    since: raw.since ?? null,
    until: raw.until ?? null,
    backported: BACKPORTED.has(name),
    changes: (raw.changes ?? []).map(readChange),
  };
}

function readChange({
  since,
  in: contexts,
  args,
  kind,
  bounds,
  ...rest
}: RawState & { since: string | null }) {
  const change: DirectiveChange = {
    since,
    ...rest,
    ...(contexts !== undefined && { contexts: readContexts(contexts) }),
    ...(args !== undefined && { args: readArguments(args) }),
    ...(kind !== undefined && { kind: kind as ValueKind }),
    ...(bounds !== undefined && { bounds: readBounds(bounds) }),
  };
  return change;
}

function readContexts(text: string): Context[] {
  return text.split(' ') as Context[];
}

/** `flag`, `1+`, or the counts allowed with spaces between. */
function readArguments(text: string): ArgumentCount {
  if (text === 'flag') return { min: 1, max: 1, counts: [1], flag: true };
  if (text.endsWith('+')) return { min: Number(text.slice(0, -1)), max: null, counts: null, flag: false };
  const counts = text.split(' ').map(Number);
  return { min: counts[0] ?? 0, max: counts.at(-1) ?? 0, counts, flag: false };
}

function readBounds(raw: number[] | null | undefined): readonly [number, number | null] | null {
  if (!raw) return null;
  const [low = 0, high = -1] = raw;
  return [low, high < 0 ? null : high];
}

/** Every entry of that name in any release since 1.18.0, by family and module; empty for an unknown name. */
export function directiveFacts(name: string): readonly DirectiveFact[] {
  return facts().get(name) ?? [];
}

/** Whether some release of open-source nginx since 1.18.0 has a directive of that name in some module. */
export function isKnownDirective(name: string): boolean {
  return facts().has(name);
}

/** All names of {@link isKnownDirective}, for completion and for near misses. */
export function directiveNames(): Iterable<string> {
  return facts().keys();
}

/**
 * The entry that serves `name` in `context`, or null when no entry of that name may stand there. An entry that
 * the newest release still has comes before one that was removed.
 */
export function factFor(name: string, context: Level): DirectiveFact | null {
  const entries = directiveFacts(name);
  if (entries.length === 0) return null;
  let known = serving.get(entries);
  if (!known) {
    known = new Map();
    serving.set(entries, known);
  }
  let fact = known.get(context);
  if (fact === undefined) {
    const here = entries.filter((entry) => entry.contexts.some((own) => own === context));
    fact = here.find(({ until }) => until === null) ?? here[0] ?? null;
    known.set(context, fact);
  }
  return fact;
}

/** Every directive of a configuration is looked up, most of them again and again. */
const serving = new WeakMap<readonly DirectiveFact[], Map<Level, DirectiveFact | null>>();

/** Whether the release `version` has the directive; N.N is the last of its line, as everywhere. */
export function existsIn(fact: DirectiveFact, version: string): boolean {
  if (fact.since !== null && compareVersions(version, fact.since) < 0) return false;
  return fact.until === null || compareVersions(version, fact.until) <= 0;
}

/** The fact as it stood in the release `version`; null when that release did not have the directive. */
export function factAt(fact: DirectiveFact, version: string): DirectiveFact | null {
  if (!existsIn(fact, version)) return null;
  let state: DirectiveFact = fact;
  for (const { since, ...change } of fact.changes) {
    if (since !== null && compareVersions(version, since) < 0) break;
    state = { ...state, ...change };
  }
  return state;
}

/** Whether nginx accepts this number of arguments. */
export function acceptsCount(args: ArgumentCount, count: number): boolean {
  return args.counts ? args.counts.includes(count) : count >= args.min;
}

/** Directives of other sources by name, and the name beginnings that stand for a whole family. */
interface ForeignNames {
  readonly names: ReadonlyMap<string, ForeignDirective>;
  readonly beginnings: readonly ForeignDirective[];
}

let commercialNames: ForeignNames | null = null;
let thirdPartyNames: ForeignNames | null = null;

/** Reads `MODULE` or `MODULE BLOCK` with its names: `{}` after a block, `*` for any name that begins so. */
function readForeign(modules: Record<string, string>): ForeignNames {
  const names = new Map<string, ForeignDirective>();
  const beginnings: ForeignDirective[] = [];
  for (const [key, list] of Object.entries(modules)) {
    const [module = '', inside = null] = key.split(' ');
    for (const word of list.split(' ')) {
      const name = word.replace(/[{}*]+$/, '');
      const directive = { name, module, block: word.endsWith('{}'), inside };
      if (word.endsWith('*')) beginnings.push(directive);
      else if (!names.has(name) || inside === null) names.set(name, directive);
    }
  }
  return { names, beginnings };
}

function findForeign({ names, beginnings }: ForeignNames, name: string): ForeignDirective | null {
  const exact = names.get(name);
  if (exact) return exact;
  const family = beginnings.find((beginning) => name.startsWith(beginning.name));
  return family ? { ...family, name } : null;
}

/** What commercial module a directive belongs to, null when to none. */
export function commercial(name: string): CommercialDirective | null {
  commercialNames ??= readForeign(table.commercial);
  const found = findForeign(commercialNames, name);
  if (!found) return null;
  const openSince = directiveFacts(name).find((fact) => fact.since !== null)?.since ?? null;
  return { ...found, openSince };
}

/** What module outside nginx's own source, or which fork, a directive belongs to; null when to none known. */
export function thirdParty(name: string): ForeignDirective | null {
  thirdPartyNames ??= readForeign(table.thirdParty);
  return findForeign(thirdPartyNames, name);
}
