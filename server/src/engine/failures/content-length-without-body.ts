import { effective, effectiveValue } from '../config/inheritance.ts';
import type { ConfigModel } from '../config/model.ts';
import type { Proxied } from '../config/proxied.ts';
import { requestHeaders } from '../config/request-headers.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { onBackend } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import { HeaderEdits } from '../diagnosis/header-edits.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { uriPath } from '../errorlog/uri-path.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * nginx sends the client's Content-Length and no body: with proxy_pass_request_body off, and in every subrequest of
 * auth_request, to which nginx gives an empty body of its own. The backend waits for the bytes until proxy_read_timeout:
 * 504, which auth_request turns into 500. Content-Length "" stops it; proxy_set_body gives a length of its own.
 * A slow backend writes the same line: without the method of a request with a body this is never more than possible.
 */
export const contentLengthWithoutBody: FailureMode = {
  id: 'content-length-without-body',
  title: 'Content-Length announces a body that nginx does not send',
  what: "nginx passes the client's Content-Length on, but not the body: the backend waits for bytes that never come.",
  why: 'nginx waits for the answer until proxy_read_timeout (60 s) and sends 504; where auth_request asked, the client gets 500. Requests without a body work, so it looks like a slow POST.',
  do: 'Set proxy_pass_request_body off together with proxy_set_header Content-Length "" in that location (the one that auth_request calls).',
  status: '504',
  versions: null,
  hits: 'requests with a body: POST, PUT and PATCH',
  signatures: [{ message: 'upstream-timed-out', when: waitsForHeader }],
  weigh(failure) {
    const { entry, model } = failure;
    if (!waitsForHeader(entry)) return null;
    const method = entry.request?.method ?? null;
    const target = bestPlace(failure)?.proxied;
    if (!model || !target)
      return withoutBody(method).length > 0 ? null : { certainty: 'possible', because: [], against: [] };
    if (target.handler !== 'proxy') return null;
    const reason = bodyDropped(failure, model, target);
    if (reason === null) return null;
    const header = requestHeaders(model, target.block).get('content-length');
    if (header?.arg(1) === '')
      return {
        certainty: 'possible',
        because: [],
        against: [`${header.text} announces no body`],
        refuted: true,
      };
    if (header) return null;
    if (effective(model, 'proxy_set_body', target.block).nodes.length > 0) return null;
    const because = [reason, 'no line of proxy_set_header takes Content-Length away'];
    const against = withoutBody(method);
    if (method !== null && against.length === 0) because.push(`a ${method} has a body`);
    return { certainty: against.length === 0 && method !== null ? 'likely' : 'possible', because, against };
  },
  fix(failure) {
    const { model } = failure;
    const target = bestPlace(failure)?.proxied;
    if (!model || target?.handler !== 'proxy' || bodyDropped(failure, model, target) === null) return [];
    if (requestHeaders(model, target.block).has('content-length')) return [];
    const editor = new Editor(model, 'review');
    if (effectiveValue(model, 'proxy_pass_request_body', target.block, 'on') !== 'off')
      editor.insertForPass(target.pass, ['proxy_pass_request_body off;']);
    new HeaderEdits(model, editor).send(target, false, [['Content-Length', '""']]);
    const fix = editor.fix('announce no body: Content-Length ""');
    return fix ? [fix] : [];
  },
  remedy: {
    cure: (failure) => {
      const where = bestPlace(failure)?.location?.text ?? 'the location that sends no body';
      return `set proxy_set_header Content-Length "" in ${where}, together with proxy_pass_request_body off`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => {
    const port = failure.peer?.port;
    if (port == null) return [];
    return [
      {
        run: `tcpdump -i any -A -s 0 -c 20 'tcp port ${port}'`,
        where: onBackend(failure),
        expect:
          'a request with "Content-Length: N" and nothing behind its empty line: the body that it announces does not come.',
      },
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_auth_request_module.html',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass_request_body',
  ],
};

function waitsForHeader({ action }: LogEntry): boolean {
  return action === null || action.startsWith('reading response header');
}

/** Why the request can hardly have had a body. */
function withoutBody(method: string | null): string[] {
  return method !== null && /^(?:GET|HEAD|OPTIONS|DELETE)$/.test(method)
    ? [`a ${method} mostly has no body`]
    : [];
}

/** Which line keeps the body from the backend; null when none does. */
function bodyDropped(failure: Case, model: ConfigModel, target: Proxied): string | null {
  const line = effective(model, 'proxy_pass_request_body', target.block).nodes[0];
  if (line?.arg(0) === 'off') return `${line.text} holds for ${target.block.text}`;
  const { subrequest } = failure.entry;
  if (subrequest === null) return null;
  const path = uriPath(subrequest);
  const asks = model.nodes.find(
    (node) => node.name === 'auth_request' && uriPath(node.arg(0) ?? '') === path,
  );
  return asks ? `${asks.text} asks without the body of the request` : null;
}
