/**
 * Failure modes of which only a configuration tells, before they have a file of their own: enough for `why`. When a
 * mode gets its file, its entry here goes. No message of a log leads to one of them.
 */
export interface OtherCause {
  readonly id: string;
  /** The wrong pattern, in plain words. */
  readonly title: string;
  /** The cure; names the directives. */
  readonly do: string;
}

export const otherCauses: readonly OtherCause[] = [
  {
    id: 'connect-timeout-too-short',
    title: 'The connect timeout is below one second',
    do: 'Set proxy_connect_timeout to 2s or more: a lost first packet is only sent again after one second.',
  },
  {
    id: 'read-timeout-too-long',
    title: 'A read timeout of hours on ordinary requests',
    do: 'Set proxy_read_timeout a little above the longest answer that you expect. Keep long values to the locations of WebSocket, SSE and long polling.',
  },
  {
    id: 'error-log-hides-cause',
    title: 'The error log does not show why requests fail',
    do: 'Write error_log /var/log/nginx/error.log error; a level above error hides the cause. error_log off does not switch it off, it writes to a file named off.',
  },
];

const byId = new Map(otherCauses.map((cause) => [cause.id, cause]));

export function otherCause(id: string): OtherCause | null {
  return byId.get(id) ?? null;
}
