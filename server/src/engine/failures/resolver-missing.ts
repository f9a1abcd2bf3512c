import { effective } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { allProxied, implicitGroup, type Proxied } from '../config/proxied.ts';
import { defaultPort, isAddress } from '../config/upstream-url.ts';
import { upstreamNamed, upstreams } from '../config/upstreams.ts';
import {
  definitionsOf,
  hasPlaceholder,
  possibleHosts,
  possibleValues,
  variablesIn,
} from '../config/variables.ts';
import type { Fix } from '../contract.ts';
import type { Case } from '../diagnosis/case.ts';
import { bestPlace } from '../diagnosis/case.ts';
import { onNginx, resolves } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * A variable in *_pass is resolved at run time, through `resolver` only (ngx_http_upstream_init_request); without
 * one the request fails before a connection is tried. Deliberately silent where the value can only be the name of an
 * upstream block, an address, a unix socket, or a host and port that another *_pass names literally: nginx finds
 * those without a resolver. A value that comes from the request is a warning, for it may be an address.
 */
export const resolverMissing: FailureMode = {
  id: 'resolver-missing',
  title: 'A name must be resolved at run time, and no resolver is set',
  what: 'A *_pass directive holds a variable, so its host name is looked up when a request comes, and no resolver is in effect there.',
  why: 'nginx does not use /etc/resolv.conf at run time. Without the resolver directive it answers 502 at once and logs "no resolver defined to resolve".',
  do: 'Set resolver to the address of a DNS server (http, server or location), or write the name without a variable.',
  status: '502',
  versions: null,
  hits: 'every request whose value is a name',
  signatures: [{ message: 'no-resolver-defined' }],
  detect(model) {
    const found: Detection[] = [];
    for (const target of allProxied(model)) {
      const detection = unresolvable(model, target);
      if (detection) found.push(detection);
    }
    return found;
  },
  weigh(failure) {
    const name = unresolvedName(failure);
    const because = [
      `nginx had to look up ${name === null ? 'a name' : `"${name}"`} at run time and knows no resolver`,
    ];
    const target = bestPlace(failure)?.proxied;
    if (target?.target.kind === 'variable')
      because.push(`${target.pass.text} holds a variable, and no resolver is in effect there`);
    return { certainty: 'certain', because, against: [] };
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied;
    return failure.model && target?.target.kind === 'variable' ? fixes(failure.model, target) : [];
  },
  remedy: {
    cure: (failure) =>
      `set resolver in the http block: the address of your DNS server, ${failure.surroundings.container ? "127.0.0.11 in Docker's own networks, the cluster's DNS service in Kubernetes" : 'for example 127.0.0.53 with systemd-resolved'}`,
    mitigate: 'write the name literally in *_pass: it is then resolved once, when nginx starts',
    takesEffect: 'nginx -s reload',
  },
  checks(failure) {
    const name = unresolvedName(failure);
    const server = {
      run: 'cat /etc/resolv.conf',
      where: onNginx(failure),
      expect: 'the nameserver lines: the addresses to give to resolver.',
    };
    return name === null ? [server] : [server, resolves(failure, name, 'request')];
  },
  references: ['https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver'],
};

function unresolvedName(failure: Case): string | null {
  return failure.matched.captures['name'] ?? failure.matched.captures['host'] ?? null;
}

function unresolvable(model: ConfigModel, target: Proxied): Detection | null {
  if (target.target.kind !== 'variable') return null;
  if (effective(model, 'resolver', target.block).nodes.length > 0) return null;
  // A fragment's includer may set it, and a template may fill in an address.
  if (!model.isComplete || hasPlaceholder(model, target.target.text)) return null;
  const authority = authorityTemplate(target.target.text);
  if (
    /^unix:/i.test(authority) ||
    // A scheme without its slashes: nginx refuses the request before it looks anything up.
    /^https?:$/i.test(authority) ||
    ADDRESS_VARIABLE.test(authority) ||
    isAddress(authority.replace(/:[^:\]]*$/, ''))
  )
    return null;
  const { values, complete } = possibleHosts(model, authority, target.pass);
  const names = values.map(authorityOf).filter((authority) => needsResolver(model, target, authority));
  if (complete && names.length === 0) return null;
  const certain = complete && names.length === values.length;
  // What a pattern lets through may well be the names of the groups that are there.
  const captured =
    names.length === 0 &&
    upstreams(model).size > 0 &&
    variablesIn(authority).every((name) => isCaptured(model, target, name));
  const variables = variablesIn(target.target.text).map((name) => `$${name}`);
  return {
    node: target.pass,
    severity: certain ? 'error' : captured ? 'info' : 'warning',
    certainty: certain ? 'certain' : 'likely',
    message:
      names.length > 0
        ? `"${names[0]}" must be resolved for each request, and no resolver is set`
        : `the host comes from ${variables.join(' and ')}, and no resolver is set to look it up`,
    related: [],
    fixes: fixes(model, target),
  };
}

/** Variables that always hold an address, as the host. */
const ADDRESS_VARIABLE = /^\$\{?(?:server_addr|remote_addr|realip_remote_addr|proxy_protocol_addr)\}?(?::|$)/;

/**
 * The part of a *_pass text that names the host, with its variables. Variables that begin with a slash or a question
 * mark end it: they are the URI. A text that is one variable may hold a scheme and a URI of its own.
 */
function authorityTemplate(text: string): string {
  const rest = text.replace(/^(?:[a-z]+|\$\{?\w+\}?):\/\//i, '');
  if (/^unix:/i.test(rest)) return rest;
  const end = rest.search(/[/?]|\$\{?(?:uri|request_uri|document_uri|is_args)\b/);
  return end < 0 ? rest : rest.slice(0, end);
}

/** Host and port of a URL, without scheme and URI. */
function authorityOf(url: string): string {
  const rest = url.replace(/^[a-z]+:\/\//i, '');
  return rest.startsWith('unix:') ? rest : rest.split(/[/?]/, 1)[0]!;
}

function needsResolver(model: ConfigModel, target: Proxied, authority: string): boolean {
  // Without a host or a port behind its colon nginx refuses the request before it looks anything up.
  if (/^(?:$|:|unix:)|:$/.test(authority) || isAddress(authority.replace(/:\d+$/, ''))) return false;
  if (upstreamNamed(model, authority)) return false;
  const [host, port] = authority.split(':');
  const wanted = port === undefined ? defaultPort(target.pass.name, target.scheme) : Number(port);
  return implicitGroup(model, host!, wanted).length === 0;
}

/** Whether a variable is a capture, or is set to a text with nothing else of the request in it. */
function isCaptured(model: ConfigModel, target: Proxied, name: string): boolean {
  if (isCapture(target, name)) return true;
  const definitions = definitionsOf(model).get(name) ?? [];
  return (
    definitions.length > 0 &&
    definitions.every(
      ({ node, kind }) =>
        kind === 'set' && variablesIn(node.arg(1) ?? '').every((inner) => isCapture(target, inner)),
    )
  );
}

/** Variables that a regular expression around the directive captures. */
function isCapture(target: Proxied, name: string): boolean {
  if (/^\d$/.test(name)) return true;
  const patterns = [target.block, ...target.block.ancestors()].flatMap((level) => [
    ...(level.name === 'location' ? level.args : []),
    ...level.all('server_name').flatMap((node) => node.args),
  ]);
  return patterns.some((pattern) => pattern.toLowerCase().includes(`<${name}>`));
}

/** Which DNS server is right only the user knows; the usual ones are offered, the surroundings' own first. */
function fixes(model: ConfigModel, target: Proxied): Fix[] {
  const inCompose = model.snapshot.environment.some((file) => /compose/.test(file.path));
  const servers = [
    { address: '127.0.0.11', name: "Docker's DNS" },
    { address: '127.0.0.53', name: 'systemd-resolved' },
  ];
  if (!inCompose) servers.reverse();
  const offered = servers.map(({ address, name }) =>
    addResolver(model, target.block, `resolver ${address} valid=10s;`, `resolve through ${name}, ${address}`),
  );
  return [...offered, writeLiterally(model, target)].filter((fix) => fix !== null);
}

function addResolver(model: ConfigModel, block: ConfigNode, line: string, title: string): Fix | null {
  const http = [...block.ancestors()].find((outer) => outer.name === 'http');
  const editor = new Editor(model, 'choice');
  if (http) return editor.insertAtStart(http, [line]).fix(title);
  const server = [block, ...block.ancestors()].find((outer) => outer.name === 'server');
  return server ? editor.insertAtStart(server, [line]).fix(title) : null;
}

/** With one possible value the variable serves nothing but the late look-up. */
function writeLiterally(model: ConfigModel, target: Proxied): Fix | null {
  if (target.target.kind !== 'variable' || target.uriPart !== null) return null;
  const { values, complete } = possibleValues(model, target.target.text, target.pass);
  const word = target.pass.directive.args[0];
  if (!complete || values.length !== 1 || !word) return null;
  return new Editor(model, 'choice')
    .replaceWord(target.pass, word, values[0]!)
    .fix(`write ${values[0]} literally: resolved once, when nginx starts`);
}
