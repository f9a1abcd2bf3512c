const REQUEST = 'client: 10.0.0.9, server: app.test, request: "GET / HTTP/1.1"';

/** A line of a request that went to a backend. */
export function upstreamLine(
  level: string,
  message: string,
  action: string,
  upstream = 'http://127.0.0.1:3001/',
): string {
  return `2026/01/10 08:41:45 [${level}] 165#165: *18127 ${message} while ${action}, ${REQUEST}, upstream: "${upstream}", host: "app.test"`;
}

/** A line of a request before a backend was chosen, or without one. */
export function requestLine(level: string, message: string): string {
  return `2026/01/10 08:41:45 [${level}] 165#165: *18127 ${message}, ${REQUEST}, host: "app.test"`;
}

/** A line about the connection to a client. */
export function clientLine(level: string, message: string, action: string): string {
  return `2026/01/10 08:41:45 [${level}] 165#165: *18127 ${message} while ${action}, client: 10.0.0.9, server: 0.0.0.0:443`;
}

/** A line of a process: no connection, no client. */
export function processLine(level: string, message: string): string {
  return `2026/01/10 08:41:45 [${level}] 165#165: ${message}`;
}

/** What nginx -t prints for an error in a file. */
export function startUpLine(message: string, level = 'emerg'): string {
  return `nginx: [${level}] ${message} in /etc/nginx/conf.d/default.conf:7`;
}
