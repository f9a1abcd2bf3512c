/**
 * Causes that `explain` names before their failure mode has a file of its own: enough to put the right name and the
 * right remedy into the list of possible causes, and for `why ID`. When a mode gets its file, its entry here goes.
 */
export interface OtherCause {
  readonly id: string;
  /** The wrong pattern, in plain words. */
  readonly title: string;
  /** The cure; names the directives. */
  readonly do: string;
  /** What stops the bleeding now, apart from the cure. */
  readonly mitigate: string | null;
  readonly takesEffect: string | null;
}

const reload = 'nginx -s reload';

export const otherCauses: readonly OtherCause[] = [
  // protocol

  // connecting
  {
    id: 'connect-timeout-too-short',
    title: 'The connect timeout is below one second',
    do: 'Set proxy_connect_timeout to 2s or more: a lost first packet is only sent again after one second.',
    mitigate: null,
    takesEffect: reload,
  },

  // names

  // time
  {
    id: 'read-timeout-too-long',
    title: 'A read timeout of hours on ordinary requests',
    do: 'Set proxy_read_timeout a little above the longest answer that you expect. Keep long values to the locations of WebSocket, SSE and long polling.',
    mitigate: null,
    takesEffect: reload,
  },

  // around the answer
  {
    id: 'error-log-hides-cause',
    title: 'The error log does not show why requests fail',
    do: 'Write error_log /var/log/nginx/error.log error; a level above error hides the cause. error_log off does not switch it off, it writes to a file named off.',
    mitigate: null,
    takesEffect: reload,
  },
];

const byId = new Map(otherCauses.map((cause) => [cause.id, cause]));

export function otherCause(id: string): OtherCause | null {
  return byId.get(id) ?? null;
}
