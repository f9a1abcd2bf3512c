import type { ConfigModel, ConfigNode } from './model.ts';
import { route } from './route.ts';
import { loggedServerName } from './server-choice.ts';

/** Where the configuration itself answers a status. */
export interface OwnAnswers {
  /** `return` and `error_page ... =` lines with that status. */
  readonly nodes: readonly ConfigNode[];
  /** The `return` lines at which a request for the URI ends, one for each server block that takes it there. */
  readonly reached: readonly ConfigNode[];
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
  if (!request?.uri.startsWith('/') || nodes.length === 0) return { nodes, reached: [], always: false };
  const servers = model.servers();
  let always = true;
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
    return line && way.server === server ? [line] : [];
  });
  return { nodes, reached: [...new Set(reached)], always: always && servers.length > 0 };
}
