import { keptConnections } from '../config/connection-reuse.ts';
import { effectiveSetting } from '../config/effective.ts';
import { bestPlace, type Case, peerAddress, withoutEvidence } from '../diagnosis/case.ts';
import { backendLog, onNginx } from '../diagnosis/commands.ts';
import { sameRequest } from '../diagnosis/same-request.ts';
import { shellQuote } from '../diagnosis/shell.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The backend has seen the head of a request with a large body, answers (mostly 413) or does not, and closes with the
 * body unread: its system sends RST. While nginx writes, that is writev() with 104 or sendfile() with 32; while it waits
 * for room or an answer, recv() with 104. In the first case the answer is lost even if it came; in the second nginx
 * reads it first and passes it on, so that an early 413 strikes some requests and others not. Deliberately silent where
 * recv() fails and nothing says that the body was large: that is any reset.
 */
export const backendRejectsBody: FailureMode = {
  id: 'backend-rejects-body',
  title: 'The backend refused the body before it had read it all',
  what: 'The backend closed the connection while nginx was sending it the body of the request, or before it had read that body.',
  why: "The backend's own answer, mostly 413 with a reason, is lost with the connection if nginx is still writing, and the client gets a 502 instead.",
  do: 'Raise the body limit of the backend, or set client_max_body_size to the same limit, so that nginx itself answers 413.',
  status: '502',
  versions: null,
  hits: 'requests with a body that is larger than the backend takes; smaller ones are served',
  signatures: [
    { message: 'send-failed', when: cutOff },
    { message: 'recv-failed', when: (entry) => cutOff(entry) && mayHaveBody(entry) },
  ],
  weigh(failure) {
    const { entry, model } = failure;
    if (!cutOff(entry)) return null;
    if (!mayHaveBody(entry))
      return {
        certainty: 'possible',
        because: [],
        against: [`a ${entry.request?.method} has no body as a rule`],
        refuted: true,
      };
    const because = largeBody(failure);
    const sending = entry.action?.startsWith('sending request') === true;
    if (because.length === 0) {
      const method = entry.request?.method;
      const weight = sending ? withoutEvidence(failure, 'backend-rejects-body') : null;
      return weight && method ? { ...weight, because: [`nginx was still sending the ${method}`] } : weight;
    }
    because.push(...smallOnes(failure));
    const against: string[] = [];
    const target = bestPlace(failure)?.proxied;
    if (model && target) {
      const [limit] = effectiveSetting(model, target.block, 'client_max_body_size');
      if (limit) because.push(letThrough(limit));
      const { kept, why } = keptConnections(model, target);
      if (kept === 'yes') against.push(`${why}: the connection may have been an old one`);
    }
    return { certainty: against.length > 0 ? 'possible' : 'likely', because, against };
  },
  remedy: {
    cure: (failure) =>
      `raise the body limit of ${failure.peer ? peerAddress(failure.peer) : 'the backend'} (LimitRequestBody in Apache, maxSwallowSize in Tomcat, limit of body-parser in Node.js), or set client_max_body_size to its limit, so that nginx itself answers 413`,
    mitigate: null,
    takesEffect: 'restart of the backend; client_max_body_size: nginx -s reload',
  },
  checks(failure) {
    const { peer } = failure;
    if (peer?.host == null || peer.port === null || peer.scheme !== 'http') return [backendLog(failure)];
    const from = `src host ${peer.host.replace(/^\[|\]$/g, '')} and src port ${peer.port}`;
    return [
      {
        run: `timeout 60 tcpdump -i any -nn -A -s 400 ${shellQuote(from)} | grep -a -m 3 -E 'HTTP/1|Flags .R'`,
        where: onNginx(failure),
        expect:
          '"HTTP/1.1 413" while such a request fails: the answer that is lost. Only "Flags [R": the backend cuts it off without one. It listens for a minute and sends nothing.',
      },
      backendLog(failure),
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_request_buffering',
  ],
};

/** Whether the connection broke before an answer began. */
function cutOff({ action, errno }: LogEntry): boolean {
  const meaning = errnoMeaning(errno);
  const broken = meaning === 'reset' || meaning === 'broken-pipe' || meaning === 'aborted';
  return (
    broken && /^(?:sending request to upstream|reading response header from upstream)/.test(action ?? '')
  );
}

function mayHaveBody({ request }: LogEntry): boolean {
  return request === null || !/^(?:GET|HEAD|OPTIONS|TRACE)$/.test(request.method);
}

/** What says that the body was more than a few buffers. */
function largeBody({ entry, neighbours }: Case): string[] {
  const because: string[] = [];
  const twin = neighbours.find(
    (other) =>
      sameRequest(other, entry) &&
      other.message.startsWith('a client request body is buffered to a temporary file'),
  );
  if (twin) because.push(`line ${twin.line}: its body was too large for client_body_buffer_size`);
  if (entry.message.startsWith('sendfile()'))
    because.push('sendfile() was sending a body out of a temporary file: it was large');
  return because;
}

/** Lines of an access log in which the same path took a body. */
function smallOnes({ entry, helpers }: Case): string[] {
  const { request } = entry;
  const served = helpers.some(
    (line) =>
      line.kind === 'access-log' &&
      line.status?.startsWith('2') === true &&
      line.request?.method === request?.method &&
      line.request?.uri === request?.uri,
  );
  return served && request
    ? [`another ${request.method} ${request.uri} was served: not every body is refused`]
    : [];
}

function letThrough({ value, node }: { readonly value: string; readonly node: unknown }): string {
  if (value === '0') return 'client_max_body_size 0 lets bodies of any size through to the backend';
  return `nginx lets bodies of up to ${value} through (client_max_body_size${node === null ? ' by default' : ''})`;
}
