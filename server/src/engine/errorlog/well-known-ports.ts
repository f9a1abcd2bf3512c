/** Ports on which plain HTTP is the exception: HTTPS's own, its usual second ones, and that of Kubernetes' API. */
export const TLS_PORTS: ReadonlySet<number> = new Set([443, 6443, 8443, 9443]);

/** A service that is no HTTP server, and what it makes of an HTTP request. */
export interface OtherService {
  readonly name: string;
  readonly does: string;
}

const CLOSES = 'closes the connection without an answer';
const TALKS = 'talks first: nginx takes its greeting for the answer';

const SERVICES: readonly (readonly [ports: readonly number[], name: string, does: string])[] = [
  [[22], 'SSH', TALKS],
  [[25, 587], 'SMTP', TALKS],
  [[110], 'POP3', TALKS],
  [[143], 'IMAP', TALKS],
  [[465, 993, 995], 'mail over TLS', CLOSES],
  [[1433], 'Microsoft SQL Server', CLOSES],
  [[1521], 'Oracle', CLOSES],
  [[3306, 33060], 'MySQL', TALKS],
  [[5432], 'PostgreSQL', CLOSES],
  [[5672], 'AMQP (RabbitMQ)', 'answers with the version of AMQP that it wants, and closes'],
  [[6379, 6380], 'Redis', 'closes the connection when it reads the Host header'],
  [[8009], 'AJP (Tomcat)', CLOSES],
  [[9092], 'Kafka', CLOSES],
  [[11211], 'memcached', 'answers ERROR or closes the connection'],
  [[27017], 'MongoDB', 'says in HTTP that this is no HTTP port'],
];

const byPort = new Map<number, OtherService>(
  SERVICES.flatMap(([ports, name, does]) => ports.map((port) => [port, { name, does }] as const)),
);

/** What usually listens on a port, where it is known to speak something else than HTTP. */
export function otherServiceOn(port: number): OtherService | null {
  return byPort.get(port) ?? null;
}
