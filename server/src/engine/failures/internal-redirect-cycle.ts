import { effective } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { listenPoints } from '../config/server-choice.ts';
import { type UriCycle, uriCycleOf, uriCycles } from '../config/uri-cycles.ts';
import type { Fix } from '../contract.ts';
import type { Case } from '../diagnosis/case.ts';
import { Editor } from '../diagnosis/editing.ts';
import { repeatThroughNginx } from '../diagnosis/request-pair.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * nginx lets a request change its URI ten times, by rewrite, try_files, error_page, index or X-Accel-Redirect, and
 * then answers 500. In the configuration it is seen only where a request comes round whatever files there are.
 * Deliberately leaves alone: a fallback file that may exist, conditions on headers, and what Lua ends.
 */
export const internalRedirectCycle: FailureMode = {
  id: 'internal-redirect-cycle',
  title: 'The request is redirected inside nginx in a circle',
  what: 'A rewrite, try_files, error_page or X-Accel-Redirect leads a request to a location that sends it on to the same place again.',
  why: 'nginx gives up after ten changes of the URI and answers 500, not 502: no backend answers the request. It logs "rewrite or internal redirection cycle".',
  do: 'End the circle: break instead of last in the rewrite, a last argument of try_files that exists (or =404), an error_page and an X-Accel-Redirect that lead to another location.',
  status: '500',
  versions: null,
  hits: 'every request that comes into the circle',
  signatures: [{ message: 'redirect-cycle' }],
  detect: (model) => uriCycles(model).map((cycle) => detection(model, cycle)),
  weigh(failure) {
    const because = ['nginx itself counted more than ten changes of the URI'];
    const cycle = loggedCycle(failure);
    if (cycle) because.push(messageOf(cycle));
    else if (failure.entry.upstream)
      because.push('a backend was asked before: its X-Accel-Redirect, or error_page, leads into the circle');
    return { certainty: 'certain', because, against: [] };
  },
  fix(failure) {
    const cycle = loggedCycle(failure);
    return failure.model && cycle ? fixes(failure.model, cycle.node) : [];
  },
  remedy: {
    cure(failure) {
      const cycle = loggedCycle(failure);
      return cycle
        ? `end the circle at ${cycle.node.text}: ${advice(cycle.node)}`
        : 'end the circle: break instead of last in the rewrite, a last argument of try_files that exists (or =404), an error_page and an X-Accel-Redirect that lead to another location';
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) =>
    repeatThroughNginx(failure).map((command) => ({
      ...command,
      expect: '500 again, and the same line in the error log: the circle is in this configuration.',
    })),
  references: [
    'https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#rewrite',
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files',
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#internal',
  ],
};

function messageOf({ node, path }: UriCycle): string {
  return `${node.text} leads a request for ${path} round in a circle: nginx answers 500`;
}

function advice(node: ConfigNode): string {
  if (node.name === 'rewrite') return 'write break, or a URI that leads to another location';
  if (node.name === 'try_files') return 'let it end with =404, or with a URI of another location';
  return 'let it lead to a location that answers';
}

function detection(model: ConfigModel, cycle: UriCycle): Detection {
  const { node, nodes } = cycle;
  return {
    node,
    severity: 'warning',
    certainty: 'certain',
    message: messageOf(cycle),
    related: nodes
      .filter((other) => other !== node)
      .map((other) => ({ ...other.site, message: 'is a part of the circle' })),
    fixes: fixes(model, node),
  };
}

function fixes(model: ConfigModel, node: ConfigNode): Fix[] {
  const word = node.directive.args.at(-1);
  if (!word) return [];
  const editor = new Editor(model, 'review');
  let fix: Fix | null = null;
  if (node.name === 'rewrite') {
    const flagged = node.arg(2) === 'last';
    fix = editor
      .replaceWord(node, word, flagged ? 'break' : `${word.raw} break`)
      .fix(flagged ? 'write break instead of last' : 'end the rewrite with break');
  } else if (node.name === 'try_files' && !/^@|\?/.test(node.args.at(-1)!)) {
    // What was the fallback becomes one more file to look for.
    fix = editor.replaceWord(node, word, `${word.raw} =404`).fix('end try_files with =404');
  } else if (node.name === 'error_page' && node.parent) {
    const recursive = effective(model, 'recursive_error_pages', node.parent).nodes[0];
    const on = recursive?.directive.args[0];
    if (on) fix = editor.replaceWord(recursive, on, 'off').fix('set recursive_error_pages off');
  }
  return fix ? [fix] : [];
}

/** The circle of the logged request, followed through the configuration. */
function loggedCycle({ model, entry }: Case): UriCycle | null {
  if (!model || !entry.request) return null;
  const port = /:(\d+)$/.exec(entry.host ?? '')?.[1];
  const listens = port ? [`*:${port}`] : [null, ...new Set(listenPoints(model).map(addressOf))];
  for (const listen of listens) {
    const cycle = uriCycleOf(model, {
      listen,
      host: entry.host ?? (entry.server || 'localhost'),
      target: entry.request.uri,
      method: entry.request.method,
      http: '1.1',
      headers: null,
      client: null,
      body: null,
    });
    if (cycle) return cycle;
  }
  return null;
}

function addressOf({ host, port }: { host: string; port: number | null }): string {
  return port === null ? `unix:${host}` : `${host}:${port}`;
}
