/** The wire protocol a recorded request arrived in. */
export type Protocol =
  | 'http/1'
  | 'h2'
  | 'fastcgi'
  | 'uwsgi'
  | 'scgi'
  | 'memcached'
  | 'redis'
  | 'dns'
  /** Bytes that are no request of the protocol this backend speaks. */
  | 'raw';

/** What one backend saw of one request. It is recorded when its head is complete; `body` grows after that. */
export interface ReceivedRequest {
  /** `GET /a?b HTTP/1.1`. For other protocols in the same form (`POST /pkg.Svc/Call HTTP/2`); `""` for raw bytes. */
  requestLine: string;
  /** In the order and spelling of the wire. FastCGI, uwsgi and SCGI: all parameters, with their own names. */
  headers: [name: string, value: string][];
  /** One character per byte (latin1). For raw bytes, what came. Chunked bodies are decoded. */
  body: string;
  protocol: Protocol;
  /** Counts the connections to this backend from 1, so that pooled requests can be told from fresh ones. */
  connection: number;
  /** TLS backends: the name the client asked for in its handshake, null when it asked for none. */
  serverName?: string | null;
}

/** A running backend. */
export interface Backend {
  /** All requests so far, oldest first. */
  readonly received: ReceivedRequest[];
  /** Closes the listener and every connection and removes socket files. May be called twice. */
  stop(): Promise<void>;
}

/** Where every backend listens. */
export interface Listening {
  /** `127.0.0.1:3001`, `[::1]:3001` or `unix:/absolute/path.sock`. Anything but loopback is refused. */
  listen: string;
  /** Permissions of the unix socket in octal, `0666` when absent. Has no meaning for TCP. */
  mode?: string;
}
