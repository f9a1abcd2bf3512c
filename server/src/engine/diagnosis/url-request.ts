import type { ClientRequest } from '../config/request-state.ts';
import { parseArrival } from '../config/server-choice.ts';

export interface UrlOptions {
  readonly method?: string;
  /** Where the request arrives; the URL's port on any address when absent. */
  readonly listen?: string | undefined;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly http?: '1.0' | '1.1';
}

/** A URL as the request that curl would make of it; a sentence when it is none. */
export function requestOfUrl(url: string, options: UrlOptions = {}): ClientRequest | string {
  const match = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url);
  if (!match) return `a URL begins with http:// or https:// and a host, not "${url}"`;
  const scheme = match[1]!.toLowerCase();
  const authority = match[2]!.replace(/^.*@/, '');
  const port = /:(\d+)$/.exec(authority)?.[1];
  const usual = scheme === 'https' ? '443' : '80';
  const listen = options.listen ?? `*:${port ?? usual}`;
  if (!parseArrival(listen))
    return `a request arrives at an address and a port like 127.0.0.1:8080, not "${listen}"`;
  const rest = match[3]!;
  const headers = options.headers ?? [];
  const named = headers.find(([name]) => name.toLowerCase() === 'host');
  return {
    listen,
    host: named ? named[1] : port === usual ? authority.slice(0, -port.length - 1) : authority,
    target: rest.startsWith('/') ? rest : `/${rest}`,
    method: options.method ?? 'GET',
    http: options.http ?? '1.1',
    headers: headers.filter((header) => header !== named),
    client: null,
    body: null,
  };
}
