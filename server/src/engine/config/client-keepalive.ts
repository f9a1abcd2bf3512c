import { effectiveSetting } from './effective.ts';
import { listenAddresses } from './listens.ts';
import type { ConfigModel, ConfigNode } from './model.ts';
import { parseTime } from './nginx-values.ts';

/** How long nginx keeps the connection of a client that asks nothing. */
export interface ClientKeepalive {
  /** The server block, or the location that has a time of its own. */
  readonly block: ConfigNode;
  /** 0 when nginx closes after each answer, and says so in it. */
  readonly seconds: number;
  /** The line that sets it; null for nginx's default. */
  readonly node: ConfigNode | null;
}

/** keepalive_timeout as it holds in each server block that other machines reach, and in its locations that set it. */
export function clientKeepalives(model: ConfigModel): ClientKeepalive[] {
  const listens = listenAddresses(model);
  const servers = model
    .servers()
    .filter((server) => listens.some((own) => own.server === server && !isLocal(own.host)));
  const locations = model.nodes.flatMap(({ name, parent }) =>
    name === 'keepalive_timeout' && parent?.name === 'location' ? [parent] : [],
  );
  const within = locations.filter((block) =>
    servers.some((server) => [...block.ancestors()].includes(server)),
  );
  return [...servers, ...new Set(within)].flatMap((block): ClientKeepalive[] => {
    const [setting] = effectiveSetting(model, block, 'keepalive_timeout');
    // The second argument is only what the header tells the client.
    const seconds = setting ? parseTime(setting.value.split(/\s/)[0]!, 'sec') : null;
    return setting && seconds !== null ? [{ block, seconds, node: setting.node }] : [];
  });
}

/** Whether only this machine gets there: a unix socket, or its loopback address. */
function isLocal(host: string | null): boolean {
  return host === null || host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}
