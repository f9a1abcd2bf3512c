import { ownAnswers } from '../config/own-answers.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * return 502, or error_page with =502, makes nginx itself answer as if a backend had failed: no backend is asked, and
 * nothing is written to the error log. Seen in an access log or as an error page only. Deliberately not certain
 * where the URI ends at such a line in one server block and not in another: an access log does not name the block.
 */
export const statusFromConfig: FailureMode = {
  id: 'status-from-config',
  title: 'The configuration itself answers 502',
  what: 'A return or an error_page in the configuration sends this status itself, whatever the backend does.',
  why: 'The client gets the answer of a failed backend, and no log tells why: the error log has no line, for nothing has failed. Maintenance pages and blocks for unwanted clients are often made so and forgotten.',
  do: 'Find the return 502 or the error_page ... =502 that serves this request, and remove it if it is no longer meant.',
  status: '502',
  versions: null,
  hits: 'every request that comes to this line',
  signatures: [],
  weighAnswer({ status, product, request }, model) {
    // The page of another program is not of this configuration.
    if (product !== null && !/nginx|openresty/i.test(product)) return null;
    const { reached, possible, always } = ownAnswers(model, status, request);
    const at = ({ text, file, site }: (typeof possible)[number]): string =>
      `${text} in ${file}:${site.range.start.line}`;
    const [line] = reached;
    if (line && request) {
      const because = [`${request.uri} ends at ${at(line)}`];
      return { certainty: always ? 'certain' : 'likely', because, against: [] };
    }
    const first = possible.find(({ name }) => name === 'error_page') ?? possible[0];
    if (!first) return null;
    const { parent } = first;
    const where = parent?.name === 'if' ? `, in ${parent.text}` : '';
    const because = [`the configuration has ${at(first)}${where}`];
    return { certainty: 'possible', because, against: [] };
  },
  remedy: {
    cure: () => 'remove the return or the error_page that sends the status, if it is no longer meant',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: () => [
    {
      run: "nginx -T 2>/dev/null | grep -nE 'return +5[0-9]{2}|error_page.*=5'",
      where: "on nginx's machine",
      expect:
        'the lines with which nginx answers so itself. Nothing: the answer comes from a failure or from the backend.',
    },
  ],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#return',
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page',
  ],
};
