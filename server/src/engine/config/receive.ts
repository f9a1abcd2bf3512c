import { fromBytes, toBytes } from './bytes.ts';
import type { ConfigNode } from './model.ts';
import { asciiLower, hostName, isReadable, readTarget, targetHost, targetPort } from './request-line.ts';
import type { ReceivedHeader, RequestState } from './request-state.ts';
import {
  type ArrivalAddress,
  findVirtualServer,
  type ListenPoint,
  parseArrival,
  pointsFor,
  uncertainName,
} from './server-choice.ts';
import { serverNames } from './virtual-names.ts';

/**
 * Takes a request in: the address it arrives at, the request line, the headers, the server that its name chooses
 * (ngx_http_process_request_line and ngx_http_process_request_headers in src/http/ngx_http_request.c). Gives the
 * status of a refusal, null when the request is sound. Without a server in the state nobody listens.
 */
export function receiveRequest(state: RequestState): number | null {
  const { request } = state;
  const target = toBytes(request.target);
  state.requestLine = `${request.method} ${target} HTTP/${request.http}`;
  const point = choosePoint(state, target);
  if (!point) return null;
  state.point = point;
  use(state, point.defaultServer);
  const parsed = readTarget(target, mergesSlashes(point.defaultServer));
  if (!parsed) {
    state.readable = isReadable(target);
    return refuse(state, `the request target is none that nginx takes: 400`);
  }
  state.uri = parsed.uri;
  state.args = parsed.args;
  state.unparsedUri = parsed.unparsed;
  state.validUnparsed = parsed.validUnparsed;
  state.quoted = parsed.quoted;
  state.plus = parsed.plus;
  if (parsed.host !== null) {
    const name = hostName(parsed.host, state.model.version);
    if (name === null) return refuse(state, 'the host of the request target is invalid: 400');
    choose(state, name);
    state.requestPort = targetPort(target);
  }
  return receiveHeaders(state);
}

function receiveHeaders(state: RequestState): number | null {
  const { request } = state;
  const rest = request.headers ?? [];
  const all: (readonly [string, string])[] =
    request.host === null ? [...rest] : [['Host', request.host], ...rest];
  for (const [written, text] of all) {
    const header = readHeader(state, written, text);
    if (!header) continue;
    state.headers.push(header);
    if (header.lower !== 'host') continue;
    const name = hostName(header.value, state.model.version);
    if (name === null) return refuse(state, `the Host header "${fromBytes(header.value)}" is invalid: 400`);
    if (state.hostName !== '') continue;
    choose(state, name);
    state.requestPort = Number(/:(\d+)$/.exec(header.value)?.[1] ?? 0);
  }
  if (state.hostName === '') choose(state, '');
  if (request.host === null && request.http !== '1.0')
    return refuse(state, 'a request without Host header is only allowed in HTTP/1.0: 400');
  if (request.method === 'TRACE' || request.method === 'CONNECT')
    return refuse(state, `nginx refuses the method ${request.method}`, 405);
  return null;
}

function refuse(state: RequestState, why: string, status = 400): number {
  state.step('bad-request', why);
  return status;
}

/** A header that nginx takes; null where it ignores the line (ngx_http_parse_header_line). */
function readHeader(state: RequestState, written: string, text: string): ReceivedHeader | null {
  const name = toBytes(written);
  const valid = flagOf(state.server, 'underscores_in_headers', 'off') ? /^[\w-]+$/ : /^[A-Za-z0-9-]+$/;
  if (!valid.test(name) && flagOf(state.server, 'ignore_invalid_headers', 'on')) return null;
  return { name, lower: asciiLower(name), value: toBytes(text).replace(/^ +| +$/g, '') };
}

function use(state: RequestState, server: ConfigNode): void {
  state.server = server;
  state.block = server;
}

/** ngx_http_set_virtual_server. */
function choose(state: RequestState, name: string): void {
  const point = state.point!;
  state.hostName = name;
  const found = findVirtualServer(point, name);
  const doubt = uncertainName(point);
  if (doubt !== null && (!found || found.kind === 'regex')) {
    state.certain = false;
    state.step('unknown', `server_name ${doubt} could not be evaluated here; taken as no match`);
  }
  const host = name === '' ? 'an empty host' : `the host "${fromBytes(name)}"`;
  if (!found) {
    use(state, point.defaultServer);
    state.step(
      'default-server',
      point.servers.length === 1
        ? `${describe(point)} has this server only`
        : `no server_name is ${host}: the default server of ${describe(point)} serves it`,
    );
    return;
  }
  use(state, found.server);
  state.capture(found.captures);
  if (found.kind === 'exact') state.step('exact-name', `server_name ${found.name} is ${host}`);
  else if (found.kind === 'regex') state.step('regex-name', `server_name ${found.name} matches ${host}`);
  else state.step('wildcard-name', `server_name ${found.name} covers ${host}`);
}

function describe(point: ListenPoint): string {
  return point.port === null ? `unix:${point.host}` : `${point.host}:${point.port}`;
}

/** The listening point of the connection; with the address left open, one whose names fit, else the first. */
function choosePoint(state: RequestState, target: string): ListenPoint | null {
  const { request, model } = state;
  const arrival = request.listen === null ? usualPort(request.host) : parseArrival(request.listen);
  const points = arrival ? pointsFor(model, arrival) : [];
  const [first] = points;
  if (!first) {
    const where = request.listen ?? `port ${arrival?.port ?? 80}`;
    state.step('address', `no server listens on ${where}`);
    return null;
  }
  if (points.length === 1) return first;
  const name = hostName(toBytes(targetHost(target) ?? request.host ?? ''), model.version) ?? '';
  const fitting = points.find((point) => knows(point, name)) ?? first;
  state.step(
    'address',
    `port ${first.port} is open on ${points.map((point) => point.host).join(', ')}: taken to arrive at ${fitting.host}`,
  );
  return fitting;
}

/** Whether a point has the name itself, also when nginx would not look because there is one server only. */
function knows(point: ListenPoint, name: string): boolean {
  if (findVirtualServer(point, name)) return true;
  return point.servers.length === 1 && serverNames(point.defaultServer).includes(name);
}

function usualPort(host: string | null): ArrivalAddress {
  const port = /:(\d{1,5})$/.exec(host ?? '')?.[1];
  return { host: '*', port: port === undefined ? 80 : Number(port) };
}

function mergesSlashes(server: ConfigNode): boolean {
  return flagOf(server, 'merge_slashes', 'on');
}

/** A flag of the http or server level. */
function flagOf(server: ConfigNode | null, name: string, fallback: 'on' | 'off'): boolean {
  for (let level = server; level; level = level.parent) {
    const own = level.first(name);
    if (own) return own.arg(0) === 'on';
  }
  return fallback === 'on';
}
