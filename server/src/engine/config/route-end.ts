import { toBytes } from './bytes.ts';
import { effectiveValue } from './inheritance.ts';
import type { ConfigNode } from './model.ts';
import type { RequestState, Step } from './request-state.ts';
import { loggedServerName } from './server-choice.ts';

/** Where a request ends. */
export interface Route {
  readonly server: ConfigNode | null;
  /** The location, `if` or `limit_except` block whose settings hold at the end; the server where no location serves. */
  readonly block: ConfigNode | null;
  /** `location`: a handler or the file system; the rest as the names say. Null status: the backend or a file decides. */
  readonly kind: 'location' | 'server' | 'redirect' | 'return' | 'error';
  readonly status: number | null;
  /** The Location header that the client gets. */
  readonly to: string | null;
  /** Body that a `return` sends. */
  readonly body: string | null;
  /** The *_pass or other directive that answers; null for nginx itself and for files. */
  readonly handler: ConfigNode | null;
  /** The file that answers, where one does. */
  readonly file: string | null;
  /** False when a part of the way could not be worked out; the trace tells which. */
  readonly certain: boolean;
  readonly steps: readonly Step[];
  /** The request as it arrives at the handler. */
  readonly state: RequestState;
}

/** The result of a request as it stands now. */
export function end(
  state: RequestState,
  kind: Route['kind'],
  status: number | null,
  more: Partial<Pick<Route, 'body' | 'handler' | 'file'>> = {},
): Route {
  return {
    server: state.server,
    block: state.block,
    kind,
    status,
    to: locationHeader(state),
    body: more.body ?? null,
    handler: more.handler ?? null,
    file: more.file ?? null,
    certain: state.certain,
    steps: state.steps,
    state,
  };
}

/** The Location header as sent: paths become absolute unless absolute_redirect is off (ngx_http_header_filter). */
function locationHeader(state: RequestState): string | null {
  const { redirectTo, block, model, point } = state;
  if (redirectTo === null || block === null) return redirectTo;
  if (!redirectTo.startsWith('/')) return redirectTo;
  const setting = (name: string, fallback: string): boolean =>
    effectiveValue(model, name, block, fallback) === 'on';
  if (!setting('absolute_redirect', 'on')) return redirectTo;
  const scheme = point?.ssl ? 'https' : 'http';
  const named = setting('server_name_in_redirect', 'off');
  const host = named && state.server ? toBytes(loggedServerName(state.server)) : redirectHost(state);
  const usual = point?.ssl ? 443 : 80;
  const port = point?.port ?? null;
  const shownPort = port === null || port === usual || !setting('port_in_redirect', 'on') ? '' : `:${port}`;
  return `${scheme}://${host}${shownPort}${redirectTo}`;
}

function redirectHost(state: RequestState): string {
  return state.hostName === '' ? state.variable('server_addr') : state.hostName;
}
