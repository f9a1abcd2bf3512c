import { type ListenAddress, listenAddresses } from '../config/listens.ts';
import { bestPlace, type Case } from './case.ts';

/** Where nginx itself takes the request of a case. */
export interface OwnAddress {
  /** An address that a connection on nginx's own machine reaches. */
  readonly host: string | null;
  readonly port: number | null;
  readonly socket: string | null;
  readonly tls: boolean;
  readonly proxyProtocol: boolean;
  /** As the routing model takes it; null where the line alone tells. */
  readonly listen: string | null;
}

/**
 * The listening address that the client's request came to: of the found server block, by the port of its Host header
 * and by what tells TLS; without a configuration by the line alone; null where nothing tells.
 */
export function ownAddressOf(failure: Case): OwnAddress | null {
  const { model, entry } = failure;
  const port = Number(/:(\d{1,5})$/.exec(entry.host ?? '')?.[1] ?? 0);
  const tls = saysTls(failure);
  const server = bestPlace(failure)?.server ?? null;
  if (model && server) {
    const own = listenAddresses(model).filter(
      (one) => one.server === server && !one.node.args.includes('quic'),
    );
    const score = (one: ListenAddress): number =>
      Number(one.port === port) * 8 +
      Number(tls !== null && one.ssl === tls) * 4 +
      // Who serves both redirects nobody: most clients come by TLS.
      Number(tls === null && one.ssl) * 2 +
      Number(one.host !== null);
    const best = [...own].sort((a, b) => score(b) - score(a))[0];
    if (best) return ofListen(best);
  }
  if (port > 0) return { ...NOTHING, port, tls: tls ?? (port === 443 || port === 8443) };
  return tls === null ? null : { ...NOTHING, port: tls ? 443 : 80, tls };
}

const NOTHING = { host: '127.0.0.1', socket: null, proxyProtocol: false, listen: null } as const;

function ofListen({ node, host, port, ssl }: ListenAddress): OwnAddress {
  const text = node.name === 'listen' ? (node.arg(0) ?? '') : '';
  const flags = { tls: ssl, proxyProtocol: node.args.includes('proxy_protocol') };
  if (text.startsWith('unix:'))
    return { host: null, port: null, socket: text.slice(5), listen: text, ...flags };
  const reached = host === null || host === '*' ? '127.0.0.1' : host === '[::]' ? '[::1]' : host;
  return { host: reached, port: port ?? 80, socket: null, listen: `${host ?? '*'}:${port ?? 80}`, ...flags };
}

/** Whether the client came by TLS, as far as the line tells: browsers speak HTTP/2 and HTTP/3 over it only. */
function saysTls({ entry }: Case): boolean | null {
  if (/^HTTP\/[23]/.test(entry.request?.protocol ?? '')) return true;
  const host = entry.host?.replace(/:\d{1,5}$/, '') ?? null;
  const from = /^(https?):\/\/([^/:?#]{1,253})/.exec(entry.referrer ?? '');
  return from && host !== null && from[2] === host ? from[1] === 'https' : null;
}
