/**
 * Editors send what their users call nginx ("nginx", "NGINX", "conf", ...). These are languages that a client may
 * send beside it and that are certainly something else.
 */
export const NOT_NGINX: ReadonlySet<string> = new Set([
  'nginx-error-log',
  'log',
  'json',
  'jsonc',
  'yaml',
  'dockerfile',
]);
