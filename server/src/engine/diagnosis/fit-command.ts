import type { ConfirmingCommand } from '../contract.ts';
import { nativeCommand } from './native-command.ts';
import { operand, shellQuote } from './shell.ts';
import type { Surroundings } from './surroundings.ts';
import type { Handle } from './typed-commands.ts';

/** Where a command about nginx's own side runs. */
const ON_NGINX = "on nginx's machine";
const IN_CONTAINER = "inside nginx's container";

/** Where a command about nginx's own side runs, before it is fitted. */
export function besideNginx({ container }: Surroundings): string {
  return container ? IN_CONTAINER : ON_NGINX;
}

/**
 * Tools that the official images of nginx lack (docker-nginx's Dockerfiles: Debian's slim images with curl and OpenSSL's
 * tool, Alpine with curl, Alpine slim with BusyBox alone), and what does their work there.
 */
const LACKING: readonly { readonly tool: RegExp; readonly note: string }[] = [
  {
    tool: word('ss'),
    note: 'The image has no ss: netstat in Alpine images, else cat /proc/net/tcp (in hex).',
  },
  {
    tool: word('ip|nstat|tcpdump|ping'),
    note: "The image lacks this tool: use the host's, in nginx's network.",
  },
  { tool: word('dig'), note: 'The image has no dig: nslookup in Alpine images, getent ahosts NAME in all.' },
  { tool: word('ps|pgrep'), note: 'Debian images have no ps: docker top CONTAINER shows the same.' },
  { tool: word('openssl'), note: "Alpine images have no openssl: use the host's." },
  { tool: word('bash'), note: 'Alpine images have no bash: run it in another container of that network.' },
  {
    tool: word('curl'),
    note: 'Alpine slim images have no curl: run it in another container of that network.',
  },
  { tool: word('nc|cgi-fcgi|grpcurl'), note: 'The image may lack this tool: run it in another container.' },
];

function word(names: string): RegExp {
  return new RegExp(`(?:^|[|;(] ?|\\$\\()(?:${names}) `);
}

/** What needs nothing of the container but its network. */
const NETWORK_ONLY = /^(?:ss|ip|nstat|tcpdump|ping) /;

/** Commands in the form that the surroundings need, with what to use instead of a tool that an image lacks. */
export function fitted(
  commands: readonly ConfirmingCommand[],
  surroundings: Surroundings,
): ConfirmingCommand[] {
  const noted = new Set<string>();
  return commands.map((command) => {
    const { system } = surroundings;
    if (system !== null && command.where === ON_NGINX)
      return { ...command, run: nativeCommand(command.run, system) };
    if (command.where !== IN_CONTAINER) return command;
    const { nginx } = surroundings;
    const handle = nginx?.kind === 'systemd' ? null : nginx;
    if (handle && handle.kind !== 'kubernetes' && NETWORK_ONLY.test(command.run))
      return { ...command, run: inNetworkOf(handle, command.run), where: 'on the Docker host' };
    const lacking = LACKING.find(({ tool }) => tool.test(command.run));
    const expect = lacking && !noted.has(lacking.note) ? `${command.expect} ${lacking.note}` : command.expect;
    if (lacking) noted.add(lacking.note);
    return handle
      ? { run: `${execIn(handle)} ${asWords(command.run)}`, where: whereOf(handle), expect }
      : { ...command, expect };
  });
}

/** What stands in front of a command that is to run beside nginx. */
function execIn(handle: Exclude<Handle, { kind: 'systemd' }>): string {
  switch (handle.kind) {
    case 'docker':
      return `docker exec ${containerOf(handle)}`;
    case 'compose':
      return `docker compose exec ${operand(handle.service)}`;
    case 'kubernetes': {
      const { pod, container, namespace } = handle;
      const of = namespace === null ? '' : ` -n ${shellQuote(namespace)}`;
      const inside = container === null ? '' : ` -c ${shellQuote(container)}`;
      return `kubectl exec${of} ${operand(pod)}${inside} --`;
    }
  }
}

function containerOf(handle: Handle & { kind: 'docker' | 'compose' }): string {
  if (handle.kind === 'compose') return `"$(docker compose ps -q ${operand(handle.service)})"`;
  if (!handle.partial) return operand(handle.container);
  return `"$(docker ps -qf ${shellQuote(`name=${handle.container}$`)})"`;
}

/** The host's own tool in the container's network: nothing has to be in the image. */
function inNetworkOf(handle: Handle & { kind: 'docker' | 'compose' }, run: string): string {
  const pid = `"$(docker inspect -f '{{.State.Pid}}' ${containerOf(handle)})"`;
  return `sudo nsenter -n -t ${pid} ${asWords(run)}`;
}

/** A command as words for `exec`: through a shell of its own where it needs one. */
function asWords(run: string): string {
  const bare = run.replace(/'[^']*'/g, '');
  return /[|;<>&$`"*?~()#{}\\]/.test(bare) ? `sh -c ${shellQuote(run)}` : run;
}

function whereOf({ kind }: Handle): string {
  switch (kind) {
    case 'compose':
      return "on the Docker host, in the folder of nginx's compose file";
    case 'kubernetes':
      return 'where kubectl works';
    default:
      return 'on the Docker host';
  }
}

/** Prints nginx's error log: where that goes to the journal or to a container's output, from there. */
export function nginxLog(
  surroundings: Surroundings,
  file: string | null,
): { readonly run: string; readonly where: string } {
  const path = file ?? '/var/log/nginx/error.log';
  const { nginx, container } = surroundings;
  if (nginx?.kind === 'systemd')
    return { run: `journalctl -u ${shellQuote(nginx.unit)} --no-pager`, where: ON_NGINX };
  if (nginx?.kind === 'docker')
    return { run: `docker logs ${containerOf(nginx)} 2>&1`, where: whereOf(nginx) };
  if (nginx?.kind === 'compose')
    return { run: `docker compose logs --no-log-prefix ${operand(nginx.service)}`, where: whereOf(nginx) };
  if (nginx?.kind === 'kubernetes') {
    const of = nginx.namespace === null ? '' : ` -n ${shellQuote(nginx.namespace)}`;
    const inside = nginx.container === null ? '' : ` -c ${shellQuote(nginx.container)}`;
    return { run: `kubectl logs${of} ${operand(nginx.pod)}${inside}`, where: whereOf(nginx) };
  }
  // The official image links its logs to the container's output: reading the file there waits for ever.
  return container
    ? { run: 'docker logs CONTAINER 2>&1', where: "on the Docker host, with the name of nginx's container" }
    : { run: `cat ${operand(path)}`, where: ON_NGINX };
}
