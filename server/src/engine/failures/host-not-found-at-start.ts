import { effective } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { proxied } from '../config/proxied.ts';
import { isAddress } from '../config/upstream-url.ts';
import { misspelledGroup } from '../config/upstreams.ts';
import { holdsSince } from '../config/version.ts';
import type { ConfirmingCommand, Fix } from '../contract.ts';
import type { Case } from '../diagnosis/case.ts';
import { ON_CLUSTER, resolves } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { isClusterName } from '../diagnosis/surroundings.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx resolves the names in *_pass, in upstream servers and in resolver (ngx_resolver_create) once, while it reads the configuration
 * (ngx_inet_resolve_host); a name that does not resolve then is fatal: a start or reload is refused and the old
 * configuration, if any, keeps running. Deliberately silent in the configuration: whether a name resolves on the
 * machine that runs nginx cannot be seen in a file. A near miss of an upstream block's name is undefined-upstream.
 */
export const hostNotFoundAtStart: FailureMode = {
  id: 'host-not-found-at-start',
  title: 'A name of the configuration does not resolve when nginx starts',
  what: 'nginx looks up every literal name in *_pass, in upstream servers and in resolver while it reads the configuration. One of them did not resolve.',
  why: 'nginx refuses the whole configuration: a start fails, and a reload leaves the old configuration running. In a container this strikes when nginx comes up before the service whose name it needs.',
  do: 'Make the name resolve on the machine that runs nginx, or let nginx resolve it at run time: a resolver and a variable in *_pass, or "server NAME resolve" in an upstream with a zone (1.27.3 and newer). In resolver itself write an address.',
  status: null,
  versions: null,
  hits: 'the start or reload as a whole',
  signatures: [
    { message: 'host-not-found-in-upstream' },
    { message: 'host-not-found', when: ({ message }) => message.includes('in resolver') },
  ],
  weigh(failure) {
    const name = missingName(failure);
    if (name !== null && isResolver(failure))
      return {
        certainty: 'certain',
        because: [
          name.includes('$')
            ? `resolver takes no variable: nginx looked for a host that is called "${name}"`
            : `the system (/etc/resolv.conf, /etc/hosts) found no DNS server called "${name}" while nginx read the configuration`,
        ],
        against: [],
      };
    // The end of the line was lost, and the name with it.
    if (name === null) return { certainty: 'likely', because: [], against: [] };
    const misspelled = failure.model !== null && misspelledGroup(failure.model, name) !== null;
    return {
      certainty: misspelled ? 'likely' : 'certain',
      because: [`the name "${name}" did not resolve while nginx read the configuration`],
      against: [],
    };
  },
  fix(failure) {
    const { model } = failure;
    const place = failure.places[0];
    if (!model || !place) return [];
    return [resolveAtRunTime(model, place.node), resolveInGroup(model, place.node)].filter(
      (fix) => fix !== null,
    );
  },
  remedy: {
    cure: (failure) => {
      const name = missingName(failure);
      if (isResolver(failure)) return resolverCure(name);
      return `make "${name ?? 'the name'}" resolve where nginx runs (DNS, /etc/hosts, the same container network), start that service first, or let nginx resolve it at run time`;
    },
    mitigate: 'the running nginx, if any, keeps its old configuration: do not stop it before nginx -t passes',
    takesEffect: 'nginx -t, then start or reload',
  },
  checks(failure) {
    const name = missingName(failure);
    const test = {
      run: 'nginx -t',
      where: failure.surroundings.container ? "inside nginx's container" : "on nginx's machine",
      expect:
        '"test is successful": the name resolves now. It reads the files and resolves names, and changes nothing.',
    };
    if (name === null || name.includes('$')) return [test];
    return [resolves(failure, name, 'start'), ...(isResolver(failure) ? clusterDns(name) : []), test];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver',
    'https://nginx.org/en/docs/http/ngx_http_upstream_module.html#resolve',
  ],
};

/** Whether the name is that of a DNS server, in resolver, and not of a backend. */
function isResolver({ matched }: Case): boolean {
  return matched.kind.id === 'host-not-found';
}

function resolverCure(name: string | null): string {
  const where = isClusterName(name ?? '')
    ? "the ClusterIP of the cluster's DNS Service, which is called kube-dns, coredns or otherwise, in a domain that need not be cluster.local"
    : '127.0.0.11 in the networks of Docker, else the nameserver of /etc/resolv.conf';
  return `write the address of the DNS server in resolver in place of ${name === null ? 'its name' : `"${name}"`} (${where}); with a name, it has to resolve where nginx starts`;
}

/** How the DNS Service of a cluster is called, and its address. */
function clusterDns(name: string): ConfirmingCommand[] {
  if (!isClusterName(name)) return [];
  return [
    {
      run: 'kubectl get services -n kube-system -o wide',
      where: ON_CLUSTER,
      expect: 'the Service with port 53/UDP: its CLUSTER-IP, or its name, is what belongs in resolver.',
    },
  ];
}

/** Name without its port, as the message or the directive it names has it. */
function missingName(failure: Case): string | null {
  const host = failure.matched.captures['host'] ?? failure.matched.captures['name'] ?? failure.peer?.text;
  return host ? host.replace(/:\d+$/, '') : null;
}

/** Where a resolver is in effect already, a variable keeps the look-up out of the start. */
function resolveAtRunTime(model: ConfigModel, pass: ConfigNode): Fix | null {
  const block = pass.parent;
  if (!block || pass.context !== 'location') return null;
  const target = proxied(model, block);
  if (target?.pass !== pass || target.target.kind !== 'host') return null;
  const resolver = effective(model, 'resolver', block).nodes[0];
  if (!resolver) return null;
  // nginx refuses "proxy_redirect default" beside a variable.
  if (effective(model, 'proxy_redirect', block).nodes.some((node) => node.arg(0) === 'default')) return null;
  // A URI part would no longer replace the location's prefix once a variable stands there.
  const replacesNothing = target.uriPart === null || (target.uriPart === '/' && block.args.at(-1) === '/');
  if (!replacesNothing) return null;
  const text = pass.arg(0)!;
  const scheme = /^[a-z]+:\/\//i.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length).replace(/\/$/, '');
  const variable = `$${variableName(rest)}`;
  return new Editor(model, 'review')
    .insertBefore(pass, [`set ${variable} ${rest};`])
    .replaceWord(pass, pass.directive.args[0]!, `${scheme}${variable}`)
    .fix(`resolve ${rest} at run time through the resolver ${resolver.arg(0)}`);
}

function variableName(text: string): string {
  const name = text.replace(/:\d+$/, '').split('.')[0]!.replace(/\W+/g, '_');
  return `${name || 'app'}_backend`;
}

/** `server NAME resolve` needs a shared zone and a resolver; in open source since 1.27.3. */
function resolveInGroup(model: ConfigModel, server: ConfigNode): Fix | null {
  if (server.name !== 'server' || server.context !== 'upstream' || !server.parent) return null;
  if (holdsSince(model.version, '1.27.3') !== 'yes') return null;
  const host = server.arg(0) ?? '';
  if (isAddress(host.replace(/:\d+$/, '')) || server.args.includes('resolve')) return null;
  const group = server.parent;
  if (effective(model, 'resolver', group).nodes.length === 0) return null;
  const editor = new Editor(model, 'review').replaceHead(server, `${server.text} resolve`);
  if (!group.first('zone')) editor.insertAtStart(group, [`zone ${group.arg(0)} 64k;`]);
  return editor.fix(`resolve ${host} at run time`);
}
