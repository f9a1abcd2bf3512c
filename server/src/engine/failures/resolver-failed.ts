import { effective } from '../config/inheritance.ts';
import { isAddress } from '../config/upstream-url.ts';
import { hasVariables } from '../config/variables.ts';
import type { ConfirmingCommand } from '../contract.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { operand, shellQuote } from '../diagnosis/shell.ts';
import { isDockerDns } from '../diagnosis/surroundings.ts';
import { DNS_CODES, RESOLVER_TIMEOUTS } from '../errorlog/protocol-codes.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A name in a variable (or a server with "resolve") is asked of the DNS servers of `resolver`, and none gives an
 * address: an error code, or silence until resolver_timeout (30 s). Both end the request with 502, silence too.
 * Deliberately leaves alone: no resolver at all (resolver-missing), names without a dot, which resolver asks for as
 * they are (resolver-name-not-qualified), and names that fail at start (host-not-found-at-start).
 */
export const resolverFailed: FailureMode = {
  id: 'resolver-failed',
  title: 'The DNS server did not give an address for the name',
  what: 'nginx looked up a backend name at run time, and the DNS servers of resolver gave an error or no answer.',
  why: 'Without an address there is nothing to connect to: nginx answers 502 at once, or after resolver_timeout (30 s by default) when the DNS server is silent.',
  do: 'Ask the DNS server yourself (dig @RESOLVER NAME): 3 means no such name there, 2 and 5 that it fails or refuses, 110 that it does not answer. Then correct the name, or set resolver to a server that knows it (127.0.0.11 in Docker).',
  status: '502',
  versions: null,
  hits: 'every request that needs the name, once what nginx remembers of it is out of date',
  signatures: [
    { message: 'could-not-be-resolved' },
    { message: 'service-could-not-be-resolved' },
    { message: 'dns-error' },
  ],
  weigh(failure) {
    const code = failure.entry.errno?.code ?? null;
    const servers = askedServers(failure);
    const asked =
      servers.length > 1 ? `one of ${servers.join(', ')}` : (servers[0] ?? 'the DNS server of resolver');
    const because: string[] = [];
    if (code !== null && RESOLVER_TIMEOUTS.has(code))
      because.push(`${servers.join(', ') || 'the DNS server of resolver'} did not answer in time`);
    else if (code !== null && DNS_CODES.has(code))
      because.push(`${asked} ${DNS_CODES.get(code)!.says} (${DNS_CODES.get(code)!.name})`);
    const others = otherNames(failure);
    // Several names that do not exist may stand in one file.
    if (others > 0 && code !== 3)
      because.push(
        `${others} other name${others === 1 ? '' : 's'} failed too: it is the DNS server rather than one name`,
      );
    // Whether the name is wrong or the server does not know it, the code 3 does not tell.
    const sure = code !== null && (code === 2 || code === 5 || RESOLVER_TIMEOUTS.has(code));
    const name = nameOf(failure);
    // Docker's own DNS server knows services by one word.
    if (code === 3 && name !== null && !name.includes('.') && !servers.some(isDockerDns))
      return {
        certainty: 'possible',
        because: [],
        against: [`"${name}" has no domain, and resolver adds none`],
      };
    return { certainty: sure ? 'certain' : because.length > 0 ? 'likely' : 'possible', because, against: [] };
  },
  remedy: {
    cure(failure) {
      const code = failure.entry.errno?.code ?? null;
      const name = nameOf(failure);
      const quoted = name === null ? 'the name' : `"${name}"`;
      const server = askedServers(failure)[0] ?? 'the DNS server of resolver';
      if (name !== null && byDocker(failure, name) && (code === 2 || code === 3))
        return `start the container that is called ${quoted} (service or alias), and put it on a network that nginx's container is on: Docker's DNS knows only those; or correct ${quoted}`;
      if (code === 3)
        return `correct ${quoted}, or set resolver to a DNS server that knows it${failure.surroundings.container ? " (127.0.0.11 in Docker's own networks)" : ''}`;
      if (code !== null && RESOLVER_TIMEOUTS.has(code))
        return `make ${server} reachable from nginx's machine (UDP and TCP port 53), or name another one in resolver`;
      if (code === 5)
        return `let ${server} answer nginx's machine for ${quoted}, or name another DNS server in resolver`;
      return `repair the look-up of ${quoted} on ${server}, or name another DNS server in resolver`;
    },
    mitigate: 'write the address in place of the name, until DNS works',
    takesEffect: 'nginx -s reload; a repaired DNS server: with the next request',
  },
  checks(failure) {
    const name = nameOf(failure);
    if (name === null) return [];
    const servers = askedServers(failure);
    if (byDocker(failure, name))
      return [
        {
          run: `docker ps -a --format '{{.Names}}  {{.Status}}  {{.Networks}}'`,
          where: 'on the Docker host',
          expect: `a line for ${name} with "Up" and a network that nginx's line has too. "Exited": it does not run, and Docker's DNS forgets such names. No common network: neither knows the other.`,
        },
        {
          run: `getent ahosts ${operand(name)}`,
          where: onNginx(failure),
          expect: 'an address: Docker knows the name now. Nothing: it does not.',
        },
      ];
    const dig = (server: string | null): ConfirmingCommand => ({
      run: ['dig', ...(server === null ? [] : digServer(server)), operand(name)].join(' '),
      where: onNginx(failure),
      expect:
        'status: NOERROR and an address: it answers now. NXDOMAIN: it does not know the name. SERVFAIL, REFUSED or "no servers could be reached": the DNS server is the fault.',
    });
    return servers.length > 0 ? servers.slice(0, 3).map(dig) : [dig(null)];
  },
  references: ['https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver'],
};

/** Whether Docker's own DNS server was asked for a container: those have names of one word. */
function byDocker(failure: Case, name: string): boolean {
  return !name.includes('.') && askedServers(failure).some(isDockerDns);
}

function nameOf(failure: Case): string | null {
  const { matched, entry } = failure;
  return matched.captures['name'] ?? /name:"([^"]+)"/.exec(entry.message)?.[1] ?? null;
}

/** The DNS server that the line names, else those of the resolver in effect, as written. */
function askedServers({ entry, model, ...failure }: Case): string[] {
  if (entry.resolver !== null) return [entry.resolver];
  const block = bestPlace({ entry, model, ...failure })?.proxied?.block;
  if (!model || !block) return [];
  const words = effective(model, 'resolver', block).nodes[0]?.args ?? [];
  return words.filter((word) => !word.includes('=') && !hasVariables(word));
}

function digServer(server: string): string[] {
  const port = /^(.*):(\d+)$/.exec(server);
  const host = port && isAddress(port[1]!) ? port[1]! : server;
  const at = shellQuote(`@${host.replace(/^\[|\]$/g, '')}`);
  return port && host !== server ? [at, '-p', port[2]!] : [at];
}

/** How many other names the same paste has look-ups of that failed. */
function otherNames(failure: Case): number {
  const own = nameOf(failure);
  const names = failure.neighbours.flatMap(
    ({ message }) => /^(\S+) could not be resolved \(/.exec(message)?.[1] ?? [],
  );
  return new Set(names.filter((name) => name !== own)).size;
}
