import { type ComposeService, composeServices } from '../config/compose-services.ts';
import { generatorOf } from '../config/generators.ts';
import type { ConfigModel } from '../config/model.ts';
import { allProxied, endpoints } from '../config/proxied.ts';
import { isContainerNetwork } from '../errorlog/catalogue/shared.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { type System, systemOf } from '../errorlog/errno.ts';
import type { HelperLine } from '../errorlog/helper-line.ts';
import type { Origin } from '../errorlog/origin.ts';
import type { PasteClues } from './paste-clues.ts';
import type { Handle } from './typed-commands.ts';

/** What the paste and the files tell about the machine. */
export interface Surroundings {
  /** nginx seems to run in a container: a small pid, a container network's address, a container's prefix. */
  readonly container: boolean;
  readonly because: string | null;
  /** What runs nginx there; null where nothing tells. */
  readonly platform: Handle['kind'] | null;
  /** nginx by the name that was seen for it. */
  readonly nginx: Handle | null;
  /** What nginx runs on, where the line's error shows that it is not Linux. */
  readonly system: System | null;
  /** The backend's unit, where the paste speaks of one. */
  readonly backendUnit: string | null;
}

/** Where nginx runs, by the line's own prefix, by the commands and files that were pasted, and by what the line says. */
export function surroundingsOf(
  entry: LogEntry,
  model: ConfigModel | null,
  clues: PasteClues | null,
  helpers: readonly HelperLine[],
): Surroundings {
  const backendUnit = clues?.otherUnit() ?? null;
  const system = systemOf(entry.errno);
  const services = [...(model ? composeServices(model) : []), ...(clues?.composeServices() ?? [])];
  const own = entry.origin && ofOrigin(entry.origin, services);
  if (own) return { ...own, system, backendUnit };
  // A large process id is that of a machine, whatever lies beside its configuration.
  const fits = entry.pid === null || entry.pid < 100;
  const typed = clues?.handleAbove(entry.line) ?? null;
  if (typed?.kind === 'systemd')
    return { container: false, because: null, platform: 'systemd', nginx: typed, system, backendUnit };
  if (typed) {
    const because = `${nameOf(typed)} was asked for this log: nginx runs in a container`;
    return { container: true, because, platform: typed.kind, nginx: typed, system, backendUnit };
  }
  const guessed = byNumbers(entry) ?? byImage(helpers) ?? byResolver(entry, model);
  const service = fits ? nginxService(services) : null;
  const cluster = inCluster(entry, model);
  const platform = service ? 'compose' : cluster ? 'kubernetes' : null;
  return {
    container: guessed !== null || (cluster && fits),
    because: guessed ?? (cluster && fits ? 'a backend has a name of a Kubernetes cluster' : null),
    platform: guessed !== null || cluster ? platform : null,
    nginx: service && guessed !== null ? { kind: 'compose', service: service.name } : null,
    system,
    backendUnit,
  };
}

function ofOrigin(
  origin: Origin,
  services: readonly ComposeService[],
): Omit<Surroundings, 'backendUnit' | 'system'> | null {
  switch (origin.kind) {
    case 'journal':
      return {
        container: false,
        because: null,
        platform: 'systemd',
        nginx: { kind: 'systemd', unit: origin.program },
      };
    case 'compose': {
      const nginx = ofPrefix(origin.name, services);
      const because = `the prefix "${origin.name} |" is docker compose's: nginx runs in a container`;
      return { container: true, because, platform: nginx.kind, nginx };
    }
    case 'kubernetes': {
      const because = `the line comes from the pod ${origin.pod}: nginx runs in a container`;
      return { container: true, because, platform: 'kubernetes', nginx: origin };
    }
    case 'runtime':
      return {
        container: true,
        because: `a container's runtime put ${origin.text} to the line: nginx runs in a container`,
        platform: null,
        nginx: null,
      };
  }
}

/**
 * Service or container behind a prefix of docker compose, which is the service with a number, with the project in front
 * in some releases, or a name that the file gives.
 */
function ofPrefix(prefix: string, services: readonly ComposeService[]): Handle {
  const base = prefix.replace(/[-_]\d{1,3}$/, '');
  const known = services
    .filter(
      ({ name, container }) =>
        container === prefix || base === name || base.endsWith(`-${name}`) || base.endsWith(`_${name}`),
    )
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (known) return { kind: 'compose', service: known.name };
  // With a project in front, service and project cannot be told apart.
  if (base !== prefix && !/[-_]/.test(base)) return { kind: 'compose', service: base };
  return { kind: 'docker', container: prefix, partial: base !== prefix };
}

/** A container's nginx has a small process id and sees a container network's address as its client. */
function byNumbers({ client, pid }: LogEntry): string | null {
  if (pid === null || pid >= 100) return null;
  return isContainerNetwork(client)
    ? `client ${client}, pid ${pid}: nginx runs in a container`
    : `pid ${pid}: nginx probably runs in a container`;
}

/** What the official image says before nginx starts. */
function byImage(helpers: readonly HelperLine[]): string | null {
  const image = helpers.find(({ kind }) => kind === 'container');
  return image ? `line ${image.line} is of nginx's container image` : null;
}

/** Whether an address of `resolver` is that of Docker's own DNS server. */
export function isDockerDns(server: string): boolean {
  return /^127\.0\.0\.11(?::53)?$/.test(server);
}

/** Docker's own DNS server answers inside of containers only. */
function byResolver({ resolver }: LogEntry, model: ConfigModel | null): string | null {
  const used = model?.named('resolver').some(({ args }) => args.some(isDockerDns)) ?? false;
  return used || (resolver !== null && isDockerDns(resolver))
    ? 'resolver 127.0.0.11 is there in containers of Docker only: nginx runs in one'
    : null;
}

/** The one service with an image of nginx. */
function nginxService(services: readonly ComposeService[]): ComposeService | null {
  const found = services.filter(({ image }) => /(?:^|\/)(?:[\w.-]{0,60}nginx|openresty)/.test(image ?? ''));
  return found.length === 1 ? found[0]! : null;
}

/** A name that only the DNS of a Kubernetes cluster knows. */
export function isClusterName(host: string): boolean {
  return /\.svc(?:\.cluster\.local)?\.?$/i.test(host);
}

/** Whether the line or a *_pass names what only a cluster has. */
function inCluster({ upstream, message }: LogEntry, model: ConfigModel | null): boolean {
  if (isClusterName(upstream?.address ?? '') || /\.svc\.cluster\.local\b/.test(message)) return true;
  if (!model) return false;
  if (model.snapshot.roots.some((file) => generatorOf(model, file) === 'ingress-nginx')) return true;
  return allProxied(model).some((target) =>
    endpoints(target).some(({ host }) => host !== null && isClusterName(host)),
  );
}

function nameOf(handle: Handle): string {
  switch (handle.kind) {
    case 'systemd':
      return `the unit ${handle.unit}`;
    case 'docker':
      return `the container ${handle.container}`;
    case 'compose':
      return `the service ${handle.service}`;
    case 'kubernetes':
      return `the pod ${handle.pod}`;
  }
}
