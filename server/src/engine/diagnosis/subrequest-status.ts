import type { StatusVerdict } from '../contract.ts';
import type { Case } from './case.ts';
import { sameRequest } from './same-request.ts';

/**
 * What a failed subrequest means to the client, where the configuration or the next line tells who asked for it:
 * auth_request answers 500 (ngx_http_auth_request_handler), mirror ignores the answer (ngx_http_mirror_module.c). Null
 * for a main request, and where neither tells.
 */
export function subrequestStatus({ entry, model, neighbours }: Case): StatusVerdict | null {
  const { subrequest } = entry;
  if (subrequest === null || entry.stream) return null;
  const asks = (name: string): boolean =>
    model?.named(name).some((node) => node.arg(0) === subrequest) ?? false;
  const told = neighbours.some(
    (other) => other.message.startsWith('auth request unexpected status') && sameRequest(entry, other),
  );
  const [auth, mirror] = [told || asks('auth_request'), !told && asks('mirror')];
  if (auth === mirror) return null;
  return auth
    ? {
        code: '500',
        outcome: 'response',
        certainty: 'likely',
        note: `500: auth_request asked for ${subrequest}, and takes any failure of it but 401 and 403 for an error.`,
      }
    : {
        code: null,
        outcome: null,
        certainty: 'likely',
        note: `None: mirror asked for ${subrequest}, and what comes of that is ignored.`,
      };
}
