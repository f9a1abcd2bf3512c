import { type SpokenVersion, spokenVersion } from '../config/connection-reuse.ts';
import { type Proxied, passesTo } from '../config/proxied.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { Editor } from '../diagnosis/editing.ts';
import { HeaderEdits } from '../diagnosis/header-edits.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { endsOfPeer } from '../diagnosis/spoken.ts';
import { isHttp } from '../errorlog/catalogue/shared.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A backend that takes HTTP/1.1 only (Envoy and what is built on it, some small servers) meets the HTTP/1.0 that nginx
 * speaks by default before 1.29.7: it closes without an answer (502), or answers 426 or 505, which nginx passes on
 * without a line. Deliberately no first thought without a hint: nearly every backend takes HTTP/1.0. A location that
 * speaks HTTP/1.1 to the same address is such a hint.
 */
export const http10Refused: FailureMode = {
  id: 'http10-refused',
  title: 'The backend refuses HTTP/1.0',
  what: 'nginx sends its requests in HTTP/1.0, which this backend does not take.',
  why: 'The backend closes the connection without an answer, which is a 502. Or it answers 426 or 505: nginx passes that on, and no line tells of it.',
  do: 'Set proxy_http_version 1.1. Before 1.29.7, nginx speaks 1.0 to backends unless told otherwise.',
  status: '502',
  versions: null,
  hits: 'every request through a location that speaks HTTP/1.0 to this backend',
  signatures: [
    {
      message: 'upstream-prematurely-closed',
      when: ({ action, upstream }) =>
        /reading response header/.test(action ?? '') && isHttp(upstream?.scheme ?? 'http'),
    },
  ],
  weigh(failure) {
    if (!isHttp(failure.peer?.scheme ?? 'http')) return null;
    const spoken = spokenHere(failure);
    if (!spoken) return { certainty: 'possible', because: [], against: [] };
    const { version, node, sure } = spoken;
    if (version !== '1.0') {
      const against = [`nginx speaks HTTP/${version} here${node ? ` (${node.text})` : ' by default'}`];
      return { certainty: 'possible', because: [], against, refuted: true };
    }
    const because: string[] = [];
    if (node) because.push(`${node.text} is in effect here`);
    const other = speaks11(failure);
    if (other) because.push(`${other.block.text} speaks HTTP/1.1 to the same backend, this one HTTP/1.0`);
    const against = sure ? [] : ["nginx's version is unknown: since 1.29.7 it speaks HTTP/1.1 by default"];
    // A line that only says what was the default for years is no evidence.
    return { certainty: other ? 'likely' : 'possible', because, against };
  },
  fix(failure) {
    const target = bestPlace(failure)?.proxied;
    if (!failure.model || target?.handler !== 'proxy' || spokenHere(failure)?.version !== '1.0') return [];
    const editor = new Editor(failure.model, 'review');
    new HeaderEdits(failure.model, editor).send(target, true, []);
    const fix = editor.fix('speak HTTP/1.1 to the backend');
    return fix ? [fix] : [];
  },
  remedy: {
    cure(failure) {
      const place = bestPlace(failure);
      const where = place?.location ? ` in ${place.location.text}` : ' beside proxy_pass';
      return `set proxy_http_version 1.1${where}`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) =>
    repeatToBackend(
      failure,
      '"Empty reply from server", 426 or 505: run it again with --http1.1; an answer then is the proof. An answer already: HTTP/1.0 is not the cause.',
      { http: '1.0' },
    ),
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version'],
};

/** What proxy_pass speaks where the request went; null without a place. */
function spokenHere(failure: Case): SpokenVersion | null {
  const target = bestPlace(failure)?.proxied;
  if (!failure.model || target?.handler !== 'proxy') return null;
  return spokenVersion(failure.model, target.block);
}

/** Another location that speaks HTTP/1.1 to the same address. */
function speaks11(failure: Case): Proxied | null {
  const { model } = failure;
  const here = bestPlace(failure)?.proxied;
  if (!model || !here) return null;
  return (
    endsOfPeer(failure)
      .flatMap((end) => passesTo(model, end))
      .find(
        (other) =>
          other.handler === 'proxy' &&
          other.pass !== here.pass &&
          spokenVersion(model, other.block).version === '1.1',
      ) ?? null
  );
}
