import { patternFault, wildcardFits } from './shared-values.ts';
import type { Call, Fault, PlacedCall } from './value.ts';

/** How a location is written: modifier and name, apart or together (ngx_http_core_location). */
export interface LocationHead {
  readonly modifier: '' | '=' | '^~' | '~' | '~*' | '@';
  readonly name: string;
}

/** Null when the modifier is none. */
export function locationHead(args: readonly string[]): LocationHead | null {
  const [first = '', second] = args;
  if (second !== undefined) {
    const modifier = (['=', '^~', '~', '~*'] as const).find((known) => known === first);
    return modifier ? { modifier, name: second } : null;
  }
  if (first.startsWith('=')) return { modifier: '=', name: first.slice(1) };
  if (first.startsWith('^~')) return { modifier: '^~', name: first.slice(2) };
  if (first.startsWith('~*')) return { modifier: '~*', name: first.slice(2) };
  if (first.startsWith('~')) return { modifier: '~', name: first.slice(1) };
  return { modifier: first.startsWith('@') ? '@' : '', name: first };
}

/** ngx_http_core_location */
export function location({ args, node }: PlacedCall): Fault | null {
  const head = locationHead(node.args);
  if (!head)
    return {
      says: `invalid location modifier "${args[0]!.value}"`,
      word: args[0]!,
      do: 'Write =, ^~, ~ or ~* before the name, or nothing.',
    };
  const regex = head.modifier === '~' || head.modifier === '~*';
  if (regex) {
    const fault = patternFault(args.at(-1)!, head.name);
    if (fault) return fault;
  }
  const outer = node.parent?.name === 'location' ? locationHead(node.parent.args) : null;
  if (node.context !== 'location' || !outer) return null;
  const words = (text: string): Fault => ({ says: text, do: 'Move the location to the server level.' });
  if (outer.modifier === '=')
    return words(`location "${head.name}" cannot be inside the exact location "${outer.name}"`);
  if (outer.modifier === '@')
    return words(`location "${head.name}" cannot be inside the named location "${outer.name}"`);
  if (head.modifier === '@') return words(`named location "${head.name}" can be on the server level only`);
  // ngx_filename_cmp compares with case, but on macOS and Windows.
  return !regex && !head.name.toLowerCase().startsWith(outer.name.toLowerCase())
    ? words(`location "${head.name}" is outside location "${outer.name}"`)
    : null;
}

/** ngx_http_core_server_name and ngx_http_server_names */
export function serverName({ args }: Call): Fault | null {
  for (const word of args) {
    const { value } = word;
    if (value.startsWith('~')) {
      if (value.length === 1)
        return { says: `empty regex in server name "${value}"`, word, do: 'Write the pattern behind "~".' };
      const fault = patternFault(word, value.slice(1));
      if (fault) return fault;
      continue;
    }
    const bad =
      (value.startsWith('*') && (value.length < 3 || value[1] !== '.')) ||
      (value.startsWith('.') && value.length < 2);
    if (bad)
      return {
        says: `server name "${value}" is invalid`,
        word,
        do: 'Write *.NAME, .NAME, NAME.* or a regular expression behind "~"; "_" for any name.',
      };
    if (!wildcardFits(value))
      return {
        // Servers that have their address to themselves are not asked for their names (ngx_http_server_names).
        says: `invalid server name or wildcard "${value}", refused when servers share an address`,
        word,
        do: 'Write one * only, as the first or the last label.',
        severity: 'info',
      };
  }
  return null;
}
