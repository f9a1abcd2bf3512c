import { holdsSince } from '../config/version.ts';
import { peerAddress } from '../diagnosis/case.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import { spread } from '../diagnosis/same-peer.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * Two statements of the length of one answer, or one that nginx does not know: Content-Length with Transfer-Encoding,
 * either of them twice, a Content-Length that is no number, an encoding other than "chunked". Two readers of one
 * connection could part the stream in two ways (response splitting), so nginx refuses them since 1.23.0; before, it
 * passed all of them on. Deliberately not a length that is merely wrong: that cuts the body (response-cut).
 */
export const ambiguousResponseLength: FailureMode = {
  id: 'ambiguous-response-length',
  title: 'The answer states its length twice, or in a way nginx refuses',
  what: 'The response header holds Content-Length and Transfer-Encoding together, one of them twice, or a value that nginx does not know.',
  why: 'Where an answer ends must not depend on who reads it. Since 1.23.0 nginx answers 502 to such a response, which older releases passed on: it often shows after an upgrade of nginx.',
  do: 'Let the backend send either one Content-Length or one "Transfer-Encoding: chunked", never both. nginx refuses anything else since 1.23.0, and no directive allows it.',
  status: '502',
  versions: { since: '1.23.0', until: null },
  hits: 'answers of the application or library that sets these headers by itself',
  signatures: [
    { message: 'upstream-duplicate-header' },
    { message: 'upstream-content-length-and-transfer-encoding' },
    { message: 'upstream-invalid-content-length' },
    { message: 'upstream-unknown-transfer-encoding' },
  ],
  weigh(failure) {
    const { matched, model } = failure;
    const said = SAYS[matched.kind.id];
    const because = [said ? said(matched.captures) : 'nginx says so'];
    because.push(...spread(failure));
    const against: string[] = [];
    if (model && holdsSince(model.version, '1.23.0') === 'no')
      against.push(
        `nginx ${model.version.value} (${model.version.from}) passes such an answer on: the line is of a newer one`,
      );
    return { certainty: 'certain', because, against };
  },
  remedy: {
    cure: ({ peer, matched }) => {
      const where = peer ? peerAddress(peer) : 'the backend';
      if (matched.kind.id === 'upstream-unknown-transfer-encoding')
        return `let ${where} name compression in Content-Encoding, and send "Transfer-Encoding: chunked" or a Content-Length`;
      return `take the header out that the application at ${where} sets by itself: its server adds Content-Length or "Transfer-Encoding: chunked", and one of them is right`;
    },
    mitigate: null,
    takesEffect: 'on the backend; nginx needs nothing',
  },
  checks: (failure) =>
    repeatToBackend(
      failure,
      'the header as the backend sends it, in the lines that begin with "<": look for Content-Length and Transfer-Encoding. curl may refuse it as well.',
    ),
  references: ['https://nginx.org/en/CHANGES'],
};

const SAYS: Readonly<Record<string, (captures: Readonly<Record<string, string>>) => string>> = {
  'upstream-duplicate-header': ({ line = '', previous = '' }) => `it sent "${previous}" and then "${line}"`,
  'upstream-content-length-and-transfer-encoding': () =>
    'it sent Content-Length and Transfer-Encoding in one answer',
  'upstream-invalid-content-length': ({ line = '' }) => `it sent "${line}", which is no length`,
  'upstream-unknown-transfer-encoding': ({ encoding = '' }) =>
    `it sent Transfer-Encoding "${encoding}"; nginx knows "chunked" alone`,
};
