import type { ConfigModel, ConfigNode } from './model.ts';

/** One address that nginx itself listens on. */
export interface ListenAddress {
  readonly node: ConfigNode;
  readonly server: ConfigNode;
  /** Address, "*" for all of IPv4, "[::]" for all of IPv6; null for unix sockets. */
  readonly host: string | null;
  readonly port: number | null;
  /** TLS or QUIC by this line; another line may make the same address speak TLS for all its servers. */
  readonly ssl: boolean;
}

/** Addresses of all http servers; a server without `listen` has *:80 (ngx_http_core_server). */
export function listenAddresses(model: ConfigModel): readonly ListenAddress[] {
  let known = cache.get(model);
  if (!known) {
    known = readListens(model);
    cache.set(model, known);
  }
  return known;
}

const cache = new WeakMap<ConfigModel, readonly ListenAddress[]>();

function readListens(model: ConfigModel): readonly ListenAddress[] {
  return model.servers().flatMap((server) => {
    const lines = server.all('listen');
    const sslOn = server.first('ssl')?.arg(0) === 'on';
    if (lines.length === 0) return [{ node: server, server, host: '*', port: 80, ssl: sslOn }];
    return lines.map((node) => ({
      node,
      server,
      ...parseListen(node.arg(0) ?? ''),
      ssl: sslOn || node.args.includes('ssl') || node.args.includes('quic'),
    }));
  });
}

/** Own addresses that a connection to host and port would reach. */
export function listensOn(
  model: ConfigModel,
  host: string | null,
  port: number | null,
): readonly ListenAddress[] {
  if (host === null || port === null) return [];
  const loopback = host.toLowerCase() === 'localhost' ? '127.0.0.1' : host;
  const local = loopback.startsWith('127.') || loopback === '[::1]';
  return listenAddresses(model).filter((own) => {
    if (own.port !== port || own.host === null) return false;
    return own.host === loopback || (local && (own.host === '*' || own.host === '[::]'));
  });
}

function parseListen(text: string): { host: string | null; port: number | null } {
  if (text.startsWith('unix:')) return { host: null, port: null };
  if (/^\d+$/.test(text)) return { host: '*', port: Number(text) };
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text);
  if (!match) return { host: null, port: null };
  const host = match[1] === '' || match[1] === '0.0.0.0' ? '*' : match[1]!.toLowerCase();
  return {
    host: host === 'localhost' ? '127.0.0.1' : host,
    port: match[2] === undefined ? 80 : Number(match[2]),
  };
}
