import { type DefaultedPort, defaultedPorts } from '../config/defaulted-ports.ts';
import type { ConfigModel } from '../config/model.ts';
import type { Fix } from '../contract.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { speaksTls, whoListens } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * A server line of an upstream block without a port means port 80 (ngx_http_upstream_server); the scheme in *_pass
 * does not change it. Found where TLS is spoken to it, and where it stands alone among servers that share another
 * port. Deliberately ignores: literal addresses in proxy_pass, whose port follows the scheme; groups in which no
 * server has a port, spoken to in plain; a backup, which may well be a page on port 80; balancer_by_lua; `service=`.
 */
export const upstreamPortDefaulted: FailureMode = {
  id: 'upstream-port-defaulted',
  title: 'A server line without a port means port 80',
  what: 'A server of an upstream block has no port, and 80 fits neither the scheme of *_pass nor its neighbours.',
  why: 'nginx connects to port 80 of it, for https:// and grpcs:// too. What answers there speaks plain text or is another site: the TLS handshake fails (502), or one of several requests gets a wrong answer.',
  do: 'Write the port on the server line of the upstream block, for example :443 for https:// and grpcs://.',
  status: '502',
  versions: null,
  hits: 'every request that this server is chosen for',
  signatures: [{ message: 'ssl-handshake-failed' }, { message: 'connect-failed' }],
  detect: (model) => defaultedPorts(model).flatMap((found) => detection(model, found)),
  weigh(failure) {
    const found = foundHere(failure);
    return found ? { certainty: 'certain', because: [messageOf(found)], against: [] } : null;
  },
  fix(failure) {
    const found = foundHere(failure);
    return failure.model && found ? addPort(failure.model, found) : [];
  },
  remedy: {
    cure(failure) {
      const found = foundHere(failure);
      return found
        ? `write the port on the server line, for example ${withPort(found)}`
        : 'write the port on the server line of the upstream block';
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => [...whoListens(failure), ...speaksTls(failure)],
  references: ['https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server'],
};

/** The server line without a port that a logged failure on port 80 comes from. */
function foundHere(failure: Case): DefaultedPort | null {
  const target = bestPlace(failure)?.proxied?.target;
  if (!failure.model || target?.kind !== 'upstream' || failure.peer?.port !== 80) return null;
  const members = defaultedPorts(failure.model).filter(({ group }) => group === target.upstream);
  // A name stands in the log as its address.
  return members.find(({ peer }) => peer.url!.host === failure.peer!.host) ?? members[0] ?? null;
}

function messageOf({ peer, group, meant, tls }: DefaultedPort): string {
  const line = `server ${peer.node.arg(0)} means port 80`;
  return tls[0]
    ? `${line}, and ${tls[0].pass.text} speaks TLS to it`
    : `${line}, and the other servers of ${group.name} have port ${meant}`;
}

function detection(model: ConfigModel, found: DefaultedPort): Detection {
  return {
    node: found.peer.node,
    severity: found.ofTwo ? 'info' : 'warning',
    certainty: found.ofTwo ? 'possible' : 'likely',
    message: messageOf(found),
    related: found.tls.map(({ pass }) => ({ ...pass.site, message: 'TLS is spoken to the group here' })),
    fixes: addPort(model, found),
  };
}

function withPort({ peer, meant }: DefaultedPort): string {
  return `${peer.node.arg(0)}:${meant}`;
}

function addPort(model: ConfigModel, found: DefaultedPort): Fix[] {
  if (found.mixed) return [];
  const { node } = found.peer;
  const word = node.directive.args[0]!;
  const host = found.peer.url!.host!;
  const fix = new Editor(model, 'review')
    .replaceWord(
      node,
      word,
      word.raw.replace(host, () => `${host}:${found.meant}`),
    )
    .fix(`write port ${found.meant}`);
  return fix ? [fix] : [];
}
