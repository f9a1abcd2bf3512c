import { serveRaw } from '../raw-server.ts';
import type { Backend, Listening } from '../types.ts';

export interface StallSpec extends Listening {
  kind: 'stall';
  /** `never-answers` takes the request and stays silent; `never-reads` lets the client's send buffer fill up. */
  how: 'never-answers' | 'never-reads';
}

/** Accepts connections and then does nothing. */
export async function startStall(spec: StallSpec): Promise<Backend> {
  return serveRaw(spec, spec.how === 'never-reads' ? { accepted: (socket) => socket.pause() } : {});
}
