import type { ConfigModel } from './model.ts';
import { basename } from './paths.ts';

/** A service of a compose file, as far as anybody here asks. */
export interface ComposeService {
  /** As written. */
  readonly name: string;
  readonly image: string | null;
  /** The name that the file itself gives to the container. */
  readonly container: string | null;
  readonly ports: readonly ServicePort[];
}

/** A port that a compose file says a service listens on, inside the network that it shares with nginx. */
export interface ServicePort {
  readonly port: number;
  /** The port of the host that leads to it; null where the host has none. */
  readonly published: number | null;
  /** Name of the compose file. */
  readonly file: string;
}

const cache = new WeakMap<ConfigModel, readonly ComposeService[]>();

/** The services of the compose files beside the configuration. */
export function composeServices(model: ConfigModel): readonly ComposeService[] {
  let known = cache.get(model);
  if (!known) {
    known = model.snapshot.environment.flatMap(({ path, text }) =>
      /^(?:docker-)?compose/.test(basename(path)) ? readServices(text, basename(path)) : [],
    );
    cache.set(model, known);
  }
  return known;
}

/** What the compose files beside the configuration say of a service's ports; empty where they say nothing. */
export function servicePorts(model: ConfigModel, service: string): readonly ServicePort[] {
  return composeServices(model)
    .filter(({ name }) => name.toLowerCase() === service.toLowerCase())
    .flatMap(({ ports }) => ports);
}

/** Services by the indentation of the lines: all that is asked of YAML here. Ranges and variables are passed over. */
export function readServices(text: string, file: string): ComposeService[] {
  const services: { name: string; image: string | null; container: string | null; ports: ServicePort[] }[] =
    [];
  let inServices = false;
  let serviceIndent = -1;
  let listIndent = -1;
  for (const line of text.split('\n')) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    const indent = line.length - line.trimStart().length;
    if (indent === 0) {
      inServices = /^services:\s{0,9}(?:#|$)/.test(content);
      serviceIndent = -1;
      continue;
    }
    if (!inServices) continue;
    if (serviceIndent < 0) serviceIndent = indent;
    if (indent === serviceIndent) {
      const name = /^["']?([\w.-]{1,128})["']?:/.exec(content)?.[1];
      if (name !== undefined) services.push({ name, image: null, container: null, ports: [] });
      listIndent = -1;
      continue;
    }
    const service = services.at(-1);
    if (!service) continue;
    const value = /^(image|container_name):\s{0,9}["']?([^\s"'#]{1,300})/.exec(content);
    if (value?.[1] === 'image') service.image = value[2]!;
    else if (value) service.container = value[2]!;
    if (/^(?:ports|expose):\s{0,9}(?:#|$)/.test(content)) listIndent = indent;
    else if (listIndent >= 0 && (indent < listIndent || !content.startsWith('-'))) listIndent = -1;
    const port = listIndent >= 0 ? readPort(content, file) : null;
    if (port) service.ports.push(port);
  }
  return services;
}

/** `- "8080:3000"`, `- 127.0.0.1:8080:3000/tcp`, `- 3000`. */
function readPort(item: string, file: string): ServicePort | null {
  const match = /^-\s{0,9}["']?(?:(?:[\d.]{1,15}:)?(\d{1,5}):)?(\d{1,5})(?:\/tcp)?["']?(?:\s{1,9}#.*)?$/.exec(
    item,
  );
  if (!match) return null;
  return { port: Number(match[2]), published: match[1] === undefined ? null : Number(match[1]), file };
}
