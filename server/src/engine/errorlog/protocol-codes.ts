/** Numbers of other protocols that nginx writes as they came: DNS, HTTP/2; and what gRPC makes of HTTP's. */

/** Response codes of DNS servers, as `(3: Host not found)` (ngx_resolver_strerror), and what they say. */
export const DNS_CODES: ReadonlyMap<number, { readonly name: string; readonly says: string }> = new Map([
  [1, { name: 'FORMERR', says: 'did not understand the question' }],
  [2, { name: 'SERVFAIL', says: 'failed to look it up' }],
  [3, { name: 'NXDOMAIN', says: 'says that there is no such name' }],
  [4, { name: 'NOTIMP', says: 'does not answer questions of this kind' }],
  [5, { name: 'REFUSED', says: 'refused to look it up for nginx' }],
]);

/** Numbers of "Operation timed out" that nginx puts in the place of a DNS code: ETIMEDOUT of the system. */
export const RESOLVER_TIMEOUTS: ReadonlySet<number> = new Set([60, 110, 145, 10060]);

/** Error codes of HTTP/2 (RFC 9113, section 7), in `rejected request with error N` and `goaway with error N`. */
export const HTTP2_ERRORS: readonly { readonly name: string; readonly says: string }[] = [
  { name: 'NO_ERROR', says: 'without an error, as a server does that shuts down' },
  { name: 'PROTOCOL_ERROR', says: 'because the request breaks a rule of HTTP/2' },
  { name: 'INTERNAL_ERROR', says: 'because something failed inside the backend' },
  { name: 'FLOW_CONTROL_ERROR', says: 'because more was sent than it had allowed' },
  { name: 'SETTINGS_TIMEOUT', says: 'because its settings were not confirmed in time' },
  { name: 'STREAM_CLOSED', says: 'because the stream was closed already' },
  { name: 'FRAME_SIZE_ERROR', says: 'because a frame has a size that it does not accept' },
  { name: 'REFUSED_STREAM', says: 'before it looked at the request' },
  { name: 'CANCEL', says: 'because the answer is not wanted any more' },
  { name: 'COMPRESSION_ERROR', says: 'because it lost track of the compressed headers' },
  { name: 'CONNECT_ERROR', says: 'because a connection behind it broke' },
  { name: 'ENHANCE_YOUR_CALM', says: 'because it was asked too much or too often' },
  { name: 'INADEQUATE_SECURITY', says: 'because TLS of this connection is not good enough for HTTP/2' },
  { name: 'HTTP_1_1_REQUIRED', says: 'because it wants HTTP/1.1 for this request' },
];

/** What a gRPC client reports for an HTTP status without grpc-status (the protocol's mapping table). */
const GRPC_STATUS: ReadonlyMap<string, string> = new Map([
  ['400', 'INTERNAL (13)'],
  ['401', 'UNAUTHENTICATED (16)'],
  ['403', 'PERMISSION_DENIED (7)'],
  ['404', 'UNIMPLEMENTED (12)'],
  ['429', 'UNAVAILABLE (14)'],
  ['502', 'UNAVAILABLE (14)'],
  ['503', 'UNAVAILABLE (14)'],
  ['504', 'UNAVAILABLE (14)'],
]);

export function grpcStatusOf(httpStatus: string): string {
  return GRPC_STATUS.get(httpStatus) ?? 'UNKNOWN (2)';
}
