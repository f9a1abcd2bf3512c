import { basename } from '../config/paths.ts';
import type { Case, Peer } from './case.ts';

/** What the paste tells of SELinux, besides nginx's own lines. */
export interface SelinuxWord {
  /** A denial of nginx's connection, as evidence; null when none was pasted. */
  readonly denial: string | null;
  /** Whether the denial names the very port or socket. */
  readonly exact: boolean;
  /** Why SELinux forbids nothing here; null when it may. */
  readonly off: string | null;
}

const DENIED = /\bdenied\b|\bis preventing\b/;
const NGINX = /\bnginx\b|\bhttpd_t\b/;
/** Classes and permissions of what stands between nginx and its backend. */
const ON_SOCKET = /\btclass=(?:sock_file|unix_stream_socket|dir)\b|\bconnectto\b|\bsock_file\b/;
const ON_TCP = /\btclass=tcp_socket\b|\bname_connect\b/;

/** Reads the lines of SELinux that were pasted beside the log: denials of the audit log, and getenforce. */
export function selinuxSays({ helpers, peer }: Case): SelinuxWord {
  const lines = helpers.filter(({ kind }) => kind === 'selinux').map(({ text }) => text);
  const denials = lines.filter(deniedToNginx);
  const meant = denials.find((text) => fits(text, peer) !== 'no');
  const permission = /\{ ?([\w ]{1,60}?) ?\}/.exec(meant ?? '')?.[1] ?? 'the connection';
  const state = lines.find((text) => /^(?:Permissive|Disabled)\s*$/.test(text));
  return {
    denial: meant === undefined ? null : `SELinux says so: it denied ${permission} to nginx`,
    exact: meant !== undefined && fits(meant, peer) === 'exactly',
    off: state === undefined ? null : `SELinux is ${state.trim().toLowerCase()}`,
  };
}

/** Whether a line says that something was denied to nginx; in permissive mode it is written, and nothing denied. */
export function deniedToNginx(text: string): boolean {
  return DENIED.test(text) && NGINX.test(text) && !/\bpermissive=1\b/.test(text);
}

function fits(text: string, peer: Peer | null): 'exactly' | 'maybe' | 'no' {
  if (peer?.socket != null) {
    if (!ON_SOCKET.test(text)) return 'no';
    return text.includes(basename(peer.socket)) ? 'exactly' : 'maybe';
  }
  if (!ON_TCP.test(text)) return 'no';
  const port = /\b(?:dest=|port )(\d{1,5})\b/.exec(text)?.[1];
  if (port === undefined || peer?.port == null) return 'maybe';
  return Number(port) === peer.port ? 'exactly' : 'no';
}
