import { builtInVariable, builtInVariables, isReservedVariable } from '../../config/built-in-variables.ts';
import { compareVersions } from '../../config/compare-versions.ts';
import type { Context } from '../../config/context.ts';
import type { ConfigModel, ConfigNode } from '../../config/model.ts';
import { nearest } from '../../config/near-names.ts';
import type { Word } from '../../syntax/directive.ts';
import { Editor } from '../editing.ts';
import type { Refusal } from './refusal.ts';
import { readScript, type VariableUse } from './script.ts';

export type VariableFamily = 'http' | 'stream';

export function variableFamily(context: Context): VariableFamily | null {
  if (context === 'stream' || context === 'stream-server' || context === 'stream-upstream') return 'stream';
  return context === 'main' || context === 'events' || context === 'mail' || context === 'mail-server'
    ? null
    : 'http';
}

/** Directives that define a variable: its name stands in that place, from the start or from the end. */
const DEFINES: Readonly<Record<string, number>> = {
  set: 0,
  map: -1,
  geo: -1,
  split_clients: -1,
  auth_request_set: 0,
  perl_set: 0,
};

/** Names that the files define: by directives, and by named groups of regular expressions. */
export function definedVariables(model: ConfigModel): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of model.named(...Object.keys(DEFINES))) {
    const name = node.args.at(DEFINES[node.name]!);
    if (name?.startsWith('$')) names.add(name.slice(1).toLowerCase());
  }
  const grouped = new Set([...model.snapshot.files.values()].filter(({ text }) => text.includes('(?')));
  for (const node of grouped.size > 0 ? model.nodes : []) {
    // In a map only what begins with "~" is a pattern.
    if (!grouped.has(node.document) || (node.context === 'data' && !node.name.startsWith('~'))) continue;
    for (const { raw } of [node.directive.name, ...node.directive.args]) {
      if (!raw.includes('(?')) continue;
      for (const match of raw.matchAll(/\(\?(?:P?<|')(\w+)/g)) names.add(match[1]!.toLowerCase());
    }
  }
  return names;
}

/** `the duplicate "x" variable`: a name that nginx keeps to itself (ngx_http_add_variable) */
export function reservedVariable(
  node: ConfigNode,
  family: VariableFamily,
  release: string | null,
): Refusal | null {
  const index = Object.hasOwn(DEFINES, node.name) ? DEFINES[node.name] : undefined;
  const word = index === undefined ? undefined : node.directive.args.at(index);
  if (!word?.value.startsWith('$')) return null;
  const name = word.value.slice(1);
  if (!isReservedVariable(family, name.toLowerCase())) return null;
  const spans = builtInVariable(family, name.toLowerCase()) ?? [];
  const always = spans.some((span) => span.since === null && span.until === null);
  if (release === null ? !always : !spans.some((span) => within(release, span))) return null;
  return {
    id: 'invalid-value',
    node,
    word,
    says: `the duplicate "${name}" variable`,
    do: 'Take another name: nginx sets this variable itself.',
  };
}

/** `unknown "x" variable`, which nginx says at the end of the block (ngx_http_variables_init_vars) */
export function unknownVariables(
  node: ConfigNode,
  word: Word,
  family: VariableFamily,
  defined: ReadonlySet<string>,
  release: string | null,
): Refusal[] {
  if (!word.raw.includes('$')) return [];
  return readScript(word.raw).uses.flatMap((use) => {
    if (defined.has(use.name)) return [];
    const found = builtInVariable(family, use.name);
    if (found && (release === null || found.some((span) => within(release, span)))) return [];
    const later = found?.[0];
    return [refusal(node, word, use, family, defined, later ? rangeText(later) : null)];
  });
}

/** In a condition all behind the first "$" is the name, whatever it is made of (ngx_http_rewrite_variable). */
export function oddCondition(node: ConfigNode, defined: ReadonlySet<string>): Refusal | null {
  const word = node.directive.args.find(({ value }) => value !== '(');
  const [, start = '', name = ''] = /^(\(?\$)(.*?)\)?$/.exec(word?.value ?? '') ?? [];
  if (!word || start === '' || word.raw !== word.value || /^(?![1-9])\w*$/.test(name)) return null;
  // A header may be asked for by any name: $http_x[ is one.
  if (defined.has(name.toLowerCase()) || builtInVariable('http', name.toLowerCase())) return null;
  return {
    id: 'unknown-variable',
    node,
    word,
    says: `unknown "${name}" variable`,
    do: 'Compare one variable with one value; put both together with set before.',
  };
}

/** ngx_http_memcached_pass asks for a variable that only the files can define. */
export function memcachedKey(node: ConfigNode, defined: ReadonlySet<string>): Refusal | null {
  if (node.name !== 'memcached_pass' || defined.has('memcached_key')) return null;
  return {
    id: 'unknown-variable',
    node,
    word: null,
    says: 'unknown "memcached_key" variable',
    do: 'Set $memcached_key in the location.',
  };
}

interface Span {
  readonly since: string | null;
  readonly until: string | null;
}

function within(release: string, { since, until }: Span): boolean {
  return (
    (since === null || compareVersions(release, since) >= 0) &&
    (until === null || compareVersions(release, until) <= 0)
  );
}

function rangeText({ since, until }: Span): string {
  return since === null ? `nginx has it until ${until}` : `nginx has it since ${since}`;
}

function refusal(
  node: ConfigNode,
  word: Word,
  use: VariableUse,
  family: VariableFamily,
  defined: ReadonlySet<string>,
  range: string | null,
): Refusal {
  const meant = range ? null : (nearest(use.name, defined) ?? nearest(use.name, builtInVariables(family)));
  const tail = range ? `: ${range}` : meant ? `; did you mean "${meant}"?` : '';
  const written = word.raw.slice(use.start, use.end);
  return {
    id: 'unknown-variable',
    node,
    word,
    part: [use.start, use.end],
    says: `unknown "${use.name}" variable${tail}`,
    do: 'Define it with set or map, or correct its name.',
    fixes: (model) =>
      meant
        ? [
            new Editor(model, 'review')
              .replaceWord(
                node,
                word,
                word.raw.slice(0, use.start) +
                  (written.startsWith('${') ? `\${${meant}}` : `$${meant}`) +
                  word.raw.slice(use.end),
              )
              .fix(`write $${meant}`),
          ]
        : [],
  };
}
