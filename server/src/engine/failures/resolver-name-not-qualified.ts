import { servicePorts } from '../config/compose-services.ts';
import { effective } from '../config/inheritance.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { onNginx, resolves } from '../diagnosis/commands.ts';
import { operand } from '../diagnosis/shell.ts';
import { isDockerDns } from '../diagnosis/surroundings.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * resolver sends the name as it stands to the DNS server (ngx_resolver_create_name_query): it reads neither search
 * nor ndots of /etc/resolv.conf, nor /etc/hosts. A short name that curl and ping find is NXDOMAIN (3) to nginx.
 * Deliberately leaves alone: names with a domain, unless a cluster's DNS server is asked (resolver-failed), and Docker's
 * own DNS server, which knows services by one word.
 */
export const resolverNameNotQualified: FailureMode = {
  id: 'resolver-name-not-qualified',
  title: 'A short name is left to resolver, which knows no search domains',
  what: 'nginx looks a name up with each request, through resolver, and the name is not complete: search domains or /etc/hosts would have to finish it.',
  why: 'The DNS server is asked for exactly the name that is written and knows none like it. nginx answers 502, although the same name works for every other program of the machine.',
  do: 'Write the full name, for example app.default.svc.cluster.local: resolver asks DNS for exactly this name and reads neither the search domains nor /etc/hosts.',
  status: '502',
  versions: null,
  hits: 'every request whose name is looked up',
  signatures: [{ message: 'could-not-be-resolved', when: ({ errno }) => errno?.code === 3 }],
  weigh(failure) {
    const name = nameOf(failure);
    if (name === null) return { certainty: 'possible', because: [], against: [] };
    const labels = name.replace(/\.$/, '').split('.').length;
    const docker = asksDocker(failure);
    if (name.endsWith('.')) return null;
    if (name.toLowerCase() === 'localhost') {
      const because = ['localhost stands in /etc/hosts, which resolver does not read'];
      return { certainty: 'certain', because, against: [] };
    }
    if (labels === 1) {
      const because = [`${name} is a single word, and resolver adds no search domain to it`];
      if (docker === null) return { certainty: 'likely', because, against: [] };
      const against = [`${docker} is Docker's DNS server: it knows services by one word`];
      return { certainty: 'possible', because: [], against, refuted: true };
    }
    if (labels <= 3 && asksCluster(failure) && !/\.(?:local|internal|com|net|org|io|dev)$/i.test(name)) {
      const because = [`${name} lacks the end of the cluster's names, such as svc.cluster.local`];
      return { certainty: 'likely', because, against: [] };
    }
    return null;
  },
  remedy: {
    cure(failure) {
      const name = nameOf(failure);
      if (name?.toLowerCase() === 'localhost') return 'write 127.0.0.1 instead of localhost';
      const short = name !== null && !name.includes('.') ? name : null;
      const example = `${short ?? 'app'}.default.svc.cluster.local`;
      return `write the full name instead of ${name ?? 'the short one'}, in a Kubernetes cluster ${example} with the namespace of the service; a name of /etc/hosts: its address`;
    },
    mitigate:
      'write the name literally in *_pass, without a variable: the system then resolves it when nginx starts',
    takesEffect: 'nginx -s reload',
  },
  checks(failure) {
    const name = nameOf(failure);
    const server = resolverOf(failure);
    return [
      {
        run: 'grep -E "^(search|domain|options)" /etc/resolv.conf',
        where: onNginx(failure),
        expect: 'the search domains: one of them belongs behind the name.',
      },
      ...(name === null ? [] : [resolves(failure, name, 'request')]),
      ...(name === null
        ? []
        : [
            {
              run: `nslookup ${operand(`${name}.`)}${server === null ? '' : ` ${operand(server)}`}`,
              where: onNginx(failure),
              expect:
                'NXDOMAIN: this is what resolver is told. The dot at the end keeps nslookup from adding a search domain.',
            },
          ]),
    ];
  },
  references: ['https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver'],
};

function nameOf({ matched }: Case): string | null {
  return matched.captures['name'] ?? null;
}

/** The first address of the resolver in effect, without its port. */
function resolverOf(failure: Case): string | null {
  const place = bestPlace(failure);
  const block = place?.location ?? place?.server ?? null;
  const line = failure.model && block ? effective(failure.model, 'resolver', block).nodes[0] : undefined;
  return line?.arg(0)?.replace(/:\d+$/, '') ?? null;
}

/** Docker's DNS server, where nginx asks it or knows the service by a compose file. */
function asksDocker(failure: Case): string | null {
  const server = resolverOf(failure);
  if (server !== null && isDockerDns(server)) return server;
  const name = nameOf(failure);
  return failure.model && name && server === null && servicePorts(failure.model, name).length > 0
    ? '127.0.0.11'
    : null;
}

/** The DNS server of a Kubernetes cluster, by name or by the first address of the usual range. */
function asksCluster(failure: Case): boolean {
  return /^(?:10\.\d+\.\d+\.10|169\.254\.\d+\.\d+|(?:kube|core)-?dns\b.*)$/.test(resolverOf(failure) ?? '');
}
