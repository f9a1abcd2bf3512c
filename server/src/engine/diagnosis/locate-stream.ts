import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { parseUpstreamUrl } from '../config/upstream-url.ts';
import type { FoundPlace, Peer } from './case.ts';
import { sameEnd } from './same-end.ts';

/** The proxy_pass lines of the stream module that lead to a peer, by address or through a group. */
export function streamPlaces(model: ConfigModel, peer: Peer): FoundPlace[] {
  const groups = model.named('upstream').filter(({ inside }) => inside === 'stream-upstream');
  return model.named('proxy_pass').flatMap((node): FoundPlace[] => {
    if (node.context !== 'stream-server') return [];
    const target = node.arg(0) ?? '';
    const group = groups.find((block) => block.arg(0)?.toLowerCase() === target.toLowerCase());
    const ends = group ? group.all('server').map((line) => line.arg(0) ?? '') : [target];
    if (!ends.some((end) => leadsTo(end, peer))) return [];
    const server: ConfigNode | null = node.parent;
    const trace = [`${node.text} leads to ${peer.text}`];
    return [{ node, location: null, server, proxied: null, fit: 0.5, trace }];
  });
}

function leadsTo(text: string, peer: Peer): boolean {
  const url = parseUpstreamUrl('server', text);
  return url !== null && sameEnd({ host: url.host, port: url.port, socket: url.socket }, peer) === 'yes';
}
