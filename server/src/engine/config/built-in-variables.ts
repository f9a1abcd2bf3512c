import data from './directives.generated.json' with { type: 'json' };

/** The releases that have a variable; null is no limit. */
export interface VariableSpan {
  readonly since: string | null;
  readonly until: string | null;
}

interface Variables {
  readonly names: ReadonlyMap<string, readonly VariableSpan[]>;
  /** Any name that begins so: `http_`, `arg_`. */
  readonly beginnings: ReadonlyMap<string, readonly VariableSpan[]>;
  /** Names that a configuration may define anew (NGX_HTTP_VAR_CHANGEABLE). */
  readonly changeable: ReadonlySet<string>;
}

const tables = data.variables as Record<'http' | 'stream', Record<string, string>>;
const known = new Map<'http' | 'stream', Variables>();

function variables(family: 'http' | 'stream'): Variables {
  let found = known.get(family);
  if (!found) {
    const names = new Map<string, VariableSpan[]>();
    const beginnings = new Map<string, VariableSpan[]>();
    const changeable = new Set<string>();
    for (const word of Object.values(tables[family]).flatMap((list) => list.split(' '))) {
      const [name = '', range = ''] = word.split('@');
      const [since, until] = range.split('-');
      const span = { since: since || null, until: until || null };
      const map = name.endsWith('*') ? beginnings : names;
      const key = name.replace(/[*!]$/, '');
      if (name.endsWith('!')) changeable.add(key);
      map.set(key, [...(map.get(key) ?? []), span]);
    }
    found = { names, beginnings, changeable };
    known.set(family, found);
  }
  return found;
}

/** The releases in which nginx itself defines a variable; null when none does. The name is in lower case. */
export function builtInVariable(family: 'http' | 'stream', name: string): readonly VariableSpan[] | null {
  const { names, beginnings } = variables(family);
  const exact = names.get(name);
  if (exact) return exact;
  for (const [beginning, spans] of beginnings) if (name.startsWith(beginning)) return spans;
  return null;
}

/** Names that nginx defines, for near misses. */
export function builtInVariables(family: 'http' | 'stream'): Iterable<string> {
  return variables(family).names.keys();
}

/** Whether nginx keeps a variable's name to itself: `set` and its like are refused. The name is in lower case. */
export function isReservedVariable(family: 'http' | 'stream', name: string): boolean {
  const { names, changeable } = variables(family);
  return names.has(name) && !changeable.has(name);
}
