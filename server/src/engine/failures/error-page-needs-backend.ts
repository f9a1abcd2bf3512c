import type { ConfigNode } from '../config/model.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { repeatThroughNginx } from '../diagnosis/request-pair.ts';
import { sameRequest } from '../diagnosis/same-request.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { uriPath } from '../errorlog/uri-path.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * error_page sends the failed request to a URI, nginx looks for its location as for any other, and that one has a
 * *_pass to the backend that has just failed. The log has two lines of one connection with the same request: and
 * different upstream URIs; the client gets nginx's built-in page. Deliberately never the first cause: why the backend
 * fails goes before it, and the page is lost only because of that.
 */
export const errorPageNeedsBackend: FailureMode = {
  id: 'error-page-needs-backend',
  title: 'The error page itself comes from the failing backend',
  what: 'error_page leads to a URI whose location passes to the same backend that has just failed.',
  why: 'nginx asks the failing backend for the page, fails again, and sends its own bare page instead; each failed request costs the backend two attempts, and a time-out is waited for twice.',
  do: 'Serve it from a file: error_page 502 504 /50x.html, and a location = /50x.html with root and without *_pass.',
  status: null,
  versions: null,
  hits: 'every request that fails at the backend',
  signatures: [
    { message: 'connect-failed', when: isOfRequest },
    { message: 'upstream-timed-out', when: isOfRequest },
    { message: 'upstream-prematurely-closed', when: isOfRequest },
    { message: 'recv-failed', when: isOfRequest },
    { message: 'no-live-upstreams', when: isOfRequest },
  ],
  weigh(failure) {
    const page = pageOf(failure);
    if (page === null) return null;
    const line = errorPage(failure, page);
    if (failure.model && !line) return null;
    const because = [
      line
        ? `${line.text} sent the request to ${page}, and that went to a backend again`
        : `the client asked for ${failure.entry.request?.uri}, and the backend was asked for ${page} too`,
    ];
    return { certainty: line ? 'likely' : 'possible', because, against: [], general: true };
  },
  remedy: {
    cure(failure) {
      const page = pageOf(failure) ?? '/50x.html';
      return `serve ${page} without the backend: a location = ${page} with root and without *_pass; and repair the backend`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) =>
    repeatThroughNginx(failure).map((command) => ({
      ...command,
      expect: `the page of ${pageOf(failure) ?? 'error_page'}: it does not need the backend. nginx's bare page: it does.`,
    })),
  references: ['https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page'],
};

function isOfRequest({ request, upstream }: LogEntry): boolean {
  return request !== null && upstream !== null;
}

/** The URI that a backend was asked for in place of the request's own, in this line or another of its request. */
function pageOf({ entry, neighbours, model }: Case): string | null {
  for (const line of [entry, ...neighbours]) {
    const same = line === entry || sameRequest(line, entry);
    const asked = same ? uriPath(line.upstream?.uri ?? '') : '';
    if (asked === '' || asked === uriPath(entry.request?.uri ?? '')) continue;
    // What *_pass makes of a path differs too: without the files only a name tells.
    if (model !== null || /^\/(?:[\w-]+\/)*(?:50x|5\d\d|errors?|sorry|maintenance)\.html?$/.test(asked))
      return asked;
  }
  return null;
}

/** The error_page line of the request's server, or around it, that names the page. */
function errorPage(failure: Case, page: string): ConfigNode | null {
  const { model } = failure;
  const server = bestPlace(failure)?.server ?? null;
  if (!model) return null;
  return (
    model.nodes.find((node) => {
      if (node.name !== 'error_page' || uriPath(node.args.at(-1) ?? '') !== page) return false;
      const outer = [...node.ancestors()].find(({ name }) => name === 'server') ?? null;
      return outer === null || server === null || outer === server;
    }) ?? null
  );
}
