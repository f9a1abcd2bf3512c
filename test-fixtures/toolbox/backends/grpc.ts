import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTcpServer, type Server } from 'node:net';
import { type CertificateName, certificates } from '../certificates.ts';
import { recordStreams } from '../h2-record.ts';
import { serve } from '../listen.ts';
import type { Backend, Listening, ReceivedRequest } from '../types.ts';

export interface GrpcSpec extends Listening {
  kind: 'grpc';
  /**
   * - `ok` (when absent): an empty message and `grpc-status: 0`.
   * - `goaway`: ends the connection with GOAWAY, PROTOCOL_ERROR.
   * - `rst`: RST_STREAM, INTERNAL_ERROR.
   * - `refused`: RST_STREAM, REFUSED_STREAM.
   * - `slow`: as `ok`, after `delayMs`.
   * - `big-metadata`: as `ok`, with `metadataBytes` of response metadata.
   */
  behaviour?: 'ok' | 'goaway' | 'rst' | 'refused' | 'slow' | 'big-metadata';
  /** 900 when absent. */
  delayMs?: number;
  /** 6000 when absent; in two headers of half the size each. */
  metadataBytes?: number;
  /** The value of `grpc-status`; 0 when absent. */
  grpcStatus?: number;
  /** Over TLS, with the `good` certificate unless named. */
  tls?: boolean;
  /** Says nothing before the client has, so that nginx never takes its greeting for the answer. Not with `tls`. */
  waits?: boolean;
  certificate?: CertificateName;
}

/** A gRPC server that knows every method. */
export async function startGrpc(spec: GrpcSpec): Promise<Backend> {
  const received: ReceivedRequest[] = [];
  const server = spec.tls
    ? createSecureServer(await (await certificates()).read(spec.certificate ?? 'good'))
    : createServer();
  server.on('tlsClientError', () => {});
  recordStreams(server, received, (stream) => behave(spec, stream));
  return serve(spec.waits ? speaksSecond(server) : server, spec, received);
}

/** A listener that hands a connection on when its first bytes have come. */
function speaksSecond(server: Http2Server): Server {
  return createTcpServer((socket) =>
    socket.once('data', (chunk) => {
      socket.pause();
      socket.unshift(chunk);
      server.emit('connection', socket);
    }),
  );
}

function behave(spec: GrpcSpec, stream: ServerHttp2Stream) {
  switch (spec.behaviour ?? 'ok') {
    case 'ok':
      return answer(spec, stream, {});
    case 'big-metadata': {
      const half = 'v'.repeat((spec.metadataBytes ?? 6000) / 2);
      return answer(spec, stream, { 'x-metadata-a': half, 'x-metadata-b': half });
    }
    case 'slow': {
      const timer = setTimeout(() => answer(spec, stream, {}), spec.delayMs ?? 900);
      stream.on('close', () => clearTimeout(timer));
      return;
    }
    case 'goaway':
      stream.session?.goaway(constants.NGHTTP2_PROTOCOL_ERROR);
      stream.session?.destroy();
      return;
    case 'rst':
      return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    case 'refused':
      return stream.close(constants.NGHTTP2_REFUSED_STREAM);
  }
}

function answer(spec: GrpcSpec, stream: ServerHttp2Stream, metadata: Record<string, string>) {
  const headers = { ':status': 200, 'content-type': 'application/grpc', ...metadata };
  stream.respond(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(spec.grpcStatus ?? 0) }));
  // An empty message: not compressed, length 0.
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
}
