import { servicePorts } from '../config/compose-services.ts';
import { listenAddresses, listensOn } from '../config/listens.ts';
import type { ConfigNode } from '../config/model.ts';
import { allProxied, type Endpoint, endpoints } from '../config/proxied.ts';
import { isAddress } from '../config/upstream-url.ts';
import { type Listening, readListening } from '../errorlog/listening.ts';
import { bestPlace, type Case } from './case.ts';
import { isLoopback } from './commands.ts';

/** Another port than the one that refused, with what speaks for it. */
export interface OtherPort {
  /** Null where only the refused port is known to be wrong. */
  readonly port: number | null;
  readonly because: string;
  /** Whether it is the backend's for sure, as far as the paste and the files are right: not just some port. */
  readonly proved: boolean;
}

/** What in sight says that a backend listens on another port than the one that nginx connects to; the best first. */
export function otherPort(failure: Case): OtherPort | null {
  return (
    fromCompose(failure) ??
    fromRequest(failure) ??
    fromListeners(failure) ??
    fromGroup(failure) ??
    fromOwnListens(failure) ??
    fromDefault(failure)
  );
}

/** The line of another program that listens on the very port that refused: it did not at that time, or elsewhere. */
export function listensThere(failure: Case): Listening | null {
  const { peer } = failure;
  return (
    listeners(failure).find(({ host, port }) => port === peer?.port && answersFor(failure, host)) ?? null
  );
}

/** A line of the same kind that names the address, too: what only tells its port may listen on loopback only. */
export function listensOnAddress(failure: Case): Listening | null {
  const { peer } = failure;
  const known = listeners(failure).filter(({ host }) => host !== null);
  return known.find(({ host, port }) => port === peer?.port && answersFor(failure, host)) ?? null;
}

/** The line of another program that listens on the refused port, but on a loopback address, which is not nginx's. */
export function listensOnLoopback(failure: Case): Listening | null {
  const { peer } = failure;
  if (!peer || isLoopback(peer)) return null;
  return (
    listeners(failure).find(
      ({ host, port }) =>
        port === peer.port && host !== null && /^(?:localhost$|127\.|\[?::1\]?$)/.test(host),
    ) ?? null
  );
}

/**
 * The program that a pasted list of ss or netstat shows beside nginx itself: both have one loopback, in one container or
 * on one machine. Null where nginx does not stand in such a list, or nobody on loopback beside it.
 */
export function besideNginx(failure: Case): Listening | null {
  if (!allListeners(failure).some(({ program }) => /^(?:nginx|openresty|angie)$/.test(program ?? '')))
    return null;
  const { peer } = failure;
  if (!peer || !isLoopback(peer)) return null;
  return (
    listeners(failure).find(({ program, host }) => program !== null && answersFor(failure, host)) ?? null
  );
}

/** The server line or *_pass that named the peer. */
function endOf(failure: Case): Endpoint | null {
  const { peer } = failure;
  const target = bestPlace(failure)?.proxied;
  const ends = target ? endpoints(target) : [];
  return ends.find((end) => end.port === peer?.port && (end.host === peer?.host || !isWritten(end))) ?? null;
}

/** A client that takes nginx for its proxy names the address with its port: `GET http://10.0.0.5:8000/ HTTP/1.1`. */
function fromRequest({ entry, peer }: Case): OtherPort | null {
  const asked = /^http:\/\/([^/?#:@[\]]{1,255}):(\d{1,5})(?:[/?#]|$)/.exec(entry.request?.uri ?? '');
  if (!asked || !peer || peer.port === Number(asked[2])) return null;
  // A name was looked up on the way: then the path is the same, and the port is the one that nginx takes unless told.
  const lookedUp = !isAddress(asked[1]!) && peer.port === 80 && peer.uri === pathOf(entry.request!.uri);
  if (peer.host !== asked[1] && (!lookedUp || isLoopback(peer))) return null;
  return {
    port: Number(asked[2]),
    because: `the request asks a proxy for ${asked[1]}:${asked[2]}, and nginx went to port ${peer?.port}`,
    proved: true,
  };
}

function pathOf(url: string): string {
  const slash = url.indexOf('/', 'http://'.length);
  return slash < 0 ? '/' : url.slice(slash);
}

function isWritten({ host }: Endpoint): boolean {
  return host === null || isAddress(host);
}

function fromCompose(failure: Case): OtherPort | null {
  const { model, peer } = failure;
  const end = endOf(failure);
  if (!model || end?.host == null) return null;
  const ports = servicePorts(model, end.host);
  const [first] = ports;
  if (!first || ports.some(({ port }) => port === peer?.port)) return null;
  const published = ports.find((one) => one.published === peer?.port);
  const because = published
    ? `${published.file}: ${end.host} listens on ${published.port}; ${peer?.port} is its port on the host, not in the network of the containers`
    : `${first.file}: ${end.host} listens on ${first.port}`;
  return { port: (published ?? first).port, because, proved: true };
}

/** Programs of every machine, whose ports say nothing. */
const NO_BACKEND =
  /sshd|nginx|systemd|resolve|cupsd|docker-proxy|master|postgres|mysqld|mariadbd|redis|memcached/;
const SYSTEM_PORTS = new Set([22, 25, 53, 111, 443, 631, 3306, 5432, 6379, 11211, 27017]);

function listeners(failure: Case): Listening[] {
  const { model } = failure;
  return allListeners(failure).filter(
    ({ program, port }) =>
      !NO_BACKEND.test(program ?? '') &&
      !SYSTEM_PORTS.has(port) &&
      (model === null || listensOn(model, '127.0.0.1', port).length === 0),
  );
}

function allListeners({ helpers }: Case): Listening[] {
  return helpers
    .flatMap(({ kind, text }) => (kind === 'listening' ? [readListening(text)] : []))
    .filter((one) => one !== null);
}

/** Whether who listens on an address would take a connection to the peer, if it is on that machine. */
function answersFor(failure: Case, host: string | null): boolean {
  return host === null || /^(?:\*|0\.0\.0\.0|\[?::\]?)$/.test(host) || isPeersHost(failure, host);
}

/** Whether an address is the peer's own: one of another machine or container says nothing of this one. */
function isPeersHost({ peer }: Case, host: string | null): boolean {
  if (host === null || peer === null) return false;
  return host === peer.host || (isLoopback(peer) && /^(?:localhost|127\.|\[?::1)/.test(host));
}

function fromListeners(failure: Case): OtherPort | null {
  if (listensThere(failure)) return null;
  const found = listeners(failure).filter(({ host }) => answersFor(failure, host));
  const ports = new Set(found.map(({ port }) => port));
  const [first] = found;
  // Many open ports tell of no one in particular.
  if (!first || ports.size > 2) return null;
  const who = first.program ?? 'a program';
  return {
    port: first.port,
    because: `the paste shows ${who} listening on port ${first.port}`,
    proved: first.program !== null || isPeersHost(failure, first.host),
  };
}

/** All other servers of the group have one other port. */
function fromGroup(failure: Case): OtherPort | null {
  const target = bestPlace(failure)?.proxied;
  const ends = target ? endpoints(target).filter(({ host }) => host !== null) : [];
  const others = ends.filter(({ port }) => port !== failure.peer?.port);
  const ports = new Set(others.map(({ port }) => port));
  const [port] = ports;
  const hosts = new Set(ends.map(({ host }) => host));
  if (port == null || ports.size > 1 || others.length < 2 || others.length !== ends.length - 1) return null;
  // One machine has several ports, several machines the same.
  if (hosts.size !== ends.length) return null;
  const because = `the other ${others.length} servers of the group have port ${port}`;
  return { port, because, proved: true };
}

/** nginx's own server on a loopback address that nothing leads to, and that could be what was meant. */
function fromOwnListens(failure: Case): OtherPort | null {
  const { model, peer } = failure;
  if (!model || !peer || !isLoopback(peer)) return null;
  const reached = new Set(allProxied(model).flatMap((target) => endpoints(target).map(({ port }) => port)));
  const idle = listenAddresses(model).filter(
    ({ host, port }) => host !== null && /^127\.|^\[::1\]$/.test(host) && port !== null && !reached.has(port),
  );
  const here = bestPlace(failure)?.server;
  const [own] = idle.filter(({ server }) => server !== here);
  if (!own || idle.length > 1 || !hasContent(own.server)) return null;
  const because = `${own.node.text} stands in the configuration, and nothing leads there`;
  return { port: own.port, because, proved: true };
}

/** Files or a backend of its own: a server for stub_status, or one that refuses, has no way from others by intent. */
function hasContent(server: ConfigNode): boolean {
  const blocks = [server];
  for (const block of blocks) {
    if (block.children.some(({ name }) => CONTENT.test(name))) return true;
    blocks.push(...block.children.filter(({ name }) => CONTENT_BLOCKS.has(name)));
  }
  return false;
}

const CONTENT =
  /^(?:root|alias|try_files|(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass|content_by_lua\w*)$/;
const CONTENT_BLOCKS = new Set(['location', 'if', 'limit_except']);

function fromDefault(failure: Case): OtherPort | null {
  const end = endOf(failure);
  if (end?.port !== 80 || failure.peer?.port !== 80 || /:80\b/.test(end.node.arg(0) ?? '')) return null;
  return { port: null, because: `${end.node.text} names no port: nginx takes 80`, proved: false };
}
