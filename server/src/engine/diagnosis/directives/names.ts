import type { Context } from '../../config/context.ts';
import {
  commercial,
  type DirectiveFact,
  directiveFacts,
  directiveNames,
  existsIn,
  FACT_VERSIONS,
  factAt,
  thirdParty,
} from '../../config/directive-facts.ts';
import type { ConfigNode } from '../../config/model.ts';
import { nearest } from '../../config/near-names.ts';
import type { Fix } from '../../contract.ts';
import { type Refusal, rewriteWord } from './refusal.ts';
import type { Sight } from './sight.ts';

/** What ngx_conf_handler finds for a name in a context, in one release. */
export type Lookup =
  | { readonly kind: 'fact'; readonly fact: DirectiveFact }
  /** The name exists, but no entry may stand here. */
  | { readonly kind: 'misplaced'; readonly facts: readonly DirectiveFact[] }
  | { readonly kind: 'unknown' };

/** Looks a name up as ngx_conf_handler does (src/core/ngx_conf_file.c). */
export function lookUp(name: string, context: Context, release: string): Lookup {
  const facts = directiveFacts(name).filter((fact) => fact.backported || existsIn(fact, release));
  if (facts.length === 0) return { kind: 'unknown' };
  for (const fact of facts) {
    const state = factAt(fact, release) ?? fact;
    if (state.contexts.some((own) => own === context)) return { kind: 'fact', fact: state };
  }
  return { kind: 'misplaced', facts };
}

/** Parameters of `server` and `listen` that articles write as directives, and where they belong. */
const PARAMETERS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['weight', 'max_fails', 'fail_timeout', 'max_conns', 'backup', 'down', 'slow_start'].map((name) => [
      name,
      'server',
    ]),
  ),
  ...Object.fromEntries(['default_server', 'reuseport', 'so_keepalive'].map((name) => [name, 'listen'])),
};

/** Names that only articles know, and what they were meant to be. */
const ARTICLES: Readonly<Record<string, string>> = {
  upstream_max_fails: 'Write max_fails=N on the server lines of the upstream block.',
  upstream_fail_timeout: 'Write fail_timeout=TIME on the server lines of the upstream block.',
  upstream_weight: 'Write weight=N on the server lines of the upstream block.',
  proxy_max_fails: 'Write max_fails=N on the server lines of the upstream block.',
  proxy_fail_timeout: 'Write fail_timeout=TIME on the server lines of the upstream block.',
  upstream_keepalive: 'Write keepalive N inside the upstream block.',
  proxy_keepalive: 'Write keepalive N inside the upstream block.',
  proxy_websocket: 'Set proxy_set_header Upgrade $http_upgrade and proxy_set_header Connection "upgrade".',
  proxy_retries: 'Write proxy_next_upstream_tries N.',
};

/** A directive's name as people write them. nginx would take anything, but has no other. */
const NAME = /^(?!(?:on|off|default|any|all|none)$)[A-Za-z_][\w-]*$/;

/**
 * `unknown directive "x"`. What cannot be a mistyped name of nginx's own may belong to a module that is not in sight:
 * a hint, and nothing where such modules are loaded.
 */
export function unknownName(node: ConfigNode, sight: Sight): Refusal | null {
  const { name } = node;
  const { name: word } = node.directive;
  const says = `unknown directive "${name}"`;
  const common = { id: 'unknown-directive', node, word } as const;
  const known = directiveFacts(name);
  if (known.length > 0) {
    const { since, until } = known[0]!;
    const range = until === null ? `since ${since}` : `until ${until}`;
    return { ...common, says: `${says}: nginx has it ${range}`, do: 'Remove it, or use another release.' };
  }
  if (thirdParty(name)) return null;
  const plus = commercial(name);
  if (plus) {
    return {
      ...common,
      says: `${says}: only the commercial nginx has it`,
      do: 'Remove it where open-source nginx runs.',
      severity: 'info',
    };
  }
  const owner = PARAMETERS[name];
  if (owner && !node.isBlock) {
    return {
      ...common,
      says: `${says}: it is a parameter of "${owner}"`,
      do: `Write it on the ${owner} line${owner === 'server' ? ' in the upstream block' : ''}.`,
    };
  }
  const article = ARTICLES[name];
  if (article) return { ...common, says, do: article };
  if (!NAME.test(name) && !name.startsWith('$'))
    return {
      ...common,
      says,
      do: 'A directive must stand here: check the line above for a stray ";" or brace.',
    };
  const meant = nearest(name, namesFor(node.context)) ?? nearest(name, directiveNames());
  if (meant) {
    return {
      ...common,
      says: `${says}; did you mean "${meant}"?`,
      do: `Write ${meant}.`,
      ...(sight.modules && { severity: 'warning' as const }),
      fixes: rewriteWord(node, word, meant),
    };
  }
  if (sight.foreign || sight.modules || sight.mayLoadModules) return null;
  return {
    ...common,
    says,
    do: 'Correct the name, or load the module that brings the directive.',
    severity: 'hint',
  };
}

const byContext = new Map<Context, string[]>();

function namesFor(context: Context): readonly string[] {
  let names = byContext.get(context);
  if (!names) {
    const newest = FACT_VERSIONS.at(-1)!;
    names = [...directiveNames()].filter((name) => lookUp(name, context, newest).kind === 'fact');
    byContext.set(context, names);
  }
  return names;
}

/** Words for a context in messages. */
const PLACES: Record<Exclude<Context, 'data' | 'unknown'>, string> = {
  main: 'the top level',
  events: 'events',
  http: 'http',
  server: 'server',
  location: 'location',
  upstream: 'upstream',
  'if-in-server': 'if in server',
  'if-in-location': 'if in location',
  limit_except: 'limit_except',
  stream: 'stream',
  'stream-server': 'server in stream',
  'stream-upstream': 'upstream in stream',
  mail: 'mail',
  'mail-server': 'server in mail',
};

/** `"x" directive is not allowed here`. */
export function misplaced(node: ConfigNode, facts: readonly DirectiveFact[]): Refusal {
  const places = new Set(facts.flatMap((fact) => fact.contexts.map((context) => PLACES[context])));
  const later = directiveFacts(node.name).flatMap((fact) => [
    ...(fact.contexts.some((own) => own === node.context) && fact.since ? [fact.since] : []),
    ...fact.changes.flatMap(({ since, contexts }) =>
      since && contexts?.some((own) => own === node.context) ? [since] : [],
    ),
  ])[0];
  return {
    id: 'directive-not-allowed-here',
    node,
    word: null,
    says: `"${node.name}" directive is not allowed here${later ? ` before nginx ${later}` : ''}`,
    do: `Move it to where nginx takes it: ${[...places].join(', ')}.`,
    fixes: () => [withoutBraceAbove(node)],
  };
}

/** Where one `}` too many stands in a file, the block was closed too early: by the brace above, most likely. */
function withoutBraceAbove({ document, file, at }: ConfigNode): Fix | null {
  if (!document.problems.some(({ kind }) => kind === 'unexpected-brace')) return null;
  const above = /\}\s*$/.exec(document.text.slice(Math.max(0, at - 1000), at));
  if (!above) return null;
  const brace = at - above[0].length;
  const lineStart = document.text.lastIndexOf('\n', brace - 1) + 1;
  const lineEnd = document.text.indexOf('\n', brace) + 1;
  const alone = lineEnd > 0 && lineEnd <= at && document.text.slice(lineStart, lineEnd).trim() === '}';
  const range = alone ? document.lines.range(lineStart, lineEnd) : document.lines.range(brace, brace + 1);
  return { title: 'remove the "}" above', safety: 'choice', edits: [{ file, range, newText: '' }] };
}
