import type { StatusVerdict } from '../../contract.ts';
import type { LogEntry } from '../entry.ts';
import type { MessageKind } from '../message.ts';
import { DNS_CODES, RESOLVER_TIMEOUTS } from '../protocol-codes.ts';
import { internalError, NO_ANSWER, UNCHANGED, verdict } from './shared.ts';

/** Why nginx refuses an address (ngx_parse_url), with one that it refuses for it. */
const BAD_ADDRESSES: Readonly<Record<string, string>> = {
  'invalid host': 'http://127.0.0.1:8080',
  'invalid port': '127.0.0.1:80800',
  'invalid port range': '127.0.0.1:8080-8070',
  'no host': ':8080',
  'invalid IPv6 address': '[::g]:8080',
};

/** Names, addresses and URLs that nginx works out while it handles a request. */
export const resolve: readonly MessageKind[] = [
  {
    id: 'no-resolver-defined',
    text: 'no resolver defined to resolve <name>',
    source: 'ngx_http_upstream.c ngx_http_upstream_init_request',
    phase: 'resolve',
    when: (entry) => !isStapling(entry),
    status: lookupFailed,
    fault: 'configuration',
    meaning: (entry) =>
      `nginx had to look up ${nameOf(entry)} for this request, but no DNS server is configured.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 no resolver defined to resolve app.internal.test, client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", host: "app.test"',
    causes: ['resolver-missing'],
  },
  {
    id: 'could-not-be-resolved',
    text: '<name> could not be resolved (<errno>)',
    source: 'ngx_http_upstream.c ngx_http_upstream_resolve_handler; ngx_resolver.c ngx_resolver_strerror',
    phase: 'resolve',
    when: (entry) => !isStapling(entry),
    status: lookupFailed,
    fault: (entry) => (entry.errno?.code === 3 ? 'configuration' : 'network'),
    meaning: (entry) => {
      const name = nameOf(entry);
      const code = entry.errno?.code ?? -1;
      if (RESOLVER_TIMEOUTS.has(code)) {
        return `No DNS server answered nginx's question for ${name} in time.`;
      }
      const known = DNS_CODES.get(code);
      return known === undefined
        ? `nginx could not look up ${name}.`
        : `nginx asked for ${name}, and the DNS server ${known.says} (${known.name}).`;
    },
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 app.internal.test could not be resolved (3: Host not found), client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", host: "app.test"',
    causes: (entry) =>
      entry.errno?.code === 3 ? ['resolver-name-not-qualified', 'resolver-failed'] : ['resolver-failed'],
  },
  {
    id: 'no-port-in-upstream',
    text: 'no port in upstream "<upstream>"',
    source:
      'ngx_http_upstream.c ngx_http_upstream_init_request; ngx_http_upstream_round_robin.c ngx_http_upstream_init_round_robin',
    phase: (entry) => (isStartUp(entry) ? 'start-up' : 'prepare'),
    status: runtimeOrStart,
    fault: 'configuration',
    meaning: () => 'The address of the backend has no port, and this protocol has no default one.',
    since: null,
    example: 'nginx: [emerg] no port in upstream "app.test" in /etc/nginx/conf.d/default.conf:7',
    // A bare word in FILE:LINE was meant to be a group.
    causes: (entry) =>
      isStartUp(entry) && /^"[A-Za-z][\w-]*"$/.test(quotedOf(entry))
        ? ['undefined-upstream', 'invalid-upstream-variable']
        : ['invalid-upstream-variable'],
  },
  {
    id: 'invalid-url-prefix-in-variable',
    text: 'invalid URL prefix in "<url>"',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_eval',
    phase: 'prepare',
    status: internalError,
    fault: 'configuration',
    meaning: (entry) =>
      /"https?:\/\/"/.test(entry.message)
        ? `The variables of proxy_pass gave ${quotedOf(entry)}, with no host behind it.`
        : `The variables of proxy_pass gave ${quotedOf(entry)}, which does not begin with http:// or https://.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 invalid URL prefix in "", client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", host: "app.test"',
    causes: ['invalid-upstream-variable'],
  },
  ...Object.entries(BAD_ADDRESSES).map(
    ([reason, address]): MessageKind => ({
      id: `${reason.toLowerCase().replaceAll(' ', '-')}-in-upstream`,
      text: `${reason} in upstream "<upstream>"`,
      source:
        'ngx_inet.c ngx_parse_url; ngx_http_upstream.c ngx_http_upstream_add, ngx_http_proxy_module.c ngx_http_proxy_eval',
      phase: (entry) => (isStartUp(entry) ? 'start-up' : 'prepare'),
      status: runtimeOrStart,
      fault: 'configuration',
      meaning: (entry) => `nginx cannot use ${quotedOf(entry)} as the address of a backend: ${reason}.`,
      since: null,
      example: `nginx: [emerg] ${reason} in upstream "${address}" in /etc/nginx/conf.d/default.conf:7`,
      causes: addressCauses,
    }),
  ),
  {
    id: 'invalid-local-address',
    text: 'invalid local address "<address>"',
    source: 'ngx_http_upstream.c ngx_http_upstream_set_local',
    phase: 'prepare',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: (entry) => `*_bind gave ${quotedOf(entry)}, which is no address; nginx connects without it.`,
    since: null,
    example:
      '2024/10/21 08:41:45 [error] 165#165: *18127 invalid local address "eth0", client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1", host: "app.test"',
    causes: ['proxy-bind-failed'],
  },
  {
    id: 'service-could-not-be-resolved',
    text: 'service <service> of <name> could not be resolved (<errno>)',
    source: 'ngx_http_upstream_zone_module.c ngx_http_upstream_zone_resolve_handler',
    phase: 'resolve',
    status: NO_ANSWER,
    fault: 'network',
    meaning: () =>
      'nginx could not look up the SRV record of an upstream server; the servers it knew stay in use.',
    since: '1.27.3',
    example:
      '2026/01/10 10:00:00 [error] 7#7: service http of app.test could not be resolved (3: Host not found)',
    causes: ['resolver-failed'],
  },
  {
    id: 'dns-error',
    text: 'DNS error (<errno>), query id:<number>[, name:"<name>"]',
    source: 'ngx_resolver.c ngx_resolver_process_response',
    phase: 'resolve',
    status: NO_ANSWER,
    fault: 'network',
    meaning: (entry) => {
      const known = DNS_CODES.get(entry.errno?.code ?? -1);
      return known === undefined
        ? 'The DNS server answered with an error.'
        : `The DNS server ${known.says} (${known.name}).`;
    },
    since: null,
    example:
      '2026/01/10 10:00:00 [error] 7#7: DNS error (2: Server failure), query id:41331, name:"app.test"',
    causes: ['resolver-failed'],
  },
  {
    id: 'unexpected-dns-response',
    text: 'unexpected DNS response for <name>',
    source: 'ngx_resolver.c ngx_resolver_process_a',
    phase: 'resolve',
    status: NO_ANSWER,
    fault: 'network',
    meaning: (entry) =>
      `A DNS answer for ${entry.message.slice('unexpected DNS response for '.length)} came that nginx did not wait for.`,
    since: '1.19.3',
    example: '2026/01/10 10:00:00 [error] 7#7: unexpected DNS response for app.test',
    causes: ['resolver-failed'],
  },
  {
    id: 'wrong-dns-ident',
    text: 'wrong ident <number> [in DNS |]response for <name>, expect <count>',
    source: 'ngx_resolver.c ngx_resolver_process_a',
    phase: 'resolve',
    status: NO_ANSWER,
    fault: 'network',
    meaning: () => 'A DNS answer came whose number belongs to another question; nginx ignored it.',
    since: null,
    example: '2026/01/10 10:00:00 [error] 7#7: wrong ident 11932 in DNS response for app.test, expect 53021',
    causes: ['resolver-failed'],
  },
  {
    id: 'dns-response-unusable',
    text: '[short DNS response|compression pointers loop|name is out of response|unexpected RR class <number>|unexpected RR type <number>|compression pointers loop in DNS response|invalid <what> in DNS response|invalid name DNS response|invalid <protocol> DNS response <number> fl:<flags>|name is out of DNS response|zero-length domain name in DNS response|unexpected compression pointer in DNS response|unexpected A record in DNS response|unexpected AAAA record in DNS response|unexpected RR class <number> in DNS response|unexpected RR type <number> in DNS response|unknown query class <number> in DNS response|unknown query type <number> in DNS response|unexpected response for <name>]',
    source:
      'ngx_resolver.c ngx_resolver_process_response, ngx_resolver_process_a, ngx_resolver_process_srv, ngx_resolver_process_ptr, ngx_resolver_copy',
    phase: 'resolve',
    status: verdict(
      null,
      'none',
      'likely',
      'nginx ignored the answer and goes on waiting; without a better one the request gets 502 after resolver_timeout.',
    ),
    fault: 'network',
    meaning: () =>
      'A DNS answer came that nginx could not read, or that answers something else than it asked.',
    since: null,
    example: '2026/01/10 10:00:00 [error] 7#7: short DNS response, resolver: 192.0.2.53:53',
    causes: ['resolver-failed'],
  },
  {
    id: 'dns-type-missing',
    text: 'no <type> type[s] in DNS response',
    source: 'ngx_resolver.c ngx_resolver_process_a',
    phase: 'resolve',
    status: NO_ANSWER,
    fault: 'network',
    meaning: () => 'The DNS answer held no record of the type that nginx asked for.',
    since: null,
    example: '2026/01/10 10:00:00 [error] 7#7: no A or CNAME types in DNS response',
    causes: ['resolver-failed'],
  },
  {
    id: 'zone-server-not-added',
    text: 'cannot add new server to upstream "<upstream>", memory exhausted',
    source: 'ngx_http_upstream_zone_module.c ngx_http_upstream_zone_resolve_handler',
    phase: 'resolve',
    status: NO_ANSWER,
    fault: 'configuration',
    meaning: () => 'The zone of the upstream is too small for the addresses that DNS gave.',
    since: '1.27.3',
    example:
      '2026/01/10 10:00:00 [error] 7#7: cannot add new server to upstream "app_pool", memory exhausted',
    causes: [],
  },
];

/** OCSP stapling asks with the same words for the client's side of TLS: no request depends on it. */
function isStapling(entry: LogEntry): boolean {
  return entry.action === 'requesting certificate status';
}

function isStartUp(entry: LogEntry): boolean {
  return entry.level === 'emerg' || entry.at !== null;
}

function runtimeOrStart(entry: LogEntry): StatusVerdict {
  return isStartUp(entry)
    ? verdict(
        null,
        'none',
        'certain',
        'nginx does not start with this configuration; a running nginx keeps the old one.',
      )
    : internalError(entry);
}

/** A failed lookup ends the request at once, also when the DNS server did not answer in time. */
function lookupFailed(entry: LogEntry): StatusVerdict {
  if (entry.client === null && entry.pid !== null) {
    return verdict(
      null,
      'none',
      'likely',
      'nginx looked the name up on its own ("resolve"); the addresses it knew stay in use.',
    );
  }
  if (entry.stream || entry.subrequest !== null) {
    return internalError(entry);
  }
  return verdict('502', 'response', 'certain', '502, also when the DNS server did not answer in time.');
}

function addressCauses(entry: LogEntry): readonly string[] {
  if (!isStartUp(entry)) {
    return ['invalid-upstream-variable'];
  }
  const address = quotedOf(entry);
  if (address.includes('://')) {
    return ['unsupported-upstream-scheme'];
  }
  if (address.startsWith('"/') || address.includes('.sock')) {
    return ['unix-socket-path-malformed', 'unsupported-upstream-scheme'];
  }
  if (address.includes('$')) {
    return ['invalid-upstream-variable'];
  }
  if (entry.message.startsWith('no host')) {
    return ['invalid-upstream-variable', 'unsupported-upstream-scheme'];
  }
  return entry.message.startsWith('invalid port') ? ['wrong-upstream-port'] : [];
}

/** The name that the message asks for. */
function nameOf(entry: LogEntry): string {
  const message = entry.message;
  const from = message.indexOf('to resolve ');
  if (from >= 0) {
    return message.slice(from + 11).split(' ', 1)[0] ?? 'a name';
  }
  const end = message.indexOf(' could not be resolved');
  return end > 0 ? message.slice(0, end) : 'a name';
}

/** The first quoted text of the message, with its quotes. */
function quotedOf(entry: LogEntry): string {
  const from = entry.message.indexOf('"');
  const end = entry.message.lastIndexOf('"');
  return end > from ? entry.message.slice(from, end + 1) : 'a text';
}
