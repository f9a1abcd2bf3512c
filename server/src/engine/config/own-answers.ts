import { effective } from './inheritance.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { type Route, route } from './route.ts';
import { loggedServerName } from './server-choice.ts';

/** Where the configuration itself answers a status. */
export interface OwnAnswers {
  /** The `return` lines at which a request for the URI ends, one for each server block that takes it there. */
  readonly reached: readonly ConfigNode[];
  /**
   * Lines that a request for the URI may come to: an error_page that holds where it ends, a `return` in an `if`.
   * Without a URI all of them.
   */
  readonly possible: readonly ConfigNode[];
  /** Whether it ends so in every server block, and nothing on the way had to be assumed. */
  readonly always: boolean;
}

/** The lines with which nginx answers a status of its own, and those that a request for a URI comes to. */
export function ownAnswers(
  model: ConfigModel,
  status: string,
  request: { readonly method: string; readonly uri: string } | null,
): OwnAnswers {
  const nodes = model.nodes.filter(({ name, args, context }) => {
    if (context === 'stream' || context === 'mail') return false;
    if (name === 'return') return args[0] === status;
    return name === 'error_page' && args.includes(`=${status}`);
  });
  if (!request?.uri.startsWith('/') || nodes.length === 0)
    return { reached: [], possible: nodes, always: false };
  const servers = model.servers();
  let always = true;
  const possible = new Set<ConfigNode>();
  const reached = servers.flatMap((server) => {
    const way = route(model, {
      listen: null,
      host: loggedServerName(server) || 'localhost',
      target: request.uri,
      method: request.method,
      http: '1.1',
      headers: null,
      client: null,
      body: null,
    });
    const line = way.kind === 'return' && String(way.status) === status ? way.block?.first('return') : null;
    if (!line || !way.certain) always = false;
    if (way.server === server) for (const node of mayMeet(model, way, server, nodes)) possible.add(node);
    return line && way.server === server ? [line] : [];
  });
  return { reached: [...new Set(reached)], possible: [...possible], always: always && servers.length > 0 };
}

/** The lines that may answer a request of that way: as its error page, or in an `if` that nobody can work out here. */
function mayMeet(
  model: ConfigModel,
  { block, certain, steps }: Route,
  server: ConfigNode,
  nodes: readonly ConfigNode[],
): ConfigNode[] {
  // Where an error page was followed, the block is that of the page.
  const anyPage = block === null || steps.some(({ kind }) => kind === 'error-page');
  const pages = anyPage ? [] : effective(model, 'error_page', block).nodes;
  const location = block && [block, ...block.ancestors()].find(({ name }) => name === 'location');
  return nodes.filter((node) => {
    if (node.name === 'error_page') return anyPage ? isWithin(node, server) : pages.includes(node);
    if (block === null || certain || node.parent?.name !== 'if') return false;
    const around = node.parent.parent;
    return around === server || around === location;
  });
}

function isWithin(node: ConfigNode, server: ConfigNode): boolean {
  const own = [...node.ancestors()].find(({ name }) => name === 'server');
  return own === undefined || own === server;
}
