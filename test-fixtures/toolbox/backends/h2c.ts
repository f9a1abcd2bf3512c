import { createServer } from 'node:http2';
import { recordStreams } from '../h2-record.ts';
import { serve } from '../listen.ts';
import type { Backend, Listening, ReceivedRequest } from '../types.ts';

export interface H2cSpec extends Listening {
  kind: 'h2c';
  /** 200 when absent. */
  status?: number;
  /** `h2c ok` when absent. */
  body?: string;
}

/** Cleartext HTTP/2 by prior knowledge, no gRPC. It talks first: its SETTINGS frame goes out on accept. */
export async function startH2c(spec: H2cSpec): Promise<Backend> {
  const received: ReceivedRequest[] = [];
  const server = createServer();
  recordStreams(server, received, (stream) => {
    stream.respond({ ':status': spec.status ?? 200, 'content-type': 'text/plain' });
    stream.end(spec.body ?? 'h2c ok');
  });
  return serve(server, spec, received);
}
