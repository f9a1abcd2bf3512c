import { createServer } from 'node:http';
import { answerAndRecord, type HttpAnswers } from '../http-answer.ts';
import { serve } from '../listen.ts';
import type { Backend, Listening, ReceivedRequest } from '../types.ts';

export interface EchoSpec extends Listening, HttpAnswers {
  kind: 'echo';
  /** Milliseconds after which the backend closes an idle connection; 5000 when absent, node's default. */
  keepAliveTimeout?: number;
}

/** A plain HTTP/1 server that works: it records each request and answers what it saw as JSON (see `Echo`). */
export async function startEcho(spec: EchoSpec): Promise<Backend> {
  const received: ReceivedRequest[] = [];
  const server = createServer(LENIENT, answerAndRecord(spec, received));
  server.keepAliveTimeout = spec.keepAliveTimeout ?? 5000;
  return serve(server, spec, received);
}

/** A recording server must not refuse what a configuration makes nginx send, however odd. */
export const LENIENT = {
  maxHeaderSize: 256 * 1024,
  requireHostHeader: false,
  insecureHTTPParser: true,
} as const;
