import { effective } from '../config/inheritance.ts';
import type { ConfigNode } from '../config/model.ts';
import type { ConfirmingCommand } from '../contract.ts';
import { bestPlace, type Case, type Weight } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { operand } from '../diagnosis/shell.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * *_bind sets the local end of connections to the backend, and the system does not give it: an address that the
 * machine does not have (99), a port that is taken (98; nginx has one connection at a time with an explicit port) or
 * privileged (13), or IP_TRANSPARENT without the right to it (1). nginx answers 500 and tries no other server. A
 * connect() that fails with 99 is ephemeral-ports-exhausted.
 */
export const proxyBindFailed: FailureMode = {
  id: 'proxy-bind-failed',
  title: 'nginx cannot use the local address of proxy_bind',
  what: 'proxy_bind (grpc_bind, fastcgi_bind ...) wants a local address or port for connections to the backend that the system does not give.',
  why: 'The connection is never tried. nginx answers 500, not 502, and asks no other server of the upstream.',
  do: 'Give proxy_bind an address that this machine has, without a port, or remove it. A client address ($remote_addr) also needs "transparent".',
  status: '500',
  versions: null,
  hits: 'every request through this location; with a port in proxy_bind all but one at a time',
  signatures: [
    { message: 'bind-failed' },
    {
      message: 'setsockopt-failed',
      when: (entry) => /TRANSPARENT|BINDANY|REUSEADDR/.test(entry.message),
    },
    { message: 'transparent-proxying-unsupported' },
    { message: 'bind-address-refused' },
    { message: 'invalid-local-address' },
  ],
  weigh(failure) {
    const line = bindLine(failure);
    const set = line ? [`${line.text} sets it`] : [];
    if (failure.matched.kind.id === 'bind-failed') return weighBind(failure, set);
    const said: Record<string, string> = {
      'setsockopt-failed': 'the workers lack the right to take foreign addresses (CAP_NET_RAW)',
      'transparent-proxying-unsupported': 'the system cannot take foreign addresses for IPv6',
      'bind-address-refused': 'nginx does not read the value as an address',
      'invalid-local-address': 'the value that came out of the variables is no address',
    };
    const because = [said[failure.matched.kind.id] ?? 'the system refused what *_bind asks for', ...set];
    return { certainty: 'likely', because, against: [] };
  },
  remedy: {
    cure(failure) {
      const name = directiveName(failure);
      switch (errnoMeaning(failure.entry.errno)) {
        case 'address-in-use':
          return portOf(failure) === null
            ? `free ports on that address: several addresses in ${name} (split_clients), or keepalive in the upstream block`
            : `take the port out of ${name}: with one, a single connection at a time is possible`;
        case 'permission':
          return `take the port out of ${name}, or use one above 1023: the workers are not root`;
        case 'not-permitted':
          return `start nginx as root, so that its workers may use "transparent" (since 1.13.8 they keep CAP_NET_RAW), or take "transparent" out of ${name}`;
        default:
          return isClient(failure)
            ? `write "transparent" behind the address in ${name}, with the routes that it needs, or remove ${name}`
            : `give ${name} an address that this machine has (ip addr), or remove it`;
      }
    },
    mitigate: 'without proxy_bind nginx picks the address itself, if the backend accepts requests from it',
    takesEffect: 'nginx -s reload; an address added to the machine: with the next request',
  },
  checks: (failure) => ownAddresses(failure),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_bind'],
};

function weighBind(failure: Case, set: readonly string[]): Weight {
  const address = addressOf(failure);
  switch (errnoMeaning(failure.entry.errno)) {
    case 'address-unavailable': {
      const because = [`this machine (or its container) does not have the address ${address}`, ...set];
      if (isClient(failure)) because.push("it is the client's address, which only works with transparent");
      return { certainty: 'certain', because, against: [] };
    }
    case 'address-in-use':
      return portOf(failure) === null
        ? { certainty: 'likely', because: [`no port of ${address} is free`, ...set], against: [] }
        : {
            certainty: 'certain',
            because: [`${address} has a port, and a connection or a process holds it`, ...set],
            against: [],
          };
    case 'permission':
      return {
        certainty: 'likely',
        because: [`the system does not give ${address} to nginx's user`, ...set],
        against: [],
      };
    default:
      return { certainty: 'likely', because: [`the system refused ${address}`, ...set], against: [] };
  }
}

/** What stands in `bind(...)`. */
function addressOf({ matched }: Case): string {
  return matched.captures['address'] ?? 'the local address';
}

function hostOf(failure: Case): string {
  return addressOf(failure).replace(/:\d{1,5}$/, '');
}

function portOf(failure: Case): string | null {
  return /(?:\]|^[^:]+):(\d{1,5})$/.exec(addressOf(failure))?.[1] ?? null;
}

function isClient(failure: Case): boolean {
  const { client } = failure.entry;
  return client !== null && client !== '' && hostOf(failure) === client;
}

/** The `*_bind` line in effect where the request went. */
function bindLine(failure: Case): ConfigNode | null {
  const target = bestPlace(failure)?.proxied;
  if (!failure.model || !target) return null;
  return effective(failure.model, `${target.handler}_bind`, target.block).nodes[0] ?? null;
}

function directiveName(failure: Case): string {
  const family = /^(?:grpc|fastcgi|uwsgi|scgi|memcached)/.exec(failure.peer?.scheme ?? '')?.[0] ?? 'proxy';
  return bindLine(failure)?.name ?? `${family}_bind`;
}

function ownAddresses(failure: Case): ConfirmingCommand[] {
  const address = hostOf(failure).replace(/[[\]]/g, '');
  if (!/^[\d.]+$|:/.test(address)) return [];
  const port = portOf(failure);
  const where = onNginx(failure);
  return [
    {
      run: `ip addr show to ${operand(address)}`,
      where,
      expect: 'an interface with the address: the machine has it. Nothing: it does not, and bind fails.',
    },
    ...(port === null
      ? []
      : [
          {
            run: `ss -tan 'sport = :${port}'`,
            where,
            expect: 'the connections that hold the port, TIME-WAIT included: each keeps nginx from it.',
          },
        ]),
  ];
}
