import type { Case } from './case.ts';

/** What the paste tells of SELinux, besides nginx's own lines. */
export interface SelinuxWord {
  /** A denial of nginx's connection, as evidence; null when none was pasted. */
  readonly denial: string | null;
  /** Why SELinux forbids nothing here; null when it may. */
  readonly off: string | null;
}

/** Classes of the things that nginx connects to. */
const ON_SOCKET = /\btclass=(?:sock_file|unix_stream_socket|dir)\b/;
const ON_TCP = /\btclass=tcp_socket\b|\bname_connect\b/;

/** Reads the lines of SELinux that were pasted beside the log: denials of the audit log, and getenforce. */
export function selinuxSays({ helpers, peer }: Case): SelinuxWord {
  const lines = helpers.filter(({ kind }) => kind === 'selinux').map(({ text }) => text);
  const meant = lines.find((text) => {
    if (!/\bdenied\b|is preventing/.test(text) || !/\bnginx\b|\bhttpd_t\b/.test(text)) return false;
    if (peer?.socket != null) return ON_SOCKET.test(text) || /connectto/.test(text);
    const port = /\bdest=(\d{1,5})\b/.exec(text)?.[1];
    return ON_TCP.test(text) && (port === undefined || peer?.port == null || Number(port) === peer.port);
  });
  const permission = /\{ ?([\w ]{1,60}?) ?\}/.exec(meant ?? '')?.[1] ?? 'the connection';
  const state = lines.find((text) => /^(?:Permissive|Disabled)\s*$/.test(text));
  return {
    denial: meant === undefined ? null : `SELinux says so: denied ${permission} to nginx`,
    off: state === undefined ? null : `it is ${state.trim().toLowerCase()}`,
  };
}
