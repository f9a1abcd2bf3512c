import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { isOneLetterAway } from '../config/near-names.ts';
import { listenPoints, loggedServerName } from '../config/server-choice.ts';
import { serverNames, VirtualNames } from '../config/virtual-names.ts';
import type { Fix } from '../contract.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { repeatThroughNginx } from '../diagnosis/request-pair.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx chooses the server block by the address of the connection and then by the Host; what no server_name there
 * covers goes to default_server, else to the first block. `server:` of a log line shows the first name of the block
 * that was chosen, `host:` what was asked for. Deliberately leaves alone: hosts that the block names too, addresses as
 * host, and blocks that are meant for everything (`_`, no name, default_server).
 */
export const wrongServerBlock: FailureMode = {
  id: 'wrong-server-block',
  title: 'The request is served by the server block of another name',
  what: 'The Host of the request is not a name of the server block that served it.',
  why: 'What matches no server_name at an address goes to its default_server, else to its first block. There it reaches the backend of another site, and fails as that one does.',
  do: 'Add the host to server_name of the right block, and give that block the same listen address and port. What matches no name goes to default_server, else to the first block.',
  status: null,
  versions: null,
  hits: 'every request for this host',
  signatures: [
    'connect-failed',
    'upstream-timed-out',
    'recv-failed',
    'upstream-prematurely-closed',
    'no-live-upstreams',
    'ssl-handshake-failed',
  ].map((message) => ({ message, when: (entry: LogEntry) => hostOf(entry) !== null })),
  weigh(failure) {
    if (SAY_SO.has(failure.matched.kind.id)) return { certainty: 'likely', because: [], against: [] };
    const host = hostOf(failure.entry);
    if (host === null) return null;
    if (failure.model) {
      const found = meant(failure.model, failure.entry, host);
      if (!found) return null;
      return { certainty: found.sure ? 'certain' : 'likely', because: [found.because], against: [] };
    }
    const { server } = failure.entry;
    // A block may have more names than the line shows; those of one domain usually belong together.
    if (!server?.includes('.') || domainOf(server) === domainOf(host)) return null;
    const because = [`the request was for ${host}, and the block whose first name is ${server} served it`];
    return { certainty: 'possible', because, against: [] };
  },
  fix(failure) {
    const host = hostOf(failure.entry);
    const found = failure.model && host !== null ? meant(failure.model, failure.entry, host) : null;
    return found?.near ? addName(failure.model!, found.near, host!) : [];
  },
  remedy: {
    cure(failure) {
      const host = hostOf(failure.entry) ?? 'the host';
      return `add ${host} to server_name of the block that is meant, and give that block a listen for the address and port at which the request arrives`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => [
    {
      run: "nginx -T 2>/dev/null | grep -nE '^[[:space:]]*(listen|server_name)[[:space:]]'",
      where: onNginx(failure),
      expect: `the names and addresses that nginx reads: ${hostOf(failure.entry) ?? 'the host'} must stand behind a server_name, in a block with the port that clients use.`,
    },
    ...repeatThroughNginx(failure),
  ],
  references: [
    'https://nginx.org/en/docs/http/request_processing.html',
    'https://nginx.org/en/docs/http/server_names.html',
  ],
};

/** Messages that are about server names. */
const SAY_SO = new Set(['conflicting-server-name', 'server-name-suspicious', 'client-misdirected']);

/** The name that was asked for, where it is one and not the first name of the block. */
function hostOf({ host, server }: LogEntry): string | null {
  if (host === null || server === null) return null;
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  if (name === server || !/[a-z]/.test(name) || !name.includes('.') || name.includes(':')) return null;
  return name;
}

function domainOf(name: string): string {
  return name.toLowerCase().split('.').slice(-2).join('.');
}

interface Meant {
  readonly because: string;
  readonly sure: boolean;
  /** A block at the same address with almost that name. */
  readonly near: ConfigNode | null;
}

/** What the configuration tells of the block that served a host, and of the one that should have. */
function meant(model: ConfigModel, entry: LogEntry, host: string): Meant | null {
  const served = model.servers().filter((server) => loggedServerName(server) === entry.server);
  const [chosen] = served;
  if (!chosen || served.some((server) => new VirtualNames([server]).find(host))) return null;
  const shared = neighbours(model, served);
  const right = new VirtualNames([...shared]).find(host) ?? new VirtualNames(model.servers()).find(host);
  if (right) {
    const { line } = right.server.site.range.start;
    const where = `${host} is for the block in line ${line} (server_name ${right.name})`;
    return shared.has(right.server)
      ? { because: `${where}: nginx has not loaded it yet, or the line is older`, sure: false, near: null }
      : { because: `${where}, but that one listens on other addresses`, sure: true, near: null };
  }
  // What is not in sight may hold the block.
  if (!model.isComplete) return null;
  const near = [...shared].filter((server) => serverNames(server).some((name) => isAlmost(name, host)));
  if (near.length === 1 && !served.includes(near[0]!)) {
    const name = serverNames(near[0]!).find((text) => isAlmost(text, host))!;
    const because = `no server_name is ${host}: the block of ${entry.server} served it, and ${name} is another block at the same address`;
    return { because, sure: true, near: near[0]! };
  }
  // A block for everything is no wrong one, and a block alone has no other.
  const open = served.some(
    (server) =>
      /^_?$/.test(loggedServerName(server)) ||
      server.all('listen').some(({ args }) => args.includes('default_server') || args.includes('default')),
  );
  if (open || shared.size < 2) return null;
  return {
    because: `no server_name is ${host}: the block of ${entry.server} served it as the first at its address`,
    sure: false,
    near: null,
  };
}

/** All blocks that share an address with one of the given ones. */
function neighbours(model: ConfigModel, served: readonly ConfigNode[]): Set<ConfigNode> {
  const points = listenPoints(model).filter(({ servers }) => servers.some((one) => served.includes(one)));
  return new Set(points.flatMap(({ servers }) => servers));
}

function isAlmost(name: string, host: string): boolean {
  return name === `www.${host}` || host === `www.${name}` || isOneLetterAway(name, host);
}

function addName(model: ConfigModel, server: ConfigNode, host: string): Fix[] {
  const line = server.first('server_name');
  const word = line?.directive.args.at(-1);
  if (!line || !word) return [];
  const fix = new Editor(model, 'choice')
    .replaceWord(line, word, `${word.raw} ${host}`)
    .fix(`add ${host} to server_name`);
  return fix ? [fix] : [];
}
