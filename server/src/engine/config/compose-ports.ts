import type { ConfigModel } from './model.ts';
import { basename } from './paths.ts';

/** A port that a compose file says a service listens on, inside the network that it shares with nginx. */
export interface ServicePort {
  readonly port: number;
  /** The port of the host that leads to it; null where the host has none. */
  readonly published: number | null;
  /** Name of the compose file. */
  readonly file: string;
}

const cache = new WeakMap<ConfigModel, ReadonlyMap<string, readonly ServicePort[]>>();

/** What the compose files beside the configuration say of a service's ports; empty where they say nothing. */
export function servicePorts(model: ConfigModel, service: string): readonly ServicePort[] {
  let known = cache.get(model);
  if (!known) {
    const all = new Map<string, ServicePort[]>();
    for (const { path, text } of model.snapshot.environment)
      if (/^(?:docker-)?compose/.test(basename(path))) readServices(text, basename(path), all);
    cache.set(model, all);
    known = all;
  }
  return known.get(service.toLowerCase()) ?? [];
}

/** Services by the indentation of the lines: all that is asked of YAML here. Ranges and variables are passed over. */
function readServices(text: string, file: string, into: Map<string, ServicePort[]>): void {
  let inServices = false;
  let serviceIndent = -1;
  let service: string | null = null;
  let listIndent = -1;
  for (const line of text.split('\n')) {
    const match = /^( *)(\S.*?)\s*(?:#.*)?$/.exec(line);
    if (!match || match[2]!.startsWith('#')) continue;
    const indent = match[1]!.length;
    const content = match[2]!;
    if (indent === 0) {
      inServices = content === 'services:';
      serviceIndent = -1;
      service = null;
      continue;
    }
    if (!inServices) continue;
    if (serviceIndent < 0) serviceIndent = indent;
    if (indent === serviceIndent) {
      service = /^["']?([\w.-]+)["']?:/.exec(content)?.[1]?.toLowerCase() ?? null;
      listIndent = -1;
      continue;
    }
    if (/^(?:ports|expose):$/.test(content)) listIndent = indent;
    else if (listIndent >= 0 && (indent < listIndent || !content.startsWith('-'))) listIndent = -1;
    const port = listIndent >= 0 && service !== null ? readPort(content, file) : null;
    if (port) into.set(service!, [...(into.get(service!) ?? []), port]);
  }
}

/** `- "8080:3000"`, `- 127.0.0.1:8080:3000/tcp`, `- 3000`. */
function readPort(item: string, file: string): ServicePort | null {
  const match = /^-\s*["']?(?:(?:[\d.]+:)?(\d{1,5}):)?(\d{1,5})(?:\/tcp)?["']?$/.exec(item);
  if (!match) return null;
  return { port: Number(match[2]), published: match[1] === undefined ? null : Number(match[1]), file };
}
