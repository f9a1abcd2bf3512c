import { locationMatch } from './location-choice.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { endpoints, type Proxied, passSpeaking } from './proxied.ts';

/** Something in the configuration that speaks for a gRPC backend. */
export interface GrpcFact {
  readonly message: string;
  readonly node: ConfigNode;
  /** Whether it tells by itself, and not only beside another. */
  readonly enough: boolean;
}

/** What the location, the names and the ports say about a backend that proxy_pass leads to. */
export function grpcEvidence(model: ConfigModel, target: Proxied): GrpcFact[] {
  const facts: GrpcFact[] = [];
  const { block, pass } = target;
  const { path } = locationMatch(block);
  const service = SERVICE.exec(path);
  if (service) facts.push(fact(`${service[1]} is the path of a gRPC service`, block));
  const named = NAME.test(path) ? path : nameOf(target);
  if (named !== null) facts.push(fact(`the name ${named} says gRPC`, NAME.test(path) ? block : pass));
  const ends = endpoints(target);
  const port = ends.find((end) => end.port === 50051);
  if (port) facts.push(fact("port 50051 is gRPC's usual one", port.node));
  const own = block.children.find(({ name }) => name.startsWith('grpc_') && name !== 'grpc_pass');
  if (own) facts.push(fact(`${own.name} stands in the same location`, own));
  const other = model.has('grpc_pass')
    ? ends.map((end) => passSpeaking(model, end, 'grpc', 'grpcs')).find((found) => found !== null)
    : null;
  if (other)
    facts.push({ ...fact(`${other.pass.text} leads to the same address`, other.pass), enough: false });
  // These speak HTTP/1 to their clients.
  const gateway =
    facts.length > 0 && /grpc[-_.]?(?:web|gateway|gw\b|ui|json)/i.test(`${block.text} ${pass.text}`);
  return gateway ? [] : facts;
}

/** `/package.Service/`, as a prefix, an exact path or the head of a pattern. */
const SERVICE = /^\^?(\/(?:[A-Za-z_]\w*\\?\.)+[A-Z]\w*\/)/;
const NAME = /(?:^|[^a-z0-9])grpc(?:$|[^a-z0-9])/i;

function fact(message: string, node: ConfigNode): GrpcFact {
  return { message, node, enough: true };
}

function nameOf({ target }: Proxied): string | null {
  const name =
    target.kind === 'upstream' ? target.upstream.name : target.kind === 'host' ? target.host : null;
  return name !== null && NAME.test(name) ? name : null;
}

/** Whether clients can speak HTTP/2 to a server: by its own lines or those of the http level. */
export function offersHttp2(server: ConfigNode): boolean {
  const lines = [server, ...server.ancestors()].flatMap((level) => level.all('http2'));
  if (lines[0]) return lines[0].arg(0) === 'on';
  return server.all('listen').some(({ args }) => args.includes('http2') || args.includes('quic'));
}
